"""LookupEvents: the management events of the last 90 days, out of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.kernel.ids import parse_arn
from volano.services.identity.interface import AuditFilter, list_audit
from volano.services.trails.logic.errors import (
    InvalidLookupAttributes,
    InvalidNextToken,
    InvalidTimeRange,
)
from volano.services.trails.logic.events import (
    access_key_of,
    data_type_of,
    name_of,
    source_of,
    user_name_of,
)
from volano.services.trails.model import LOOKUP_PAGE

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.journal import AuditRecord

MAX_READS = 40
MAX_SECONDS = 5.0
"""What one request reads of the audit trail; a rare event is found over several requests."""
ATTRIBUTES = (
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """`attribute` is one of ATTRIBUTES or empty; times are microseconds."""

    attribute: str = ""
    value: str = ""
    from_us: int = 0
    until_us: int | None = None
    limit: int = LOOKUP_PAGE
    cursor: str = ""


async def lookup(env: Env, call: Call, wanted: Lookup) -> tuple[list[AuditRecord], str]:
    """The newest first, and where the next page begins. Raises InvalidLookupAttributes,
    InvalidTimeRange, InvalidNextToken."""
    if wanted.attribute and wanted.attribute not in ATTRIBUTES:
        raise InvalidLookupAttributes(f"There is no attribute {wanted.attribute[:64]}.")
    if wanted.until_us is not None and wanted.until_us < wanted.from_us:
        raise InvalidTimeRange("The end of the time range is before its start.")
    found: list[AuditRecord] = []
    cursor = wanted.cursor
    began_s = env.clock.monotonic_s()
    for _ in range(MAX_READS):
        rows, cursor = await _read(
            env, call, wanted, limit=wanted.limit - len(found), cursor=cursor
        )
        found += [record for record in rows if _fits(record, wanted)]
        late = env.clock.monotonic_s() - began_s > MAX_SECONDS
        if not cursor or len(found) >= wanted.limit or late:
            break
    return found, cursor


async def _read(
    env: Env, call: Call, wanted: Lookup, *, limit: int, cursor: str
) -> tuple[list[AuditRecord], str]:
    rows = AuditFilter(
        since_us=wanted.from_us,
        writes_only=wanted.attribute == "ReadOnly" and wanted.value == "false",
    )
    try:
        return await list_audit(env, call, rows, limit=limit, cursor=cursor)
    except Invalid as error:
        raise InvalidNextToken("Invalid token.") from error


def _fits(record: AuditRecord, wanted: Lookup) -> bool:
    if data_type_of(record.action):
        return False
    if wanted.until_us is not None and record.time_us > wanted.until_us:
        return False
    value = wanted.value
    resource = record.resource
    facts = {
        "": True,
        "EventId": record.id == value,
        "EventName": name_of(record.action) == value,
        "ReadOnly": str(record.read_only).lower() == value,
        "Username": user_name_of(record) == value,
        "EventSource": source_of(record.action) == value,
        "ResourceName": value
        in (resource, resource.rpartition(":")[2], resource.rpartition("/")[2]),
        "ResourceType": _type_of(resource) == value,
        "AccessKeyId": wanted.attribute == "AccessKeyId" and access_key_of(record) == value,
    }
    return facts.get(wanted.attribute, False)


_TYPES = {
    "iam/user": "AWS::IAM::User",
    "iam/group": "AWS::IAM::Group",
    "iam/role": "AWS::IAM::Role",
    "iam/policy": "AWS::IAM::Policy",
    "kms/key": "AWS::KMS::Key",
    "kms/alias": "AWS::KMS::Alias",
    "cloudtrail/trail": "AWS::CloudTrail::Trail",
    "ec2/instance": "AWS::EC2::Instance",
    "ec2/security-group": "AWS::EC2::SecurityGroup",
    "ec2/vpc": "AWS::EC2::VPC",
}
_ONLY_TYPES = {"sns": "AWS::SNS::Topic", "sqs": "AWS::SQS::Queue"}


def _type_of(resource: str) -> str:
    """`AWS::S3::Bucket` where the ARN tells."""
    arn = parse_arn(resource)
    if arn is None:
        return ""
    if arn.service == "s3":
        return "" if "/" in arn.resource else "AWS::S3::Bucket"
    if arn.service == "secretsmanager":
        return "AWS::SecretsManager::Secret" if arn.resource.startswith("secret:") else ""
    found = _TYPES.get(f"{arn.service}/{arn.resource.partition('/')[0]}")
    return found or _ONLY_TYPES.get(arn.service, "")


def type_of(record: AuditRecord) -> str:
    return _type_of(record.resource)
