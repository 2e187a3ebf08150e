"""Calendars and tasks for calendar programs, by CalDAV. Everybody sees their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.calendar.logic import collections, filters, times
from volano.services.calendar.logic.collections import Condition, Item
from volano.services.calendar.logic.occurrences import require_range
from volano.services.calendar.logic.people import address_of, title_of
from volano.services.calendar.model import Collection, InvalidEvent, NoSuchResource
from volano.services.office import interface as office
from volano.wire.action import PERMISSION, action
from volano.wire.caldav.nodes import (
    Broken,
    Busy,
    Changes,
    DavRequest,
    Kind,
    Look,
    Multiget,
    Node,
    Place,
    Put,
    Query,
    Remove,
    Sync,
    Written,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from volano.kernel.call import Call, Env
    from volano.services.chat.interface import ChatUser

CALENDAR = "arn:aws:calendar:{region}:{account}:calendar/{collection}"
TITLES = {Collection.EVENTS: "Calendar", Collection.TASKS: "Tasks"}
READ, WRITE, DELETE = "calendar:ListEvents", "calendar:UpdateEvent", "calendar:DeleteEvent"


def _of_tasks(permission: str) -> Callable[[Env, Call, DavRequest], Awaitable[dict[str, str]]]:
    """Tasks are the office's, and so is the permission."""

    async def facts(env: Env, call: Call, request: DavRequest) -> dict[str, str]:
        return {PERMISSION: permission} if request.place.collection == "tasks" else {}

    return facts


_READ_TASKS = _of_tasks("office:ListTasks")


async def _enter(env: Env, call: Call, place: Place) -> ChatUser:
    """The caller; other people's places are not there for them."""
    mine = await office.me(env, call)
    if place.person not in ("", mine.id):
        raise NoSuchResource("This is another person's, or nobody's.")
    return mine


def _collection(place: Place) -> Collection:
    if place.kind not in (Kind.COLLECTION, Kind.OBJECT):
        raise Broken("Ask this of a calendar.", code="DAV:supported-report")
    return Collection(place.collection)


def _node(mine: ChatUser, place: Place, title: str = "", state: int = 0) -> Node:
    return Node(place=place, person=mine.id, address=address_of(mine), title=title, state=state)


def _nodes(mine: ChatUser, collection: Collection, items: Iterable[Item]) -> list[Node]:
    return [
        Node(
            place=Place(
                kind=Kind.OBJECT, person=mine.id, collection=collection.value, name=item.name
            ),
            person=mine.id,
            address=address_of(mine),
            etag=item.etag,
            text=item.text,
            gone=item.gone,
        )
        for item in items
    ]


async def _collection_node(env: Env, call: Call, mine: ChatUser, kind: Collection) -> Node:
    place = Place(kind=Kind.COLLECTION, person=mine.id, collection=kind.value)
    return _node(mine, place, TITLES[kind], await collections.state_of(env, call, kind))


@action("caldav:PROPFIND", permission=READ, resource=CALENDAR, read_only=True, facts=_READ_TASKS)
async def propfind(env: Env, call: Call, request: Look) -> list[Node]:
    """A place, and what lies right below it."""
    place = request.place
    mine = await _enter(env, call, place)
    home = Place(kind=Kind.HOME, person=mine.id)
    match place.kind:
        case Kind.ROOT:
            below = [
                _node(mine, Place(kind=Kind.PRINCIPAL, person=mine.id), title_of(mine)),
                _node(mine, home, "Calendars"),
            ]
            return [_node(mine, place), *(below if request.depth else ())]
        case Kind.PRINCIPAL:
            return [_node(mine, place, title_of(mine))]
        case Kind.HOME:
            below = []
            if request.depth:
                below = [await _collection_node(env, call, mine, kind) for kind in Collection]
            return [_node(mine, home, "Calendars"), *below]
        case Kind.COLLECTION:
            kind = Collection(place.collection)
            itself = await _collection_node(env, call, mine, kind)
            if not request.depth:
                return [itself]
            items = await collections.list_items(env, call, kind, text=request.with_text)
            return [itself, *_nodes(mine, kind, items)]
        case Kind.OBJECT:
            kind = Collection(place.collection)
            return _nodes(mine, kind, [await collections.get_item(env, call, kind, place.name)])


@action("caldav:GET", permission=READ, resource=CALENDAR, read_only=True, facts=_READ_TASKS)
async def get(env: Env, call: Call, request: DavRequest) -> Node:
    """One object."""
    mine = await _enter(env, call, request.place)
    kind = _collection(request.place)
    found = await collections.get_item(env, call, kind, request.place.name)
    return _nodes(mine, kind, [found])[0]


@action(
    "caldav:PUT",
    permission=WRITE,
    resource=CALENDAR,
    read_only=False,
    facts=_of_tasks("office:UpdateTask"),
)
async def put(env: Env, call: Call, request: Put) -> Written:
    """Write an object. A guest's change of an event is their answer to it."""
    place = request.place
    await _enter(env, call, place)
    condition = Condition(match=request.match, none_match=request.none_match)
    try:
        etag, created = await collections.put_item(
            env, call, _collection(place), place.name, request.text, condition
        )
    except InvalidEvent as error:
        raise Broken(error.message, code="CALDAV:valid-calendar-data") from error
    return Written(etag=etag, created=created)


@action(
    "caldav:DELETE",
    permission=DELETE,
    resource=CALENDAR,
    read_only=False,
    facts=_of_tasks("office:DeleteTask"),
)
async def delete(env: Env, call: Call, request: Remove) -> None:
    """Call off one's own event, say no to another's, delete a task."""
    place = request.place
    await _enter(env, call, place)
    condition = Condition(match=request.match)
    await collections.delete_item(env, call, _collection(place), place.name, condition)


@action(
    "caldav:calendar-query",
    permission=READ,
    resource=CALENDAR,
    read_only=True,
    facts=_READ_TASKS,
)
async def calendar_query(env: Env, call: Call, request: Query) -> list[Node]:
    """Objects that pass a filter."""
    mine = await _enter(env, call, request.place)
    kind = _collection(request.place)
    items = await collections.list_items(env, call, kind, text=True)
    found = await filters.matching(items, request.filter)
    span = request.expand
    if span is not None and kind is Collection.EVENTS:
        texts = [await filters.expanded(item.text, span) for item in found]
        found = [replace(item, text=text) for item, text in zip(found, texts, strict=True)]
    return _nodes(mine, kind, found)


@action(
    "caldav:calendar-multiget",
    permission=READ,
    resource=CALENDAR,
    read_only=True,
    facts=_READ_TASKS,
)
async def calendar_multiget(env: Env, call: Call, request: Multiget) -> list[Node]:
    """Objects by their paths; those that are not in the collection are said to be gone."""
    mine = await _enter(env, call, request.place)
    kind = _collection(request.place)
    names = [
        place.name
        for place in request.places
        if place is not None
        and (place.kind, place.person) == (Kind.OBJECT, mine.id)
        and place.collection == kind.value
    ]
    return _nodes(mine, kind, await collections.get_items(env, call, kind, names))


@action(
    "caldav:sync-collection",
    permission=READ,
    resource=CALENDAR,
    read_only=True,
    facts=_READ_TASKS,
)
async def sync_collection(env: Env, call: Call, request: Sync) -> Changes:
    """What changed since a token (RFC 6578)."""
    mine = await _enter(env, call, request.place)
    kind = _collection(request.place)
    items, state = await collections.list_changes(
        env, call, kind, request.state, text=request.with_text
    )
    return Changes(nodes=_nodes(mine, kind, items), state=state)


@action(
    "caldav:free-busy-query",
    permission="calendar:GetFreeBusy",
    resource=CALENDAR,
    read_only=True,
)
async def free_busy_query(env: Env, call: Call, request: Busy) -> str:
    """The caller's busy times as VFREEBUSY."""
    mine = await _enter(env, call, request.place)
    span = require_range(request.span.starts_us, request.span.ends_us)
    found = await times.busy_of(env, call.account, mine.id, span)
    return filters.busy_text(found, span, env.clock.now_us())
