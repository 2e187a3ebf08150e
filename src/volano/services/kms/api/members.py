"""Between botocore's member names and the model, and the facts that authorization needs."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import NotBuilt
from volano.services.kms.logic.access import find_named_key, key_facts, require_key_name
from volano.services.kms.logic.encryption import find_decrypting_key
from volano.services.kms.logic.errors import (
    DryRunOperation,
    InvalidMarker,
    TagError,
    ValidationException,
)
from volano.services.kms.logic.specs import algorithms_of
from volano.services.kms.model import (
    AGREE,
    ENCRYPT,
    MAC,
    MAX_PAGE,
    SIGN,
    SYMMETRIC,
    KeyState,
    material_id,
)
from volano.wire.action import RESOLVED

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.model import Key

Shape = dict[str, Any]

ANY_KEY = "arn:aws:kms:{region}:{account}:key/*"
KEY = "arn:aws:kms:{region}:{account}:key/{KeyId}"
ALIAS = "arn:aws:kms:{region}:{account}:{AliasName}"
DEFAULT_PAGE = 100
EXPIRES, EXPIRES_NOT = "KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"


async def facts_of_key(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """The key that `KeyId` names, its policy, grants and tags; raises NotFoundException."""
    key = await find_named_key(env, env.store.reader, call, request["KeyId"])
    return await facts_of(env, call, key, request)


async def facts_of_key_itself(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """The same for operations that take no alias."""
    require_key_name(request["KeyId"])
    return await facts_of_key(env, call, request)


async def facts_of_ciphertext(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """The key that made `CiphertextBlob`, or the one that `KeyId` names.

    The model leaves the blob out for dry runs that ask about a key alone; here all name one. Raises
    ValidationException.
    """
    if not request.get("CiphertextBlob"):
        raise ValidationException(
            "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy "
            "constraint: Member must not be null"
        )
    key = await find_decrypting_key(
        env,
        call,
        request["CiphertextBlob"],
        name=request.get("KeyId"),
        algorithm=request.get("EncryptionAlgorithm") or SYMMETRIC,
    )
    return await facts_of(env, call, key, request)


async def facts_of(env: Env, call: Call, key: Key, request: Shape) -> dict[str, str]:
    facts = await key_facts(env, call, key, context=request.get("EncryptionContext"))
    name = str(request.get("KeyId") or "")
    if "alias/" in name:
        facts["kms:RequestAlias"] = name[name.index("alias/") :]
    for member in ("SigningAlgorithm", "MacAlgorithm", "MessageType", "EncryptionAlgorithm"):
        if request.get(member):
            facts[f"kms:{member}"] = request[member]
    return {**facts, **tag_facts(request), RESOLVED: key.arn}


def require_real(request: Shape) -> None:
    """What only asks whether it would be allowed ends here. Raises DryRunOperation, NotBuilt."""
    if request.get("Recipient"):
        raise NotBuilt("Recipient (attested enclaves) is not built yet.")
    if request.get("DryRun"):
        raise DryRunOperation("The request would have succeeded, but the DryRun option is set.")


def tag_facts(request: Shape) -> dict[str, str]:
    """Condition keys of a request that sets or removes tags."""
    tags = tags_of(request)
    facts = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    names = list(tags) or list(request.get("TagKeys") or ())
    if names:
        facts["aws:TagKeys"] = "\n".join(names)
    return facts


def tags_of(request: Shape) -> dict[str, str]:
    """Raises TagError for a key that is there twice."""
    tags = request.get("Tags") or ()
    found = {tag["TagKey"]: tag["TagValue"] for tag in tags}
    if len(found) < len(tags):
        raise TagError("Duplicate tag keys")
    return found


_ALGORITHMS_MEMBER = {
    ENCRYPT: "EncryptionAlgorithms",
    SIGN: "SigningAlgorithms",
    MAC: "MacAlgorithms",
    AGREE: "KeyAgreementAlgorithms",
}


def algorithms_shape(key: Key) -> Shape:
    return {_ALGORITHMS_MEMBER[key.usage]: list(algorithms_of(key))}


def key_shape(key: Key) -> Shape:
    """KeyMetadata (KMS API reference)."""
    shape: Shape = {
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": key.created_us / 1e6,
        "Enabled": key.state is KeyState.ENABLED,
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": key.state.value,
        "Origin": key.origin,
        "KeyManager": key.key_manager,
        "CustomerMasterKeySpec": key.spec,
        "KeySpec": key.spec,
        "MultiRegion": key.multi_region,
        **algorithms_shape(key),
    }
    if key.spec == SYMMETRIC and key.state is not KeyState.PENDING_IMPORT:
        shape["CurrentKeyMaterialId"] = material_id(key)
    if key.deletion_us is not None:
        shape["DeletionDate"] = key.deletion_us / 1e6
    if key.origin == "EXTERNAL" and key.state is not KeyState.PENDING_IMPORT:
        expires = key.expires_us is not None
        shape["ExpirationModel"] = EXPIRES if expires else EXPIRES_NOT
    if key.expires_us is not None:
        shape["ValidTo"] = key.expires_us / 1e6
    if key.multi_region:
        primary = {"Arn": key.arn, "Region": key.region}
        shape["MultiRegionConfiguration"] = {
            "MultiRegionKeyType": "PRIMARY",
            "PrimaryKey": primary,
            "ReplicaKeys": [],
        }
    return shape


def page_limit(request: Shape, default: int = DEFAULT_PAGE) -> int:
    return min(request.get("Limit") or default, MAX_PAGE)


def parse_marker(request: Shape) -> str:
    """Where a page begins; raises InvalidMarker."""
    marker = request.get("Marker")
    if not marker:
        return ""
    try:
        text = base64.urlsafe_b64decode(marker.encode("ascii")).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidMarker("The marker is not valid.") from error
    if "\x00" in text:
        raise InvalidMarker("The marker is not valid.")
    return text


def page_shape(name: str, items: list[Shape], after: str | None) -> Shape:
    shape: Shape = {name: items, "Truncated": after is not None}
    if after is not None:
        shape["NextMarker"] = base64.urlsafe_b64encode(after.encode()).decode()
    return shape
