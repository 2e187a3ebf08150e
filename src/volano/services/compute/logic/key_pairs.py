"""Key pairs: made here and shown once, or imported; only the public half is stored."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_public_key,
)

from volano.kernel.errors import AlreadyExists, Invalid, NotFound, QuotaExceeded
from volano.services.compute.model import KeyPair
from volano.services.compute.store import key_pairs as store
from volano.services.network import interface as network

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_NAME = 255
MAX_KEY_PAIRS = 5000
MAX_MATERIAL_BYTES = 8192
RSA_BITS = 2048


class KeyPairNotFound(NotFound):
    code = "InvalidKeyPair.NotFound"
    status = 400


class KeyPairLimitExceeded(QuotaExceeded):
    code = "KeyPairLimitExceeded"
    status = 400


async def create_key_pair(
    env: Env, call: Call, name: str, kind: str, *, tags: dict[str, str]
) -> tuple[KeyPair, str]:
    """A new pair and its private half as PEM, which is kept nowhere."""
    if kind not in ("rsa", "ed25519"):
        raise Invalid("KeyType is rsa or ed25519.", code="InvalidParameterValue")
    public, private = await asyncio.to_thread(_make, kind)
    return await _insert(env, call, name, kind, public, tags), private


async def import_key_pair(
    env: Env, call: Call, name: str, material: bytes, *, tags: dict[str, str]
) -> KeyPair:
    """Keep an OpenSSH public key under a name."""
    text = _openssh_text(material[:MAX_MATERIAL_BYTES])
    try:
        key = load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise _bad_key() from None
    if not isinstance(key, ed25519.Ed25519PublicKey | rsa.RSAPublicKey) or not text.isprintable():
        raise _bad_key()
    kind = "ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "rsa"
    return await _insert(env, call, name, kind, text, tags)


async def list_key_pairs(
    env: Env, call: Call, *, names: list[str] | None = None, ids: list[str] | None = None
) -> list[KeyPair]:
    """All of the account, or those with the names and ids asked for, all or none."""
    found = await store.select_key_pairs(env.store.reader, call.account)
    for name in names or []:
        if name not in {pair.name for pair in found}:
            raise KeyPairNotFound(f"The key pair '{name}' does not exist")
    for key_id in ids or []:
        if key_id not in {pair.id for pair in found}:
            raise KeyPairNotFound(f"The key pair ID '{key_id}' does not exist")
    return [
        pair for pair in found if (not names or pair.name in names) and (not ids or pair.id in ids)
    ]


async def delete_key_pair(env: Env, call: Call, *, name: str = "", key_id: str = "") -> str:
    """Forget a pair by name or id; forgetting an unknown one is no error, as in EC2."""

    async def write(tx: Tx) -> str:
        pairs = await store.select_key_pairs(tx, call.account)
        found = next((p for p in pairs if name == p.name or key_id == p.id), None)
        if found is None:
            return key_id
        await store.delete_key_pair(tx, call.account, found.name)
        await network.remove_tags(tx, call.account, found.id, [])
        return found.id

    return await env.store.transact(write)


async def _insert(
    env: Env, call: Call, name: str, kind: str, public: str, tags: dict[str, str]
) -> KeyPair:
    network.require_tags(tags)
    if not 1 <= len(name) <= MAX_NAME or not name.isascii() or not name.isprintable():
        raise Invalid(
            f"A key name has 1 to {MAX_NAME} ASCII characters.", code="InvalidParameterValue"
        )
    pair = KeyPair(
        account=call.account,
        name=name,
        id=env.ids.resource("key"),
        kind=kind,
        fingerprint=_fingerprint(public),
        public_key=public,
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        known = await store.select_key_pairs(tx, call.account)
        if name in {other.name for other in known}:
            raise AlreadyExists(
                f"The keypair '{name}' already exists.",
                code="InvalidKeyPair.Duplicate",
                status=400,
            )
        if len(known) >= MAX_KEY_PAIRS:
            raise KeyPairLimitExceeded(f"An account has at most {MAX_KEY_PAIRS} key pairs.")
        await store.insert_key_pair(tx, pair)
        await network.set_tags(tx, call.account, pair.id, tags)

    await env.store.transact(write)
    return pair


def _bad_key() -> Invalid:
    return Invalid(
        "Key is not in valid OpenSSH public key format (one RSA or ED25519 key on one line)",
        code="InvalidKey.Format",
    )


def _make(kind: str) -> tuple[str, str]:
    key = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    )
    how = PrivateFormat.OpenSSH if kind == "ed25519" else PrivateFormat.TraditionalOpenSSL
    private = key.private_bytes(Encoding.PEM, how, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return public, private


def _openssh_text(material: bytes) -> str:
    """The key's text; clients send it plain or once more in base64."""
    text = material.decode("ascii", "replace").strip()
    if text.startswith(("ssh-", "ecdsa-")):
        return text
    try:
        return base64.b64decode(text, validate=True).decode("ascii", "replace").strip()
    except ValueError:
        return text


def _fingerprint(public: str) -> str:
    """MD5 of the key's blob in colon-separated hex, as `ssh-keygen -l -E md5` prints it."""
    blob = base64.b64decode(public.split()[1])
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, 32, 2))
