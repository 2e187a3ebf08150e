"""Groups, roles, instance profiles and policies over Volano's own API, for the console.

Roles, profiles and policies are changed through IAM.
"""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.services.identity.logic import groups, people, policies, roles
from volano.services.identity.logic.attachments import Target, attach_policy, detach_policy
from volano.services.identity.logic.instance_profiles import list_instance_profiles
from volano.wire.action import action

GROUP = "arn:aws:iam::{account}:group/{group}"


class ListPage(msgspec.Struct):
    limit: int = 100
    cursor: str = ""


class NewGroup(msgspec.Struct):
    name: str


class GroupView(msgspec.Struct, kw_only=True):
    name: str
    id: str
    arn: str
    policies: list[str]
    inline_policies: list[str]
    created_us: int


class GroupList(msgspec.Struct):
    items: list[GroupView]
    next_cursor: str | None = None


class GroupName(msgspec.Struct):
    group: str


class GroupPolicy(msgspec.Struct):
    group: str
    policy: str


class ProfileView(msgspec.Struct):
    """What an instance is launched with to have a role; `role` is empty while it has none."""

    name: str
    role: str


class ProfileList(msgspec.Struct):
    items: list[ProfileView]
    next_cursor: str | None = None


class RoleView(msgspec.Struct, kw_only=True):
    name: str
    id: str
    arn: str
    description: str
    trust: str
    max_session_s: int
    policies: list[str]
    inline_policies: list[str]
    created_us: int
    last_used_us: int | None


class RoleList(msgspec.Struct):
    items: list[RoleView]
    next_cursor: str | None = None


class PolicyView(msgspec.Struct, kw_only=True):
    name: str
    arn: str
    description: str
    is_managed: bool
    attachments: int
    updated_us: int


class PolicyList(msgspec.Struct):
    items: list[PolicyView]
    next_cursor: str | None = None


@action(
    "volano:listGroups",
    method="GET",
    path="/volano/v1/groups",
    permission="iam:ListGroups",
    resource="arn:aws:iam::{account}:group/*",
)
async def list_groups(env: Env, call: Call, request: ListPage) -> GroupList:
    """Groups, by name."""
    found, marker = await groups.list_groups(
        env, call, marker=request.cursor or None, max_items=request.limit
    )
    items = [
        GroupView(
            name=group.name,
            id=group.id,
            arn=group.arn,
            policies=await people.attached_arns(env, group.id),
            inline_policies=await people.inline_names(env, group.id),
            created_us=group.created_us,
        )
        for group in found
    ]
    return GroupList(items, marker)


@action(
    "volano:createGroup",
    method="POST",
    path="/volano/v1/groups",
    permission="iam:CreateGroup",
    resource="arn:aws:iam::{account}:group/{name}",
)
async def create_group(env: Env, call: Call, request: NewGroup) -> GroupView:
    """An empty group."""
    group = await groups.create_group(env, call, request.name)
    return GroupView(
        name=group.name,
        id=group.id,
        arn=group.arn,
        policies=[],
        inline_policies=[],
        created_us=group.created_us,
    )


@action(
    "volano:deleteGroup",
    method="DELETE",
    path="/volano/v1/groups/{group}",
    permission="iam:DeleteGroup",
    resource=GROUP,
)
async def delete_group(env: Env, call: Call, request: GroupName) -> None:
    """Delete a group that has no members and no policies."""
    await groups.delete_group(env, call, request.group)


@action(
    "volano:attachGroupPolicy",
    method="POST",
    path="/volano/v1/groups/{group}/policies",
    permission="iam:AttachGroupPolicy",
    resource=GROUP,
    condition=lambda call, request: {"iam:PolicyARN": request.policy},
)
async def attach_group_policy(env: Env, call: Call, request: GroupPolicy) -> None:
    """Attach a policy by ARN; it holds for every member."""
    await attach_policy(env, call, Target("group", request.group), request.policy)


@action(
    "volano:detachGroupPolicy",
    method="DELETE",
    path="/volano/v1/groups/{group}/policies",
    permission="iam:DetachGroupPolicy",
    resource=GROUP,
    condition=lambda call, request: {"iam:PolicyARN": request.policy},
)
async def detach_group_policy(env: Env, call: Call, request: GroupPolicy) -> None:
    """Detach a policy; `policy` is its ARN, in the query."""
    await detach_policy(env, call, Target("group", request.group), request.policy)


@action(
    "volano:listInstanceProfiles",
    method="GET",
    path="/volano/v1/instance-profiles",
    permission="iam:ListInstanceProfiles",
    resource="arn:aws:iam::{account}:instance-profile/*",
)
async def list_profiles(env: Env, call: Call, request: ListPage) -> ProfileList:
    """Instance profiles, by name."""
    found, marker = await list_instance_profiles(
        env, call, marker=request.cursor or None, max_items=request.limit
    )
    items = [ProfileView(profile.name, role.name if role else "") for profile, role in found]
    return ProfileList(items, marker)


@action(
    "volano:listRoles",
    method="GET",
    path="/volano/v1/roles",
    permission="iam:ListRoles",
    resource="arn:aws:iam::{account}:role/*",
)
async def list_roles(env: Env, call: Call, request: ListPage) -> RoleList:
    """Roles, by name."""
    found, marker = await roles.list_roles(
        env, call, marker=request.cursor or None, max_items=request.limit
    )
    items = [
        RoleView(
            name=role.name,
            id=role.id,
            arn=role.arn,
            description=role.description,
            trust=role.trust,
            max_session_s=role.max_session_s,
            policies=await people.attached_arns(env, role.id),
            inline_policies=await people.inline_names(env, role.id),
            created_us=role.created_us,
            last_used_us=role.last_used_us,
        )
        for role in found
    ]
    return RoleList(items, marker)


@action(
    "volano:listPolicies",
    method="GET",
    path="/volano/v1/policies",
    permission="iam:ListPolicies",
    resource="arn:aws:iam::{account}:policy/*",
)
async def list_policies(env: Env, call: Call, request: ListPage) -> PolicyList:
    """Policies that come with Volano, then the account's own."""
    found, marker = await policies.list_policies(
        env,
        call,
        policies.PolicyFilter(),
        marker=request.cursor or None,
        max_items=request.limit,
    )
    items = [
        PolicyView(
            name=policy.name,
            arn=policy.arn,
            description=policy.description,
            is_managed=policy.account != call.account,
            attachments=used,
            updated_us=policy.updated_us,
        )
        for policy, used in found
    ]
    return PolicyList(items, marker)
