"""Key pairs: made here and shown once, or imported; only the public half is stored."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass
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
_FRAME = "---- BEGIN SSH2 PUBLIC KEY ----"


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
    made = await asyncio.to_thread(_make, kind)
    return await _insert(env, call, name, made, tags), made.private


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
    if isinstance(key, ed25519.Ed25519PublicKey):
        given = _Half("ed25519", text, _openssh_fingerprint(text))
    else:
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        given = _Half("rsa", text, hashlib.md5(der, usedforsecurity=False).digest().hex(":"))
    return await _insert(env, call, name, given, tags)


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
            return ""
        await store.delete_key_pair(tx, call.account, found.name)
        await network.remove_tags(tx, call.account, found.id, [])
        return found.id

    return await env.store.transact(write)


async def _insert(env: Env, call: Call, name: str, half: _Half, tags: dict[str, str]) -> KeyPair:
    network.require_tags(tags)
    if not 1 <= len(name) <= MAX_NAME or not name.isascii() or not name.isprintable():
        raise Invalid(
            f"A key name has 1 to {MAX_NAME} ASCII characters.", code="InvalidParameterValue"
        )
    pair = KeyPair(
        account=call.account,
        name=name,
        id=env.ids.resource("key"),
        kind=half.kind,
        fingerprint=half.fingerprint,
        public_key=half.public,
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


@dataclass(frozen=True, slots=True)
class _Half:
    """A public key in OpenSSH's format, with the fingerprint that EC2 would show of it ("Determine
    the fingerprint of your key pair" in its user guide), and the private half of one made here."""

    kind: str
    public: str
    fingerprint: str
    private: str = ""


def _make(kind: str) -> _Half:
    if kind == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        public = _openssh(key.public_key())
        return _Half(kind, public, _openssh_fingerprint(public), private.decode())
    pair = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    private = pair.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    der = pair.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    shown = hashlib.sha1(der, usedforsecurity=False).digest().hex(":")
    return _Half(kind, _openssh(pair.public_key()), shown, private.decode())


def _openssh(key: ed25519.Ed25519PublicKey | rsa.RSAPublicKey) -> str:
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _openssh_text(material: bytes) -> str:
    """The key's text; clients send it plain, as RFC 4716 frames it, or once more in base64."""
    text = material.decode("ascii", "replace").strip()
    if text.startswith(_FRAME):
        return _unframed(text)
    if text.startswith(("ssh-", "ecdsa-")):
        return text
    try:
        return base64.b64decode(text, validate=True).decode("ascii", "replace").strip()
    except ValueError:
        return text


def _unframed(text: str) -> str:
    """The OpenSSH line of an RFC 4716 public key; its headers may go on after a backslash."""
    kept, in_header = [], False
    for line in text.splitlines():
        if in_header or ":" in line:
            in_header = line.endswith("\\")
        elif not line.startswith("----"):
            kept.append(line.strip())
    encoded = "".join(kept)
    try:
        blob = base64.b64decode(encoded, validate=True)
    except ValueError:
        return text
    name = blob[4 : 4 + int.from_bytes(blob[:4])].decode("ascii", "replace")
    return f"{name} {encoded}"


def _openssh_fingerprint(public: str) -> str:
    """SHA-256 in base64, as `ssh-keygen -l` prints it."""
    return base64.b64encode(hashlib.sha256(base64.b64decode(public.split()[1])).digest()).decode()
