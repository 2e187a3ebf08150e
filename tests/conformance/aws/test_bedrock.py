"""Bedrock's runtime and catalogue against unmodified boto3.

Source: the API references' "Converse", "ConverseStream", "InvokeModel" and "ListFoundationModels".
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

MODEL = "volano-tiny-qwen3"
EMBEDDER = "all-minilm-l6-v2"
ASK = [{"role": "user", "content": [{"text": "Say something."}]}]
CLOCK = {
    "toolSpec": {
        "name": "clock",
        "inputSchema": {
            "json": {
                "type": "object",
                "properties": {"zone": {"type": "string", "enum": ["UTC", "CET"]}},
                "required": ["zone"],
                "additionalProperties": False,
            }
        },
    }
}


@pytest.fixture(scope="module")
def runtime(volano):
    return volano.client("bedrock-runtime")


def converse(runtime, **words):
    return runtime.converse(
        **{"modelId": MODEL, "messages": ASK, "inferenceConfig": {"maxTokens": 12}} | words
    )


def test_a_conversation_is_answered(runtime):
    answer = converse(runtime, system=[{"text": "Be brief."}])
    message = answer["output"]["message"]
    assert message["role"] == "assistant"
    assert isinstance(message["content"][0]["text"], str)
    assert answer["stopReason"] in ("end_turn", "max_tokens")
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]


def test_a_stream_is_the_same_text(runtime):
    words = {"inferenceConfig": {"maxTokens": 12, "temperature": 0.0}}
    whole = converse(runtime, **words)
    events = list(runtime.converse_stream(modelId=MODEL, messages=ASK, **words)["stream"])
    names = [next(iter(event)) for event in events]
    assert names[0] == "messageStart"
    assert names[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    text = "".join(
        e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e
    )
    assert text == whole["output"]["message"]["content"][0]["text"]
    assert events[-1]["metadata"]["usage"]["outputTokens"] == whole["usage"]["outputTokens"]


def test_a_tool_is_used_and_answered(runtime):
    config = {"tools": [CLOCK], "toolChoice": {"tool": {"name": "clock"}}}
    answer = converse(runtime, toolConfig=config, inferenceConfig={"maxTokens": 400})
    uses = [part["toolUse"] for part in answer["output"]["message"]["content"] if "toolUse" in part]
    assert uses[0]["input"]["zone"] in ("UTC", "CET")
    results = [
        {"toolResult": {"toolUseId": use["toolUseId"], "content": [{"text": "12:00"}]}}
        for use in uses
    ]
    after = converse(
        runtime,
        messages=[*ASK, answer["output"]["message"], {"role": "user", "content": results}],
    )
    assert after["output"]["message"]["content"]


def test_models_are_invoked_with_the_bodies_of_their_makers(runtime):
    def invoke(model, body):
        answer = runtime.invoke_model(modelId=model, body=json.dumps(body))
        return json.loads(answer["body"].read())

    chat = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}
    assert invoke(MODEL, chat)["choices"][0]["message"]["role"] == "assistant"
    llama = invoke(MODEL, {"prompt": "The ", "max_gen_len": 4})
    assert llama["generation_token_count"] <= 4
    titan = {"inputText": "The ", "textGenerationConfig": {"maxTokenCount": 4}}
    assert invoke(MODEL, titan)["results"][0]["outputText"]
    assert len(invoke(EMBEDDER, {"inputText": "a cat"})["embedding"]) == 384
    streamed = runtime.invoke_model_with_response_stream(modelId=MODEL, body=json.dumps(chat))
    chunks = [json.loads(event["chunk"]["bytes"]) for event in streamed["body"]]
    assert chunks[-1]["choices"][0]["finish_reason"] in ("length", "stop")


def test_tokens_are_counted(runtime):
    counted = runtime.count_tokens(modelId=MODEL, input={"converse": {"messages": ASK}})
    answer = runtime.converse(modelId=MODEL, messages=ASK, inferenceConfig={"maxTokens": 1})
    assert counted["inputTokens"] == answer["usage"]["inputTokens"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"modelId": "amazon.nova-lite-v1:0"}, "ResourceNotFoundException"),
        ({"modelId": EMBEDDER}, "ValidationException"),
        (
            {"guardrailConfig": {"guardrailIdentifier": "abc", "guardrailVersion": "1"}},
            "ValidationException",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"image": {"format": "png", "source": {"bytes": b"x"}}}],
                    }
                ]
            },
            "ValidationException",
        ),
        (
            {"messages": [{"role": "user", "content": [{"text": "long " * 20_000}]}]},
            "ValidationException",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_bedrocks_words(runtime, words, code):
    with pytest.raises(ClientError) as refused:
        converse(runtime, **words)
    assert refused.value.response["Error"]["Code"] == code, refused.value


def test_the_catalogue_lists_the_models(volano):
    client = volano.client("bedrock")
    found = {m["modelId"]: m for m in client.list_foundation_models()["modelSummaries"]}
    assert found[MODEL]["outputModalities"] == ["TEXT"]
    only = client.list_foundation_models(byOutputModality="EMBEDDING")["modelSummaries"]
    assert {model["modelId"] for model in only} == {EMBEDDER}
