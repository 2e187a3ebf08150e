"""Grants: let one principal use a key for some operations, until revoked or retired.

A grant's token names the grant and is signed, so that RetireGrant can be asked with it alone. A
grant works at once; tokens given with other calls are not needed and not looked at.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.kms.logic.access import find_named_key, require_not_deleted
from volano.services.kms.logic.errors import (
    InvalidArn,
    InvalidGrantToken,
    LimitExceeded,
    NotFoundException,
    ValidationException,
)
from volano.services.kms.model import MAX_GRANTS_PER_KEY, SYMMETRIC, Grant, Key
from volano.services.kms.store import grants as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

_NAME = re.compile(r"[\w:/-]{1,256}\Z", re.ASCII)
_PRINCIPAL = re.compile(r"(arn:aws:(iam|sts)::\d{12}:[\w+=,.@:/-]+|\d{12})\Z", re.ASCII)
WITH_CONTEXT = frozenset(
    {
        "Encrypt",
        "Decrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
    }
)


def parse_grant(
    call: Call, key: Key, operations: Sequence[str], constraints: Mapping[str, Mapping[str, str]]
) -> Grant:
    """The grant that a request describes, without its principals, id and time."""
    equals = constraints.get("EncryptionContextEquals")
    subset = constraints.get("EncryptionContextSubset")
    return Grant(
        account=key.account,
        key_id=key.id,
        id="",
        grantee="",
        operations=tuple(operations),
        issuer=f"arn:aws:iam::{call.account}:root",
        created_us=0,
        context_equals=None if equals is None else dict(equals),
        context_subset=None if subset is None else dict(subset),
    )


def require_grant(env: Env, key: Key, grant: Grant) -> None:
    """Raises ValidationException, InvalidArn, KmsInvalidState."""
    require_not_deleted(key)
    constrained = grant.context_equals is not None or grant.context_subset is not None
    if constrained and (key.spec != SYMMETRIC or not WITH_CONTEXT & set(grant.operations)):
        raise ValidationException(
            "Encryption context constraints are for cryptographic operations of symmetric keys."
        )
    if not grant.operations:
        raise ValidationException("A grant allows at least one operation.")
    if grant.name and not _NAME.match(grant.name):
        raise ValidationException("The grant's name has characters that names may not have.")
    if env.config.test_mode:
        return
    for principal in (grant.grantee, grant.retiring):
        if principal and not _PRINCIPAL.match(principal):
            raise InvalidArn(f"{principal[:200]} is not the ARN of a principal.")


async def create_grant(env: Env, call: Call, key: Key, grant: Grant) -> Grant:
    """Store; the same grant with the same name again is the one that is there.

    `grant` comes without its id. Raises LimitExceeded, and what `require_grant` does.
    """
    require_grant(env, key, grant)

    async def write(tx: Tx) -> Grant:
        found = await find_named_key(env, tx, call, key.arn)
        require_not_deleted(found)
        if grant.name:
            same = await _find_same(tx, found, grant)
            if same is not None:
                return same
        if await rows.count_grants(tx, found) >= MAX_GRANTS_PER_KEY:
            raise LimitExceeded(f"A key has at most {MAX_GRANTS_PER_KEY} grants.")
        await rows.insert_grant(tx, grant)
        return grant

    return await env.store.transact(write)


async def _find_same(tx: Tx, key: Key, grant: Grant) -> Grant | None:
    held = await rows.select_grants(
        tx, key, grantee=grant.grantee, grant_id="", after="", limit=MAX_GRANTS_PER_KEY
    )
    for other in held:
        same = (other.name, set(other.operations), other.retiring) == (
            grant.name,
            set(grant.operations),
            grant.retiring,
        )
        limits = (other.context_equals, other.context_subset)
        if same and limits == (grant.context_equals, grant.context_subset):
            return other
    return None


def token_of(env: Env, grant: Grant) -> str:
    """The token that names the grant."""
    named = f"{grant.account}/{grant.key_id}/{grant.id}"
    mac = env.secrets.digest(f"kms grant {named}")
    return base64.urlsafe_b64encode(mac + named.encode()).decode()


def parse_token(env: Env, token: str) -> tuple[AccountId, str, str]:
    """Account, key and grant of a token. Raises InvalidGrantToken."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
        named = raw[32:].decode("ascii")
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise InvalidGrantToken("") from error
    parts = named.split("/")
    if len(parts) != 3 or not hmac.compare_digest(
        raw[:32], env.secrets.digest(f"kms grant {named}")
    ):
        raise InvalidGrantToken("")
    return AccountId(parts[0]), parts[1], parts[2]


async def list_grants(
    env: Env, call: Call, name: str, *, grantee: str, grant_id: str, after: str, limit: int
) -> tuple[Key, list[Grant], str | None]:
    """The key's grants by id, and where the next page begins."""
    key = await find_named_key(env, env.store.reader, call, name)
    found = await rows.select_grants(
        env.store.reader, key, grantee=grantee, grant_id=grant_id, after=after, limit=limit + 1
    )
    return key, found[:limit], found[limit - 1].id if len(found) > limit else None


async def list_retirable_grants(
    env: Env, retiring: str, *, after: str, limit: int
) -> tuple[list[Grant], str | None]:
    """Grants that `retiring` may retire, of all keys, and where the next page begins."""
    account, _, rest = after.partition("/")
    key_id, _, grant_id = rest.partition("/")
    found = await rows.select_retirable_grants(
        env.store.reader, retiring, after=(account, key_id, grant_id), limit=limit + 1
    )
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], None if last is None else f"{last.account}/{last.key_id}/{last.id}"


async def get_grant(env: Env, account: str, key_id: str, grant_id: str) -> Grant:
    """Raises NotFoundException."""
    grant = await rows.find_grant(env.store.reader, account, key_id, grant_id)
    if grant is None:
        raise NotFoundException(f"Grant ID {grant_id[:128]} not found")
    return grant


async def delete_grant(env: Env, grant: Grant) -> None:
    """Revoke or retire: the grantee may no more, from the next call on."""

    async def write(tx: Tx) -> None:
        await rows.delete_grant(tx, grant)

    await env.store.transact(write)
