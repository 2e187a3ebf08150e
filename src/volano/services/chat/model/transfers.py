"""Imports and exports: what another workplace's archive says, in Slack's words, and how it went.

Every form of archive is read as Slack's export: people, places (its conversations) and messages as
Slack's JSON. Ids here are the other workplace's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from volano.services.chat.model import ChannelKind, Json

if TYPE_CHECKING:
    from collections.abc import Mapping


class TransferKind(Enum):
    IMPORT = "import"
    EXPORT = "export"


class TransferState(Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One import or export of an account; `file_id` is its archive."""

    id: str
    account: str
    user_id: str
    kind: TransferKind
    state: TransferState
    file_id: str
    options: Mapping[str, object]
    report: Report
    job_id: str
    created_us: int
    ended_us: int = 0


MAX_NOTES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a transfer: counts of what was done, of what was skipped by reason, notes."""

    counts: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    error: str = ""

    def add(self, what: str, number: int = 1) -> None:
        if number:
            self.counts[what] = self.counts.get(what, 0) + number

    def skip(self, reason: str, note: str = "", number: int = 1) -> None:
        """Count what was left out; the first MAX_NOTES are named."""
        self.skipped[reason] = self.skipped.get(reason, 0) + number
        self.note(note)

    def note(self, note: str) -> None:
        if note and note not in self.notes and len(self.notes) < MAX_NOTES:
            self.notes.append(note)

    def merge(self, other: Report) -> None:
        for what, number in other.counts.items():
            self.add(what, number)
        for reason, number in other.skipped.items():
            self.skip(reason, number=number)
        for note in other.notes:
            self.note(note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the other workplace. `bot_id` is '' for people; `guest` is multi, single or ''.

    `aliases` are more ids under which messages name the same one (a bot's `B…`). `own_bot`: one of
    Volano's own, so that it is the one of that name here.
    """

    id: str
    name: str
    real_name: str
    email: str = ""
    deleted: bool = False
    bot_id: str = ""
    guest: str = ""
    profile: Mapping[str, object] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    own_bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePin:
    """A message that is pinned."""

    ts_us: int
    user_id: str
    pinned_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A conversation of the other workplace; direct ones have no name."""

    id: str
    kind: ChannelKind
    name: str = ""
    creator: str = ""
    created_us: int = 0
    topic: str = ""
    topic_by: str = ""
    topic_us: int = 0
    purpose: str = ""
    purpose_by: str = ""
    purpose_us: int = 0
    archived: bool = False
    general: bool = False
    members: tuple[str, ...] = ()
    pins: tuple[PlacePin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of an archive that is read in one go; `stamp` changes when its bytes do."""

    name: str
    stamp: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message as Slack's JSON in a place, or why there is none."""

    place: str
    message: Json
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartProgress:
    """How far a part was read."""

    name: str
    stamp: str
    done: int = 0
    finished: bool = False
    known_us: int = 0
    last_us: int = 0
