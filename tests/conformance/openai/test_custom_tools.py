"""Custom tools in chat and responses, and the hints that programs send along."""

from __future__ import annotations

import re

import openai
import pytest

MODEL = "volano-tiny-qwen3"
HELLO = {"role": "user", "content": "Hello"}
GRAMMAR = {"syntax": "regex", "definition": "(red|blue) [0-9]{1,3}"}
LARK = {
    "syntax": "lark",
    "definition": 'start: "say" " " WORD ("\\n\\"" WORD){1,2}\nWORD: /[a-z]{1,6}/',
}
SAID = re.compile(r'say [a-z]{1,6}(\n"[a-z]{1,6}){1,2}')


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


def test_a_lark_grammar_shapes_the_text_of_a_call_in_chat_and_in_responses(client):
    custom = {"name": "speak", "format": {"type": "grammar", "grammar": LARK}}
    made = client.chat.completions.create(
        model=MODEL,
        messages=[HELLO],
        tools=[{"type": "custom", "custom": custom}],
        tool_choice="required",
        parallel_tool_calls=False,
        max_tokens=200,
    )
    [call] = made.choices[0].message.tool_calls
    assert SAID.fullmatch(call.custom.input)
    response = client.responses.create(
        model=MODEL,
        input="Hello",
        tools=[{"type": "custom", "name": "speak", "format": {"type": "grammar"} | LARK}],
        tool_choice={"type": "custom", "name": "speak"},
        max_output_tokens=200,
    )
    assert SAID.fullmatch(response.output[0].input)


@pytest.mark.parametrize("definition", ["start: nothing", "start: <|im_end|>", "start: /[a/"])
def test_a_grammar_that_cannot_be_followed_is_refused(client, definition):
    format = {"type": "grammar", "grammar": {"syntax": "lark", "definition": definition}}
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(
            model=MODEL,
            messages=[HELLO],
            tools=[{"type": "custom", "custom": {"name": "speak", "format": format}}],
        )
    assert refused.value.code == "invalid_grammar"


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


def test_an_image_is_refused_by_its_place_and_told_what_is_possible(client):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with pytest.raises(openai.BadRequestError, match="send parts of the type `text`") as refused:
        client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": [image]}], max_tokens=4
        )
    assert refused.value.param == "messages[0].content[0].type"
    assert refused.value.code == "unsupported_parameter"
    shown = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    with pytest.raises(openai.BadRequestError, match="document as `input_file`") as refused:
        client.responses.create(model=MODEL, input=[{"role": "user", "content": [shown]}])
    assert refused.value.param == "input[0].content[0].type"
