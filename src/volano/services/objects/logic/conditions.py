"""Conditional requests (RFC 9110 section 13, and S3's conditional writes)."""

from __future__ import annotations

from dataclasses import dataclass

from volano.services.objects.logic.errors import NoSuchKey, PreconditionFailed
from volano.services.objects.model import StoredObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConditions:
    """Conditions on what is read; times are whole seconds since 1970."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since_s: int | None = None
    if_unmodified_since_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteConditions:
    """Conditions on what is there before a write or delete."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_match_size_bytes: int | None = None
    if_match_modified_s: int | None = None

    @property
    def is_empty(self) -> bool:
        return self == NO_WRITE_CONDITIONS


COPY_SOURCE = "x-amz-copy-source-"
"""What the conditions on a copy's source are called with."""
NO_READ_CONDITIONS = ReadConditions()
NO_WRITE_CONDITIONS = WriteConditions()


def is_modified(conditions: ReadConditions, item: StoredObject, *, now_us: int) -> bool:
    """False when the reader's copy is still good (304); raises PreconditionFailed.

    If-Match wins over If-Unmodified-Since, If-None-Match over If-Modified-Since (RFC 9110 13.2.2).
    An If-Modified-Since that lies in the future is ignored.
    """
    _require_unchanged(conditions, item)
    if conditions.if_none_match is not None:
        return not matches(conditions.if_none_match, item.etag)
    return not _is_known_since(conditions.if_modified_since_s, item, now_us)


def require_copy_source(conditions: ReadConditions, item: StoredObject, *, now_us: int) -> None:
    """A copy's source that is not modified is a failed precondition; raises PreconditionFailed.

    S3 ignores an If-Modified-Since that lies in the future.
    """
    _require_unchanged(conditions, item, header=COPY_SOURCE)
    if conditions.if_none_match is not None:
        if matches(conditions.if_none_match, item.etag):
            raise failed(COPY_SOURCE + "If-None-Match")
    elif _is_known_since(conditions.if_modified_since_s, item, now_us):
        raise failed(COPY_SOURCE + "If-Modified-Since")


def _is_known_since(since_s: int | None, item: StoredObject, now_us: int) -> bool:
    return since_s is not None and _seconds(item) <= since_s <= now_us // 1_000_000


def _require_unchanged(conditions: ReadConditions, item: StoredObject, header: str = "") -> None:
    if conditions.if_match is not None:
        if not matches(conditions.if_match, item.etag):
            raise failed(header + "If-Match")
    elif _is_after(_seconds(item), conditions.if_unmodified_since_s):
        raise failed(header + "If-Unmodified-Since")


def _seconds(item: StoredObject) -> int:
    return item.modified_us // 1_000_000


def require_writable(conditions: WriteConditions, item: StoredObject | None, *, key: str) -> None:
    """Raises PreconditionFailed, or NoSuchKey when If-Match names an object that is not there."""
    none_match = conditions.if_none_match
    if none_match is not None and item is not None and matches(none_match, item.etag):
        raise failed("If-None-Match")
    if conditions.if_match is not None:
        if item is None:
            raise NoSuchKey("The specified key does not exist.", fields={"Key": key})
        if not matches(conditions.if_match, item.etag):
            raise failed("If-Match")
    if item is None:
        return
    if conditions.if_match_size_bytes not in (None, item.size_bytes):
        raise failed("x-amz-if-match-size")
    if conditions.if_match_modified_s not in (None, _seconds(item)):
        raise failed("x-amz-if-match-last-modified-time")


def _is_after(modified_s: int, limit_s: int | None) -> bool:
    return limit_s is not None and modified_s > limit_s


def failed(condition: str) -> PreconditionFailed:
    return PreconditionFailed(
        "At least one of the pre-conditions you specified did not hold",
        fields={"Condition": condition},
    )


def matches(header: str, etag: str) -> bool:
    """Whether a list of entity tags holds `etag` (stored without quotes)."""
    if header.strip() == "*":
        return True
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in header.split(","))
    return etag in tags
