"""KMS: keys, their state, tags and policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.kms.api.members import (
    ANY_KEY,
    KEY,
    facts_of,
    facts_of_key,
    facts_of_key_itself,
    key_shape,
    page_limit,
    page_shape,
    parse_marker,
    tag_facts,
    tags_of,
)
from volano.services.kms.logic import deletion
from volano.services.kms.logic import keys as logic
from volano.services.kms.logic.access import find_named_key
from volano.services.kms.logic.errors import NotFoundException, UnsupportedOperation
from volano.services.kms.model import MAX_WINDOW_DAYS, SYMMETRIC
from volano.wire.action import RESOLVED, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.api.members import Shape


@action(
    "kms:CreateKey",
    permission="kms:CreateKey",
    resource=ANY_KEY,
    condition=lambda _, request: tag_facts(request),
    partial="No SM2, Ed25519, ML-DSA or ML-KEM keys, and no custom key stores.",
)
async def create_key(env: Env, call: Call, request: Shape) -> Shape:
    key = await logic.create_key(
        env,
        call,
        logic.NewKey(
            description=request.get("Description") or "",
            policy=request.get("Policy"),
            tags=tags_of(request),
            spec=request.get("KeySpec") or request.get("CustomerMasterKeySpec") or SYMMETRIC,
            usage=request.get("KeyUsage"),
            origin=request.get("Origin") or "AWS_KMS",
            multi_region=bool(request.get("MultiRegion")),
            skip_lockout_check=bool(request.get("BypassPolicyLockoutSafetyCheck")),
        ),
    )
    return {"KeyMetadata": key_shape(key)}


async def _facts_of_described_key(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """As `facts_of_key`; `alias/aws/…` may name a key that is made when it is described (KMS API
    reference, DescribeKey: "a predefined AWS alias")."""
    service = logic.managed_service(env, call, request["KeyId"])
    if not service:
        return await facts_of_key(env, call, request)
    key = logic.new_managed_key(env, call.account, service)
    resource = ANY_KEY.format(region=env.region.name, account=call.account)
    return {**await facts_of(env, call, key, request), RESOLVED: resource}


@action(
    "kms:DescribeKey",
    permission="kms:DescribeKey",
    resource=KEY,
    facts=_facts_of_described_key,
)
async def describe_key(env: Env, call: Call, request: Shape) -> Shape:
    service = logic.managed_service(env, call, request["KeyId"])
    if service:
        await logic.managed_key(env, call.account, service)
    key = await find_named_key(env, env.store.reader, call, request["KeyId"])
    return {"KeyMetadata": key_shape(key)}


@action("kms:ListKeys", permission="kms:ListKeys", resource=ANY_KEY)
async def list_keys(env: Env, call: Call, request: Shape) -> Shape:
    keys, after = await logic.list_keys(
        env, call, after=parse_marker(request), limit=page_limit(request)
    )
    return page_shape("Keys", [{"KeyId": key.id, "KeyArn": key.arn} for key in keys], after)


@action("kms:EnableKey", permission="kms:EnableKey", resource=KEY, facts=facts_of_key_itself)
async def enable_key(env: Env, call: Call, request: Shape) -> None:
    await logic.set_key_enabled(env, call, request["KeyId"], enabled=True)


@action("kms:DisableKey", permission="kms:DisableKey", resource=KEY, facts=facts_of_key_itself)
async def disable_key(env: Env, call: Call, request: Shape) -> None:
    await logic.set_key_enabled(env, call, request["KeyId"], enabled=False)


@action(
    "kms:UpdateKeyDescription",
    permission="kms:UpdateKeyDescription",
    resource=KEY,
    facts=facts_of_key_itself,
)
async def update_key_description(env: Env, call: Call, request: Shape) -> None:
    await logic.update_key_description(env, call, request["KeyId"], request["Description"])


@action(
    "kms:ScheduleKeyDeletion",
    permission="kms:ScheduleKeyDeletion",
    resource=KEY,
    facts=facts_of_key_itself,
)
async def schedule_key_deletion(env: Env, call: Call, request: Shape) -> Shape:
    days = request.get("PendingWindowInDays")
    days = MAX_WINDOW_DAYS if days is None else days
    key = await deletion.schedule_key_deletion(env, call, request["KeyId"], days)
    assert key.deletion_us is not None, "a scheduled deletion has a date"
    return {
        "KeyId": key.arn,
        "DeletionDate": key.deletion_us / 1e6,
        "KeyState": key.state.value,
        "PendingWindowInDays": days,
    }


@action(
    "kms:CancelKeyDeletion",
    permission="kms:CancelKeyDeletion",
    resource=KEY,
    facts=facts_of_key_itself,
)
async def cancel_key_deletion(env: Env, call: Call, request: Shape) -> Shape:
    key = await deletion.cancel_key_deletion(env, call, request["KeyId"])
    return {"KeyId": key.arn}


@action("kms:GetKeyPolicy", permission="kms:GetKeyPolicy", resource=KEY, facts=facts_of_key_itself)
async def get_key_policy(env: Env, call: Call, request: Shape) -> Shape:
    _require_policy_name(request)
    key = await find_named_key(env, env.store.reader, call, request["KeyId"])
    return {"Policy": key.policy, "PolicyName": logic.POLICY_NAME}


@action("kms:PutKeyPolicy", permission="kms:PutKeyPolicy", resource=KEY, facts=facts_of_key_itself)
async def put_key_policy(env: Env, call: Call, request: Shape) -> None:
    _require_policy_name(request)
    await logic.put_key_policy(
        env,
        call,
        request["KeyId"],
        request["Policy"],
        skip_lockout_check=bool(request.get("BypassPolicyLockoutSafetyCheck")),
    )


@action(
    "kms:ListKeyPolicies", permission="kms:ListKeyPolicies", resource=KEY, facts=facts_of_key_itself
)
async def list_key_policies(env: Env, call: Call, request: Shape) -> Shape:
    return {"PolicyNames": [logic.POLICY_NAME], "Truncated": False}


def _require_policy_name(request: Shape) -> None:
    if request.get("PolicyName") not in (None, logic.POLICY_NAME):
        raise NotFoundException("No such policy exists")


@action("kms:TagResource", permission="kms:TagResource", resource=KEY, facts=facts_of_key_itself)
async def tag_resource(env: Env, call: Call, request: Shape) -> None:
    await logic.tag_key(env, call, request["KeyId"], add=tags_of(request))


@action(
    "kms:UntagResource", permission="kms:UntagResource", resource=KEY, facts=facts_of_key_itself
)
async def untag_resource(env: Env, call: Call, request: Shape) -> None:
    await logic.tag_key(env, call, request["KeyId"], add={}, remove=request["TagKeys"])


@action(
    "kms:ListResourceTags",
    permission="kms:ListResourceTags",
    resource=KEY,
    facts=facts_of_key_itself,
)
async def list_resource_tags(env: Env, call: Call, request: Shape) -> Shape:
    key = await find_named_key(env, env.store.reader, call, request["KeyId"])
    after, limit = parse_marker(request), page_limit(request, default=50)
    names = sorted(name for name in key.tags if name > after)
    tags = [{"TagKey": name, "TagValue": key.tags[name]} for name in names[:limit]]
    return page_shape("Tags", tags, names[limit - 1] if len(names) > limit else None)


@action(
    "kms:ReplicateKey",
    permission="kms:ReplicateKey",
    resource=KEY,
    facts=facts_of_key_itself,
    partial="Refused with UnsupportedOperationException: a cloud has one region.",
)
async def replicate_key(env: Env, call: Call, request: Shape) -> Shape:
    raise UnsupportedOperation(
        f"This cloud has no region {request['ReplicaRegion']} to replicate {request['KeyId']} to."
    )


@action(
    "kms:DescribeCustomKeyStores",
    permission="kms:DescribeCustomKeyStores",
    resource="*",
    partial="There are no custom key stores: the list is empty.",
)
async def describe_custom_key_stores(env: Env, call: Call, request: Shape) -> Shape:
    if request.get("CustomKeyStoreId") or request.get("CustomKeyStoreName"):
        raise NotFoundException(
            "There are no custom key stores.", code="CustomKeyStoreNotFoundException"
        )
    return {"CustomKeyStores": [], "Truncated": False}
