"""Urgent messages: whoever is called must acknowledge; until then, more ways are tried in turn."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

MAX_RECEIVERS = 200
MAX_STEPS = 5
MAX_STEP_S = 24 * 3600
MAX_URGENT_CHARACTERS = 2000


class Step(msgspec.Struct, kw_only=True, frozen=True):
    """A way that is tried `after_s` seconds after sending: email, or webhook to `url`."""

    way: str
    after_s: int
    url: str = ""


class Told(msgspec.Struct, kw_only=True, frozen=True):
    """A way that was tried at `at` (seconds); `error` is '' when it went through."""

    way: str
    at: int
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgent:
    """An urgent message; `ts_us` is 0 unless it is about a message of a channel."""

    id: str
    account: str
    channel_id: str
    ts_us: int
    sender: str
    text: str
    steps: tuple[Step, ...]
    sent_us: int
    recalled_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who is called. `step` is tried next, at `due_us` (0: no more)."""

    urgent_id: str
    user_id: str
    acknowledged_us: int
    step: int
    due_us: int
    told: tuple[Told, ...]
