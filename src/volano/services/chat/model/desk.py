"""The nouns of a person's desk: drafts, saved messages, followed threads, calls, preferences."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

MAX_DRAFT_CHARACTERS = 40_000
MAX_KEYWORDS = 50
MAX_KEYWORD_CHARACTERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDraft:
    """What a person began to write; `thread_us` is 0 for the channel itself."""

    channel_id: str
    thread_us: int
    text: str
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A message kept for later; `done_us` is 0 while it is open."""

    channel_id: str
    ts_us: int
    saved_us: int
    done_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """A thread of a person; replies newer than `last_read_us` are unread."""

    channel_id: str
    thread_us: int
    following: bool
    last_read_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A message that calls somebody; `reason` is mention, broadcast, keyword or thread."""

    channel_id: str
    ts_us: int
    thread_us: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a message said until `revised_us`, when `user_id` changed or deleted it."""

    revised_us: int
    user_id: str
    text: str
    deleted: bool


class QuietHours(msgspec.Struct, kw_only=True, frozen=True):
    """Daily times without notices: minutes since midnight in `zone`; weekdays from Monday as 0."""

    from_minute: int = 22 * 60
    until_minute: int = 8 * 60
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    zone: str = "UTC"


class Preferences(msgspec.Struct, kw_only=True, frozen=True):
    """A person's own settings. `notify` is all, calls (mentions and direct messages) or none."""

    language: str = ""
    notify: str = "calls"
    keywords: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()
    quiet: QuietHours | None = None
