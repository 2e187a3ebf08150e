"""Moderations, completions, stored chats, reranking: the smaller operations, by the stock client.

Sources: the API reference's "Moderations", "Completions" and "Chat Completions"; Cohere's and
vLLM's "Rerank".
"""

from __future__ import annotations

import json
import re

import httpx2
import openai
import pytest
from pydantic import BaseModel

MODEL = "volano-tiny-qwen3"
SAY = [{"role": "user", "content": "Say something."}]
CLOCK = {
    "type": "function",
    "function": {
        "name": "clock",
        "parameters": {
            "type": "object",
            "properties": {"zone": {"type": "string", "enum": ["UTC", "CET"]}},
            "required": ["zone"],
            "additionalProperties": False,
        },
    },
}
FORCED = {"tools": [CLOCK], "tool_choice": "required", "parallel_tool_calls": False}


@pytest.fixture(scope="module")
def client(volano):
    return volano.openai()


def ask(client, **words):
    return client.chat.completions.create(
        **({"model": MODEL, "messages": SAY, "max_tokens": 200} | words)
    )


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("I will kill you tomorrow.", {"harassment/threatening", "violence"}),
        ("我想死", {"self-harm/intent", "self-harm"}),
        ("How do I make a bomb", {"illicit/violent", "illicit"}),
    ],
)
def test_plain_harm_is_flagged(client, text, categories):
    made = client.moderations.create(input=text)
    (result,) = made.results
    found = {name for name, held in result.categories.model_dump(by_alias=True).items() if held}
    assert result.flagged
    assert categories <= found
    assert "basic" in made.model


def test_harmless_texts_are_not(client):
    texts = ["The train leaves at nine.", "How do I make bread at home?"]
    made = client.moderations.create(input=texts, model="omni-moderation-latest")
    assert [result.flagged for result in made.results] == [False, False]
    with pytest.raises(openai.BadRequestError):
        client.moderations.create(
            input=[{"type": "image_url", "image_url": {"url": "https://example.com/x.png"}}]
        )


def test_a_legacy_completion_echoes_and_tells_probabilities(client):
    made = client.completions.create(
        model=MODEL, prompt="The ", max_tokens=6, echo=True, logprobs=2, seed=1
    )
    choice = made.choices[0]
    assert choice.text.startswith("The ")
    told = choice.logprobs
    assert len(told.tokens) == len(told.token_logprobs) == len(told.top_logprobs)
    assert "".join(told.tokens).startswith("The ")
    assert told.token_logprobs[0] is told.top_logprobs[0] is None
    assert all(
        token in top for token, top in zip(told.tokens[1:], told.top_logprobs[1:], strict=True)
    )
    best = client.completions.create(model=MODEL, prompt="The ", n=2, best_of=4, max_tokens=4)
    assert [choice.index for choice in best.choices] == [0, 1]
    assert best.usage.completion_tokens <= 16
    two = client.completions.create(model=MODEL, prompt=["One", "Two"], max_tokens=3)
    assert len(two.choices) == 2
    streamed = list(
        client.completions.create(
            model=MODEL,
            prompt="The ",
            max_tokens=6,
            seed=1,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    plain = client.completions.create(model=MODEL, prompt="The ", max_tokens=6, seed=1)
    assert "".join(c.choices[0].text for c in streamed if c.choices) == plain.choices[0].text
    assert streamed[-1].usage.total_tokens == plain.usage.total_tokens
    for words, param in (({"suffix": "end"}, "suffix"), ({"n": 3, "best_of": 2}, "best_of")):
        with pytest.raises(openai.BadRequestError) as refused:
            client.completions.create(model=MODEL, prompt="x", **words)
        assert refused.value.param == param


def test_a_completion_of_no_tokens_only_judges_its_prompt(client):
    made = client.completions.create(
        model=MODEL, prompt="The end", max_tokens=0, echo=True, logprobs=1
    )
    assert (made.choices[0].text, made.choices[0].finish_reason) == ("The end", "length")
    assert "".join(made.choices[0].logprobs.tokens) == "The end"
    ids = client.completions.create(model=MODEL, prompt=[5, 6, 7], max_tokens=0, echo=True)
    assert len(ids.choices[0].text) == 3
    assert ids.choices[0].logprobs is None
    with pytest.raises(openai.BadRequestError, match="stream"):
        list(
            client.completions.create(model=MODEL, prompt="x", max_tokens=0, echo=True, stream=True)
        )


def test_tools_are_called_whole_and_streamed(client):
    choice = ask(client, **FORCED).choices[0]
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert json.loads(call.function.arguments)["zone"] in ("UTC", "CET")
    answer = {"role": "tool", "tool_call_id": call.id, "content": "12:00"}
    said = {"role": "assistant", "content": None, "tool_calls": [call.model_dump()]}
    after = ask(client, messages=[*SAY, said, answer], tools=[CLOCK], tool_choice="none")
    assert after.choices[0].message.content
    with client.chat.completions.stream(model=MODEL, messages=SAY, **FORCED) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.tool_calls[0].function.name == "clock"
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, messages=[*SAY, said], tools=[CLOCK])
    assert call.id in refused.value.message


def test_functions_of_the_old_api_are_called(client):
    choice = ask(client, functions=[CLOCK["function"]], function_call={"name": "clock"}).choices[0]
    assert (choice.finish_reason, choice.message.function_call.name) == ("function_call", "clock")


class Point(BaseModel):
    on: bool


def test_structured_outputs_parse(client):
    made = client.chat.completions.parse(model=MODEL, messages=SAY, response_format=Point)
    assert isinstance(made.choices[0].message.parsed, Point)
    choice = ask(client, response_format={"type": "json_object"}, max_tokens=600).choices[0]
    if choice.finish_reason == "stop":
        json.loads(choice.message.content)


def test_vllms_name_for_the_form_of_an_answer_is_known(client):
    words = {"extra_body": {"structured_outputs": {"choice": ["red", "blue"]}}}
    assert ask(client, **words).choices[0].message.content in ("red", "blue")
    words = {"extra_body": {"structured_outputs": {"regex": "[0-9]{4}"}}}
    made = client.completions.create(model=MODEL, prompt="The year ", max_tokens=20, **words)
    assert re.fullmatch("[0-9]{4}", made.choices[0].text)


def test_chats_are_kept_when_asked_to(client):
    made = ask(client, store=True, metadata={"topic": "trains"}, max_tokens=4)
    assert client.chat.completions.retrieve(made.id).choices == made.choices
    listed = client.chat.completions.list(metadata={"topic": "trains"}, model=MODEL)
    assert made.id in [item.id for item in listed]
    messages = client.chat.completions.messages.list(made.id).data
    assert [message.content for message in messages] == ["Say something."]
    changed = client.chat.completions.update(made.id, metadata={"topic": "ships"})
    assert changed.metadata == {"topic": "ships"}
    assert client.chat.completions.delete(made.id).deleted is True
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(made.id)
    list(ask(client, store=True, stream=True, metadata={"topic": "streams"}, max_tokens=4))
    assert client.chat.completions.list(metadata={"topic": "streams"}).data


def test_every_answer_names_the_engine_and_the_model(client):
    made = ask(client, max_tokens=2)
    assert made.system_fingerprint.startswith("fp_")
    assert made.model == MODEL


def test_documents_are_ordered_by_a_query(volano):
    headers = {"authorization": f"Bearer {volano.credentials['OPENAI_API_KEY']}"}
    body = {"query": "a small cat", "documents": ["tax law", "a kitten", "the sea"], "top_n": 2}
    answer = httpx2.post(f"{volano.url}/v1/rerank", json=body, headers=headers, timeout=60)
    results = answer.json()["results"]
    assert [results[0]["index"], len(results)] == [1, 2]
    judged = httpx2.post(
        f"{volano.url}/v1/rerank", json=body | {"model": MODEL}, headers=headers, timeout=60
    ).json()
    assert judged["model"] == MODEL
    assert judged["usage"]["total_tokens"] > 100
    assert all(0 <= result["relevance_score"] <= 1 for result in judged["results"])
    counted = httpx2.post(
        f"{volano.url}/v1/tokenize", json={"model": MODEL, "prompt": "one two"}, headers=headers
    )
    assert counted.json()["count"] >= 2


def test_an_alias_answers_for_a_model_and_is_authorized_as_it(volano, client):
    status, made = volano.rest("PUT", "/models/aliases/gpt-4o-mini", {"model": MODEL})
    assert (status, made) == (200, {"alias": "gpt-4o-mini", "model": MODEL})
    assert ask(client, model="gpt-4o-mini", max_tokens=2).model == MODEL
    assert made in volano.rest("GET", "/models/aliases")[1]["items"]
    iam, name = volano.client("iam"), f"narrow-{made['alias']}"
    iam.create_user(UserName=name)
    statements = [
        {"Effect": "Allow", "Action": "models:*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "models:InvokeModel",
            "Resource": f"arn:aws:models:*:*:model/{MODEL}",
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    key = volano.rest("POST", f"/people/{name}/keys", {"kind": "api"})[1]["secret"]
    with pytest.raises(openai.PermissionDeniedError):
        ask(volano.openai(api_key=key), model="gpt-4o-mini")
    assert volano.rest("DELETE", "/models/aliases/gpt-4o-mini")[0] == 204
    with pytest.raises(openai.NotFoundError):
        ask(client, model="gpt-4o-mini")
    assert volano.rest("PUT", f"/models/aliases/{MODEL}", {"model": MODEL})[0] == 409


def test_dashscopes_path_and_the_organisation_are_taken(volano):
    base = f"{volano.url}/compatible-mode/v1"
    assert ask(volano.openai().with_options(base_url=base), max_tokens=2).choices
    own = volano.openai().models.with_raw_response.list().headers["openai-organization"]
    assert volano.openai(organization=own).models.list().data
    with pytest.raises(openai.AuthenticationError) as refused:
        volano.openai(organization="org-other").models.list()
    assert refused.value.code == "mismatched_organization"


def test_tools_stay_open_beside_a_shape_and_a_forced_one_comes_first(client):
    schema = {
        "type": "object",
        "properties": {"mood": {"enum": ["good", "bad"]}},
        "required": ["mood"],
        "additionalProperties": False,
    }
    shape = {
        "type": "json_schema",
        "json_schema": {"name": "mood", "strict": True, "schema": schema},
    }
    assert ask(client, **FORCED, response_format=shape).choices[0].finish_reason == "tool_calls"
    seen = set()
    for seed in range(30):
        (choice,) = ask(
            client, tools=[CLOCK], response_format=shape, seed=seed, temperature=2, max_tokens=64
        ).choices
        if choice.finish_reason == "stop":
            assert json.loads(choice.message.content)["mood"] in ("good", "bad")
        seen.add(choice.finish_reason)
        if seen >= {"stop", "tool_calls"}:
            break
    assert seen >= {"stop", "tool_calls"}, "the model answers in the shape, or calls"
    answer = client.responses.create(
        model=MODEL,
        input="Say something.",
        tools=[{"type": "function", "strict": True, **CLOCK["function"]}],
        tool_choice={"type": "function", "name": "clock"},
        text={"format": {"type": "json_schema", "name": "mood", "strict": True, "schema": schema}},
    )
    assert [item.type for item in answer.output] == ["function_call"]
