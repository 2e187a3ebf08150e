"""S3: the replication rules of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import NotBuilt
from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.logic import replication as logic
from volano.services.objects.logic.errors import InvalidArgument, InvalidRequest, MalformedXml
from volano.services.objects.logic.replication_targets import is_target
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result

BUCKET = "arn:aws:s3:::{Bucket}"
_PREFIX = "arn:aws:s3:::"
_NOT_BUILT = ("AccessControlTranslation", "EncryptionConfiguration", "ReplicationTime", "Metrics")


@action(
    "s3:PutBucketReplication",
    permission="s3:PutReplicationConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
    partial="To buckets here and to replication targets. No replication of older versions, "
    "of what KMS or a client's key seals, of later changes of tags; replicas of multipart uploads "
    "have one part.",
)
async def put_bucket_replication(env: Env, call: Call, request: Request) -> Result:
    configuration = request.get("ReplicationConfiguration") or {}
    wanted = logic.Replication(
        role=configuration.get("Role") or "",
        since_us=env.clock.now_us(),
        rules=tuple(_parse_rule(env, rule) for rule in configuration.get("Rules") or ()),
    )
    await logic.put_replication(
        env, call, request["Bucket"], request.get("ExpectedBucketOwner"), wanted
    )
    return {}


def _parse_rule(env: Env, rule: Request) -> logic.Rule:
    destination = rule.get("Destination") or {}
    _require_built(rule, destination)
    if rule.get("Status") not in ("Enabled", "Disabled"):
        raise MalformedXml()
    chosen = rule.get("Filter")
    markers = (rule.get("DeleteMarkerReplication") or {}).get("Status")
    if chosen is not None and markers is None:
        raise InvalidRequest(
            "DeleteMarkerReplication must be specified for this version of Cross Region "
            "Replication configuration schema. Please refer to S3 Developer Guide for more "
            "information."
        )
    arn = str(destination.get("Bucket") or "")
    if not is_target(arn) and (not arn.startswith(_PREFIX) or len(arn) == len(_PREFIX)):
        raise InvalidArgument("Invalid bucket ARN.")
    prefix, tags = _parse_filter(rule.get("Prefix") or "" if chosen is None else chosen)
    return logic.Rule(
        id=rule.get("ID") or env.ids.token(24),
        bucket=arn.removeprefix(_PREFIX),
        enabled=rule["Status"] == "Enabled",
        priority=rule.get("Priority") or 0,
        prefix=prefix,
        tags=tags,
        plain_prefix=chosen is None,
        markers=markers == "Enabled",
        storage_class=destination.get("StorageClass") or "",
        owner=destination.get("Account") or "",
    )


def _require_built(rule: Request, destination: Request) -> None:
    for name in _NOT_BUILT:
        if destination.get(name):
            raise NotBuilt(f"{name} is not built yet.")
    if rule.get("SourceSelectionCriteria"):
        raise NotBuilt("SourceSelectionCriteria is not built yet.")
    existing = (rule.get("ExistingObjectReplication") or {}).get("Status")
    if existing == "Enabled":
        raise NotBuilt("ExistingObjectReplication is not built yet.")


def _parse_filter(chosen: str | Request) -> tuple[str, dict[str, str]]:
    """Prefix and tags of a prefix, a filter of one condition, or several under And."""
    if isinstance(chosen, str):
        return chosen, {}
    if len(chosen) > 1:
        raise MalformedXml()
    if "Tag" in chosen:
        return "", {chosen["Tag"]["Key"]: chosen["Tag"]["Value"]}
    inner = chosen.get("And") or chosen
    tags = {tag["Key"]: tag["Value"] for tag in inner.get("Tags") or ()}
    return inner.get("Prefix") or "", tags


@action(
    "s3:GetBucketReplication",
    permission="s3:GetReplicationConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_replication(env: Env, call: Call, request: Request) -> Result:
    found = await logic.get_replication(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    return {
        "ReplicationConfiguration": {
            "Role": found.role,
            "Rules": [_rule_shape(rule) for rule in found.rules],
        }
    }


@action(
    "s3:DeleteBucketReplication",
    permission="s3:PutReplicationConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def delete_bucket_replication(env: Env, call: Call, request: Request) -> Result:
    await logic.delete_replication(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    return {}


def _rule_shape(rule: logic.Rule) -> Result:
    arn = rule.bucket if is_target(rule.bucket) else _PREFIX + rule.bucket
    destination: Result = {"Bucket": arn}
    if rule.storage_class:
        destination["StorageClass"] = rule.storage_class
    if rule.owner:
        destination["Account"] = rule.owner
    shape: Result = {
        "ID": rule.id,
        "Status": "Enabled" if rule.enabled else "Disabled",
        "Destination": destination,
    }
    if rule.plain_prefix:
        return shape | {"Prefix": rule.prefix}
    status = "Enabled" if rule.markers else "Disabled"
    return shape | {
        "Priority": rule.priority,
        "Filter": _filter_shape(rule),
        "DeleteMarkerReplication": {"Status": status},
    }


def _filter_shape(rule: logic.Rule) -> Result:
    tags = [{"Key": name, "Value": value} for name, value in rule.tags.items()]
    if len(tags) > 1 or (tags and rule.prefix):
        return {"And": ({"Prefix": rule.prefix} if rule.prefix else {}) | {"Tags": tags}}
    return {"Tag": tags[0]} if tags else {"Prefix": rule.prefix}
