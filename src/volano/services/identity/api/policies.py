"""IAM managed policies and their versions."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    count_page,
    new_resource,
    page_shape,
    paging,
    policy_shape,
    tag_condition,
    tag_page,
    tag_shapes,
    tags_of,
    version_shape,
)
from volano.services.identity.logic import policies
from volano.services.identity.logic.attachments import list_entities
from volano.wire.action import action

POLICY = "{PolicyArn}"
POLICIES = "arn:aws:iam::{account}:policy/*"


@action(
    "iam:CreatePolicy",
    permission="iam:CreatePolicy",
    resource=new_resource("policy", "PolicyName"),
    condition=tag_condition,
)
async def create_policy(env: Env, call: Call, request: Shape) -> Shape:
    policy = await policies.create_policy(
        env,
        call,
        request["PolicyName"],
        request["PolicyDocument"],
        path=request.get("Path") or "/",
        description=request.get("Description") or "",
        tags=tags_of(request),
    )
    shape = policy_shape(policy, 0, detailed=False)
    return {"Policy": shape | ({"Tags": tag_shapes(policy.tags)} if policy.tags else {})}


@action("iam:GetPolicy", permission="iam:GetPolicy", resource=POLICY)
async def get_policy(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    policy = await policies.get_policy(reader, call.account, request["PolicyArn"])
    used = await policies.count_attachments(reader, call.account, policy)
    return {"Policy": policy_shape(policy, used)}


@action("iam:ListPolicies", permission="iam:ListPolicies", resource=POLICIES)
async def list_policies(env: Env, call: Call, request: Shape) -> Shape:
    wanted = policies.PolicyFilter(
        scope=request.get("Scope") or "All",
        only_attached=bool(request.get("OnlyAttached")),
        path_prefix=request.get("PathPrefix") or "/",
    )
    found, marker = await policies.list_policies(env, call, wanted, **paging(request))
    shapes = [policy_shape(policy, used, detailed=False) for policy, used in found]
    return page_shape("Policies", shapes, marker)


@action("iam:DeletePolicy", permission="iam:DeletePolicy", resource=POLICY)
async def delete_policy(env: Env, call: Call, request: Shape) -> None:
    await policies.delete_policy(env, call, request["PolicyArn"])


@action("iam:CreatePolicyVersion", permission="iam:CreatePolicyVersion", resource=POLICY)
async def create_policy_version(env: Env, call: Call, request: Shape) -> Shape:
    policy, version = await policies.create_version(
        env,
        call,
        request["PolicyArn"],
        request["PolicyDocument"],
        set_default=bool(request.get("SetAsDefault")),
    )
    return {"PolicyVersion": version_shape(policy, version, document=False)}


@action("iam:GetPolicyVersion", permission="iam:GetPolicyVersion", resource=POLICY)
async def get_policy_version(env: Env, call: Call, request: Shape) -> Shape:
    policy, version = await policies.get_version(
        env, call, request["PolicyArn"], request["VersionId"]
    )
    return {"PolicyVersion": version_shape(policy, version, document=True)}


@action("iam:ListPolicyVersions", permission="iam:ListPolicyVersions", resource=POLICY)
async def list_policy_versions(env: Env, call: Call, request: Shape) -> Shape:
    policy, versions = await policies.list_versions(env, call, request["PolicyArn"])
    shapes = [version_shape(policy, version, document=False) for version in versions]
    return page_shape("Versions", shapes, None)


@action("iam:DeletePolicyVersion", permission="iam:DeletePolicyVersion", resource=POLICY)
async def delete_policy_version(env: Env, call: Call, request: Shape) -> None:
    await policies.delete_version(env, call, request["PolicyArn"], request["VersionId"])


@action("iam:SetDefaultPolicyVersion", permission="iam:SetDefaultPolicyVersion", resource=POLICY)
async def set_default_policy_version(env: Env, call: Call, request: Shape) -> None:
    await policies.set_default_version(env, call, request["PolicyArn"], request["VersionId"])


@action(
    "iam:ListEntitiesForPolicy",
    permission="iam:ListEntitiesForPolicy",
    resource=POLICY,
)
async def list_entities_for_policy(env: Env, call: Call, request: Shape) -> Shape:
    found = await list_entities(
        env,
        call,
        request["PolicyArn"],
        path_prefix=request.get("PathPrefix") or "/",
        usage=request.get("PolicyUsageFilter"),
    )
    wanted = request.get("EntityFilter")
    entities: list[Shape] = []
    for kind, pairs in (("User", found.users), ("Group", found.groups), ("Role", found.roles)):
        if wanted in (None, kind, "LocalManagedPolicy", "AWSManagedPolicy"):
            entities += [{f"{kind}Name": name, f"{kind}Id": one} for name, one in pairs]
    shape = count_page("Entities", entities, request)
    page = shape.pop("Entities")
    for kind in ("User", "Group", "Role"):
        shape[f"Policy{kind}s"] = [one for one in page if f"{kind}Name" in one]
    return shape


@action("iam:TagPolicy", permission="iam:TagPolicy", resource=POLICY, condition=tag_condition)
async def tag_policy(env: Env, call: Call, request: Shape) -> None:
    await policies.tag_policy(env, call, request["PolicyArn"], add=tags_of(request))


@action("iam:UntagPolicy", permission="iam:UntagPolicy", resource=POLICY, condition=tag_condition)
async def untag_policy(env: Env, call: Call, request: Shape) -> None:
    await policies.tag_policy(env, call, request["PolicyArn"], add={}, remove=request["TagKeys"])


@action("iam:ListPolicyTags", permission="iam:ListPolicyTags", resource=POLICY)
async def list_policy_tags(env: Env, call: Call, request: Shape) -> Shape:
    policy = await policies.get_policy(env.store.reader, call.account, request["PolicyArn"])
    return tag_page(request, policy.tags)
