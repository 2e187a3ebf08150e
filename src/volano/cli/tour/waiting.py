"""Waiting for what the cloud does later, always with a limit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def poll(look: Callable[[], T | None], *, timeout_s: float, every_s: float = 0.4) -> T | None:
    """Call `look` until it answers something; None when `timeout_s` is over."""
    end = time.monotonic() + timeout_s
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() >= end:
            return None
        time.sleep(every_s)
