"""aws-chunked bodies: AWS's published examples, every way to break them, any split of the bytes."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volano.kernel.errors import VolanoError
from volano.wire.aws import sigv4
from volano.wire.aws.chunked import ChunkedPayload, ChunkSigner, Payload
from volano.wire.aws.sigv4 import Claim, signing_key
from volano.wire.http import Body, body_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
DATA = b"a" * 66_560


def claim_of(seed: str) -> Claim:
    return Claim(
        "AKIAIOSFODNN7EXAMPLE", "20130524", "us-east-1", "s3", ("host",), seed, "20130524T000000Z",
        None, presigned=False,
    )  # fmt: skip


def signer_of(seed: str) -> ChunkSigner:
    return ChunkSigner(claim_of(seed), signing_key(SECRET, "20130524", "us-east-1", "s3"))


# S3 API reference: "Signature calculations … transferring payload in multiple chunks".
SIGNED_SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
SIGNED = (
    b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
    + DATA[:65536]
    + b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
    + DATA[65536:]
    + b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
)
# The same, "… including trailing headers".
TRAILER_SEED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
TRAILED = (
    b"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n"
    + DATA[:65536]
    + b"\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n"
    + DATA[65536:]
    + b"\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
    b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
    b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
)
UNSIGNED = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
CRC32 = frozenset({"x-amz-checksum-crc32"})
CRC32C = frozenset({"x-amz-checksum-crc32c"})


def body_in(pieces: Sequence[bytes]) -> Body:
    waiting = list(pieces)

    async def receive() -> dict[str, Any]:
        piece = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    return Body(receive)


async def read(payload: Payload) -> bytes:
    return b"".join([piece async for piece in payload])


def unsigned(body: bytes, length: int, announced: frozenset[str] = CRC32) -> ChunkedPayload:
    return ChunkedPayload(body_of(body), length=length, signer=None, announced=announced)


async def test_published_signed_chunks() -> None:
    payload = ChunkedPayload(
        body_of(SIGNED), length=len(DATA), signer=signer_of(SIGNED_SEED), announced=frozenset()
    )
    assert await read(payload) == DATA


async def test_published_signed_trailer() -> None:
    payload = ChunkedPayload(
        body_of(TRAILED), length=len(DATA), signer=signer_of(TRAILER_SEED), announced=CRC32C
    )
    assert await read(payload) == DATA
    assert payload.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}


@pytest.mark.parametrize(
    ("body", "announced", "seed", "old", "new"),
    [
        (SIGNED, frozenset(), SIGNED_SEED, b"aaaa\r\n400", b"aaab\r\n400"),
        (SIGNED, frozenset(), SIGNED_SEED, b"=ad80", b"=bd80"),
        (SIGNED, frozenset(), SIGNED_SEED, b"=b6c6", b"=c6c6"),
        (TRAILED, CRC32C, TRAILER_SEED, b"sOO8", b"sOO9"),
        (TRAILED, CRC32C, TRAILER_SEED, b":d81f", b":e81f"),
    ],
)
async def test_a_changed_signed_body_does_not_end_normally(
    body: bytes, announced: frozenset[str], seed: str, old: bytes, new: bytes
) -> None:
    assert body.count(old) == 1
    payload = ChunkedPayload(
        body_of(body.replace(old, new)),
        length=len(DATA),
        signer=signer_of(seed),
        announced=announced,
    )
    with pytest.raises(VolanoError) as caught:
        await read(payload)
    assert caught.value.wire_code == "SignatureDoesNotMatch"


async def test_a_signed_trailer_without_its_signature_is_malformed() -> None:
    cut = TRAILED[: TRAILED.index(b"x-amz-trailer-signature")] + b"\r\n"
    payload = ChunkedPayload(
        body_of(cut), length=len(DATA), signer=signer_of(TRAILER_SEED), announced=CRC32C
    )
    with pytest.raises(VolanoError) as caught:
        await read(payload)
    assert caught.value.wire_code == "MalformedTrailerError"


async def test_unsigned_trailer() -> None:
    payload = unsigned(UNSIGNED, 5)
    assert await read(payload) == b"hello"
    assert payload.trailers == {"x-amz-checksum-crc32": "NhCmhg=="}


@given(cuts=st.lists(st.integers(0, len(TRAILED)), max_size=12))
@settings(max_examples=30, deadline=None)
def test_any_split_of_the_bytes_reads_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(TRAILED)]
    pieces = [TRAILED[a:b] for a, b in itertools.pairwise(edges)]
    payload = ChunkedPayload(
        body_in(pieces), length=len(DATA), signer=signer_of(TRAILER_SEED), announced=CRC32C
    )
    assert asyncio.run(read(payload)) == DATA


def test_single_bytes_read_the_same() -> None:
    payload = ChunkedPayload(
        body_in([bytes([byte]) for byte in UNSIGNED]), length=5, signer=None, announced=CRC32
    )
    assert asyncio.run(read(payload)) == b"hello"


BROKEN = {
    "no size": (b"\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    "size is not hex": (b"zz\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    "negative size": (b"-5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    "size with underscore": (b"0_5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    "size with spaces": (b" 5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    "size too long": (b"0" * 40 + b"5\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    "extension on unsigned": (b"5;a=b\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    "chunk longer than its size": (b"5\r\nhelloo\r\n0\r\n\r\n", "IncompleteBody"),
    "chunk shorter than its size": (b"6\r\nhello\r\n0\r\n\r\n", "IncompleteBody"),
    "ends in the header": (b"5", "IncompleteBody"),
    "ends in the data": (b"5\r\nhel", "IncompleteBody"),
    "ends after the data": (b"5\r\nhello\r\n", "IncompleteBody"),
    "header line without end": (b"5" * 5000, "IncompleteBody"),
    "less than announced": (b"4\r\nhell\r\n0\r\n\r\n", "IncompleteBody"),
    "more than announced": (b"6\r\nhello!\r\n0\r\n\r\n", "IncompleteBody"),
    "empty": (b"", "IncompleteBody"),
    "trailer missing": (b"5\r\nhello\r\n0\r\n\r\n", "MalformedTrailerError"),
    "trailer of another name": (
        b"5\r\nhello\r\n0\r\nx-amz-checksum-sha1:YQ==\r\n\r\n",
        "MalformedTrailerError",
    ),
    "trailer twice": (
        b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:a\r\nx-amz-checksum-crc32:a\r\n\r\n",
        "MalformedTrailerError",
    ),
    "trailer without colon": (b"5\r\nhello\r\n0\r\nx-amz\r\n\r\n", "MalformedTrailerError"),
    "trailer too long": (
        b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + b"a" * 20_000,
        "MalformedTrailerError",
    ),
    "bytes after the end": (UNSIGNED + b"more", "IncompleteBody"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_framing_is_refused(name: str) -> None:
    body, code = BROKEN[name]
    with pytest.raises(VolanoError) as caught:
        await read(unsigned(body, 5))
    assert caught.value.wire_code == code


async def test_small_chunks_may_only_come_last() -> None:
    body = b"5\r\nhello\r\n5\r\nhello\r\n0\r\nx-amz-checksum-crc32:a\r\n\r\n"
    with pytest.raises(VolanoError) as caught:
        await read(unsigned(body, 10))
    assert caught.value.wire_code == "InvalidChunkSizeError"


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_end_in_data_or_an_s3_error(body: bytes) -> None:
    async def outcome() -> int:
        try:
            await read(unsigned(body, 5))
        except VolanoError as error:
            return error.wire_status
        return 200

    assert asyncio.run(outcome()) in (200, 400, 403)


async def test_a_plain_body_is_checked_against_its_hash_and_length() -> None:
    right = hashlib.sha256(b"hello").hexdigest()
    assert await read(Payload(body_of(b"hello"), length=5, sha256_hex=right)) == b"hello"
    for payload, code in (
        (Payload(body_of(b"hellO"), length=5, sha256_hex=right), "XAmzContentSHA256Mismatch"),
        (Payload(body_of(b"hell"), length=5), "IncompleteBody"),
        (Payload(body_of(b""), length=0, sha256_hex=right), "XAmzContentSHA256Mismatch"),
    ):
        with pytest.raises(VolanoError) as caught:
            await read(payload)
        assert caught.value.wire_code == code


async def test_a_client_that_leaves_is_an_incomplete_body() -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    payloads = [
        Payload(Body(gone), length=5),
        ChunkedPayload(Body(gone), length=5, signer=None, announced=CRC32),
    ]
    for payload in payloads:
        with pytest.raises(VolanoError) as caught:
            await read(payload)
        assert caught.value.wire_code == "IncompleteBody"


def test_empty_knows_whether_there_is_anything_to_check() -> None:
    assert Payload(body_of(b""), length=0, sha256_hex=sigv4.EMPTY_SHA256).empty
    assert not Payload(body_of(b""), length=0, sha256_hex="0" * 64).empty
    assert not Payload(body_of(b""), length=None).empty
    assert not unsigned(UNSIGNED, 0).empty
