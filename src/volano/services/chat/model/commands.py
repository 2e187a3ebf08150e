"""Slash commands of the workplace itself, answered by a service above the chat."""

from __future__ import annotations

from dataclasses import dataclass

from volano.kernel.events import Event, event


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCommand:
    """`command` begins with `/`; `usage_hint` shows what may follow it."""

    command: str
    usage_hint: str
    description: str


@event("chat.commanded")
class Commanded(Event, frozen=True, kw_only=True):
    """Somebody ran a command of the workplace itself; `thread_us` 0 outside of threads."""

    account: str
    user_id: str
    channel: str
    thread_us: int
    command: str
    text: str
    at_us: int
