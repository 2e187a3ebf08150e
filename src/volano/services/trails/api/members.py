"""Between botocore's member names and the model, and the facts that authorization needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.services.trails.logic.trails import name_of
from volano.services.trails.store import trails as rows
from volano.wire.action import RESOLVED

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.trails.model import Trail

Shape = dict[str, Any]

TRAIL = "arn:aws:cloudtrail:{region}:{account}:trail/{Name}"
ANY_TRAIL = "*"


async def facts_of_trail(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """The trail that the request names, by name or ARN, and its tags."""
    name = request.get("Name") or request.get("TrailName") or request.get("ResourceId") or ""
    local = name_of(env, call, name)
    arn = f"arn:aws:cloudtrail:{env.region.name}:{call.account}:trail/{local}"
    facts = {RESOLVED: arn, **tag_facts(request)}
    found = await rows.find_trail(env.store.reader, call.account, local, region=env.region.name)
    if found is not None:
        facts |= {f"aws:ResourceTag/{tag}": value for tag, value in found.tags.items()}
    return facts


def tags_of(request: Shape) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value") or "" for tag in request.get("TagsList") or ()}


def tag_facts(request: Shape) -> dict[str, str]:
    """Condition keys of a request that sets or removes tags."""
    tags = tags_of(request)
    facts = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    if tags:
        facts["aws:TagKeys"] = "\n".join(tags)
    return facts


def trail_shape(trail: Trail) -> Shape:
    """What CreateTrail and UpdateTrail answer."""
    shape: Shape = {
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.multi_region,
        "TrailARN": trail.arn,
        "LogFileValidationEnabled": trail.validation,
        "IsOrganizationTrail": False,
    }
    if trail.prefix:
        shape["S3KeyPrefix"] = trail.prefix
    if trail.topic:
        shape |= {"SnsTopicName": trail.topic.rpartition(":")[2], "SnsTopicARN": trail.topic}
    return shape


def described(trail: Trail) -> Shape:
    """What DescribeTrails and GetTrail answer."""
    return {
        **trail_shape(trail),
        "HomeRegion": trail.region,
        "HasCustomEventSelectors": bool(trail.selectors or trail.advanced),
        "HasInsightSelectors": False,
    }


def to_us(moment: Any) -> int:
    """A timestamp of a request in microseconds."""
    return int((moment.timestamp() if hasattr(moment, "timestamp") else float(moment)) * 1e6)
