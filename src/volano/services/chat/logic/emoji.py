"""The workplace's own emoji: pictures with names, and more names for them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import require_regular
from volano.services.chat.logic.errors import conflict, denied, refused
from volano.services.chat.logic.pictures import MAX_EMOJI_BYTES, make_picture, picture_url
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import to_ts
from volano.services.chat.model.apps import WorkspaceTold
from volano.services.chat.model.items import Emoji
from volano.services.chat.store import pictures as rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import ChatUser, Json
    from volano.services.chat.model.items import Picture

_NAME = re.compile(r"[\w'+-]{1,100}\Z")
ALIAS = "alias:"


async def list_emoji(env: Env, call: Call) -> dict[str, Emoji]:
    """By name."""
    await enter(env, call)
    return await rows.select_emoji(env.store.reader, call.account)


def emoji_value(env: Env, item: Emoji) -> str:
    """What `emoji.list` says of it: a picture's address, or whose other name it is."""
    return f"{ALIAS}{item.alias_for}" if item.alias_for else picture_url(env, item.picture_id)


async def add_emoji(env: Env, call: Call, name: str, content: bytes) -> Emoji:
    """Raises error_bad_name_i18n, error_name_taken, bad_image, too_large."""
    picture = make_picture(env, call.account, content, limit_bytes=MAX_EMOJI_BYTES)
    return await _add(env, call, _Wanted(name=name, picture=picture))


async def add_alias(env: Env, call: Call, name: str, alias_for: str) -> Emoji:
    """Another name; of an emoji that everybody has, too. Raises error_name_taken and others."""
    return await _add(env, call, _Wanted(name=name, alias_for=_require_name(alias_for)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    name: str
    picture: Picture | None = None
    alias_for: str = ""


async def _add(env: Env, call: Call, wanted: _Wanted) -> Emoji:
    here = await enter(env, call)
    require_regular(here.me)
    made = Emoji(
        account=call.account,
        name=_require_name(wanted.name),
        picture_id=wanted.picture.id if wanted.picture else "",
        alias_for=wanted.alias_for,
        user_id=here.me.id,
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        if len(await rows.select_emoji(tx, call.account)) >= rows.MAX_EMOJI:
            raise refused("emoji_limit_reached", f"There are at most {rows.MAX_EMOJI} emoji.")
        if not await rows.insert_emoji(tx, made):
            raise conflict("error_name_taken", f"There is an emoji :{made.name}: already.")
        if wanted.picture is not None:
            await rows.insert_picture(tx, wanted.picture)
        value = emoji_value(env, made)
        _tell(tx, env, call.account, {"subtype": "add", "name": made.name, "value": value})

    await env.store.transact(write)
    return made


def _require_name(name: str) -> str:
    name = name.strip().strip(":").lower()
    if not _NAME.match(name):
        raise refused("error_bad_name_i18n", f"{name[:40]!r} is no name for an emoji.")
    return name


def _tell(tx: Tx, env: Env, account: str, what: Json) -> None:
    told = {"type": "emoji_changed", **what, "event_ts": to_ts(env.clock.now_us())}
    tx.publish(WorkspaceTold(account=account, what=json.dumps(told)))


def _require_own(known: Mapping[str, Emoji], name: str, me: ChatUser) -> None:
    """Raises emoji_not_found, and not_authorized for what somebody else added."""
    if name not in known:
        raise refused("emoji_not_found", f"There is no emoji :{name}:.")
    if known[name].user_id != me.id and not me.is_admin:
        raise denied("not_authorized", "Who added an emoji changes it, or an administrator.")


async def remove_emoji(env: Env, call: Call, name: str) -> None:
    """With its other names. Raises emoji_not_found."""
    here = await enter(env, call)
    name = _require_name(name)

    async def write(tx: Tx) -> None:
        known = await rows.select_emoji(tx, call.account)
        _require_own(known, name, here.me)
        gone = [name, *(item.name for item in known.values() if item.alias_for == name)]
        for each in gone:
            await rows.delete_emoji(tx, call.account, each)
        if known[name].picture_id:
            await rows.delete_picture(tx, call.account, known[name].picture_id)
        _tell(tx, env, call.account, {"subtype": "remove", "names": gone})

    await env.store.transact(write)


async def rename_emoji(env: Env, call: Call, name: str, wanted: str) -> None:
    """Raises emoji_not_found, error_name_taken, error_bad_name_i18n."""
    here = await enter(env, call)
    name, wanted = _require_name(name), _require_name(wanted)

    async def write(tx: Tx) -> None:
        known = await rows.select_emoji(tx, call.account)
        _require_own(known, name, here.me)
        if wanted in known:
            raise conflict("error_name_taken", f"There is an emoji :{wanted}: already.")
        await rows.rename_emoji(tx, call.account, name, wanted)
        changed: Json = {"subtype": "rename", "old_name": name, "new_name": wanted}
        _tell(tx, env, call.account, changed | {"value": emoji_value(env, known[name])})

    await env.store.transact(write)
