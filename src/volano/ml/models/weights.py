"""Read and write safetensors: one file, or several under an index, as Hugging Face lays them out.

A file is mapped, not read; a tensor is copied to float32 only when it is asked for. Every offset is
checked against the file before use, since models come from outside. Format: safetensors' README
(eight bytes of header length, a JSON header, then the data).
"""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypedDict

import numpy as np

from volano.ml.errors import BadModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from volano.ml.layers.arrays import Floats

HEADER_BYTES_MAX = 100 * 1024 * 1024
INDEX_FILE = "model.safetensors.index.json"
SINGLE_FILE = "model.safetensors"
_DTYPES: dict[str, str] = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


# A tensor as stored: float32, float16, float64, or uint16 for the bits of bfloat16.
Stored: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.generic]]


class Tensors(Protocol):
    """A model's tensors by Hugging Face's names, whatever file they are in."""

    @property
    def size_bytes(self) -> int: ...

    def names(self) -> set[str]: ...

    def tensor(self, name: str, shape: tuple[int, ...]) -> Floats: ...

    def stored(self, name: str, shape: tuple[int, ...]) -> Stored: ...


class _Entry(TypedDict):
    dtype: str
    shape: list[int]
    data_offsets: list[int]


class Weights:
    """The tensors of a model folder by name."""

    def __init__(self, folder: Path, *, single: str = SINGLE_FILE) -> None:
        """Map the folder's files, or its `single` one without an index; raises BadModel."""
        self._tensors: dict[str, tuple[Path, int, _Entry]] = {}
        self._maps: dict[Path, np.memmap[tuple[int], np.dtype[np.uint8]]] = {}
        self.size_bytes = 0
        for path in _weight_files(folder, single):
            self._add_file(path)

    def names(self) -> set[str]:
        """Every tensor's name."""
        return set(self._tensors)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor that is there."""
        return tuple(self._tensors[name][2]["shape"])

    def tensor(self, name: str, shape: tuple[int, ...]) -> Floats:
        """A float32 copy of the tensor; raises BadModel when missing or of another shape."""
        raw = self.stored(name, shape)
        if raw.dtype == np.uint16:
            # A bfloat16 is the upper half of a float32.
            wide = raw.astype(np.uint32) << np.uint32(16)
            return np.asarray(wide.view(np.float32))
        return raw.astype(np.float32)

    def stored(self, name: str, shape: tuple[int, ...]) -> Stored:
        """The tensor as it is in the file, not copied; raises BadModel as `tensor` does."""
        found = self._tensors.get(name)
        if found is None:
            raise BadModel(f"The model's weights lack the tensor {name!r}.")
        path, data_start, entry = found
        if tuple(entry["shape"]) != shape:
            raise BadModel(f"Tensor {name!r} has shape {entry['shape']}, not {list(shape)}.")
        begin, end = (data_start + offset for offset in entry["data_offsets"])
        return self._maps[path][begin:end].view(_DTYPES[entry["dtype"]]).reshape(shape)

    def _add_file(self, path: Path) -> None:
        size = path.stat().st_size
        try:
            with path.open("rb") as file:
                (header_bytes,) = struct.unpack("<Q", file.read(8))
                if header_bytes > min(HEADER_BYTES_MAX, size - 8):
                    raise BadModel(f"{path.name} is cut short or is not a safetensors file.")
                header = json.loads(file.read(header_bytes))
        except (struct.error, ValueError) as error:
            raise BadModel(f"{path.name} is not a safetensors file: {error}.") from error
        self._maps[path] = np.memmap(path, dtype=np.uint8, mode="r")
        self.size_bytes += size
        for name, entry in header.items():
            if name == "__metadata__" or entry.get("dtype") not in _DTYPES:
                continue
            _check_entry(path, name, entry, data_bytes=size - 8 - header_bytes)
            self._tensors[name] = (path, 8 + header_bytes, entry)


def write_safetensors(path: Path, tensors: Mapping[str, Floats], metadata: dict[str, str]) -> None:
    """Write tensors as bfloat16 in the order given; the same input gives the same bytes."""
    header: dict[str, object] = {"__metadata__": metadata}
    blobs: list[bytes] = []
    offset = 0
    for name, tensor in tensors.items():
        blob = _to_bfloat16(tensor).tobytes()
        end = offset + len(blob)
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": [offset, end]}
        blobs.append(blob)
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def _to_bfloat16(tensor: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    bits = np.ascontiguousarray(tensor, dtype=np.float32).view(np.uint32)
    # Round to nearest, ties to even, on the sixteen bits that fall away.
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (rounded >> np.uint32(16)).astype(np.uint16)


def _weight_files(folder: Path, single: str) -> list[Path]:
    index = folder / INDEX_FILE
    if index.is_file():
        try:
            mapped = set(json.loads(index.read_text())["weight_map"].values())
        except (ValueError, KeyError, AttributeError) as error:
            raise BadModel(f"{INDEX_FILE} is damaged: {error}.") from error
        # The index comes from outside: it may name files beside it, never elsewhere.
        if any("/" in name or name.startswith(".") for name in mapped):
            raise BadModel(f"{INDEX_FILE} names a file outside the model's folder.")
        paths = [folder / name for name in sorted(mapped)]
    else:
        paths = [folder / single]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise BadModel(f"The model's folder lacks {', '.join(missing)}. Pull the model again.")
    return paths


def _check_entry(path: Path, name: str, entry: _Entry, *, data_bytes: int) -> None:
    begin, end = entry["data_offsets"]
    item_bytes = int(_DTYPES[entry["dtype"]][-1])
    fits = 0 <= begin <= end <= data_bytes
    if not fits or end - begin != math.prod(entry["shape"]) * item_bytes:
        raise BadModel(f"{path.name} is damaged: tensor {name!r} lies outside the file.")
