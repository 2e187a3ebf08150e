"""KMS: encrypt, decrypt, re-encrypt, data keys and random bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import NotBuilt
from volano.services.kms.api.members import (
    KEY,
    facts_of_ciphertext,
    facts_of_key,
    require_real,
)
from volano.services.kms.logic import encryption as logic
from volano.services.kms.logic.access import find_named_key, require_access
from volano.services.kms.logic.errors import ValidationException
from volano.services.kms.logic.metering import count_use
from volano.services.kms.logic.specs import PAIR_SPECS
from volano.services.kms.model import SYMMETRIC
from volano.wire.action import RESOLVED, action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.api.members import Shape


def _algorithm(request: Shape, member: str = "EncryptionAlgorithm") -> str:
    return request.get(member) or SYMMETRIC


@action("kms:Encrypt", permission="kms:Encrypt", resource=KEY, facts=facts_of_key, read_only=True)
async def encrypt(env: Env, call: Call, request: Shape) -> Shape:
    require_real(request)
    algorithm = _algorithm(request)
    key, blob = await logic.encrypt_with(
        env,
        call,
        request["KeyId"],
        request["Plaintext"],
        request.get("EncryptionContext") or {},
        algorithm=algorithm,
    )
    return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": algorithm}


@action(
    "kms:Decrypt",
    permission="kms:Decrypt",
    resource=KEY,
    facts=facts_of_ciphertext,
    read_only=True,
)
async def decrypt(env: Env, call: Call, request: Shape) -> Shape:
    require_real(request)
    algorithm = _algorithm(request)
    key, plain = await logic.decrypt_blob(
        env,
        call,
        request["CiphertextBlob"],
        request.get("EncryptionContext") or {},
        name=request.get("KeyId"),
        algorithm=algorithm,
    )
    return {"KeyId": key.arn, "Plaintext": plain, "EncryptionAlgorithm": algorithm}


async def _facts_of_source(env: Env, call: Call, request: Shape) -> dict[str, str]:
    source = {
        "CiphertextBlob": request.get("CiphertextBlob"),
        "KeyId": request.get("SourceKeyId"),
        "EncryptionContext": request.get("SourceEncryptionContext"),
        "EncryptionAlgorithm": request.get("SourceEncryptionAlgorithm"),
    }
    facts = await facts_of_ciphertext(env, call, source)
    if request.get("SourceKeyId"):
        target = await find_named_key(env, env.store.reader, call, request["DestinationKeyId"])
        facts["kms:ReEncryptOnSameKey"] = str(facts[RESOLVED] == target.arn).lower()
    return facts


@action(
    "kms:ReEncrypt",
    permission="kms:ReEncryptFrom",
    resource="arn:aws:kms:{region}:{account}:key/{SourceKeyId}",
    facts=_facts_of_source,
    read_only=True,
)
async def re_encrypt(env: Env, call: Call, request: Shape) -> Shape:
    """The destination is authorized as `kms:ReEncryptTo` by itself."""
    context = request.get("DestinationEncryptionContext") or {}
    target = await find_named_key(env, env.store.reader, call, request["DestinationKeyId"])
    await require_access(env, call, "kms:ReEncryptTo", target, context)
    require_real(request)
    opened, made = (
        _algorithm(request, "SourceEncryptionAlgorithm"),
        _algorithm(request, "DestinationEncryptionAlgorithm"),
    )
    source, plain = await logic.decrypt_blob(
        env,
        call,
        request["CiphertextBlob"],
        request.get("SourceEncryptionContext") or {},
        name=request.get("SourceKeyId"),
        algorithm=opened,
    )
    target, blob = await logic.encrypt_with(env, call, target.arn, plain, context, algorithm=made)
    return {
        "CiphertextBlob": blob,
        "SourceKeyId": source.arn,
        "KeyId": target.arn,
        "SourceEncryptionAlgorithm": opened,
        "DestinationEncryptionAlgorithm": made,
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
    require_real(request)
    key, plain, blob = await logic.generate_data_key(
        env,
        call,
        request["KeyId"],
        request.get("EncryptionContext") or {},
        size_bytes=logic.data_key_bytes(request.get("KeySpec"), request.get("NumberOfBytes")),
    )
    return key.arn, plain, blob


@action(
    "kms:GenerateDataKeyPair",
    permission="kms:GenerateDataKeyPair",
    resource=KEY,
    facts=facts_of_key,
    read_only=True,
    partial="RSA and NIST curves, secp256k1; no Ed25519, SM2 or ML-KEM.",
)
async def generate_data_key_pair(env: Env, call: Call, request: Shape) -> Shape:
    shape, plain = await _data_key_pair(env, call, request)
    return {**shape, "PrivateKeyPlaintext": plain}


@action(
    "kms:GenerateDataKeyPairWithoutPlaintext",
    permission="kms:GenerateDataKeyPairWithoutPlaintext",
    resource=KEY,
    facts=facts_of_key,
    read_only=True,
    partial="RSA and NIST curves, secp256k1; no Ed25519, SM2 or ML-KEM.",
)
async def generate_data_key_pair_without_plaintext(env: Env, call: Call, request: Shape) -> Shape:
    shape, _ = await _data_key_pair(env, call, request)
    return shape


async def _data_key_pair(env: Env, call: Call, request: Shape) -> tuple[Shape, bytes]:
    require_real(request)
    spec = request["KeyPairSpec"]
    if spec not in PAIR_SPECS:
        raise NotBuilt(f"Data key pairs of the spec {spec} are not built yet.")
    key, plain, blob, public = await logic.generate_data_key_pair(
        env, call, request["KeyId"], request.get("EncryptionContext") or {}, spec
    )
    shape = {
        "PrivateKeyCiphertextBlob": blob,
        "PublicKey": public,
        "KeyId": key.arn,
        "KeyPairSpec": spec,
    }
    return shape, plain


@action("kms:GenerateRandom", permission="kms:GenerateRandom", resource="*", read_only=True)
async def generate_random(env: Env, call: Call, request: Shape) -> Shape:
    if request.get("CustomKeyStoreId"):
        raise NotBuilt("There are no custom key stores.")
    require_real(request)
    count_use(env, call.account)
    if request.get("NumberOfBytes") is None:
        raise ValidationException("NumberOfBytes is required.")
    size_bytes = logic.require_random_size(request["NumberOfBytes"])
    return {"Plaintext": env.ids.bytes(size_bytes)}
