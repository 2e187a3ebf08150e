"""Slack's export: users.json, four lists of conversations, a folder of days for each of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Invalid
from volano.kernel.foreign_json import decode_foreign
from volano.services.chat.logic.imports.archive import Archive, BadArchive, read_member
from volano.services.chat.model import ChannelKind, Json, parse_ts
from volano.services.chat.model.transfers import Part, Person, Place, PlacePin, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LIST_BYTES = 256 * 1024**2
MAX_DAY_BYTES = 128 * 1024**2
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.json\Z")
_LISTS = {
    "channels.json": ChannelKind.PUBLIC,
    "groups.json": ChannelKind.PRIVATE,
    "dms.json": ChannelKind.IM,
    "mpims.json": ChannelKind.MPIM,
}
_PROFILE = ("title", "phone", "skype", "pronouns", "status_text", "status_emoji", "display_name")


class SlackForm:
    """An archive in Slack's form. `source` names the workspace; several exports of it are one."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._root = _root_of(archive)
        users = list(self._list("users.json"))
        self._people = {person.id: person for user in users if (person := _person(user))}
        teams = {str(user["team_id"]) for user in users if user.get("team_id")}
        self.source = f"slack:{min(teams, default='')}"
        self._folders: dict[str, str] = {}
        self._places = [
            self._place(item, kind) for name, kind in _LISTS.items() for item in self._list(name)
        ]
        self._uploads = _uploads_of(archive)

    @property
    def people(self) -> list[Person]:
        return list(self._people.values())

    @property
    def places(self) -> list[Place]:
        return self._places

    @property
    def unread(self) -> list[str]:
        """Members of the archive that hold something which is not imported."""
        known = ("users.json", "org_users.json", "integration_logs.json", *_LISTS)
        names = (name.removeprefix(self._root) for name in self._archive.members)
        return [name for name in names if "/" not in name and name not in known]

    @property
    def parts(self) -> list[Part]:
        """The days, conversation by conversation, the oldest first."""
        found: list[Part] = []
        for name, size_bytes in self._archive.members.items():
            folder, _, day = name.removeprefix(self._root).rpartition("/")
            if folder in self._folders and _DAY.match(day):
                stamp = self._archive.stamp(name)
                found.append(Part(name=f"{folder}/{day}", stamp=stamp, size_bytes=size_bytes))
        return sorted(found, key=lambda part: part.name)

    def messages(self, part: Part) -> Iterator[Said]:
        """The messages of one day, as they stand. Raises BadArchive."""
        place = self._folders[part.name.rpartition("/")[0]]
        raw = read_member(self._archive, self._root + part.name, MAX_DAY_BYTES)
        for item in _items(raw, part.name):
            problem = "" if item is not None else "no message"
            yield Said(place=place, message=self._found_files(item or {}), problem=problem)

    def _found_files(self, message: Json) -> Json:
        """Its files with `in_archive`, the member that holds their bytes, where there is one."""
        files = message.get("files")
        if not self._uploads or not isinstance(files, list):
            return message
        shown = [
            {**item, "in_archive": self._uploads[str(item["id"])]}
            if isinstance(item, dict) and str(item.get("id")) in self._uploads
            else item
            for item in files
        ]
        return {**message, "files": shown}

    def _list(self, name: str) -> Iterator[Json]:
        if self._root + name not in self._archive.members:
            return
        raw = read_member(self._archive, self._root + name, MAX_LIST_BYTES)
        yield from (item for item in _items(raw, name) if item is not None)

    def _place(self, item: Json, kind: ChannelKind) -> Place:
        place = to_place(item, kind)
        folder = place.id if kind is ChannelKind.IM else place.name
        names = (folder, place.id)
        for name in names:
            self._folders.setdefault(name, place.id)
        return place


def _root_of(archive: Archive) -> str:
    """The folder of the lists: '' or, where a folder was zipped, its name and a slash."""
    roots = [
        name.rpartition("/")[0]
        for name in archive.members
        if name.rpartition("/")[2] in ("users.json", *_LISTS)
    ]
    root = min(roots, key=len, default="")
    return f"{root}/" if root else ""


def _uploads_of(archive: Archive) -> dict[str, str]:
    """Members with the bytes of files by the file's id: `__uploads/F…/name`."""
    found = {}
    for name in archive.members:
        folders = name.split("/")
        if "__uploads" in folders[:-2]:
            found[folders[folders.index("__uploads") + 1]] = name
    return found


def _items(raw: bytes, name: str) -> Iterator[Json | None]:
    """The objects of a JSON list one by one; None for what is none. Raises BadArchive."""
    try:
        pieces = decode_foreign(raw, list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise BadArchive(f"{name} is not a JSON list: {error}") from error
    for piece in pieces:
        try:
            item = decode_foreign(bytes(piece))
        except msgspec.DecodeError:
            item = None
        yield item if isinstance(item, dict) else None


def _person(user: Json) -> Person | None:
    profile = user.get("profile")
    known = profile if isinstance(profile, dict) else {}
    if not user.get("id"):
        return None
    name = _text(user, "name") or str(user["id"]).lower()
    guest = "single" if user.get("is_ultra_restricted") else "multi"
    bot_id = _text(known, "bot_id") if user.get("is_bot") else ""
    return Person(
        id=str(user["id"]),
        name=name,
        real_name=_text(known, "real_name") or _text(user, "real_name") or name,
        email=_text(known, "email"),
        deleted=bool(user.get("deleted")),
        bot_id=(bot_id or f"B{user['id']}") if user.get("is_bot") else "",
        guest=guest if user.get("is_restricted") or user.get("is_ultra_restricted") else "",
        profile={key: known[key] for key in _PROFILE if _text(known, key)},
        aliases=(bot_id,) if bot_id else (),
        own_bot=user.get("volano_bot") is True,
    )


def to_place(item: Json, kind: ChannelKind) -> Place:
    """A conversation of one of Slack's lists."""
    topic, purpose = _said(item, "topic"), _said(item, "purpose")
    members = item.get("members")
    pins = item.get("pins")
    return Place(
        id=_text(item, "id") or _text(item, "name"),
        kind=kind,
        name=_text(item, "name"),
        creator=_text(item, "creator"),
        created_us=_seconds(item, "created"),
        topic=_text(topic, "value"),
        topic_by=_text(topic, "creator"),
        topic_us=_seconds(topic, "last_set"),
        purpose=_text(purpose, "value"),
        purpose_by=_text(purpose, "creator"),
        purpose_us=_seconds(purpose, "last_set"),
        archived=bool(item.get("is_archived")),
        general=bool(item.get("is_general")),
        members=tuple(str(user) for user in members) if isinstance(members, list) else (),
        pins=tuple(pin for given in pins if (pin := _pin(given))) if isinstance(pins, list) else (),
    )


def _pin(given: object) -> PlacePin | None:
    if not isinstance(given, dict):
        return None
    try:
        ts_us = parse_ts(str(given.get("id") or ""))
    except Invalid:
        return None
    return PlacePin(ts_us=ts_us, user_id=_text(given, "user"), pinned_us=_seconds(given, "created"))


def _said(item: Json, name: str) -> Json:
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def _text(item: Json, name: str) -> str:
    found = item.get(name)
    return found.replace("\x00", "") if isinstance(found, str) else ""


def _seconds(item: Json, name: str) -> int:
    found = item.get(name)
    return int(found) * 1_000_000 if isinstance(found, int | float) and found > 0 else 0
