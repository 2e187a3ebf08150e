"""Inputs of a wrong type, size or form, at the level of readers and checks."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest
from awscrt import checksums as crt
from botocore.model import ServiceModel

from volano.kernel.errors import VolanoError
from volano.wire.aws.catalog import Service, compile_codec
from volano.wire.aws.checksums import check_body_checksums
from volano.wire.aws.codec import Codec, Incoming
from volano.wire.aws.constraints import describe
from volano.wire.aws.query_reader import parse_form
from volano.wire.aws.scalars import BadValue

SHAPES: dict[str, Any] = {
    "Name": {"type": "string", "min": 2, "max": 5, "pattern": "[a-z]+"},
    "Odd": {"type": "string", "pattern": "[\\p{L}]+"},
    "Tag": {"type": "string", "pattern": "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+"},
    "Color": {"type": "string", "enum": ["red", "green"]},
    "Count": {"type": "integer", "min": 1, "max": 9},
    "Ratio": {"type": "double"},
    "Flag": {"type": "boolean"},
    "When": {"type": "timestamp"},
    "Secret": {"type": "blob", "min": 1, "max": 3},
    "Names": {"type": "list", "member": {"shape": "Name"}, "max": 2},
    "Dates": {"type": "list", "member": {"shape": "When"}},
    "Map": {"type": "map", "key": {"shape": "Odd"}, "value": {"shape": "Count"}, "min": 1},
    "Part": {"type": "structure", "members": {"Name": {"shape": "Name"}}, "required": ["Name"]},
    "Parts": {"type": "list", "member": {"shape": "Part"}},
    "Input": {
        "type": "structure",
        "required": ["Id"],
        "members": {
            "Id": {"shape": "Odd"},
            "Tag": {"shape": "Tag"},
            "Name": {"shape": "Name"},
            "Color": {"shape": "Color"},
            "Count": {"shape": "Count"},
            "Ratio": {"shape": "Ratio"},
            "Flag": {"shape": "Flag"},
            "When": {"shape": "When"},
            "Secret": {"shape": "Secret"},
            "Names": {"shape": "Names"},
            "Map": {"shape": "Map"},
            "Parts": {"shape": "Parts"},
            "HeadNames": {"shape": "Names", "location": "header", "locationName": "x-names"},
            "HeadDates": {"shape": "Dates", "location": "header", "locationName": "x-dates"},
            "HeadName": {"shape": "Name", "location": "header", "locationName": "x-name"},
            "HeadJson": {
                "shape": "Odd",
                "jsonvalue": True,
                "location": "header",
                "locationName": "x-json",
            },
        },
    },
}


def codec(protocol: str) -> Codec:
    description = {
        "metadata": {
            "apiVersion": "1",
            "endpointPrefix": "x",
            "protocol": protocol,
            "serviceId": "X",
            "targetPrefix": "X",
            "jsonVersion": "1.1",
        },
        "operations": {
            "Op": {
                "name": "Op",
                "http": {"method": "POST", "requestUri": "/"},
                "input": {"shape": "Input", "locationName": "Request"},
            }
        },
        "shapes": SHAPES,
    }
    service = Service("x", ServiceModel(description, "x"), frozenset({"Op"}))
    return compile_codec(service, "Op", protocol)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ({}, "Value null at 'id' failed to satisfy constraint: Member must not be null"),
        ({"Id": "i", "Name": "a"}, "length greater than or equal to 2"),
        ({"Id": "i", "Name": "abcdef"}, "length less than or equal to 5"),
        ({"Id": "i", "Name": "ABC"}, "regular expression pattern: [a-z]+"),
        ({"Id": "i", "Name": "abc\n"}, "regular expression pattern: [a-z]+"),
        ({"Id": "i", "Color": "blue"}, "enum value set: [red, green]"),
        ({"Id": "i", "Count": 0}, "value greater than or equal to 1"),
        ({"Id": "i", "Count": 10}, "value less than or equal to 9"),
        ({"Id": "i", "Secret": b""}, "length greater than or equal to 1"),
        ({"Id": "i", "Names": ["ab"] * 3}, "at 'names' failed"),
        ({"Id": "i", "Names": ["ab", "x"]}, "at 'names.2.member' failed"),
        ({"Id": "i", "Tag": "no!"}, "regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+"),
        ({"Id": "i", "Tag": "a\tb"}, "regular expression pattern"),
        ({"Id": "i", "Map": {}}, "at 'map' failed"),
        ({"Id": "i", "Map": {"k": 0}}, "at 'map.k.member' failed"),
        ({"Id": "i", "Parts": [{}]}, "Value null at 'parts.1.member.name' failed"),
    ],
)
def test_constraints_are_told_in_aws_words(value: dict[str, Any], rule: str) -> None:
    violations = codec("json").check(value)
    assert rule in describe(violations)


def test_a_valid_input_violates_nothing_and_many_faults_are_cut_short() -> None:
    check = codec("json").check
    assert check({"Id": "☃", "Name": "abc", "Color": "red", "Count": 5, "Secret": b"x"}) == []
    assert len(check({"Id": "i", "Parts": [{}] * 50})) == 10


@pytest.mark.parametrize(
    "body",
    [
        b'{"Id": 1}',
        b'{"Id": true}',
        b'{"Count": "1"}',
        b'{"Count": 1.5}',
        b'{"Count": true}',
        b'{"Ratio": "much"}',
        b'{"Ratio": true}',
        b'{"Flag": "true"}',
        b'{"Flag": 1}',
        b'{"When": true}',
        b'{"When": []}',
        b'{"When": 1e300}',
        b'{"Secret": 5}',
        b'{"Secret": "a"}',
        b'{"Names": "ab"}',
        b'{"Names": {"a": 1}}',
        b'{"Map": []}',
        b'{"Parts": [5]}',
    ],
)
def test_json_of_a_wrong_type_is_a_bad_value(body: bytes) -> None:
    with pytest.raises(BadValue):
        codec("json").read(Incoming(headers={}, body=body))


def test_json_that_is_right_in_unusual_ways() -> None:
    body = b'{"Count": 2.0, "Ratio": "NaN", "When": "2026-11-22T00:00:00Z", "Names": [null], "Id": null}'
    found = codec("json").read(Incoming(headers={}, body=body))
    assert (found["Count"], found["Names"], "Id" in found) == (2, [None], False)
    assert found["Ratio"] != found["Ratio"]


@pytest.mark.parametrize(
    "form",
    [
        "Id.x=1",
        "Names=ab",
        "Names.member.x=ab",
        "Map=x",
        "Map.entry.1.key=a",
        "Map.entry.1=a",
        "Parts.member.1=x",
        "Count=x",
        "Ratio=x",
        "Flag=x",
        "Secret=%%%",
        "When=x",
    ],
)
def test_parameters_of_a_wrong_form_are_bad_values(form: str) -> None:
    with pytest.raises(BadValue):
        codec("query").read(Incoming(headers={}, query=parse_form(form)))


def test_parameters_that_say_the_same_twice_or_nothing() -> None:
    read = codec("query").read
    found = read(Incoming(headers={}, query=parse_form("Names=&Map=&Id=a&Id=b&=x&&Unknown.1=2")))
    assert found == {"Names": [], "Map": {}, "Id": "b"}
    both = read(
        Incoming(
            headers={},
            query=parse_form("Names=&Names.member.1=ab&Names.member.10=c&Names.member.9=b"),
        )
    )
    assert both["Names"] == ["ab", "b", "c"]
    later = read(Incoming(headers={}, query=parse_form("Names.member.1=ab&Names=")))
    assert later["Names"] == ["ab"]


def test_headers_of_lists_dates_json_and_other_alphabets() -> None:
    read = codec("rest-json").read
    encoded = base64.b64encode(b'{"a": 1}').decode()
    headers = {
        "x-names": 'ab, "c,d" ,"e\\"f"',
        "x-dates": "Sun, 22 Nov 2026 06:41:18 GMT, Mon, 23 Nov 2026 06:41:18 GMT",
        "x-name": "ü".encode().decode("latin-1"),
        "x-json": encoded,
    }
    found = read(Incoming(headers=headers))
    assert found["HeadNames"] == ["ab", "c,d", 'e"f']
    assert [date.day for date in found["HeadDates"]] == [22, 23]
    assert found["HeadName"] == "ü"
    assert found["HeadJson"] == {"a": 1}
    assert read(Incoming(headers={"x-name": "\xfc"}))["HeadName"] == "ü"
    assert read(Incoming(headers={"x-dates": "2026-11-22T00:00:00Z"}))["HeadDates"][0].day == 22
    with pytest.raises(BadValue):
        read(Incoming(headers={"x-json": "{"}))


def test_xml_lists_and_maps_of_a_wrong_form() -> None:
    read = codec("rest-xml").read
    found = read(
        Incoming(headers={}, body=b"<Request><Names><other>x</other></Names><New/></Request>")
    )
    assert found == {"Names": []}
    for body in (
        b"<Request><Map><entry><key>a</key></entry></Map></Request>",
        b"<Request><Count>x</Count></Request>",
    ):
        with pytest.raises((BadValue, VolanoError)):
            read(Incoming(headers={}, body=body))


BODY = b"hello"
DIGESTS = {
    "crc32": zlib.crc32(BODY).to_bytes(4, "big"),
    "crc32c": crt.crc32c(BODY).to_bytes(4, "big"),
    "crc64nvme": crt.crc64nvme(BODY).to_bytes(8, "big"),
    "sha1": hashlib.sha1(BODY).digest(),
    "sha256": hashlib.sha256(BODY).digest(),
    "sha512": hashlib.sha512(BODY).digest(),
    "md5": hashlib.md5(BODY).digest(),
}


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_body_checksums(algorithm: str) -> None:
    name = f"x-amz-checksum-{algorithm}"
    right = base64.b64encode(DIGESTS[algorithm]).decode()
    check_body_checksums({name: right}, {}, BODY, required=True)
    check_body_checksums({}, {name: right}, BODY, required=True)
    wrong = base64.b64encode(DIGESTS[algorithm][::-1]).decode()
    for value, code in ((wrong, "BadDigest"), ("!", "InvalidRequest"), ("YQ==", "InvalidRequest")):
        with pytest.raises(VolanoError) as caught:
            check_body_checksums({name: value}, {}, BODY, required=True)
        assert caught.value.wire_code == code


def test_bodies_without_a_needed_checksum_are_refused() -> None:
    check_body_checksums({"x-amz-checksum-algorithm": "CRC32"}, {}, BODY, required=False)
    with pytest.raises(VolanoError):
        check_body_checksums({"x-amz-checksum-algorithm": "CRC32"}, {}, BODY, required=True)


def test_tags_may_be_of_any_script() -> None:
    for text in ("Über uns", "日本語\u3000２", "a_b:c/d=e+f-g@h.i"):
        assert codec("json").check({"Id": "i", "Tag": text}) == []
