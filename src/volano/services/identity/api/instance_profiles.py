"""IAM instance profiles."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    new_resource,
    page_shape,
    paging,
    profile_shape,
    tag_condition,
    tags_of,
)
from volano.services.identity.logic import instance_profiles as profiles
from volano.services.identity.logic.roles import get_role
from volano.services.identity.logic.sts import INSTANCE_SERVICE, require_pass_role
from volano.wire.action import action

PROFILE = "arn:aws:iam::{account}:instance-profile/{InstanceProfileName}"
PROFILES = "arn:aws:iam::{account}:instance-profile/*"


@action(
    "iam:CreateInstanceProfile",
    permission="iam:CreateInstanceProfile",
    resource=new_resource("instance-profile", "InstanceProfileName"),
    condition=tag_condition,
)
async def create_instance_profile(env: Env, call: Call, request: Shape) -> Shape:
    profile = await profiles.create_instance_profile(
        env,
        call,
        request["InstanceProfileName"],
        path=request.get("Path") or "/",
        tags=tags_of(request),
    )
    return {"InstanceProfile": profile_shape(profile, None)}


@action("iam:GetInstanceProfile", permission="iam:GetInstanceProfile", resource=PROFILE)
async def get_instance_profile(env: Env, call: Call, request: Shape) -> Shape:
    profile, role = await profiles.get_instance_profile(
        env.store.reader, call.account, request["InstanceProfileName"]
    )
    return {"InstanceProfile": profile_shape(profile, role)}


@action("iam:ListInstanceProfiles", permission="iam:ListInstanceProfiles", resource=PROFILES)
async def list_instance_profiles(env: Env, call: Call, request: Shape) -> Shape:
    found, marker = await profiles.list_instance_profiles(
        env, call, path_prefix=request.get("PathPrefix") or "/", **paging(request)
    )
    return page_shape("InstanceProfiles", [profile_shape(*one) for one in found], marker)


@action(
    "iam:ListInstanceProfilesForRole",
    permission="iam:ListInstanceProfilesForRole",
    resource="arn:aws:iam::{account}:role/{RoleName}",
)
async def list_instance_profiles_for_role(env: Env, call: Call, request: Shape) -> Shape:
    found, marker = await profiles.list_instance_profiles_of(
        env, call, request["RoleName"], **paging(request)
    )
    return page_shape("InstanceProfiles", [profile_shape(*one) for one in found], marker)


@action("iam:DeleteInstanceProfile", permission="iam:DeleteInstanceProfile", resource=PROFILE)
async def delete_instance_profile(env: Env, call: Call, request: Shape) -> None:
    await profiles.delete_instance_profile(env, call, request["InstanceProfileName"])


@action("iam:AddRoleToInstanceProfile", permission="iam:AddRoleToInstanceProfile", resource=PROFILE)
async def add_role_to_instance_profile(env: Env, call: Call, request: Shape) -> None:
    role = await get_role(env.store.reader, call.account, request["RoleName"])
    await require_pass_role(env, call, role, service=INSTANCE_SERVICE)
    await profiles.add_role_to_profile(
        env, call, request["InstanceProfileName"], request["RoleName"]
    )


@action(
    "iam:RemoveRoleFromInstanceProfile",
    permission="iam:RemoveRoleFromInstanceProfile",
    resource=PROFILE,
)
async def remove_role_from_instance_profile(env: Env, call: Call, request: Shape) -> None:
    await profiles.remove_role_from_profile(
        env, call, request["InstanceProfileName"], request["RoleName"]
    )
