"""Browser uploads: a multipart form posted to a bucket is a PutObject of its `file` field.

S3 API reference, "POST Object". Fields before `file` are read at once (there may be few), the file
is streamed, what follows it is ignored. A form with a policy is signed with version 4 or version 2
over the policy's own text; one without is anonymous.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from volano.kernel.call import anonymous
from volano.kernel.errors import Invalid, TooLarge
from volano.wire.aws.caller import Caller, takes_region
from volano.wire.aws.codec import Incoming
from volano.wire.aws.s3_form_policy import parse_policy, require_policy
from volano.wire.aws.sigv4 import ALGORITHM, AuthFailure, Claim, signing_key
from volano.wire.aws.xml import DECLARATION, escape, local_name, parse_xml
from volano.wire.form import BadForm, parse_part_head, stream_parts
from volano.wire.http import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Env
    from volano.kernel.identity import AccessKey
    from volano.wire.http import Request

FORM_MEDIA = "multipart/form-data"
MAX_FIELDS_BYTES = 20 * 1024
"""All fields before the file (POST Object, "The form data and boundaries")."""
MAX_FIELDS = 200
_HEADERS = frozenset(
    {
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-md5",
        "content-type",
        "expires",
    }
)
"""Fields that are headers of the object; those that begin with `x-amz-` are too."""
_SIGNING = frozenset({"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"})


class FormFile:
    """The file's bytes as they arrive, kept within the policy's sizes."""

    def __init__(self, pieces: AsyncIterator[tuple[str, bytes]]) -> None:
        self._pieces = pieces
        self.sizes: tuple[int, int] | None = None
        self.length: int | None = None
        self.trailers: dict[str, str] = {}
        self.announced: frozenset[str] = frozenset()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, ended = 0, False
        async for kind, data in self._pieces:
            if ended:
                continue  # read on to the end, so that the connection can be used again
            if kind == "end":
                ended = True
                self._require_enough(size)
            elif kind == "data":
                size += len(data)
                self._require_not_more(size)
                yield data

    def _require_enough(self, size: int) -> None:
        if self.sizes is not None and size < self.sizes[0]:
            raise Invalid(
                "Your proposed upload is smaller than the minimum allowed size",
                code="EntityTooSmall",
                fields={"ProposedSize": str(size), "MinSizeAllowed": str(self.sizes[0])},
            )

    def _require_not_more(self, size: int) -> None:
        if self.sizes is not None and size > self.sizes[1]:
            raise Invalid(
                "Your proposed upload exceeds the maximum allowed size",
                code="EntityTooLarge",
                fields={"ProposedSize": str(size), "MaxSizeAllowed": str(self.sizes[1])},
            )


@dataclass(slots=True, kw_only=True)
class S3Form:
    """A form as far as its file; `fields` by lower-case name."""

    bucket: str
    fields: dict[str, str]
    file: FormFile
    caller: Caller = field(default_factory=lambda: Caller(anonymous()))

    @property
    def key(self) -> str:
        return self.fields["key"]

    def incoming(self) -> Incoming:
        """The PutObject that the form means; its text is UTF-8, one character a byte in headers."""
        headers = {
            name: value
            for name, value in self.fields.items()
            if name in _HEADERS or (name.startswith("x-amz-") and name not in _SIGNING)
        }
        if "acl" in self.fields:
            headers["x-amz-acl"] = self.fields["acl"]
        if "tagging" in self.fields:
            headers["x-amz-tagging"] = _tagging_header(self.fields["tagging"])
        return Incoming(
            headers={name: text.encode().decode("latin-1") for name, text in headers.items()},
            labels={"Bucket": self.bucket, "Key": self.key},
            payload=self.file,  # type: ignore[arg-type]  # all that readers ask of a payload
        )

    def answer(self, request: Request, done: Response) -> Response:
        """What the browser gets once the object is stored."""
        etag = done.header("ETag") or ""
        redirect = self.fields.get("success_action_redirect") or self.fields.get("redirect")
        if redirect and urlsplit(redirect).scheme in ("http", "https"):
            query = urlencode({"bucket": self.bucket, "key": self.key, "etag": etag})
            mark = "&" if urlsplit(redirect).query else "?"
            return Response(
                status=303, headers=[*done.headers, ("Location", f"{redirect}{mark}{query}")]
            )
        location = f"{request.base_url}/{quote(self.bucket)}/{quote(self.key)}"
        headers = [*done.headers, ("Location", location)]
        status = self.fields.get("success_action_status")
        if status == "200":
            return Response(headers=headers)
        if status != "201":
            return Response(status=204, headers=headers)
        body = (
            f"{DECLARATION}<PostResponse><Location>{escape(location)}</Location>"
            f"<Bucket>{escape(self.bucket)}</Bucket><Key>{escape(self.key)}</Key>"
            f"<ETag>{escape(etag)}</ETag></PostResponse>"
        )
        return Response(
            status=201,
            headers=[*headers, ("Content-Type", "application/xml")],
            body=body.encode("utf-8", "replace"),
        )


def is_form(request: Request) -> bool:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.method == "POST" and media == FORM_MEDIA


async def open_form(env: Env, request: Request, bucket: str) -> S3Form:
    """Read the form as far as its file, and check who signed it and what its policy says.

    Raises Invalid, AuthFailure and Denied.
    """
    try:
        pieces = stream_parts(request.headers.get("content-type", ""), request.body)
        fields = await _read_fields(pieces)
    except (BadForm, TooLarge) as error:
        raise Invalid(
            "The body of your POST request is not well-formed multipart/form-data.",
            code="MalformedPOSTRequest",
        ) from error
    if "key" not in fields:
        raise Invalid(
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the "
            "order of the fields.",
            fields={"ArgumentName": "key", "ArgumentValue": ""},
        )
    filename = fields.pop(_FILENAME)
    for name in ("key", "success_action_redirect", "redirect"):
        if name in fields:
            fields[name] = fields[name].replace("${filename}", filename)
    form = S3Form(bucket=bucket, fields=fields, file=FormFile(pieces))
    if "policy" in fields:
        form.caller = await _find_caller(env, fields)
        policy = parse_policy(fields["policy"])
        require_policy(policy, {**fields, "bucket": bucket}, env.clock.now_us())
        form.file.sizes = policy.sizes
    elif "signature" in fields or "x-amz-signature" in fields:
        raise _missing("policy")
    return form


_FILENAME = "\x00filename"
"""Where the file's name is kept among the fields: no field can be called this."""


async def _read_fields(pieces: AsyncIterator[tuple[str, bytes]]) -> dict[str, str]:
    """All fields before the file, and the file's name."""
    fields: dict[str, str] = {}
    name, text, size = "", bytearray(), 0
    async for kind, data in pieces:
        size += len(data)
        if size > MAX_FIELDS_BYTES and (kind != "head" or len(fields) >= MAX_FIELDS):
            raise Invalid(
                "Your POST request fields preceding the upload file were too large.",
                code="MaxPostPreDataLengthExceededError",
            )
        if kind == "head":
            name, filename, _media = parse_part_head(data)
            name, text = name.strip().lower(), bytearray()
            if name == "file":
                base = (filename or "").replace("\\", "/").rpartition("/")[2]
                return {**fields, _FILENAME: base}
        elif kind == "data":
            text += data
        else:
            fields[name] = text.decode("utf-8", "replace")
    raise Invalid(
        "POST requires exactly one file upload per request.",
        fields={"ArgumentName": "file", "ArgumentValue": "0"},
    )


async def _find_caller(env: Env, fields: dict[str, str]) -> Caller:
    """Who signed the policy; raises AuthFailure and Invalid."""
    if "awsaccesskeyid" in fields or "signature" in fields:
        return await _caller_of_old(env, fields)
    for name in ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"):
        if name not in fields:
            raise _missing(name)
    if fields["x-amz-algorithm"] != ALGORITHM:
        raise Invalid(
            'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"',
            fields={"ArgumentName": "x-amz-algorithm"},
        )
    parts = fields["x-amz-credential"].split("/")
    if len(parts) != 5 or parts[3:] != ["s3", "aws4_request"]:
        raise _bad_credential(fields["x-amz-credential"])
    key_id, date, region, service, _ = parts
    if not takes_region(env, region):
        raise _bad_credential(fields["x-amz-credential"])
    key = await _find_key(env, key_id, fields.get("x-amz-security-token"))
    secret = signing_key(key.secret_access_key, date, region, service)
    expected = hmac.digest(secret, fields["policy"].encode(), "sha256").hex()
    _require_same(expected, fields["x-amz-signature"], key_id)
    claim = Claim(
        access_key_id=key_id,
        date=date,
        region=region,
        service=service,
        signed_headers=(),
        signature=expected,
        timestamp=fields["x-amz-date"],
        session_token=fields.get("x-amz-security-token"),
        presigned=False,
    )
    return Caller(key.principal, claim, key)


async def _caller_of_old(env: Env, fields: dict[str, str]) -> Caller:
    for name, shown in (("awsaccesskeyid", "AWSAccessKeyId"), ("signature", "signature")):
        if name not in fields:
            raise _missing(shown)
    key = await _find_key(env, fields["awsaccesskeyid"], fields.get("x-amz-security-token"))
    digest = hmac.digest(key.secret_access_key.encode(), fields["policy"].encode(), "sha1")
    expected = base64.b64encode(digest).decode()
    _require_same(expected, fields["signature"].strip(), key.access_key_id)
    return Caller(key.principal, None, key)


async def _find_key(env: Env, key_id: str, session_token: str | None) -> AccessKey:
    key = await env.authority.find_access_key(key_id, session_token)
    if key is None:
        raise AuthFailure(
            "The AWS Access Key Id you provided does not exist in our records.",
            code="InvalidAccessKeyId",
            fields={"AWSAccessKeyId": key_id[:128]},
        )
    if key.expires_us is not None and key.expires_us <= env.clock.now_us():
        raise AuthFailure("The provided token has expired.", code="ExpiredToken", status=400)
    return key


def _require_same(expected: str, given: str, key_id: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise AuthFailure(
            "The request signature we calculated does not match the signature you provided. Check "
            "your key and signing method.",
            code="SignatureDoesNotMatch",
            fields={"AWSAccessKeyId": key_id},
        )


def _missing(name: str) -> Invalid:
    return Invalid(
        f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the "
        "order of the fields.",
        fields={"ArgumentName": name, "ArgumentValue": ""},
    )


def _bad_credential(given: str) -> Invalid:
    return Invalid(
        "Error parsing the X-Amz-Credential parameter; it must name a key, a date, this region, "
        '"s3" and "aws4_request".',
        code="AuthorizationQueryParametersError",
        fields={"ArgumentName": "x-amz-credential", "ArgumentValue": given[:128]},
    )


def _tagging_header(xml: str) -> str:
    """The tags of a form's `tagging` field, which is XML, as a header has them."""
    pairs: list[tuple[str, str]] = []
    for element in parse_xml(xml.encode()).iter():
        if local_name(element.tag) == "Tag":
            members = {local_name(child.tag): child.text or "" for child in element}
            pairs.append((members.get("Key", ""), members.get("Value", "")))
    return urlencode(pairs)
