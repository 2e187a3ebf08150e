"""transformers' continuous batching on the card, for ml_gpu.py: prints tokens a second as JSON.

Needs torch and transformers. The model has Qwen3-8B's shape with random weights.
"""

from __future__ import annotations

import json
import time

import torch
from transformers import AutoModelForCausalLM, GenerationConfig, Qwen3Config

NEW_TOKENS = 64
DECODES = ((1, 128), (32, 1024), (256, 512))


def main() -> None:
    config = Qwen3Config(
        vocab_size=151_936, hidden_size=4096, intermediate_size=12_288, num_hidden_layers=36,
        num_attention_heads=32, num_key_value_heads=8, head_dim=128, tie_word_embeddings=False,
    )  # fmt: skip
    with torch.device("cuda"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()
    found = {}
    for batch, context in DECODES:
        # What more tokens cost, so that the reading of prompts falls out.
        few, many = (_seconds(model, batch, context, count) for count in (8, 8 + NEW_TOKENS))
        found[f"decode {batch}@{context}"] = batch * NEW_TOKENS / (many - few)
    print(json.dumps(found))


def _seconds(model, batch: int, context: int, count: int) -> float:
    settings = GenerationConfig(
        max_new_tokens=count, do_sample=False, eos_token_id=-1, pad_token_id=0
    )
    rows = [[(7 * row + place) % 150_000 for place in range(context)] for row in range(batch)]
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        model.generate_batch(inputs=rows, generation_config=settings)
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - began)
    return taken[-1]


if __name__ == "__main__":
    main()
