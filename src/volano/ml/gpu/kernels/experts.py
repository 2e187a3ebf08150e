"""Mixture of experts: tokens sorted by expert, and one product over all experts' matrices.

Sizes of everything depend on the number of tokens alone, never on who chose whom, so that a step
needs no answer from the card and can be captured: rows come in tiles of one expert each, and there
are as many tiles as could ever be needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which pairs of token and expert go where.

    `order` (pairs,) are the pairs by expert, a pair being `token * experts_per_token + choice`;
    `tiles` (tiles, 3) int32 hold an expert, its tile's first place in `order`, and the end.
    """

    order: torch.Tensor
    tiles: torch.Tensor
    shares: torch.Tensor  # (tokens, experts_per_token)


@triton.jit
def _product(
    x, weight, out, order, tiles, inner, rows_out, per_token,
    tile_m: tl.constexpr, tile_n: tl.constexpr, tile_k: tl.constexpr,
):  # fmt: skip
    tile, column = tl.program_id(0), tl.program_id(1)
    expert = tl.load(tiles + tile * 3).to(tl.int64)
    first, end = tl.load(tiles + tile * 3 + 1), tl.load(tiles + tile * 3 + 2)
    if first < end:
        place = first + tl.arange(0, tile_m)
        live = place < end
        pair = tl.load(order + place, mask=live, other=0).to(tl.int64)
        n = column * tile_n + tl.arange(0, tile_n)
        k = tl.arange(0, tile_k)
        source = x + (pair // per_token)[:, None] * inner
        matrix = weight + expert * rows_out * inner + n.to(tl.int64)[None, :] * inner
        total = tl.zeros([tile_m, tile_n], tl.float32)
        for start in range(0, inner, tile_k):
            at = start + k
            left = tl.load(
                source + at[None, :], mask=live[:, None] & (at < inner)[None, :], other=0.0
            )
            right = tl.load(
                matrix + at[:, None],
                mask=(n < rows_out)[None, :] & (at < inner)[:, None],
                other=0.0,
            )
            total += tl.dot(left, right, input_precision="ieee")
        spot = out + pair[:, None] * rows_out + n[None, :]
        tl.store(spot, total.to(out.dtype.element_ty), mask=live[:, None] & (n < rows_out)[None, :])


def route(scores: torch.Tensor, per_token: int, *, normalise: bool) -> Route:
    """Each token's `per_token` best experts by scores (tokens, experts), sorted by expert."""
    tokens, experts = scores.shape
    shares, chosen = torch.topk(torch.softmax(scores.float(), dim=1), per_token, dim=1)
    if normalise:
        shares = shares / shares.sum(dim=1, keepdim=True)
    flat = chosen.reshape(-1)
    order = torch.argsort(flat, stable=True)
    counts = torch.zeros(experts, dtype=torch.int64, device=scores.device)
    counts.scatter_add_(0, flat, torch.ones_like(flat))
    size = _tile_rows(tokens * per_token, experts)
    ends = counts.cumsum(0)
    needed = (counts + size - 1) // size
    last = needed.cumsum(0)
    most = min(tokens * per_token, tokens * per_token // size + experts)
    tile = torch.arange(most, device=scores.device)
    expert = torch.searchsorted(last, tile, right=True).clamp_(max=experts - 1)
    within = tile - (last - needed)[expert]
    first = (ends - counts)[expert] + within * size
    # A tile beyond the last begins where it ends.
    end = torch.where(tile < last[-1], torch.minimum(first + size, ends[expert]), first)
    tiles = torch.stack((expert, first, end), dim=1).to(torch.int32).contiguous()
    return Route(order=order.to(torch.int32), tiles=tiles, shares=shares)


def experts_product(x: torch.Tensor, weight: torch.Tensor, where: Route) -> torch.Tensor:
    """Each pair's row of `x` times its expert's matrix of `weight` (experts, out, in).

    `x` has a row for each token or one for each pair; the answer is (pairs, out).
    """
    experts, rows_out, inner = weight.shape
    pairs = len(where.order)
    out = torch.empty(pairs, rows_out, dtype=x.dtype, device=x.device)
    size = _tile_rows(pairs, experts)
    grid = (len(where.tiles), triton.cdiv(rows_out, 64))
    _product[grid](
        x, weight, out, where.order, where.tiles, inner, rows_out, pairs // len(x),
        tile_m=size, tile_n=64, tile_k=64 if inner >= 64 else 16,
    )  # fmt: skip
    return out


def _tile_rows(pairs: int, experts: int) -> int:
    """Rows of a tile: few when each expert gets few."""
    return 16 if pairs <= 16 * experts else 64
