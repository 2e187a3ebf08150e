"""A small company in an empty cloud: people by name, each with a call of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from volano.kernel.call import Call
from volano.kernel.ids import RequestId
from volano.services.chat.logic import channels, files, guests, members, messages, users
from volano.services.chat.logic import workspaces as workspace_logic
from volano.services.chat.logic.messages import Draft
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import Guest
from volano.services.identity import interface as identity
from volano.services.identity.logic.users import add_user, make_user
from volano.services.identity.store import policies as policy_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import ChatUser, Message, Workspace

CHAT = "arn:aws:iam::aws:policy/VolanoChatMember"


def call_of(env: Env, principal) -> Call:
    return Call(
        principal=principal,
        account=principal.account,
        region=env.region.name,
        request_id=RequestId("test"),
        deadline_s=env.clock.monotonic_s() + 60,
        door="slack",
    )


@dataclass
class Company:
    """An account with its workspace; `calls` and `users` by name."""

    env: Env
    account: str
    workspace: Workspace
    calls: dict[str, Call] = field(default_factory=dict)
    users: dict[str, ChatUser] = field(default_factory=dict)

    async def hire(self, name: str, *policies: str) -> ChatUser:
        """A person with the workplace's policy (and more)."""

        async def write(tx: Tx):
            user = make_user(self.env, self.account, name, display_name=name.capitalize())
            await add_user(tx, user)
            for arn in (CHAT, *policies):
                await policy_rows.insert_attachment(
                    tx, user.id, arn, account=self.account, created_us=0
                )
            return user

        made = await self.env.store.transact(write)
        return await self._take_in(name, made)

    async def build_bot(self, name: str) -> ChatUser:
        async def write(tx: Tx):
            return await identity.create_service_account(
                tx, self.env, self.account, name, policy_arns=[CHAT]
            )

        return await self._take_in(name, await self.env.store.transact(write))

    async def _take_in(self, name: str, made) -> ChatUser:
        self.calls[name] = call_of(self.env, made.principal())
        await users.mirror_principal(self.env, self.account, made.id)
        self.users[name] = (await enter(self.env, self.calls[name])).me
        return self.users[name]

    async def invite(
        self, name: str, *rooms: str, guest: Guest = Guest.MULTI, until_us: int = 0
    ) -> ChatUser:
        """A guest of these channels, with a call of their own."""
        wanted = guests.Invitation(
            email=f"{name}@outside.example",
            real_name=name.capitalize(),
            guest=guest,
            channels=rooms,
            until_us=until_us,
        )
        invited = await guests.invite(self.env, self.calls["admin"], wanted)
        principal = await identity.find_principal(self.env.store.reader, invited.user.principal_id)
        assert principal is not None
        self.calls[name] = call_of(self.env, principal)
        self.users[name] = invited.user
        return invited.user

    async def channel(
        self, name: str, owner: str, *others: str, private: bool = False, copilot: bool = True
    ) -> str:
        """A channel; the copilot is invited to a private one, so that it can answer there."""
        seen = await channels.create_channel(self.env, self.calls[owner], name, is_private=private)
        ids = [self.users[other].id for other in others]
        ids += [self.workspace.copilot_id] if private and copilot else []
        if ids:
            await members.invite_users(self.env, self.calls[owner], seen.channel.id, ids)
        return seen.channel.id

    async def say(self, who: str, channel: str, text: str, **more) -> Message:
        draft = Draft(channel=channel, text=text, **more)
        return (await messages.post_message(self.env, self.calls[who], draft)).message

    async def share(self, who: str, channel: str, name: str, content: bytes) -> str:
        """Upload a file and share it in a channel; its id."""
        env, call = self.env, self.calls[who]
        file, ticket = await files.get_upload_ticket(env, call, name, len(content))

        async def once():
            yield content

        await files.store_upload(env, ticket, once())
        wanted = files.Completion(files=[(file.id, name)], channels=[channel])
        await files.complete_upload(env, call, wanted)
        return file.id

    @property
    def copilot(self) -> str:
        return self.workspace.copilot_id

    @property
    def mention(self) -> str:
        return f"<@{self.workspace.copilot_id}>"


async def found_company(env: Env) -> Company:
    """The first account, its administrator as `admin`."""
    first = await identity.bootstrap(env)
    made = await workspace_logic.ensure_workspace(env, first.account)
    company = Company(env=env, account=first.account, workspace=made.workspace)
    admin = await identity.find_principal(env.store.reader, first.user_id)
    assert admin is not None
    company.calls["admin"] = call_of(env, admin)
    company.users["admin"] = (await enter(env, company.calls["admin"])).me
    return company


@pytest.fixture
async def company(env) -> Company:
    return await found_company(env)


@pytest.fixture
async def live_company(live_env) -> Company:
    return await found_company(live_env)
