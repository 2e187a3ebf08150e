"""Versions of a secret's value and the stages that name them.

A new current version makes the old one AWSPREVIOUS. A repeated request with the same token brings
the version that is there, or is refused when its value differs. Versions without a stage are kept
up to a limit, as Secrets Manager does with deprecated ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.secrets.logic.access import (
    get_live_secret,
    get_secret,
)
from volano.services.secrets.logic.errors import (
    InvalidParameter,
    InvalidRequest,
    LimitExceeded,
    ResourceExists,
    ResourceNotFound,
)
from volano.services.secrets.logic.sealing import open_version, seal
from volano.services.secrets.model import (
    CURRENT,
    MAX_STAGES,
    MAX_VALUE_BYTES,
    MAX_VERSIONS,
    PENDING,
    PREVIOUS,
    Secret,
    Version,
)
from volano.services.secrets.store import secrets as secret_rows
from volano.services.secrets.store import versions as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

DAY_US = 86_400_000_000


def parse_value(string: str | None, binary: bytes | None) -> tuple[bytes, bool] | None:
    """The bytes and whether they are binary; None when there is no value. Raises
    InvalidParameter."""
    if string and binary:
        raise InvalidParameter("You can't specify both SecretString and SecretBinary.")
    value = binary or (string or "").encode()
    if len(value) > MAX_VALUE_BYTES:
        raise InvalidParameter(f"A secret value may have {MAX_VALUE_BYTES} bytes.")
    return (value, bool(binary)) if value else None


def require_token(token: str | None) -> str | None:
    """Raises InvalidParameter."""
    if token is not None and not 32 <= len(token) <= 64:
        raise InvalidParameter("ClientRequestToken must be 32-64 characters long.")
    return token


async def put_value(
    env: Env,
    call: Call,
    secret_id: str,
    value: tuple[bytes, bool],
    *,
    token: str | None = None,
    stages: Sequence[str] | None = None,
) -> tuple[Secret, Version]:
    """A new version of the value, current unless `stages` says otherwise. Raises ResourceExists
    when `token` is that of another value."""
    token = require_token(token)
    secret = await get_live_secret(env, env.store.reader, call, secret_id)
    version_id = token or env.ids.uuid()
    version = await seal(env, call, secret, version_id, value[0], is_binary=value[1])

    async def write(tx: Tx) -> tuple[Secret, Version]:
        found = await get_live_secret(env, tx, call, secret_id)
        return await add_version(tx, env, found, version, stages=stages)

    return await env.store.transact(write)


async def add_version(
    tx: Tx, env: Env, secret: Secret, version: Version, *, stages: Sequence[str] | None
) -> tuple[Secret, Version]:
    """Store a sealed version and move stages, in the caller's transaction."""
    held = await rows.find_version(tx, secret, version.id)
    if held is not None and held.sealed:
        if held.digest != version.digest:
            raise ResourceExists(
                f"You can't use ClientRequestToken {version.id} because that value is already in "
                f"use for a version of secret {secret.arn}."
            )
        if not set(stages or ()) - set(held.stages):
            return secret, held
    else:
        await rows.put_version(tx, secret, version)
    known = await rows.select_stages(tx, secret)
    if stages is None:
        stages = (CURRENT,)
    elif CURRENT not in known:
        stages = (*stages, CURRENT)
    for stage in dict.fromkeys(stages):
        await move_stage(tx, secret, known, stage, version.id)
    secret = replace(secret, changed_us=env.clock.now_us())
    await secret_rows.update_secret(tx, secret)
    await _prune(tx, secret)
    stored = await rows.find_version(tx, secret, version.id)
    assert stored is not None, "the version was just written"
    return secret, stored


async def move_stage(
    tx: Tx, secret: Secret, known: dict[str, str], stage: str, version_id: str
) -> None:
    """Let `stage` name that version; what AWSCURRENT named before becomes AWSPREVIOUS, and is not
    pending any more."""
    before = known.get(stage)
    if before == version_id:
        return
    held = sum(1 for other in known.values() if other == version_id)
    if held >= MAX_STAGES:
        raise LimitExceeded(f"A version has at most {MAX_STAGES} staging labels.")
    if stage == CURRENT and before is not None:
        await rows.put_stage(tx, secret, PREVIOUS, before)
        known[PREVIOUS] = before
        if known.get(PENDING) == before:
            await rows.delete_stage(tx, secret, PENDING)
            del known[PENDING]
    await rows.put_stage(tx, secret, stage, version_id)
    known[stage] = version_id


async def _prune(tx: Tx, secret: Secret) -> None:
    versions = await rows.select_versions(tx, secret)
    unnamed = [version for version in versions if not version.stages]
    for version in unnamed[max(0, MAX_VERSIONS - (len(versions) - len(unnamed))) :]:
        await rows.delete_version(tx, secret, version.id)


async def get_value(
    env: Env, call: Call, secret_id: str, *, version_id: str | None, stage: str | None
) -> tuple[Secret, Version, bytes]:
    """The value of a version, by default the current one. Raises ResourceNotFound,
    InvalidRequest."""
    secret = await get_live_secret(env, env.store.reader, call, secret_id)
    version = await _find_version(env.store.reader, secret, version_id, stage)
    value = await open_version(env, call, secret, version)
    await _note_access(env, secret, version)
    return secret, version, value


async def _find_version(
    reader: Reader, secret: Secret, version_id: str | None, stage: str | None
) -> Version:
    stages = await rows.select_stages(reader, secret)
    if version_id is not None:
        found = await rows.find_version(reader, secret, version_id)
        if found is None or not found.sealed:
            raise ResourceNotFound(
                "Secrets Manager can't find the specified secret value for VersionId: "
                f"{version_id[:64]}"
            )
        if stage is not None and stage not in found.stages:
            raise InvalidRequest(
                "You provided a VersionStage that is not associated to the provided VersionId."
            )
        return found
    named = stages.get(stage or CURRENT)
    found = None if named is None else await rows.find_version(reader, secret, named)
    if found is None or not found.sealed:
        raise ResourceNotFound(
            "Secrets Manager can't find the specified secret value for staging label: "
            f"{(stage or CURRENT)[:256]}"
        )
    return found


async def _note_access(env: Env, secret: Secret, version: Version) -> None:
    """Remember the day of the last access; at most one write a day and version."""
    day_us = env.clock.now_us() // DAY_US * DAY_US
    if secret.accessed_us == version.accessed_us == day_us:
        return

    async def write(tx: Tx) -> None:
        await secret_rows.update_accessed(tx, secret, day_us)
        await rows.update_accessed(tx, secret, version.id, day_us)

    await env.store.transact(write)


async def update_stage(
    env: Env,
    call: Call,
    secret_id: str,
    stage: str,
    *,
    move_to: str | None,
    remove_from: str | None,
) -> Secret:
    """Move or remove a stage. Raises InvalidParameter, InvalidRequest, ResourceNotFound."""

    async def write(tx: Tx) -> Secret:
        secret = await get_live_secret(env, tx, call, secret_id)
        known = await rows.select_stages(tx, secret)
        holder = known.get(stage)
        if remove_from is not None:
            await _require_stage(tx, secret, remove_from, stage, holder)
        elif holder is not None and holder != move_to:
            raise InvalidParameter(
                f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is "
                f"currently attached to version {holder}, so you must explicitly reference that "
                "version in RemoveFromVersionId."
            )
        if move_to is None:
            if stage == CURRENT:
                raise InvalidParameter(
                    "You can only move staging label AWSCURRENT to a different secret version. It "
                    "can't be completely removed."
                )
            await rows.delete_stage(tx, secret, stage)
        else:
            if await rows.find_version(tx, secret, move_to) is None:
                raise _not_a_version(move_to)
            await move_stage(tx, secret, known, stage, move_to)
        secret = replace(secret, changed_us=env.clock.now_us())
        await secret_rows.update_secret(tx, secret)
        return secret

    return await env.store.transact(write)


async def _require_stage(
    tx: Tx, secret: Secret, version_id: str, stage: str, holder: str | None
) -> None:
    if await rows.find_version(tx, secret, version_id) is None:
        raise _not_a_version(version_id)
    if holder != version_id:
        raise InvalidParameter(
            f"Version {version_id} doesn't have the staging label {stage} attached."
        )


def _not_a_version(version_id: str) -> ResourceNotFound:
    return ResourceNotFound(
        f"Secrets Manager can't find the specified secret value for VersionId: {version_id[:64]}"
    )


async def list_versions(
    env: Env, call: Call, secret_id: str, *, deprecated: bool
) -> tuple[Secret, list[Version]]:
    """The versions that have a stage, or all; the newest first."""
    secret = await get_secret(env, env.store.reader, call, secret_id)
    versions = await rows.select_versions(env.store.reader, secret)
    return secret, [version for version in versions if deprecated or version.stages]
