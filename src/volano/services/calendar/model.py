"""The nouns of calendars: events as iCalendar text with what is looked up of it, guests, entries.

The text (RFC 5545) is the event; the columns beside it are made from it whenever it is written.
Every person has two collections, as CalDAV calls them: `events` and `tasks`. An entry is a thing in
one of them under the name that a calendar program gave it; `seq` grows with every change, so that
a program asks only for what is newer than what it has. Tasks themselves belong to the office.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from volano.kernel.errors import Conflict, Denied, Invalid, NotFound, PreconditionFailed
from volano.kernel.events import Event, event

MAX_EVENTS = 20_000
"""Events that one person may own."""
MAX_GUESTS = 300
MAX_OUTSIDERS = 100
"""Guests of an event who are invited by mail."""
MAX_TITLE_CHARACTERS = 300
MAX_TEXT_CHARACTERS = 8000
MAX_ICS_BYTES = 256 * 1024
MAX_RANGE_DAYS = 400
"""What may be asked for at once."""
MAX_OCCURRENCES = 2000
"""Of one answer."""
MAX_REMIND_MINUTES = 60 * 24 * 28
FOREVER_US = 1 << 62
DAY_US = 86_400_000_000
CALLED_OFF = " called off "
"""Within the UID of an event that is in no calendar any more."""


class Answer(Enum):
    """What a guest says; the values are those of Volano's API."""

    NONE = "none"
    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


class Collection(Enum):
    EVENTS = "events"
    TASKS = "tasks"


class InvalidEvent(Invalid):
    """A field of an event is wrong; `fields["param"]` names it."""

    code: ClassVar[str] = "InvalidEvent"


class NoSuchEvent(NotFound):
    code: ClassVar[str] = "NoSuchEvent"


class NoSuchResource(NotFound):
    """A path of CalDAV that leads nowhere."""

    code: ClassVar[str] = "NoSuchResource"


class NotYourEvent(Denied):
    """Only who made an event changes it."""

    code: ClassVar[str] = "NotYourEvent"


class ChangedMeanwhile(PreconditionFailed):
    """If-Match or If-None-Match does not hold."""

    code: ClassVar[str] = "ChangedMeanwhile"


class UidTaken(Conflict):
    """Another event of the calendar has this UID."""

    code: ClassVar[str] = "CALDAV:no-uid-conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """An event. `starts_us` to `ends_us` spans all of its occurrences (`FOREVER_US` without an
    end); `remind_us` is when the next reminder is due, 0 for none. `etag` changes with the text.
    """

    id: str
    account: str
    owner_id: str
    uid: str
    title: str
    ics: str
    etag: str
    starts_us: int
    ends_us: int
    is_recurring: bool
    is_busy: bool
    is_cancelled: bool = False
    remind_us: int = 0
    moved: int = 0
    """How often its time or place changed: guests are asked anew."""
    updated_us: int

    @property
    def is_ended(self) -> bool:
        """Taken out of all calendars; the row stays until everybody was told so."""
        return self.is_cancelled and CALLED_OFF in self.uid


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A person who is invited; `told` is what of the event they were told last."""

    event_id: str
    user_id: str
    account: str
    answer: Answer = Answer.NONE
    channel_id: str = ""
    card_us: int = 0
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """Somebody beyond the workplace who is invited by mail. `due_us` is when the next mail is due,
    0 for none; `told` is what the last one said. `gone`: no guest any more, and not yet told so.
    """

    event_id: str
    address: str
    account: str
    answer: Answer = Answer.NONE
    told: str = ""
    due_us: int = 0
    tries: int = 0
    error: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A thing in a person's collection: an event or a task. `gone` once it was taken out.

    `uid` and `etag` are of tasks only; an event has its own.
    """

    account: str
    user_id: str
    collection: Collection
    name: str
    target_id: str
    seq: int
    gone: bool = False
    uid: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time at which an event takes place. All-day ones begin and end at midnight, UTC."""

    event: CalendarEvent
    starts_us: int
    ends_us: int
    all_day: bool
    title: str
    location: str = ""
    key: str = ""
    """Its RECURRENCE-ID, '' when the event takes place once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one moment to another."""

    starts_us: int
    ends_us: int


@event("calendar.event_changed")
class EventChanged(Event, frozen=True, kw_only=True):
    """Guests are to be told; `removed` are people who are guests no more."""

    account: str
    id: str
    removed: tuple[str, ...] = ()
    answered: str = ""
    """Who answered, when that is what happened: a chat user, or an outsider's address."""
