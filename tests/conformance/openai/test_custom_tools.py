"""Custom tools in chat and responses, and the hints that programs send along."""

from __future__ import annotations

import re

import openai
import pytest

MODEL = "volano-tiny-qwen3"
HELLO = {"role": "user", "content": "Hello"}
GRAMMAR = {"syntax": "regex", "definition": "(red|blue) [0-9]{1,3}"}


@pytest.fixture(scope="module")
def client(volano_sqlite):
    key = volano_sqlite.credentials["OPENAI_API_KEY"]
    with openai.OpenAI(api_key=key, base_url=f"{volano_sqlite.url}/v1", timeout=120) as made:
        yield made


def test_chat_writes_a_custom_tool_what_its_grammar_allows_and_takes_the_call_back(client):
    custom = {"name": "paint", "format": {"type": "grammar", "grammar": GRAMMAR}}
    words = {
        "model": MODEL,
        "messages": [HELLO],
        "tools": [{"type": "custom", "custom": custom}],
        "tool_choice": {"type": "custom", "custom": {"name": "paint"}},
        "max_tokens": 100,
        "temperature": 0,
    }
    made = client.chat.completions.create(**words).choices[0].message
    [call] = made.tool_calls
    assert (call.type, call.custom.name) == ("custom", "paint")
    assert re.fullmatch(GRAMMAR["definition"], call.custom.input)
    pieces = [
        piece.model_dump()["custom"]["input"]
        for chunk in client.chat.completions.create(**words, stream=True)
        for piece in chunk.choices[0].delta.tool_calls or ()
    ]
    assert "".join(pieces) == call.custom.input
    result = {"role": "tool", "tool_call_id": call.id, "content": "done"}
    more = client.chat.completions.create(
        model=MODEL, messages=[HELLO, made, result, HELLO], max_tokens=4
    )
    assert more.choices[0].finish_reason in ("stop", "length")


def test_responses_write_a_custom_tool_with_events_and_take_the_call_back(client):
    words = {
        "model": MODEL,
        "input": "Hello",
        "tools": [{"type": "custom", "name": "paint", "format": {"type": "grammar"} | GRAMMAR}],
        "tool_choice": {"type": "custom", "name": "paint"},
        "max_output_tokens": 100,
    }
    events = list(client.responses.create(**words, stream=True))
    kinds = [event.type for event in events]
    assert kinds.index("response.custom_tool_call_input.done") < len(kinds)
    pieces = [e.delta for e in events if e.type == "response.custom_tool_call_input.delta"]
    response = events[-1].response
    [call] = response.output
    assert (call.type, call.name) == ("custom_tool_call", "paint")
    assert "".join(pieces) == call.input
    assert re.fullmatch(GRAMMAR["definition"], call.input)
    result = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "done"}
    more = client.responses.create(
        model=MODEL, previous_response_id=response.id, input=[result], max_output_tokens=16
    )
    assert more.status in ("completed", "incomplete")


def test_hints_are_taken(client):
    made = client.chat.completions.create(
        model=MODEL,
        messages=[HELLO],
        max_tokens=4,
        verbosity="low",
        prompt_cache_retention="24h",
        stream=True,
        stream_options={"include_obfuscation": True},
    )
    assert all(chunk.model_dump()["obfuscation"] for chunk in made)
    response = client.responses.create(
        model=MODEL,
        input="Hello",
        max_output_tokens=16,
        text={"verbosity": "high"},
        prompt_cache_retention="24h",
        reasoning={"summary": "detailed"},
    )
    assert response.text.verbosity == "high"


def test_an_image_is_refused_by_its_place(client):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": [image]}], max_tokens=4
        )
    assert refused.value.param == "messages[0].content[0].type"
