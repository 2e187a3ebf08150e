"""Timestamps, numbers, CBOR and XML text, in and out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.errors import Internal
from volano.wire.aws import cbor, scalars
from volano.wire.aws.catalog import compile_codec, load_service
from volano.wire.aws.xml import escape, parse_xml

MOMENT = datetime(2026, 11, 22, 6, 41, 18, 123456, tzinfo=UTC)
SECONDS = MOMENT.timestamp()


def test_timestamps_are_written_in_each_format() -> None:
    paris = MOMENT.astimezone(timezone(timedelta(hours=1)))
    for value in (MOMENT, paris, MOMENT.replace(tzinfo=None), SECONDS):
        assert scalars.iso8601_millis(value) == "2026-11-22T06:41:18.123Z"
        assert scalars.iso8601(value) == "2026-11-22T06:41:18.123Z"
        assert scalars.http_date(value) == "Sun, 22 Nov 2026 06:41:18 GMT"
        assert scalars.unix_seconds(value) == 1795329678.123
    assert scalars.iso8601(int(SECONDS)) == "2026-11-22T06:41:18Z"
    assert scalars.iso8601_millis(0) == "1970-01-01T00:00:00.000Z"
    assert scalars.unix_seconds(5.0) == 5
    assert scalars.iso8601("as it is") == "as it is"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T06:41:18Z",
        "2026-11-22T06:41:18.000Z",
        "2026-11-22T07:41:18+01:00",
        "2026-11-22T06:41:18",
        "Sun, 22 Nov 2026 06:41:18 GMT",
        "1795329678",
        "1795329678.0",
    ],
)
def test_timestamps_are_read_in_each_format(text: str) -> None:
    assert scalars.parse_timestamp(text) == MOMENT.replace(microsecond=0)


@pytest.mark.parametrize("text", ["", "x", "2026-13-45T00:00:00Z", "1e99", "nan", "--", "Sun, 99"])
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(scalars.BadValue):
        scalars.parse_timestamp(text)


@pytest.mark.parametrize("text", ["", "1.5", "x", "1" * 30, "٣", "1_000", "0x1"])
def test_what_is_no_integer_is_refused(text: str) -> None:
    with pytest.raises(scalars.BadValue):
        scalars.parse_integer(text)


@given(st.integers(0, 200_000_000_000_000))
def test_listing_times_agree_whether_given_as_datetime_or_seconds(millis: int) -> None:
    aware = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
    seconds = millis / 1000
    assert scalars.iso8601_millis(aware) == scalars.iso8601_millis(seconds)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_cbor_reads_what_it_wrote(value: Any) -> None:
    assert cbor.decode(cbor.encode(value)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_cbor_or_a_bad_value(data: bytes) -> None:
    try:
        cbor.decode(data)
    except scalars.BadValue as error:
        assert error.message  # noqa: PT017 - both outcomes are right


def test_cbor_of_rfc_8949_appendix_a() -> None:
    cases = {
        "1bffffffffffffffff": 2**64 - 1,
        "3903e7": -1000,
        "f93e00": 1.5,
        "fa47c35000": 100000.0,
        "fbc010666666666666": -4.1,
        "f97c00": float("inf"),
        "c11a514b67b0": datetime(2013, 3, 21, 20, 4, tzinfo=UTC),
        "5f42010243030405ff": b"\x01\x02\x03\x04\x05",
        "7f657374726561646d696e67ff": "streaming",
        "9f018202039f0405ffff": [1, [2, 3], [4, 5]],
        "bf61610161629f0203ffff": {"a": 1, "b": [2, 3]},
    }
    for text, value in cases.items():
        assert cbor.decode(bytes.fromhex(text)) == value


@given(
    st.text(
        st.characters(
            codec="utf-8",
            exclude_characters="".join(map(chr, range(9)))
            + "\x0b\x0c"
            + "".join(map(chr, range(14, 32)))
            + "\ufffe\uffff",
        )
    )
)
def test_escaped_text_is_parsed_back(text: str) -> None:
    assert (parse_xml(f"<a>{escape(text)}</a>".encode()).text or "") == text


def test_characters_that_xml_cannot_hold_become_references() -> None:
    assert escape("a\x01b\x0bc") == "a&#x1;b&#xb;c"


def test_empty_and_missing_are_different() -> None:
    codec = compile_codec(load_service("ec2"), "DescribeInstances", "ec2")
    parser = create_parser("ec2")
    shape = load_service("ec2").model.operation_model("DescribeInstances").output_shape

    def parsed(result: dict[str, Any]) -> Any:
        response = codec.write(result, "id")
        found = parser.parse({"status_code": 200, "headers": {}, "body": response.body}, shape)
        found.pop("ResponseMetadata")
        return found

    assert parsed({}) == {}
    assert parsed({"NextToken": None}) == {}
    assert parsed({"Reservations": []}) == {"Reservations": []}
    assert parsed({"Reservations": [{}]}) == {"Reservations": [{}]}


def test_ec2_answers_carry_the_namespace_with_a_slash() -> None:
    codec = compile_codec(load_service("ec2"), "DescribeInstances", "ec2")
    body = codec.write({}, "id").body
    assert isinstance(body, bytes)
    assert b'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"' in body


def test_a_member_that_the_model_lacks_is_the_handlers_bug() -> None:
    for folder, operation, protocol in (
        ("ec2", "DescribeInstances", "ec2"),
        ("s3", "GetObject", "rest-xml"),
        ("kms", "Encrypt", "json"),
    ):
        codec = compile_codec(load_service(folder), operation, protocol)
        with pytest.raises(Internal):
            codec.write({"Reservation": "x"}, "id")


def test_long_listings_are_written_like_short_ones() -> None:
    codec = compile_codec(load_service("s3"), "ListObjectsV2", "rest-xml")
    plain = {
        "Key": "a",
        "LastModified": MOMENT,
        "ETag": '"e"',
        "Size": 1,
        "StorageClass": "STANDARD",
    }
    entries = [
        plain,
        {**plain, "Key": "b & <c>", "Owner": {"ID": "1", "DisplayName": "n&m"}},
        {**plain, "ChecksumAlgorithm": ["CRC32"], "ChecksumType": "FULL_OBJECT"},
        {**plain, "RestoreStatus": {"IsRestoreInProgress": True}},
        {"Key": "bare"},
    ]
    response = codec.write({"Contents": entries}, "id")
    shape = load_service("s3").model.operation_model("ListObjectsV2").output_shape
    found = create_parser("rest-xml").parse(
        {"status_code": 200, "headers": {}, "body": response.body}, shape
    )["Contents"]
    exact = MOMENT.replace(microsecond=123000)
    assert found == [
        {**entry, "LastModified": exact} if "LastModified" in entry else entry for entry in entries
    ]
