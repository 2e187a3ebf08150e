"""Nodes as multistatus: what each property says (RFC 4918, 4791, 5397, 6578)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree
from lxml.builder import ElementMaker

from volano.wire.caldav.nodes import Kind, Node, Place
from volano.wire.caldav.paths import path_of
from volano.wire.caldav.reading import CAL, CALENDAR_DATA, DAV, SYNC_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lxml.etree import _Element as Element

    Property = Callable[[Node], list["Element | str"] | None]

SERVER = "{http://calendarserver.org/ns/}"
_NAMES = {
    "D": "DAV:",
    "C": "urn:ietf:params:xml:ns:caldav",
    "CS": "http://calendarserver.org/ns/",
}
_D = ElementMaker(namespace=_NAMES["D"], nsmap=_NAMES)
_C = ElementMaker(namespace=_NAMES["C"], nsmap=_NAMES)
COMPONENTS = {"events": "VEVENT", "tasks": "VTODO"}
OK, MISSING = "HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"
MAX_RESOURCE_BYTES = 256 * 1024


def multistatus(
    nodes: Iterable[Node], asked: Sequence[str] | None, *, state: int | None = None
) -> bytes:
    """The body of a 207; `state` adds the sync token of a sync-collection."""
    root = _D.multistatus(*(_response(node, asked) for node in nodes))
    if state is not None:
        root.append(_D("sync-token", f"{SYNC_PREFIX}{state}"))
    return _bytes(root)


def refused_properties(place: Place, names: Iterable[str]) -> bytes:
    """The answer to a PROPPATCH: nothing of this can be set."""
    prop = _D.prop(*(etree.Element(name) for name in names))
    status = _D.propstat(prop, _D.status("HTTP/1.1 403 Forbidden"))
    return _bytes(_D.multistatus(_D.response(_D.href(path_of(place)), status)))


def error_body(code: str, message: str) -> bytes:
    """RFC 4918 section 16; a code that is no element's name is only said in words."""
    space, _, name = code.partition(":")
    condition = {"DAV": _D, "CALDAV": _C}.get(space)
    root = _D.error()
    if condition is not None and name != "error":
        root.append(condition(name))
    root.append(_D.responsedescription(message))
    return _bytes(root)


def _bytes(root: Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))


def _response(node: Node, asked: Sequence[str] | None) -> Element:
    href = _D.href(path_of(node.place))
    if node.gone:
        return _D.response(href, _D.status(MISSING))
    names = [name for name in _PROPERTIES if name != CALENDAR_DATA] if asked is None else asked
    found, absent = [], []
    for name in names:
        say = _PROPERTIES.get(name)
        content = say(node) if say else None
        element = etree.Element(name)
        if content is None:
            absent.append(element)
            continue
        for item in content:
            if isinstance(item, str):
                element.text = item
            else:
                element.append(item)
        found.append(element)
    response = _D.response(href)
    if found or not absent:
        response.append(_D.propstat(_D.prop(*found), _D.status(OK)))
    if absent and asked is not None:
        response.append(_D.propstat(_D.prop(*absent), _D.status(MISSING)))
    return response


def _href(place: Place) -> Element:
    return _D.href(path_of(place))


def _principal(node: Node) -> list[Element | str]:
    return [_href(Place(kind=Kind.PRINCIPAL, person=node.person))]


def _home(node: Node) -> list[Element | str]:
    return [_href(Place(kind=Kind.HOME, person=node.person))]


def _resource_type(node: Node) -> list[Element | str]:
    match node.place.kind:
        case Kind.OBJECT:
            return []
        case Kind.PRINCIPAL:
            return [_D.principal()]
        case Kind.COLLECTION:
            return [_D.collection(), _C.calendar()]
        case Kind.ROOT | Kind.HOME:
            return [_D.collection()]


def _of_collection(
    say: Callable[[Node], list[Element | str]],
) -> Property:
    return lambda node: say(node) if node.place.kind is Kind.COLLECTION else None


def _of_object(say: Callable[[Node], list[Element | str]]) -> Property:
    return lambda node: say(node) if node.place.kind is Kind.OBJECT else None


def _reports(_: Node) -> list[Element | str]:
    names = (_C("calendar-query"), _C("calendar-multiget"), _C("free-busy-query"))
    reports = (*names, _D("sync-collection"))
    return [_D("supported-report", _D.report(report)) for report in reports]


def _privileges(node: Node) -> list[Element | str]:
    names = ["read", "read-current-user-privilege-set"]
    if node.place.kind in (Kind.COLLECTION, Kind.OBJECT):
        names += ["write-content", "bind", "unbind"]
    return [_D.privilege(_D(name)) for name in names]


def _token(node: Node) -> list[Element | str]:
    return [f"{SYNC_PREFIX}{node.state}"]


def _data_type(_: Node) -> list[Element | str]:
    return [_C("calendar-data", {"content-type": "text/calendar", "version": "2.0"})]


_PROPERTIES: dict[str, Property] = {
    f"{DAV}resourcetype": _resource_type,
    f"{DAV}displayname": lambda node: [node.title] if node.title else None,
    f"{DAV}current-user-principal": _principal,
    f"{DAV}principal-URL": lambda node: (
        _principal(node) if node.place.kind is Kind.PRINCIPAL else None
    ),
    f"{DAV}owner": _principal,
    f"{DAV}principal-collection-set": lambda _: [_D.href("/dav/principals/")],
    f"{DAV}current-user-privilege-set": _privileges,
    f"{DAV}getetag": _of_object(lambda node: [f'"{node.etag}"']),
    f"{DAV}getcontenttype": _of_object(
        lambda node: [
            f"text/calendar; charset=utf-8; component={COMPONENTS[node.place.collection]}"
        ]
    ),
    f"{DAV}supported-report-set": _of_collection(_reports),
    f"{DAV}sync-token": _of_collection(_token),
    f"{SERVER}getctag": _of_collection(_token),
    f"{CAL}calendar-home-set": _home,
    f"{CAL}calendar-user-address-set": lambda node: [
        _D.href(f"mailto:{node.address}"),
        *_principal(node),
    ],
    f"{CAL}calendar-user-type": lambda node: (
        ["INDIVIDUAL"] if node.place.kind is Kind.PRINCIPAL else None
    ),
    f"{CAL}supported-calendar-component-set": _of_collection(
        lambda node: [_C.comp(name=COMPONENTS[node.place.collection])]
    ),
    f"{CAL}supported-calendar-data": _of_collection(_data_type),
    f"{CAL}max-resource-size": _of_collection(lambda _: [str(MAX_RESOURCE_BYTES)]),
    CALENDAR_DATA: _of_object(lambda node: [node.text]),
}
