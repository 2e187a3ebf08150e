"""Administrators of the workplace, who comes and goes, and ending people's sessions.

An administrator has the policy VolanoChatAdministrator instead of VolanoChatMember.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.services.chat.logic import guests, scim
from volano.services.chat.logic.errors import UserNotFound, denied, refused
from volano.services.chat.logic.users import get_user
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import ADMINISTRATOR_POLICY, CHAT_POLICY, ChatUser, Guest
from volano.services.chat.store import users as rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_RESETS = 1000
"""People whose sessions one call ends."""
PEOPLE_AT_ONCE = 100
"""People whose sessions one page of `list_sessions` looks at."""


async def set_administrator(env: Env, call: Call, user_id: str) -> None:
    """Make a member an administrator. Raises user_not_found and user_is_restricted."""
    await _set(env, call, user_id, is_admin=True)


async def set_regular(env: Env, call: Call, user_id: str) -> None:
    """A guest or administrator becomes a member. Raises user_not_found, cant_demote_self."""
    user = await scim.get_person(env, call, user_id)
    if not user.is_admin:
        await guests.set_guest(env, call, user_id, guest=Guest.NO)
        return
    await _set(env, call, user_id, is_admin=False)


async def _set(env: Env, call: Call, user_id: str, *, is_admin: bool) -> None:
    here = await enter(env, call)
    await scim.person_known_to(env, here, user_id)
    if user_id == here.me.id and not is_admin:
        raise refused("cant_demote_self", "Another administrator does this.")
    policies = (CHAT_POLICY, ADMINISTRATOR_POLICY)
    old_arn, new_arn = policies if is_admin else policies[::-1]

    async def write(tx: Tx) -> None:
        user = await get_user(tx, call.account, user_id)
        if user.is_guest:
            raise denied("user_is_restricted", "Make the guest a member first.")
        try:
            principal = await identity.get_person(tx, user.principal_id)
        except NotFound as error:
            raise UserNotFound(f"{user.name} cannot sign in here.") from error
        changed = replace(user, is_admin=is_admin, updated_us=env.clock.now_us())
        await rows.upsert_user(tx, changed)
        await identity.exchange_policy(tx, env, principal, old_arn=old_arn, new_arn=new_arn)

    await env.store.transact(write)
    identity.forget_caches(env)


async def remove_user(env: Env, call: Call, user_id: str) -> None:
    """Switch somebody off: keys, tokens and sessions stop at once, what they wrote stays.

    Raises user_not_found, and restricted_action for administrators.
    """
    person = await scim.get_person(env, call, user_id)
    if person.is_admin:
        raise denied("restricted_action", "Make the administrator a member first.")
    await scim.change_person(env, call, user_id, {"active": False})


async def assign_user(
    env: Env, call: Call, user_id: str, *, guest: Guest, channels: Sequence[str]
) -> None:
    """Switch somebody on again, as a member or as a guest of these channels."""
    await scim.change_person(env, call, user_id, {"active": True})
    if guest is not Guest.NO:
        await guests.set_guest(env, call, user_id, guest=guest, channels=channels)


async def reset_sessions(env: Env, call: Call, users: Sequence[str]) -> None:
    """Sign people out everywhere; their keys and tokens go on."""
    if not 1 <= len(users) <= MAX_RESETS:
        raise refused("invalid_arguments", f"user_ids names 1 to {MAX_RESETS} people.")
    here = await enter(env, call)
    people = [await scim.person_known_to(env, here, user) for user in dict.fromkeys(users)]
    for person in people:
        await identity.end_sessions(env, person.principal_id)


async def end_session(env: Env, call: Call, user_id: str, session_id: str) -> None:
    """Raises user_not_found and session_not_found."""
    person = await scim.get_person(env, call, user_id)
    if not await identity.end_session(env, person.principal_id, session_id):
        raise refused("session_not_found", f"There is no session {session_id[:80]}.")


async def list_sessions(
    env: Env, call: Call, user_id: str, *, after: str
) -> tuple[list[tuple[ChatUser, identity.Session]], str]:
    """Open sessions of one person or of a page of people, and after whom the next page begins."""
    if user_id:
        people, following = [await scim.get_person(env, call, user_id)], ""
    else:
        await enter(env, call)
        found = await rows.select_users(
            env.store.reader, call.account, after=after, limit=PEOPLE_AT_ONCE + 1
        )
        people = found[:PEOPLE_AT_ONCE]
        following = people[-1].id if len(found) > PEOPLE_AT_ONCE else ""
    sessions = [
        (person, session)
        for person in people
        if not person.is_bot
        for session in await identity.list_sessions(env, person.principal_id)
    ]
    return sessions, following
