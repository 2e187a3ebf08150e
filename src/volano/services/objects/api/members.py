"""Between botocore's member names and the model: what several S3 operations share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import NotBuilt
from volano.services.objects.logic.checksums import ALGORITHMS
from volano.services.objects.logic.conditions import ReadConditions, WriteConditions
from volano.services.objects.logic.descriptions import parse_tag_header
from volano.services.objects.logic.errors import InvalidArgument
from volano.services.objects.logic.writing import BytesBody
from volano.services.objects.model import (
    MAX_PAGE,
    NULL_VERSION,
    Description,
)

if TYPE_CHECKING:
    from datetime import datetime

    from volano.services.objects.logic.writing import IncomingBody
    from volano.services.objects.model import Acl, Bucket, Checksum, StoredObject

Request = dict[str, Any]
Result = dict[str, Any]

CONTENT_MEMBERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "WebsiteRedirectLocation",
)
DEFAULT_CONTENT_TYPE = "binary/octet-stream"
MAX_INTEGER = 2**31 - 1


def body_of(request: Request) -> IncomingBody:
    body = request.get("Body")
    if body is None or isinstance(body, bytes):
        return BytesBody(body or b"")
    incoming: IncomingBody = body
    return incoming


def require_plain(request: Request) -> None:
    """Refuse what this region does not do rather than ignore it; raises NotBuilt."""
    if request.get("WriteOffsetBytes") is not None:
        raise NotBuilt("Appending to an object is not built; write the whole object.")


def description_of(request: Request, acl: Acl | None = None) -> Description:
    """Content headers, user metadata, tags, storage class and owner of a write."""
    headers = {name: request[name] for name in CONTENT_MEMBERS if request.get(name)}
    encoding = headers.get("ContentEncoding", "")
    if "aws-chunked" in encoding:
        # How the body was sent, not what the object is (S3 user guide, "Trailing checksums").
        kept = [part.strip() for part in encoding.split(",") if part.strip() != "aws-chunked"]
        headers["ContentEncoding"] = ",".join(kept)
        if not kept:
            del headers["ContentEncoding"]
    if request.get("Expires") is not None:
        headers["Expires"] = _http_text(request["Expires"])
    return Description(
        headers=headers,
        metadata=dict(request.get("Metadata") or {}),
        tags=parse_tag_header(request.get("Tagging")),
        storage_class=request.get("StorageClass") or "STANDARD",
        acl=acl,
    )


def version_member(bucket: Bucket, item: StoredObject) -> Result:
    """The version's id, which a bucket that never had versioning does not tell."""
    return {"VersionId": item.version_id} if bucket.versioning else {}


def written_version(item: StoredObject) -> Result:
    """The id of a version that was written; S3 does not name the null version then."""
    return {} if item.version_id == NULL_VERSION else {"VersionId": item.version_id}


def _http_text(value: datetime | str) -> str:
    """An HTTP date (RFC 9110 section 5.6.7); text that is no date is kept as it came."""
    if isinstance(value, str):
        return value
    return value.strftime("%a, %d %b %Y %H:%M:%S GMT")


def read_conditions(request: Request, prefix: str = "") -> ReadConditions:
    """Conditions of a read, or of a copy's source with the prefix `CopySource`."""
    return ReadConditions(
        if_match=request.get(prefix + "IfMatch"),
        if_none_match=request.get(prefix + "IfNoneMatch"),
        if_modified_since_s=_seconds(request.get(prefix + "IfModifiedSince")),
        if_unmodified_since_s=_seconds(request.get(prefix + "IfUnmodifiedSince")),
    )


def write_conditions(request: Request) -> WriteConditions:
    return WriteConditions(
        if_match=request.get("IfMatch"),
        if_none_match=request.get("IfNoneMatch"),
        if_match_size_bytes=request.get("IfMatchSize"),
        if_match_modified_s=_seconds(request.get("IfMatchLastModifiedTime")),
    )


def _seconds(value: datetime | None) -> int | None:
    return None if value is None else int(value.timestamp())


def checksum_members(checksum: Checksum | None) -> Result:
    """The checksum as members of a result."""
    if checksum is None:
        return {}
    return {"Checksum" + checksum.algorithm: checksum.value, "ChecksumType": checksum.kind}


def checksums_in(members: Request) -> dict[str, str]:
    """The values of `ChecksumCRC32` and its like that are there."""
    found = {name: members.get("Checksum" + name) for name in ALGORITHMS}
    return {name: value for name, value in found.items() if value}


def quoted(etag: str) -> str:
    return f'"{etag}"'


def seconds(time_us: int) -> int:
    """A time as the wire's writers take it; S3 tells no fractions of a second."""
    return time_us // 1_000_000


def page_size(request: Request, member: str) -> int:
    """How many entries a page may have, 1000 at most; raises InvalidArgument."""
    wanted = request.get(member)
    if wanted is None:
        return MAX_PAGE
    return min(whole_number(wanted, "max-" + member.removeprefix("Max").lower()), MAX_PAGE)


def whole_number(value: object, argument: str) -> int:
    """A number from 0 to 2147483647 of the query; raises InvalidArgument as S3 words it."""
    fields = {"ArgumentName": argument, "ArgumentValue": str(value)[:64]}
    try:
        number = int(str(value))
    except ValueError:
        number = MAX_INTEGER + 1
    if number > MAX_INTEGER:
        raise InvalidArgument(
            f"Provided {argument} not an integer or within integer range", fields=fields
        )
    if number < 0:
        raise InvalidArgument(
            f"Argument {argument} must be an integer between 0 and {MAX_INTEGER}", fields=fields
        )
    return number


def encoding_of(request: Request) -> bool:
    """Whether keys shall be percent-encoded; raises InvalidArgument for any type but `url`."""
    wanted = request.get("EncodingType")
    if wanted is None:
        return False
    if wanted != "url":
        raise InvalidArgument(
            "Invalid Encoding Method specified in Request",
            fields={"ArgumentName": "encoding-type", "ArgumentValue": str(wanted)},
        )
    return True
