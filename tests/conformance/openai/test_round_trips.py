"""What the SDK answered goes back as it is: the loop of every program that chats or calls tools."""

from __future__ import annotations

import openai
import pytest
from pydantic import BaseModel

MODEL = "volano-tiny-qwen3"
HELLO = {"role": "user", "content": "Hello"}


class Verdict(BaseModel):
    ok: bool


@pytest.fixture(scope="module")
def client(volano_sqlite):
    key = volano_sqlite.credentials["OPENAI_API_KEY"]
    with openai.OpenAI(api_key=key, base_url=f"{volano_sqlite.url}/v1", timeout=120) as made:
        yield made


def again(client, *said) -> str:
    """The answer to a conversation that goes on with the answer before."""
    messages = [HELLO, *said, {"role": "user", "content": "Go on"}]
    made = client.chat.completions.create(model=MODEL, messages=messages, max_tokens=4)
    return made.choices[0].finish_reason


def test_a_message_goes_back(client):
    made = client.chat.completions.create(model=MODEL, messages=[HELLO], max_tokens=4)
    message = made.choices[0].message
    assert again(client, message) in ("stop", "length")
    assert again(client, message.model_dump()) in ("stop", "length")


# The SDK's own note, when it writes what it parsed.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_a_parsed_message_goes_back(client):
    made = client.chat.completions.parse(
        model=MODEL, messages=[HELLO], response_format=Verdict, max_tokens=60
    )
    message = made.choices[0].message
    assert isinstance(message.parsed, Verdict)
    assert again(client, message) in ("stop", "length")


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_parsed_calls_and_their_results_go_back(client):
    made = client.chat.completions.parse(
        model=MODEL,
        messages=[HELLO],
        tools=[openai.pydantic_function_tool(Verdict)],
        tool_choice="required",
        parallel_tool_calls=False,
        max_tokens=200,
    )
    message = made.choices[0].message
    [call] = message.tool_calls
    assert isinstance(call.function.parsed_arguments, Verdict)
    result = {"role": "tool", "tool_call_id": call.id, "content": "seen"}
    assert again(client, message, result) in ("stop", "length")


def test_output_items_go_back(client):
    made = client.responses.parse(
        model=MODEL, input="Hello", text_format=Verdict, max_output_tokens=60
    )
    assert isinstance(made.output_parsed, Verdict)
    more = [HELLO, *made.output, {"role": "user", "content": "Go on"}]
    assert client.responses.create(model=MODEL, input=more, max_output_tokens=16).id
