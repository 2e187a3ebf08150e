"""The small kernels and attention in plain PyTorch: what the Triton kernels must equal.

Triton's interpreter takes a second for what a card does in a microsecond, so the tests of the
engine, which are about everything else, use these where there is no card.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import gelu, silu

from volano.ml.engine import sampler


def add_norm(hidden, weight, eps, *, change=None, change_weight=None):
    def normed(x, weight):
        x = x.float()
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight.float()

    if change is not None:
        more = change.float() if change_weight is None else normed(change, change_weight)
        hidden.copy_(hidden.float() + more)
    return normed(hidden, weight).to(hidden.dtype)


def rotate_store(qkv, norms, rotary, cache, layer, *, positions, slots):
    config = cache.config
    heads, kv_heads, dims = config.heads, config.kv_heads, config.head_dim
    lines = qkv.view(len(qkv), -1, dims)
    turned = lines[:, : heads + kv_heads].float()
    if norms is not None:
        turned = turned * torch.rsqrt(turned.square().mean(-1, keepdim=True) + config.eps)
        q_norm, k_norm = (norm.float() for norm in norms)
        turned = torch.cat((turned[:, :heads] * q_norm, turned[:, heads:] * k_norm), dim=1)
    cos, sin = (table[positions.long()][:, None] for table in rotary)
    first, second = turned.chunk(2, dim=-1)
    turned = torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)
    lines[:, :heads] = turned[:, :heads].to(qkv.dtype)
    kept = slots >= 0
    slot = slots[kept].long()
    values = cache.values.view(-1, config.layers, 2, cache.block_size, kv_heads, dims)
    block, offset = slot // cache.block_size, slot % cache.block_size
    values[block, layer, 0, offset] = turned[kept, heads:].to(values.dtype)
    values[block, layer, 1, offset] = lines[kept, heads + kv_heads :].to(values.dtype)


def paged_attention(q, cache, layer, scoring, *, items, tables, tile_rows, splits):
    config = cache.config
    heads, kv_heads, dims = config.heads, config.kv_heads, config.head_dim
    out = torch.zeros(len(q), heads * dims, dtype=q.dtype)
    queries = q[:, : heads * dims].view(len(q), heads, dims).float()
    held = cache.values.view(-1, config.layers, 2, cache.block_size, kv_heads, dims)
    for start, rows, first, table in items.tolist():
        if not rows:
            continue
        end = first + rows
        blocks = tables[table : table + -(-end // cache.block_size)].long()
        both = held[blocks, layer].float().transpose(0, 1).reshape(2, -1, kv_heads, dims)[:, :end]
        keys, values = both.repeat_interleave(heads // kv_heads, dim=2)
        scores = torch.einsum("rhd,nhd->hrn", queries[start : start + rows], keys) * scoring.scale
        if scoring.softcap:
            scores = torch.tanh(scores / scoring.softcap) * scoring.softcap
        at, n = torch.arange(first, end)[:, None], torch.arange(end)[None]
        seen = (n <= at) & ((n > at - scoring.window) if scoring.window else True)
        shares = torch.softmax(scores.masked_fill(~seen, float("-inf")), dim=-1)
        mixed = torch.einsum("hrn,nhd->rhd", shares, values).reshape(rows, -1)
        out[start : start + rows] = mixed.to(q.dtype)
    return out


def activate(gate_up, activation):
    gate, up = gate_up.float().chunk(2, dim=-1)
    act = silu(gate) if activation == "silu" else gelu(gate, approximate="tanh")
    return (act * up).to(gate_up.dtype)


def choose(logits, numbers, counts, vocab):
    """As `engine.sampler` picks, row by row, each with its own share."""
    found = []
    for row, (temperature, top_p, min_p, share), top_k in zip(
        logits[:, :vocab].numpy(), numbers.tolist(), counts.tolist(), strict=True
    ):
        if temperature < sampler.GREEDY_BELOW:
            found.append(int(row.argmax()))
            continue
        kept = np.arange(vocab)
        if 0 < top_k < vocab:
            kept = np.sort(sampler._likeliest(row, top_k))
        weights = np.exp((row[kept] - row[kept].max()) / np.float32(temperature))
        weights[weights < np.float32(min_p)] = 0
        weights = sampler._top_p(weights, top_p) if top_p < 1 else weights
        found.append(int(kept[sampler._draw(weights, share)]))
    return torch.tensor(found, dtype=torch.int32)


KERNELS = {
    "add_norm": add_norm,
    "rotate_store": rotate_store,
    "paged_attention": paged_attention,
    "activate": activate,
}
