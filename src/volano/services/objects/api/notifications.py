"""S3: whom a bucket tells of its changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.kernel.errors import NotBuilt
from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.logic import notifications as logic
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.errors import InvalidArgument, MalformedXml
from volano.services.objects.logic.notifying import require_targets
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result

BUCKET = "arn:aws:s3:::{Bucket}"
_LISTS = (
    ("QueueConfigurations", "queue", "QueueArn"),
    ("TopicConfigurations", "topic", "TopicArn"),
    ("LambdaFunctionConfigurations", "function", "LambdaFunctionArn"),
)


@action(
    "s3:PutBucketNotificationConfiguration",
    permission="s3:PutBucketNotification",
    resource=BUCKET,
    facts=facts_of_bucket,
    partial="A function's ARN names a hook (volano:putHook). No EventBridge; replication, restore, "
    "retention and annotations are not told.",
)
async def put_bucket_notification_configuration(env: Env, call: Call, request: Request) -> Result:
    configuration = request.get("NotificationConfiguration") or {}
    if configuration.get("EventBridgeConfiguration") is not None:
        raise NotBuilt("EventBridge is not built; name a queue, a topic or a hook.")
    rules = [
        _parse_rule(env, kind, each[arn], each)
        for name, kind, arn in _LISTS
        for each in configuration.get(name) or ()
    ]
    logic.require_rules(env, rules)
    owner = request.get("ExpectedBucketOwner")
    if not request.get("SkipDestinationValidation"):
        bucket = await open_bucket(env, request["Bucket"], owner)
        await require_targets(env, call, bucket, rules)
    await logic.put_notifications(env, request["Bucket"], owner, rules)
    return {}


def _parse_rule(env: Env, kind: str, arn: str, given: dict[str, Any]) -> logic.Rule:
    found = {"prefix": "", "suffix": ""}
    seen = set()
    for each in ((given.get("Filter") or {}).get("Key") or {}).get("FilterRules") or ():
        if each.get("Name") is None or each.get("Value") is None:
            raise MalformedXml()
        name = each["Name"].lower()
        if name not in found:
            raise InvalidArgument(
                "filter rule name must be either prefix or suffix",
                fields={"ArgumentName": "FilterRule.Name", "ArgumentValue": each["Name"]},
            )
        if name in seen:
            raise InvalidArgument(f"Cannot specify more than one {name} rule in a filter.")
        seen.add(name)
        found[name] = logic.filter_value(each["Value"])
    return logic.Rule(
        id=given.get("Id") or env.ids.uuid(),
        kind=kind,
        arn=arn,
        events=tuple(given.get("Events") or ()),
        **found,
    )


@action(
    "s3:GetBucketNotificationConfiguration",
    permission="s3:GetBucketNotification",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def get_bucket_notification_configuration(env: Env, call: Call, request: Request) -> Result:
    found = await logic.get_notifications(
        env, request["Bucket"], request.get("ExpectedBucketOwner")
    )
    shape: Result = {}
    for name, kind, arn in _LISTS:
        rules = [_rule_shape(rule, arn) for rule in found.rules if rule.kind == kind]
        if rules:
            shape[name] = rules
    return shape


def _rule_shape(rule: logic.Rule, arn: str) -> Result:
    shape: Result = {"Id": rule.id, arn: rule.arn, "Events": list(rule.events)}
    filters = [
        {"Name": name, "Value": value}
        for name, value in (("Prefix", rule.prefix), ("Suffix", rule.suffix))
        if value
    ]
    if filters:
        shape["Filter"] = {"Key": {"FilterRules": filters}}
    return shape
