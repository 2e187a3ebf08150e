"""The nouns of documents: texts that several people edit at once, as Yjs keeps them.

An edit is an update, a few bytes that say what was put where; updates may be merged in any order
and any number of times with the same result, so nobody waits for anybody. A document is a base
(an object in the workplace's bucket) and the updates since. An update is acknowledged once its row
is durable.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from volano.kernel.errors import Denied, Invalid, NotFound, TooLarge

MAX_DOCUMENTS = 10_000
"""Of one account."""
MAX_LISTED = 200
MAX_TITLE_CHARACTERS = 200
MAX_UPDATE_BYTES = 1_000_000
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_LOG = 5_000
"""Updates since the base; the base is renewed long before, and must be beyond it."""
FOLD_AFTER = 300
"""Updates after which the base is renewed though people go on writing."""
QUIET_S = 3.0
"""Without an update for so long, the base is renewed."""
VERSION_EVERY_S = 600
"""Bases of so long are one version."""
MAX_VERSIONS = 100
MAX_SHARES = 100
MAX_WORDS = 5_000
MAX_COMMENTS = 500
MAX_COMMENT_CHARACTERS = 4_000
NOTHING = b"\x00\x00"
"""The update that changes nothing."""


class Role(Enum):
    """What somebody may do; each may do what the ones before may."""

    VIEW = "view"
    EDIT = "edit"
    OWN = "own"

    @property
    def may_edit(self) -> bool:
        return self is not Role.VIEW


class InvalidDocument(Invalid):
    """A field is wrong; `fields["param"]` names it."""

    code: ClassVar[str] = "InvalidDocument"


class NoSuchDocument(NotFound):
    code: ClassVar[str] = "NoSuchDocument"


class ReadOnly(Denied):
    code: ClassVar[str] = "ReadOnly"


class DocumentTooLarge(TooLarge):
    code: ClassVar[str] = "DocumentTooLarge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document. `seq` counts its updates; those up to `base_seq` are in the base, the object
    `base_key` ('' while there is none).
    """

    id: str
    account: str
    title: str
    owner_id: str
    seq: int = 0
    base_seq: int = 0
    base_key: str = ""
    editor_id: str = ""
    edited_us: int
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """That a chat user, or everyone who reads a channel, may view or edit."""

    document_id: str
    target: str
    account: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The document as it was after `seq` updates; `key` is an object of the bucket."""

    document_id: str
    seq: int
    account: str
    key: str
    size_characters: int
    editor_id: str
    is_kept: bool = False
    """Whether later bases leave it alone, however young it is."""
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A remark on `quote`, words of the text."""

    id: str
    document_id: str
    account: str
    user_id: str
    quote: str
    text: str
    is_resolved: bool = False
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A document's base and the updates since, oldest first."""

    base_key: str
    base_seq: int
    updates: tuple[bytes, ...]

    @property
    def seq(self) -> int:
        return self.base_seq + len(self.updates)
