"""AWS Signature Version 4: who signed a request, and what the signature says of its body.

Specified in the AWS General Reference ("Signature Version 4 signing process") and the S3 API
reference ("Authenticating requests"). A signature comes in the Authorization header or in the
query (presigned). Raw path, query and headers are used as they came. The secret never leaves
`verify`; signing keys are cached. Errors carry S3's code; `errors.py` turns it into other
protocols' words.
"""

from __future__ import annotations

import calendar
import hmac
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from volano.kernel.errors import Denied, Invalid
from volano.wire.aws import sigv2

if TYPE_CHECKING:
    from volano.kernel.identity import AccessKey
    from volano.wire.http import Request

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW_S = 15 * 60
MAX_EXPIRES_S = 7 * 24 * 3600
MAX_SIGNED_HEADERS = 200
EMPTY_SHA256 = sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
_DATE = re.compile(r"\d{8}T\d{6}Z")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9\-._~/]*").fullmatch
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9\-._~=&]*").fullmatch
_ESCAPED_PATH = re.compile(r"(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*").fullmatch
_NEEDLESS_ESCAPE = re.compile(r"%(?:2[DEF]|3\d|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])").search
_HEX64 = re.compile(r"[0-9a-f]{64}").fullmatch


class AuthFailure(Denied):
    """A signature that is missing, wrong, old or malformed; the code is S3's."""

    code = "AccessDenied"


class AuthMalformed(Invalid):
    """Credentials that cannot be read at all."""

    code = "AuthorizationHeaderMalformed"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says of its signature, not yet verified."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    session_token: str | None
    presigned: bool
    expires_s: int = 0
    version: int = 4
    """2 is S3's old kind (sigv2.py); a presigned link's `timestamp` is then when it expires."""

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@lru_cache(maxsize=4096)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key of one credential scope."""
    key = hmac.digest(f"AWS4{secret}".encode(), date.encode("latin-1"), "sha256")
    for part in (region, service, "aws4_request"):
        key = hmac.digest(key, part.encode("latin-1"), "sha256")
    return key


def find_claim(request: Request) -> Claim | None:
    """The signature that a request carries, or None when it is unsigned.

    Raises AuthMalformed or Invalid when it carries one that cannot be used.
    """
    header = request.headers.get("authorization")
    query = request.raw_query
    if header is not None:
        if "X-Amz-Signature=" in query:
            raise Invalid(
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                "Signature query string parameter or the Authorization header should be specified",
            )
        return _claim_of_header(request, header)
    if "X-Amz-" in query:
        return _claim_of_query(request)
    if "AWSAccessKeyId=" in query and "Signature=" in query:
        return _claim_of_old_query(request)
    return None


def _claim_of_old_query(request: Request) -> Claim | None:
    query = dict(request.query)
    found = [query.get(name) for name in ("AWSAccessKeyId", "Signature", "Expires")]
    key_id, signature, expires = found
    if not key_id or not signature or not expires:
        raise AuthFailure(
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId "
            "parameters",
        )
    token = query.get("x-amz-security-token")
    sigv2.expires_s(expires)
    return Claim(key_id, "", "", "s3", (), signature, expires, token, presigned=True, version=2)


def _claim_of_header(request: Request, header: str) -> Claim:
    algorithm, _, rest = header.strip().partition(" ")
    if algorithm == "AWS":
        return _claim_of_old_header(request, rest)
    if algorithm != ALGORITHM:
        raise _other_algorithm(algorithm)
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        fields[name] = value
    try:
        credential = fields["Credential"]
        signed, signature = fields["SignedHeaders"], fields["Signature"]
    except KeyError as missing:
        raise AuthMalformed(
            f"The authorization header is malformed; the {missing.args[0]} field is missing.",
        ) from None
    return _claim(
        request,
        credential=credential,
        signed=signed,
        signature=signature,
        timestamp=_timestamp(request),
        token=request.headers.get("x-amz-security-token"),
        expires_s=None,
    )


def _claim_of_old_header(request: Request, rest: str) -> Claim:
    """Version 2 in a header: `AWS key:signature` (s3cmd and older programs)."""
    key_id, _, signature = rest.strip().partition(":")
    if not key_id or not signature:
        raise Invalid("AWS authorization header is invalid.  Expected AwsAccessKeyId:signature")
    token = request.headers.get("x-amz-security-token")
    stamp = _timestamp(request)
    if _DATE.fullmatch(stamp) is None:
        stamp = _parsed_date(stamp)
    return Claim(key_id, "", "", "s3", (), signature, stamp, token, presigned=False, version=2)


def _timestamp(request: Request) -> str:
    stamp = request.headers.get("x-amz-date")
    if stamp is not None:
        return stamp
    date = request.headers.get("date")
    if date is None:
        raise AuthFailure("AWS authentication requires a valid Date or x-amz-date header")
    return _parsed_date(date)


def _parsed_date(date: str) -> str:
    """An HTTP date as a signature's timestamp."""
    from volano.wire.aws.scalars import BadValue, parse_timestamp  # noqa: PLC0415 - rare

    try:
        return f"{parse_timestamp(date):%Y%m%dT%H%M%SZ}"
    except BadValue:
        raise AuthFailure("AWS authentication requires a valid Date or x-amz-date header") from None


def _other_algorithm(algorithm: str) -> Invalid:
    if algorithm.startswith("AWS4-ECDSA"):
        return Invalid(
            "Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not supported here; sign with "
            "AWS4-HMAC-SHA256 for one region.",
            code="InvalidRequest",
        )
    return Invalid("Unsupported Authorization Type", code="InvalidArgument")


def _claim_of_query(request: Request) -> Claim | None:
    query = dict(request.query)
    algorithm = query.get("X-Amz-Algorithm")
    names = ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Date")
    if algorithm is None and not any(name in query for name in names):
        return None
    malformed = "AuthorizationQueryParametersError"
    if algorithm is not None and algorithm != ALGORITHM:
        if algorithm.startswith("AWS4-ECDSA"):
            raise _other_algorithm(algorithm)
        raise AuthMalformed(
            'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
            code=malformed,
        )
    if algorithm is None or any(not query.get(name) for name in names):
        raise AuthMalformed(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, "
            "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
            "X-Amz-Expires parameters.",
            code=malformed,
        )
    return _claim(
        request,
        credential=query["X-Amz-Credential"],
        signed=query["X-Amz-SignedHeaders"],
        signature=query["X-Amz-Signature"],
        timestamp=query["X-Amz-Date"],
        token=query.get("X-Amz-Security-Token"),
        expires_s=_expires(query.get("X-Amz-Expires")),
    )


def _expires(text: str | None) -> int:
    """Seconds; a service that presigns without an expiry (STS) gets the allowed skew."""
    if text is None:
        return MAX_SKEW_S
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit() or len(text) > 12:
        raise _bad_expires("X-Amz-Expires should be a number")
    if text.startswith("-"):
        raise _bad_expires("X-Amz-Expires must be non-negative")
    if int(text) > MAX_EXPIRES_S:
        raise _bad_expires(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given "
            f"X-Amz-Expires must be less than {MAX_EXPIRES_S} seconds"
        )
    return int(text)


def _bad_expires(message: str) -> AuthMalformed:
    return AuthMalformed(message, code="AuthorizationQueryParametersError")


def _claim(
    request: Request,
    *,
    credential: str,
    signed: str,
    signature: str,
    timestamp: str,
    token: str | None,
    expires_s: int | None,
) -> Claim:
    presigned = expires_s is not None
    parts = credential.rsplit("/", 4)
    code = "AuthorizationQueryParametersError" if presigned else "AuthorizationHeaderMalformed"
    if len(parts) != 5 or parts[4] != "aws4_request" or not parts[0]:
        raise AuthMalformed(
            "The authorization header is malformed; the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
            code=code,
        )
    if _DATE.fullmatch(timestamp) is None:
        raise AuthFailure("AWS authentication requires a valid Date or x-amz-date header")
    if parts[1] != timestamp[:8]:
        raise AuthMalformed(
            "The authorization header is malformed; Invalid credential date "
            f'"{parts[1]}". This date is not the same as X-Amz-Date: "{timestamp[:8]}".',
            code=code,
        )
    names = tuple(signed.lower().split(";"))
    if len(names) > MAX_SIGNED_HEADERS or "host" not in names:
        raise AuthFailure(
            "There were headers present in the request which were not signed",
            fields={"HeadersNotSigned": "host"},
        )
    return Claim(
        parts[0], parts[1], parts[2], parts[3], names, signature, timestamp, token, presigned,
        expires_s or 0,
    )  # fmt: skip


def check_time(claim: Claim, now_us: int) -> None:
    """Raise when the signature is too old, from the future, or expired."""
    stamp = claim.timestamp
    if claim.version == 2 and claim.presigned:
        _check_old_expiry(sigv2.expires_s(stamp), now_us)
        return
    signed_s = seconds_of_stamp(stamp)
    age_s = now_us / 1e6 - signed_s
    if claim.presigned:
        if age_s > claim.expires_s:
            raise AuthFailure(
                "Request has expired",
                fields={
                    "X-Amz-Expires": str(claim.expires_s),
                    "Expires": iso_time((signed_s + claim.expires_s) * 1_000_000),
                    "ServerTime": iso_time(now_us),
                },
            )
        if age_s < -MAX_SKEW_S:
            raise AuthFailure("Request is not valid yet", fields={"ServerTime": iso_time(now_us)})
    elif abs(age_s) > MAX_SKEW_S:
        raise AuthFailure(
            "The difference between the request time and the current time is too large.",
            code="RequestTimeTooSkewed",
            fields={
                "RequestTime": stamp,
                "ServerTime": iso_time(now_us),
                "MaxAllowedSkewMilliseconds": str(MAX_SKEW_S * 1000),
            },
        )


def seconds_of_stamp(stamp: str) -> int:
    """Seconds since 1970 of a time like 20260102T030405Z; raises AuthFailure."""
    try:
        if _DATE.fullmatch(stamp) is None:
            raise ValueError("no such time")
        numbers = (stamp[:4], stamp[4:6], stamp[6:8], stamp[9:11], stamp[11:13], stamp[13:15])
        seconds = _seconds(*map(int, numbers))
        if seconds < 0:
            raise ValueError(stamp)
    except ValueError:
        raise AuthFailure("AWS authentication requires a valid Date or x-amz-date header") from None
    return seconds


def _check_old_expiry(expires_s: int, now_us: int) -> None:
    if now_us / 1e6 > expires_s:
        raise AuthFailure(
            "Request has expired",
            fields={"Expires": iso_time(expires_s * 1_000_000), "ServerTime": iso_time(now_us)},
        )


def _seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        raise ValueError("no such time")
    return _midnight(year, month, day) + hour * 3600 + minute * 60 + second


@lru_cache(maxsize=64)
def _midnight(year: int, month: int, day: int) -> int:
    return calendar.timegm((year, month, day, 0, 0, 0))


def iso_time(time_us: int) -> str:
    from volano.wire.aws.scalars import iso8601  # noqa: PLC0415 - errors only

    return iso8601(time_us // 1_000_000)


def verify(request: Request, claim: Claim, key: AccessKey, payload_hash: str) -> None:
    """Raise AuthFailure unless `key` made the claim's signature over this request."""
    canonical = canonical_request(request, claim, payload_hash)
    to_sign = f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n{sha256(canonical).hexdigest()}"
    secret = signing_key(key.secret_access_key, claim.date, claim.region, claim.service)
    expected = hmac.digest(secret, to_sign.encode("latin-1"), "sha256").hex()
    if hmac.compare_digest(expected.encode(), claim.signature.encode("latin-1", "replace")):
        return
    raise AuthFailure(
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        code="SignatureDoesNotMatch",
        fields={
            "AWSAccessKeyId": claim.access_key_id,
            "StringToSign": to_sign,
            "SignatureProvided": claim.signature[:128],
            "StringToSignBytes": to_sign.encode("latin-1").hex(" "),
            "CanonicalRequest": canonical.decode("utf-8", "replace"),
            "CanonicalRequestBytes": canonical.hex(" "),
        },
    )


def verify_old(request: Request, claim: Claim, key: AccessKey, host_bucket: str) -> None:
    """Raise AuthFailure unless `key` made the version 2 signature of this request."""
    to_sign = sigv2.string_to_sign(
        request, claim.timestamp if claim.presigned else None, host_bucket
    )
    expected = sigv2.signature(key.secret_access_key, to_sign)
    if hmac.compare_digest(expected.encode(), claim.signature.encode("utf-8", "replace")):
        return
    raise AuthFailure(
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        code="SignatureDoesNotMatch",
        fields={
            "AWSAccessKeyId": claim.access_key_id,
            "StringToSign": to_sign,
            "SignatureProvided": claim.signature[:128],
        },
    )


def canonical_request(request: Request, claim: Claim, payload_hash: str) -> bytes:
    """The canonical request, in the bytes that came (headers and path are Latin-1 of them)."""
    headers = request.headers
    lines = []
    for name in claim.signed_headers:
        value = headers.get(name)
        if value is None:
            value = ""
        elif "  " in value or value != value.strip() or "," in value:
            value = _joined(request, name, value)
        lines.append(f"{name}:{value}")
    s3 = claim.service in ("s3", "s3express", "s3-object-lambda", "s3-outposts")
    path = s3_path(request.raw_path) if s3 else _normal_path(request.raw_path)
    query = canonical_query(request.raw_query) if request.raw_query else ""
    text = "\n".join(
        (
            request.method,
            path,
            query,
            *lines,
            "",
            ";".join(claim.signed_headers),
            payload_hash,
        )
    )
    return text.encode("latin-1")


def _joined(request: Request, name: str, value: str) -> str:
    """Several headers of one name joined by commas, each trimmed and its spaces collapsed."""
    values = [text for key, text in request.header_list if key.lower() == name] or [value]
    return ",".join(" ".join(text.split()) for text in values)


def s3_path(raw: str) -> str:
    """S3 encodes the path once and normalises nothing."""
    if _PLAIN_PATH(raw) or (_ESCAPED_PATH(raw) and not _NEEDLESS_ESCAPE(raw)):
        return raw
    return quote_from_bytes(unquote_to_bytes(raw.encode("latin-1")), safe="/-_.~")


@lru_cache(maxsize=1024)
def _normal_path(raw: str) -> str:
    """All others drop empty and dot segments and encode what came once more."""
    parts: list[str] = []
    for part in raw.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    path = "/" + "/".join(parts) + ("/" if parts and raw.endswith("/") else "")
    return path if _PLAIN_PATH(path) else quote_from_bytes(path.encode("latin-1"), safe="/~-_.")


def canonical_query(raw: str) -> str:
    """The parameters in the order and the escapes in which they are signed."""
    pieces = raw.split("&")
    if _PLAIN_QUERY(raw):
        pairs = [piece.partition("=")[::2] for piece in pieces if piece]
    else:
        pairs = [_recoded(piece) for piece in pieces if piece]
    return "&".join(f"{k}={v}" for k, v in sorted(pairs) if k != "X-Amz-Signature")


def _recoded(piece: str) -> tuple[str, str]:
    key, _, value = piece.partition("=")
    return _recode(key), _recode(value)


def _recode(text: str) -> str:
    if _PLAIN_QUERY(text) and "=" not in text:
        return text
    return quote_from_bytes(
        unquote_to_bytes(text.replace("+", "%20").encode("latin-1")), safe="-_.~"
    )


def require_signed_amz_headers(request: Request, claim: Claim) -> None:
    """S3 refuses `x-amz-*` headers outside the signature."""
    signed = claim.signed_headers
    loose = [name for name in request.headers if name.startswith("x-amz-") and name not in signed]
    if loose:
        raise AuthFailure(
            "There were headers present in the request which were not signed",
            fields={"HeadersNotSigned": ", ".join(sorted(loose))},
        )


def is_sha256(text: str) -> bool:
    return _HEX64(text) is not None
