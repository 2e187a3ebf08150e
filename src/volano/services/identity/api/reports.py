"""IAM reports: credentials, authorization details, and what was last used."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import (
    Shape,
    count_page,
    document_text,
    group_shape,
    page_shape,
    paging,
    policy_shape,
    profile_shape,
    role_shape,
    seconds,
    user_shape,
    version_shape,
)
from volano.services.identity.logic import authorization_details as details
from volano.services.identity.logic import credential_report, last_accessed
from volano.services.identity.model.principals import Group, Role, User
from volano.wire.action import action

ACCOUNT = "arn:aws:iam::{account}:root"


@action(
    "iam:GenerateCredentialReport",
    permission="iam:GenerateCredentialReport",
    resource=ACCOUNT,
    read_only=False,
)
async def generate_credential_report(env: Env, call: Call, request: Shape) -> Shape:
    if await credential_report.generate_report(env, call):
        return {"State": "COMPLETE"}
    told = "No report exists. Starting a new report generation task"
    return {"State": "STARTED", "Description": told}


@action("iam:GetCredentialReport", permission="iam:GetCredentialReport", resource=ACCOUNT)
async def get_credential_report(env: Env, call: Call, request: Shape) -> Shape:
    text, made_us = await credential_report.get_report(env, call)
    return {
        "Content": text.encode(),
        "ReportFormat": "text/csv",
        "GeneratedTime": seconds(made_us),
    }


@action(
    "iam:GetAccountAuthorizationDetails",
    permission="iam:GetAccountAuthorizationDetails",
    resource=ACCOUNT,
)
async def get_account_authorization_details(env: Env, call: Call, request: Shape) -> Shape:
    found, marker = await details.list_things(
        env, call, request.get("Filter") or (), **paging(request)
    )
    shape = page_shape("UserDetailList", [], marker)
    shape |= {"GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    for thing in found:
        if isinstance(thing, User):
            shape["UserDetailList"].append(await _user(env, thing))
        elif isinstance(thing, Group):
            held = await details.held_by(env, thing)
            shape["GroupDetailList"].append(group_shape(thing) | _held(held, "Group"))
        elif isinstance(thing, Role):
            shape["RoleDetailList"].append(await _role(env, thing))
        else:
            policy, used = thing
            versions = await details.versions_of(env, policy)
            shown = [version_shape(policy, one, document=True) for one in versions]
            told = policy_shape(policy, used, detailed=False) | {"PolicyVersionList": shown}
            if policy.description:
                told["Description"] = policy.description
            shape["Policies"].append(told)
    return shape


def _held(held: details.Held, kind: str) -> Shape:
    return {
        f"{kind}PolicyList": [
            {"PolicyName": name, "PolicyDocument": document_text(text)}
            for name, text in held.inline
        ],
        "AttachedManagedPolicies": [
            {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in held.attached
        ],
    }


async def _user(env: Env, user: User) -> Shape:
    held = await details.held_by(env, user)
    told = user_shape(user)
    told.pop("PasswordLastUsed", None)  # UserDetail has no such member
    return told | _held(held, "User") | {"GroupList": held.groups}


async def _role(env: Env, role: Role) -> Shape:
    held = await details.held_by(env, role)
    profiles = [profile_shape(profile, role) for profile in held.profiles]
    told = role_shape(role)
    for name in ("MaxSessionDuration", "Description"):
        told.pop(name, None)  # RoleDetail has no such members
    return told | _held(held, "Role") | {"InstanceProfileList": profiles}


@action(
    "iam:GenerateServiceLastAccessedDetails",
    permission="iam:GenerateServiceLastAccessedDetails",
    resource="{Arn}",
    read_only=False,
    partial="By service; ACTION_LEVEL answers the same as SERVICE_LEVEL.",
)
async def generate_service_last_accessed_details(env: Env, call: Call, request: Shape) -> Shape:
    granularity = request.get("Granularity") or "SERVICE_LEVEL"
    return {"JobId": await last_accessed.generate_report(env, call, request["Arn"], granularity)}


@action(
    "iam:GetServiceLastAccessedDetails",
    permission="iam:GetServiceLastAccessedDetails",
    resource=ACCOUNT,
)
async def get_service_last_accessed_details(env: Env, call: Call, request: Shape) -> Shape:
    report = await last_accessed.get_report(env, call, request["JobId"])
    shapes = []
    for one in await last_accessed.services_accessed(env, call, report):
        shape: Shape = {
            "ServiceName": last_accessed.SERVICE_NAMES.get(one.service, one.service),
            "ServiceNamespace": one.service,
            "TotalAuthenticatedEntities": one.entities,
        }
        if one.used_us is not None:
            shape |= {
                "LastAuthenticated": seconds(one.used_us),
                "LastAuthenticatedEntity": one.entity,
                "LastAuthenticatedRegion": one.region,
            }
        shapes.append(shape)
    page = count_page("ServicesLastAccessed", shapes, request)
    return page | {"JobType": report.granularity, **_job(report)}


def _job(report: last_accessed.Report) -> Shape:
    return {
        "JobStatus": "COMPLETED",
        "JobCreationDate": seconds(report.asked_us),
        "JobCompletionDate": seconds(report.asked_us),
    }


@action(
    "iam:GetServiceLastAccessedDetailsWithEntities",
    permission="iam:GetServiceLastAccessedDetailsWithEntities",
    resource=ACCOUNT,
)
async def get_service_last_accessed_with_entities(env: Env, call: Call, request: Shape) -> Shape:
    report = await last_accessed.get_report(env, call, request["JobId"])
    found = await last_accessed.entities_accessed(env, call, report, request["ServiceNamespace"])
    shapes = []
    for entity, used_us in found:
        shape: Shape = {
            "EntityInfo": {
                "Arn": entity.arn,
                "Name": entity.name,
                "Type": entity.kind,
                "Id": entity.id,
                "Path": entity.path,
            }
        }
        if used_us is not None:
            shape["LastAuthenticated"] = seconds(used_us)
        shapes.append(shape)
    return count_page("EntityDetailsList", shapes, request) | _job(report)


@action(
    "iam:ListPoliciesGrantingServiceAccess",
    permission="iam:ListPoliciesGrantingServiceAccess",
    resource="{Arn}",
)
async def list_policies_granting_service_access(env: Env, call: Call, request: Shape) -> Shape:
    found = await last_accessed.policies_granting(
        env, call, request["Arn"], request["ServiceNamespaces"]
    )
    shapes = [
        {"ServiceNamespace": service, "Policies": [_granting(one) for one in policies]}
        for service, policies in found.items()
    ]
    return count_page("PoliciesGrantingServiceAccess", shapes, request)


def _granting(one: last_accessed.Granting) -> Shape:
    if one.arn:
        return {"PolicyName": one.name, "PolicyType": "MANAGED", "PolicyArn": one.arn}
    return {
        "PolicyName": one.name,
        "PolicyType": "INLINE",
        "EntityType": one.entity_kind,
        "EntityName": one.entity,
    }
