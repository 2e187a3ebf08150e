"""Slack's message JSON as a row of ours: who, where, when, with ids put into our words.

A `ts` stays what it was, so that links to messages lead on. What Slack says of a message and we
work out ourselves (reply counts, teams, profiles) is left behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.services.chat.logic.words import UNSEARCHED
from volano.services.chat.model import MAX_TEXT_CHARACTERS, Json, Message, parse_ts

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_TS_US = 253_402_300_799_000_000
"""The end of the year 9999."""
MAX_REACTION_USERS = 10_000
_KEPT = (
    "blocks",
    "attachments",
    "bot_profile",
    "username",
    "icons",
    "inviter",
    "topic",
    "purpose",
    "old_name",
    "name",
    "metadata",
    "upload",
    "hidden",
    "client_msg_id",
)
_SUBTYPE = re.compile(r"[a-z_]{1,40}\Z")
_ID_IN_TEXT = re.compile(r"<([@#])([A-Z0-9]{3,21})")
_USER_KEYS = ("user_id", "user", "inviter")
_CHANNEL_KEYS = ("channel_id", "channel")
MAX_DEPTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Own ids by the archive's."""

    people: Mapping[str, str]
    places: Mapping[str, str]

    @property
    def moved(self) -> dict[str, str]:
        """Those that are called otherwise here."""
        both = {**self.people, **self.places}
        return {foreign: own for foreign, own in both.items() if foreign != own}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A message to be written, with its reactions (name and users) and files as Slack's JSON."""

    message: Message
    reactions: Sequence[tuple[str, Sequence[str]]] = ()
    files: Sequence[Json] = field(default_factory=list)


def author_of(message: Json) -> str:
    """The archive's id of who wrote it: a user's, else a bot's; '' for nobody."""
    for name in ("user", "bot_id"):
        value = message.get(name)
        if isinstance(value, str) and value:
            return value
    return "USLACKBOT" if message.get("text") else ""


def to_imported(
    message: Json, *, account: str, channel_id: str, names: Names, moved: Mapping[str, str]
) -> Imported:
    """Raises Invalid with what is wrong with it."""
    ts_us = parse_ts(str(message.get("ts") or ""))
    thread_us = parse_ts(str(message["thread_ts"])) if message.get("thread_ts") else 0
    author = names.people.get(author_of(message), "")
    if not author or not 0 < ts_us < MAX_TS_US or thread_us > ts_us:
        raise Invalid("It has no author, or no time that can be.")
    subtype = str(message.get("subtype") or "")
    if subtype and not _SUBTYPE.match(subtype):
        raise Invalid("Its subtype is no word.")
    is_reply = thread_us not in (0, ts_us)
    edited = message.get("edited")
    known = edited if isinstance(edited, dict) else {}
    files = message.get("files")
    return Imported(
        message=Message(
            channel_id=channel_id,
            ts_us=ts_us,
            account=account,
            user_id=author,
            subtype=subtype,
            text=_renamed_text(_clean(message.get("text")), moved)[:MAX_TEXT_CHARACTERS],
            body=_body(message, moved),
            thread_us=thread_us if is_reply or message.get("reply_count") else 0,
            in_channel=not is_reply or subtype == "thread_broadcast",
            edited_us=_edited_us(known),
            edited_by=names.people.get(str(known.get("user") or ""), author) if known else "",
            indexed=subtype.startswith(UNSEARCHED),
        ),
        reactions=_reactions(message, names),
        files=[item for item in files if isinstance(item, dict)] if isinstance(files, list) else [],
    )


def _clean(text: object) -> str:
    return text.replace("\x00", "") if isinstance(text, str) else ""


def _edited_us(edited: Mapping[str, object]) -> int:
    try:
        return parse_ts(str(edited.get("ts") or "0"))
    except Invalid:
        return 0


def _body(message: Json, moved: Mapping[str, str]) -> Json:
    kept = {name: message[name] for name in _KEPT if message.get(name) not in (None, "", [])}
    body = _renamed(kept, moved, MAX_DEPTH)
    assert isinstance(body, dict)
    return body


def _renamed(item: object, moved: Mapping[str, str], depth: int) -> object:
    """JSON with NULs taken out and ids that changed put in, in texts and under keys for ids."""
    if isinstance(item, str):
        return _renamed_text(_clean(item), moved)
    if depth == 0:
        return None
    if isinstance(item, list):
        return [_renamed(part, moved, depth - 1) for part in item]
    if not isinstance(item, Mapping):
        return item
    found: Json = {}
    for key, value in item.items():
        is_id = key in _USER_KEYS or key in _CHANNEL_KEYS
        if is_id and isinstance(value, str):
            found[_clean(key)] = moved.get(value, _clean(value))
        else:
            found[_clean(key)] = _renamed(value, moved, depth - 1)
    return found


def _renamed_text(text: str, moved: Mapping[str, str]) -> str:
    """`<@U…>` and `<#C…>` with our ids."""
    if not moved:
        return text
    return _ID_IN_TEXT.sub(lambda m: f"<{m[1]}{moved.get(m[2], m[2])}", text)


def _reactions(message: Json, names: Names) -> list[tuple[str, list[str]]]:
    given = message.get("reactions")
    found = []
    for item in given if isinstance(given, list) else []:
        users = item.get("users") if isinstance(item, dict) else None
        if isinstance(users, list) and isinstance(item.get("name"), str):
            ids = [
                names.people[user] for user in users[:MAX_REACTION_USERS] if user in names.people
            ]
            found.append((_clean(item["name"])[:100], list(dict.fromkeys(ids))))
    return found
