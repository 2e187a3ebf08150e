"""Zulip's export: tables as JSON in realm.json and messages-*.json, files under uploads/.

A topic becomes a thread: its first message begins it and names it. `ts` is when a message was sent;
where that is in whole seconds, the message's number tells those of one second apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.services.chat.logic.imports.archive import Archive, read_member
from volano.services.chat.logic.imports.wording import (
    decode_object,
    number_of,
    objects_of,
    text_of,
    to_mrkdwn,
)
from volano.services.chat.logic.mrkdwn import escape_text
from volano.services.chat.model import ChannelKind, Json, to_ts
from volano.services.chat.model.transfers import Part, Person, Place, Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_TABLE_BYTES = 512 * 1024**2
MAX_MESSAGES_BYTES = 128 * 1024**2
GUEST_ROLE = 600
PERSONAL, STREAM, GROUP = 1, 2, 3
_MESSAGES = re.compile(r"messages-\d+\.json\Z")
_AT = re.compile(r"@_?\*\*([^*|]+)(?:\|(\d+))?\*\*")
_HASH = re.compile(r"#\*\*([^*>]+)(?:>[^*]*)?\*\*")
_UPLOAD = re.compile(r"\[([^\[\]\n]*)\]\((?:https?://[^/\s)]+)?/user_uploads/([^\s)]+)\)")
_ALL = ("all", "everyone", "channel", "stream")


class ZulipForm:
    """An archive in Zulip's form."""

    unread: Sequence[str] = ()

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._root = realm_of(archive).removesuffix("realm.json")
        realm = self._table("realm.json", MAX_TABLE_BYTES)
        named = objects_of(realm, "zerver_realm") or [{}]
        self.source = f"zulip:{text_of(named[0], 'uuid') or text_of(named[0], 'string_id')}"
        tables = ("zerver_userprofile", "zerver_userprofile_mirrordummy")
        users = [user for table in tables for user in objects_of(realm, table)]
        # Zulip's own bots, of which the export has the address only.
        own = objects_of(realm, "zerver_userprofile_crossrealm")
        users += [{"full_name": text_of(bot, "email"), **bot, "is_bot": True} for bot in own]
        self.people = [_person(user) for user in users]
        self._by_name = {text_of(user, "full_name"): _user_id(user["id"]) for user in users}
        self._streams = {
            text_of(stream, "name"): _stream_id(stream["id"])
            for stream in objects_of(realm, "zerver_stream")
        }
        self._reactions: dict[int, dict[str, list[str]]] = {}
        self._take_reactions(realm)
        self._places: dict[str, Place] = {}
        self._place_of: dict[int, str] = {}
        self._personal: dict[int, str] = {}
        self._take_places(realm)
        self._topics: dict[tuple[str, str], int] = {}
        self._look_through()

    @property
    def places(self) -> list[Place]:
        return list(self._places.values())

    @property
    def parts(self) -> list[Part]:
        names = sorted(
            name
            for name in self._archive.members
            if name.startswith(self._root) and _MESSAGES.match(name.removeprefix(self._root))
        )
        sizes = self._archive.members
        return [
            Part(
                name=name.removeprefix(self._root),
                stamp=self._archive.stamp(name),
                size_bytes=sizes[name],
            )
            for name in names
        ]

    def messages(self, part: Part) -> Iterator[Said]:
        """The messages of one file. Raises BadArchive."""
        for item in self._said(part):
            place = self._find_place(item)
            yield Said(place=place, message=self._message(place, item))

    def _table(self, name: str, limit_bytes: int) -> Json:
        return decode_object(read_member(self._archive, self._root + name, limit_bytes), name)

    def _said(self, part: Part) -> list[Json]:
        return objects_of(self._table(part.name, MAX_MESSAGES_BYTES), "zerver_message")

    def _take_reactions(self, table: Json) -> None:
        for item in objects_of(table, "zerver_reaction"):
            names = self._reactions.setdefault(int(number_of(item, "message")), {})
            users = names.setdefault(text_of(item, "emoji_name"), [])
            users.append(_user_id(item.get("user_profile")))

    def _take_places(self, realm: Json) -> None:
        """Streams and groups with who is in them; recipients lead to both, and to people."""
        members: dict[int, list[str]] = {}
        for item in objects_of(realm, "zerver_subscription"):
            if item.get("active") is not False:
                recipient = int(number_of(item, "recipient"))
                members.setdefault(recipient, []).append(_user_id(item.get("user_profile")))
        streams = {stream["id"]: stream for stream in objects_of(realm, "zerver_stream")}
        for item in objects_of(realm, "zerver_recipient"):
            recipient, kind = int(number_of(item, "id")), number_of(item, "type")
            inside = tuple(sorted(set(members.get(recipient, ()))))
            stream = streams.get(item.get("type_id"))
            if kind == STREAM and stream is not None:
                self._place_of[recipient] = self._add(_channel(stream, inside))
            elif kind == GROUP and inside:
                self._place_of[recipient] = self._add_direct(inside)
            elif kind == PERSONAL:
                self._personal[recipient] = _user_id(item.get("type_id"))

    def _add(self, place: Place) -> str:
        self._places.setdefault(place.id, place)
        return place.id

    def _add_direct(self, members: Sequence[str]) -> str:
        inside = tuple(sorted(set(members)))
        kind = ChannelKind.IM if len(inside) <= 2 else ChannelKind.MPIM
        id = "ZD" + "X".join(user.removeprefix("ZU") for user in inside)
        name = "" if kind is ChannelKind.IM else f"mpdm-{id.lower()}"
        return self._add(Place(id=id, kind=kind, name=name, members=inside))

    def _find_place(self, item: Json) -> str:
        recipient = int(number_of(item, "recipient"))
        if recipient in self._personal:
            return self._add_direct((self._personal[recipient], _user_id(item.get("sender"))))
        return self._place_of.get(recipient, "")

    def _look_through(self) -> None:
        """Which conversations of two there are, and where each topic begins."""
        for part in self.parts:
            table = self._table(part.name, MAX_MESSAGES_BYTES)
            self._take_reactions(table)
            for item in objects_of(table, "zerver_message"):
                key = (self._find_place(item), text_of(item, "subject"))
                ts_us = _stamp(item)
                self._topics[key] = min(ts_us, self._topics.get(key, ts_us))

    def _message(self, place: str, item: Json) -> Json:
        ts_us = _stamp(item)
        topic = text_of(item, "subject")
        begins_us = self._topics[place, topic]
        files: list[Json] = []
        text = self._text(text_of(item, "content"), files)
        known = self._places.get(place)
        is_topic = known is not None and not known.kind.is_direct and topic
        if is_topic and begins_us == ts_us:
            text = f"*{escape_text(topic)}*\n{text}"
        found: Json = {
            "type": "message",
            "user": _user_id(item.get("sender")),
            "ts": to_ts(ts_us),
            "text": text,
            "files": files,
            "reactions": [
                {"name": name, "users": users}
                for name, users in self._reactions.get(int(number_of(item, "id")), {}).items()
            ],
        }
        if is_topic and begins_us != ts_us:
            found["thread_ts"] = to_ts(begins_us)
        if edited := number_of(item, "last_edit_time"):
            found["edited"] = {"user": found["user"], "ts": to_ts(int(edited * 1_000_000))}
        return found

    def _text(self, content: str, files: list[Json]) -> str:
        """The content as mrkdwn; links to uploads become `files`."""

        def take(match: re.Match[str]) -> str:
            member = f"{self._root}uploads/{match[2]}"
            if member not in self._archive.members:
                return match[1]
            name = match[1] or match[2].rpartition("/")[2]
            files.append({"id": match[2], "name": name, "in_archive": member})
            return name

        return to_mrkdwn(_UPLOAD.sub(take, content), {_AT: self._user, _HASH: self._stream})

    def _user(self, match: re.Match[str]) -> str | None:
        if match[1] in _ALL:
            return "!channel"
        id = f"ZU{match[2]}" if match[2] else self._by_name.get(match[1])
        return f"@{id}" if id else None

    def _stream(self, match: re.Match[str]) -> str | None:
        id = self._streams.get(match[1])
        return f"#{id}" if id else None


def realm_of(archive: Archive) -> str:
    """The member realm.json; '' when there is none."""
    names = [name for name in archive.members if name.rpartition("/")[2] == "realm.json"]
    return min(names, key=len, default="")


def _user_id(number: object) -> str:
    return f"ZU{number}"


def _stream_id(number: object) -> str:
    return f"ZC{number}"


def _stamp(item: Json) -> int:
    sent_us = round(number_of(item, "date_sent") * 1_000_000)
    return sent_us if sent_us % 1_000_000 else sent_us + int(number_of(item, "id")) % 1_000_000


def _person(user: Json) -> Person:
    email = text_of(user, "delivery_email") or text_of(user, "email")
    is_bot = user.get("is_bot") is True
    return Person(
        id=_user_id(user.get("id")),
        name=email.partition("@")[0] or f"zulip{user.get('id')}",
        real_name=text_of(user, "full_name"),
        email="" if is_bot else email,
        deleted=user.get("is_active") is False,
        bot_id=f"B{_user_id(user.get('id'))}" if is_bot else "",
        guest="multi" if user.get("role") == GUEST_ROLE else "",
    )


def _channel(stream: Json, members: tuple[str, ...]) -> Place:
    return Place(
        id=_stream_id(stream["id"]),
        kind=ChannelKind.PRIVATE if stream.get("invite_only") else ChannelKind.PUBLIC,
        name=text_of(stream, "name"),
        created_us=round(number_of(stream, "date_created") * 1_000_000),
        purpose=text_of(stream, "description"),
        archived=stream.get("deactivated") is True,
        members=members,
    )
