"""Lists the models and streams an answer with the stock openai package.

Run `volano up`, paste OPENAI_BASE_URL and OPENAI_API_KEY into your shell, then:

    pip install openai
    python examples/openai_chat.py "Tell me about Lucca." [MODEL]

Without MODEL the first model that can chat is used. The built-in one is for tests and writes
nonsense; `volano models pull NAME` gets a real one.
"""

import sys

from openai import OpenAI

client = OpenAI()
names = [model.id for model in client.models.list()]
chatty = [name for name in names if "minilm" not in name and "embed" not in name]
model = sys.argv[2] if len(sys.argv) > 2 else chatty[0]
print(f"models: {', '.join(names)}; using {model}\n")

stream = client.chat.completions.create(
    model=model,
    messages=[{"role": "user", "content": sys.argv[1]}],
    max_tokens=200,
    stream=True,
    stream_options={"include_usage": True},
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
    if chunk.usage:
        print(f"\n\n{chunk.usage.prompt_tokens} + {chunk.usage.completion_tokens} tokens")
