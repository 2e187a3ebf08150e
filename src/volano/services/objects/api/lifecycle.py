"""S3: the lifecycle rules of a bucket."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.logic import lifecycle as logic
from volano.services.objects.logic.errors import MalformedXml
from volano.services.objects.logic.lifecycle_due import first_expiry
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.model import StoredObject

BUCKET = "arn:aws:s3:::{Bucket}"


@action(
    "s3:PutBucketLifecycleConfiguration",
    permission="s3:PutLifecycleConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def put_bucket_lifecycle_configuration(env: Env, call: Call, request: Request) -> Result:
    configuration = request.get("LifecycleConfiguration") or {}
    wanted = logic.Lifecycle(
        rules=[_parse_rule(env, rule) for rule in configuration.get("Rules") or []],
        minimum=request.get("TransitionDefaultMinimumObjectSize") or "",
    )
    await logic.put_lifecycle(env, request["Bucket"], wanted, request.get("ExpectedBucketOwner"))
    return {"TransitionDefaultMinimumObjectSize": wanted.minimum or None}


@action(
    "s3:GetBucketLifecycleConfiguration",
    permission="s3:GetLifecycleConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_lifecycle_configuration(env: Env, call: Call, request: Request) -> Result:
    found = await logic.get_lifecycle(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    return {
        "Rules": [_rule_shape(rule) for rule in found.rules],
        "TransitionDefaultMinimumObjectSize": found.minimum or None,
    }


@action(
    "s3:DeleteBucketLifecycle",
    permission="s3:PutLifecycleConfiguration",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def delete_bucket_lifecycle(env: Env, call: Call, request: Request) -> Result:
    await logic.delete_lifecycle(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    return {}


def _parse_rule(env: Env, rule: Request) -> logic.Rule:
    expiration = rule.get("Expiration") or {}
    if rule.get("Status") not in ("Enabled", "Disabled"):
        raise MalformedXml()
    chosen = rule.get("Filter")
    if (chosen is None) == (rule.get("Prefix") is None):
        raise MalformedXml()
    abort = rule.get("AbortIncompleteMultipartUpload") or {}
    older = rule.get("NoncurrentVersionExpiration") or {}
    if older and older.get("NoncurrentDays") is None:
        raise MalformedXml()
    return logic.Rule(
        id=rule.get("ID") or env.ids.token(24),
        enabled=rule["Status"] == "Enabled",
        plain_prefix=chosen is None,
        days=expiration.get("Days"),
        date_us=_date_us(expiration.get("Date")),
        markers=expiration.get("ExpiredObjectDeleteMarker"),
        noncurrent_days=older.get("NoncurrentDays"),
        newer=older.get("NewerNoncurrentVersions"),
        transitions=tuple(_parse_transition(each) for each in rule.get("Transitions") or ()),
        noncurrent_transitions=tuple(
            _parse_transition(each) for each in rule.get("NoncurrentVersionTransitions") or ()
        ),
        abort_days=abort.get("DaysAfterInitiation"),
        **_parse_filter(rule["Prefix"] if chosen is None else chosen),
    )


def _parse_transition(move: Request) -> logic.Transition:
    """A transition of current objects, or of versions that are not."""
    return logic.Transition(
        storage_class=move.get("StorageClass") or "",
        days=move.get("NoncurrentDays", move.get("Days")),
        date_us=_date_us(move.get("Date")),
        newer=move.get("NewerNoncurrentVersions") or 0,
    )


def _date_us(date: datetime | None) -> int | None:
    return None if date is None else int(date.timestamp() * 1_000_000)


def _parse_filter(chosen: str | Request) -> dict[str, Any]:
    """A prefix, or a filter of one condition, or of several under And."""
    if isinstance(chosen, str):
        return {"prefix": chosen}
    if len(chosen) > 1:
        raise MalformedXml()
    chosen = {**chosen, **(chosen.get("And") or {})}
    tags = [*(chosen.get("Tags") or ()), *([chosen["Tag"]] if "Tag" in chosen else ())]
    named = {tag["Key"]: tag["Value"] for tag in tags}
    if len(named) != len(tags):
        raise MalformedXml()
    return {
        "prefix": chosen.get("Prefix") or "",
        "tags": named,
        "over_bytes": chosen.get("ObjectSizeGreaterThan"),
        "under_bytes": chosen.get("ObjectSizeLessThan"),
    }


def _rule_shape(rule: logic.Rule) -> Result:
    shape: Result = {"ID": rule.id, "Status": "Enabled" if rule.enabled else "Disabled"}
    if rule.plain_prefix:
        shape["Prefix"] = rule.prefix
    else:
        shape["Filter"] = _filter_shape(rule)
    if rule.days is not None:
        shape["Expiration"] = {"Days": rule.days}
    if rule.date_us is not None:
        shape["Expiration"] = {"Date": datetime.fromtimestamp(rule.date_us / 1e6, UTC)}
    if rule.markers is not None:
        shape["Expiration"] = {"ExpiredObjectDeleteMarker": rule.markers}
    if rule.noncurrent_days is not None:
        shape["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule.noncurrent_days}
        if rule.newer is not None:
            shape["NoncurrentVersionExpiration"]["NewerNoncurrentVersions"] = rule.newer
    if rule.transitions:
        shape["Transitions"] = [_transition_shape(move, "Days") for move in rule.transitions]
    if rule.noncurrent_transitions:
        shape["NoncurrentVersionTransitions"] = [
            _transition_shape(move, "NoncurrentDays") for move in rule.noncurrent_transitions
        ]
    if rule.abort_days is not None:
        shape["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": rule.abort_days}
    return shape


def _transition_shape(move: logic.Transition, days: str) -> Result:
    shape: Result = {"StorageClass": move.storage_class}
    if move.days is not None:
        shape[days] = move.days
    if move.date_us is not None:
        shape["Date"] = datetime.fromtimestamp(move.date_us / 1e6, UTC)
    if move.newer:
        shape["NewerNoncurrentVersions"] = move.newer
    return shape


def _filter_shape(rule: logic.Rule) -> Result:
    found: Result = {"Prefix": rule.prefix} if rule.prefix else {}
    tags = [{"Key": name, "Value": value} for name, value in rule.tags.items()]
    if rule.over_bytes is not None:
        found["ObjectSizeGreaterThan"] = rule.over_bytes
    if rule.under_bytes is not None:
        found["ObjectSizeLessThan"] = rule.under_bytes
    if len(tags) + len(found) > 1:
        return {"And": {**found, "Tags": tags} if tags else found}
    if tags:
        return {"Tag": tags[0]}
    return found or {"Prefix": ""}


async def expiration_of(env: Env, item: StoredObject) -> str | None:
    """What `x-amz-expiration` says of an object, in real days; None when no rule removes it."""
    rules = (await logic.find_lifecycle(env, item.bucket_id)).rules
    found = first_expiry(rules, item, logic.REAL_DAY_S) if rules else None
    if found is None:
        return None
    when_us, rule_id = found
    return f'expiry-date="{formatdate(when_us // 1_000_000, usegmt=True)}", rule-id="{rule_id}"'
