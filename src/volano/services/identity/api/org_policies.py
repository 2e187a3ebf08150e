"""AWS Organizations: policies and what they are attached to."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.org_shapes import (
    org_page,
    policy_shape,
    policy_summary,
    root_shape,
)
from volano.services.identity.api.shapes import Shape, tag_condition, tags_of
from volano.services.identity.logic import org_policies as logic
from volano.services.identity.logic.org_targets import Target
from volano.services.identity.logic.organizations import read_organization
from volano.services.identity.model.organizations import Member, Organization, Unit
from volano.wire.action import action

POLICIES = "arn:aws:organizations::{account}:policy/*"


@action(
    "organizations:CreatePolicy",
    permission="organizations:CreatePolicy",
    resource=POLICIES,
    condition=tag_condition,
    partial="Service and resource control policies decide; other types are kept.",
)
async def create_policy(env: Env, call: Call, request: Shape) -> Shape:
    org, policy = await logic.create_policy(
        env,
        call,
        request["Type"],
        name=request["Name"],
        description=request.get("Description") or "",
        content=request["Content"],
        tags=tags_of(request),
    )
    return {"Policy": policy_shape(org, policy)}


@action(
    "organizations:DescribePolicy", permission="organizations:DescribePolicy", resource=POLICIES
)
async def describe_policy(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await read_organization(reader, call)
    return {"Policy": policy_shape(org, await logic.get_policy(reader, org, request["PolicyId"]))}


@action("organizations:UpdatePolicy", permission="organizations:UpdatePolicy", resource=POLICIES)
async def update_policy(env: Env, call: Call, request: Shape) -> Shape:
    org, policy = await logic.update_policy(
        env,
        call,
        request["PolicyId"],
        name=request.get("Name"),
        description=request.get("Description"),
        content=request.get("Content"),
    )
    return {"Policy": policy_shape(org, policy)}


@action("organizations:DeletePolicy", permission="organizations:DeletePolicy", resource=POLICIES)
async def delete_policy(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_policy(env, call, request["PolicyId"])


@action("organizations:ListPolicies", permission="organizations:ListPolicies", resource=POLICIES)
async def list_policies(env: Env, call: Call, request: Shape) -> Shape:
    logic.policy_type(request["Filter"])
    reader = env.store.reader
    org = await read_organization(reader, call)
    found = await logic.list_policies(reader, org, request["Filter"])
    return org_page("Policies", [policy_summary(org, one) for one in found], request)


@action("organizations:AttachPolicy", permission="organizations:AttachPolicy", resource=POLICIES)
async def attach_policy(env: Env, call: Call, request: Shape) -> None:
    await logic.attach_policy(env, call, request["PolicyId"], request["TargetId"])


@action("organizations:DetachPolicy", permission="organizations:DetachPolicy", resource=POLICIES)
async def detach_policy(env: Env, call: Call, request: Shape) -> None:
    await logic.detach_policy(env, call, request["PolicyId"], request["TargetId"])


@action(
    "organizations:ListPoliciesForTarget",
    permission="organizations:ListPoliciesForTarget",
    resource=POLICIES,
)
async def list_policies_for_target(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await read_organization(reader, call)
    found = await logic.list_for_target(reader, org, request["TargetId"], request["Filter"])
    return org_page("Policies", [policy_summary(org, one) for one in found], request)


@action(
    "organizations:ListTargetsForPolicy",
    permission="organizations:ListTargetsForPolicy",
    resource=POLICIES,
)
async def list_targets_for_policy(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await read_organization(reader, call)
    found = await logic.list_targets(reader, org, request["PolicyId"])
    shapes = [_target(org, kind, thing) for kind, thing in found]
    return org_page("Targets", shapes, request)


def _target(org: Organization, kind: str, thing: Target) -> Shape:
    if isinstance(thing, Member):
        target, arn, name = str(thing.account), org.arn_of("account", thing.account), thing.name
    elif isinstance(thing, Unit):
        target, arn, name = thing.id, org.arn_of("ou", thing.id), thing.name
    else:
        target, arn, name = org.root_id, org.arn_of("root", org.root_id), "Root"
    return {"TargetId": target, "Arn": arn, "Name": name, "Type": kind}


@action(
    "organizations:EnablePolicyType",
    permission="organizations:EnablePolicyType",
    resource=POLICIES,
)
async def enable_policy_type(env: Env, call: Call, request: Shape) -> Shape:
    org = await logic.switch_type(env, call, request["RootId"], request["PolicyType"], on=True)
    return {"Root": root_shape(org)}


@action(
    "organizations:DisablePolicyType",
    permission="organizations:DisablePolicyType",
    resource=POLICIES,
)
async def disable_policy_type(env: Env, call: Call, request: Shape) -> Shape:
    org = await logic.switch_type(env, call, request["RootId"], request["PolicyType"], on=False)
    return {"Root": root_shape(org)}
