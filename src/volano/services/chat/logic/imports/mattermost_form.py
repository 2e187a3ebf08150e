"""Mattermost's bulk export: one object on each line of a JSONL file, files in a folder beside it.

Users and channels have names and no ids here; a message is named by its time in milliseconds. The
thousandths of that are taken from its words, so that each import gives it the same `ts`.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.chat.logic.imports.archive import Archive, read_lines
from volano.services.chat.logic.imports.wording import (
    decode_object,
    foreign_id,
    number_of,
    objects_of,
    text_of,
    to_mrkdwn,
)
from volano.services.chat.model import ChannelKind, Json, to_ts
from volano.services.chat.model.transfers import Part, Person, Place, Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_AT = re.compile(r"(?<![\w@./])@([a-z0-9][a-z0-9._-]*)", re.IGNORECASE)
_TILDE = re.compile(r"(?<![\w~])~([a-z0-9][a-z0-9_-]*)")
_ALL = {"all": "!channel", "channel": "!channel", "here": "!here"}
_KINDS = {"O": ChannelKind.PUBLIC, "P": ChannelKind.PRIVATE}
_NOTICES = {
    "system_join_channel": "channel_join",
    "system_add_to_channel": "channel_join",
    "system_leave_channel": "channel_leave",
    "system_remove_from_channel": "channel_leave",
}
DEFAULT_CHANNEL = "town-square"


class MattermostForm:
    """An archive in Mattermost's form."""

    unread: Sequence[str] = ()

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._list = list_of(archive)
        self._people: dict[str, Person] = {}
        self._places: dict[str, Place] = {}
        self._members: dict[str, set[str]] = {}
        self._channels: dict[tuple[str, str], str] = {}
        self._teams: list[str] = []
        for line in self._lines():
            self._take_in(line)
        self.source = f"mattermost:{','.join(sorted(self._teams))}"

    @property
    def people(self) -> list[Person]:
        return list(self._people.values())

    @property
    def places(self) -> list[Place]:
        return [
            replace(place, members=tuple(sorted(self._members.get(place.id, ()))))
            for place in self._places.values()
        ]

    @property
    def parts(self) -> list[Part]:
        name = self._list
        size_bytes = self._archive.members[name]
        return [Part(name=name, stamp=self._archive.stamp(name), size_bytes=size_bytes)]

    def messages(self, part: Part) -> Iterator[Said]:
        """Every post with its replies behind it. Raises BadArchive."""
        for line in self._lines():
            kind = str(line.get("type"))
            post = line.get(kind)
            if kind not in ("post", "direct_post") or not isinstance(post, dict):
                continue
            place = self._place_of(kind, post)
            root_us = _stamp(post)
            replies = objects_of(post, "replies")
            yield Said(place=place, message=self._message(post, root_us, root_us if replies else 0))
            for reply in replies:
                ts_us = max(_stamp(reply), root_us + 1)
                yield Said(place=place, message=self._message(reply, ts_us, root_us))

    def _lines(self) -> Iterator[Json]:
        for number, raw in enumerate(read_lines(self._archive, self._list), 1):
            if raw.strip():
                yield decode_object(raw, f"Line {number} of {self._list}")

    def _take_in(self, line: Json) -> None:
        """Remember a team, channel, user, bot or direct channel."""
        kind = str(line.get("type"))
        item = line.get(kind)
        if not isinstance(item, dict):
            return
        if kind == "team":
            self._teams.append(text_of(item, "name"))
        elif kind == "channel":
            self._add_channel(item)
        elif kind in ("user", "bot"):
            self._add_person(item, is_bot=kind == "bot")
        elif kind == "direct_channel":
            self._add_direct(_names(item, "members"))
        elif kind == "direct_post":
            self._add_direct(_names(item, "channel_members"))

    def _add_channel(self, item: Json) -> None:
        team, name = text_of(item, "team"), text_of(item, "name")
        id = foreign_id("MC", f"{team}/{name}")
        self._channels[team, name] = id
        self._places[id] = Place(
            id=id,
            kind=_KINDS.get(text_of(item, "type"), ChannelKind.PRIVATE),
            name=name,
            topic=text_of(item, "header"),
            purpose=text_of(item, "purpose"),
            archived=number_of(item, "deleted_at") > 0 or number_of(item, "delete_at") > 0,
            general=name == DEFAULT_CHANNEL and team == self._teams[0] if self._teams else False,
        )

    def _add_person(self, item: Json, *, is_bot: bool) -> None:
        name = text_of(item, "username").lower()
        id = foreign_id("MU", name)
        whole = f"{text_of(item, 'first_name')} {text_of(item, 'last_name')}".strip()
        self._people[id] = Person(
            id=id,
            name=name,
            real_name=whole or text_of(item, "display_name") or text_of(item, "nickname") or name,
            email=text_of(item, "email"),
            deleted=number_of(item, "delete_at") > 0,
            bot_id=foreign_id("B", name) if is_bot else "",
            guest="multi" if "system_guest" in text_of(item, "roles") else "",
            profile={"title": position} if (position := text_of(item, "position")) else {},
        )
        for team in objects_of(item, "teams"):
            for channel in objects_of(team, "channels"):
                place = self._channels.get((text_of(team, "name"), text_of(channel, "name")))
                if place is not None:
                    self._members.setdefault(place, set()).add(id)

    def _add_direct(self, names: Sequence[str]) -> str:
        members = sorted({foreign_id("MU", name) for name in names})
        id = foreign_id("MD", ",".join(members))
        if id not in self._places:
            kind = ChannelKind.IM if len(members) <= 2 else ChannelKind.MPIM
            name = "" if kind is ChannelKind.IM else f"mpdm-{'--'.join(sorted(set(names)))}-1"
            self._places[id] = Place(id=id, kind=kind, name=name)
            self._members[id] = set(members)
        return id

    def _place_of(self, kind: str, post: Json) -> str:
        if kind == "direct_post":
            return self._add_direct(_names(post, "channel_members"))
        return self._channels.get((text_of(post, "team"), text_of(post, "channel")), "")

    def _message(self, post: Json, ts_us: int, thread_us: int) -> Json:
        author = foreign_id("MU", text_of(post, "user").lower())
        found: Json = {
            "type": "message",
            "user": author,
            "ts": to_ts(ts_us),
            "text": to_mrkdwn(text_of(post, "message"), {_AT: self._user, _TILDE: self._channel}),
            "reactions": _reactions(post),
            "files": [self._file(item) for item in objects_of(post, "attachments")],
        }
        if subtype := _NOTICES.get(text_of(post, "type")):
            found["subtype"] = subtype
        if thread_us:
            found |= {"thread_ts": to_ts(thread_us), "reply_count": int(thread_us == ts_us)}
        if edited := int(number_of(post, "edit_at")):
            found["edited"] = {"user": author, "ts": to_ts(edited * 1000)}
        return found

    def _user(self, match: re.Match[str]) -> str | None:
        name = match[1].lower().rstrip(".-_")
        if name in _ALL:
            return _ALL[name]
        id = foreign_id("MU", name)
        return f"@{id}" if id in self._people else None

    def _channel(self, match: re.Match[str]) -> str | None:
        ids = [id for (_, name), id in self._channels.items() if name == match[1]]
        return f"#{ids[0]}" if ids else None

    def _file(self, item: Json) -> Json:
        path = text_of(item, "path")
        found: Json = {"id": path, "name": path.rpartition("/")[2]}
        folder = self._list.rpartition("/")[0]
        for name in (f"{folder}/data/{path}", f"{folder}/{path}"):
            if (member := name.strip("/")) in self._archive.members:
                return found | {"in_archive": member}
        return found


def list_of(archive: Archive) -> str:
    """The member with the lines: a .jsonl, or an export.json; '' when there is none."""
    names = [
        name
        for name in archive.members
        if name.endswith(".jsonl") or name.rpartition("/")[2] == "export.json"
    ]
    return min(names, key=lambda name: (name.count("/"), name), default="")


def _names(item: Json, name: str) -> list[str]:
    found = item.get(name)
    if not isinstance(found, list):
        return []
    return [str(one).lower() for one in found if isinstance(one, str)]


def _stamp(post: Json) -> int:
    """Microseconds; below the millisecond they come from who wrote what."""
    words = f"{text_of(post, 'user')}\n{text_of(post, 'message')}".encode()
    return int(number_of(post, "create_at")) * 1000 + zlib.crc32(words) % 1000


def _reactions(post: Json) -> list[Json]:
    found: dict[str, list[str]] = {}
    given = sorted(objects_of(post, "reactions"), key=lambda item: number_of(item, "create_at"))
    for item in given:
        user = foreign_id("MU", text_of(item, "user").lower())
        found.setdefault(text_of(item, "emoji_name"), []).append(user)
    return [{"name": name, "users": users} for name, users in found.items() if name]
