"""Model to the shapes of the IAM API (IAM API reference, "Data Types")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from volano.kernel.call import Call
from volano.kernel.errors import Invalid
from volano.kernel.identity import PrincipalKind
from volano.services.identity.logic.names import parse_count_marker, require_page_size
from volano.services.identity.model.credentials import TemporaryCredentials
from volano.services.identity.model.errors import InvalidInput, ValidationError
from volano.services.identity.model.policies import Policy, PolicyVersion
from volano.services.identity.model.principals import Group, InstanceProfile, Role, User

Shape = dict[str, Any]
"""A request or answer as botocore's model describes it."""


def seconds(time_us: int) -> int:
    """IAM tells whole seconds."""
    return time_us // 1_000_000


def credentials(made: TemporaryCredentials) -> Shape:
    """`Credentials` of STS."""
    return {
        "AccessKeyId": made.access_key_id,
        "SecretAccessKey": made.secret_access_key,
        "SessionToken": made.session_token,
        "Expiration": seconds(made.expires_us),
    }


def user_shape(user: User, *, detailed: bool = True) -> Shape:
    """`detailed` adds tags and boundary, which lists leave out."""
    shape: Shape = {
        "Path": user.path,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": seconds(user.created_us),
    }
    if user.kind is not PrincipalKind.ROOT:
        shape["UserName"] = user.name
    if user.password_used_us is not None:
        shape["PasswordLastUsed"] = seconds(user.password_used_us)
    if detailed:
        shape |= _details(user.tags, user.boundary)
    return shape


def _details(tags: Mapping[str, str], boundary: str | None) -> Shape:
    shape: Shape = {"Tags": tag_shapes(tags)} if tags else {}
    if boundary is not None:
        shape["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",  # what IAM answers; its reference says otherwise
            "PermissionsBoundaryArn": boundary,
        }
    return shape


def group_shape(group: Group) -> Shape:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": seconds(group.created_us),
    }


def new_role_shape(role: Role) -> Shape:
    """A role as the answer to its creation shows it."""
    shape = role_shape(role)
    del shape["MaxSessionDuration"], shape["RoleLastUsed"]
    return shape


def role_shape(role: Role, *, detailed: bool = True) -> Shape:
    shape: Shape = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": seconds(role.created_us),
        "AssumeRolePolicyDocument": document_text(role.trust),
        "MaxSessionDuration": role.max_session_s,
    }
    if role.description:
        shape["Description"] = role.description
    if detailed:
        shape |= _details(role.tags, role.boundary)
        shape["RoleLastUsed"] = (
            {} if role.last_used_us is None else {"LastUsedDate": seconds(role.last_used_us)}
        )
    return shape


def profile_shape(profile: InstanceProfile, role: Role | None) -> Shape:
    shape: Shape = {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": seconds(profile.created_us),
        "Roles": [role_shape(role, detailed=False)] if role else [],
    }
    if profile.tags:
        shape["Tags"] = tag_shapes(profile.tags)
    return shape


def policy_shape(policy: Policy, attachments: int, *, detailed: bool = True) -> Shape:
    shape: Shape = {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": seconds(policy.created_us),
        "UpdateDate": seconds(policy.updated_us),
    }
    if detailed and policy.description:
        shape["Description"] = policy.description
    if detailed:
        shape["Tags"] = tag_shapes(policy.tags)
    return shape


def version_shape(policy: Policy, version: PolicyVersion, *, document: bool) -> Shape:
    shape: Shape = {
        "VersionId": version.name,
        "IsDefaultVersion": version.version == policy.default_version,
        "CreateDate": seconds(version.created_us),
    }
    if document:
        shape["Document"] = document_text(version.document)
    return shape


def document_text(document: str) -> str:
    """Percent-encoded (RFC 3986), as IAM answers documents; SDKs decode it."""
    return quote(document, safe="")


def tag_shapes(tags: Mapping[str, str]) -> list[Shape]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_of(request: Shape, refusal: type[Invalid] = InvalidInput) -> dict[str, str]:
    """The request's tags; raises `refusal` for keys that differ in case at most."""
    pairs = request.get("Tags") or ()
    if len({tag["Key"].lower() for tag in pairs}) < len(pairs):
        raise refusal("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    return {tag["Key"]: tag["Value"] for tag in pairs}


def tag_page(request: Shape, tags: Mapping[str, str]) -> Shape:
    """A page of a thing's tags; the marker says how many came before it."""
    first = parse_count_marker(request.get("Marker"))
    end = first + require_page_size(request.get("MaxItems"))
    shapes = tag_shapes(tags)
    return page_shape("Tags", shapes[first:end], str(end) if end < len(shapes) else None)


def count_page(name: str, shapes: Sequence[Shape], request: Shape) -> Shape:
    """A page of a list that is read whole; the marker says how many came before it.

    Raises ValidationError for a marker behind the end.
    """
    first = parse_count_marker(request.get("Marker"))
    if first > len(shapes):
        raise ValidationError("Invalid Marker.")
    end = first + require_page_size(request.get("MaxItems"))
    return page_shape(name, shapes[first:end], str(end) if end < len(shapes) else None)


def page_shape(name: str, items: Sequence[Any], marker: str | None) -> Shape:
    """A page of a list: `IsTruncated`, and `Marker` when there is more."""
    shape: Shape = {name: list(items), "IsTruncated": marker is not None}
    if marker is not None:
        shape["Marker"] = marker
    return shape


def paging(request: Shape) -> dict[str, Any]:
    return {"marker": request.get("Marker"), "max_items": request.get("MaxItems")}


def user_resource(call: Call, request: Shape) -> str:
    """The named user, or the caller when no name is given."""
    name = request.get("UserName")
    return call.principal.arn if name is None else f"arn:aws:iam::{call.account}:user/{name}"


def new_resource(kind: str, name_field: str) -> Any:
    """The ARN that a new thing would have, with its path."""

    def resource(call: Call, request: Shape) -> str:
        path = request.get("Path") or "/"
        return f"arn:aws:iam::{call.account}:{kind}{path}{request.get(name_field) or '*'}"

    return resource


def tag_condition(call: Call, request: Shape) -> dict[str, str]:
    """Condition keys of a request that sets tags, a boundary or a policy."""
    found = {f"aws:RequestTag/{key}": value for key, value in tags_of(request).items()}
    keys = list(tags_of(request)) or list(request.get("TagKeys") or ())
    if keys:
        found["aws:TagKeys"] = "\n".join(keys)
    if request.get("PermissionsBoundary"):
        found["iam:PermissionsBoundary"] = str(request["PermissionsBoundary"])
    if request.get("PolicyArn"):
        found["iam:PolicyARN"] = str(request["PolicyArn"])
    return found
