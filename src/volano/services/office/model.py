"""The nouns of the office: forms and steps, approvals with their history, tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from volano.kernel.errors import Conflict, Denied, Invalid, NotFound, Throttled
from volano.kernel.events import Event, event

MAX_TEMPLATES = 200
MAX_FIELDS = 40
MAX_STEPS = 12
MAX_DECIDERS = 20
"""People of one step."""
MAX_NAME_CHARACTERS = 40
MAX_TITLE_CHARACTERS = 120
MAX_TEXT_CHARACTERS = 4000
MAX_CHOICES = 100
MAX_COPIES = 50
URGE_EVERY_S = 3600


class FieldKind(Enum):
    """What a field holds: `date` is `2026-11-22`, `money` a decimal, `days` both ends of a span."""

    TEXT = "text"
    LONG_TEXT = "long-text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"
    FILES = "files"
    """Files that the asker uploaded to the chat: their ids, separated by commas."""


class StepKind(Enum):
    """Who decides: named people, or the asker's manager (`level` 1) or that one's (`level` 2)."""

    PEOPLE = "people"
    MANAGER = "manager"


class State(Enum):
    RUNNING = "running"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    """To the asker, who may change and send it again."""
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        return self in (State.RUNNING, State.RETURNED)


class Role(Enum):
    DECIDES = "decides"
    READS = "reads"
    """Gets a copy."""


class NoteKind(Enum):
    SENT = "sent"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    DELEGATED = "delegated"
    URGED = "urged"
    COMMENTED = "commented"
    WITHDRAWN = "withdrawn"


class InvalidForm(Invalid):
    """A field of a template or a value is wrong; `fields["param"]` names it."""

    code: ClassVar[str] = "InvalidForm"


class NoSuchTemplate(NotFound):
    code: ClassVar[str] = "NoSuchTemplate"


class NoSuchApproval(NotFound):
    code: ClassVar[str] = "NoSuchApproval"


class NoSuchTask(NotFound):
    code: ClassVar[str] = "NoSuchTask"


class NotYourTurn(Denied):
    """Somebody else decides now."""

    code: ClassVar[str] = "NotYourTurn"


class ApprovalClosed(Conflict):
    """It was decided or withdrawn already."""

    code: ClassVar[str] = "ApprovalClosed"


class UrgedAlready(Throttled):
    code: ClassVar[str] = "UrgedAlready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A question of a form; `choices` for a choice."""

    name: str
    label: str
    kind: FieldKind
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A decision. `everyone` must agree, or one is enough.

    With `over_field` the step is left out unless that number is over `over`. `people` are chat
    users: in a template those of kind PEOPLE, in an approval all who decide.
    """

    kind: StepKind
    people: tuple[str, ...] = ()
    level: int = 1
    everyone: bool = False
    over_field: str = ""
    over: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A form with its way through the company. `copies` get a copy when it is approved."""

    id: str
    account: str
    name: str
    title: str
    about: str
    fields: tuple[Field, ...]
    steps: tuple[Step, ...]
    copies: tuple[str, ...] = ()
    enabled: bool = True
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A form that somebody sent, as it was when it was sent."""

    id: str
    account: str
    template_id: str
    title: str
    fields: tuple[Field, ...]
    values: dict[str, str]
    asker_id: str
    state: State
    step: int
    steps: tuple[Step, ...]
    copies: tuple[str, ...]
    urged_us: int = 0
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """That a person decides, or reads, at a step; the card that told them."""

    approval_id: str
    user_id: str
    account: str
    step: int
    role: Role
    waiting: bool
    channel_id: str = ""
    card_us: int = 0
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line of an approval's history; `other_id` is to whom it was delegated."""

    id: str
    approval_id: str
    user_id: str
    kind: NoteKind
    text: str = ""
    other_id: str = ""
    step: int
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to do; `due_us` 0 without a date, `done_us` 0 while open.

    `channel_id` and `message_us` name the message that it came from, if any.
    """

    id: str
    account: str
    title: str
    note: str = ""
    creator_id: str
    assignee_id: str
    due_us: int = 0
    reminded: bool = False
    done_us: int = 0
    channel_id: str = ""
    message_us: int = 0
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deputy:
    """Who decides in somebody's place about what is sent from `from_us` to `until_us`."""

    account: str
    user_id: str
    deputy_id: str
    from_us: int
    until_us: int

    def stands_in(self, now_us: int) -> bool:
        return self.from_us <= now_us < self.until_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Who will decide, step by step, and who gets a copy."""

    steps: tuple[Step, ...] = ()
    copies: tuple[str, ...] = field(default=())


@event("office.approval_moved")
class ApprovalMoved(Event, frozen=True, kw_only=True):
    """Cards are to be sent or rewritten."""

    account: str
    id: str


@event("office.task_changed")
class TaskChanged(Event, frozen=True, kw_only=True):
    """Made for somebody else, or done: the other one is told."""

    account: str
    id: str
    by: str
    kind: str
