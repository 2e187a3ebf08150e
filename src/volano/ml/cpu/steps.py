"""A model's step as a program of kernels, with the buffers that it works in.

It is written once for a number of tokens and a cache's geometry, and then only the arrays of the
step change: a step of 28 layers is one call from Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from volano.ml.cpu import matmul, program, rows
from volano.ml.cpu.arguments import pack_arguments
from volano.ml.cpu.attention import ATTENTION_FIELDS, ITEM_FIELDS
from volano.ml.cpu.cache import padded_dims
from volano.ml.cpu.heads import HEADS_FIELDS
from volano.ml.cpu.kernels import pool
from volano.ml.cpu.memory import huge_bytes
from volano.ml.cpu.program import Operation, Program

if TYPE_CHECKING:
    from volano.ml.cpu.cache import CpuCache
    from volano.ml.cpu.decoder import CpuLayer, CpuWeights
    from volano.ml.cpu.kernels import Kernels
    from volano.ml.cpu.packed import Packed
    from volano.ml.layers.arrays import Floats
    from volano.ml.models.batch import Batch
    from volano.ml.models.decoder import DecoderConfig

# A chunk of a product reads about this much: some ten microseconds at memory speed.
_CHUNK_BYTES = 256 * 1024
# With many tokens a chunk computes for long: this many chunks at least, for threads to share.
_CHUNKS_LEAST = 16
_WIDTH = 128  # rows of values are padded to whole groups


class _Rows:
    """A float32 buffer (rows, padded width)."""

    def __init__(self, count: int, width: int) -> None:
        self.width = -(-width // _WIDTH) * _WIDTH
        self.values = huge_bytes(count * self.width * 4).view(np.float32).reshape(count, -1)
        self.address = self.values.ctypes.data
        self.stride = self.width * 4


class _Inputs:
    """What a product reads: bfloat16 values, or bytes with a scale and a sum a group."""

    def __init__(self, count: int, width: int) -> None:
        self.width = -(-width // _WIDTH) * _WIDTH
        groups = self.width // matmul.GROUP
        self._values = huge_bytes(count * self.width * 2)
        self._scales = np.zeros((count, groups), dtype=np.float32)
        self._sums = np.zeros((count, groups), dtype=np.int32)
        self.groups_stride = groups * 4

    def stride(self, form: str) -> int:
        """Bytes from a token to the next."""
        return self.width * (2 if form == "bf16" else 1)

    def written(self, form: str) -> dict[str, int]:
        """The arguments of a kernel that writes it."""
        return {
            "out": self._values.ctypes.data,
            "out_stride": self.stride(form),
            "scales": self._scales.ctypes.data,
            "sums": self._sums.ctypes.data,
            "groups_stride": self.groups_stride,
        }

    def read(self, form: str) -> dict[str, int]:
        """The arguments of a product that reads it."""
        found = self.written(form)
        return {"x": found.pop("out"), "x_stride": found.pop("out_stride"), **found}


class StepProgram:
    """The step of one model for up to `tokens` tokens and `rows` rows of logits."""

    def __init__(
        self,
        config: DecoderConfig,
        weights: CpuWeights,
        cache: CpuCache,
        kernels: Kernels,
        *,
        tokens: int,
        rows: int,
    ) -> None:
        self.tokens, self.rows = tokens, rows
        self._config, self._weights, self._kernels = config, weights, kernels
        self._geometry = (cache.block_size, cache.block_bytes, cache.part_bytes)
        self._dims = padded_dims(config.head_dim)
        hidden = config.hidden_size
        self._x = _Rows(tokens, hidden)
        wide = [linear.rows for each in weights.layers for linear in (each.qkv, each.gate_up)]
        self._wide = _Rows(tokens, max(wide))
        self._mixed = _Rows(tokens, config.q_size)
        self._change = _Rows(tokens, hidden)
        self._queries = huge_bytes(tokens * config.heads * self._dims * 2)
        inputs = max(hidden, config.q_size, config.intermediate_size)
        self._inputs = _Inputs(max(tokens, rows), inputs)
        self._final = _Rows(rows, hidden)
        self._logits = _Rows(rows, config.vocab_size)
        self._items = np.zeros((tokens, ITEM_FIELDS), dtype=np.int64)
        self._step = np.zeros(program.STEP_SLOTS, dtype=np.int64)
        self._step[program.ITEM_TABLE] = self._items.ctypes.data
        self._operations: list[Operation] = []
        self._write()

    def fits(self, batch: Batch, cache: CpuCache) -> bool:
        """Whether this program can run the batch."""
        geometry = (cache.block_size, cache.block_bytes, cache.part_bytes)
        small = len(batch.token_ids) <= self.tokens and len(batch.logit_rows) <= self.rows
        return small and geometry == self._geometry

    def use(self, cache: CpuCache) -> None:
        """Work on this cache from now on."""
        self._step[program.CACHE] = cache.data.ctypes.data

    def logits(self, batch: Batch) -> Floats:
        """Logits (rows, vocab), overwritten by the next step."""
        self._run(self._whole, batch)
        return self._logits.values[: len(batch.logit_rows), : self._config.vocab_size]

    def hidden(self, batch: Batch) -> Floats:
        """Normalised hidden states (rows, hidden), overwritten by the next step."""
        self._run(self._body, batch)
        return self._final.values[: len(batch.logit_rows), : self._config.hidden_size]

    def _run(self, which: Program, batch: Batch) -> None:
        step = self._step
        step[program.TOKENS] = len(batch.token_ids)
        step[program.LOGITS] = len(batch.logit_rows)
        step[program.ITEMS] = self._write_items(batch) * self._config.kv_heads
        held = [
            np.ascontiguousarray(each, dtype=np.int64)
            for each in (batch.token_ids, batch.positions, batch.slots, batch.logit_rows)
        ]
        slots = (program.TOKEN_IDS, program.POSITIONS, program.SLOTS, program.LOGIT_ROWS)
        for slot, array in zip(slots, held, strict=True):
            step[slot] = array.ctypes.data
        pool().run(which)

    def _write_items(self, batch: Batch) -> int:
        """Cut sequences into rows that attention works on together; returns how many pieces."""
        group = self._config.heads // self._config.kv_heads
        size = max(1, self._kernels.target.tile // group)
        count = 0
        for sequence in batch.sequences:
            first = sequence.context - sequence.count
            table = sequence.block_table
            assert table.dtype == np.int64
            assert table.flags.c_contiguous
            starts = np.arange(0, sequence.count, size)
            part = self._items[count : count + len(starts)]
            part[:, 0] = sequence.start + starts
            part[:, 1] = np.minimum(size, sequence.count - starts)
            part[:, 2] = first + starts
            part[:, 3] = table.ctypes.data
            count += len(starts)
        return count

    def _write(self) -> None:
        """All operations, in order."""
        config, weights = self._config, self._weights
        self._embed(weights.embed)
        for index, layer in enumerate(weights.layers):
            self._attention(index, layer)
            self._mlp(layer)
        self._final_norm(weights.norm)
        self._body = Program(list(self._operations), self._step)
        form = weights.head.form
        self._take(self._final, config.hidden_size, form, program.LOGITS)
        self._product(weights.head, self._logits, counted=program.LOGITS)
        if config.logit_softcap:
            arguments = pack_arguments(
                rows.CAP_FIELDS,
                x=self._logits.address,
                x_stride=self._logits.stride,
                width=self._logits.width,
                cap=float(config.logit_softcap),
            )
            self._add("cap", arguments, counted=program.LOGITS)
        self._whole = Program(self._operations, self._step)

    def _add(
        self,
        kernel: str,
        arguments: np.ndarray[tuple[int], np.dtype[np.int64]],
        *,
        counted: int = program.TOKENS,
        size: int = rows.TOKENS_PER_CHUNK,
    ) -> None:
        address = self._kernels.address(kernel)
        self._operations.append(Operation(address, arguments, counted, size))

    def _embed(self, embed: Packed) -> None:
        arguments = pack_arguments(
            rows.EMBED_FIELDS,
            weights=embed.data.ctypes.data,
            block_bytes=matmul.block_bytes(embed.form, embed.inner),
            depth=matmul.depth_of(embed.form, embed.inner),
            factor=float(self._config.embed_scale),
            out=self._x.address,
            out_stride=self._x.stride,
        )
        self._add(f"embed_{embed.form}", arguments)

    def _attention(self, index: int, layer: CpuLayer) -> None:
        self._norm(layer.norms["attention"], layer.qkv.form)
        self._product(layer.qkv, self._wide)
        places = self._cache_places(index)
        self._split_heads(layer, places)
        self._attend(layer, places)
        self._take(self._mixed, self._config.q_size, layer.out.form, program.TOKENS)
        self._change_by(layer.out, layer.norms.get("attention_out"))

    def _mlp(self, layer: CpuLayer) -> None:
        self._norm(layer.norms["mlp"], layer.gate_up.form)
        self._product(layer.gate_up, self._wide)
        form = _input_form(layer.down.form)
        arguments = pack_arguments(
            rows.ACT_FIELDS,
            x=self._wide.address,
            x_stride=self._wide.stride,
            width=layer.gate_up.rows // 2,
            up=layer.gate_up.rows // 2 * 4,
            **self._inputs.written(form),
        )
        self._add(f"{self._config.activation}_{form}", arguments)
        self._change_by(layer.down, layer.norms.get("mlp_out"))

    def _change_by(self, linear: Packed, norm: Floats | None) -> None:
        """Add a product to the hidden states, through a norm where the model has one there."""
        if norm is None:
            self._product(linear, self._x, add=True)
            return
        self._product(linear, self._change)
        arguments = pack_arguments(
            rows.ADD_NORM_FIELDS,
            **self._norm_arguments(norm, self._change),
            out=self._x.address,
            out_stride=self._x.stride,
        )
        self._add("add_norm", arguments)

    def _norm_arguments(self, weight: Floats, x: _Rows) -> dict[str, float]:
        return {
            "x": x.address,
            "x_stride": x.stride,
            "weight": weight.ctypes.data,
            "width": x.width,
            "mean": 1.0 / self._config.hidden_size,
            "eps": float(self._config.eps),
        }

    def _norm(self, weight: Floats, form: str) -> None:
        """The norm of the hidden states, for a product."""
        form = _input_form(form)
        arguments = pack_arguments(
            rows.NORM_FIELDS,
            **self._norm_arguments(weight, self._x),
            **self._inputs.written(form),
        )
        self._add(f"norm_{form}", arguments)

    def _final_norm(self, weight: Floats) -> None:
        arguments = pack_arguments(
            rows.ADD_NORM_FIELDS,
            **self._norm_arguments(weight, self._x),
            out=self._final.address,
            out_stride=self._final.stride,
        )
        self._add("final_norm", arguments, counted=program.LOGITS)

    def _take(self, source: _Rows, width: int, form: str, counted: int) -> None:
        form = _input_form(form)
        arguments = pack_arguments(
            rows.TAKE_FIELDS,
            x=source.address,
            x_stride=source.stride,
            width=-(-width // _WIDTH) * _WIDTH,
            count_slot=counted,
            **self._inputs.written(form),
        )
        self._add(f"take_{form}", arguments, counted=counted)

    def _product(
        self, linear: Packed, out: _Rows, *, add: bool = False, counted: int = program.TOKENS
    ) -> None:
        size = matmul.block_bytes(linear.form, linear.inner)
        by_bytes = max(1, _CHUNK_BYTES // size)
        per_chunk = min(by_bytes, max(1, linear.blocks // _CHUNKS_LEAST))
        arguments = pack_arguments(
            matmul.LINEAR_FIELDS,
            weights=linear.data.ctypes.data,
            blocks=linear.blocks,
            depth=matmul.depth_of(linear.form, linear.inner),
            block_bytes=size,
            blocks_per_chunk=per_chunk,
            **self._inputs.read(_input_form(linear.form)),
            out=out.address,
            out_stride=out.stride,
            bias=0 if linear.bias is None else linear.bias.ctypes.data,
            add=int(add),
            count_slot=counted,
        )
        chunks = -(-linear.blocks // per_chunk)
        kernel = self._kernels.linear(linear.form)
        self._operations.append(Operation(kernel, arguments, program.FIXED, chunks))

    def _cache_places(self, index: int) -> dict[str, int]:
        block_size, block_bytes, part_bytes = self._geometry
        return {
            "keys": index * 2 * part_bytes,
            "values": (index * 2 + 1) * part_bytes,
            "block_bytes": block_bytes,
            "block_size": block_size,
            "dims": self._dims,
            "head_dim": self._config.head_dim,
            "kv_heads": self._config.kv_heads,
            "q": self._queries.ctypes.data,
            "q_stride": self._config.heads * self._dims * 2,
        }

    def _split_heads(self, layer: CpuLayer, places: dict[str, int]) -> None:
        rotary = self._weights.rotaries[layer.kind.rotary]
        q_norm, k_norm = layer.norms.get("q"), layer.norms.get("k")
        arguments = pack_arguments(
            HEADS_FIELDS,
            **places,
            qkv=self._wide.address,
            qkv_stride=self._wide.stride,
            heads=self._config.heads,
            q_norm=0 if q_norm is None else q_norm.ctypes.data,
            k_norm=0 if k_norm is None else k_norm.ctypes.data,
            mean=1.0 / self._config.head_dim,
            eps=float(self._config.eps),
            cos=rotary.cos.ctypes.data,
            sin=rotary.sin.ctypes.data,
        )
        self._add("split_heads", arguments)

    def _attend(self, layer: CpuLayer, places: dict[str, int]) -> None:
        config = self._config
        arguments = pack_arguments(
            ATTENTION_FIELDS,
            **places,
            group=config.heads // config.kv_heads,
            scale=float(config.query_scale or config.head_dim**-0.5),
            softcap=float(config.attention_softcap),
            window=layer.kind.window,
            out=self._mixed.address,
            out_stride=self._mixed.stride,
        )
        self._add("attention", arguments, counted=program.ITEMS, size=1)


def _input_form(form: str) -> str:
    """How tokens are given to a product with weights of this format."""
    return "bf16" if form == "bf16" else "int8"
