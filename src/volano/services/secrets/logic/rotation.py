"""Rotation: a hook makes a new value, step by step; work asks it, now or on a schedule.

A hook is named in `RotationLambdaARN`. `volano:random-password` is done here: the password of a
JSON secret, or the whole text, is replaced by a random one. An http(s) URL is asked through the
egress guard, once for each of the four steps that Secrets Manager has ("Rotation function
overview"), and does its part with the ordinary API; a step counts as done when the URL answers 2xx.
A step that fails is tried again a few times; then the secret stays as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.call import system_call
from volano.kernel.egress import EgressRefused, EgressRequest
from volano.kernel.errors import VolanoError
from volano.kernel.foreign_json import decode_foreign
from volano.services.secrets.logic.access import get_live_secret
from volano.services.secrets.logic.errors import InvalidParameter, InvalidRequest
from volano.services.secrets.logic.passwords import PasswordRules, random_password
from volano.services.secrets.logic.sealing import open_version, seal
from volano.services.secrets.logic.values import move_stage, require_token
from volano.services.secrets.model import (
    CURRENT,
    MAX_ATTEMPTS,
    MAX_ROTATION_DAYS,
    PENDING,
    STEPS,
    Rotation,
    Secret,
    Version,
)
from volano.services.secrets.store import secrets as rows
from volano.services.secrets.store import versions as version_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

RANDOM_PASSWORD = "volano:random-password"  # noqa: S105 - the hook's name
BATCH = 20
RETRY_S = 10.0
HOOK_TIMEOUT_S = 30.0
MAX_ANSWER_BYTES = 64 * 1024
SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
_RATE = re.compile(r"rate\((\d{1,4}) (hour|hours|day|days)\)\Z")
_MIN_HOURS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationRequest:
    """What RotateSecret asks for; None leaves what is set."""

    hook: str | None = None
    rules: Mapping[str, Any] | None = None
    token: str | None = None
    now: bool = True


def period_us(rules: Mapping[str, Any]) -> int | None:
    """How often to rotate. Raises InvalidParameter."""
    days, schedule = rules.get("AutomaticallyAfterDays"), rules.get("ScheduleExpression")
    if days is not None and schedule is not None:
        raise InvalidParameter(
            "You can't specify both AutomaticallyAfterDays and ScheduleExpression."
        )
    if days is not None:
        if not 1 <= days <= MAX_ROTATION_DAYS:
            raise InvalidParameter(
                f"RotationRules.AutomaticallyAfterDays must be within 1-{MAX_ROTATION_DAYS}."
            )
        return int(days) * 24 * HOUR_US
    if schedule is None:
        return None
    found = _RATE.match(schedule)
    if found is None:
        raise InvalidParameter("ScheduleExpression must be rate(N days) or rate(N hours).")
    hours = int(found[1]) * (24 if found[2].startswith("day") else 1)
    if not _MIN_HOURS <= hours <= MAX_ROTATION_DAYS * 24:
        raise InvalidParameter(f"A rotation takes place every {_MIN_HOURS} hours at most.")
    return hours * HOUR_US


async def _require_hook(env: Env, hook: str) -> None:
    """Raises InvalidParameter for a hook that nobody can ask."""
    if hook == RANDOM_PASSWORD:
        return
    if not hook.startswith(("https://", "http://")):
        raise InvalidParameter(
            f"RotationLambdaARN must be {RANDOM_PASSWORD} or the URL of a rotation hook."
        )
    try:
        await env.egress.require_allowed(hook)
    except EgressRefused as error:
        raise InvalidParameter(f"RotationLambdaARN: {error.message}") from error


async def rotate_secret(
    env: Env, call: Call, secret_id: str, wanted: RotationRequest
) -> tuple[Secret, str | None]:
    """Set hook and schedule, and begin a rotation unless it is for later. The new version's id.

    Raises InvalidRequest without a hook and while another rotation runs, InvalidParameter.
    """
    token = require_token(wanted.token)
    if wanted.hook:
        await _require_hook(env, wanted.hook)
    every_us = None if wanted.rules is None else period_us(wanted.rules)
    version_id = token or env.ids.uuid()

    async def write(tx: Tx) -> tuple[Secret, str | None]:
        secret = await get_live_secret(env, tx, call, secret_id)
        hook = wanted.hook or secret.rotation_hook
        if not hook:
            raise InvalidRequest("No Lambda rotation function ARN is associated with this secret.")
        rules = secret.rotation_rules
        if wanted.rules is not None:
            rules = msgspec.json.encode(dict(wanted.rules)).decode()
        now_us = env.clock.now_us()
        next_us = secret.rotation_us
        if every_us is not None:
            next_us = now_us + every_us
        secret = replace(
            secret,
            rotation_on=True,
            rotation_hook=hook,
            rotation_rules=rules,
            rotation_us=next_us,
        )
        await rows.update_secret(tx, secret)
        if not wanted.now:
            return secret, None
        return secret, await _begin(tx, secret, version_id, now_us)

    secret, begun = await env.store.transact(write)
    env.work.wake("secrets:rotation")
    return secret, begun


async def _begin(tx: Tx, secret: Secret, version_id: str, now_us: int) -> str:
    """Announce a version as AWSPENDING; the same request again is the rotation that runs."""
    running = await rows.find_rotation(tx, secret.account, secret.name)
    if running is not None:
        if running.version_id == version_id:
            return version_id
        raise InvalidRequest(
            "A previous rotation isn't complete. That rotation will be reattempted."
        )
    stages = await version_rows.select_stages(tx, secret)
    if CURRENT not in stages:
        raise InvalidRequest("The secret has no value that could be rotated.")
    if stages[CURRENT] == version_id:
        return version_id
    if await version_rows.find_version(tx, secret, version_id) is None:
        announced = Version(
            id=version_id,
            data_key=b"",
            sealed=b"",
            is_binary=False,
            digest=b"",
            kms_key="",
            created_us=now_us,
        )
        await version_rows.put_version(tx, secret, announced)
    await move_stage(tx, secret, stages, PENDING, version_id)
    rotation = Rotation(
        account=secret.account,
        name=secret.name,
        version_id=version_id,
        step=STEPS[0],
        attempts=0,
        due_us=now_us,
    )
    await rows.put_rotation(tx, rotation)
    return version_id


async def cancel_rotation(env: Env, call: Call, secret_id: str) -> Secret:
    """No rotation from now on; one under way ends where it stands."""

    async def write(tx: Tx) -> Secret:
        secret = await get_live_secret(env, tx, call, secret_id)
        if not secret.rotation_on:
            raise InvalidRequest(
                "You tried to enable rotation on a secret that doesn't already have a Lambda "
                "function ARN configured"
                if not secret.rotation_hook
                else "Rotation is not enabled for this secret."
            )
        secret = replace(secret, rotation_on=False, rotation_us=None)
        await rows.update_secret(tx, secret)
        await rows.delete_rotation(tx, secret.account, secret.name)
        return secret

    return await env.store.transact(write)


async def begin_due_rotations(env: Env) -> int:
    """Begin the rotations whose time has come; returns how many secrets were due."""

    async def begin(tx: Tx) -> int:
        now_us = env.clock.now_us()
        due = await rows.select_due(
            tx, "rotation_us", before_us=now_us, limit=BATCH, region=env.region.name
        )
        for secret in due:
            every_us = period_us(_rules(secret))
            next_us = None if every_us is None else now_us + every_us
            await rows.update_secret(tx, replace(secret, rotation_us=next_us))
            stages = await version_rows.select_stages(tx, secret)
            running = await rows.find_rotation(tx, secret.account, secret.name)
            if running is None and CURRENT in stages:
                await _begin(tx, secret, env.ids.uuid(), now_us)
        return len(due)

    begun = 0
    while batch := await env.store.transact(begin):
        begun += batch
    return begun


def _rules(secret: Secret) -> dict[str, Any]:
    if not secret.rotation_rules:
        return {}
    return msgspec.json.decode(secret.rotation_rules, type=dict[str, Any])


async def select_rotations(env: Env) -> list[Rotation]:
    """The rotations whose next step is due."""
    return await rows.select_rotations_due(
        env.store.reader, before_us=env.clock.now_us(), limit=BATCH
    )


async def advance(env: Env, rotation: Rotation) -> None:
    """Do the next step of one rotation; whoever calls holds the lease of rotations."""
    secret = await rows.find_secret(
        env.store.reader, rotation.account, rotation.name, region=env.region.name
    )
    if secret is None:
        return
    try:
        if secret.rotation_hook == RANDOM_PASSWORD:
            await _replace_password(env, secret, rotation)
            return
        done = await _ask_hook(env, secret, rotation)
    except VolanoError as error:  # a key of KMS that is no use now must stop no other rotation
        env.log.warning("rotation failed", secret=secret.arn, error=error.message)
        done = False
    if done:
        await _step_done(env, rotation)
    else:
        await _step_failed(env, rotation)


async def _replace_password(env: Env, secret: Secret, rotation: Rotation) -> None:
    call = system_call(env, secret.account)
    stages = await version_rows.select_stages(env.store.reader, secret)
    current = await version_rows.find_version(env.store.reader, secret, stages[CURRENT])
    assert current is not None, "a stage names a version that is there"
    value = await open_version(env, call, secret, current)
    fresh = _with_password(value, random_password(env, PasswordRules(punctuation=False)))
    version = await seal(env, call, secret, rotation.version_id, fresh, is_binary=False)

    async def write(tx: Tx) -> None:
        running = await rows.find_rotation(tx, rotation.account, rotation.name)
        if running is None or running.version_id != rotation.version_id:
            return
        await version_rows.put_version(tx, secret, version)
        known = await version_rows.select_stages(tx, secret)
        await move_stage(tx, secret, known, CURRENT, version.id)
        await _finish(tx, env, rotation)

    await env.store.transact(write)


def _with_password(value: bytes, password: str) -> bytes:
    try:
        document = decode_foreign(value)
    except msgspec.DecodeError:
        document = None
    if isinstance(document, dict):
        return msgspec.json.encode({**document, "password": password})
    return password.encode()


async def _ask_hook(env: Env, secret: Secret, rotation: Rotation) -> bool:
    """Whether the hook did its step."""
    named = f"{secret.arn} {rotation.version_id}"
    body = {
        "Step": rotation.step,
        "SecretId": secret.arn,
        "ClientRequestToken": rotation.version_id,
        "RotationToken": env.secrets.digest(f"rotation {named}").hex(),
    }
    request = EgressRequest(
        method="POST",
        url=secret.rotation_hook,
        headers={"content-type": "application/json"},
        body=msgspec.json.encode(body),
        timeout_s=HOOK_TIMEOUT_S,
        max_bytes=MAX_ANSWER_BYTES,
    )
    reply = await env.egress.fetch(request)
    if not 200 <= reply.status < 300:
        env.log.warning("rotation hook refused", secret=secret.arn, status=reply.status)
        return False
    if rotation.step != STEPS[-1]:
        return True
    stages = await version_rows.select_stages(env.store.reader, secret)
    return stages.get(CURRENT) == rotation.version_id


async def _step_done(env: Env, rotation: Rotation) -> None:
    async def write(tx: Tx) -> None:
        if not await _still(tx, rotation):
            return
        if rotation.step == STEPS[-1]:
            await _finish(tx, env, rotation)
            return
        step = STEPS[STEPS.index(rotation.step) + 1]
        due_us = env.clock.now_us()
        await rows.put_rotation(tx, replace(rotation, step=step, attempts=0, due_us=due_us))

    await env.store.transact(write)


async def _still(tx: Tx, rotation: Rotation) -> bool:
    """Whether the rotation stands where it stood when the step began."""
    running = await rows.find_rotation(tx, rotation.account, rotation.name)
    return running is not None and (running.version_id, running.step) == (
        rotation.version_id,
        rotation.step,
    )


async def _finish(tx: Tx, env: Env, rotation: Rotation) -> None:
    secret = await rows.find_secret(tx, rotation.account, rotation.name, region=env.region.name)
    assert secret is not None, "its rotation is there"
    stages = await version_rows.select_stages(tx, secret)
    if stages.get(PENDING) == rotation.version_id:
        await version_rows.delete_stage(tx, secret, PENDING)
    now_us = env.clock.now_us()
    await rows.update_secret(tx, replace(secret, rotated_us=now_us, changed_us=now_us))
    await rows.delete_rotation(tx, rotation.account, rotation.name)


async def _step_failed(env: Env, rotation: Rotation) -> None:
    async def write(tx: Tx) -> None:
        if not await _still(tx, rotation):
            return
        attempts = rotation.attempts + 1
        if attempts >= MAX_ATTEMPTS:
            await rows.delete_rotation(tx, rotation.account, rotation.name)
            return
        wait_us = int(RETRY_S * 2 ** (attempts - 1) * SECOND_US)
        due_us = env.clock.now_us() + wait_us
        await rows.put_rotation(tx, replace(rotation, attempts=attempts, due_us=due_us))

    await env.store.transact(write)
