"""The `Range` header (RFC 9110 section 14), one range only, as S3 has it."""

from __future__ import annotations

import re

from volano.services.objects.logic.errors import InvalidArgument, InvalidRange, InvalidRequest

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*")
_COPY_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


def parse_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """First byte and end (exclusive), or None for the whole: no range, several, or not a range.

    Raises InvalidRange when no byte of the object lies in it.
    """
    match = _RANGE.fullmatch(header) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start = int(first)
        end = min(int(last) + 1, size_bytes) if last else size_bytes
        if last and int(last) < start:
            return None
    if start >= size_bytes or start >= end:
        raise InvalidRange(
            "The requested range is not satisfiable",
            fields={"RangeRequested": str(header), "ActualObjectSize": str(size_bytes)},
        )
    return start, end


def parse_copy_range(header: str, size_bytes: int) -> tuple[int, int]:
    """The range of UploadPartCopy: both ends are needed and must lie in the source.

    Raises InvalidArgument, InvalidRequest and InvalidRange.
    """
    match = _COPY_RANGE.fullmatch(header)
    if match is None or int(match[2]) < int(match[1]):
        raise InvalidArgument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
            "and last are the zero-based offsets of the first and last bytes to copy",
            fields={"ArgumentName": "x-amz-copy-source-range", "ArgumentValue": header},
        )
    start, end = int(match[1]), int(match[2]) + 1
    if start >= size_bytes:
        raise InvalidRequest("The specified copy range is invalid for the source object size")
    if end > size_bytes:
        raise InvalidRange(
            f"Range specified is not valid for source object of size: {size_bytes}",
            status=416,
            fields={"RangeRequested": header, "ActualObjectSize": str(size_bytes)},
        )
    return start, end
