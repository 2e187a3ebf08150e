"""SSH public keys and passwords for single services, which users have beside their access keys.

Specified in the IAM API reference. Volano has no service that takes them yet; they are kept, given
back, listed and switched as clients expect. A service password is shown once.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)

from volano.services.identity.logic.certificates import require_status
from volano.services.identity.model.errors import (
    InvalidPublicKey,
    LimitExceeded,
    NoSuchEntity,
    ValidationError,
)
from volano.services.identity.model.items import Item, ItemKind
from volano.services.identity.store import items as rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.identity.model.principals import User

MAX_SSH_KEYS = 5
MAX_SERVICE_CREDENTIALS = 2
"""IAM quotas; service credentials per user and service."""
SERVICES = ("codecommit.amazonaws.com", "cassandra.amazonaws.com", "bedrock.amazonaws.com")
MAX_AGE_DAYS = 36_600
DAY_US = 24 * 3600 * 1_000_000


async def upload_ssh_key(env: Env, user: User, body: str) -> Item:
    """Active; raises InvalidPublicKey and LimitExceeded."""
    item_id = env.ids.unique("APKA")
    item = Item(
        id=item_id,
        account=user.account,
        kind=ItemKind.SSH_KEY,
        owner=user.id,
        name=item_id,
        body={"key": body, "fingerprint": _fingerprint(env, body), "status": "Active"},
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        if len(await rows.select_items_of(tx, user.id, ItemKind.SSH_KEY)) >= MAX_SSH_KEYS:
            raise LimitExceeded(f"Cannot exceed quota for SSHPublicKeysPerUser: {MAX_SSH_KEYS}")
        await rows.insert_item(tx, item)

    await env.store.transact(write)
    return item


def _fingerprint(env: Env, body: str) -> str:
    """MD5 of the key as bytes, as IAM tells it; test mode takes any text."""
    raw = body.strip().encode()
    try:
        key = load_ssh_public_key(raw) if raw.startswith(b"ssh-") else load_pem_public_key(raw)
        kind, blob = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split(b" ")[:2]
        if kind != b"ssh-rsa":
            raise ValueError("IAM takes RSA keys")
        raw = base64.b64decode(blob)
    except (ValueError, UnsupportedAlgorithm) as error:
        if not env.config.test_mode:
            raise InvalidPublicKey("The key is not an RSA key in SSH or PEM form.") from error
    digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    return ":".join(digest[index : index + 2] for index in range(0, 32, 2))


def ssh_key_text(item: Item, encoding: str) -> str:
    """The key in `SSH` or `PEM` form; raises ValidationError."""
    if encoding not in ("SSH", "PEM"):
        raise ValidationError("Encoding is SSH or PEM.")
    text = item.body["key"]
    if encoding == "SSH" or not text.startswith("ssh-"):
        return text
    key = load_ssh_public_key(text.strip().encode())
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


async def list_ssh_keys(env: Env, user: User) -> list[Item]:
    return await rows.select_items_of(env.store.reader, user.id, ItemKind.SSH_KEY)


async def get_ssh_key(reader: Reader, user: User, item_id: str) -> Item:
    """Raises NoSuchEntity."""
    found = await rows.find_item(reader, user.account, ItemKind.SSH_KEY, item_id)
    if found is None or found.owner != user.id:
        raise NoSuchEntity(f"The Public Key with id {item_id[:128]} cannot be found.")
    return found


async def update_ssh_key(env: Env, user: User, item_id: str, status: str) -> None:
    """`status` is Active or Inactive."""
    require_status(status)

    async def write(tx: Tx) -> None:
        found = await get_ssh_key(tx, user, item_id)
        await rows.update_item(tx, replace(found, body={**found.body, "status": status}))

    await env.store.transact(write)


async def delete_ssh_key(env: Env, user: User, item_id: str) -> None:
    async def write(tx: Tx) -> None:
        await rows.delete_item(tx, (await get_ssh_key(tx, user, item_id)).id)

    await env.store.transact(write)


# --- service-specific credentials -----------------------------------------------------------------


async def create_service_credential(
    env: Env, user: User, service: str, age_days: int | None
) -> tuple[Item, str]:
    """A credential for one service and its password, which is told once."""
    _require_service(service)
    if age_days is not None and not 1 <= age_days <= MAX_AGE_DAYS:
        raise ValidationError(f"CredentialAgeDays is from 1 to {MAX_AGE_DAYS}.")
    password, now_us = env.ids.token(32), env.clock.now_us()
    item_id = env.ids.unique("ACCA", 17)
    expires = "" if age_days is None else str(now_us + age_days * DAY_US)
    item = Item(
        id=item_id,
        account=user.account,
        kind=ItemKind.SERVICE_CREDENTIAL,
        owner=user.id,
        name=item_id,
        body={
            "service": service,
            "login": f"{user.name}-at-{user.account}",
            "status": "Active",
            "expires_us": expires,
        },
        secret=env.secrets.digest(password),
        created_us=now_us,
    )

    async def write(tx: Tx) -> None:
        held = await rows.select_items_of(tx, user.id, ItemKind.SERVICE_CREDENTIAL)
        if sum(one.body["service"] == service for one in held) >= MAX_SERVICE_CREDENTIALS:
            raise LimitExceeded(
                "Cannot exceed quota for ServiceSpecificCredentialsPerUser: "
                f"{MAX_SERVICE_CREDENTIALS}"
            )
        await rows.insert_item(tx, item)

    await env.store.transact(write)
    return item, password


def _require_service(service: str) -> None:
    if service not in SERVICES:
        raise NoSuchEntity(
            f"No such service {service[:128]} is supported for Service Specific Credentials"
        )


async def list_service_credentials(
    env: Env, call: Call, user: User | None, service: str | None
) -> list[tuple[Item, str]]:
    """With the names of their users; those of all users when `user` is None."""
    if service is not None:
        _require_service(service)
    reader = env.store.reader
    kind = ItemKind.SERVICE_CREDENTIAL
    if user is not None:
        held = [(one, user.name) for one in await rows.select_items_of(reader, user.id, kind)]
    else:
        held = []
        for one in await rows.select_items(reader, call.account, kind):
            owner = await user_rows.find_user(reader, one.owner)
            held.append((one, owner.name if owner else ""))
    return [pair for pair in held if service in (None, pair[0].body["service"])]


async def reset_service_credential(env: Env, user: User, item_id: str) -> tuple[Item, str]:
    """The same credential with a new password."""
    password = env.ids.token(32)

    async def write(tx: Tx) -> Item:
        found = await _service_credential(tx, user, item_id)
        changed = replace(found, secret=env.secrets.digest(password))
        await rows.update_item(tx, changed)
        return changed

    return await env.store.transact(write), password


async def update_service_credential(env: Env, user: User, item_id: str, status: str) -> None:
    require_status(status)

    async def write(tx: Tx) -> None:
        found = await _service_credential(tx, user, item_id)
        await rows.update_item(tx, replace(found, body={**found.body, "status": status}))

    await env.store.transact(write)


async def delete_service_credential(env: Env, user: User, item_id: str) -> None:
    async def write(tx: Tx) -> None:
        await rows.delete_item(tx, (await _service_credential(tx, user, item_id)).id)

    await env.store.transact(write)


async def _service_credential(reader: Reader, user: User, item_id: str) -> Item:
    found = await rows.find_item(reader, user.account, ItemKind.SERVICE_CREDENTIAL, item_id)
    if found is None or found.owner != user.id:
        raise NoSuchEntity(f"No such credential {item_id[:128]} exists")
    return found
