"""Responses and conversations against the unmodified SDK, sync and async.

Source: the API reference's "Responses", "Streaming events" and "Conversations". The model is the
tiny test model: what it says means nothing, how it is said is what is tested.
"""

from __future__ import annotations

import json
import time
from typing import Literal

import openai
import pytest
from pydantic import BaseModel

MODEL = "volano-tiny-qwen3"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Bern", "Oslo"]}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


@pytest.fixture(scope="module")
def client(volano):
    return volano.openai()


def ask(client, **words):
    return client.responses.create(
        **({"model": MODEL, "input": "Say something.", "max_output_tokens": 40} | words)
    )


def test_a_response_has_every_field_the_sdk_reads(client):
    made = ask(client, temperature=0)
    assert made.object == "response"
    assert made.status in ("completed", "incomplete")
    message = made.output[-1]
    assert (message.type, message.role) == ("message", "assistant")
    assert made.output_text == message.content[0].text
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens
    assert (made.tool_choice, made.truncation, made.parallel_tool_calls) == (
        "auto",
        "disabled",
        True,
    )
    assert (made.model, made.error) == (MODEL, None)
    assert made.engine
    if made.status == "incomplete":
        assert made.incomplete_details.reason == "max_output_tokens"


def test_a_response_is_kept_and_forgotten(client):
    made = ask(client, metadata={"a": "b"})
    assert client.responses.retrieve(made.id) == made
    items = client.responses.input_items.list(made.id).data
    assert [(item.role, item.content[0].text) for item in items] == [("user", "Say something.")]
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    gone = ask(client, store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(gone.id)


def test_a_stream_has_every_event_in_order(client):
    events = list(ask(client, temperature=0, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    deltas = kinds.count("response.output_text.delta")
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * deltas,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        kinds[-1],
    ]
    assert kinds[-1] in ("response.completed", "response.incomplete")
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert events[-1].response.output_text == text == ask(client, temperature=0).output_text
    assert client.responses.retrieve(events[-1].response.id) == events[-1].response


def test_the_sdks_stream_helper_puts_it_together(client):
    words = {"tools": [WEATHER], "tool_choice": "required", "parallel_tool_calls": False}
    with client.responses.stream(model=MODEL, input="x", **words) as stream:
        for _ in stream:
            pass
        call = stream.get_final_response().output[-1]
    assert call.parsed_arguments["city"] in ("Bern", "Oslo")


def test_a_response_follows_another_and_a_conversation(client):
    first = ask(client, input="The word is apple.")
    second = ask(client, previous_response_id=first.id, input="What is the word?")
    assert second.previous_response_id == first.id
    assert second.usage.input_tokens > first.usage.input_tokens
    conversation = client.conversations.create(
        items=[{"type": "message", "role": "user", "content": "Hello."}], metadata={"k": "v"}
    )
    made = ask(client, conversation=conversation.id, input="Go on.")
    assert made.conversation.id == conversation.id
    roles = [item.role for item in client.conversations.items.list(conversation.id, order="asc")]
    assert roles == ["user", "user", "assistant"]
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, conversation=conversation.id, previous_response_id=first.id)
    assert refused.value.param == "previous_response_id"
    with pytest.raises(openai.BadRequestError) as missing:
        ask(client, previous_response_id="resp_none")
    assert missing.value.code == "previous_response_not_found"


def test_items_may_be_referred_to(client):
    first = ask(client)
    made = ask(
        client,
        input=[
            {"role": "user", "content": "x"},
            {"type": "item_reference", "id": first.output[-1].id},
            {"role": "user", "content": "y"},
        ],
    )
    assert made.status in ("completed", "incomplete")


def test_conversations_have_items(client):
    made = client.conversations.create()
    assert (made.object, made.metadata) == ("conversation", {})
    assert client.conversations.update(made.id, metadata={"a": "1"}).metadata == {"a": "1"}
    added = client.conversations.items.create(
        made.id,
        items=[
            {"role": "user", "content": "one"},
            {"type": "message", "role": "assistant", "content": "two"},
        ],
    )
    assert [item.content[0].text for item in added.data] == ["one", "two"]
    one = client.conversations.items.retrieve(added.first_id, conversation_id=made.id)
    assert one.content[0].text == "one"
    left = client.conversations.items.delete(added.first_id, conversation_id=made.id)
    assert left.id == made.id
    assert [i.id for i in client.conversations.items.list(made.id, limit=1)] == [added.last_id]
    assert client.conversations.retrieve(made.id).metadata == {"a": "1"}
    assert client.conversations.delete(made.id).deleted is True
    with pytest.raises(openai.NotFoundError):
        client.conversations.items.list(made.id)


def test_a_function_is_called_and_its_output_taken(client):
    forced = {"tools": [WEATHER], "tool_choice": "required", "parallel_tool_calls": False}
    made = ask(client, **forced, max_output_tokens=200)
    call = made.output[-1]
    assert (call.type, call.name, call.status) == ("function_call", "get_weather", "completed")
    assert json.loads(call.arguments)["city"] in ("Bern", "Oslo")
    after = ask(
        client,
        tools=[WEATHER],
        tool_choice="none",
        previous_response_id=made.id,
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}],
    )
    assert after.output[-1].type == "message"
    with pytest.raises(openai.BadRequestError):
        ask(client, previous_response_id=made.id, input="no output of the call")


def test_a_function_call_is_streamed(client):
    events = list(
        ask(
            client,
            tools=[WEATHER],
            tool_choice="required",
            parallel_tool_calls=False,
            max_output_tokens=200,
            stream=True,
        )
    )
    kinds = [event.type for event in events]
    start = kinds.index("response.output_item.added")
    added = [e for e in events if e.type == "response.output_item.added"][-1]
    assert added.item.type == "function_call"
    deltas = "".join(e.delta for e in events if e.type == "response.function_call_arguments.delta")
    done = next(e for e in events if e.type == "response.function_call_arguments.done")
    assert done.arguments == deltas
    assert kinds[-2:] == ["response.output_item.done", "response.completed"]
    assert start > 1


class Answer(BaseModel):
    city: Literal["Bern", "Oslo"]
    warm: bool


def test_structured_output_is_parsed(client):
    made = client.responses.parse(
        model=MODEL, input="Tell me.", text_format=Answer, max_output_tokens=400
    )
    assert isinstance(made.output_parsed, Answer)
    assert made.text.format.name == "Answer"


def test_a_model_that_does_not_reason_says_so(client):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, reasoning={"effort": "low"})
    assert "does not reason" in refused.value.message
    assert ask(client, reasoning={"effort": "none"}, include=["reasoning.encrypted_content"]).output


def test_the_background_makes_a_response(client):
    made = ask(client, background=True)
    assert made.status == "queued"
    events = list(client.responses.retrieve(made.id, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:3]] == [
        "response.created",
        "response.queued",
        "response.in_progress",
    ]
    final = client.responses.retrieve(made.id)
    assert final.status in ("completed", "incomplete")
    assert final.output_text == events[-1].response.output_text
    late = list(client.responses.retrieve(made.id, stream=True, starting_after=4))
    assert late == events[5:]
    assert client.responses.cancel(made.id).status == final.status


def test_a_response_of_the_background_is_cancelled(client):
    many = {"tools": [WEATHER], "tool_choice": "required", "max_output_tokens": 1500}
    made = ask(client, background=True, **many)
    assert client.responses.cancel(made.id).status == "cancelled"
    assert client.responses.retrieve(made.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError):
        client.responses.cancel(ask(client).id)


def test_a_response_whose_client_left_is_kept_as_what_it_became(client):
    many = {"tools": [WEATHER], "tool_choice": "required", "max_output_tokens": 1500}
    stream = ask(client, stream=True, **many)
    id = next(iter(stream)).response.id
    stream.close()
    deadline = time.monotonic() + 120
    while True:
        try:
            status = client.responses.retrieve(id).status
            break
        except openai.NotFoundError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert status in ("cancelled", "completed", "incomplete")  # it may have been done already


def test_files_are_searched_on_the_models_call(client):
    file = client.files.create(
        file=("facts.txt", b"The tower is 41 metres high."), purpose="assistants"
    )
    store = client.vector_stores.create()
    client.vector_stores.files.create_and_poll(
        file.id, vector_store_id=store.id, poll_interval_ms=100
    )
    search = {"type": "file_search", "vector_store_ids": [store.id]}
    events = list(
        ask(
            client,
            tools=[search],
            tool_choice={"type": "file_search"},
            include=["file_search_call.results"],
            max_output_tokens=300,
            stream=True,
        )
    )
    kinds = [event.type for event in events]
    at = kinds.index("response.file_search_call.in_progress")
    assert kinds[at : at + 2] == [
        "response.file_search_call.in_progress",
        "response.file_search_call.searching",
    ]
    item = next(
        e.item
        for e in events
        if e.type == "response.output_item.done" and e.item.type == "file_search_call"
    )
    assert item.queries
    assert all(result.file_id == file.id for result in item.results)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    client.vector_stores.delete(store.id)


def test_a_file_is_read_into_the_prompt(client):
    file = client.files.create(file=("note.txt", b"The code is 7421. " * 20), purpose="user_data")
    part = {"type": "input_file", "file_id": file.id}
    words = {"role": "user", "content": [{"type": "input_text", "text": "Code?"}, part]}
    assert ask(client, input=[words]).usage.input_tokens > ask(client).usage.input_tokens + 50
    with pytest.raises(openai.NotFoundError):
        ask(client, input=[{"role": "user", "content": [part | {"file_id": "file-none"}]}])


def test_tokens_are_counted_as_they_are_billed(client):
    tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
    store = client.vector_stores.create(name="counted")
    for words in (
        {"input": "one two three"},
        {"input": [{"role": "user", "content": "one"}], "instructions": "Be brief."},
        {"input": "one", "tools": [tool], "text": {"verbosity": "low"}},
        {"input": "one", "tools": [{"type": "file_search", "vector_store_ids": [store.id]}]},
    ):
        counted = client.responses.input_tokens.count(model=MODEL, **words)
        asked = client.responses.create(
            model=MODEL, max_output_tokens=16, tool_choice="none", store=False, **words
        )
        if "tools" in words:  # the model is not shown tools that it may not call
            assert counted.input_tokens > asked.usage.input_tokens
        else:
            assert counted.input_tokens == asked.usage.input_tokens
    with_tool = client.responses.create(
        model=MODEL, input="one", tools=[tool], max_output_tokens=16, store=False
    )
    counted = client.responses.input_tokens.count(model=MODEL, input="one", tools=[tool])
    assert counted.input_tokens == with_tool.usage.input_tokens
    longer_than_the_context = client.responses.input_tokens.count(model=MODEL, input="go " * 9000)
    assert longer_than_the_context.input_tokens > 9000


def test_long_inputs_are_compacted(client):
    made = client.responses.compact(
        model=MODEL,
        input=[
            {"role": "user", "content": "Remember 12."},
            {"role": "assistant", "content": "I do."},
        ],
    )
    assert [item.type for item in made.output] == ["message", "compaction"]
    kept = [item.model_dump(warnings=False) for item in made.output]
    again = ask(client, input=kept)
    assert again.status in ("completed", "incomplete")
    with pytest.raises(openai.BadRequestError):
        ask(client, input=[{"type": "compaction", "encrypted_content": "bm90aGluZw=="}])


def test_a_kept_prompt_is_filled_and_brings_its_model(client, volano):
    _, made = volano.rest(
        "POST",
        "/prompts",
        {"name": "guide", "instructions": "Speak of {{topic}} only.", "model": MODEL},
    )
    try:
        answer = client.responses.create(
            prompt={"id": made["id"], "variables": {"topic": "lava"}},
            input="Say something.",
            max_output_tokens=40,
        )
        assert answer.instructions == "Speak of lava only."
        assert answer.model == MODEL
        assert answer.prompt is not None
        assert (answer.prompt.id, answer.prompt.version) == (made["id"], "1")
        with pytest.raises(openai.BadRequestError) as refused:
            ask(client, prompt={"id": made["id"]})
        assert refused.value.param == "prompt.variables"
        _, listed = volano.rest("GET", "/prompts")
        assert made["id"] in [item["id"] for item in listed["items"]]
    finally:
        status, _ = volano.rest("DELETE", f"/prompts/{made['id']}")
    assert status in (200, 204)


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "image_generation"}]}, "tools[0].type"),
        ({"tools": [{"type": "code_interpreter"}]}, "tools[0].container"),
        ({"max_output_tokens": 3}, "max_output_tokens"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"temperature": 3}, "temperature"),
        ({"truncation": "never"}, "truncation"),
        ({"include": ["nothing"]}, "include[0]"),
        ({"background": True, "store": False}, "background"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"reasoning": {"effort": "immense"}}, "reasoning.effort"),
        ({"input": [{"role": "wizard", "content": "x"}]}, "input[0].role"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
            "input[0].content[0].type",
        ),
        ({"extra_body": {"wishes": 3}}, "wishes"),
    ],
)
def test_a_bad_parameter_is_named(client, words, param):
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, **words)
    assert refused.value.param == param, refused.value.message


def test_a_prompt_over_the_context_is_an_http_error_also_when_streamed(client):
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as refused:
            ask(client, input="long " * 20_000, stream=stream)
        assert refused.value.code == "context_length_exceeded"
    assert ask(client, input="long " * 20_000, truncation="auto").output


async def test_the_asynchronous_client_streams(volano):
    async with openai.AsyncOpenAI(
        base_url=f"{volano.url}/v1", api_key=volano.credentials["OPENAI_API_KEY"], max_retries=0
    ) as client:
        stream = await client.responses.create(
            model=MODEL, input="x", max_output_tokens=16, stream=True
        )
        kinds = [event.type async for event in stream]
    assert kinds[0] == "response.created"
