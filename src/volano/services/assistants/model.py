"""The nouns of assistants: who speaks, what waits for approval, what a day may cost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from volano.kernel.errors import Conflict, Invalid, NotFound, QuotaExceeded
from volano.kernel.events import Event, event

PROPOSAL_LIFE_S = 24 * 3600
MAX_ASSISTANTS = 200
"""Of one account."""
MAX_SERVERS = 20
MAX_NAME_CHARACTERS = 40
MAX_TITLE_CHARACTERS = 80
MAX_INSTRUCTIONS_CHARACTERS = 8000
MAX_LIST = 100
"""Entries of an assistant's knowledge, tools and audience."""
DEFAULT_TOKENS_PER_DAY = 200_000


class ProposalState(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    EXPIRED = "expired"


class InvalidAssistant(Invalid):
    """A field of an assistant or a setting is wrong; `fields["param"]` names it."""

    code: ClassVar[str] = "InvalidAssistant"


class NoSuchAssistant(NotFound):
    code: ClassVar[str] = "NoSuchAssistant"


class NoSuchProposal(NotFound):
    code: ClassVar[str] = "NoSuchProposal"


class ProposalDecided(Conflict):
    """Somebody decided, or it is too old."""

    code: ClassVar[str] = "ProposalDecided"


class NoSuchServer(NotFound):
    code: ClassVar[str] = "NoSuchServer"


class ServerChanged(Conflict):
    """An outside server describes its tools in another way than was approved."""

    code: ClassVar[str] = "ServerChanged"


class BudgetSpent(QuotaExceeded):
    """The person used today's tokens."""

    code: ClassVar[str] = "BudgetSpent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Of one account. `model` '' means that nothing is generated: answers are quotations.

    `may_act` False is the kill switch of all tools, whoever asks. `tokens_per_day` is what one
    person may spend on models through assistants.
    """

    account: str
    model: str = ""
    may_act: bool = True
    tokens_per_day: int = DEFAULT_TOKENS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """Made by a person; it speaks as a principal of its own.

    `knowledge` holds channel ids and `s3://bucket/prefix` (empty: all that the asker may read),
    `tools` patterns of tool names (`s3_List*`), `audience` chat users who may use it (empty: all).
    """

    id: str
    account: str
    name: str
    title: str
    instructions: str
    model: str
    knowledge: tuple[str, ...]
    tools: tuple[str, ...]
    audience: tuple[str, ...]
    owner_id: str
    principal_id: str
    user_id: str
    enabled: bool
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A call that waits for somebody to press a button.

    `card_us` is 0 until its card is posted; `only_asker` when nobody else is shown it.
    """

    id: str
    account: str
    asker_principal: str
    asker_id: str
    speaker_id: str
    channel_id: str
    question_us: int
    card_us: int = 0
    only_asker: bool
    tool: str
    arguments: dict[str, object]
    state: ProposalState
    result: str = ""
    created_us: int
    expires_us: int
    decided_by: str = ""
    decided_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A message that an answer names as `[number]`; `label` says who wrote it and when."""

    number: int
    channel: str
    ts_us: int
    thread_us: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was written: `text` without links, which names its `sources` by number.

    `model` is '' when nothing was generated; `missing` then says what is missing and how to get it.
    """

    text: str
    model: str = ""
    missing: str = ""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A message in another language; `digest` is of the text that was translated."""

    channel_id: str
    ts_us: int
    language: str
    account: str
    digest: str
    text: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something to do that somebody said. `due_us` 0 means no date, `assignee_id` '' nobody known.

    `ts_us` is the message that says it, 0 in a transcript.
    """

    title: str
    assignee: str = ""
    assignee_id: str = ""
    due_us: int = 0
    ts_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideTool:
    """A tool of an outside server as it was approved; `schema` is JSON Schema."""

    name: str
    description: str
    schema: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideServer:
    """An MCP server that assistants may call. `secret` is sealed, b'' for none.

    `allowed` are the tools that may be called; `changed` when the server now describes its tools
    in another way than approved, which stops its use.
    """

    account: str
    name: str
    url: str
    secret: bytes
    tools: tuple[OutsideTool, ...]
    allowed: tuple[str, ...]
    digest: str
    changed: bool
    approved_us: int


@event("assistants.proposal_decided")
class ProposalMoved(Event, frozen=True, kw_only=True):
    """A proposal was approved, refused, ran or ran out: its card is to be rewritten."""

    account: str
    id: str
