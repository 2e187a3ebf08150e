"""Dates of conditional requests that are no dates (RFC 9110 sections 13.1.3 and 13.1.4)."""

from __future__ import annotations

import pytest

from volano.wire.aws.catalog import get_codec, get_service
from volano.wire.aws.codec import Incoming
from volano.wire.aws.scalars import BadValue


@pytest.mark.parametrize("name", ["CopySourceIfUnmodifiedSince", "CopySourceIfModifiedSince"])
async def test_a_copy_ignores_a_condition_without_a_date(name: str) -> None:
    codec = await get_codec(await get_service("s3"), "CopyObject", "rest-xml")
    header = {
        "CopySourceIfUnmodifiedSince": "x-amz-copy-source-if-unmodified-since",
        "CopySourceIfModifiedSince": "x-amz-copy-source-if-modified-since",
    }[name]
    labels = {"Bucket": "b", "Key": "k"}
    assert name not in codec.read(Incoming(headers={header: "Invalid Date"}, labels=labels))
    date = "Sun, 22 Nov 2026 21:00:00 GMT"
    assert codec.read(Incoming(headers={header: date}, labels=labels))[name].hour == 21


async def test_other_dates_must_be_dates() -> None:
    codec = await get_codec(await get_service("s3"), "PutObject", "rest-xml")
    with pytest.raises(BadValue):
        codec.read(Incoming(headers={"expires": "x", "x-amz-object-lock-retain-until-date": "x"}))
