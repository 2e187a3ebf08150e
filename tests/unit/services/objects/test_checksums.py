"""Checksums: computing, claiming, combining."""

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.services.objects.logic.checksums import (
    ALGORITHMS,
    COMPOSITE,
    FULL_OBJECT,
    claim_from_trailers,
    combine,
    combine_crcs,
    full_checksum,
    new_hash,
    parse_claims,
    require_kind,
    require_match,
)
from volano.services.objects.logic.errors import BadDigest, InvalidDigest, InvalidRequest


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def digest(algorithm: str, data: bytes) -> bytes:
    running = new_hash(algorithm)
    running.update(data)
    return running.digest()


def test_every_algorithm_has_the_size_it_says():
    assert {name: len(digest(name, b"abc")) for name in ALGORITHMS} == ALGORITHMS


def test_check_values_of_the_crcs():
    """The catalogue's check values over `123456789` (reveng.sourceforge.io, CRC catalogue)."""
    assert digest("CRC32", b"123456789").hex() == "cbf43926"
    assert digest("CRC32C", b"123456789").hex() == "e3069283"
    assert digest("CRC64NVME", b"123456789").hex() == "ae8b14860a799888"


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=6))
def test_crcs_of_parts_combine_to_the_crc_of_the_whole(parts):
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME"):
        crcs = [(int.from_bytes(digest(algorithm, part), "big"), len(part)) for part in parts]
        assert combine_crcs(algorithm, crcs) == digest(algorithm, b"".join(parts))


def test_composite_checksum_is_of_the_parts_checksums():
    parts = [b"one", b"two"]
    values = [(b64(hashlib.sha256(part).digest()), len(part)) for part in parts]
    joined = b"".join(hashlib.sha256(part).digest() for part in parts)
    made = combine("SHA256", COMPOSITE, values)
    assert made.value == b64(hashlib.sha256(joined).digest()) + "-2"


def test_which_algorithms_may_be_of_the_full_object():
    assert require_kind("CRC64NVME", None) == FULL_OBJECT
    assert require_kind("CRC32", None) == COMPOSITE
    assert require_kind("CRC32", FULL_OBJECT) == FULL_OBJECT
    for algorithm, kind in (
        ("SHA256", FULL_OBJECT),
        ("CRC64NVME", COMPOSITE),
        ("XXHASH3", FULL_OBJECT),
    ):
        with pytest.raises(InvalidRequest):
            require_kind(algorithm, kind)


def test_claims_of_a_header_and_of_a_trailer():
    value = b64(zlib.crc32(b"x").to_bytes(4, "big"))
    claims = parse_claims({"ChecksumCRC32": value, "ChecksumAlgorithm": "CRC32"})
    assert (claims.algorithm, claims.value) == ("CRC32", value)
    claims = parse_claims({"ChecksumAlgorithm": "crc32"}, ["x-amz-checksum-crc32"])
    claim_from_trailers(claims, {"x-amz-checksum-crc32": value})
    assert claims.value == value


@pytest.mark.parametrize(
    ("request_fields", "trailers"),
    [
        ({"ChecksumCRC32": "AAAAAA==", "ChecksumSHA1": b64(b"0" * 20)}, []),
        ({"ChecksumCRC32": "AAAAAA=="}, ["x-amz-checksum-sha1"]),
        ({"ChecksumAlgorithm": "CRC32"}, []),
        ({"ChecksumAlgorithm": "ROT13"}, []),
    ],
)
def test_claims_that_make_no_sense_are_refused(request_fields, trailers):
    with pytest.raises(InvalidRequest):
        parse_claims(request_fields, trailers)


@pytest.mark.parametrize("value", ["AAAA", "!", "bad"])
@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_a_value_that_can_be_no_hash_is_a_bad_digest(algorithm, value):
    with pytest.raises(BadDigest):
        parse_claims({f"Checksum{algorithm}": value}, [])


def test_content_md5_must_be_sixteen_bytes():
    with pytest.raises(InvalidDigest):
        parse_claims({"ContentMD5": b64(b"short")})
    with pytest.raises(InvalidDigest):
        parse_claims({"ContentMD5": "not base64"})


def test_wrong_digests_are_refused():
    md5 = hashlib.md5(b"x").digest()
    checksum = full_checksum("CRC32", digest("CRC32", b"x"))
    require_match(parse_claims({"ContentMD5": b64(md5)}), md5=md5, checksum=checksum)
    with pytest.raises(BadDigest):
        require_match(parse_claims({"ContentMD5": b64(b"0" * 16)}), md5=md5, checksum=checksum)
    claims = parse_claims({"ChecksumCRC32": "AAAAAA=="})
    with pytest.raises(BadDigest):
        require_match(claims, md5=md5, checksum=checksum)


def test_trailer_that_was_announced_must_come():
    claims = parse_claims({}, ["x-amz-checksum-sha256"])
    with pytest.raises(InvalidRequest):
        claim_from_trailers(claims, {})
