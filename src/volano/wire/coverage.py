"""One row of the coverage table: an operation of a published API and what Volano has of it."""

from __future__ import annotations

from typing import Literal

import msgspec


class CoverageRow(msgspec.Struct, frozen=True, kw_only=True):
    """`where` is how it is called (method and path); `note` says what a partial one lacks."""

    protocol: str
    group: str
    operation: str
    where: str = ""
    action: str = ""
    state: Literal["built", "partial", "not built"] = "not built"
    note: str = ""
