"""Opens the sealing key with the root key, and gives it another root key.

The database holds the sealing key wrapped under the root key, and the root key's fingerprint. A
rotation writes both in one transaction, so that at any moment exactly one root key opens the
database. A new root key in a file waits beside the old one, under a name that ends in its own
fingerprint, until that transaction is durable: whoever starts after a crash finds the right one by
the fingerprint in the database, and no two rotations write the same file.
A cloud of an older version, whose root key sealed everything itself, keeps that as its sealing key.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from volano.backends.secrets.local import KEY_BYTES, LocalSecretBox
from volano.backends.secrets.root import (
    fingerprint_of,
    read_root_key,
    rename_root_key,
    source_path,
    unwrap,
    wrap,
    write_root_key,
)
from volano.kernel.errors import Conflict, Internal, Invalid, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from volano.kernel.config import Config
    from volano.kernel.store import Reader, Tx

_INSERT = "INSERT INTO sealing_key (id, wrapped) VALUES (1, ?) ON CONFLICT (id) DO NOTHING"


async def open_secrets(config: Config, store: Any, environ: Mapping[str, str]) -> LocalSecretBox:
    """The secret box, when the root key is the one that the database was written with.

    Raises Internal and Invalid, which say what to put back.
    """
    held = await _fingerprint(store.reader)
    root = await asyncio.to_thread(_find_root, config, environ, held)
    if root is None:
        assert held is None, "a key that is missing was refused"
        root = await asyncio.to_thread(_create, config)
    return LocalSecretBox(await _sealing_key(store, root))


async def _fingerprint(reader: Reader) -> str | None:
    row = await reader.row("SELECT fingerprint FROM root_key")
    return None if row is None else str(row[0])


def _find_root(config: Config, environ: Mapping[str, str], held: str | None) -> bytes | None:
    """The root key; what a rotation that was cut off left behind is put right first."""
    path = source_path(config.root_key, config.data_dir)
    root = read_root_key(config.root_key, config.data_dir, environ)
    if path is not None:
        root = _settle(path, root, held)
    if root is None and held is not None:
        raise Internal(
            f"{path} is missing, and the database was written with it. Put the file back (from a "
            "backup, or from another process of this cloud)."
        )
    if root is not None and held not in (None, fingerprint_of(root)):
        raise Internal(
            f"{path or config.root_key} is not the key that the database was written with. Put it "
            "back."
        )
    return root


def _settle(path: Path, root: bytes | None, held: str | None) -> bytes | None:
    """The key in the file, or the one that a rotation committed and did not put there any more."""
    if held is None or (root is not None and fingerprint_of(root) == held):
        return root
    waiting = _waiting(path, held)
    following = read_root_key(f"file:{waiting}", path.parent, {})
    if following is None or fingerprint_of(following) != held:
        return root
    rename_root_key(waiting, path)
    return following


def _waiting(path: Path, fingerprint: str) -> Path:
    """Where a new key waits for its turn."""
    return path.with_name(f"{path.name}.{fingerprint[:16]}")


def _create(config: Config) -> bytes:
    path = source_path(config.root_key, config.data_dir)
    assert path is not None, "only a file can be missing"
    root = os.urandom(KEY_BYTES)
    write_root_key(path, root)
    return root


async def _sealing_key(store: Any, root: bytes) -> bytes:
    """The sealing key, made with the database; of an older database the root key itself."""
    fresh = os.urandom(KEY_BYTES)

    async def write(tx: Tx) -> bytes:
        held = await _fingerprint(tx)
        if held is None:
            sql = "INSERT INTO root_key (fingerprint) VALUES (?)"
            await tx.execute(sql, fingerprint_of(root))
        elif held != fingerprint_of(root):
            raise Internal("The root key is not the key that the database was written with.")
        await tx.execute(_INSERT, wrap(root, fresh if held is None else root))
        row = await tx.row("SELECT wrapped FROM sealing_key WHERE id = 1")
        assert row is not None, "it was just written"
        return bytes(row[0])

    row = await store.reader.row("SELECT wrapped FROM sealing_key WHERE id = 1")
    wrapped = await store.transact(write) if row is None else bytes(row[0])
    return unwrap(root, wrapped)


async def show_root_key(config: Config, store: Any, environ: Mapping[str, str]) -> str:
    """The fingerprint of the root key, when it is the right one. Raises as `open_secrets` does."""
    held = await _fingerprint(store.reader)
    if held is None:
        raise NotFound("This database has no root key yet: start `volano up` once.")
    await asyncio.to_thread(_find_root, config, environ, held)
    return held


async def rotate_root_key(
    config: Config, store: Any, environ: Mapping[str, str], *, to: str = ""
) -> str:
    """Wrap the sealing key under a new root key; the old one opens the database no more.

    `to` is where the new key lies, by default where the old one does (a file only). A file's key is
    made here; a variable or command must give the new key already. Returns the new fingerprint.
    Raises NotFound without a cloud, Invalid, Conflict when the new key is the old one.
    """
    held = await _fingerprint(store.reader)
    if held is None:
        raise NotFound("This database has no root key yet: start `volano up` once.")
    old = await asyncio.to_thread(_find_root, config, environ, held)
    assert old is not None, "a key that is missing was refused"
    sealing = await _sealing_key(store, old)
    target = to or config.root_key
    path = source_path(target, config.data_dir)
    if path is None and not to:
        raise Invalid(f"root_key is {config.root_key}: say with --to where the new key lies.")
    fresh = await asyncio.to_thread(_new_root, target, path, config, environ)
    if fingerprint_of(fresh) == held:
        raise Conflict("The new root key is the old one.")

    async def write(tx: Tx) -> None:
        changed = await tx.execute(
            "UPDATE root_key SET fingerprint = ? WHERE fingerprint = ?", fingerprint_of(fresh), held
        )
        if changed != 1:
            raise Conflict("The root key was changed by somebody else just now.")
        await tx.execute("UPDATE sealing_key SET wrapped = ? WHERE id = 1", wrap(fresh, sealing))

    await store.transact(write)
    if path is not None:
        with suppress(FileNotFoundError):  # a process that started just now put it there already
            waiting = _waiting(path, fingerprint_of(fresh))
            await asyncio.to_thread(rename_root_key, waiting, path)
    return fingerprint_of(fresh)


def _new_root(target: str, path: Path | None, config: Config, environ: Mapping[str, str]) -> bytes:
    """The key to come: written beside its place for a file, else read from where it lies."""
    if path is None:
        root = read_root_key(target, config.data_dir, environ)
        assert root is not None, "only a file can be missing"
        return root
    root = os.urandom(KEY_BYTES)
    write_root_key(_waiting(path, fingerprint_of(root)), root)
    return root
