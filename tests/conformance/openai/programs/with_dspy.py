"""DSPy: its language model asks, and counts what it used."""

import os

import dspy

lm = dspy.LM(
    "openai/volano-tiny-qwen3",
    api_base=os.environ["OPENAI_BASE_URL"],
    api_key=os.environ["OPENAI_API_KEY"],
    max_tokens=16,
    cache=False,
)
(said,) = lm("Say something.")
text = said["text"] if isinstance(said, dict) else said
assert isinstance(text, str)
assert lm.history[-1]["usage"]["completion_tokens"] > 0
