"""KMS: import of key material."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from volano.services.kms.api.members import (
    EXPIRES,
    EXPIRES_NOT,
    KEY,
    facts_of_key_itself,
)
from volano.services.kms.logic import imports as logic
from volano.services.kms.logic.errors import ValidationException
from volano.services.kms.model import SYMMETRIC, material_id
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.api.members import Shape


@action(
    "kms:GetParametersForImport",
    permission="kms:GetParametersForImport",
    resource=KEY,
    facts=facts_of_key_itself,
    read_only=False,
)
async def get_parameters_for_import(env: Env, call: Call, request: Shape) -> Shape:
    made = await logic.get_parameters(
        env,
        call,
        request["KeyId"],
        algorithm=request["WrappingAlgorithm"],
        spec=request["WrappingKeySpec"],
    )
    return {
        "KeyId": made.key.arn,
        "ImportToken": made.token,
        "PublicKey": made.public_key,
        "ParametersValidTo": made.expires_us / 1e6,
    }


@action(
    "kms:ImportKeyMaterial",
    permission="kms:ImportKeyMaterial",
    resource=KEY,
    facts=facts_of_key_itself,
    partial="One material a key: no ImportType NEW_KEY_MATERIAL.",
)
async def import_key_material(env: Env, call: Call, request: Shape) -> Shape:
    if request.get("ImportType") == "NEW_KEY_MATERIAL":
        raise ValidationException("ImportType NEW_KEY_MATERIAL is not supported.")
    key = await logic.import_material(
        env,
        call,
        request["KeyId"],
        request["ImportToken"],
        request["EncryptedKeyMaterial"],
        valid_until_us=_valid_until_us(request),
    )
    shape = {"KeyId": key.arn}
    return shape | ({"KeyMaterialId": material_id(key)} if key.spec == SYMMETRIC else {})


def _valid_until_us(request: Shape) -> int | None:
    valid_to: Any = request.get("ValidTo")
    model = request.get("ExpirationModel") or EXPIRES
    if model == EXPIRES_NOT:
        if valid_to is not None:
            raise ValidationException("A validTo date may not be given for material that stays.")
        return None
    if valid_to is None:
        raise ValidationException(f"A validTo date must be set if the ExpirationModel is {EXPIRES}")
    seconds = valid_to.timestamp() if hasattr(valid_to, "timestamp") else float(valid_to)
    return int(seconds * 1e6)


@action(
    "kms:DeleteImportedKeyMaterial",
    permission="kms:DeleteImportedKeyMaterial",
    resource=KEY,
    facts=facts_of_key_itself,
)
async def delete_imported_key_material(env: Env, call: Call, request: Shape) -> Shape:
    key = await logic.delete_material(env, call, request["KeyId"])
    return {"KeyId": key.arn}
