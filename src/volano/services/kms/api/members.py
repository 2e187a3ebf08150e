"""Between botocore's member names and the model, and the facts that authorization needs."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from volano.services.kms.logic.access import find_named_key, key_facts
from volano.services.kms.logic.encryption import find_sealing_key, parse_ciphertext
from volano.services.kms.logic.errors import InvalidMarker
from volano.services.kms.model import MAX_PAGE, KeyState
from volano.wire.action import RESOLVED

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.kms.model import Key

Shape = dict[str, Any]

ANY_KEY = "arn:aws:kms:{region}:{account}:key/*"
KEY = "arn:aws:kms:{region}:{account}:key/{KeyId}"
ALIAS = "arn:aws:kms:{region}:{account}:{AliasName}"
DEFAULT_PAGE = 100


async def facts_of_key(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """The key that `KeyId` names, its policy and tags; raises NotFoundException."""
    key = await find_named_key(env, env.store.reader, call, request["KeyId"])
    return facts_of(call, key, request)


async def facts_of_ciphertext(env: Env, call: Call, request: Shape) -> dict[str, str]:
    """The key that made `CiphertextBlob`, or the one that `KeyId` names."""
    sealed = parse_ciphertext(request["CiphertextBlob"])
    if request.get("KeyId"):
        key = await find_named_key(env, env.store.reader, call, request["KeyId"])
    else:
        key = await find_sealing_key(env, sealed)
    return facts_of(call, key, request)


def facts_of(call: Call, key: Key, request: Shape) -> dict[str, str]:
    facts = key_facts(call, key, context=request.get("EncryptionContext"))
    name = str(request.get("KeyId") or "")
    if "alias/" in name:
        facts["kms:RequestAlias"] = name[name.index("alias/") :]
    return {**facts, **tag_facts(request), RESOLVED: key.arn}


def tag_facts(request: Shape) -> dict[str, str]:
    """Condition keys of a request that sets or removes tags."""
    tags = tags_of(request)
    facts = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    names = list(tags) or list(request.get("TagKeys") or ())
    if names:
        facts["aws:TagKeys"] = "\n".join(names)
    return facts


def tags_of(request: Shape) -> dict[str, str]:
    return {tag["TagKey"]: tag["TagValue"] for tag in request.get("Tags") or ()}


def key_shape(key: Key) -> Shape:
    """KeyMetadata (KMS API reference)."""
    shape: Shape = {
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": key.created_us / 1e6,
        "Enabled": key.state is KeyState.ENABLED,
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": key.state.value,
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }
    if key.deletion_us is not None:
        shape["DeletionDate"] = key.deletion_us / 1e6
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
