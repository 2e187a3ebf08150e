"""AWS Organizations: the organization, its units, tags and the services that may see it."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.org_shapes import (
    org_page,
    org_shape,
    root_shape,
    tag_list,
    unit_shape,
)
from volano.services.identity.api.shapes import Shape, seconds, tag_condition, tags_of
from volano.services.identity.logic import org_accounts
from volano.services.identity.logic import organizations as logic
from volano.services.identity.logic.org_targets import find_target
from volano.services.identity.model.org_errors import InvalidOrgInput, ResourcePolicyNotFound
from volano.services.identity.model.organizations import Organization
from volano.wire.action import action

ORG = "arn:aws:organizations::{account}:organization/*"
_KEPT = "Kept and told; no service of Volano asks for it."


async def _shape(env: Env, org: Organization) -> Shape:
    manager = await logic.get_member(env.store.reader, org, org.management)
    return {"Organization": org_shape(org, manager.email)}


@action(
    "organizations:CreateOrganization",
    permission="organizations:CreateOrganization",
    resource=ORG,
    partial="CONSOLIDATED_BILLING is kept; bills stay with their accounts.",
)
async def create_organization(env: Env, call: Call, request: Shape) -> Shape:
    org = await logic.create_organization(env, call, request.get("FeatureSet") or "ALL")
    return await _shape(env, org)


@action(
    "organizations:DescribeOrganization",
    permission="organizations:DescribeOrganization",
    resource=ORG,
)
async def describe_organization(env: Env, call: Call, request: Shape) -> Shape:
    return await _shape(env, await logic.my_organization(env.store.reader, call.account))


@action(
    "organizations:DescribeResourcePolicy",
    permission="organizations:DescribeResourcePolicy",
    resource=ORG,
)
async def describe_resource_policy(env: Env, call: Call, request: Shape) -> Shape:
    """No organization hands its administration on by a policy, and this says so as AWS does."""
    await logic.read_organization(env.store.reader, call)
    raise ResourcePolicyNotFound


@action(
    "organizations:DeleteOrganization", permission="organizations:DeleteOrganization", resource=ORG
)
async def delete_organization(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_organization(env, call)


@action("organizations:ListRoots", permission="organizations:ListRoots", resource=ORG)
async def list_roots(env: Env, call: Call, request: Shape) -> Shape:
    org = await logic.read_organization(env.store.reader, call)
    return org_page("Roots", [root_shape(org)], request)


@action(
    "organizations:CreateOrganizationalUnit",
    permission="organizations:CreateOrganizationalUnit",
    resource=ORG,
    condition=tag_condition,
)
async def create_organizational_unit(env: Env, call: Call, request: Shape) -> Shape:
    org, unit = await logic.create_unit(
        env, call, request["ParentId"], request["Name"], tags_of(request)
    )
    return {"OrganizationalUnit": unit_shape(org, unit)}


@action(
    "organizations:DescribeOrganizationalUnit",
    permission="organizations:DescribeOrganizationalUnit",
    resource=ORG,
)
async def describe_organizational_unit(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await logic.read_organization(reader, call)
    unit = await logic.get_unit(reader, org, request["OrganizationalUnitId"])
    return {"OrganizationalUnit": unit_shape(org, unit)}


@action(
    "organizations:UpdateOrganizationalUnit",
    permission="organizations:UpdateOrganizationalUnit",
    resource=ORG,
)
async def update_organizational_unit(env: Env, call: Call, request: Shape) -> Shape:
    name = request.get("Name") or ""
    org, unit = await logic.rename_unit(env, call, request["OrganizationalUnitId"], name)
    return {"OrganizationalUnit": unit_shape(org, unit)}


@action(
    "organizations:DeleteOrganizationalUnit",
    permission="organizations:DeleteOrganizationalUnit",
    resource=ORG,
)
async def delete_organizational_unit(env: Env, call: Call, request: Shape) -> None:
    await logic.delete_unit(env, call, request["OrganizationalUnitId"])


@action(
    "organizations:ListOrganizationalUnitsForParent",
    permission="organizations:ListOrganizationalUnitsForParent",
    resource=ORG,
)
async def list_organizational_units_for_parent(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await logic.read_organization(reader, call)
    units, _ = await logic.children(reader, org, request["ParentId"])
    return org_page("OrganizationalUnits", [unit_shape(org, one) for one in units], request)


@action("organizations:ListChildren", permission="organizations:ListChildren", resource=ORG)
async def list_children(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await logic.read_organization(reader, call)
    units, members = await logic.children(reader, org, request["ParentId"])
    kind = request["ChildType"]
    if kind not in ("ACCOUNT", "ORGANIZATIONAL_UNIT"):
        raise InvalidOrgInput
    ids = [one.account for one in members] if kind == "ACCOUNT" else [one.id for one in units]
    return org_page("Children", [{"Id": str(one), "Type": kind} for one in ids], request)


@action("organizations:ListParents", permission="organizations:ListParents", resource=ORG)
async def list_parents(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await logic.read_organization(reader, call)
    parent = await logic.parent_of(reader, org, request["ChildId"])
    kind = "ROOT" if parent == org.root_id else "ORGANIZATIONAL_UNIT"
    return org_page("Parents", [{"Id": parent, "Type": kind}], request)


@action(
    "organizations:EnableAllFeatures", permission="organizations:EnableAllFeatures", resource=ORG
)
async def enable_all_features(env: Env, call: Call, request: Shape) -> Shape:
    org = await logic.enable_all_features(env, call)
    now = seconds(env.clock.now_us())
    return {
        "Handshake": {
            "Id": "h-" + org.id[2:],
            "Parties": [{"Id": org.id[2:], "Type": "ORGANIZATION"}],
            "State": "ACCEPTED",
            "RequestedTimestamp": now,
            "ExpirationTimestamp": now,
            "Action": "ENABLE_ALL_FEATURES",
        }
    }


@action(
    "organizations:TagResource",
    permission="organizations:TagResource",
    resource=ORG,
    condition=tag_condition,
)
async def tag_resource(env: Env, call: Call, request: Shape) -> None:
    await logic.tag_target(env, call, request["ResourceId"], add=tags_of(request))


@action("organizations:UntagResource", permission="organizations:UntagResource", resource=ORG)
async def untag_resource(env: Env, call: Call, request: Shape) -> None:
    target = request["ResourceId"]
    await logic.tag_target(env, call, target, add={}, remove=request["TagKeys"])


@action(
    "organizations:ListTagsForResource",
    permission="organizations:ListTagsForResource",
    resource=ORG,
)
async def list_tags_for_resource(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await logic.read_organization(reader, call)
    _, thing = await find_target(reader, org, request["ResourceId"])
    return org_page("Tags", tag_list(thing.tags), request)


@action(
    "organizations:EnableAWSServiceAccess",
    permission="organizations:EnableAWSServiceAccess",
    resource=ORG,
    partial=_KEPT,
)
async def enable_aws_service_access(env: Env, call: Call, request: Shape) -> None:
    await org_accounts.switch_service(env, call, request["ServicePrincipal"], on=True)


@action(
    "organizations:DisableAWSServiceAccess",
    permission="organizations:DisableAWSServiceAccess",
    resource=ORG,
)
async def disable_aws_service_access(env: Env, call: Call, request: Shape) -> None:
    await org_accounts.switch_service(env, call, request["ServicePrincipal"], on=False)


@action(
    "organizations:ListAWSServiceAccessForOrganization",
    permission="organizations:ListAWSServiceAccessForOrganization",
    resource=ORG,
)
async def list_aws_service_access(env: Env, call: Call, request: Shape) -> Shape:
    org = await logic.read_organization(env.store.reader, call)
    shapes = [
        {"ServicePrincipal": name, "DateEnabled": seconds(since)}
        for name, since in org.services.items()
    ]
    return org_page("EnabledServicePrincipals", shapes, request)
