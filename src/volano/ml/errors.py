"""The errors of the engine; `kind` travels over the socket and is mapped by whoever asked."""

from __future__ import annotations

from typing import ClassVar


class EngineError(Exception):
    """Root; `message` is for the caller and names the input and what to do.

    `param` is the field of the request that is wrong, where it is one.
    """

    kind: ClassVar[str] = "internal"

    def __init__(self, message: str, *, code: str = "", param: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param


class BadRequest(EngineError):
    """The request cannot be served as it is."""

    kind = "invalid"


class BadModel(EngineError):
    """The model's files are missing, damaged or of a family that is not built."""

    kind = "bad_model"


class QueueFull(EngineError):
    """More requests wait than the named limit; retrying later helps."""

    kind = "busy"


class OutOfMemory(EngineError):
    """The model does not fit in the memory of this machine."""

    kind = "out_of_memory"


class DeadlinePassed(EngineError):
    """The request was not answered in the time it was given."""

    kind = "deadline"


def deadline_passed() -> DeadlinePassed:
    """The error of a request that ran out of time, wherever that was noticed."""
    return DeadlinePassed(
        "The request was not answered by its deadline. Ask for less or wait longer."
    )
