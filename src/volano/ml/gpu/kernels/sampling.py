"""The next tokens, chosen on the card as `engine.sampler` chooses them on the host.

The host gives each row its share, a number between 0 and 1 from the request's own generator; the
token is the one at which the running sum of the kept weights passes that share of their sum. So a
seed gives the same answer here and there, but for the rounding of sums. Thresholds of top-k and
top-p are found on the bits of the logits, two at a time, without sorting.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from volano.ml.gpu.kernels import lines_of

GREEDY_BELOW = tl.constexpr(1e-5)


@triton.jit
def _key(x):
    """A number that grows with the float, from 0 to 2**32."""
    bits = x.to(tl.int32, bitcast=True)
    return (bits ^ ((bits >> 31) & 0x7FFFFFFF)).to(tl.int64) + 2147483648


@triton.jit
def _value(key):
    bits = (key - 2147483648).to(tl.int32)
    return (bits ^ ((bits >> 31) & 0x7FFFFFFF)).to(tl.float32, bitcast=True)


@triton.jit
def _weights(x, best, temperature, min_p):
    weight = tl.exp((x - best) / temperature)
    return tl.where(weight >= min_p, weight, 0.0).to(tl.float64)


@triton.jit
def _at_least(
    row, vocab, best, temperature, min_p, key, step, weighted: tl.constexpr, tile: tl.constexpr
):
    """Counts, or weights, of tokens from `key` on, from a step later, and from two."""
    first = tl.full([], 0.0, tl.float64)
    second = tl.full([], 0.0, tl.float64)
    third = tl.full([], 0.0, tl.float64)
    for start in range(0, vocab, tile):
        i = start + tl.arange(0, tile)
        x = tl.load(row + i, mask=i < vocab, other=float("-inf"))
        if weighted:
            weight = _weights(x, best, temperature, min_p)
        else:
            weight = tl.where(i < vocab, 1.0, 0.0).to(tl.float64)
        keys = _key(x)
        first += tl.sum(tl.where(keys >= key, weight, 0.0), 0)
        second += tl.sum(tl.where(keys >= key + step, weight, 0.0), 0)
        third += tl.sum(tl.where(keys >= key + 2 * step, weight, 0.0), 0)
    return first, second, third


@triton.jit
def _threshold(
    row, vocab, best, temperature, min_p, wanted, floor,
    weighted: tl.constexpr, tile: tl.constexpr,
):  # fmt: skip
    """The greatest key from which on tokens reach what is wanted; `floor` does at least."""
    key = tl.full([], 0, tl.int64)
    step = tl.full([], 1 << 30, tl.int64)
    for _ in range(16):
        first, second, third = _at_least(
            row, vocab, best, temperature, min_p, key + step, step, weighted, tile
        )
        digit = ((first >= wanted) | (key + step <= floor)).to(tl.int64)
        digit += ((second >= wanted) | (key + 2 * step <= floor)).to(tl.int64)
        digit += ((third >= wanted) | (key + 3 * step <= floor)).to(tl.int64)
        key += digit * step
        step = step // 4
    return key


@triton.jit
def _kept(row, vocab, best, temperature, min_p, top_k, top_p, tile: tl.constexpr):
    """Kept are all tokens above a key and the first few equal to it: both, and their weight."""
    key = tl.full([], 0, tl.int64)
    equals = tl.full([], 0.0, tl.float64)
    if (top_k > 0) & (top_k < vocab):
        wanted = top_k.to(tl.float64)
        key = _threshold(
            row, vocab, best, temperature, min_p, wanted, key - 1, weighted=False, tile=tile
        )
        above, _, _ = _at_least(
            row, vocab, best, temperature, min_p, key + 1, 0, weighted=False, tile=tile
        )
        equals = wanted - above
    total, _, _ = _at_least(
        row, vocab, best, temperature, min_p, key + 1, 0, weighted=True, tile=tile
    )
    each = tl.where(key > 0, _weights(_value(key), best, temperature, min_p), 0.0)
    total += equals * each
    if top_p < 1:
        wanted = top_p.to(tl.float64) * total
        floor = key
        key = _threshold(
            row, vocab, best, temperature, min_p, wanted, floor, weighted=True, tile=tile
        )
        above, _, _ = _at_least(
            row, vocab, best, temperature, min_p, key + 1, 0, weighted=True, tile=tile
        )
        each = _weights(_value(key), best, temperature, min_p)
        needed = tl.ceil((wanted - above) / tl.where(each > 0, each, 1.0))
        needed = tl.maximum(needed, 1.0)
        equals = tl.where(key == floor, tl.minimum(equals, needed), needed)
        total = above + equals * each
    return key, equals, total


@triton.jit
def _choose(logits, numbers, counts, out, vocab, stride, tile: tl.constexpr):
    program = tl.program_id(0)
    row = logits + program.to(tl.int64) * stride
    temperature = tl.load(numbers + program * 4)
    top_p = tl.load(numbers + program * 4 + 1)
    min_p = tl.load(numbers + program * 4 + 2)
    share = tl.load(numbers + program * 4 + 3).to(tl.float64)
    top_k = tl.load(counts + program)
    best = tl.full([], float("-inf"), tl.float32)
    chosen = tl.full([], 0, tl.int32)
    for start in range(0, vocab, tile):
        i = start + tl.arange(0, tile)
        x = tl.load(row + i, mask=i < vocab, other=float("-inf"))
        here = tl.max(x, 0)
        place = tl.min(tl.where(x == here, i, vocab), 0)
        chosen = tl.where(here > best, place, chosen)
        best = tl.maximum(best, here)
    if temperature >= GREEDY_BELOW:
        key, equals, total = _kept(row, vocab, best, temperature, min_p, top_k, top_p, tile)
        target = share * total
        before = tl.full([], 0.0, tl.float64)
        seen = tl.full([], 0.0, tl.float64)
        found = tl.full([], 2147483647, tl.int32)
        last = chosen
        for start in range(0, vocab, tile):
            i = start + tl.arange(0, tile)
            x = tl.load(row + i, mask=i < vocab, other=float("-inf"))
            keys = _key(x)
            weight = _weights(x, best, temperature, min_p)
            equal = tl.where(keys == key, 1.0, 0.0).to(tl.float64)
            kept = (keys > key) | ((keys == key) & (seen + tl.cumsum(equal, 0) <= equals))
            weight = tl.where(kept & (i < vocab), weight, 0.0)
            reached = before + tl.cumsum(weight, 0)
            hits = (weight > 0) & (reached > target)
            found = tl.minimum(found, tl.min(tl.where(hits, i, 2147483647), 0))
            last = tl.maximum(last, tl.max(tl.where(weight > 0, i, 0), 0))
            before += tl.sum(weight, 0)
            seen += tl.sum(equal, 0)
        # Rounding at the very end: the last token that can be drawn.
        chosen = tl.where(found < vocab, found, last)
    tl.store(out + program, chosen)


@triton.jit
def _adjust(logits, rows, ids, factors, adds, size, stride, tile: tl.constexpr):
    i = tl.program_id(0) * tile + tl.arange(0, tile)
    used = i < size
    place = tl.load(rows + i, mask=used, other=0).to(tl.int64) * stride
    place += tl.load(ids + i, mask=used, other=0)
    x = tl.load(logits + place, mask=used, other=0.0)
    factor = tl.load(factors + i, mask=used, other=1.0)
    x = tl.where(x > 0, x / factor, x * factor) + tl.load(adds + i, mask=used, other=0.0)
    tl.store(logits + place, x, mask=used)


@triton.jit
def _mask(logits, rows, bits, vocab, stride, words, tile: tl.constexpr):
    i = tl.program_id(1) * tile + tl.arange(0, tile)
    used = i < vocab
    row = tl.load(rows + tl.program_id(0)).to(tl.int64)
    word = tl.load(bits + tl.program_id(0) * words + i // 8, mask=used, other=0).to(tl.int32)
    refused = ((word >> (i % 8)) & 1) == 0
    minus = tl.full([tile], float("-inf"), tl.float32)
    tl.store(logits + row * stride + i, minus, mask=used & refused)


def choose(
    logits: torch.Tensor, numbers: torch.Tensor, counts: torch.Tensor, vocab: int
) -> torch.Tensor:
    """A token id (rows,) int32 for each row of `logits` (rows, vocab or more).

    `numbers` (rows, 4) are temperature, top-p, min-p and share; `counts` (rows,) are top-k.
    """
    out = torch.empty(len(logits), dtype=torch.int32, device=logits.device)
    tile = min(lines_of(1), triton.next_power_of_2(vocab))
    _choose[(len(logits),)](
        logits, numbers, counts, out, vocab, logits.stride(0), tile=tile, num_warps=8
    )
    return out


def adjust(
    logits: torch.Tensor, places: torch.Tensor, factors: torch.Tensor, adds: torch.Tensor
) -> None:
    """Divide (or, below zero, multiply) logits by factors, then add; `places` (2, n) are rows, ids.

    A place may be named once.
    """
    size = places.shape[1]
    tile = min(lines_of(4), triton.next_power_of_2(size))
    _adjust[(triton.cdiv(size, tile),)](
        logits, places[0], places[1], factors, adds, size, logits.stride(0), tile=tile
    )


def mask(logits: torch.Tensor, rows: torch.Tensor, bits: torch.Tensor, vocab: int) -> None:
    """Leave those tokens of the named rows whose bit of `bits` (rows, bytes) is set."""
    tile = min(lines_of(1), triton.next_power_of_2(vocab))
    _mask[(len(rows), triton.cdiv(vocab, tile))](
        logits, rows, bits, vocab, logits.stride(0), bits.shape[1], tile=tile
    )
