"""Packed weights kept beside a model: written once, then loaded by a copy from the mapped file.

The file names the weights that it was made of by a digest of their size and of samples of their
bytes, and carries a checksum for each piece. A file of other weights is left aside; a damaged one
is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from volano.ml.errors import BadModel

if TYPE_CHECKING:
    from volano.ml.cpu.kernels import Format
    from volano.ml.cpu.memory import Bytes

LAYOUT_VERSION = 1  # of `matmul` and of the order of matrices; another one is packed anew
_MAGIC = b"VOLANOPK"
_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024 * 1024
_SAMPLES, _SAMPLE_BYTES = 64, 4096


def packed_path(folder: Path, form: Format) -> Path:
    """Where a model's packed weights of a format are."""
    return folder / f"volano-{form}.packed"


def write_packed(folder: Path, form: Format, arena: Bytes) -> Path:
    """Keep an arena's packed weights, whole or not at all."""
    pieces = [arena[start : start + _PIECE_BYTES] for start in range(0, len(arena), _PIECE_BYTES)]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        sums = list(threads.map(_sum, pieces))
    head = json.dumps(
        {"layout": LAYOUT_VERSION, "form": form, "source": _source(folder), "sums": sums}
    ).encode()
    assert len(head) + 16 <= _HEAD_BYTES, "a head holds the sums of some hundred gigabytes"
    target = packed_path(folder, form)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".packed-", delete=False) as file:
        try:
            start = _MAGIC + struct.pack("<Q", len(head)) + head
            file.write(start.ljust(_HEAD_BYTES, b"\0"))
            for piece in pieces:
                file.write(piece.data)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).rename(target)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
    return target


def read_packed(folder: Path, form: Format, arena: Bytes) -> bool:
    """Fill an arena from the kept weights; False where there are none of this model.

    Raises BadModel when the file is damaged.
    """
    path = packed_path(folder, form)
    if not path.is_file():
        return False
    if path.stat().st_size < _HEAD_BYTES:
        raise _damaged(path)
    data = np.memmap(path, dtype=np.uint8, mode="r")
    head = _read_head(path, data)
    if (head.get("layout"), head.get("source")) != (LAYOUT_VERSION, _source(folder)):
        return False
    sums = head.get("sums")
    starts = range(0, len(arena), _PIECE_BYTES)
    if len(data) != _HEAD_BYTES + len(arena) or not isinstance(sums, list):
        raise _damaged(path)

    def copy(start: int) -> int:
        piece = arena[start : start + _PIECE_BYTES]
        piece[:] = data[_HEAD_BYTES + start :][: len(piece)]
        return _sum(piece)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        if list(threads.map(copy, starts)) != sums:
            raise _damaged(path)
    return True


def _read_head(path: Path, data: Bytes) -> dict[str, object]:
    raw = bytes(data[:_HEAD_BYTES])
    if raw[:8] != _MAGIC:
        raise _damaged(path)
    (size,) = struct.unpack("<Q", raw[8:16])
    try:
        head: dict[str, object] = json.loads(raw[16 : 16 + size])
    except ValueError as error:
        raise _damaged(path) from error
    return head


def _sum(piece: Bytes) -> int:
    return zlib.crc32(piece.data)


def _damaged(path: Path) -> BadModel:
    return BadModel(f"{path.name} is damaged: quantise the model again, or delete the file.")


def _source(folder: Path) -> str:
    """What tells the model's own weights from others of the same shape."""
    digest = hashlib.sha256()
    for path in sorted((*folder.glob("*.safetensors"), *folder.glob("*.gguf"))):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            for index in range(_SAMPLES):
                file.seek(size * index // _SAMPLES)
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()
