"""Machine code kept in files, so that only the first process on a machine waits for the compiler.

A file is named after a digest of everything its code depends on. What it holds is run, so it is
taken only from a folder and a file that are ours and that nobody else may write, and only with the
digest of its content; anything else is left aside and compiled anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

FILES_MAX = 64
FILE_BYTES_MAX = 16 * 1024 * 1024
_SUFFIX = ".code"
_DIGEST_BYTES = hashlib.sha256().digest_size


def code_folder() -> Path | None:
    """Our part of the user's cache; None for a user without one."""
    try:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # this user has no home
        return None
    return Path(cache) / "volano" / "kernels"


def find_code(name: str) -> bytes | None:
    """The code kept under this name; None where there is none that can be trusted."""
    folder = code_folder()
    if folder is None:
        return None
    try:
        with (folder / f"{name}{_SUFFIX}").open("rb") as file:
            if not _is_ours(folder.stat()) or not _is_ours(os.fstat(file.fileno())):
                return None
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError:
        return None
    digest, code = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return code if _digest(name, code) == digest else None


def keep_code(name: str, code: bytes) -> None:
    """Keep code under a name, whole or not at all; on a disk that refuses, not at all."""
    folder = code_folder()
    if folder is None or len(code) + _DIGEST_BYTES > FILE_BYTES_MAX:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(folder.stat()):
            return
        descriptor, made = tempfile.mkstemp(dir=folder, prefix=".code-")
        try:
            with open(descriptor, "wb") as file:
                file.write(_digest(name, code) + code)
            Path(made).rename(folder / f"{name}{_SUFFIX}")
        except OSError:
            Path(made).unlink(missing_ok=True)
            return
        _drop_oldest(folder)


def _digest(name: str, code: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + code).digest()


def _is_ours(found: os.stat_result) -> bool:
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _drop_oldest(folder: Path) -> None:
    """Keep the FILES_MAX that were written last; what is wanted again is compiled again."""
    kept = sorted(folder.glob(f"*{_SUFFIX}"), key=_written_at, reverse=True)
    for path in kept[FILES_MAX:]:
        path.unlink(missing_ok=True)


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process dropped it
        return 0.0
