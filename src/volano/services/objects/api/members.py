"""Between botocore's member names and the model: what several S3 operations share."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import NotBuilt
from volano.services.objects.logic.access import bucket_facts, open_bucket
from volano.services.objects.logic.checksums import ALGORITHMS
from volano.services.objects.logic.conditions import ReadConditions, WriteConditions
from volano.services.objects.logic.descriptions import parse_tag_header
from volano.services.objects.logic.errors import InvalidArgument, InvalidRequest
from volano.services.objects.logic.writing import BytesBody
from volano.services.objects.model import MAX_PAGE, Description

if TYPE_CHECKING:
    from datetime import datetime

    from volano.kernel.call import Call, Env
    from volano.kernel.ids import AccountId
    from volano.services.objects.logic.writing import IncomingBody
    from volano.services.objects.model import Bucket, Checksum

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
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
_OWNER_ACLS = (None, "private", "bucket-owner-full-control", "bucket-owner-read")
_ENCRYPTION = (
    "ServerSideEncryption",
    "SSECustomerAlgorithm",
    "SSECustomerKey",
    "SSEKMSKeyId",
    "CopySourceSSECustomerAlgorithm",
)
_LOCK = ("ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus")


async def facts_of_bucket(env: Env, call: Call, request: Request) -> dict[str, str]:
    """What the policy engine must know of an S3 request's bucket; raises NoSuchBucket."""
    bucket = await open_bucket(env, request["Bucket"])
    facts = bucket_facts(bucket)
    for member, name in (("Prefix", "s3:prefix"), ("Delimiter", "s3:delimiter")):
        if isinstance(request.get(member), str):
            facts[name] = request[member]
    if request.get("MaxKeys") is not None:
        facts["s3:max-keys"] = str(request["MaxKeys"])
    return facts


def canonical_id(account: AccountId) -> str:
    """The 64 hex digits that S3 shows as an owner's id."""
    return hashlib.sha256(f"s3-owner:{account}".encode()).hexdigest()


def owner_of(bucket: Bucket) -> Result:
    return {"ID": canonical_id(bucket.account), "DisplayName": str(bucket.account)}


def body_of(request: Request) -> IncomingBody:
    body = request.get("Body")
    if body is None or isinstance(body, bytes):
        return BytesBody(body or b"")
    incoming: IncomingBody = body
    return incoming


def require_plain(request: Request) -> None:
    """Refuse what this region does not do rather than ignore it.

    Raises NotBuilt for encryption, InvalidRequest for object lock (no bucket has it) and
    AccessControlListNotSupported for ACLs (objects belong to the bucket's owner, as in every new
    bucket of AWS).
    """
    for member in _ENCRYPTION:
        if request.get(member):
            raise NotBuilt(
                "Server-side encryption is not built yet; send the object without "
                "x-amz-server-side-encryption headers.",
            )
    if any(request.get(member) for member in _LOCK):
        raise InvalidRequest("Bucket is missing Object Lock Configuration")
    if request.get("ACL") not in _OWNER_ACLS or any(request.get(grant) for grant in _GRANTS):
        raise acl_not_supported()
    if request.get("WriteOffsetBytes") is not None:
        raise NotBuilt("Appending to an object is not built; write the whole object.")


def acl_not_supported() -> InvalidRequest:
    return InvalidRequest("The bucket does not allow ACLs", code="AccessControlListNotSupported")


def description_of(request: Request) -> Description:
    """Content headers, user metadata, tags and storage class of a write."""
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
    )


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


def seconds(time_us: int) -> float:
    """A time as the wire's writers take it."""
    return time_us / 1e6


def page_size(request: Request, member: str) -> int:
    """How many entries a page may have, 1000 at most; raises InvalidArgument below 0."""
    wanted = request.get(member)
    if wanted is None:
        return MAX_PAGE
    if wanted < 0:
        raise InvalidArgument(
            f"Argument {member} must be an integer between 0 and 2147483647",
            fields={"ArgumentName": member, "ArgumentValue": str(wanted)},
        )
    return min(int(wanted), MAX_PAGE)


def encoding_of(request: Request) -> bool:
    """Whether keys shall be percent-encoded; raises InvalidArgument for any type but `url`."""
    wanted = request.get("EncodingType")
    if wanted in (None, ""):
        return False
    if wanted != "url":
        raise InvalidArgument(
            "Invalid Encoding Method specified in Request",
            fields={"ArgumentName": "encoding-type", "ArgumentValue": str(wanted)},
        )
    return True
