"""Where the root key lies: a file, a variable of the environment, or what a command prints.

The root key is 32 bytes. It wraps one sealing key, which lies wrapped in the database and seals
everything else: a new root key therefore re-wraps those 32 bytes and nothing more
(`app/root_key.py`). A variable or a command gives it as Base64 or hexadecimal digits.
"""

from __future__ import annotations

import base64
import binascii
import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from volano.backends.secrets.local import KEY_BYTES, NONCE_BYTES, LocalSecretBox, derive
from volano.kernel.errors import Internal, Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND_TIMEOUT_S = 30
MAX_ANSWER_BYTES = 4096
_WRAP = b"volano root wrap"
_BOUND = b"volano sealing key"


def source_path(source: str, data_dir: Path) -> Path | None:
    """The file of a `file` or `file:PATH` source; None for others.

    Raises Invalid for a source that is none.
    """
    kind, _, rest = source.partition(":")
    if kind == "file":
        return Path(rest) if rest else data_dir / "root.key"
    if kind not in ("env", "command") or not rest:
        raise Invalid(
            f"root_key = {source!r}: it is file, file:PATH, env:VARIABLE or command:PROGRAM ARGS."
        )
    return None


def read_root_key(source: str, data_dir: Path, environ: Mapping[str, str]) -> bytes | None:
    """The root key, or None when its file is not there (yet). May block on a command.

    Raises Invalid and Internal, neither of which tells what was read.
    """
    path = source_path(source, data_dir)
    if path is not None:
        return _read_file(path)
    kind, _, rest = source.partition(":")
    if kind == "env":
        if not environ.get(rest):
            raise Invalid(f"root_key is {source}, and the variable {rest} is not set.")
        return _decoded(environ[rest], f"the variable {rest}")
    return _decoded(_run(shlex.split(rest), environ), f"the answer of {rest.split()[0]}")


def _read_file(path: Path) -> bytes | None:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(key) != KEY_BYTES:
        raise Internal(f"{path.name} is damaged: it must hold {KEY_BYTES} bytes. Restore it.")
    return key


def _run(arguments: list[str], environ: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            arguments,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Internal(
            f"The root key's command {arguments[0]} did not run.", facts={"error": repr(error)}
        ) from error
    if done.returncode != 0:
        raise Internal(
            f"The root key's command {arguments[0]} ended with {done.returncode}.",
            facts={"stderr": done.stderr[-500:].decode("utf-8", "replace")},
        )
    return done.stdout[:MAX_ANSWER_BYTES].decode("ascii", "replace")


def _decoded(text: str, what: str) -> bytes:
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else base64.b64decode(text)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise Invalid(f"The root key in {what} must be {KEY_BYTES} bytes in Base64 or hex.")
    return key


def write_root_key(path: Path, key: bytes) -> None:
    """Create or replace a key file, for its owner only; durable when this returns."""
    partial = path.with_name(path.name + ".partial")
    file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, key)
        os.fsync(file)
    finally:
        os.close(file)
    rename_root_key(partial, path)


def rename_root_key(old: Path, new: Path) -> None:
    """Put `old` in the place of `new`; durable when this returns."""
    old.replace(new)
    folder = os.open(new.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def fingerprint_of(root: bytes) -> str:
    """Tells one root key from another without telling the key."""
    return LocalSecretBox(root).digest("volano root key").hex()


def wrap(root: bytes, sealing: bytes) -> bytes:
    """The sealing key under the root key."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(derive(root, _WRAP)).encrypt(nonce, sealing, _BOUND)


def unwrap(root: bytes, wrapped: bytes) -> bytes:
    """The sealing key; raises Internal when another root key wrapped it."""
    cipher = AESGCM(derive(root, _WRAP))
    try:
        return cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _BOUND)
    except InvalidTag as error:
        raise Internal("The sealing key does not open with this root key.") from error
