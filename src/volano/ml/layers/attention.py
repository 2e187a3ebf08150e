"""Attention: over a paged cache for decoders, over padded rows for encoders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from volano.ml.layers.arrays import Floats, Ints

# Scores of one slice of queries stay under this many bytes, whatever the chunk and the context.
SCORES_BYTES_MAX = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """How scores are made: scale, the cap of tanh (0: none) and the window seen (0: all)."""

    scale: float
    softcap: float = 0.0
    window: int = 0


def paged_attention(
    q: Floats, cache: Floats, block_table: Ints, context: int, scoring: Scoring
) -> Floats:
    """Causal grouped-query attention of the last rows of one sequence over its cached context.

    `q` is (rows, heads, head_dim), its last row being position `context - 1`. `cache` is
    (2, blocks, block_size, kv_heads, head_dim), keys then values, already holding these rows.
    `block_table` names the sequence's blocks in order. Returns (rows, heads, head_dim).
    """
    rows, heads, head_dim = q.shape
    kv_heads = cache.shape[3]
    held = cache[:, block_table].reshape(2, -1, kv_heads, head_dim)[:, :context]
    keys = held[0].transpose(1, 2, 0)  # (kv_heads, head_dim, context)
    values = held[1].transpose(1, 0, 2)  # (kv_heads, context, head_dim)
    out = np.empty_like(q)
    step = max(1, SCORES_BYTES_MAX // (4 * heads * context))
    for start in range(0, rows, step):
        part = q[start : start + step]
        first_position = context - rows + start
        out[start : start + step] = _attend(part, keys, values, first_position, scoring)
    return out


def _attend(
    q: Floats, keys: Floats, values: Floats, first_position: int, scoring: Scoring
) -> Floats:
    rows, heads, head_dim = q.shape
    kv_heads, _, context = keys.shape
    group = heads // kv_heads
    split = q.reshape(rows, kv_heads, group, head_dim).transpose(1, 2, 0, 3)
    grouped = split.reshape(kv_heads, group * rows, head_dim)
    scores = np.matmul(grouped, keys) * np.float32(scoring.scale)
    scores = softcap(scores, scoring.softcap).reshape(kv_heads, group, rows, context)
    last_seen = first_position + np.arange(rows)[:, None]
    position = np.arange(context)[None, :]
    seen = position <= last_seen
    if scoring.window:
        seen &= position > last_seen - scoring.window
    scores = np.where(seen, scores, np.float32(-np.inf))
    weights = softmax(scores).reshape(kv_heads, group * rows, context)
    mixed = np.matmul(weights, values).reshape(kv_heads, group, rows, head_dim)
    result: Floats = mixed.transpose(2, 0, 1, 3).reshape(rows, heads, head_dim)
    return result


def softcap(x: Floats, cap: float) -> Floats:
    """Squeeze into (-cap, cap) by tanh; a cap of 0 changes nothing."""
    if not cap:
        return x
    capped: Floats = np.tanh(x / np.float32(cap)) * np.float32(cap)
    return capped


def padded_attention(q: Floats, k: Floats, v: Floats, mask: Floats) -> Floats:
    """Full attention over padded rows; all are (batch, heads, tokens, head_dim).

    `mask` (batch, tokens) is 0 for a token and -inf for padding; each row has a token.
    """
    scores = np.matmul(q, k.transpose(0, 1, 3, 2)) * np.float32(q.shape[-1] ** -0.5)
    mixed: Floats = np.matmul(softmax(scores + mask[:, None, None, :]), v)
    return mixed


def softmax(x: Floats) -> Floats:
    """Over the last axis, shifted by the maximum."""
    shifted = np.exp(x - np.max(x, axis=-1, keepdims=True))
    shares: Floats = shifted / np.sum(shifted, axis=-1, keepdims=True)
    return shares
