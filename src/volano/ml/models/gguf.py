"""Read GGUF files: metadata, and tensors under Hugging Face's names.

Format: ggml's docs/gguf.md, versions 2 and 3. The file is mapped; a tensor is decoded when it is
asked for. Every offset and size is checked before use, since models come from outside.
"""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from volano.ml.errors import BadModel
from volano.ml.models.gguf_blocks import TYPES, dequantise

if TYPE_CHECKING:
    from pathlib import Path

    from volano.ml.layers.arrays import Floats
    from volano.ml.models.weights import Stored

_MAGIC = b"GGUF"
_NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_ENTRIES_MAX = 1_000_000
_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "ffn_gate_inp": "mlp.gate",
    "ffn_norm": "post_attention_layernorm",
}
_SANDWICH_NAMES = {
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
_EXPERTS = {"ffn_gate_exps": "gate_proj", "ffn_up_exps": "up_proj", "ffn_down_exps": "down_proj"}
# The converter rewrote these families: q and k for another way of rotating, norms with 1 added.
_PERMUTED, _SHIFTED = ("llama",), ("gemma", "gemma2", "gemma3")
_SANDWICHED = ("gemma2", "gemma3")


class _Tensor(NamedTuple):
    kind: int
    shape: tuple[int, ...]
    start: int


class _Header:
    """Reads the part before the data; raises BadModel at its end."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.place = 0

    def number(self, format_: str) -> int:
        value: int
        (value,) = struct.unpack_from(f"<{format_}", self._data, self.place)
        self.place += struct.calcsize(f"<{format_}")
        return value

    def count(self) -> int:
        count = self.number("Q")
        if count > _ENTRIES_MAX:
            raise BadModel(f"The GGUF file claims {count} entries; it is damaged.")
        return count

    def text(self) -> str:
        size = self.count()
        raw = bytes(self._data[self.place : self.place + size])
        self.place += size
        return raw.decode("utf-8", "replace")

    def value(self, kind: int) -> object:
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            inner = self.number("I")
            return [self.value(inner) for _ in range(self.count())]
        if kind not in _NUMBERS:
            raise BadModel(f"The GGUF file has a value of type {kind}, which is not known.")
        return self.number(_NUMBERS[kind])


class GgufFile:
    """One file: `metadata` by key, and tensors as `models.weights.Tensors` has them."""

    def __init__(self, path: Path) -> None:
        """Map the file; raises BadModel when it is damaged."""
        if not path.stat().st_size:
            raise BadModel(f"{path.name} is cut short.")
        self._map = np.memmap(path, dtype=np.uint8, mode="r")
        self.size_bytes = self._map.nbytes
        self.metadata: dict[str, object] = {}
        self._tensors: dict[str, _Tensor] = {}
        try:
            self._read(path.name, _Header(self._map.data))
        except struct.error as error:
            raise BadModel(f"{path.name} is cut short.") from error
        self._family = str(self.metadata.get("general.architecture", ""))
        self._names = self._hugging_face_names()

    @property
    def values(self) -> int:
        """How many numbers its tensors hold."""
        return sum(math.prod(entry.shape) for entry in self._tensors.values())

    def names(self) -> set[str]:
        """Every tensor's name as Hugging Face has it."""
        return set(self._names)

    def stored(self, name: str, shape: tuple[int, ...]) -> Stored:
        """The tensor in float32; raises BadModel when missing or of another shape."""
        return self.tensor(name, shape)

    def tensor(self, name: str, shape: tuple[int, ...]) -> Floats:
        """The tensor in float32; raises BadModel when missing or of another shape."""
        found = self._names.get(name)
        if found is None:
            raise BadModel(f"The model's weights lack the tensor {name!r}.")
        own_name, expert = found
        entry = self._tensors[own_name]
        own_shape = entry.shape if expert is None else entry.shape[1:]
        if own_shape != shape:
            raise BadModel(f"Tensor {name!r} has shape {list(own_shape)}, not {list(shape)}.")
        values = self._decode(entry, expert or 0, math.prod(shape)).reshape(shape)
        if self._family in _SHIFTED and name.endswith("norm.weight"):
            return values - np.float32(1)
        if self._family in _PERMUTED and re.search(r"\.(q|k)_proj\.", name):
            return self._unpermuted(values, queries=".q_proj." in name)
        return values

    def raw(self, name: str) -> Floats | None:
        """A tensor by the file's own name, flat; None when it is not there."""
        entry = self._tensors.get(name)
        return None if entry is None else self._decode(entry, 0, math.prod(entry.shape))

    def _read(self, file_name: str, header: _Header) -> None:
        if bytes(self._map[:4]) != _MAGIC:
            raise BadModel(f"{file_name} is not a GGUF file.")
        header.place = 4
        version = header.number("I")
        if version not in (2, 3):
            raise BadModel(f"{file_name} is GGUF version {version}; 2 and 3 are supported.")
        tensors, pairs = header.count(), header.count()
        for _ in range(pairs):
            key = header.text()
            self.metadata[key] = header.value(header.number("I"))
        found: dict[str, _Tensor] = {}
        for _ in range(tensors):
            name = header.text()
            shape = tuple(header.number("Q") for _ in range(header.number("I")))[::-1]
            found[name] = _Tensor(header.number("I"), shape, header.number("Q"))
        alignment = self.metadata.get("general.alignment", 32)
        assert isinstance(alignment, int)
        start = -(-header.place // alignment) * alignment
        for name, entry in found.items():
            self._tensors[name] = self._checked(file_name, name, entry, start)

    def _checked(self, file_name: str, name: str, entry: _Tensor, start: int) -> _Tensor:
        if entry.kind not in TYPES:
            known = ", ".join(kind for kind, _, _ in TYPES.values())
            raise BadModel(f"Tensor {name!r} has type {entry.kind}; supported: {known}.")
        _, values, size = TYPES[entry.kind]
        count = math.prod(entry.shape)
        end = start + entry.start + count // values * size
        if count % values or end > self.size_bytes:
            raise BadModel(f"{file_name} is damaged: tensor {name!r} lies outside the file.")
        return entry._replace(start=start + entry.start)

    def _decode(self, entry: _Tensor, part: int, count: int) -> Floats:
        """`count` values of the tensor from part `part` on."""
        kind, values, size = TYPES[entry.kind]
        blocks = count // values
        begin = entry.start + part * blocks * size
        raw = np.asarray(self._map[begin : begin + blocks * size]).reshape(blocks, size)
        return dequantise(kind, raw).reshape(-1)

    def _hugging_face_names(self) -> dict[str, tuple[str, int | None]]:
        known = _NAMES | (_SANDWICH_NAMES if self._family in _SANDWICHED else {})
        found: dict[str, tuple[str, int | None]] = {}
        for name, entry in self._tensors.items():
            layer = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", name)
            stem, _, tail = name.rpartition(".")
            if layer is None:
                found[f"{known.get(stem, stem)}.{tail}"] = (name, None)
                continue
            prefix = f"model.layers.{layer[1]}."
            if layer[2] in _EXPERTS:
                for expert in range(entry.shape[0]):
                    own = f"{prefix}mlp.experts.{expert}.{_EXPERTS[layer[2]]}.{layer[3]}"
                    found[own] = (name, expert)
            else:
                found[f"{prefix}{known.get(layer[2], layer[2])}.{layer[3]}"] = (name, None)
        return found

    def _unpermuted(self, values: Floats, *, queries: bool) -> Floats:
        """From pairs of neighbours that rotate together back to halves."""
        prefix = f"{self._family}.attention.head_count"
        heads = self.metadata.get(prefix if queries else f"{prefix}_kv", 0)
        if not isinstance(heads, int) or heads < 1 or len(values) % (2 * heads):
            raise BadModel(f"The GGUF file's {prefix} does not fit its weights.")
        pairs = values.reshape(heads, len(values) // heads // 2, 2, -1)
        return pairs.swapaxes(1, 2).reshape(values.shape)
