"""Secrets Manager: values, their versions and stages, random passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Denied, VolanoError
from volano.services.secrets.api.members import (
    ANY_SECRET,
    SECRET,
    facts_of_secret,
    named,
    parse_token,
    to_token,
    value_shape,
)
from volano.services.secrets.api.secrets import filters_of, place_of
from volano.services.secrets.logic import listing
from volano.services.secrets.logic import values as logic
from volano.services.secrets.logic.errors import (
    InvalidNextToken,
    InvalidParameter,
    InvalidRequest,
)
from volano.services.secrets.logic.passwords import (
    DEFAULT_LENGTH,
    PasswordRules,
    random_password,
)
from volano.services.secrets.model import MAX_BATCH, MAX_PAGE
from volano.wire.action import RESOLVED, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.secrets.api.members import Shape
    from volano.services.secrets.model import Secret, Version


@action(
    "secretsmanager:GetSecretValue",
    permission="secretsmanager:GetSecretValue",
    resource=SECRET,
    facts=facts_of_secret,
)
async def get_secret_value(env: Env, call: Call, request: Shape) -> Shape:
    secret, version, value = await logic.get_value(
        env,
        call,
        request["SecretId"],
        version_id=request.get("VersionId"),
        stage=request.get("VersionStage"),
    )
    return value_shape(secret, version, value)


@action(
    "secretsmanager:BatchGetSecretValue",
    permission="secretsmanager:BatchGetSecretValue",
    resource=ANY_SECRET,
)
async def batch_get_secret_value(env: Env, call: Call, request: Shape) -> Shape:
    """Each secret is authorized by itself as `GetSecretValue`."""
    names, filters = request.get("SecretIdList"), filters_of(request)
    if bool(names) == bool(filters):
        raise InvalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    if names and request.get("MaxResults") is not None:
        raise InvalidParameter(
            "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is "
            "provided."
        )
    after = None
    if names:
        found = names
    else:
        limit = min(request.get("MaxResults") or MAX_BATCH, MAX_BATCH)
        listed, after = await listing.list_secrets(
            env,
            call,
            filters=filters,
            deleted=False,
            after=place_of(request),
            limit=limit,
        )
        found = [secret.arn for secret in listed]
    values: list[Shape] = []
    errors: list[Shape] = []
    for name in found:
        await _add(env, call, name, values, errors)
    answer: Shape = {"SecretValues": values, "Errors": errors}
    if after is not None:
        answer["NextToken"] = to_token(after)
    return answer


async def _add(env: Env, call: Call, name: str, values: list[Shape], errors: list[Shape]) -> None:
    """Whether a secret exists is told only to those who may ask for it."""
    facts = await facts_of_secret(env, call, {"SecretId": name})
    arn = facts.pop(RESOLVED)
    try:
        await env.authority.authorize(call, "secretsmanager:GetSecretValue", arn, facts)
        secret, version, value = await logic.get_value(env, call, name, version_id=None, stage=None)
    except Denied as error:
        refused = "AccessDeniedException", error.message
    except VolanoError as error:
        if error.wire_status >= 500:
            raise
        refused = error.wire_code, error.message
    else:
        values.append(value_shape(secret, version, value))
        return
    errors.append({"SecretId": name, "ErrorCode": refused[0], "Message": refused[1]})


@action(
    "secretsmanager:PutSecretValue",
    permission="secretsmanager:PutSecretValue",
    resource=SECRET,
    facts=facts_of_secret,
)
async def put_secret_value(env: Env, call: Call, request: Shape) -> Shape:
    value = logic.parse_value(request.get("SecretString"), request.get("SecretBinary"))
    if value is None:
        raise InvalidRequest("You must provide either SecretString or SecretBinary.")
    secret, version = await logic.put_value(
        env,
        call,
        request["SecretId"],
        value,
        token=request.get("ClientRequestToken"),
        stages=request.get("VersionStages"),
    )
    asked = [stage for stage in request.get("VersionStages") or () if stage in version.stages]
    stages = list(dict.fromkeys([*asked, *version.stages]))
    return {**named(secret, version.id), "VersionStages": stages}


@action(
    "secretsmanager:UpdateSecretVersionStage",
    permission="secretsmanager:UpdateSecretVersionStage",
    resource=SECRET,
    facts=facts_of_secret,
)
async def update_secret_version_stage(env: Env, call: Call, request: Shape) -> Shape:
    secret = await logic.update_stage(
        env,
        call,
        request["SecretId"],
        request["VersionStage"],
        move_to=request.get("MoveToVersionId"),
        remove_from=request.get("RemoveFromVersionId"),
    )
    return named(secret)


@action(
    "secretsmanager:ListSecretVersionIds",
    permission="secretsmanager:ListSecretVersionIds",
    resource=SECRET,
    facts=facts_of_secret,
)
async def list_secret_version_ids(env: Env, call: Call, request: Shape) -> Shape:
    secret, versions = await logic.list_versions(
        env, call, request["SecretId"], deprecated=bool(request.get("IncludeDeprecated"))
    )
    place = parse_token(request)
    start = 0 if place is None else place[0]
    if not isinstance(start, int) or start < 0:
        raise InvalidNextToken("The NextToken value is invalid.")
    end = start + min(request.get("MaxResults") or MAX_PAGE, MAX_PAGE)
    answer: Shape = {**named(secret), "Versions": [_entry(v, secret) for v in versions[start:end]]}
    if end < len(versions):
        answer["NextToken"] = to_token((end,))
    return answer


def _entry(version: Version, secret: Secret) -> Shape:
    entry: Shape = {
        "VersionId": version.id,
        "CreatedDate": version.created_us / 1e6,
        "KmsKeyIds": [version.kms_key if secret.kms_key else "DefaultEncryptionKey"],
    }
    if version.stages:
        entry["VersionStages"] = list(version.stages)
    if version.accessed_us is not None:
        entry["LastAccessedDate"] = version.accessed_us / 1e6
    return entry


@action(
    "secretsmanager:GetRandomPassword",
    permission="secretsmanager:GetRandomPassword",
    resource="*",
)
async def get_random_password(env: Env, call: Call, request: Shape) -> Shape:
    each = request.get("RequireEachIncludedType")
    length = request.get("PasswordLength")
    rules = PasswordRules(
        length=DEFAULT_LENGTH if length is None else length,
        exclude=request.get("ExcludeCharacters") or "",
        lowercase=not request.get("ExcludeLowercase"),
        uppercase=not request.get("ExcludeUppercase"),
        numbers=not request.get("ExcludeNumbers"),
        punctuation=not request.get("ExcludePunctuation"),
        space=bool(request.get("IncludeSpace")),
        each=True if each is None else each,
    )
    return {"RandomPassword": random_password(env, rules)}
