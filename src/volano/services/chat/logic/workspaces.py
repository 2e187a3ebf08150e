"""Making a workspace: team, #general, the copilot, the first app and everyone who is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from volano.kernel.identity import PrincipalKind
from volano.kernel.store import OwnStore
from volano.services.chat.logic.users import get_me, make_chat_user
from volano.services.chat.model import (
    CHAT_POLICY,
    COPILOT_NAME,
    App,
    Channel,
    ChannelKind,
    ChatUser,
    Member,
    Workspace,
)
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import users as user_rows
from volano.services.chat.store import workspaces as rows
from volano.services.identity import interface as identity
from volano.services.studio.interface import SERVICE_BUCKETS

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.events import EventFeed
    from volano.kernel.store import Store, Tx, Watch

FIRST_APP = "volano"
WORKSPACE_NAME = "Volano"
GENERAL_PURPOSE = "Announcements and everything that concerns everyone."
MAX_ENTERED = 20_000
"""Callers whose workspace and chat user a process remembers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A workspace; `app` is set when it was made by this very call."""

    workspace: Workspace
    app: App | None = None


async def get_workspace(env: Env, account: str) -> Workspace:
    """The account's workspace; it is made when the account has none yet."""
    found = await rows.find_workspace(env.store.reader, account)
    return found if found is not None else (await ensure_workspace(env, account)).workspace


async def ensure_workspace(env: Env, account: str) -> Made:
    """Make what an account's workplace needs; repeating is harmless."""

    async def write(tx: Tx) -> Made:
        found = await rows.find_workspace(tx, account)
        return Made(workspace=found) if found is not None else await _make(tx, env, account)

    return await env.store.transact(write)


async def _make(tx: Tx, env: Env, account: str) -> Made:
    now_us = env.clock.now_us()
    people = [
        make_chat_user(env, principal, is_admin=index == 0)
        for index, principal in enumerate(await _people(tx, account))
    ]
    copilot = await add_bot(tx, env, account, COPILOT_NAME, "Copilot")
    bot = await add_bot(tx, env, account, FIRST_APP, "Volano")
    general = Channel(
        id=env.ids.slack("C"),
        account=account,
        kind=ChannelKind.PUBLIC,
        name="general",
        name_key="general",
        creator=people[0].id if people else copilot.id,
        purpose=GENERAL_PURPOSE,
        created_us=now_us,
        updated_us=now_us,
    )
    await channel_rows.insert_channel(tx, general)
    for user in (*people, copilot, bot):
        await user_rows.upsert_user(tx, user)
        member = Member(channel_id=general.id, user_id=user.id, joined_us=now_us)
        await channel_rows.insert_member(tx, member)
    app = App(
        id=bot.app_id,
        account=account,
        name=FIRST_APP,
        principal_id=bot.principal_id,
        user_id=bot.id,
        created_us=now_us,
    )
    await user_rows.insert_app(tx, app)
    workspace = Workspace(
        account=account,
        team_id=env.ids.slack("T"),
        name=WORKSPACE_NAME,
        general_id=general.id,
        copilot_id=copilot.id,
        copilot_principal=copilot.principal_id,
        bucket=f"{SERVICE_BUCKETS}chat-{account}-{env.ids.hex(8)}",
        created_us=now_us,
    )
    await rows.insert_workspace(tx, workspace)
    return Made(workspace=workspace, app=app)


async def _people(tx: Tx, account: str) -> list[identity.User]:
    """Who exists already, the oldest first: the first is the administrator."""
    principals = await identity.list_principals(tx, account)
    people = [item for item in principals if item.kind is PrincipalKind.USER]
    return sorted(people, key=lambda item: item.created_us)


async def add_bot(tx: Tx, env: Env, account: str, name: str, real_name: str) -> ChatUser:
    """A service account of that name, or of one beside it when somebody has it already."""
    taken = {item.name.lower() for item in await identity.list_principals(tx, account)}
    free = name
    while free in taken:
        free = f"{name}-{env.ids.hex(4)}"
    principal = await identity.create_service_account(
        tx, env, account, free, display_name=real_name, policy_arns=[CHAT_POLICY]
    )
    return make_chat_user(env, principal, app_id=env.ids.slack("A"), name=name)


async def bootstrap(env: Env, account: str) -> dict[str, str]:
    """The first workspace's tokens by `user`, `bot` and `app`, shown only when it is made now."""
    made = await ensure_workspace(env, account)
    app = made.app
    if app is None:
        return {}

    async def write(tx: Tx) -> dict[str, str]:
        tokens: dict[str, str] = {}
        people = await _people(tx, account)
        if people:
            tokens["user"] = await _token(tx, env, people[0].id, identity.TokenKind.SLACK_USER)
        kinds = identity.TokenKind
        tokens["bot"] = await _token(tx, env, app.principal_id, kinds.SLACK_BOT)
        tokens["app"] = await _token(tx, env, app.principal_id, kinds.SLACK_APP, app=app.id)
        return tokens

    return await env.store.transact(write)


async def _token(
    tx: Tx, env: Env, principal_id: str, kind: identity.TokenKind, *, app: str = ""
) -> str:
    scopes = ("connections:write",) if kind is identity.TokenKind.SLACK_APP else None
    _, plain = await identity.create_slack_token(
        tx, env, principal_id, kind=kind, name="First token", scopes=scopes, app=app
    )
    return plain


async def set_copilot(env: Env, call: Call, *, enabled: bool) -> Workspace:
    """Switch the copilot on or off for the whole workspace, at once."""
    await get_workspace(env, call.account)

    async def write(tx: Tx) -> Workspace:
        await rows.update_copilot_enabled(tx, call.account, enabled=enabled)
        found = await rows.find_workspace(tx, call.account)
        assert found is not None
        return found

    return await env.store.transact(write)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where a call takes place and who makes it."""

    workspace: Workspace
    me: ChatUser

    @property
    def is_copilot(self) -> bool:
        return self.me.id == self.workspace.copilot_id


async def enter(env: Env, call: Call) -> Here:
    """The caller's workspace and chat user, both made when they are missing."""
    entered = _ENTERED.get(env.events)
    if entered is None:
        entered = _ENTERED[env.events] = _Entered(env.store)
    return entered.find(env, call) or await entered.look_up(env, call)


class _Entered:
    """Who entered where, believed until a commit may have changed it.

    Where other processes commit too, every call asks the rows.
    """

    def __init__(self, store: Store) -> None:
        self._watch: Watch | None = None
        if isinstance(store, OwnStore) and store.exclusive:
            self._watch = store.watch("chat_(?:workspace|user)")
        self._changes = 0
        self._known: dict[tuple[str, str], Here] = {}

    def find(self, env: Env, call: Call) -> Here | None:
        """None for one who is not known to be here now."""
        if self._watch is None or self._watch.changes != self._changes:
            self._known.clear()
            return None
        here = self._known.get((call.account, call.principal.id))
        if here is None or 0 < here.me.guest_until_us <= env.clock.now_us():
            return None
        return here

    async def look_up(self, env: Env, call: Call) -> Here:
        changes = 0 if self._watch is None else self._watch.changes
        workspace = await get_workspace(env, call.account)
        here = Here(workspace=workspace, me=await get_me(env, call))
        self._keep(here, call, changes)
        return here

    def _keep(self, here: Here, call: Call, changes: int) -> None:
        if self._watch is None or self._watch.changes != changes:
            return
        if changes != self._changes or len(self._known) >= MAX_ENTERED:
            self._known.clear()
        self._changes = changes
        self._known[call.account, call.principal.id] = here


_ENTERED: WeakKeyDictionary[EventFeed, _Entered] = WeakKeyDictionary()
"""By the process's feed."""
