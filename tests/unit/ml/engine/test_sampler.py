from __future__ import annotations

import numpy as np
import pytest

from volano.ml.engine.sampler import Sampler, Sampling

LOGITS = np.array([0.0, 3.0, 1.0, 2.0, -1.0, 2.5], dtype=np.float32)


def draw(count: int = 2000, **options: object) -> list[int]:
    sampler = Sampler(Sampling(seed=1, **options))
    return [sampler.choose(LOGITS).token_id for _ in range(count)]


def test_temperature_zero_is_greedy():
    assert set(draw(50, temperature=0.0)) == {1}


def test_top_k_keeps_the_k_likeliest():
    assert set(draw(top_k=3)) == {1, 5, 3}
    assert set(draw(50, top_k=1)) == {1}


def test_top_p_keeps_the_fewest_that_reach_it():
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum()
    two = float(shares[1] + shares[5])
    assert set(draw(top_p=two - 0.01)) == {1, 5}
    assert set(draw(top_p=two + 0.01)) == {1, 5, 3}
    assert set(draw(50, top_p=1e-9)) == {1}


def test_top_p_over_a_flat_vocabulary_larger_than_the_first_look():
    logits = np.zeros(5000, dtype=np.float32)
    sampler = Sampler(Sampling(seed=3, top_p=0.9))
    drawn = {sampler.choose(logits).token_id for _ in range(3000)}
    assert max(drawn) > 3000
    assert max(drawn) < 4501


def test_draws_follow_the_distribution():
    drawn = draw(20_000, temperature=2.0)
    shares = np.exp(LOGITS / 2) / np.exp(LOGITS / 2).sum()
    seen = np.bincount(drawn, minlength=6) / len(drawn)
    assert np.max(np.abs(seen - shares)) < 0.02


def test_the_same_seed_draws_the_same():
    assert draw(100) == draw(100)
    other = Sampler(Sampling(seed=2))
    assert draw(100) != [other.choose(LOGITS).token_id for _ in range(100)]


def test_logit_bias_bans_and_forces():
    assert 1 not in draw(logit_bias={1: -100.0})
    assert set(draw(50, logit_bias={4: 100.0})) == {4}


def test_frequency_penalty_grows_and_presence_penalty_does_not():
    sampler = Sampler(Sampling(temperature=0.0, frequency_penalty=0.4))
    # 3.0 against 2.5: the second time 2.6 still wins, the third time 2.2 loses.
    assert [sampler.choose(LOGITS).token_id for _ in range(3)] == [1, 1, 5]
    sampler = Sampler(Sampling(temperature=0.0, presence_penalty=0.4))
    assert [sampler.choose(LOGITS).token_id for _ in range(3)] == [1, 1, 1]


def test_logprobs_are_the_models_own_whatever_the_sampling():
    exact = LOGITS - np.log(np.exp(LOGITS.astype(np.float64)).sum())
    sampler = Sampler(Sampling(temperature=0.0, top_logprobs=2, logit_bias={4: 100.0}))
    chosen = sampler.choose(LOGITS)
    assert chosen.token_id == 4
    assert chosen.logprob == pytest.approx(exact[4], abs=1e-5)
    assert [id for id, _ in chosen.top] == [1, 5]
    assert [value for _, value in chosen.top] == pytest.approx([exact[1], exact[5]], abs=1e-5)


def test_no_logprobs_unless_wanted():
    chosen = Sampler(Sampling()).choose(LOGITS)
    assert chosen.logprob is None
    assert Sampler(Sampling(top_logprobs=0)).choose(LOGITS).top == ()
    assert len(Sampler(Sampling(top_logprobs=20)).choose(LOGITS).top) == 6
