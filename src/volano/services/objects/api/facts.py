"""What the policy engine is told of an S3 request: bucket, object, and the request's own keys.

Keys are those of the service authorization reference, "Condition keys for Amazon S3".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.services.objects.logic.access import bucket_facts, open_bucket
from volano.services.objects.logic.descriptions import parse_tag_header
from volano.services.objects.logic.errors import AccessDenied
from volano.services.objects.logic.object_access import object_facts
from volano.wire.action import PERMISSION
from volano.wire.aws.s3_edges import CHARGED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Call, Env
    from volano.services.objects.model import Bucket

    Request = dict[str, Any]
    Facts = Callable[[Env, Call, Request], Awaitable[dict[str, str]]]

REQUEST_KEYS = {
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "Delimiter": "s3:delimiter",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "MaxKeys": "s3:max-keys",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ObjectLockLegalHoldStatus": "s3:object-lock-legal-hold",
    "ObjectLockMode": "s3:object-lock-mode",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "Prefix": "s3:prefix",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
    "VersionId": "s3:versionid",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
}
"""Condition keys by the members that they compare."""
_REQUEST_TAG = "s3:RequestObjectTag/"
_REQUEST_TAG_KEYS = "s3:RequestObjectTagKeys"


async def facts_of_bucket(env: Env, call: Call, request: Request) -> dict[str, str]:
    """The facts of a request about a bucket or a key to be written; raises NoSuchBucket."""
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    require_payer(call, bucket, request)
    return await bucket_facts(env, call, bucket) | request_facts(request)


def facts_of_object(permission: str, *, versioned: str = "") -> Facts:
    """The facts of a request about an object that is there, to be done under `permission`.

    A request that names a version needs `versioned` instead, which defaults to the permission's
    name for versions.
    """
    versioned = versioned or permission.replace("Object", "ObjectVersion")

    async def facts(env: Env, call: Call, request: Request) -> dict[str, str]:
        bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
        require_payer(call, bucket, request)
        version_id = request.get("VersionId")
        found = await object_facts(env, call, bucket, request["Key"], version_id)
        found |= request_facts(request)
        if version_id is not None:
            found[PERMISSION] = versioned
        return found

    return facts


def facts_of_key(permission: str) -> Facts:
    """The facts of a request that deletes: that is the bucket's matter, whoever owns the object."""
    versioned = permission.replace("Object", "ObjectVersion")

    async def facts(env: Env, call: Call, request: Request) -> dict[str, str]:
        found = await facts_of_bucket(env, call, request)
        if request.get("VersionId") is not None:
            found[PERMISSION] = versioned
        return found

    return facts


def request_facts(request: Request) -> dict[str, str]:
    """What the request says itself."""
    facts = {
        REQUEST_KEYS[member]: str(value)
        for member, value in request.items()
        if member in REQUEST_KEYS and value is not None
    }
    source = facts.get("s3:x-amz-copy-source")
    if source is not None:
        facts["s3:x-amz-copy-source"] = source.removeprefix("/").partition("?")[0]
    tagging = request.get("Tagging")
    if tagging:
        facts |= _tag_facts(tagging)
    return facts


def _tag_facts(tagging: Any) -> dict[str, str]:
    """The tags of a header or of a body as facts."""
    if isinstance(tagging, str):
        tags = parse_tag_header(tagging)
    else:
        tags = {tag.get("Key", ""): tag.get("Value", "") for tag in tagging.get("TagSet") or []}
    return {_REQUEST_TAG + key: value for key, value in tags.items()} | {
        _REQUEST_TAG_KEYS: "\n".join(tags)
    }


def require_payer(call: Call, bucket: Bucket, request: Request) -> None:
    """Raises AccessDenied where the requester pays and did not say so."""
    if not bucket.access.requester_pays or call.account == bucket.account:
        return
    if request.get("RequestPayer") != "requester" or not call.account:
        raise AccessDenied("Access Denied")
    call.context[CHARGED] = "requester"
