"""What importers of Markdown chats share: ids in Slack's letters, mentions put into mrkdwn."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.foreign_json import decode_foreign
from volano.services.chat.logic.imports.archive import BadArchive
from volano.services.chat.logic.mrkdwn import from_markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from volano.services.chat.model import Json

    Named = Callable[[re.Match[str]], str | None]
    """The entity (`@U…`, `#C…`, `!channel`) that a match stands for, or None for none."""

_ENTITY = re.compile("\x02([^\x03]*)\x03")


def foreign_id(prefix: str, name: str) -> str:
    """A name as an id of capitals and digits, so that mentions of it have Slack's form."""
    return prefix + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:16]


def to_mrkdwn(text: str, rules: Mapping[re.Pattern[str], Named]) -> str:
    """Markdown as mrkdwn, with what the rules find as entities; in code as well, as it is rare."""
    text = text.replace("\x02", "").replace("\x03", "")
    for pattern, named in rules.items():

        def put(match: re.Match[str], named: Named = named) -> str:
            entity = named(match)
            return match[0] if entity is None else f"\x02{entity}\x03"

        text = pattern.sub(put, text)
    return _ENTITY.sub(r"<\1>", from_markdown(text))


def decode_object(raw: bytes, where: str) -> Json:
    """One JSON object. Raises BadArchive."""
    try:
        found = decode_foreign(raw)
    except msgspec.DecodeError as error:
        raise BadArchive(f"{where} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadArchive(f"{where} is not a JSON object.")
    return found


def objects_of(item: Json, name: str) -> list[Json]:
    """The objects in a list of that name; none where there is no list."""
    found = item.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text_of(item: Json, name: str) -> str:
    found = item.get(name)
    return found.replace("\x00", "") if isinstance(found, str) else ""


def number_of(item: Json, name: str) -> float:
    found = item.get(name)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else 0
