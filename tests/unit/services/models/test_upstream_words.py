"""What an upstream is asked, by its kind, and what its answers and errors mean."""

from __future__ import annotations

import json

import pytest

from volano.kernel.errors import (
    DeadlineExceeded,
    Invalid,
    QuotaExceeded,
    Throttled,
    Unavailable,
)
from volano.kernel.inference import Generate, Grammar, ModelFiles, Tool
from volano.services.models.logic.structured_outputs import structured_grammar
from volano.services.models.logic.upstream_answers import Reading, error_of, events_of
from volano.services.models.logic.upstream_requests import body_of, path_of

FILES = ModelFiles(name="m", source="upstream:x/m", task="generate")
SAY = ({"role": "user", "content": "hi"},)


def body(kind="vllm", **words):
    request = Generate(request_id="r", model=FILES, **({"messages": SAY} | words))
    return json.loads(body_of(request, "remote", kind))


def test_only_what_differs_from_the_defaults_is_sent():
    assert body(max_tokens=5) == {
        "model": "remote",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 5,
    }


def test_names_differ_by_kind():
    assert body("openai", max_tokens=5)["max_completion_tokens"] == 5
    assert body("vllm", reasoning=False)["chat_template_kwargs"] == {"enable_thinking": False}
    assert body("dashscope", reasoning=True, reasoning_tokens_max=9)["thinking_budget"] == 9
    assert body("openai", reasoning=True, reasoning_tokens_max=256)["reasoning_effort"] == "minimal"
    assert body("openai", reasoning=True)["reasoning_effort"] == "high"
    assert body("openai", reasoning=False)["reasoning_effort"] == "none"
    assert body("vllm", top_k=4, min_p=0.1, ignore_eos=True)["top_k"] == 4


@pytest.mark.parametrize(
    ("kind", "words", "param"),
    [
        ("openai", {"top_k": 4}, "top_k"),
        ("dashscope", {"min_p": 0.1}, "min_p"),
        ("openai", {"repetition_penalty": 1.2}, "repetition_penalty"),
        ("openai", {"grammar": Grammar(kind="regex", text="a")}, "structured_outputs"),
        ("vllm", {"tools": (Tool(name="look", input_grammar='start: "a"'),)}, "tools"),
    ],
)
def test_what_a_kind_does_not_read_is_refused_by_name(kind, words, param):
    with pytest.raises(Invalid) as refused:
        body(kind, **words)
    assert refused.value.fields["param"] == param


def test_tools_formats_and_completions_are_translated():
    tool = Tool(name="look", description="d", parameters={"type": "object"}, strict=True)
    grammar = Grammar(kind="json_schema", text='{"type": "object"}')
    sent = body(tools=(tool,), tool_choice="look", parallel_tool_calls=False, grammar=grammar)
    assert sent["tools"][0]["function"]["strict"] is True
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "look"}}
    assert sent["parallel_tool_calls"] is False
    assert sent["response_format"]["json_schema"]["schema"] == {"type": "object"}
    request = Generate(request_id="r", model=FILES, prompt="once", echo=True, top_logprobs=2)
    assert path_of(request) == "/completions"
    sent = json.loads(body_of(request, "remote", "vllm"))
    assert (sent["prompt"], sent["echo"], sent["logprobs"]) == ("once", True, 2)


@pytest.mark.parametrize(
    ("grammar", "words"),
    [
        (Grammar(kind="regex", text="a+"), {"regex": "a+"}),
        (Grammar(kind="lark", text='start: "a"'), {"grammar": 'start: "a"'}),
        (Grammar(kind="choice", choices=("a", "b")), {"choice": ["a", "b"]}),
    ],
)
def test_a_form_of_the_answer_goes_to_those_who_know_its_name(grammar, words):
    assert body("vllm", grammar=grammar)["structured_outputs"] == words
    assert body("volano", messages=None, prompt="x", grammar=grammar)["structured_outputs"] == words
    assert structured_grammar(words) == grammar


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ({}, "structured_outputs"),
        ({"regex": "a", "choice": ["a"]}, "structured_outputs"),
        ({"choice": "a"}, "structured_outputs.choice"),
        ({"json": 1}, "structured_outputs.json"),
        ({"xml": "a"}, "structured_outputs.xml"),
    ],
)
def test_a_form_that_is_not_one_is_refused_by_its_place(words, param):
    with pytest.raises(Invalid) as refused:
        structured_grammar(words)
    assert refused.value.fields["param"] == param


def read(*events, n=1):
    reading = Reading("x", "vllm", n)
    deltas = [delta for event in events for delta in reading.add(json.dumps(event).encode())]
    return deltas, reading.ends()


def test_the_counts_come_with_the_last_delta_of_each_choice():
    deltas, ends = read(
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
        {"choices": [{"index": 0, "delta": {"content": "a"}}]},
        {"choices": [{"index": 1, "delta": {"reasoning_content": "b"}}]},
        {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 9}},
        n=2,
    )
    assert [(delta.index, delta.text, delta.reasoning) for delta in deltas] == [
        (0, "a", ""),
        (1, "", "b"),
    ]
    assert [end.finish_reason for end in ends] == ["stop", "length"]
    assert sum(end.completion_tokens for end in ends) == 9
    assert [end.prompt_tokens for end in ends] == [7, 7]
    assert [end.last for end in ends] == [False, True]


def test_tool_calls_and_log_probabilities_are_read():
    call = {"index": 0, "id": "c1", "function": {"name": "look", "arguments": "{}"}}
    logprob = {"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}
    deltas, ends = read(
        {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]},
        {"choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [logprob]}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    )
    assert deltas[0].tool_calls[0].name == "look"
    assert deltas[1].logprobs[0].logprob == -1.0
    assert ends[0].finish_reason == "tool_calls"
    assert ends[0].completion_tokens == 2, "pieces count where an upstream tells no usage"


def test_an_answer_that_ends_without_an_end_broke_off():
    with pytest.raises(Unavailable, match="broke off"):
        read({"choices": [{"index": 0, "delta": {"content": "a"}}]})
    with pytest.raises(Unavailable, match="no answer of OpenAI"):
        Reading("x", "vllm", 1).add(b"<html>")
    with pytest.raises(Unavailable, match="out of memory"):
        Reading("x", "vllm", 1).add(b'{"error": {"message": "out of memory"}}')


async def test_events_are_found_wherever_the_pieces_are_cut():
    data = b'data: {"a":1}\n\n: note\ndata:{"b":2}\r\n\r\nevent: x\ndata: [DONE]\n\n'

    async def pieces(size):
        for start in range(0, len(data), size):
            yield data[start : start + size]

    for size in (1, 3, 7, len(data)):
        found = [event async for event in events_of("x", pieces(size))]
        assert found == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize(
    ("status", "code", "kind", "ours"),
    [
        (400, "invalid_value", Invalid, 400),
        (401, "invalid_api_key", Unavailable, 502),
        (404, "model_not_found", Unavailable, 502),
        (413, None, Invalid, 413),
        (429, "rate_limit_exceeded", Throttled, 429),
        (429, "insufficient_quota", QuotaExceeded, 429),
        (408, None, DeadlineExceeded, 504),
        (500, None, Unavailable, 502),
        (503, None, Unavailable, 503),
    ],
)
def test_errors_keep_their_words_and_codes(status, code, kind, ours):
    said = {"error": {"message": "No.", "code": code, "param": "n"}}
    error = error_of("x", status, json.dumps(said).encode())
    assert isinstance(error, kind)
    assert error.wire_status == ours
    if status == 400:
        assert (error.message, error.wire_code, error.fields) == ("No.", code, {"param": "n"})
    assert "y" in error_of("x", 500, b"plain words by y").message
