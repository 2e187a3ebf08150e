"""The people and bots of an archive as users of this workplace.

Who is here already (by e-mail address) is the same person. Others are made: active people as users
of the account who may be given a way to sign in, bots and people who left as authors only, without
any principal. Whatever the archive calls them, nobody becomes an administrator.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import AlreadyExists
from volano.services.chat.logic.imports.reporting import add_to_report
from volano.services.chat.model import CHAT_POLICY, GUEST_POLICY, ChatUser, Guest
from volano.services.chat.model.items import Profile
from volano.services.chat.model.transfers import Person, Report
from volano.services.chat.store import profiles as profile_rows
from volano.services.chat.store import transfers as rows
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx
    from volano.services.chat.logic.imports.reporting import Origin
    from volano.services.chat.model import Json

USER = "user"
BATCH = 50
MAX_NAME_TRIES = 20
_OWN_ID = re.compile(r"[UW][A-Z0-9]{6,14}\Z")
_NAME = re.compile(r"[^a-z0-9._+=,@-]")
_ADDRESS = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]{1,180}\Z")
LEFT = "imported:"
"""Begins the principal id of authors who are no principals."""


async def take_people(env: Env, origin: Origin, people: Sequence[Person]) -> dict[str, str]:
    """Own ids of everybody by the archive's ids; makes who is missing. May be repeated."""
    known = await rows.select_names(env.store.reader, origin.account, origin.source, USER)
    waiting = [person for person in people if person.id not in known]
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]

        async def write(tx: Tx, batch: Sequence[Person] = batch) -> dict[str, str]:
            taken = await _take(tx, env, origin, batch)
            await add_to_report(tx, origin, Report(counts={"people": len(batch)}))
            return taken

        known |= await env.store.transact(write)
    return known


async def _take(tx: Tx, env: Env, origin: Origin, people: Sequence[Person]) -> dict[str, str]:
    found: dict[str, str] = {}
    for person in people:
        own_id = await _match(tx, origin.account, person)
        if own_id is None:
            own_id = await _make(tx, env, origin, person)
        found |= dict.fromkeys((person.id, *person.aliases), own_id)
    await rows.insert_names(tx, origin.account, origin.source, USER, list(found.items()))
    return found


async def _match(reader: Reader, account: str, person: Person) -> str | None:
    """Who is here already under that id, that address or, for our own bots, that name."""
    same = await user_rows.find_user(reader, account, person.id)
    if same is not None:
        return same.id
    known = _address(person.email)
    for address in dict.fromkeys((known, known.lower())):
        if address and not person.bot_id:
            here = await user_rows.find_user_by_email(reader, account, address)
            if here is not None:
                return here.id
    if person.own_bot:
        bot = await user_rows.find_user_by_name(reader, account, person.name)
        return bot.id if bot is not None and bot.is_bot else None
    return None


async def _make(tx: Tx, env: Env, origin: Origin, person: Person) -> str:
    user = ChatUser(
        id=await _free_id(tx, env, person.id),
        account=origin.account,
        principal_id="",
        name=_handle(person.name),
        real_name=person.real_name[:128],
        email=_address(person.email),
        bot_id=env.ids.slack("B") if person.bot_id else "",
        app_id=env.ids.slack("A") if person.bot_id else "",
        deleted=person.deleted,
        guest=Guest(person.guest),
        updated_us=env.clock.now_us(),
    )
    if person.bot_id or person.deleted:
        user = replace(user, principal_id=f"{LEFT}{user.id}")
    else:
        principal = await _add_principal(tx, env, user)
        user = replace(user, principal_id=principal.id, name=principal.name.lower())
    await user_rows.upsert_user(tx, user)
    if person.profile:
        fields: Json = dict(person.profile)
        profile = Profile(
            user_id=user.id, account=user.account, fields=fields, updated_us=user.updated_us
        )
        await profile_rows.upsert_profile(tx, profile)
    return user.id


async def _free_id(tx: Tx, env: Env, wanted: str) -> str:
    """The archive's own id where it is one that nobody has, so that mentions of it stay right."""
    if _OWN_ID.match(wanted) and not await user_rows.is_id_taken(tx, wanted):
        return wanted
    return env.ids.slack("U")


def _address(text: str) -> str:
    """The e-mail address, or '' for what is none: some exports are scrubbed."""
    return text if _ADDRESS.match(text) else ""


def _handle(name: str) -> str:
    return _NAME.sub("-", name.lower()).strip("-")[:50] or "imported"


async def _add_principal(tx: Tx, env: Env, user: ChatUser) -> identity.User:
    """A user of the account under that name, or one beside it when somebody has it."""
    for number in range(1, MAX_NAME_TRIES + 1):
        name = user.name if number == 1 else f"{user.name}-{number}"
        try:
            return await _add(tx, env, user, name)
        except AlreadyExists:
            continue
    return await _add(tx, env, user, f"{user.name}-{env.ids.hex(8)}")


async def _add(tx: Tx, env: Env, user: ChatUser, name: str) -> identity.User:
    return await identity.add_person(
        tx,
        env,
        user.account,
        name,
        display_name=user.real_name,
        email=user.email,
        policy_arns=[GUEST_POLICY if user.is_guest else CHAT_POLICY],
    )


def unknown_person(foreign_id: str, message: Json) -> Person:
    """Who wrote a message and is in no list: somebody of another workspace, or a bot."""
    profile = message.get("user_profile") or message.get("bot_profile")
    known = profile if isinstance(profile, dict) else {}
    is_bot = foreign_id.startswith("B")
    name = str(known.get("name") or message.get("username") or foreign_id)
    return Person(
        id=foreign_id,
        name=name,
        real_name=str(known.get("real_name") or name),
        deleted=not is_bot,
        bot_id=foreign_id if is_bot else "",
    )
