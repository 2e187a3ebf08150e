from __future__ import annotations

import math

import numpy as np
import pytest

from volano.ml.layers import attention
from volano.ml.layers.activation import erf, gelu, silu
from volano.ml.layers.norm import layer_norm, rms_norm
from volano.ml.layers.rope import Rotary, RotarySpec

SCORING = attention.Scoring(scale=8**-0.5)


def test_erf_is_within_a_millionth():
    x = np.linspace(-6, 6, 2001, dtype=np.float32)
    exact = np.array([math.erf(float(value)) for value in x])
    assert np.max(np.abs(erf(x) - exact)) < 1e-6


def test_activations_hold_for_extreme_inputs():
    x = np.array([-1e4, -1.0, 0.0, 1.0, 1e4], dtype=np.float32)
    assert silu(x) == pytest.approx([0, -0.26894143, 0, 0.7310586, 1e4], abs=1e-6)
    assert gelu(x) == pytest.approx([0, -0.15865526, 0, 0.8413447, 1e4], abs=1e-6)


def test_norms_do_what_their_names_say():
    x = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32) * 5 + 2
    ones, zeros = np.ones(8, dtype=np.float32), np.zeros(8, dtype=np.float32)
    assert np.mean(rms_norm(x, ones, 1e-6) ** 2, axis=1) == pytest.approx(np.ones(3), abs=1e-4)
    normal = layer_norm(x, ones, zeros, 1e-12)
    assert normal.mean(axis=1) == pytest.approx(np.zeros(3), abs=1e-5)
    assert normal.std(axis=1) == pytest.approx(np.ones(3), abs=1e-4)


def test_rotation_keeps_length_and_depends_on_distance_only():
    rotary = Rotary(RotarySpec(theta=10_000.0), head_dim=8, max_positions=64)
    q, k = np.random.default_rng(1).standard_normal((2, 1, 1, 8)).astype(np.float32)

    def score(a: int, b: int) -> float:
        turned = rotary.rotate(q, np.array([a])), rotary.rotate(k, np.array([b]))
        return float(np.sum(turned[0] * turned[1]))

    assert np.linalg.norm(rotary.rotate(q, np.array([50]))) == pytest.approx(np.linalg.norm(q))
    assert score(5, 2) == pytest.approx(score(40, 37), abs=1e-4)
    assert score(5, 2) != pytest.approx(score(5, 3), abs=1e-4)


def test_attention_in_slices_equals_attention_at_once(monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(2)
    cache = random.standard_normal((2, 6, 4, 2, 8)).astype(np.float32)
    q = random.standard_normal((10, 4, 8)).astype(np.float32)
    table = np.array([3, 0, 5, 1])
    whole = attention.paged_attention(q, cache, table, 14, SCORING)
    monkeypatch.setattr(attention, "SCORES_BYTES_MAX", 4 * 4 * 14 * 3)  # three rows at a time
    assert np.max(np.abs(attention.paged_attention(q, cache, table, 14, SCORING) - whole)) < 1e-6


def test_attention_does_not_see_the_future():
    random = np.random.default_rng(3)
    cache = random.standard_normal((2, 2, 4, 2, 8)).astype(np.float32)
    q = random.standard_normal((5, 4, 8)).astype(np.float32)
    table = np.array([0, 1])
    before = attention.paged_attention(q, cache, table, 5, SCORING)
    cache[:, 1] = 99
    after = attention.paged_attention(q, cache, table, 5, SCORING)
    assert np.array_equal(before[:4], after[:4])
    assert not np.array_equal(before[4], after[4])
