"""Who asked for work that is done later."""

from __future__ import annotations

import msgspec


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """A principal as a row keeps it."""

    kind: str
    account: str
    id: str
    name: str
    arn: str
    scopes: list[str] | None = None
    session_policy: str | None = None
    session_expires_us: int | None = None
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    facts: dict[str, str] = msgspec.field(default_factory=dict)
    holder: str = ""
