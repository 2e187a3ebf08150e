"""Tokens chosen on the card are those that the host's sampler chooses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from volano.ml.engine.sampler import Sampler, Sampling
from volano.ml.gpu.sampling import choose_tokens

VOCAB = 700
ROWS = 24
WAYS = [
    {"temperature": 0.0},
    {"temperature": 1.0},
    {"temperature": 0.7, "top_k": 5},
    {"temperature": 1.3, "top_k": 40, "top_p": 0.8},
    {"temperature": 1.0, "top_p": 0.9},
    {"temperature": 1.0, "top_p": 0.1},
    {"temperature": 2.0, "min_p": 0.05},
    {"temperature": 1.0, "top_k": 300, "top_p": 0.95, "min_p": 0.01},
    {"temperature": 0.9, "repetition_penalty": 1.3, "frequency_penalty": 0.5},
    {"temperature": 0.9, "logit_bias": {3: 100.0, 4: 99.5, 9: -100.0}, "presence_penalty": 1.0},
]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("rough", [False, True], ids=["exact", "ties"])
@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
def test_the_card_chooses_what_the_host_chooses(card, way, rough, masked):
    random = np.random.default_rng(3)
    prompt = [5, 6, 7, 3]
    samplers = [
        [Sampler(Sampling(seed=seed, **way), prompt) for seed in range(ROWS)] for _ in range(2)
    ]
    for _ in range(3):
        logits = random.standard_normal((ROWS, VOCAB + 20)).astype(np.float32) * 3
        if rough:
            # As products in bfloat16 would give: many tokens are equally likely.
            logits = np.round(logits * 2) / 2
        allowed = random.random((ROWS, VOCAB)) < 0.3 if masked else [None] * ROWS
        ours = [
            sampler.choose(row[:VOCAB], may).token_id
            for sampler, row, may in zip(samplers[0], logits, allowed, strict=True)
        ]
        draws = [sampler.draw(may) for sampler, may in zip(samplers[1], allowed, strict=True)]
        with card.computing():
            given = torch.from_numpy(logits.copy()).to(card.device)
            found = choose_tokens(given, draws, VOCAB, card).cpu().tolist()
        assert found == ours
        for sampler, token in zip(samplers[1], found, strict=True):
            sampler.remember(token)
