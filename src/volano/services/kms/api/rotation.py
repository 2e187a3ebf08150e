"""KMS: rotation of keys, on demand and by period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.kms.api.members import (
    KEY,
    facts_of_key_itself,
    page_limit,
    page_shape,
    parse_marker,
)
from volano.services.kms.logic import rotation as logic
from volano.services.kms.logic.access import find_named_key
from volano.services.kms.logic.errors import InvalidMarker
from volano.services.kms.model import DEFAULT_ROTATION_DAYS, material_id
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.api.members import Shape


@action(
    "kms:EnableKeyRotation",
    permission="kms:EnableKeyRotation",
    resource=KEY,
    facts=facts_of_key_itself,
)
async def enable_key_rotation(env: Env, call: Call, request: Shape) -> None:
    days = request.get("RotationPeriodInDays") or DEFAULT_ROTATION_DAYS
    await logic.enable_rotation(env, call, request["KeyId"], days)


@action(
    "kms:DisableKeyRotation",
    permission="kms:DisableKeyRotation",
    resource=KEY,
    facts=facts_of_key_itself,
)
async def disable_key_rotation(env: Env, call: Call, request: Shape) -> None:
    await logic.disable_rotation(env, call, request["KeyId"])


@action(
    "kms:RotateKeyOnDemand",
    permission="kms:RotateKeyOnDemand",
    resource=KEY,
    facts=facts_of_key_itself,
)
async def rotate_key_on_demand(env: Env, call: Call, request: Shape) -> Shape:
    key = await logic.rotate_key(env, call, request["KeyId"])
    return {"KeyId": key.arn}


@action(
    "kms:GetKeyRotationStatus",
    permission="kms:GetKeyRotationStatus",
    resource=KEY,
    facts=facts_of_key_itself,
)
async def get_key_rotation_status(env: Env, call: Call, request: Shape) -> Shape:
    key = await find_named_key(env, env.store.reader, call, request["KeyId"])
    shape: Shape = {"KeyId": key.arn, "KeyRotationEnabled": key.rotation_days is not None}
    if key.rotation_days is not None and key.rotation_us is not None:
        shape["RotationPeriodInDays"] = key.rotation_days
        shape["NextRotationDate"] = key.rotation_us / 1e6
    return shape


@action(
    "kms:ListKeyRotations",
    permission="kms:ListKeyRotations",
    resource=KEY,
    facts=facts_of_key_itself,
    partial="Rotations only: IncludeKeyMaterial is not looked at.",
)
async def list_key_rotations(env: Env, call: Call, request: Shape) -> Shape:
    marker = parse_marker(request)
    if not marker.isdigit() and marker:
        raise InvalidMarker("The marker is not valid.")
    key, found, after = await logic.list_rotations(
        env, call, request["KeyId"], after=int(marker or 0), limit=page_limit(request)
    )
    shapes = [
        {
            "KeyId": key.id,
            "KeyMaterialId": material_id(key, material.version),
            "RotationDate": material.created_us / 1e6,
            "RotationType": material.made_by,
        }
        for material in found
    ]
    return page_shape("Rotations", shapes, None if after is None else str(after))
