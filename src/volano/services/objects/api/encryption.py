"""S3: server-side encryption: bucket defaults, and the members that many operations share."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.logic import encryption_settings as logic
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.encryption import DefaultEncryption
from volano.services.objects.logic.encryption_kms import ARN_CONTEXT
from volano.services.objects.logic.encryption_requests import (
    CUSTOMER_ALGORITHM,
    SSE_HEADER,
    CustomerKey,
    WantedEncryption,
    parse_customer_key,
    parse_wanted,
)
from volano.services.objects.logic.errors import InvalidArgument, MalformedXml
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.model import Encryption, EncryptionMode
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

BUCKET = "arn:aws:s3:::{Bucket}"
OBJECT = "arn:aws:s3:::{Bucket}/{Key}"
Request = dict[str, Any]
Result = dict[str, Any]

_FACTS = (
    ("ServerSideEncryption", "s3:x-amz-server-side-encryption"),
    ("SSEKMSKeyId", "s3:x-amz-server-side-encryption-aws-kms-key-id"),
    ("SSECustomerAlgorithm", "s3:x-amz-server-side-encryption-customer-algorithm"),
)


def encryption_facts(request: Request) -> dict[str, str]:
    """What bucket policies may demand of a write: condition keys of the encryption headers."""
    return {fact: str(request[member]) for member, fact in _FACTS if request.get(member)}


def customer_of(request: Request, prefix: str = "") -> CustomerKey | None:
    """The client's own key, of the object or with the prefix `CopySource` of a copy's source."""
    return parse_customer_key(
        request.get(prefix + "SSECustomerAlgorithm"),
        request.get(prefix + "SSECustomerKey"),
        request.get(prefix + "SSECustomerKeyMD5"),
    )


def wanted_of(request: Request) -> WantedEncryption | None:
    """Which encryption a write asks for; None leaves it to the bucket. Raises InvalidArgument."""
    return parse_wanted(
        request.get("ServerSideEncryption"),
        customer_of(request),
        kms_key=request.get("SSEKMSKeyId"),
        kms_context=_context(request.get("SSEKMSEncryptionContext")),
        has_bucket_key=request.get("BucketKeyEnabled"),
    )


def _context(header: str | None) -> dict[str, str] | None:
    if not header:
        return None
    try:
        return msgspec.json.decode(base64.b64decode(header, validate=True), type=dict[str, str])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidArgument(
            "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 "
            "string holding JSON which represents a string-string map"
        ) from error


def encryption_members(
    env: Env, encryption: Encryption | None, customer: CustomerKey | None = None
) -> Result:
    """How an answer says that the object is encrypted.

    Test mode repeats the name by which the client called the KMS key; S3 gives its ARN.
    """
    if encryption is None:
        return {}
    if encryption.mode is EncryptionMode.CUSTOMER:
        if customer is None:
            return {}
        return {"SSECustomerAlgorithm": CUSTOMER_ALGORITHM, "SSECustomerKeyMD5": customer.md5}
    result: Result = {"ServerSideEncryption": encryption.mode.value}
    if encryption.mode is EncryptionMode.KMS:
        named = encryption.kms_name if env.config.test_mode else ""
        result["SSEKMSKeyId"] = named or encryption.kms_key
        if encryption.bucket_key:
            result["BucketKeyEnabled"] = True
    return result


def customer_headers(customer: CustomerKey | None) -> dict[str, str]:
    """The same of SSE-C where the model of the answer has no members for it."""
    if customer is None:
        return {}
    name = SSE_HEADER + "-customer-"
    return {name + "algorithm": CUSTOMER_ALGORITHM, name + "key-MD5": customer.md5}


def context_member(encryption: Encryption | None) -> Result:
    """The KMS encryption context that a write named itself, as its answer repeats it."""
    if encryption is None:
        return {}
    own = {name: text for name, text in encryption.kms_context.items() if name != ARN_CONTEXT}
    if not own:
        return {}
    return {"SSEKMSEncryptionContext": base64.b64encode(msgspec.json.encode(own)).decode()}


@action(
    "s3:PutBucketEncryption",
    permission="s3:PutEncryptionConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def put_bucket_encryption(env: Env, call: Call, request: Request) -> Result:
    await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    rules = (request.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or []
    if len(rules) != 1:
        raise MalformedXml()
    default = _parse_rule(rules[0])
    await logic.put_bucket_encryption(
        env, request["Bucket"], default, request.get("ExpectedBucketOwner")
    )
    return {}


def _parse_rule(rule: Request) -> DefaultEncryption:
    chosen = rule.get("ApplyServerSideEncryptionByDefault") or {}
    blocked = rule.get("BlockedEncryptionTypes")
    return DefaultEncryption(
        mode=chosen.get("SSEAlgorithm") or EncryptionMode.S3.value,
        kms_key=chosen.get("KMSMasterKeyID") or "",
        has_bucket_key=rule.get("BucketKeyEnabled"),
        blocked=None if blocked is None else tuple(blocked.get("EncryptionType") or ()),
    )


@action(
    "s3:GetBucketEncryption",
    permission="s3:GetEncryptionConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_encryption(env: Env, call: Call, request: Request) -> Result:
    found = await logic.get_bucket_encryption(
        env, request["Bucket"], request.get("ExpectedBucketOwner")
    )
    chosen: Result = {"SSEAlgorithm": found.mode}
    if found.kms_key:
        chosen["KMSMasterKeyID"] = found.kms_key
    rule: Result = {"ApplyServerSideEncryptionByDefault": chosen}
    rule["BucketKeyEnabled"] = bool(found.has_bucket_key)
    if found.blocked is not None:
        rule["BlockedEncryptionTypes"] = {"EncryptionType": list(found.blocked)}
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


@action(
    "s3:DeleteBucketEncryption",
    permission="s3:PutEncryptionConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def delete_bucket_encryption(env: Env, call: Call, request: Request) -> Result:
    await logic.put_bucket_encryption(
        env, request["Bucket"], None, request.get("ExpectedBucketOwner")
    )
    return {}


@action(
    "s3:UpdateObjectEncryption",
    permission="s3:UpdateObjectEncryption",
    resource=OBJECT,
    facts=facts_of_bucket,
)
async def update_object_encryption(env: Env, call: Call, request: Request) -> Result:
    wanted = (request.get("ObjectEncryption") or {}).get("SSEKMS") or {}
    if not wanted.get("KMSKeyArn"):
        raise MalformedXml("ObjectEncryption names the KMS key that shall protect the object.")
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    count_request(env, bucket, WRITE)
    await logic.update_object_encryption(
        env,
        call,
        bucket,
        request["Key"],
        request.get("VersionId"),
        WantedEncryption(mode=EncryptionMode.KMS, kms_key=wanted["KMSKeyArn"]),
    )
    return {}
