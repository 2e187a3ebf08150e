"""Guests beyond the workplace: who is to be told by mail, and what they answer by its link.

Mails themselves are written in `mails.py`; the rows say which are due. The link holds a keyed hash
of event and address, so it cannot be guessed and is stored nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.services.calendar.logic.filing import file_answer
from volano.services.calendar.logic.ics import (
    attendees_of,
    mail_address,
    main_event,
    parse_calendar,
    wrong,
)
from volano.services.calendar.model import (
    MAX_OUTSIDERS,
    Answer,
    NoSuchEvent,
    Outsider,
)
from volano.services.calendar.store import events as event_rows
from volano.services.calendar.store import outsiders as rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    import icalendar

    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Tx
    from volano.services.calendar.logic.ics import Facts
    from volano.services.calendar.model import CalendarEvent

MAILS = "calendar:mails"
"""The reconciler that sends what is due."""
PATH = "/volano/v1/calendar/invitations"
MAX_ADDRESS_CHARACTERS = 254
_ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_KEY_CHARACTERS = 40
_UNSAID = {"DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE", "ATTENDEE", "ORGANIZER", "CLASS"}
"""What no guest is told of."""
_ANSWERS = {"ACCEPTED": Answer.YES, "DECLINED": Answer.NO, "TENTATIVE": Answer.MAYBE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """Who is invited by mail from now on, besides those who were; `reset` asks everybody anew.

    `answers` are those that the owner's own program learned, by address.
    """

    asked: frozenset[str] = frozenset()
    reset: bool = False
    answers: dict[str, Answer]


def require_addresses(addresses: Iterable[str]) -> list[str]:
    """In small letters, each once. Raises InvalidEvent."""
    found = list(dict.fromkeys(address.strip().lower() for address in addresses))
    if len(found) > MAX_OUTSIDERS:
        raise wrong("outsiders", f"At most {MAX_OUTSIDERS} people are invited by mail.")
    for address in found:
        if len(address) > MAX_ADDRESS_CHARACTERS or not _ADDRESS.fullmatch(address):
            raise wrong("outsiders", f"'{address[:80]}' is no e-mail address.")
    return found


def answers_of(facts: Facts) -> dict[str, Answer]:
    """What a calendar program says that people answered."""
    return {
        invited.address: _ANSWERS[invited.answer]
        for invited in facts.invited
        if invited.answer in _ANSWERS
    }


async def fit(
    tx: Tx, event: CalendarEvent, facts: Facts, mailing: Mailing, now_us: int
) -> list[Outsider]:
    """Write who is a guest by mail now and which mails are due; returns those who are guests."""
    known = {item.address: item for item in await rows.select_outsiders(tx, event.id)}
    invited = {person.address for person in facts.invited}
    said = digest_of(event.ics)
    present = []
    for address in sorted(known.keys() | mailing.asked):
        was = known.get(address) or Outsider(
            event_id=event.id, address=address, account=event.account
        )
        stays = address in invited and (address in mailing.asked or not was.gone)
        item = _fitted(replace(was, gone=not stays), mailing, said, now_us)
        if item != known.get(address):
            await rows.upsert_outsider(tx, item)
        if stays:
            present.append(item)
    await rows.delete_told(tx, event.id)
    return present


def _fitted(item: Outsider, mailing: Mailing, said: str, now_us: int) -> Outsider:
    if item.gone:
        was_told = bool(item.told or item.due_us)
        return replace(item, due_us=now_us if was_told else 0, tries=0)
    answer = Answer.NONE if mailing.reset else mailing.answers.get(item.address, item.answer)
    item = replace(item, answer=answer)
    return item if item.told == said else replace(item, due_us=now_us, tries=0, error="")


def digest_of(ics: str) -> str:
    """Changes with whatever guests see of an event."""
    said = []
    for event in parse_calendar(ics).walk("VEVENT"):
        event.subcomponents = []
        for name in [name for name in event if name in _UNSAID or name.startswith("X-")]:
            del event[name]
        said.append(event.to_ical())
    return hashlib.sha256(b"".join(said)).hexdigest()[:16]


async def dismiss(tx: Tx, event: CalendarEvent, now_us: int) -> bool:
    """The event is called off; whether somebody is to be told so by mail."""
    told = False
    for item in await rows.select_outsiders(tx, event.id):
        if item.told or item.due_us:
            await rows.upsert_outsider(tx, replace(item, gone=True, due_us=now_us, tries=0))
            told = True
    return told


async def list_present(reader: Reader, event_id: str) -> list[Outsider]:
    """Who is invited by mail."""
    return [item for item in await rows.select_outsiders(reader, event_id) if not item.gone]


async def are_waiting(reader: Reader, event_id: str) -> bool:
    """Whether a mail about the event is still to go out."""
    return any(item.due_us for item in await rows.select_outsiders(reader, event_id))


def link_of(env: Env, item: Outsider, language: str = "") -> str:
    """Where somebody answers; whoever has it answers in their name."""
    query = f"?lang={language}" if language else ""
    return f"{env.config.console_url}{PATH}/{item.event_id}/{_key(env, item)}{query}"


def _key(env: Env, item: Outsider) -> str:
    plain = f"calendar-answer:{item.event_id}:{item.address}"
    return env.secrets.digest(plain).hex()[:_KEY_CHARACTERS]


async def find_by_key(env: Env, event_id: str, key: str) -> tuple[Outsider, CalendarEvent]:
    """Whose link it is. Raises NoSuchEvent when the event is over with or not theirs any more."""
    for item in await rows.select_outsiders(env.store.reader, event_id):
        if hmac.compare_digest(_key(env, item).encode(), key.encode()) and not item.gone:
            event = await event_rows.find_event(env.store.reader, item.account, event_id)
            if event is not None and not event.is_cancelled:
                return item, event
    raise NoSuchEvent("The event was called off, or you are not invited any more.")


async def answer(env: Env, event_id: str, key: str, said: Answer) -> None:
    """Somebody answers by their link; the owner is told. Raises NoSuchEvent."""
    item, _ = await find_by_key(env, event_id, key)
    etag = env.ids.hex(16)

    async def write(tx: Tx) -> None:
        event = await event_rows.find_event(tx, item.account, event_id)
        present = {one.address: one for one in await rows.select_outsiders(tx, event_id)}
        current = present.get(item.address)
        if event is None or current is None or current.gone:
            raise NoSuchEvent("The event was called off meanwhile.")
        await rows.upsert_outsider(tx, replace(current, answer=said))
        guests = [guest.user_id for guest in await event_rows.select_guests(tx, event_id)]
        await file_answer(tx, event, guests, etag=etag, answered=item.address)

    await env.store.transact(write)


def asked_by_program(calendar: icalendar.Calendar) -> frozenset[str]:
    """Whom a calendar program leaves to the server to invite (RFC 6638, SCHEDULE-AGENT)."""
    return frozenset(
        mail_address(str(item))
        for item in attendees_of(main_event(calendar))
        if str(item.params.get("SCHEDULE-AGENT", "")).upper() == "SERVER"
    )
