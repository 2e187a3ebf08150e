"""Bodies of PROPFIND and REPORT as requests.

A document type is refused, so no entity can be declared or expanded; in which encoding it came
shows only once the body is parsed, and parsing reads nothing but the body.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lxml import etree

from volano.kernel.errors import Invalid
from volano.wire.caldav.nodes import (
    Broken,
    Busy,
    ComponentFilter,
    DavRequest,
    Multiget,
    Place,
    PropertyFilter,
    Query,
    Span,
    Sync,
    TextMatch,
)
from volano.wire.caldav.paths import find_place

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

DAV, CAL = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
CALENDAR_DATA = f"{CAL}calendar-data"
SYNC_PREFIX = "urn:volano:sync:"
MAX_HREFS = 5000
MAX_FILTERS = 50
FIRST_US, LAST_US = 0, 1 << 62


def parse_xml(data: bytes) -> Element | None:
    """The root element; None for an empty body. Raises Invalid."""
    if not data.strip():
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise Invalid(f"The body is no XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Invalid("A body has no document type.")
    return root


def asked_properties(root: Element | None) -> list[str] | None:
    """Names of the properties that are asked for; None for all of them."""
    found = None if root is None else root.find(f"{DAV}prop")
    return None if found is None else [str(item.tag) for item in found]


def parse_report(root: Element | None, place: Place) -> DavRequest:
    """What a REPORT asks. Raises Invalid, and Broken for a report that is not supported."""
    if root is None:
        raise Invalid("A REPORT has a body.")
    with_text = CALENDAR_DATA in (asked_properties(root) or ())
    if root.tag == f"{CAL}calendar-query":
        return _query(root, place, with_text=with_text)
    if root.tag == f"{CAL}calendar-multiget":
        hrefs = [item.text or "" for item in root.findall(f"{DAV}href")]
        if len(hrefs) > MAX_HREFS:
            raise Invalid(f"A multiget names at most {MAX_HREFS} objects.")
        places = tuple(find_place(href) for href in hrefs)
        return Multiget(place=place, with_text=with_text, places=places)
    if root.tag == f"{DAV}sync-collection":
        return Sync(place=place, with_text=with_text, state=_state(root))
    if root.tag == f"{CAL}free-busy-query":
        span = _span(root.find(f"{CAL}time-range"))
        if span is None:
            raise Invalid("A free-busy-query has a time-range.")
        return Busy(place=place, span=span)
    raise Broken("This report is not supported.", code="DAV:supported-report")


def _state(root: Element) -> int:
    text = (root.findtext(f"{DAV}sync-token") or "").strip()
    if not text:
        return 0
    number = text.removeprefix(SYNC_PREFIX)
    if not text.startswith(SYNC_PREFIX) or not number.isdigit():
        raise Broken("Begin anew without a token.", code="DAV:valid-sync-token")
    return int(number)


def _query(root: Element, place: Place, *, with_text: bool) -> Query:
    found = root.find(f"{CAL}filter/{CAL}comp-filter")
    if found is None or found.get("name", "").upper() != "VCALENDAR":
        raise Broken("A filter begins with VCALENDAR.", code="CALDAV:valid-filter")
    expand = root.find(f"{DAV}prop/{CALENDAR_DATA}/{CAL}expand")
    return Query(place=place, with_text=with_text, filter=_component(found), expand=_span(expand))


def _component(found: Element) -> ComponentFilter:
    if len(found) > MAX_FILTERS:
        raise Invalid(f"A filter has at most {MAX_FILTERS} parts.")
    return ComponentFilter(
        name=found.get("name", "").upper(),
        absent=found.find(f"{CAL}is-not-defined") is not None,
        span=_span(found.find(f"{CAL}time-range")),
        properties=tuple(_property(item) for item in found.findall(f"{CAL}prop-filter")),
        components=tuple(_component(item) for item in found.findall(f"{CAL}comp-filter")),
    )


def _property(found: Element) -> PropertyFilter:
    match = found.find(f"{CAL}text-match")
    text = None
    if match is not None:
        text = TextMatch(text=match.text or "", negated=match.get("negate-condition") == "yes")
    return PropertyFilter(
        name=found.get("name", "").upper(),
        absent=found.find(f"{CAL}is-not-defined") is not None,
        text=text,
    )


def _span(found: Element | None) -> Span | None:
    if found is None:
        return None
    start, end = found.get("start"), found.get("end")
    return Span(
        starts_us=_moment(start) if start else FIRST_US, ends_us=_moment(end) if end else LAST_US
    )


def _moment(text: str) -> int:
    """`20261122T100000Z` (RFC 4791 section 9.9: in UTC)."""
    try:
        at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise Broken(f"'{text[:40]}' is no time in UTC.", code="CALDAV:valid-filter") from error
    return int(at.timestamp() * 1_000_000)
