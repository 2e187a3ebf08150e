"""Timestamps, numbers, booleans and blobs as AWS's protocols write them.

Formats: Smithy's `timestampFormat` trait (smithy.io/2.0/spec/protocol-traits.html). Parsers give
what boto3 gives its user: aware datetimes, bytes, int, float, bool. Writers also take seconds
since 1970 for a timestamp. A value that cannot be read raises BadValue.
"""

from __future__ import annotations

import base64
import binascii
import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TWO = tuple(f"{number:02d}" for number in range(60))
THREE = tuple(f"{number:03d}" for number in range(1000))
MAX_INTEGER_DIGITS = 20


class BadValue(Exception):
    """A value on the wire that is not of its type; the gateway turns it into the protocol's error.

    `path` grows while the error passes outwards.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def parse_integer(text: str) -> int:
    text = text.strip()
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not digits.isascii() or not digits.isdigit() or len(digits) > MAX_INTEGER_DIGITS:
        raise BadValue(f"'{text[:64]}' is not an integer.")
    return int(text)


def parse_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadValue(f"'{text[:64]}' is not a number.") from None


def parse_boolean(text: str) -> bool:
    lower = text.strip().lower()
    if lower in ("true", "1"):
        return True
    if lower in ("false", "0"):
        return False
    raise BadValue(f"'{text[:64]}' is not a boolean.")


def parse_blob(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise BadValue("A value is not valid base64.") from None


def parse_timestamp(text: str) -> datetime:
    """Any of the three formats; clients mix them up, and AWS takes all where it can tell."""
    text = text.strip()
    try:
        if text[4:5] == "-" and "T" in text:
            return _parse_iso8601(text)
        if text[:1].isdigit() or text[:1] == "-":
            return from_seconds(float(text)) if "-" not in text[1:] else _parse_iso8601(text)
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        raise BadValue(f"'{text[:64]}' is not a timestamp.") from None


def _parse_iso8601(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def from_seconds(seconds: float) -> datetime:
    """The aware datetime `seconds` after 1970; raises BadValue when no calendar has it."""
    try:
        return _EPOCH + timedelta(microseconds=round(seconds * 1_000_000))
    except (OverflowError, ValueError):
        raise BadValue("A timestamp is out of range.") from None


def seconds_of(value: datetime | float) -> float:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        whole = aware - _EPOCH
        return (whole.days * 86_400 + whole.seconds) + whole.microseconds / 1e6
    return value


def _utc(value: datetime | float) -> datetime:
    if isinstance(value, datetime):
        if value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return from_seconds(value)


def iso8601(value: datetime | float | str) -> str:
    """`2026-11-22T06:41:18Z`, with milliseconds only where there are some."""
    if isinstance(value, str):
        return value
    moment = _utc(value)
    return iso8601_millis(moment) if moment.microsecond >= 1000 else _iso(moment) + "Z"


def iso8601_millis(value: datetime | float | str) -> str:
    """`2026-11-22T06:41:18.000Z`: S3 and EC2 always write milliseconds."""
    if isinstance(value, str):
        return value
    if not isinstance(value, datetime):
        minute, millis = divmod(int(value * 1000 + 0.5), 60_000)
        return f"{_minute(minute)}{TWO[millis // 1000]}.{THREE[millis % 1000]}Z"
    moment = _utc(value)
    return f"{_iso(moment)}.{THREE[moment.microsecond // 1000]}Z"


@lru_cache(maxsize=4096)
def _minute(minutes: int) -> str:
    """`2026-11-22T06:41:`, by minutes since 1970."""
    return _iso(from_seconds(minutes * 60))[:17]


def _iso(moment: datetime) -> str:
    """Tables make this five times quicker than isoformat, and listings are full of it."""
    return (
        f"{moment.year:04d}-{TWO[moment.month]}-{TWO[moment.day]}"
        f"T{TWO[moment.hour]}:{TWO[moment.minute]}:{TWO[moment.second]}"
    )


def http_date(value: datetime | float | str) -> str:
    """`Sun, 22 Nov 2026 06:41:18 GMT` (RFC 9110 section 5.6.7)."""
    if isinstance(value, str):
        return value
    return _http_date(math.floor(seconds_of(value)))


@lru_cache(maxsize=1024)
def _http_date(seconds: int) -> str:
    moment = from_seconds(seconds)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month - 1]} "
        f"{moment.year:04d} {moment.hour:02d}:{moment.minute:02d}:{moment.second:02d} GMT"
    )


def unix_seconds(value: datetime | float | str) -> float | int | str:
    """Seconds with at most milliseconds, as an int where they are whole."""
    if isinstance(value, str):
        return value
    seconds = round(seconds_of(value), 3)
    return int(seconds) if seconds == int(seconds) else seconds


def unix_text(value: datetime | float | str) -> str:
    return str(unix_seconds(value))


def timestamp_writer(
    format_name: str | None, default: str, *, millis: bool
) -> Callable[[datetime | float | str], str]:
    """The writer of text for a `timestampFormat`; `default` is the protocol's own for the place."""
    name = (format_name or default).lower()
    if name == "unixtimestamp":
        return unix_text
    if name == "rfc822":
        return http_date
    return iso8601_millis if millis else iso8601


def float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if value in (math.inf, -math.inf):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def boolean_text(value: object) -> str:
    return "true" if value else "false"


def blob_text(value: bytes | bytearray | memoryview | str) -> str:
    raw = value.encode() if isinstance(value, str) else value
    return base64.b64encode(raw).decode("ascii")
