"""Secrets Manager: rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.secrets.api.members import SECRET, facts_of_secret, named
from volano.services.secrets.logic import rotation as logic
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.secrets.api.members import Shape


@action(
    "secretsmanager:RotateSecret",
    permission="secretsmanager:RotateSecret",
    resource=SECRET,
    facts=facts_of_secret,
    partial=(
        "RotationLambdaARN is volano:random-password or the URL of a hook; schedules are days or "
        "rate(…), not cron(…)."
    ),
)
async def rotate_secret(env: Env, call: Call, request: Shape) -> Shape:
    at_once = request.get("RotateImmediately")
    secret, version_id = await logic.rotate_secret(
        env,
        call,
        request["SecretId"],
        logic.RotationRequest(
            hook=request.get("RotationLambdaARN"),
            rules=request.get("RotationRules"),
            token=request.get("ClientRequestToken"),
            now=True if at_once is None else at_once,
        ),
    )
    return named(secret, version_id)


@action(
    "secretsmanager:CancelRotateSecret",
    permission="secretsmanager:CancelRotateSecret",
    resource=SECRET,
    facts=facts_of_secret,
)
async def cancel_rotate_secret(env: Env, call: Call, request: Shape) -> Shape:
    return named(await logic.cancel_rotation(env, call, request["SecretId"]))
