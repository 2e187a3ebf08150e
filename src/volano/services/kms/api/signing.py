"""KMS: sign and verify, message authentication codes, public keys, shared secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.kms.api.members import (
    KEY,
    algorithms_shape,
    facts_of_key,
    require_real,
)
from volano.services.kms.logic import signing as logic
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.api.members import Shape


@action("kms:Sign", permission="kms:Sign", resource=KEY, facts=facts_of_key, read_only=True)
async def sign(env: Env, call: Call, request: Shape) -> Shape:
    require_real(request)
    algorithm = request["SigningAlgorithm"]
    key, signature = await logic.sign(
        env, call, request["KeyId"], request["Message"], algorithm, request.get("MessageType")
    )
    return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": algorithm}


@action("kms:Verify", permission="kms:Verify", resource=KEY, facts=facts_of_key, read_only=True)
async def verify(env: Env, call: Call, request: Shape) -> Shape:
    require_real(request)
    key = await logic.verify(
        env,
        call,
        request["KeyId"],
        message=request["Message"],
        signature=request["Signature"],
        algorithm=request["SigningAlgorithm"],
        message_type=request.get("MessageType"),
    )
    return {
        "KeyId": key.arn,
        "SignatureValid": True,
        "SigningAlgorithm": request["SigningAlgorithm"],
    }


@action(
    "kms:GenerateMac",
    permission="kms:GenerateMac",
    resource=KEY,
    facts=facts_of_key,
    read_only=True,
)
async def generate_mac(env: Env, call: Call, request: Shape) -> Shape:
    require_real(request)
    algorithm = request["MacAlgorithm"]
    key, mac = await logic.generate_mac(env, call, request["KeyId"], request["Message"], algorithm)
    return {"KeyId": key.arn, "Mac": mac, "MacAlgorithm": algorithm}


@action(
    "kms:VerifyMac", permission="kms:VerifyMac", resource=KEY, facts=facts_of_key, read_only=True
)
async def verify_mac(env: Env, call: Call, request: Shape) -> Shape:
    require_real(request)
    algorithm = request["MacAlgorithm"]
    key = await logic.verify_mac(
        env, call, request["KeyId"], request["Message"], request["Mac"], algorithm=algorithm
    )
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": algorithm}


@action("kms:GetPublicKey", permission="kms:GetPublicKey", resource=KEY, facts=facts_of_key)
async def get_public_key(env: Env, call: Call, request: Shape) -> Shape:
    key, public = await logic.get_public_key(env, call, request["KeyId"])
    return {
        "KeyId": key.arn,
        "PublicKey": public,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "KeyUsage": key.usage,
        **algorithms_shape(key),
    }


@action(
    "kms:DeriveSharedSecret",
    permission="kms:DeriveSharedSecret",
    resource=KEY,
    facts=facts_of_key,
    read_only=True,
)
async def derive_shared_secret(env: Env, call: Call, request: Shape) -> Shape:
    require_real(request)
    key, secret = await logic.derive_shared_secret(
        env, call, request["KeyId"], request["PublicKey"]
    )
    return {
        "KeyId": key.arn,
        "SharedSecret": secret,
        "KeyAgreementAlgorithm": request["KeyAgreementAlgorithm"],
        "KeyOrigin": key.origin,
    }
