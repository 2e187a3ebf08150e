"""Paths of CalDAV to places and back."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from volano.wire.caldav.nodes import Kind, NoSuchPath, Place

PREFIX = "/dav"
WELL_KNOWN = "/.well-known/caldav"
COLLECTIONS = ("events", "tasks")
MAX_NAME_CHARACTERS = 300


def is_ours(path: str) -> bool:
    return path in (PREFIX, WELL_KNOWN) or path.startswith((f"{PREFIX}/", f"{WELL_KNOWN}/"))


def parse_path(raw_path: str) -> Place:
    """Raises NoSuchPath."""
    parts = [unquote(part) for part in raw_path.removeprefix(PREFIX).split("/") if part]
    if any("\x00" in part or "/" in part or len(part) > MAX_NAME_CHARACTERS for part in parts):
        raise NoSuchPath("There is nothing with this path.")
    match parts:
        case [] | ["principals"] | ["calendars"]:
            return Place(kind=Kind.ROOT)
        case ["principals", person]:
            return Place(kind=Kind.PRINCIPAL, person=person)
        case ["calendars", person]:
            return Place(kind=Kind.HOME, person=person)
        case ["calendars", person, collection] if collection in COLLECTIONS:
            return Place(kind=Kind.COLLECTION, person=person, collection=collection)
        case ["calendars", person, collection, name] if collection in COLLECTIONS:
            return Place(kind=Kind.OBJECT, person=person, collection=collection, name=name)
        case _:
            raise NoSuchPath("There is nothing with this path.")


def find_place(href: str) -> Place | None:
    """The place of an href in a request, a path or a whole URL; None for one that is not ours."""
    path = urlsplit(href.strip()).path
    if not is_ours(path):
        return None
    try:
        return parse_path(path)
    except NoSuchPath:
        return None


def path_of(place: Place) -> str:
    match place.kind:
        case Kind.ROOT:
            return f"{PREFIX}/"
        case Kind.PRINCIPAL:
            return f"{PREFIX}/principals/{quote(place.person)}/"
        case Kind.HOME:
            return f"{PREFIX}/calendars/{quote(place.person)}/"
        case Kind.COLLECTION:
            return f"{PREFIX}/calendars/{quote(place.person)}/{place.collection}/"
        case Kind.OBJECT:
            parent = f"{PREFIX}/calendars/{quote(place.person)}/{place.collection}"
            return f"{parent}/{quote(place.name, safe='@')}"
