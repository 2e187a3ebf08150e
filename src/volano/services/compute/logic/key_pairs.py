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

from volano.kernel.errors import AlreadyExists, Invalid, NotFound
from volano.services.compute.model import KeyPair
from volano.services.compute.store import key_pairs as store

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_NAME = 255
RSA_BITS = 2048


async def create_key_pair(env: Env, call: Call, name: str, kind: str) -> tuple[KeyPair, str]:
    """A new pair and its private half as PEM, which is kept nowhere."""
    if kind not in ("rsa", "ed25519"):
        raise Invalid("KeyType is rsa or ed25519.", code="InvalidParameterValue")
    public, private = await asyncio.to_thread(_make, kind)
    return await _insert(env, call, name, kind, public), private


async def import_key_pair(env: Env, call: Call, name: str, material: bytes) -> KeyPair:
    """Keep an OpenSSH public key under a name."""
    text = _openssh_text(material)
    try:
        key = load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid(
            "Key is not in valid OpenSSH public key format", code="InvalidKey.Format"
        ) from None
    kind = "ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "rsa"
    return await _insert(env, call, name, kind, text)


async def list_key_pairs(env: Env, call: Call) -> list[KeyPair]:
    return await store.select_key_pairs(env.store.reader, call.account)


async def delete_key_pair(env: Env, call: Call, *, name: str = "", key_id: str = "") -> str:
    """Forget a pair by name or id; forgetting an unknown one is no error, as in EC2."""

    async def write(tx: Tx) -> str:
        pairs = await store.select_key_pairs(tx, call.account)
        found = next((p for p in pairs if name == p.name or key_id == p.id), None)
        if found is None:
            return key_id
        await store.delete_key_pair(tx, call.account, found.name)
        return found.id

    return await env.store.transact(write)


async def require_public_key(env: Env, account: str, name: str) -> KeyPair:
    for pair in await store.select_key_pairs(env.store.reader, account):
        if pair.name == name:
            return pair
    raise NotFound(
        f"The key pair '{name}' does not exist", code="InvalidKeyPair.NotFound", status=400
    )


async def _insert(env: Env, call: Call, name: str, kind: str, public: str) -> KeyPair:
    if not 1 <= len(name) <= MAX_NAME or not name.isascii():
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
        if name in {known.name for known in await store.select_key_pairs(tx, call.account)}:
            raise AlreadyExists(
                f"The keypair '{name}' already exists.",
                code="InvalidKeyPair.Duplicate",
                status=400,
            )
        await store.insert_key_pair(tx, pair)

    await env.store.transact(write)
    return pair


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
