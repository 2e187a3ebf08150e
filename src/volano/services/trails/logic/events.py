"""Audit records as CloudTrail's events (its user guide, "CloudTrail record contents").

Calls at the AWS door tell their parameters, what they gave back and the access key; of data events
`requestParameters` says what the resource's ARN tells. Calls at the doors of OpenAI, Slack and
Volano have event sources of their own (`openai.volano`, `slack.volano`, `rest.volano`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from volano.kernel.journal import AuditRecord

Event = dict[str, Any]

_SOURCES = {
    "ce": "ce.amazonaws.com",
    "openai": "openai.volano",
    "slack": "slack.volano",
    "volano": "rest.volano",
}
S3_OBJECT = "AWS::S3::Object"
_DATA_TYPES = {
    "sqs": "AWS::SQS::Queue",
    "sns": "AWS::SNS::Topic",
    "openai": "Volano::Models::Call",
    "slack": "Volano::Chat::Call",
}
_DATA_NAMES = {
    "sqs": frozenset(
        {
            "SendMessage",
            "SendMessageBatch",
            "ReceiveMessage",
            "DeleteMessage",
            "DeleteMessageBatch",
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
        }
    ),
    "sns": frozenset({"Publish", "PublishBatch"}),
}
_S3_DATA = frozenset(
    {
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateMultipartUpload",
        "DeleteObject",
        "DeleteObjectTagging",
        "DeleteObjects",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectLegalHold",
        "GetObjectRetention",
        "GetObjectTagging",
        "HeadBucket",
        "HeadObject",
        "ListObjectVersions",
        "ListObjects",
        "ListObjectsV2",
        "ListParts",
        "PutObject",
        "PutObjectAcl",
        "PutObjectLegalHold",
        "PutObjectRetention",
        "PutObjectTagging",
        "RestoreObject",
        "SelectObjectContent",
        "UploadPart",
        "UploadPartCopy",
    }
)
_GLOBAL = frozenset({"iam", "sts", "organizations"})


def source_of(action: str) -> str:
    """`s3.amazonaws.com` of `s3:GetObject`."""
    service = action.partition(":")[0]
    return _SOURCES.get(service, f"{service}.amazonaws.com")


def name_of(action: str) -> str:
    return action.partition(":")[2]


def is_global(action: str) -> bool:
    return action.partition(":")[0] in _GLOBAL


def data_type_of(action: str) -> str:
    """The resource type of a data event; empty for a management event."""
    service, _, name = action.partition(":")
    if service == "s3":
        return S3_OBJECT if name in _S3_DATA else ""
    if service in _DATA_NAMES:
        return _DATA_TYPES[service] if name in _DATA_NAMES[service] else ""
    return _DATA_TYPES.get(service, "")


def user_name_of(record: AuditRecord) -> str:
    """The user's name, or the session's of a role."""
    return record.principal_arn.rpartition("/")[2].rpartition(":")[2]


def to_event(record: AuditRecord, region: str) -> Event:
    """One entry of a log file's `Records`."""
    data_type = data_type_of(record.action)
    details = _details(record)
    event: Event = {
        "eventVersion": "1.11",
        "userIdentity": _identity(record, details),
        "eventTime": iso_time(record.time_us),
        "eventSource": source_of(record.action),
        "eventName": name_of(record.action),
        "awsRegion": region,
        "sourceIPAddress": record.source_ip,
        "userAgent": record.user_agent,
        "requestParameters": details.get("requestParameters") or _parameters(record),
        "responseElements": details.get("responseElements"),
        "requestID": record.request_id,
        "eventID": record.id,
        "readOnly": record.read_only,
        "resources": _resources(record, data_type),
        "eventType": "AwsApiCall",
        "managementEvent": not data_type,
        "recipientAccountId": record.account,
        "eventCategory": "Data" if data_type else "Management",
    }
    if record.error_code:
        event["errorCode"] = record.error_code
    if not event["resources"]:
        del event["resources"]
    return event


def access_key_of(record: AuditRecord) -> str:
    """The id of the key that signed the request; empty where there was none."""
    return str(_details(record).get("accessKeyId") or "")


def _details(record: AuditRecord) -> Event:
    found = msgspec.json.decode(record.details) if record.details else {}
    return found if isinstance(found, dict) else {}


def _identity(record: AuditRecord, details: Event) -> Event:
    arn = record.principal_arn
    if arn == "*" or not arn.startswith("arn:"):
        return {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    identity: Event = {
        "type": "IAMUser",
        "principalId": record.principal_id,
        "arn": arn,
        "accountId": arn.split(":")[4],
    }
    if details.get("accessKeyId"):
        identity["accessKeyId"] = details["accessKeyId"]
    if "attributes" in details:
        identity["sessionContext"] = {"attributes": details["attributes"]}
    if arn.endswith(":root"):
        identity["type"] = "Root"
    elif ":assumed-role/" in arn:
        identity["type"] = "AssumedRole"
        role = arn.partition(":assumed-role/")[2].partition("/")[0]
        issuer = {
            "type": "Role",
            "principalId": record.principal_id.partition(":")[0],
            "arn": f"arn:aws:iam::{identity['accountId']}:role/{role}",
            "accountId": identity["accountId"],
            "userName": role,
        }
        identity["sessionContext"] = {
            "sessionIssuer": issuer,
            **identity.get("sessionContext", {}),
        }
    elif ":federated-user/" in arn:
        identity["type"] = "FederatedUser"
    else:
        identity["userName"] = user_name_of(record)
    return identity


def _parameters(record: AuditRecord) -> Event | None:
    """What the resource says of an S3 request; None where nothing is known."""
    if not record.resource.startswith("arn:aws:s3:::"):
        return None
    bucket, _, key = record.resource.removeprefix("arn:aws:s3:::").partition("/")
    return {"bucketName": bucket, **({"key": key} if key else {})}


def _resources(record: AuditRecord, data_type: str) -> list[Event]:
    arn = record.resource
    if not arn.startswith("arn:"):
        return []
    if arn.startswith("arn:aws:s3:::"):
        bucket = {"type": "AWS::S3::Bucket", "ARN": arn.partition("/")[0]}
        bucket["accountId"] = record.account
        return [{"type": data_type, "ARN": arn}, bucket] if "/" in arn else [bucket]
    owner = arn.split(":")[4] or record.account
    return [{"ARN": arn, "accountId": owner, **({"type": data_type} if data_type else {})}]


def iso_time(time_us: int) -> str:
    """`2026-11-22T10:00:00Z`."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
