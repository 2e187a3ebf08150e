"""Attention over the paged cache: one kernel for decoding and for chunks of prompts.

A program takes a tile of one sequence's new rows with all query heads of one key head, and one of
`splits` pieces of the context; with more than one piece the pieces' results are put together by a
second kernel. The host only says where tiles begin (`items`), so that a captured graph works for
any lengths: a tile of no rows does nothing.

A cached block is [layers][keys, values][block_size][kv heads][head_dim], its number in `tables`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

if TYPE_CHECKING:
    from volano.ml.gpu.cache import GpuCache
    from volano.ml.layers.attention import Scoring

ITEM_FIELDS = 4  # first row, rows, position of the first row, where its blocks begin in `tables`


@triton.jit
def _attend(
    q, out, part, heads_of, items, tables, cache,
    q_stride, block_stride, layer_start, value_start, token_stride,
    scale, softcap, window, splits,
    block_size: tl.constexpr, group: tl.constexpr, dims: tl.constexpr, width: tl.constexpr,
    tile_m: tl.constexpr, tile_n: tl.constexpr, capped: tl.constexpr, windowed: tl.constexpr,
    whole: tl.constexpr,
):  # fmt: skip
    item, head, split = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    start = tl.load(items + item * 4)
    rows = tl.load(items + item * 4 + 1)
    first = tl.load(items + item * 4 + 2)
    table = tables + tl.load(items + item * 4 + 3)
    m = tl.arange(0, tile_m)
    d = tl.arange(0, width)
    row = m // group
    # A tile of no rows is padding: it gives zeros for its one row.
    live = row < tl.maximum(rows, 1)
    position = first + row
    place = (start + row).to(tl.int64) * q_stride + (head * group + m % group) * dims
    used = live[:, None] & (d < dims)[None, :]
    query = tl.load(q + place[:, None] + d[None, :], mask=used, other=0.0)
    end = first + rows
    begin = 0
    if windowed:
        begin = tl.maximum(first - window + 1, 0) // tile_n
    tiles = tl.cdiv(end, tile_n) - begin
    each = tl.cdiv(tiles, splits)
    low = begin + split * each
    high = tl.minimum(low + each, begin + tiles)
    top = tl.full([tile_m], float("-inf"), tl.float32)
    total = tl.zeros([tile_m], tl.float32)
    mixed = tl.zeros([tile_m, width], tl.float32)
    for tile in range(low, high):
        n = tile * tile_n + tl.arange(0, tile_n)
        there = n < end
        block = tl.load(table + n // block_size, mask=there, other=0).to(tl.int64)
        at = block * block_stride + layer_start + (n % block_size) * token_stride + head * dims
        inside = there[:, None] & (d < dims)[None, :]
        key = tl.load(cache + at[:, None] + d[None, :], mask=inside, other=0.0)
        score = tl.dot(query, tl.trans(key), input_precision="ieee") * scale
        if capped:
            score = (2 * tl.sigmoid(tl.maximum(2 * score / softcap, -80.0)) - 1) * softcap
        seen = (n[None, :] <= position[:, None]) & live[:, None]
        if windowed:
            seen = seen & (n[None, :] > position[:, None] - window)
        score = tl.where(seen, score, float("-inf"))
        best = tl.maximum(top, tl.max(score, 1))
        # A row may see nothing of this tile: its maximum stays minus infinity.
        known = tl.where(best == float("-inf"), 0.0, best)
        share = tl.exp(score - known[:, None])
        kept = tl.exp(top - known)
        value = tl.load(cache + value_start + at[:, None] + d[None, :], mask=inside, other=0.0)
        mixed = mixed * kept[:, None]
        mixed += tl.dot(share.to(value.dtype), value, input_precision="ieee")
        total = total * kept + tl.sum(share, 1)
        top = best
    line = (start + row).to(tl.int64) * heads_of + head * group + m % group
    if whole:
        mixed = mixed / tl.where(total > 0, total, 1.0)[:, None]
        spot = line * dims
        tl.store(out + spot[:, None] + d[None, :], mixed.to(out.dtype.element_ty), mask=used)
    else:
        spot = (line * splits + split) * (width + 2)
        tl.store(part + spot[:, None] + d[None, :], mixed, mask=live[:, None])
        tl.store(part + spot + width, top, mask=live)
        tl.store(part + spot + width + 1, total, mask=live)


@triton.jit
def _merge(part, out, splits, dims: tl.constexpr, width: tl.constexpr, splits_width: tl.constexpr):
    line = tl.program_id(0).to(tl.int64)
    d = tl.arange(0, width)
    split = tl.arange(0, splits_width)
    used = split < splits
    base = part + (line * splits + split) * (width + 2)
    top = tl.load(base + width, mask=used, other=float("-inf"))
    total = tl.load(base + width + 1, mask=used, other=0.0)
    best = tl.max(top, 0)
    kept = tl.where(top == float("-inf"), 0.0, tl.exp(top - tl.where(best > -1e30, best, 0.0)))
    sums = tl.load(base[:, None] + d[None, :], mask=used[:, None], other=0.0)
    mixed = tl.sum(sums * kept[:, None], 0) / tl.maximum(tl.sum(total * kept, 0), 1e-30)
    tl.store(out + line * dims + d, mixed.to(out.dtype.element_ty), mask=d < dims)


def paged_attention(
    q: torch.Tensor,
    cache: GpuCache,
    layer: int,
    scoring: Scoring,
    *,
    items: torch.Tensor,
    tables: torch.Tensor,
    tile_rows: int,
    splits: int,
) -> torch.Tensor:
    """Attention of rows `q` (tokens, heads * head_dim, ...) that are in the cache already.

    `items` (tiles, ITEM_FIELDS) and `tables` (all sequences' blocks, end to end) are int32; a tile
    holds up to `tile_rows` rows. Returns (tokens, heads * head_dim).
    """
    config = cache.config
    tokens, heads, dims = len(q), config.heads, config.head_dim
    group = heads // config.kv_heads
    width = max(16, triton.next_power_of_2(dims))
    out = torch.empty(tokens, heads * dims, dtype=q.dtype, device=q.device)
    whole = splits == 1
    size = 1 if whole else tokens * heads * splits * (width + 2)
    part = torch.empty(size, dtype=torch.float32, device=q.device)
    _attend[(len(items), config.kv_heads, splits)](
        q, out, part, heads, items, tables, cache.values,
        q.stride(0), cache.block_values, layer * cache.layer_values,
        cache.layer_values // 2, config.kv_size,
        scoring.scale, scoring.softcap or 1.0, scoring.window, splits,
        block_size=cache.block_size, group=group, dims=dims, width=width,
        tile_m=max(16, triton.next_power_of_2(tile_rows * group)), tile_n=tile_keys(width, q.dtype),
        capped=scoring.softcap > 0, windowed=scoring.window > 0, whole=whole,
        num_warps=4 if tile_rows * group <= 16 else 8,
    )  # fmt: skip
    if not whole:
        _merge[(tokens * heads,)](
            part, out, splits, dims=dims, width=width,
            splits_width=triton.next_power_of_2(splits),
        )  # fmt: skip
    return out


def tile_keys(width: int, dtype: torch.dtype) -> int:
    """Keys looked at together: as many as leave room for the next ones to be on their way."""
    size = width * dtype.itemsize
    return 64 if size <= 256 else 32
