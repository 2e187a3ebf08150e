"""Chat users: mirrors of principals, kept by events and made on first use."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.kernel.identity import PrincipalKind
from volano.services.chat.logic.access import only_known
from volano.services.chat.logic.errors import UserNotFound, WrongTokenType, denied
from volano.services.chat.logic.payloads import user_json
from volano.services.chat.model import ChatUser, Member
from volano.services.chat.model.apps import WorkspaceTold
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import users as rows
from volano.services.chat.store import workspaces as workspace_rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

_KINDS = (PrincipalKind.USER, PrincipalKind.SERVICE_ACCOUNT, PrincipalKind.ROOT)


def make_chat_user(
    env: Env, principal: identity.User, *, app_id: str = "", is_admin: bool = False, name: str = ""
) -> ChatUser:
    """A new mirror of `principal`; a service account becomes a bot."""
    is_bot = principal.kind is PrincipalKind.SERVICE_ACCOUNT
    is_root = principal.kind is PrincipalKind.ROOT
    shown = name or ("owner" if is_root else principal.name.lower())
    return ChatUser(
        id=env.ids.slack("U"),
        account=principal.account,
        principal_id=principal.id,
        name=shown,
        real_name=principal.display_name or shown,
        email=principal.email,
        bot_id=env.ids.slack("B") if is_bot else "",
        app_id=(app_id or env.ids.slack("A")) if is_bot else "",
        is_admin=is_admin or is_root,
        deleted=principal.disabled,
        updated_us=env.clock.now_us(),
    )


async def get_me(env: Env, call: Call) -> ChatUser:
    """The caller's chat user, made now when the principal was never here.

    Raises WrongTokenType for those who cannot chat (role sessions, the anonymous).
    """
    who = call.principal
    if who.kind not in _KINDS:
        raise WrongTokenType("Only users and service accounts take part in the workplace.")
    found = await rows.find_user_of_principal(env.store.reader, call.account, who.id)
    if found is not None and 0 < found.guest_until_us <= env.clock.now_us():
        raise denied("account_inactive", "Your time as a guest is over; ask to be invited again.")
    if found is not None and not found.deleted:
        return found
    return await mirror_principal(env, call.account, who.id)


async def mirror_principal(env: Env, account: str, principal_id: str) -> ChatUser:
    """Bring the chat user of a principal up to date; a new person joins #general.

    Raises UserNotFound when the principal is gone. The workspace must exist.
    """

    async def write(tx: Tx) -> ChatUser:
        try:
            principal = await identity.get_person(tx, principal_id)
        except NotFound as error:
            raise UserNotFound(f"There is no principal {principal_id[:80]}.") from error
        known = await rows.find_user_of_principal(tx, account, principal_id)
        if known is not None:
            changed = _updated(env, known, principal)
            await rows.upsert_user(tx, changed)
            return changed
        user = make_chat_user(env, principal)
        await rows.upsert_user(tx, user)
        workspace = await workspace_rows.find_workspace(tx, account)
        if workspace is not None and not user.is_bot:
            member = Member(
                channel_id=workspace.general_id, user_id=user.id, joined_us=env.clock.now_us()
            )
            await channel_rows.insert_member(tx, member)
            told = {"type": "team_join", "user": user_json(workspace, user)}
            tx.publish(WorkspaceTold(account=account, what=json.dumps(told)))
        return user

    return await env.store.transact(write)


def _updated(env: Env, known: ChatUser, principal: identity.User) -> ChatUser:
    is_bot = principal.kind is PrincipalKind.SERVICE_ACCOUNT
    name = known.name if is_bot or known.name == "owner" else principal.name.lower()
    return replace(
        known,
        name=name,
        real_name=principal.display_name or name,
        email=principal.email,
        deleted=principal.disabled,
        updated_us=env.clock.now_us(),
    )


async def remove_principal(env: Env, account: str, principal_id: str) -> None:
    """The principal is gone: its user stays as the author of what it wrote, marked deleted."""

    async def write(tx: Tx) -> None:
        known = await rows.find_user_of_principal(tx, account, principal_id)
        if known is not None and not known.deleted:
            gone = replace(known, deleted=True, updated_us=env.clock.now_us())
            await rows.upsert_user(tx, gone)

    await env.store.transact(write)


async def get_user(reader: Reader, account: str, user_id: str) -> ChatUser:
    """Raises UserNotFound."""
    found = await rows.find_user(reader, account, user_id)
    if found is None:
        raise UserNotFound(f"There is no user {user_id[:80]}.")
    return found


async def list_users(
    env: Env, account: str, *, after: str, limit: int
) -> tuple[list[ChatUser], str]:
    """A page by id, and the id after which the next begins ('' at the end)."""
    found = await rows.select_users(env.store.reader, account, after=after, limit=limit + 1)
    page = found[:limit]
    return page, page[-1].id if len(found) > limit else ""


async def get_user_by_email(env: Env, account: str, email: str, *, by: ChatUser) -> ChatUser:
    """Raises UserNotFound with Slack's word `users_not_found`, for whom `by` may not know too."""
    found = await rows.find_user_by_email(env.store.reader, account, email.strip())
    if found is None or not await only_known(env.store.reader, by, [found]):
        raise UserNotFound("Nobody has that e-mail address.", code="users_not_found")
    return found


async def get_bot(env: Env, account: str, bot_id: str) -> ChatUser:
    found = await rows.find_bot(env.store.reader, account, bot_id) if bot_id else None
    if found is None:
        raise UserNotFound(f"There is no bot {bot_id[:80]}.", code="bot_not_found")
    return found
