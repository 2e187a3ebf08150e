"""KMS: encrypt, decrypt, re-encrypt, data keys and random bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import NotBuilt
from volano.services.kms.api.members import KEY, facts_of_ciphertext, facts_of_key
from volano.services.kms.logic import encryption as logic
from volano.services.kms.logic.access import find_named_key, require_access
from volano.services.kms.logic.metering import count_use
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.api.members import Shape

ALGORITHM = "SYMMETRIC_DEFAULT"


def _require_built(request: Shape) -> None:
    for name in (
        "EncryptionAlgorithm",
        "SourceEncryptionAlgorithm",
        "DestinationEncryptionAlgorithm",
    ):
        if request.get(name) not in (None, ALGORITHM):
            raise NotBuilt(f"{name} {request[name]} is not built yet; {ALGORITHM} is.")
    for name in ("GrantTokens", "Recipient", "CustomKeyStoreId"):
        if request.get(name):
            raise NotBuilt(f"{name} is not built yet.")


@action("kms:Encrypt", permission="kms:Encrypt", resource=KEY, facts=facts_of_key, read_only=True)
async def encrypt(env: Env, call: Call, request: Shape) -> Shape:
    _require_built(request)
    key, blob = await logic.encrypt_with(
        env, call, request["KeyId"], request["Plaintext"], request.get("EncryptionContext") or {}
    )
    return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": ALGORITHM}


@action(
    "kms:Decrypt",
    permission="kms:Decrypt",
    resource=KEY,
    facts=facts_of_ciphertext,
    read_only=True,
)
async def decrypt(env: Env, call: Call, request: Shape) -> Shape:
    _require_built(request)
    key, plain = await logic.decrypt_blob(
        env,
        call,
        request["CiphertextBlob"],
        request.get("EncryptionContext") or {},
        name=request.get("KeyId"),
    )
    return {"KeyId": key.arn, "Plaintext": plain, "EncryptionAlgorithm": ALGORITHM}


async def _facts_of_source(env: Env, call: Call, request: Shape) -> dict[str, str]:
    source = {
        "CiphertextBlob": request["CiphertextBlob"],
        "KeyId": request.get("SourceKeyId"),
        "EncryptionContext": request.get("SourceEncryptionContext"),
    }
    return await facts_of_ciphertext(env, call, source)


@action(
    "kms:ReEncrypt",
    permission="kms:ReEncryptFrom",
    resource="arn:aws:kms:{region}:{account}:key/{SourceKeyId}",
    facts=_facts_of_source,
    read_only=True,
)
async def re_encrypt(env: Env, call: Call, request: Shape) -> Shape:
    """The destination is authorized as `kms:ReEncryptTo` by itself."""
    _require_built(request)
    context = request.get("DestinationEncryptionContext") or {}
    target = await find_named_key(env, env.store.reader, call, request["DestinationKeyId"])
    await require_access(env, call, "kms:ReEncryptTo", target, context)
    source, plain = await logic.decrypt_blob(
        env,
        call,
        request["CiphertextBlob"],
        request.get("SourceEncryptionContext") or {},
        name=request.get("SourceKeyId"),
    )
    target, blob = await logic.encrypt_with(env, call, target.arn, plain, context)
    return {
        "CiphertextBlob": blob,
        "SourceKeyId": source.arn,
        "KeyId": target.arn,
        "SourceEncryptionAlgorithm": ALGORITHM,
        "DestinationEncryptionAlgorithm": ALGORITHM,
    }


@action(
    "kms:GenerateDataKey",
    permission="kms:GenerateDataKey",
    resource=KEY,
    facts=facts_of_key,
    read_only=True,
)
async def generate_data_key(env: Env, call: Call, request: Shape) -> Shape:
    key, plain, blob = await _data_key(env, call, request)
    return {"CiphertextBlob": blob, "Plaintext": plain, "KeyId": key}


@action(
    "kms:GenerateDataKeyWithoutPlaintext",
    permission="kms:GenerateDataKeyWithoutPlaintext",
    resource=KEY,
    facts=facts_of_key,
    read_only=True,
)
async def generate_data_key_without_plaintext(env: Env, call: Call, request: Shape) -> Shape:
    key, _, blob = await _data_key(env, call, request)
    return {"CiphertextBlob": blob, "KeyId": key}


async def _data_key(env: Env, call: Call, request: Shape) -> tuple[str, bytes, bytes]:
    _require_built(request)
    key, plain, blob = await logic.generate_data_key(
        env,
        call,
        request["KeyId"],
        request.get("EncryptionContext") or {},
        size_bytes=logic.data_key_bytes(request.get("KeySpec"), request.get("NumberOfBytes")),
    )
    return key.arn, plain, blob


@action("kms:GenerateRandom", permission="kms:GenerateRandom", resource="*", read_only=True)
async def generate_random(env: Env, call: Call, request: Shape) -> Shape:
    _require_built(request)
    count_use(env, call.account)
    size_bytes = logic.require_random_size(request.get("NumberOfBytes"))
    return {"Plaintext": env.ids.bytes(size_bytes)}
