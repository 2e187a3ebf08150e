"""CloudTrail: trails, their state, selectors and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.services.trails.api.members import (
    ANY_TRAIL,
    TRAIL,
    described,
    facts_of_trail,
    tag_facts,
    tags_of,
    trail_shape,
)
from volano.services.trails.logic import trails as logic
from volano.services.trails.logic.errors import (
    InsightNotEnabled,
    InvalidArn,
    InvalidCombination,
    InvalidEventSelectors,
)
from volano.services.trails.logic.events import iso_time
from volano.services.trails.logic.notices import topic_arn_of
from volano.services.trails.logic.selectors import selectors_of
from volano.services.trails.model import Trail
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.trails.api.members import Shape

_NOT_BUILT = "No CloudWatch group, KMS key or organization."


@action(
    "cloudtrail:CreateTrail",
    permission="cloudtrail:CreateTrail",
    resource=TRAIL,
    condition=lambda _, request: tag_facts(request),
    partial=_NOT_BUILT,
)
async def create_trail(env: Env, call: Call, request: Shape) -> Shape:
    logic.require_built(request)
    global_events = request.get("IncludeGlobalServiceEvents")
    trail = Trail(
        account=call.account,
        region=env.region.name,
        name=request["Name"],
        bucket=request["S3BucketName"],
        created_us=env.clock.now_us(),
        prefix=request.get("S3KeyPrefix") or "",
        global_events=True if global_events is None else global_events,
        multi_region=bool(request.get("IsMultiRegionTrail")),
        validation=bool(request.get("EnableLogFileValidation")),
        tags=tags_of(request),
        topic=topic_arn_of(env, call, request.get("SnsTopicName") or ""),
    )
    return trail_shape(await logic.create_trail(env, call, trail))


_FIELDS = {
    "S3BucketName": "bucket",
    "S3KeyPrefix": "prefix",
    "IncludeGlobalServiceEvents": "global_events",
    "IsMultiRegionTrail": "multi_region",
    "EnableLogFileValidation": "validation",
}


@action(
    "cloudtrail:UpdateTrail",
    permission="cloudtrail:UpdateTrail",
    resource=TRAIL,
    facts=facts_of_trail,
    partial=_NOT_BUILT,
)
async def update_trail(env: Env, call: Call, request: Shape) -> Shape:
    logic.require_built(request)
    changes: dict[str, Any] = {
        field: request[member]
        for member, field in _FIELDS.items()
        if request.get(member) is not None
    }
    if request.get("SnsTopicName") is not None:
        changes["topic"] = topic_arn_of(env, call, request["SnsTopicName"])
    return trail_shape(await logic.update_trail(env, call, request["Name"], changes))


@action(
    "cloudtrail:DeleteTrail",
    permission="cloudtrail:DeleteTrail",
    resource=TRAIL,
    facts=facts_of_trail,
)
async def delete_trail(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_trail(env, call, request["Name"])


@action("cloudtrail:DescribeTrails", permission="cloudtrail:DescribeTrails", resource=ANY_TRAIL)
async def describe_trails(env: Env, call: Call, request: Shape) -> Shape:
    trails = await logic.list_trails(env, call)
    names = request.get("trailNameList")
    if names:
        wanted = {logic.name_of(env, call, name) for name in names}
        trails = [trail for trail in trails if trail.name in wanted]
    return {"trailList": [described(trail) for trail in trails]}


@action(
    "cloudtrail:GetTrail", permission="cloudtrail:GetTrail", resource=TRAIL, facts=facts_of_trail
)
async def get_trail(env: Env, call: Call, request: Shape) -> Shape:
    return {"Trail": described(await logic.get_trail(env, env.store.reader, call, request["Name"]))}


@action("cloudtrail:ListTrails", permission="cloudtrail:ListTrails", resource=ANY_TRAIL)
async def list_trails(env: Env, call: Call, request: Shape) -> Shape:
    trails = await logic.list_trails(env, call)
    return {
        "Trails": [
            {"TrailARN": trail.arn, "Name": trail.name, "HomeRegion": trail.region}
            for trail in trails
        ]
    }


@action(
    "cloudtrail:StartLogging",
    permission="cloudtrail:StartLogging",
    resource=TRAIL,
    facts=facts_of_trail,
)
async def start_logging(env: Env, call: Call, request: Shape) -> None:
    await logic.set_logging(env, call, request["Name"], logging=True)


@action(
    "cloudtrail:StopLogging",
    permission="cloudtrail:StopLogging",
    resource=TRAIL,
    facts=facts_of_trail,
)
async def stop_logging(env: Env, call: Call, request: Shape) -> None:
    await logic.set_logging(env, call, request["Name"], logging=False)


@action(
    "cloudtrail:GetTrailStatus",
    permission="cloudtrail:GetTrailStatus",
    resource=TRAIL,
    facts=facts_of_trail,
)
async def get_trail_status(env: Env, call: Call, request: Shape) -> Shape:
    trail = await logic.get_trail(env, env.store.reader, call, request["Name"])
    shape: Shape = {
        "IsLogging": trail.logging,
        "LatestDeliveryAttemptTime": _said(trail.delivered_us),
        "LatestNotificationAttemptTime": "",
        "LatestNotificationAttemptSucceeded": "",
        "LatestDeliveryAttemptSucceeded": _said(trail.delivered_us),
        "TimeLoggingStarted": _said(trail.started_us),
        "TimeLoggingStopped": _said(trail.stopped_us),
    }
    for member, moment in (
        ("StartLoggingTime", trail.started_us),
        ("StopLoggingTime", trail.stopped_us),
        ("LatestDeliveryTime", trail.delivered_us),
        ("LatestDigestDeliveryTime", trail.digest_delivered_us),
    ):
        if moment is not None:
            shape[member] = moment / 1e6
    for member, error in (
        ("LatestDeliveryError", trail.delivery_error),
        ("LatestDigestDeliveryError", trail.digest_error),
    ):
        if error:
            shape[member] = error
    return shape


def _said(moment: int | None) -> str:
    return "" if moment is None else iso_time(moment)


@action(
    "cloudtrail:PutEventSelectors",
    permission="cloudtrail:PutEventSelectors",
    resource="arn:aws:cloudtrail:{region}:{account}:trail/{TrailName}",
    facts=facts_of_trail,
)
async def put_event_selectors(env: Env, call: Call, request: Shape) -> Shape:
    basic = request.get("EventSelectors") or []
    advanced = request.get("AdvancedEventSelectors") or []
    if bool(basic) == bool(advanced):
        raise InvalidEventSelectors("Give EventSelectors or AdvancedEventSelectors.")
    trail = await logic.put_selectors(
        env, call, request["TrailName"], basic=basic, advanced=advanced
    )
    given = {"EventSelectors": basic} if basic else {"AdvancedEventSelectors": advanced}
    return {"TrailARN": trail.arn, **given}


@action(
    "cloudtrail:GetEventSelectors",
    permission="cloudtrail:GetEventSelectors",
    resource="arn:aws:cloudtrail:{region}:{account}:trail/{TrailName}",
    facts=facts_of_trail,
)
async def get_event_selectors(env: Env, call: Call, request: Shape) -> Shape:
    trail = await logic.get_trail(env, env.store.reader, call, request["TrailName"])
    basic, advanced = selectors_of(trail)
    return {
        "TrailARN": trail.arn,
        "EventSelectors": basic,
        "AdvancedEventSelectors": advanced,
    }


async def _facts_of_source(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """A request may leave the trail out, to name an event data store."""
    return await facts_of_trail(env, call, request) if request.get("TrailName") else {}


@action(
    "cloudtrail:GetInsightSelectors",
    permission="cloudtrail:GetInsightSelectors",
    resource="arn:aws:cloudtrail:{region}:{account}:trail/{TrailName}",
    facts=_facts_of_source,
)
async def get_insight_selectors(env: Env, call: Call, request: Shape) -> Shape:
    """No trail logs Insights events, and this says so as CloudTrail does."""
    if not request.get("TrailName"):
        raise InvalidCombination("Give TrailName; there are no event data stores.")
    trail = await logic.get_trail(env, env.store.reader, call, request["TrailName"])
    raise InsightNotEnabled(
        f"Trail {trail.arn} does not have Insights enabled. Edit the trail settings to enable "
        "Insights, and then try the operation again."
    )


@action(
    "cloudtrail:AddTags",
    permission="cloudtrail:AddTags",
    resource="{ResourceId}",
    facts=facts_of_trail,
)
async def add_tags(env: Env, call: Call, request: Shape) -> None:
    await logic.tag_trail(env, call, request["ResourceId"], add=tags_of(request))


@action(
    "cloudtrail:RemoveTags",
    permission="cloudtrail:RemoveTags",
    resource="{ResourceId}",
    facts=facts_of_trail,
)
async def remove_tags(env: Env, call: Call, request: Shape) -> None:
    await logic.tag_trail(env, call, request["ResourceId"], add={}, remove=list(tags_of(request)))


@action("cloudtrail:ListTags", permission="cloudtrail:ListTags", resource=ANY_TRAIL)
async def list_tags(env: Env, call: Call, request: Shape) -> Shape:
    """Trails of the caller's own account only; others are not told from none."""
    found = []
    for arn in request["ResourceIdList"]:
        if not arn.startswith("arn:"):
            raise InvalidArn(f"{arn[:200]} is not the ARN of a trail.")
        trail = await logic.get_trail(env, env.store.reader, call, arn)
        tags = [{"Key": key, "Value": value} for key, value in trail.tags.items()]
        found.append({"ResourceId": arn, "TagsList": tags})
    return {"ResourceTagList": found}
