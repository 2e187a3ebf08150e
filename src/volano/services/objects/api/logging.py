"""S3: where a bucket's access logs go, and the line of each request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.identity import PrincipalKind
from volano.kernel.ids import AccountId
from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.api.owners import canonical_id
from volano.services.objects.logic import access_logs as logic
from volano.services.objects.logic.access import LOGGED, open_bucket
from volano.services.objects.logic.errors import MalformedXml
from volano.services.objects.store.buckets import select_setting
from volano.wire.action import action
from volano.wire.aws.s3_edges import ACCESS_LOG, VISIT, s3_edge

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.wire.aws.s3_edges import Served

BUCKET = "arn:aws:s3:::{Bucket}"
_MAX_TEXT = 1024
_RESOURCES = {
    "AbortMultipartUpload": "UPLOAD",
    "CompleteMultipartUpload": "UPLOAD",
    "CreateMultipartUpload": "UPLOADS",
    "DeleteObjects": "MULTI_OBJECT_DELETE",
    "GetBucketAcl": "ACL",
    "GetBucketVersioning": "VERSIONING",
    "GetObjectAcl": "ACL",
    "ListMultipartUploads": "UPLOADS",
    "ListObjectVersions": "BUCKETVERSIONS",
    "ListParts": "UPLOAD",
    "PutBucketAcl": "ACL",
    "PutBucketVersioning": "VERSIONING",
    "PutObjectAcl": "ACL",
    "UploadPart": "PART",
    "UploadPartCopy": "PART",
}
_SETTINGS = (
    ("Cors", "CORS"),
    ("Lifecycle", "LIFECYCLE"),
    ("Location", "LOCATION"),
    ("Logging", "LOGGING_STATUS"),
    ("Notification", "NOTIFICATION"),
    ("Policy", "BUCKETPOLICY"),
    ("Tagging", "TAGGING"),
    ("Website", "WEBSITE"),
)


@action(
    "s3:GetBucketLogging",
    permission="s3:GetBucketLogging",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_logging(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    if not bucket.access.log_bucket:
        return {}
    document = await select_setting(env.store.reader, bucket.id, logic.KIND)
    return {"LoggingEnabled": msgspec.json.decode(document or "{}")}


@action(
    "s3:PutBucketLogging",
    permission="s3:PutBucketLogging",
    resource=BUCKET,
    facts=facts_of_bucket,
    partial="Grants on log objects are remembered and not applied.",
)
async def put_bucket_logging(env: Env, call: Call, request: Request) -> Result:
    wanted = (request.get("BucketLoggingStatus") or {}).get("LoggingEnabled")
    target = None
    if wanted is not None:
        if not wanted.get("TargetBucket"):
            raise MalformedXml()
        target = logic.LogTarget(
            bucket=wanted["TargetBucket"],
            prefix=wanted.get("TargetPrefix") or "",
            partition=_partition(wanted.get("TargetObjectKeyFormat") or {}),
        )
    document = msgspec.json.encode(wanted).decode()
    owner = request.get("ExpectedBucketOwner")
    await logic.put_logging(env, request["Bucket"], target, document, owner=owner)
    return {}


def _partition(wanted: Request) -> str:
    """How keys of log objects begin: '' for the prefix alone."""
    if "PartitionedPrefix" not in wanted:
        return ""
    source = (wanted["PartitionedPrefix"] or {}).get("PartitionDateSource") or ""
    if source not in (logic.EVENT_TIME, logic.DELIVERY_TIME):
        raise MalformedXml()
    return str(source)


@s3_edge(ACCESS_LOG)
def note_served(env: Env, served: Served) -> None:
    """Keep the line of a request that was answered."""
    request_id = str(served.call.request_id)
    logic.note_line(env, served.bucket, to_line(env, served), request_id=request_id)


def to_line(env: Env, served: Served) -> str:
    """One request in S3's format: 26 fields, `-` for what is not there."""
    request, call = served.request, served.call
    headers = {name.lower(): value for name, value in served.headers}
    moment = datetime.fromtimestamp(env.clock.now_us() / 1e6, UTC)
    took_ms = max(1, round(served.took_s * 1000))
    owner = AccountId(call.context.get(LOGGED, ""))
    uri = request.raw_path + (f"?{request.raw_query}" if request.raw_query else "")
    fields = (
        canonical_id(env, owner) if owner else "-",
        served.bucket or "-",
        f"[{moment:%d/%b/%Y:%H:%M:%S %z}]",
        call.source_ip or "-",
        _requester(env, call),
        str(call.request_id),
        _operation(served),
        served.key or "-",
        _quoted(f"{request.method} {uri} HTTP/1.1"),
        str(served.status),
        served.error_code or "-",
        str(served.sent_bytes) if served.sent_bytes else "-",
        _object_size(served, headers),
        str(took_ms),
        str(took_ms),
        _quoted(request.headers.get("referer", "-")),
        _quoted(request.headers.get("user-agent", "-")),
        headers.get("x-amz-version-id", "-"),
        served.host_id,
        served.signature_version or "-",
        "-",
        served.auth_type or "-",
        request.headers.get("host", "-") or "-",
        "TLSv1.3" if request.scheme == "https" else "-",
        "-",
        "-",
    )
    return " ".join(fields)


def _requester(env: Env, call: Call) -> str:
    kind = call.principal.kind
    if kind is PrincipalKind.ANONYMOUS:
        return "-"
    return canonical_id(env, call.account) if kind is PrincipalKind.ROOT else call.principal.arn


def _operation(served: Served) -> str:
    name = served.operation
    resource = _RESOURCES.get(name)
    if resource is None:
        found = (word for part, word in _SETTINGS if part in name)
        resource = next(found, "OBJECT" if served.key else "BUCKET")
    if name == VISIT:
        return f"WEBSITE.{served.request.method}.OBJECT"
    method = "COPY" if name in ("CopyObject", "UploadPartCopy") else served.request.method
    return f"REST.{method}.{resource}"


def _object_size(served: Served, headers: dict[str, str]) -> str:
    if not served.key or served.status >= 400:
        return "-"
    if served.request.method in ("GET", "HEAD"):
        total = headers.get("content-range", "").rpartition("/")[2]
        return total or headers.get("content-length", "") or str(served.sent_bytes or "-")
    return served.request.headers.get("content-length", "-")


def _quoted(text: str) -> str:
    clean = "".join(char if char.isprintable() else " " for char in text[:_MAX_TEXT])
    return '"' + clean.replace('"', "%22") + '"'
