"""What a step works in: rows of float32, and tokens in the form that products read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from volano.ml.cpu import matmul
from volano.ml.cpu.cache import padded_dims
from volano.ml.cpu.memory import huge_bytes

if TYPE_CHECKING:
    from volano.ml.cpu.layers import CpuWeights
    from volano.ml.models.decoder import DecoderConfig

_WHOLE = matmul.GROUP


def whole(width: int) -> int:
    """A width filled up to whole groups."""
    return -(-width // _WHOLE) * _WHOLE


class Rows:
    """A float32 buffer (rows, padded width)."""

    def __init__(self, count: int, width: int) -> None:
        self.width = whole(width)
        self.values = huge_bytes(count * self.width * 4).view(np.float32).reshape(count, -1)
        self.address = self.values.ctypes.data
        self.stride = self.width * 4

    def read(self) -> dict[str, int]:
        """The arguments of a kernel that reads it."""
        return {"x": self.address, "x_stride": self.stride}

    def written(self) -> dict[str, int]:
        """The arguments of a kernel that writes it."""
        return {"out": self.address, "out_stride": self.stride}


class Inputs:
    """What a product reads: bfloat16 values, or bytes with a scale and a sum for each group."""

    def __init__(self, count: int, width: int) -> None:
        self.width = whole(width)
        groups = self.width // matmul.GROUP
        self._values = huge_bytes(count * self.width * 2)
        self._scales = np.zeros((count, groups), dtype=np.float32)
        self._sums = np.zeros((count, groups), dtype=np.int32)
        self._groups = {
            "scales": self._scales.ctypes.data,
            "sums": self._sums.ctypes.data,
            "groups_stride": groups * 4,
        }

    def read(self, form: str) -> dict[str, int]:
        """The arguments of a product that reads it."""
        stride = self.width * (2 if input_form(form) == "bf16" else 1)
        return {"x": self._values.ctypes.data, "x_stride": stride, **self._groups}

    def written(self, form: str) -> dict[str, int]:
        """The arguments of a kernel that writes it."""
        found = self.read(form)
        return {"out": found.pop("x"), "out_stride": found.pop("x_stride"), **found}


def input_form(form: str) -> str:
    """How tokens are given to a product with weights of this format."""
    return "bf16" if form == "bf16" else "int8"


class Experts:
    """Which experts each token goes to, and its rows on the way."""

    def __init__(self, config: DecoderConfig, tokens: int) -> None:
        k = config.experts_per_token
        self.logits = Rows(tokens, config.experts)
        self.chosen = np.zeros((tokens, k), dtype=np.int64)
        self.places = np.zeros((tokens, k), dtype=np.int64)
        self.shares = np.zeros((tokens, k), dtype=np.float32)
        self.starts = np.zeros(config.experts + 1, dtype=np.int64)
        self.router_inputs = Inputs(tokens, config.hidden_size)
        self.inputs = Inputs(tokens * k, config.hidden_size)
        self.inner_inputs = Inputs(tokens * k, config.expert_size)
        self.wide = Rows(tokens * k, 2 * whole(config.expert_size))
        self.out = Rows(tokens * k, config.hidden_size)


class Buffers:
    """Everything for up to `tokens` tokens and `rows` rows of logits."""

    def __init__(
        self, config: DecoderConfig, weights: CpuWeights, *, tokens: int, rows: int
    ) -> None:
        hidden, dims = config.hidden_size, padded_dims(config.head_dim)
        dense = [layer for layer in weights.layers if layer.router is None]
        wide = [layer.qkv.rows for layer in weights.layers] + [each.gate_up.rows for each in dense]
        self.x = Rows(tokens, hidden)
        self.wide = Rows(tokens, max(wide))
        self.mixed = Rows(tokens, config.q_size)
        self.change = Rows(tokens, hidden)
        self.queries = huge_bytes(tokens * config.heads * dims * 2)
        widest = max(hidden, config.q_size, config.intermediate_size)
        self.inputs = Inputs(max(tokens, rows), widest)
        self.final = Rows(rows, hidden)
        self.logits = Rows(rows, config.vocab_size)
        self.experts = Experts(config, tokens) if len(dense) < config.layers else None
