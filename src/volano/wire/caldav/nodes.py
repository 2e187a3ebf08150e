"""What lies behind the paths of CalDAV, and what requests ask of it. Handlers take and make these.

`/dav/`, `/dav/principals/U1/`, `/dav/calendars/U1/` (the home), `/dav/calendars/U1/events/` and
`…/tasks/` (the collections), and an object below each for every event or task.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from volano.kernel.errors import NotFound, VolanoError


class Kind(Enum):
    ROOT = "root"
    PRINCIPAL = "principal"
    HOME = "home"
    COLLECTION = "collection"
    OBJECT = "object"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A path; `person` is a chat user, `collection` events or tasks."""

    kind: Kind
    person: str = ""
    collection: str = ""
    name: str = ""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """Something with properties. `state` counts the changes of a collection.

    `person` and `address` are the caller's, whatever the place. An object has `etag` and, when it
    was asked for, `text`; `gone` tells a program to forget it.
    """

    place: Place
    person: str
    address: str
    title: str = ""
    state: int = 0
    etag: str = ""
    text: str = ""
    gone: bool = False


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """From one moment to another, in microseconds."""

    starts_us: int
    ends_us: int


class TextMatch(msgspec.Struct, frozen=True, kw_only=True):
    """Contains `text`, in whatever case; or does not (`negated`)."""

    text: str
    negated: bool = False


class PropertyFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A property that is there, is `absent`, or holds a text (RFC 4791 section 9.7.2)."""

    name: str
    absent: bool = False
    text: TextMatch | None = None


class ComponentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A component that is there, or `absent`, with all that is asked of it (section 9.7.1)."""

    name: str
    absent: bool = False
    span: Span | None = None
    properties: tuple[PropertyFilter, ...] = ()
    components: tuple[ComponentFilter, ...] = ()


class DavRequest(msgspec.Struct, kw_only=True):
    """What every request has; `collection` is also what the policies' resource names."""

    place: Place
    with_text: bool = False
    """Whether the objects' texts are asked for."""

    @property
    def collection(self) -> str:
        return self.place.collection or "*"


class Look(DavRequest, kw_only=True):
    """PROPFIND: a place, and with `depth` 1 what lies right below it."""

    depth: int


class Query(DavRequest, kw_only=True):
    """calendar-query; `expand` asks for the single times of repeating events."""

    filter: ComponentFilter
    expand: Span | None = None


class Multiget(DavRequest, kw_only=True):
    """calendar-multiget."""

    places: tuple[Place | None, ...]
    """None for a path that is none of ours."""


class Sync(DavRequest, kw_only=True):
    """sync-collection: what changed since `state`, everything for 0."""

    state: int


class Changes(msgspec.Struct, kw_only=True):
    nodes: list[Node]
    state: int


class Busy(DavRequest, kw_only=True):
    """free-busy-query."""

    span: Span


class Put(DavRequest, kw_only=True):
    """Write an object; `match` and `none_match` are ETags without quotes, or `*`."""

    text: str
    match: str = ""
    none_match: str = ""


class Written(msgspec.Struct, kw_only=True):
    etag: str
    created: bool


class Remove(DavRequest, kw_only=True):
    match: str = ""


class NoSuchPath(NotFound):
    """Nothing of CalDAV has this path."""

    code = "NoSuchPath"


class Broken(VolanoError):
    """A precondition of WebDAV or CalDAV does not hold; the code is its element's name."""

    code = "DAV:error"
    status = 403
