"""Qwen3-0.6B's shape in transformers on one thread; run by `ml_cpu.py` with another Python.

Prints one JSON line: tokens a second of CPU, and the rate of torch's own bfloat16 product.
"""

from __future__ import annotations

import json
import statistics
import time

import torch
from transformers import AutoModelForCausalLM, DynamicCache, Qwen3Config

CONTEXT, PROMPT, STEPS = 128, 512, 6


def main() -> None:
    torch.set_num_threads(1)
    config = Qwen3Config(
        vocab_size=151_936,
        hidden_size=1024,
        intermediate_size=3072,
        num_hidden_layers=28,
        num_attention_heads=16,
        num_key_value_heads=8,
        head_dim=128,
        tie_word_embeddings=True,
    )
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()
    with torch.inference_mode():
        found = {f"decode, batch {count}": decode(model, count) for count in (1, 8)}
        found["prompt of 512"] = prompt(model)
        found["prompt of 512, GFLOP/s of torch's product"] = product()
    print(json.dumps(found))


def decode(model: torch.nn.Module, count: int) -> float:
    cache = DynamicCache()
    model(torch.ones((count, CONTEXT), dtype=torch.long), past_key_values=cache, logits_to_keep=1)
    token = torch.ones((count, 1), dtype=torch.long)
    return count / timed(lambda: model(token, past_key_values=cache), STEPS)


def prompt(model: torch.nn.Module) -> float:
    tokens = torch.ones((1, PROMPT), dtype=torch.long)
    return PROMPT / timed(lambda: model(tokens, logits_to_keep=1), 3)


def product() -> float:
    x = torch.randn(PROMPT, 1024, dtype=torch.bfloat16)
    weight = torch.randn(3072, 1024, dtype=torch.bfloat16)
    return 2e-9 * PROMPT * 3072 * 1024 / timed(lambda: torch.nn.functional.linear(x, weight), 20)


def timed(call: object, times: int) -> float:
    call()
    taken = []
    for _ in range(times):
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
