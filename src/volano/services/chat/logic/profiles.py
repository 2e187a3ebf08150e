"""What people say of themselves: their profile, status, presence and quiet times."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import known_people, require_known
from volano.services.chat.logic.avatars import PERSON_SIZES, avatar_urls
from volano.services.chat.logic.errors import denied, refused
from volano.services.chat.logic.live import Told, keep_for, send
from volano.services.chat.logic.payloads import user_json
from volano.services.chat.logic.pictures import MAX_FACE_BYTES, make_picture, picture_url
from volano.services.chat.logic.users import get_user
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import ChatUser, to_ts
from volano.services.chat.model.apps import WorkspaceTold
from volano.services.chat.model.items import Profile
from volano.services.chat.store import pictures as picture_rows
from volano.services.chat.store import profiles as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json

MAX_FIELD_CHARACTERS = 250
MAX_STATUS_CHARACTERS = 100
PHOTO = "avatar_hash"
"""The field that names a person's picture."""
MAX_SNOOZE_MINUTES = 60 * 24 * 7
_TEXTS = (
    "title",
    "phone",
    "skype",
    "pronouns",
    "start_date",
    "display_name",
    "status_text",
    "status_emoji",
    "first_name",
    "last_name",
)
_KEPT = (*_TEXTS, "status_expiration", "fields", "real_name")


async def get_profile(env: Env, call: Call, user_id: str) -> tuple[Here, ChatUser, Profile]:
    """Of a user, or the caller's own. Raises user_not_found."""
    here = await enter(env, call)
    user = here.me
    if user_id and user_id != here.me.id:
        user = await get_user(env.store.reader, call.account, user_id)
        await require_known(env.store.reader, here.me, user.id)
    return here, user, await _profile(env, user)


async def _profile(env: Env, user: ChatUser) -> Profile:
    found = await rows.find_profile(env.store.reader, user.id)
    return found or _empty(user)


def _empty(user: ChatUser) -> Profile:
    return Profile(user_id=user.id, account=user.account, updated_us=user.updated_us)


async def set_profile(
    env: Env, call: Call, user_id: str, changes: Mapping[str, object]
) -> tuple[Here, ChatUser, Profile]:
    """Change one's own profile; an administrator anybody's. Raises invalid_profile, not_admin."""
    here, user, old = await get_profile(env, call, user_id)
    if user.id != here.me.id and not here.me.is_admin:
        raise denied("not_admin", "Only administrators change the profiles of others.")
    fields = {**old.fields, **_require(changes)}
    profile = replace(old, fields=fields, updated_us=env.clock.now_us())

    async def write(tx: Tx) -> Told:
        await rows.upsert_profile(tx, profile)
        event: Json = {
            "type": "user_change",
            "user": with_profile(env, user_json(here.workspace, user), profile),
            "event_ts": to_ts(env.clock.now_us()),
        }
        for kind in ("user_change", *_kinds_of(changes)):
            told = json.dumps({**event, "type": kind})
            tx.publish(WorkspaceTold(account=call.account, what=told))
        return await keep_for(tx, env, call.account, user.id, event)

    await send(env, await env.store.transact(write))
    return here, user, profile


def _kinds_of(changes: Mapping[str, object]) -> list[str]:
    """Slack's narrower events beside `user_change`."""
    of_status = [name.startswith("status_") for name in changes if name in _KEPT]
    status = ["user_status_changed"] if any(of_status) else []
    return status + (["user_profile_changed"] if not all(of_status) else [])


def _require(changes: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in changes.items():
        if name not in _KEPT:
            continue
        limit = MAX_STATUS_CHARACTERS if name.startswith("status_") else MAX_FIELD_CHARACTERS
        if name in _TEXTS or name == "real_name":
            if not isinstance(value, str) or "\x00" in value:
                raise refused("invalid_profile", f"{name} is a text.")
            if len(value) > limit:
                raise refused("too_long", f"{name} has at most {limit} characters.")
        if name == "status_expiration" and not isinstance(value, int):
            raise refused("invalid_profile", "status_expiration is a number of seconds.")
        if name == "fields" and not isinstance(value, dict):
            raise refused("invalid_profile", "fields is an object.")
        found[name] = value
    return found


def with_profile(env: Env, shown: Json, profile: Profile) -> Json:
    """Slack's user object with what the person says of themselves."""
    known = shown["profile"]
    assert isinstance(known, dict)
    fields = dict(profile.fields)
    expiry = fields.get("status_expiration")
    now_s = env.clock.now_us() // 1_000_000
    if isinstance(expiry, int) and 0 < expiry <= now_s:
        fields |= {"status_text": "", "status_emoji": "", "status_expiration": 0}
    if fields.get("display_name"):
        fields["display_name_normalized"] = fields["display_name"]
    if fields.get("real_name"):
        fields["real_name_normalized"] = fields["real_name"]
        shown = shown | {"real_name": fields["real_name"]}
    return shown | {"profile": known | fields | _photo(env, profile)}


async def show_users(env: Env, here: Here, users: Sequence[ChatUser]) -> list[Json]:
    """Slack's user objects with their profiles."""
    profiles = await rows.select_profiles(env.store.reader, [user.id for user in users])
    found: list[Json] = []
    for user in users:
        shown = user_json(here.workspace, user)
        found.append(with_profile(env, shown, profiles.get(user.id) or _empty(user)))
    return found


async def set_photo(env: Env, call: Call, content: bytes) -> Json:
    """One's own picture, or none for no bytes; the profile's fields of it. Raises bad_image."""
    here, user, old = await get_profile(env, call, "")
    picture = None
    if content:
        picture = make_picture(env, call.account, content, limit_bytes=MAX_FACE_BYTES)
    fields = {**old.fields, PHOTO: picture.id if picture else ""}
    profile = replace(old, fields=fields, updated_us=env.clock.now_us())
    shown = with_profile(env, user_json(here.workspace, user), profile)

    async def write(tx: Tx) -> None:
        if picture is not None:
            await picture_rows.insert_picture(tx, picture)
        if old.fields.get(PHOTO):
            await picture_rows.delete_picture(tx, call.account, str(old.fields[PHOTO]))
        await rows.upsert_profile(tx, profile)
        told: Json = {"type": "user_change", "user": shown, "event_ts": to_ts(env.clock.now_us())}
        tx.publish(WorkspaceTold(account=call.account, what=json.dumps(told)))

    await env.store.transact(write)
    return _photo(env, profile)


def _photo(env: Env, profile: Profile) -> Json:
    """Addresses of a person's picture in Slack's sizes: one picture, scaled by who shows it."""
    photo = profile.fields.get(PHOTO)
    if not photo:
        return avatar_urls(env, profile.user_id, PERSON_SIZES)
    url = picture_url(env, str(photo))
    sizes = {f"image_{size}": url for size in PERSON_SIZES}
    return {**sizes, "image_original": url, "is_custom_image": True}


async def set_away(env: Env, call: Call, *, away: bool) -> None:
    """`away` until it is set to `auto` again."""
    here, _, old = await get_profile(env, call, "")
    event: Json = {
        "type": "manual_presence_change",
        "user": here.me.id,
        "presence": "away" if away else "active",
    }
    await _write(env, replace(old, away=away, updated_us=env.clock.now_us()), event)


async def is_away(env: Env, user_id: str) -> bool:
    found = await rows.find_profile(env.store.reader, user_id)
    return found is not None and found.away


async def snooze(env: Env, call: Call, minutes: int) -> int:
    """No notifications for so long (0 ends it); until when, in microseconds (0 for not at all)."""
    if not 0 <= minutes <= MAX_SNOOZE_MINUTES:
        raise refused("too_long", f"num_minutes is 1 to {MAX_SNOOZE_MINUTES}.")
    here, _, old = await get_profile(env, call, "")
    until_us = env.clock.now_us() + minutes * 60_000_000 if minutes else 0
    event: Json = {
        "type": "dnd_updated",
        "user": here.me.id,
        "dnd_status": quiet_json(env, until_us),
    }
    changed = replace(old, snooze_until_us=until_us, updated_us=env.clock.now_us())
    await _write(env, changed, event)
    return until_us


async def _write(env: Env, profile: Profile, event: Json) -> None:
    async def write(tx: Tx) -> Told:
        await rows.upsert_profile(tx, profile)
        if event["type"] == "dnd_updated":
            told = {**event, "type": "dnd_updated_user", "event_ts": to_ts(env.clock.now_us())}
            tx.publish(WorkspaceTold(account=profile.account, what=json.dumps(told)))
        return await keep_for(tx, env, profile.account, profile.user_id, event)

    await send(env, await env.store.transact(write))


async def quiet_until(env: Env, call: Call, users: Sequence[str]) -> dict[str, int]:
    """Until when each of these people is quiet, in microseconds; 0 for those who are not."""
    here = await enter(env, call)
    seen = await known_people(env.store.reader, here.me)
    known = await rows.select_profiles(
        env.store.reader, [user for user in users if seen is None or user in seen]
    )
    now_us = env.clock.now_us()
    found = {user: known[user].snooze_until_us if user in known else 0 for user in users}
    return {user: until if until > now_us else 0 for user, until in found.items()}


def quiet_json(env: Env, until_us: int) -> Json:
    """Slack's do-not-disturb status."""
    now_us = env.clock.now_us()
    quiet = until_us > now_us
    found: Json = {"dnd_enabled": quiet, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}
    if not quiet:
        return found | {"snooze_enabled": False}
    end = until_us // 1_000_000
    return found | {
        "next_dnd_start_ts": now_us // 1_000_000,
        "next_dnd_end_ts": end,
        "snooze_enabled": True,
        "snooze_endtime": end,
        "snooze_remaining": (until_us - now_us) // 1_000_000,
        "snooze_is_indefinite": False,
    }
