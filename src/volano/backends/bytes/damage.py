"""What a zone says when it cannot give the bytes of its copy."""

from __future__ import annotations

import errno

from volano.kernel.errors import Unavailable

FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The disk, the quota or the file size limit is exhausted."""


class CopyLost(Exception):
    """One zone's copy of a blob is missing or damaged; another zone may have a sound one."""


def is_full(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in FULL_ERRNOS


def to_unavailable(error: BaseException | None) -> Unavailable:
    """The error for the caller when no zone could take a blob."""
    if is_full(error):
        return Unavailable(
            "There is no space left to store this; free some space and try again.",
            code="InsufficientStorage",
            status=507,
            facts={"cause": repr(error)},
        )
    return Unavailable(
        "No zone can store this now; try again in a moment.",
        code="SlowDown",
        facts={"cause": repr(error)},
        retry_after_s=1.0,
    )
