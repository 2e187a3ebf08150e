"""The end of a web socket that several tasks serve: one of them raises it, and the rest stop.

Codes from 4000 on are Volano's own (RFC 6455 section 7.4.2).
"""

from __future__ import annotations

TOO_SLOW = 1013
"""The client leaves too much unread; it comes again later."""
REFUSED, SIGNED_OUT, NOT_ALLOWED = 4400, 4401, 4403


class Ended(Exception):
    """The socket is to be closed with `code`, and a `reason` of at most 123 bytes."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def end_of(group: BaseExceptionGroup[Ended]) -> Ended:
    """The first of those that the tasks of one socket raised."""
    first = group.exceptions[0]
    return first if isinstance(first, Ended) else end_of(first)
