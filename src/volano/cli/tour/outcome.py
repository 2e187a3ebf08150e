"""What a step found: a note when everything was as it must be, else the failure and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field


class StepFailed(Exception):
    """An outcome was not what it must be; `todo` tells the reader what to try next."""

    def __init__(self, *, expected: str, got: str, todo: str) -> None:
        super().__init__(f"expected {expected}; got {got}")
        self.expected = expected
        self.got = got
        self.todo = todo


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a step did, checked: one line for the table, lines to show, facts for --json."""

    summary: str
    lines: tuple[str, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)


def require(ok: bool, *, expected: str, got: object, todo: str) -> None:  # noqa: FBT001 -- reads as an assertion
    """Raise StepFailed unless `ok`."""
    if not ok:
        raise StepFailed(expected=expected, got=_shorten(str(got)), todo=todo)


def _shorten(text: str, limit: int = 600) -> str:
    return text if len(text) <= limit else text[:limit] + " …"
