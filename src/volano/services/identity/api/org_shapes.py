"""Model to the shapes of the AWS Organizations API ("Data Types")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from volano.services.identity.api.shapes import Shape, seconds
from volano.services.identity.logic.names import parse_count_marker
from volano.services.identity.model.org_errors import InvalidOrgInput
from volano.services.identity.model.organizations import (
    Member,
    Organization,
    OrgPolicy,
    OrgRequest,
    Unit,
)

MAX_PAGE = 1000


def org_shape(org: Organization, email: str) -> Shape:
    return {
        "Id": org.id,
        "Arn": org.arn,
        "FeatureSet": org.feature_set,
        "MasterAccountArn": org.arn_of("account", org.management),
        "MasterAccountId": org.management,
        "MasterAccountEmail": email,
        "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
    }


def root_shape(org: Organization) -> Shape:
    return {
        "Id": org.root_id,
        "Arn": org.arn_of("root", org.root_id),
        "Name": "Root",
        "PolicyTypes": [{"Type": one, "Status": "ENABLED"} for one in sorted(org.policy_types)],
    }


def unit_shape(org: Organization, unit: Unit) -> Shape:
    return {"Id": unit.id, "Arn": org.arn_of("ou", unit.id), "Name": unit.name}


def member_shape(org: Organization, member: Member) -> Shape:
    return {
        "Id": member.account,
        "Arn": org.arn_of("account", member.account),
        "Email": member.email,
        "Name": member.name,
        "Status": member.state,
        "State": member.state,
        "JoinedMethod": member.joined_method,
        "JoinedTimestamp": seconds(member.joined_us),
    }


def policy_summary(org: Organization, policy: OrgPolicy) -> Shape:
    return {
        "Id": policy.id,
        "Arn": policy.arn(org.management),
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type.value,
        "AwsManaged": policy.managed,
    }


def policy_shape(org: Organization, policy: OrgPolicy) -> Shape:
    return {"PolicySummary": policy_summary(org, policy), "Content": policy.content}


def request_shape(request: OrgRequest) -> Shape:
    shape: Shape = {
        "Id": request.id,
        "AccountName": request.body["name"],
        "State": request.state,
        "RequestedTimestamp": seconds(request.created_us),
        "AccountId": request.account,
    }
    if request.ended_us is not None:
        shape["CompletedTimestamp"] = seconds(request.ended_us)
    return shape


def handshake_shape(org: Organization, request: OrgRequest, life_us: int) -> Shape:
    return {
        "Id": request.id,
        "Arn": f"arn:aws:organizations::{org.management}:handshake/{org.id}/invite/{request.id}",
        "Parties": [
            {"Id": org.id[2:], "Type": "ORGANIZATION"},
            {"Id": request.account, "Type": "ACCOUNT"},
        ],
        "State": request.state,
        "RequestedTimestamp": seconds(request.created_us),
        "ExpirationTimestamp": seconds(request.created_us + life_us),
        "Action": "INVITE",
        "Resources": [
            {"Type": "ORGANIZATION", "Value": org.id},
            {"Type": "ACCOUNT", "Value": request.account},
            {"Type": "NOTES", "Value": request.body.get("notes", "")},
        ],
    }


def tag_list(tags: Mapping[str, str]) -> list[Shape]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def org_page(name: str, shapes: Sequence[Shape], request: Shape) -> Shape:
    """A page; the token says how many came before it. Raises InvalidOrgInput."""
    first = parse_count_marker(request.get("NextToken"))
    size = request.get("MaxResults") or MAX_PAGE
    if not 1 <= size <= MAX_PAGE or first > len(shapes):
        raise InvalidOrgInput
    end = first + size
    page: Shape = {name: list(shapes[first:end])}
    if end < len(shapes):
        page["NextToken"] = str(end)
    return page
