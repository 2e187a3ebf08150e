"""Secrets Manager: secrets themselves, their lists and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.secrets.api.members import (
    ANY_SECRET,
    SECRET,
    facts_of_secret,
    named,
    parse_token,
    secret_shape,
    tag_facts,
    tags_of,
    to_token,
)
from volano.services.secrets.logic import listing
from volano.services.secrets.logic import secrets as logic
from volano.services.secrets.logic.access import get_secret
from volano.services.secrets.logic.errors import InvalidNextToken, InvalidParameter
from volano.services.secrets.logic.values import parse_value
from volano.services.secrets.model import MAX_DESCRIPTION, MAX_PAGE
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.secrets.api.members import Shape

_SORTS = {
    None: "created",
    "created-date": "created",
    "last-changed-date": "changed",
    "last-accessed-date": "accessed",
    "name": "name",
}
_REPLICAS = "A cloud has one region: replicas are refused."


def _require_no_replicas(request: Shape) -> None:
    if request.get("AddReplicaRegions") or request.get("CrossAccountPrimaryARN"):
        raise InvalidParameter("This cloud has one region: a secret cannot be replicated.")


@action(
    "secretsmanager:CreateSecret",
    permission="secretsmanager:CreateSecret",
    resource="arn:aws:secretsmanager:{region}:{account}:secret:{Name}",
    condition=lambda _, request: {
        **tag_facts(request),
        "secretsmanager:Name": request["Name"],
        "secretsmanager:KmsKeyId": request.get("KmsKeyId") or "",
    },
    partial=_REPLICAS,
)
async def create_secret(env: Env, call: Call, request: Shape) -> Shape:
    _require_no_replicas(request)
    secret, version_id = await logic.create_secret(
        env,
        call,
        logic.NewSecret(
            name=request["Name"],
            description=_description(request) or "",
            kms_key=request.get("KmsKeyId") or "",
            tags=tags_of(request),
            value=parse_value(request.get("SecretString"), request.get("SecretBinary")),
            token=request.get("ClientRequestToken"),
        ),
    )
    return named(secret, version_id)


def _description(request: Shape) -> str | None:
    text = request.get("Description")
    if text is not None and (len(text) > MAX_DESCRIPTION or "\x00" in text):
        raise InvalidParameter(f"Description may have {MAX_DESCRIPTION} characters.")
    return text


@action(
    "secretsmanager:DescribeSecret",
    permission="secretsmanager:DescribeSecret",
    resource=SECRET,
    facts=facts_of_secret,
)
async def describe_secret(env: Env, call: Call, request: Shape) -> Shape:
    secret = await get_secret(env, env.store.reader, call, request["SecretId"])
    stages = (await listing.stages_of(env, [secret]))[0]
    return {**secret_shape(secret), **({"VersionIdsToStages": stages} if stages else {})}


@action(
    "secretsmanager:UpdateSecret",
    permission="secretsmanager:UpdateSecret",
    resource=SECRET,
    facts=facts_of_secret,
)
async def update_secret(env: Env, call: Call, request: Shape) -> Shape:
    secret, version_id = await logic.update_secret(
        env,
        call,
        request["SecretId"],
        description=_description(request),
        kms_key=request.get("KmsKeyId"),
        value=parse_value(request.get("SecretString"), request.get("SecretBinary")),
        token=request.get("ClientRequestToken"),
    )
    return named(secret, version_id)


@action(
    "secretsmanager:DeleteSecret",
    permission="secretsmanager:DeleteSecret",
    resource=SECRET,
    facts=facts_of_secret,
)
async def delete_secret(env: Env, call: Call, request: Shape) -> Shape:
    secret = await logic.delete_secret(
        env,
        call,
        request["SecretId"],
        days=request.get("RecoveryWindowInDays"),
        force=bool(request.get("ForceDeleteWithoutRecovery")),
    )
    assert secret.deletion_us is not None, "a deletion has a date"
    return {**named(secret), "DeletionDate": secret.deletion_us / 1e6}


@action(
    "secretsmanager:RestoreSecret",
    permission="secretsmanager:RestoreSecret",
    resource=SECRET,
    facts=facts_of_secret,
)
async def restore_secret(env: Env, call: Call, request: Shape) -> Shape:
    return named(await logic.restore_secret(env, call, request["SecretId"]))


@action("secretsmanager:ListSecrets", permission="secretsmanager:ListSecrets", resource=ANY_SECRET)
async def list_secrets(env: Env, call: Call, request: Shape) -> Shape:
    found, after = await listing.list_secrets(
        env,
        call,
        filters=filters_of(request),
        deleted=bool(request.get("IncludePlannedDeletion")),
        sort=_SORTS[request.get("SortBy")],
        descending=request.get("SortOrder") == "desc",
        after=place_of(request),
        limit=min(request.get("MaxResults") or MAX_PAGE, MAX_PAGE),
    )
    stages = await listing.stages_of(env, found)
    shapes = [
        {**secret_shape(secret), "SecretVersionsToStages": held}
        for secret, held in zip(found, stages, strict=True)
    ]
    answer: Shape = {"SecretList": shapes}
    if after is not None:
        answer["NextToken"] = to_token(after)
    return answer


def filters_of(request: Shape) -> list[listing.Filter]:
    return [
        (each.get("Key") or "", each.get("Values") or []) for each in request.get("Filters") or ()
    ]


def place_of(request: Shape) -> tuple[int, str] | None:
    """Where a list goes on; raises InvalidNextToken."""
    place = parse_token(request)
    if place is None:
        return None
    if len(place) != 2 or not isinstance(place[0], int) or not isinstance(place[1], str):
        raise InvalidNextToken("The NextToken value is invalid.")
    return place[0], place[1]


@action(
    "secretsmanager:TagResource",
    permission="secretsmanager:TagResource",
    resource=SECRET,
    facts=facts_of_secret,
)
async def tag_resource(env: Env, call: Call, request: Shape) -> None:
    await logic.tag_secret(env, call, request["SecretId"], add=tags_of(request))


@action(
    "secretsmanager:UntagResource",
    permission="secretsmanager:UntagResource",
    resource=SECRET,
    facts=facts_of_secret,
)
async def untag_resource(env: Env, call: Call, request: Shape) -> None:
    await logic.tag_secret(env, call, request["SecretId"], add={}, remove=request["TagKeys"])


@action(
    "secretsmanager:ReplicateSecretToRegions",
    permission="secretsmanager:ReplicateSecretToRegions",
    resource=SECRET,
    facts=facts_of_secret,
    partial=_REPLICAS,
)
async def replicate_secret_to_regions(env: Env, call: Call, request: Shape) -> Shape:
    await get_secret(env, env.store.reader, call, request["SecretId"])
    raise InvalidParameter("This cloud has one region: a secret cannot be replicated.")
