"""Writes a decoder's step: which kernels run in which order, and on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.ml.cpu import experts, matmul, program, rows
from volano.ml.cpu.adapters import ADAPT_FIELDS
from volano.ml.cpu.arguments import pack_arguments
from volano.ml.cpu.attention import ATTENTION_FIELDS
from volano.ml.cpu.buffers import Rows, input_form, whole
from volano.ml.cpu.cache import padded_dims
from volano.ml.cpu.heads import HEADS_FIELDS
from volano.ml.cpu.program import Operation

if TYPE_CHECKING:
    from volano.ml.cpu.adapters import LayerAdapters
    from volano.ml.cpu.buffers import Buffers, Experts, Inputs
    from volano.ml.cpu.cache import Geometry
    from volano.ml.cpu.kernels import Kernels
    from volano.ml.cpu.layers import CpuLayer, CpuWeights
    from volano.ml.cpu.packed import Packed
    from volano.ml.layers.arrays import Floats, Ints
    from volano.ml.models.decoder import DecoderConfig

# A chunk of a product reads about this much: some ten microseconds at memory speed.
_CHUNK_BYTES = 256 * 1024
# With many tokens a chunk computes for long: this many chunks at least, for threads to share.
_CHUNKS_LEAST = 16


class Writer:
    """Operations over a model's weights and a step's buffers."""

    def __init__(
        self,
        config: DecoderConfig,
        weights: CpuWeights,
        adapters: LayerAdapters,
        kernels: Kernels,
        buffers: Buffers,
        geometry: Geometry,
    ) -> None:
        self._config, self._weights, self._kernels = config, weights, kernels
        self._adapters, self._buffers, self._geometry = adapters, buffers, geometry
        self._operations: list[Operation] = []

    def body(self) -> list[Operation]:
        """From token ids to the normalised last hidden states."""
        self._operations = []
        self._embed(self._weights.embed)
        for index, layer in enumerate(self._weights.layers):
            self._attention(index, layer)
            self._mlp(index, layer)
        final = self._norm_arguments(self._weights.norm, self._buffers.x)
        arguments = pack_arguments(rows.ADD_NORM_FIELDS, **final, **self._buffers.final.written())
        self._add("final_norm", arguments, counted=program.LOGITS)
        return self._operations

    def head(self) -> list[Operation]:
        """From there to logits."""
        self._operations = []
        head, logits = self._weights.head, self._buffers.logits
        self._take(self._buffers.final, head.form, counted=program.LOGITS)
        self._product(head, self._buffers.inputs, logits, counted=program.LOGITS)
        cap = float(self._config.logit_softcap)
        if cap:
            arguments = pack_arguments(
                rows.CAP_FIELDS, **logits.read(), width=logits.width, cap=cap
            )
            self._add("cap", arguments, counted=program.LOGITS)
        return self._operations

    def _add(
        self,
        kernel: str,
        arguments: Ints,
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
            **self._buffers.x.written(),
        )
        self._add(f"embed_{embed.form}", arguments)

    def _attention(self, index: int, layer: CpuLayer) -> None:
        buffers = self._buffers
        self._norm(layer.norms["attention"], layer.qkv.form, buffers.inputs)
        self._product(layer.qkv, buffers.inputs, buffers.wide)
        self._adapt(index, ("q_proj", "k_proj", "v_proj"), layer.qkv, buffers.wide)
        self._split_heads(index, layer)
        self._attend(index, layer)
        self._take(buffers.mixed, layer.out.form)
        self._change_by(index, "o_proj", layer.out, layer.norms.get("attention_out"))

    def _mlp(self, index: int, layer: CpuLayer) -> None:
        buffers = self._buffers
        self._norm(layer.norms["mlp"], layer.gate_up.form, buffers.inputs)
        if layer.router is not None:
            assert buffers.experts is not None
            self._sparse(layer, layer.router, buffers.experts)
            return
        self._product(layer.gate_up, buffers.inputs, buffers.wide)
        self._adapt(index, ("gate_proj", "up_proj"), layer.gate_up, buffers.wide)
        self._act(layer, buffers.wide, buffers.inputs)
        self._change_by(index, "down_proj", layer.down, layer.norms.get("mlp_out"))

    def _act(
        self, layer: CpuLayer, wide: Rows, inputs: Inputs, counted: int = program.TOKENS
    ) -> None:
        half = layer.gate_up.rows // 2
        arguments = pack_arguments(
            rows.ACT_FIELDS,
            **wide.read(),
            width=half,
            up=half * 4,
            count_slot=counted,
            **inputs.written(layer.down.form),
        )
        name = f"{self._config.activation}_{input_form(layer.down.form)}"
        self._add(name, arguments, counted=counted)

    def _change_by(self, index: int, name: str, linear: Packed, norm: Floats | None) -> None:
        """Add a product to the hidden states, through a norm where the model has one there."""
        buffers = self._buffers
        out = buffers.x if norm is None else buffers.change
        self._product(linear, buffers.inputs, out, add=norm is None)
        self._adapt(index, (name,), linear, out)
        if norm is not None:
            arguments = pack_arguments(
                rows.ADD_NORM_FIELDS,
                **self._norm_arguments(norm, buffers.change),
                **buffers.x.written(),
            )
            self._add("add_norm", arguments)

    def _norm_arguments(self, weight: Floats, x: Rows) -> dict[str, float]:
        return {
            **x.read(),
            "weight": weight.ctypes.data,
            "width": x.width,
            "mean": 1.0 / self._config.hidden_size,
            "eps": float(self._config.eps),
        }

    def _norm(self, weight: Floats, form: str, inputs: Inputs) -> None:
        """The norm of the hidden states, for a product."""
        arguments = pack_arguments(
            rows.NORM_FIELDS,
            **self._norm_arguments(weight, self._buffers.x),
            **inputs.written(form),
        )
        self._add(f"norm_{input_form(form)}", arguments)

    def _take(self, source: Rows, form: str, *, counted: int = program.TOKENS) -> None:
        arguments = pack_arguments(
            rows.TAKE_FIELDS,
            **source.read(),
            width=source.width,
            count_slot=counted,
            **self._buffers.inputs.written(form),
        )
        self._add(f"take_{input_form(form)}", arguments, counted=counted)

    def _product_arguments(
        self, linear: Packed, inputs: Inputs, out: Rows, *, add: bool, counted: int
    ) -> tuple[dict[str, float], int]:
        """Arguments of a product, and the number of its chunks."""
        size = matmul.block_bytes(linear.form, linear.inner)
        by_bytes = max(1, _CHUNK_BYTES // size)
        per_chunk = min(by_bytes, max(1, linear.blocks // _CHUNKS_LEAST))
        arguments: dict[str, float] = {
            "weights": linear.data.ctypes.data,
            "blocks": linear.blocks,
            "depth": matmul.depth_of(linear.form, linear.inner),
            "block_bytes": size,
            "blocks_per_chunk": per_chunk,
            "bias": 0 if linear.bias is None else linear.bias.ctypes.data,
            "add": int(add),
            "count_slot": counted,
            **inputs.read(linear.form),
            **out.written(),
        }
        return arguments, -(-linear.blocks // per_chunk)

    def _product(
        self,
        linear: Packed,
        inputs: Inputs,
        out: Rows,
        *,
        add: bool = False,
        counted: int = program.TOKENS,
    ) -> None:
        found, chunks = self._product_arguments(linear, inputs, out, add=add, counted=counted)
        arguments = pack_arguments(matmul.LINEAR_FIELDS, **found)
        kernel = self._kernels.product("linear", linear.form)
        self._operations.append(Operation(kernel, arguments, program.FIXED, chunks))

    def _expert_product(self, linear: Packed, inputs: Inputs, out: Rows, held: Experts) -> None:
        counted = program.EXPERT_ROWS
        found, chunks = self._product_arguments(linear, inputs, out, add=False, counted=counted)
        arguments = pack_arguments(
            matmul.EXPERTS_FIELDS, **found, starts=held.starts.ctypes.data, chunks=chunks
        )
        kernel = self._kernels.product("experts", linear.form)
        total = chunks * self._config.experts
        self._operations.append(Operation(kernel, arguments, program.FIXED, total))

    def _sparse(self, layer: CpuLayer, router: Packed, held: Experts) -> None:
        config, buffers, form = self._config, self._buffers, layer.gate_up.form
        self._norm(layer.norms["mlp"], router.form, held.router_inputs)
        self._product(router, held.router_inputs, held.logits)
        tables = {
            "k": config.experts_per_token,
            "chosen": held.chosen.ctypes.data,
            "places": held.places.ctypes.data,
            "shares": held.shares.ctypes.data,
            "starts": held.starts.ctypes.data,
            "experts": config.experts,
        }
        choose = {**held.logits.read(), **tables, "normalise": int(config.normalise_experts)}
        self._add("choose_experts", _some(experts.CHOOSE_FIELDS, choose))
        self._add("sort_experts", _some(experts.SORT_FIELDS, tables), counted=program.FIXED, size=1)
        target = held.inputs.read(form)
        bring = {**buffers.inputs.read(form), **tables}
        bring |= {"to": target["x"], "to_scales": target["scales"], "to_sums": target["sums"]}
        bring |= {"to_stride": target["x_stride"], "to_groups_stride": target["groups_stride"]}
        self._add("bring_rows", _some(experts.BRING_FIELDS, bring))
        self._expert_product(layer.gate_up, held.inputs, held.wide, held)
        self._act(layer, held.wide, held.inner_inputs, program.EXPERT_ROWS)
        self._expert_product(layer.down, held.inner_inputs, held.out, held)
        combine = {**held.out.read(), **tables, **buffers.x.written(), "width": buffers.x.width}
        self._add("combine_experts", _some(experts.COMBINE_FIELDS, combine))

    def _adapt(self, index: int, names: tuple[str, ...], linear: Packed, out: Rows) -> None:
        """What adapters change in the parts of a product; nothing where no adapter does."""
        column = 0
        for name in names:
            table = self._adapters.table(index, name)
            if table.used:
                found = self._buffers.inputs.read(linear.form)
                found.pop("sums")
                arguments = pack_arguments(
                    ADAPT_FIELDS,
                    **found,
                    table=table.entries.ctypes.data,
                    width=whole(linear.inner),
                    out=out.address + column * 4,
                    out_stride=out.stride,
                )
                self._add(f"adapt_{input_form(linear.form)}", arguments)
            column += whole(table.rows) if name == "gate_proj" else table.rows

    def _cache_places(self, index: int) -> dict[str, float]:
        geometry, config = self._geometry, self._config
        dims = padded_dims(config.head_dim)
        return {
            "keys": index * 2 * geometry.part_bytes,
            "values": (index * 2 + 1) * geometry.part_bytes,
            "block_bytes": geometry.block_bytes,
            "block_size": geometry.block_size,
            "dims": dims,
            "head_dim": config.head_dim,
            "kv_heads": config.kv_heads,
            "q": self._buffers.queries.ctypes.data,
            "q_stride": config.heads * dims * 2,
        }

    def _split_heads(self, index: int, layer: CpuLayer) -> None:
        rotary = self._weights.rotaries[layer.kind.rotary]
        q_norm, k_norm = layer.norms.get("q"), layer.norms.get("k")
        arguments = pack_arguments(
            HEADS_FIELDS,
            **self._cache_places(index),
            qkv=self._buffers.wide.address,
            qkv_stride=self._buffers.wide.stride,
            heads=self._config.heads,
            q_norm=0 if q_norm is None else q_norm.ctypes.data,
            k_norm=0 if k_norm is None else k_norm.ctypes.data,
            mean=1.0 / self._config.head_dim,
            eps=float(self._config.eps),
            cos=rotary.cos.ctypes.data,
            sin=rotary.sin.ctypes.data,
            table_stride=rotary.cos.strides[0],
        )
        self._add("split_heads", arguments)

    def _attend(self, index: int, layer: CpuLayer) -> None:
        config = self._config
        arguments = pack_arguments(
            ATTENTION_FIELDS,
            **self._cache_places(index),
            group=config.heads // config.kv_heads,
            scale=float(config.query_scale or config.head_dim**-0.5),
            softcap=float(config.attention_softcap),
            window=layer.kind.window,
            **self._buffers.mixed.written(),
        )
        self._add("attention", arguments, counted=program.ITEMS, size=1)


def _some(fields: tuple[str, ...], found: dict[str, int]) -> Ints:
    return pack_arguments(fields, **{name: found[name] for name in fields})
