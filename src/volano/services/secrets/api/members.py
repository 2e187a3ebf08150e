"""Between botocore's member names and the model, and the facts that authorization needs."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.foreign_json import decode_foreign
from volano.services.secrets.logic.access import find_secret, secret_facts
from volano.services.secrets.logic.errors import InvalidNextToken
from volano.wire.action import RESOLVED

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.secrets.model import Secret, Version

Shape = dict[str, Any]

SECRET = "arn:aws:secretsmanager:{region}:{account}:secret:{SecretId}"  # noqa: S105 - a name
ANY_SECRET = "arn:aws:secretsmanager:{region}:{account}:secret:*"  # noqa: S105 - a name


async def facts_of_secret(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """The secret that `SecretId` names, its policy and tags; one that is not there has none."""
    facts = tag_facts(request)
    for member in ("VersionId", "VersionStage"):
        if request.get(member):
            facts[f"secretsmanager:{member}"] = request[member]
    secret = await find_secret(env, env.store.reader, call, request["SecretId"])
    if secret is None:
        name = request["SecretId"]
        if not name.startswith("arn:"):
            name = f"arn:aws:secretsmanager:{env.region.name}:{call.account}:secret:{name}"
        return {**facts, RESOLVED: name}
    return {**facts, **secret_facts(secret), RESOLVED: secret.arn}


def tag_facts(request: Shape) -> dict[str, str]:
    """Condition keys of a request that sets or removes tags."""
    tags = tags_of(request)
    facts = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    names = list(tags) or list(request.get("TagKeys") or ())
    if names:
        facts["aws:TagKeys"] = "\n".join(names)
    return facts


def tags_of(request: Shape) -> dict[str, str]:
    return {tag.get("Key") or "": tag.get("Value") or "" for tag in request.get("Tags") or ()}


def named(secret: Secret, version_id: str | None = None) -> Shape:
    """What most operations answer."""
    shape: Shape = {"ARN": secret.arn, "Name": secret.name}
    if version_id is not None:
        shape["VersionId"] = version_id
    return shape


def value_shape(secret: Secret, version: Version, value: bytes) -> Shape:
    """GetSecretValue's answer."""
    held = {"SecretBinary": value} if version.is_binary else {"SecretString": value.decode()}
    return {
        **named(secret, version.id),
        **held,
        "VersionStages": list(version.stages),
        "CreatedDate": version.created_us / 1e6,
    }


def secret_shape(secret: Secret) -> Shape:
    """What DescribeSecret and ListSecrets have in common."""
    shape: Shape = {
        **named(secret),
        "CreatedDate": secret.created_us / 1e6,
        "LastChangedDate": secret.changed_us / 1e6,
    }
    if secret.description:
        shape["Description"] = secret.description
    if secret.kms_key:
        shape["KmsKeyId"] = secret.kms_key
    if secret.tags:
        shape["Tags"] = [{"Key": key, "Value": value} for key, value in secret.tags.items()]
    if secret.rotation_hook:
        shape["RotationEnabled"] = secret.rotation_on
        shape["RotationLambdaARN"] = secret.rotation_hook
        shape["RotationRules"] = msgspec.json.decode(secret.rotation_rules or "{}")
    for member, moment in (
        ("LastAccessedDate", secret.accessed_us),
        ("DeletedDate", secret.deleted_us),
        ("LastRotatedDate", secret.rotated_us),
        ("NextRotationDate", secret.rotation_us),
    ):
        if moment is not None:
            shape[member] = moment / 1e6
    return shape


def parse_token(request: Shape) -> list[Any] | None:
    """Where a page begins; raises InvalidNextToken."""
    token = request.get("NextToken")
    if not token:
        return None
    try:
        found = decode_foreign(base64.urlsafe_b64decode(token.encode()), list[Any])
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise InvalidNextToken("The NextToken value is invalid.") from error
    return found


def to_token(place: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()
