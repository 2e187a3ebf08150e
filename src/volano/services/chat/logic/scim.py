"""SCIM: people and user groups, kept by a directory elsewhere (Okta, Entra ID ...).

A SCIM user is a person of the workplace; making one makes a user of the account with the
workplace's policy, and `active` false switches the user off. Groups are user groups.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.services.chat.logic import groups, guests
from volano.services.chat.logic.access import only_known, require_known
from volano.services.chat.logic.errors import UserNotFound, refused
from volano.services.chat.logic.groups import Wanted
from volano.services.chat.logic.users import get_user, mirror_principal
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import CHAT_POLICY, ChatUser, Guest
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.chat.logic.workspaces import Here
    from volano.services.chat.model import Json
    from volano.services.chat.model.items import UserGroup

MAX_SCANNED = 10_000
_FILTER = re.compile(r"\s*([\w.]+)\s+(eq|co|sw)\s+\"?([^\"]*)\"?\s*\Z", re.IGNORECASE)
USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GUEST_SCHEMA = "urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"


async def list_people(env: Env, call: Call, wanted: str) -> list[ChatUser]:
    """Everybody whom the filter lets through and the asker may know of; bots are no people."""
    here = await enter(env, call)
    _require_filter(wanted)
    found = await user_rows.select_users(
        env.store.reader, call.account, after="", limit=MAX_SCANNED
    )
    known = await only_known(env.store.reader, here.me, found)
    people = [user for user in known if not user.is_bot]
    return [user for user in people if _fits(wanted, user_json(user))]


def _require_filter(wanted: str) -> None:
    """SCIM's simplest filters: one attribute, `eq`, `co` or `sw`. Raises invalid_filter."""
    if wanted and not _FILTER.match(wanted):
        raise refused("invalid_filter", "no_filters (is_aggregate_call=1)")  # Slack's own words


def _fits(wanted: str, shown: Json) -> bool:
    """Whether a checked filter lets it through."""
    match = _FILTER.match(wanted)
    if match is None:
        return True
    name, operator, value = match[1].lower(), match[2].lower(), match[3].lower()
    values = {str(key).lower(): item for key, item in shown.items()}
    emails = values.pop("emails", [])
    if name in ("email", "emails", "emails.value"):
        texts = [str(item["value"]) for item in emails] if isinstance(emails, list) else []
    else:
        texts = [str(values.get(name, ""))]
    tests = {"eq": str.__eq__, "co": str.__contains__, "sw": str.startswith}
    return any(tests[operator](text.lower(), value) for text in texts)


def user_json(user: ChatUser) -> Json:
    """A person as SCIM has them."""
    given, _, family = user.real_name.partition(" ")
    guest: Json = {GUEST_SCHEMA: {"type": user.guest.value}} if user.is_guest else {}
    return {
        "schemas": [USER_SCHEMA, *guest],
        **guest,
        "id": user.id,
        "userName": user.name,
        "nickName": user.name,
        "name": {"givenName": given, "familyName": family},
        "displayName": user.real_name,
        "active": not user.deleted,
        "emails": [{"value": user.email, "primary": True}] if user.email else [],
        "groups": [],
    }


async def create_person(env: Env, call: Call, given: Mapping[str, object]) -> ChatUser:
    """Raises username_taken and what naming a user raises."""
    await enter(env, call)
    name = str(given.get("userName") or "")
    made = await identity.create_person(
        env,
        call.account,
        name,
        display_name=_display_name(given) or name,
        email=_email(given),
        policy_arns=[CHAT_POLICY],
    )
    user = await mirror_principal(env, call.account, made.id)
    return await _set_guest(env, call, user, given)


async def _set_guest(env: Env, call: Call, user: ChatUser, given: Mapping[str, object]) -> ChatUser:
    """What Slack's extension says of guests. Raises invalid_guest_type."""
    extension = given.get(GUEST_SCHEMA)
    if not isinstance(extension, dict):
        return user
    kind = str(extension.get("type") or "")
    if kind not in [guest.value for guest in Guest]:
        raise refused("invalid_guest_type", "A guest's type is multi or single.")
    if Guest(kind) is user.guest:
        return user
    return await guests.set_guest(env, call, user.id, guest=Guest(kind))


def _display_name(given: Mapping[str, object]) -> str:
    name = given.get("name")
    parts = name if isinstance(name, dict) else {}
    whole = f"{parts.get('givenName') or ''} {parts.get('familyName') or ''}".strip()
    return str(given.get("displayName") or whole)


def _email(given: Mapping[str, object]) -> str:
    emails = given.get("emails")
    for item in emails if isinstance(emails, list) else []:
        if isinstance(item, dict) and item.get("value"):
            return str(item["value"])
    return ""


async def get_person(env: Env, call: Call, user_id: str) -> ChatUser:
    """Raises user_not_found, for bots too."""
    return await person_known_to(env, await enter(env, call), user_id)


async def person_known_to(env: Env, here: Here, user_id: str) -> ChatUser:
    """The same for a caller who has entered already."""
    user = await get_user(env.store.reader, here.workspace.account, user_id)
    await require_known(env.store.reader, here.me, user.id)
    if user.is_bot:
        raise UserNotFound(f"There is no person {user_id[:80]}.")
    return user


async def change_person(
    env: Env, call: Call, user_id: str, given: Mapping[str, object]
) -> ChatUser:
    """Change what is given: names, e-mail, `active`, what kind of guest."""
    user = await get_person(env, call, user_id)
    principal = await identity.get_person(env.store.reader, user.principal_id)
    name = str(given.get("userName") or principal.name)
    if name not in (principal.name, principal.name.lower()):
        await identity.update_user(env, call, principal.name, new_name=name, new_path=None)
        principal = await identity.get_person(env.store.reader, user.principal_id)
    display_name, email = _display_name(given), _email(given)
    if display_name or email:
        await identity.describe_user(
            env, call, principal.name, display_name=display_name or None, email=email or None
        )
    active = given.get("active")
    if isinstance(active, bool) and active is user.deleted:
        await identity.set_user_disabled(env, call, principal.name, disabled=not active)
    user = await mirror_principal(env, call.account, user.principal_id)
    return await _set_guest(env, call, user, given)


def patched(given: Mapping[str, object]) -> Json:
    """A PATCH as plain attributes: SCIM 2's `Operations`, or SCIM 1's partial resource."""
    operations = given.get("Operations")
    if not isinstance(operations, list):
        return dict(given)
    found: Json = {}
    for item in operations:
        if not isinstance(item, dict):
            continue
        value, path = item.get("value"), item.get("path")
        if isinstance(path, str):
            found[path] = value
        elif isinstance(value, dict):
            found |= value
    return found


async def list_groups(env: Env, call: Call, wanted: str) -> list[UserGroup]:
    _require_filter(wanted)
    _, found = await groups.list_groups(env, call, disabled=False)
    return [group for group in found if _fits(wanted, group_json(group))]


def group_json(group: UserGroup) -> Json:
    """A user group as SCIM has it."""
    return {
        "schemas": [GROUP_SCHEMA],
        "id": group.id,
        "displayName": group.name,
        "members": [{"value": user} for user in group.users],
    }


async def create_group(env: Env, call: Call, given: Mapping[str, object]) -> UserGroup:
    _, made = await groups.create_group(env, call, Wanted(name=str(given.get("displayName") or "")))
    members = members_of(given)
    return (await groups.set_users(env, call, made.id, members))[1] if members else made


def members_of(given: Mapping[str, object]) -> list[str]:
    members = given.get("members")
    items = members if isinstance(members, list) else []
    return [str(item["value"]) for item in items if isinstance(item, dict) and "value" in item]


async def change_group(
    env: Env, call: Call, group_id: str, given: Mapping[str, object], *, replaces: bool
) -> UserGroup:
    """Rename it and change who is in it: all of them, or as `operation` says for each."""
    group = await groups.get_group(env, call, group_id)
    name = given.get("displayName")
    if isinstance(name, str) and name and name != group.name:
        group = (await groups.update_group(env, call, group_id, Wanted(name=name)))[1]
    if "members" not in given:
        return group
    wanted = members_of(given) if replaces else list(_merged(group.users, given))
    return (await groups.set_users(env, call, group_id, wanted))[1] if wanted else group


def _merged(known: Sequence[str], given: Mapping[str, object]) -> Iterable[str]:
    members = given["members"]
    items = (
        [item for item in members if isinstance(item, dict)] if isinstance(members, list) else []
    )
    gone = {item.get("value") for item in items if item.get("operation") == "delete"}
    added = [str(item["value"]) for item in items if item.get("value") not in gone]
    return dict.fromkeys([user for user in (*known, *added) if user not in gone])
