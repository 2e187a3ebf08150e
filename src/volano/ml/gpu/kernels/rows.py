"""Small kernels over rows: norms with the residual, rotation with the cache's writing, activation.

They take one pass over what a chain of PyTorch operations would read and write several times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from volano.ml.gpu.kernels import lines_of

if TYPE_CHECKING:
    from volano.ml.gpu.cache import GpuCache
    from volano.ml.models.decoder import Activation


@triton.jit
def _normed(x, weight, at, used, size, eps):
    scale = tl.rsqrt(tl.sum(x * x, 1) / size + eps)
    return x * scale[:, None] * tl.load(weight + at, mask=used, other=0.0).to(tl.float32)[None, :]


@triton.jit
def _add_norm(
    hidden, change, change_weight, weight, out, rows, size, eps,
    lines: tl.constexpr, width: tl.constexpr, adds: tl.constexpr, sandwich: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0) * lines + tl.arange(0, lines)
    at = tl.arange(0, width)
    used = at < size
    live = (row < rows)[:, None] & used[None, :]
    spot = row.to(tl.int64)[:, None] * size + at[None, :]
    x = tl.load(hidden + spot, mask=live, other=0.0).to(tl.float32)
    if adds:
        more = tl.load(change + spot, mask=live, other=0.0).to(tl.float32)
        if sandwich:
            more = _normed(more, change_weight, at, used, size, eps)
        # What is kept is what is normed: both see the rounding of the residual.
        kept = (x + more).to(hidden.dtype.element_ty)
        tl.store(hidden + spot, kept, mask=live)
        x = kept.to(tl.float32)
    normed = _normed(x, weight, at, used, size, eps)
    tl.store(out + spot, normed.to(out.dtype.element_ty), mask=live)


@triton.jit
def _rotate_store(
    qkv, q_norm, k_norm, cos, sin, positions, slots, cache,
    tokens, stride, block_stride, layer_start, value_start, token_stride, heads, kv_heads, eps,
    block_size: tl.constexpr, dims: tl.constexpr, half: tl.constexpr, half_width: tl.constexpr,
    lines: tl.constexpr, normed: tl.constexpr,
):  # fmt: skip
    line = tl.program_id(0) * lines + tl.arange(0, lines)
    places = heads + 2 * kv_heads
    token, head = line // places, line % places
    live = token < tokens
    i = tl.arange(0, half_width)[None, :]
    used = live[:, None] & (i < half)
    spot = qkv + (token.to(tl.int64) * stride + head * dims)[:, None] + i
    first = tl.load(spot, mask=used, other=0.0).to(tl.float32)
    second = tl.load(spot + half, mask=used, other=0.0).to(tl.float32)
    turns = head < heads + kv_heads
    turning = used & turns[:, None]
    is_query = (head < heads)[:, None]
    if normed:
        square = tl.sum(first * first, 1) + tl.sum(second * second, 1)
        scale = tl.where(turns, tl.rsqrt(square / dims + eps), 1.0)[:, None]
        of_query, of_key = used & is_query, turning & (head >= heads)[:, None]
        # Each line finds its weight in one of two loads; values keep theirs.
        low = tl.load(q_norm + i, mask=of_query, other=0.0).to(tl.float32)
        low += tl.load(k_norm + i, mask=of_key, other=0.0).to(tl.float32)
        high = tl.load(q_norm + half + i, mask=of_query, other=0.0).to(tl.float32)
        high += tl.load(k_norm + half + i, mask=of_key, other=0.0).to(tl.float32)
        first = tl.where(turns[:, None], first * scale * low, first)
        second = tl.where(turns[:, None], second * scale * high, second)
    position = tl.load(positions + token, mask=live, other=0)
    angle = position[:, None] * half + i
    c = tl.load(cos + angle, mask=turning, other=1.0)
    s = tl.load(sin + angle, mask=turning, other=0.0)
    low = first * c - second * s
    high = second * c + first * s
    tl.store(spot, low.to(qkv.dtype.element_ty), mask=used & is_query)
    tl.store(spot + half, high.to(qkv.dtype.element_ty), mask=used & is_query)
    # A row of padding has no place in the cache.
    slot = tl.load(slots + token, mask=live, other=-1).to(tl.int64)
    kept = used & ((head >= heads) & (slot >= 0))[:, None]
    kind = tl.where(turns, 0, value_start)
    at = slot // block_size * block_stride + layer_start + kind
    at += slot % block_size * token_stride + (head + kv_heads - heads) % kv_heads * dims
    at = at[:, None] + i
    tl.store(cache + at, low.to(cache.dtype.element_ty), mask=kept)
    tl.store(cache + at + half, high.to(cache.dtype.element_ty), mask=kept)


@triton.jit
def _activate(gate_up, out, values, inner, tile: tl.constexpr, gelu: tl.constexpr):
    at = tl.program_id(0).to(tl.int64) * tile + tl.arange(0, tile)
    used = at < values
    spot = at // inner * 2 * inner + at % inner
    gate = tl.load(gate_up + spot, mask=used, other=0.0).to(tl.float32)
    up = tl.load(gate_up + spot + inner, mask=used, other=0.0).to(tl.float32)
    inside = gate
    if gelu:
        # x * (1 + tanh(y)) / 2 is x * sigmoid(2 * y).
        inside = 1.5957691216057308 * (gate + 0.044715 * gate * gate * gate)
    act = gate * tl.sigmoid(tl.maximum(inside, -80.0))
    tl.store(out + at, (act * up).to(out.dtype.element_ty), mask=used)


def add_norm(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    eps: float,
    *,
    change: torch.Tensor | None = None,
    change_weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """Add `change` (itself normed where it has a weight) to `hidden` in place; the sum, normed."""
    rows, size = hidden.shape
    out = torch.empty_like(hidden)
    width = triton.next_power_of_2(size)
    lines = min(lines_of(width), triton.next_power_of_2(rows))
    _add_norm[(triton.cdiv(rows, lines),)](
        hidden, hidden if change is None else change,
        weight if change_weight is None else change_weight, weight, out, rows, size, eps,
        lines=lines, width=width, adds=change is not None, sandwich=change_weight is not None,
        num_warps=min(16, max(4, width // 512)),
    )  # fmt: skip
    return out


def rotate_store(
    qkv: torch.Tensor,
    norms: tuple[torch.Tensor, torch.Tensor] | None,
    rotary: tuple[torch.Tensor, torch.Tensor],
    cache: GpuCache,
    layer: int,
    *,
    positions: torch.Tensor,
    slots: torch.Tensor,
) -> None:
    """Norm and rotate q and k of `qkv`; q stays there, k and v go to the tokens' slots.

    `qkv` is (tokens, all heads * head_dim); a slot of -1 is written nowhere.
    """
    config = cache.config
    q_norm, k_norm = norms or (rotary[0], rotary[0])
    places = len(qkv) * (config.heads + 2 * config.kv_heads)
    half_width = triton.next_power_of_2(config.head_dim // 2)
    lines = min(lines_of(2 * half_width), triton.next_power_of_2(places))
    _rotate_store[(triton.cdiv(places, lines),)](
        qkv, q_norm, k_norm, *rotary, positions, slots, cache.values,
        len(qkv), qkv.stride(0), cache.block_values, layer * cache.layer_values,
        cache.layer_values // 2, config.kv_size, config.heads, config.kv_heads, config.eps,
        block_size=cache.block_size, dims=config.head_dim, half=config.head_dim // 2,
        half_width=half_width, lines=lines, normed=norms is not None,
    )  # fmt: skip


def activate(gate_up: torch.Tensor, activation: Activation) -> torch.Tensor:
    """The activated first half of each row times the second."""
    rows, both = gate_up.shape
    inner = both // 2
    out = torch.empty(rows, inner, dtype=gate_up.dtype, device=gate_up.device)
    tile = min(lines_of(1), triton.next_power_of_2(rows * inner))
    _activate[(triton.cdiv(rows * inner, tile),)](
        gate_up, out, rows * inner, inner, tile=tile, gelu=activation == "gelu_tanh"
    )
    return out
