"""Who calls: a verified signature becomes a principal, and the body a checked payload."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from volano.kernel.call import anonymous
from volano.kernel.errors import Invalid, TooLarge
from volano.wire.aws import chunked, sigv4
from volano.wire.aws.sigv4 import AuthFailure, AuthMalformed

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.identity import AccessKey, Principal
    from volano.wire.aws.sigv4 import Claim
    from volano.wire.http import Request

GLOBAL_REGIONS = ("us-east-1", "aws-global")
"""Scopes taken beside our own region: what clients sign for global services and by default."""
_NAMED_AS_SIGNED = frozenset(("kms", "sns", "sqs"))
"""Services that name things by the region that is signed for, in test mode."""
_OF_SIGNATURE = frozenset(
    f"x-amz-{name}"
    for name in (
        "algorithm", "content-sha256", "credential", "date", "expires", "security-token",
        "signature", "signedheaders",
    )
)  # fmt: skip
_CHECKSUMS = ("x-amz-checksum-", "x-amz-sdk-checksum-")


class Caller(NamedTuple):
    """A principal and, when the request was signed, with what."""

    principal: Principal
    claim: Claim | None = None
    key: AccessKey | None = None


async def find_caller(env: Env, claim: Claim | None, signing_name: str) -> Caller:
    """The owner of the claim's key; the signature is not verified yet."""
    if claim is None:
        return Caller(anonymous())
    now_us = env.clock.now_us()
    if not _is_time_free(env, claim):
        sigv4.check_time(claim, now_us)
    if claim.version == 4 and not takes_region(env, claim.region):
        raise _wrong_region(claim.region, env.region.name)
    if claim.service != signing_name:
        raise AuthFailure(
            f"Credential should be scoped to correct service: '{signing_name}'.",
            code="SignatureDoesNotMatch",
        )
    key = await env.authority.find_access_key(claim.access_key_id, claim.session_token)
    if key is None:
        raise _unknown_key(claim)
    if key.expires_us is not None and key.expires_us <= now_us:
        raise AuthFailure("The provided token has expired.", code="ExpiredToken", status=400)
    return Caller(key.principal, claim, key)


def takes_region(env: Env, region: str) -> bool:
    """In test mode any region's name will do: public suites sign for many, and we are one."""
    return region == env.region.name or region in GLOBAL_REGIONS or env.config.test_mode


def env_as_signed(env: Env, claim: Claim | None, service: str) -> Env:
    """In test mode the ARNs of queues, topics and keys tell the region that a client signs for.

    Suites compare them. It is a name only: what lies behind is one region's.
    """
    if not env.config.test_mode or service not in _NAMED_AS_SIGNED or claim is None:
        return env
    if claim.region in ("", "aws-global", env.region.name):
        return env
    return replace(env, region=replace(env.region, name=claim.region))


def _is_time_free(env: Env, claim: Claim) -> bool:
    """In test mode suites freeze the client's clock; only S3's suites test what is too old."""
    return env.config.test_mode and claim.service != "s3" and not claim.presigned


def _wrong_region(given: str, expected: str) -> AuthMalformed:
    return AuthMalformed(
        f"The authorization header is malformed; the region '{given}' is wrong; "
        f"expecting '{expected}'",
        fields={"Region": expected},
    )


def _unknown_key(claim: Claim) -> AuthFailure:
    if claim.session_token is not None or claim.access_key_id.startswith("ASIA"):
        return AuthFailure(
            "The security token included in the request is invalid.",
            code="InvalidToken",
            status=400,
        )
    return AuthFailure(
        "The AWS Access Key Id you provided does not exist in our records.",
        code="InvalidAccessKeyId",
        fields={"AWSAccessKeyId": claim.access_key_id},
    )


def verify_body(request: Request, caller: Caller, body: bytes) -> None:
    """Verify a request of any service but S3: its whole body is part of the signature."""
    if caller.claim is not None and caller.key is not None:
        sigv4.verify(request, caller.claim, caller.key, sha256(body).hexdigest())


def open_payload(request: Request, caller: Caller, host_bucket: str = "") -> chunked.Payload:
    """Verify an S3 request's signature and give its body, to be read once.

    `host_bucket` is the bucket that the Host header names, '' in path style.
    """
    claim, key = caller.claim, caller.key
    declared = _declared_hash(request, claim)
    if claim is not None and key is not None:
        if claim.version == 2:
            sigv4.verify_old(request, claim, key, host_bucket)
        else:
            sigv4.require_signed_amz_headers(request, claim)
            sigv4.verify(request, claim, key, declared)
        if claim.presigned:
            _take_hoisted_headers(request)
    if declared in chunked.STREAMING:
        return _open_chunked(request, caller, declared)
    hash_hex = None if declared == sigv4.UNSIGNED else declared
    return chunked.Payload(request.body, length=content_length(request), sha256_hex=hash_hex)


def _take_hoisted_headers(request: Request) -> None:
    """What SDKs move from `x-amz-` headers into a presigned query is meant as those headers.

    (boto3 does it in version 2, AWS's JavaScript SDK in version 4.) It is part of the signature.
    Checksums are not taken: S3 passes them over in a link (aws-sdk-go-v2 issue 2610), and the
    JavaScript SDK puts that of an empty body into every link for PutObject.
    """
    for name, value in request.query:
        lower = name.lower()
        if lower.startswith(_CHECKSUMS) or lower in _OF_SIGNATURE:
            continue
        if lower.startswith("x-amz-"):
            request.headers.setdefault(lower, value)


def _declared_hash(request: Request, claim: Claim | None) -> str:
    declared = request.headers.get("x-amz-content-sha256")
    if declared is None and claim is not None and claim.presigned:
        declared = dict(request.query).get("X-Amz-Content-Sha256")
    if declared is None:
        if claim is not None and not claim.presigned and claim.version == 4:
            raise Invalid(
                "Missing required header for this request: x-amz-content-sha256",
                code="InvalidRequest",
            )
        return sigv4.UNSIGNED
    if declared == sigv4.UNSIGNED or declared in chunked.STREAMING or sigv4.is_sha256(declared):
        return declared
    if declared.startswith("STREAMING-AWS4-ECDSA"):
        raise Invalid(
            "Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not supported here.",
            code="InvalidRequest",
        )
    raise Invalid(
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a "
        "valid sha256 value.",
        fields={"ArgumentName": "x-amz-content-sha256", "ArgumentValue": declared[:128]},
    )


def _open_chunked(request: Request, caller: Caller, declared: str) -> chunked.Payload:
    text = request.headers.get("x-amz-decoded-content-length")
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Invalid(
            "You must provide the Content-Length HTTP header.",
            code="MissingContentLength",
            status=411,
        )
    signer = None
    if declared != chunked.UNSIGNED_TRAILER:
        if caller.claim is None or caller.key is None:
            raise Invalid("A signed body needs a signed request.", code="InvalidRequest")
        claim = caller.claim
        signer = chunked.ChunkSigner(
            claim,
            sigv4.signing_key(
                caller.key.secret_access_key, claim.date, claim.region, claim.service
            ),
        )
    names = request.headers.get("x-amz-trailer", "").lower().split(",")
    announced = frozenset(name.strip() for name in names if name.strip())
    return chunked.ChunkedPayload(
        request.body, length=int(text), signer=signer, announced=announced
    )


def content_length(request: Request) -> int | None:
    """What Content-Length says; None when the length is not told."""
    text = request.headers.get("content-length")
    if text is None:
        return None if "transfer-encoding" in request.headers else 0
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Invalid("The Content-Length header is not a number.", code="InvalidRequest")
    return int(text)


async def read_payload(payload: chunked.Payload, limit: int) -> bytes:
    """All of a checked payload; raises TooLarge over `limit` bytes."""
    if payload.length is not None and payload.length > limit:
        raise TooLarge(f"The body is over the limit of {limit} bytes.")
    pieces, size = [], 0
    async for piece in payload:
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise TooLarge(f"The body is over the limit of {limit} bytes.")
    return b"".join(pieces)
