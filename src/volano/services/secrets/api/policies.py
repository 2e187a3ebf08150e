"""Secrets Manager: policies of secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.secrets.api.members import SECRET, facts_of_secret, named
from volano.services.secrets.logic import policies as logic
from volano.services.secrets.logic.access import get_live_secret, require_name
from volano.services.secrets.logic.errors import MalformedPolicy
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.secrets.api.members import Shape


@action(
    "secretsmanager:GetResourcePolicy",
    permission="secretsmanager:GetResourcePolicy",
    resource=SECRET,
    facts=facts_of_secret,
)
async def get_resource_policy(env: Env, call: Call, request: Shape) -> Shape:
    secret = await get_live_secret(env, env.store.reader, call, request["SecretId"])
    return {**named(secret), **({"ResourcePolicy": secret.policy} if secret.policy else {})}


@action(
    "secretsmanager:PutResourcePolicy",
    permission="secretsmanager:PutResourcePolicy",
    resource=SECRET,
    facts=facts_of_secret,
)
async def put_resource_policy(env: Env, call: Call, request: Shape) -> Shape:
    secret = await logic.put_policy(
        env,
        call,
        request["SecretId"],
        request["ResourcePolicy"],
        block_public=bool(request.get("BlockPublicPolicy")),
    )
    return named(secret)


@action(
    "secretsmanager:DeleteResourcePolicy",
    permission="secretsmanager:DeleteResourcePolicy",
    resource=SECRET,
    facts=facts_of_secret,
)
async def delete_resource_policy(env: Env, call: Call, request: Shape) -> Shape:
    return named(await logic.delete_policy(env, call, request["SecretId"]))


@action(
    "secretsmanager:ValidateResourcePolicy",
    permission="secretsmanager:ValidateResourcePolicy",
    resource="arn:aws:secretsmanager:{region}:{account}:secret:{SecretId}",
    read_only=True,
)
async def validate_resource_policy(env: Env, call: Call, request: Shape) -> Shape:
    policy, secret_id = request["ResourcePolicy"], request.get("SecretId")
    if secret_id and not secret_id.startswith("arn:"):
        require_name(secret_id)
    try:
        logic.require_secret_policy(env, policy)
    except MalformedPolicy as error:
        found = [{"CheckName": "PolicySyntaxCheck", "ErrorMessage": error.message}]
        return {"PolicyValidationPassed": False, "ValidationErrors": found}
    if logic.is_public(policy):
        message = "This resource policy grants broad access to the secret."
        found = [{"CheckName": "PublicPolicyCheck", "ErrorMessage": message}]
        return {"PolicyValidationPassed": False, "ValidationErrors": found}
    return {"PolicyValidationPassed": True, "ValidationErrors": []}
