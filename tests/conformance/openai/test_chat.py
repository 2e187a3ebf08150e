"""The OpenAI door against the unmodified SDK, sync and async.

Source: the API reference's "Create chat completion" and the SDK's own response types.
"""

from __future__ import annotations

import asyncio
import time

import openai
import pytest

MODEL = "volano-tiny-qwen3"
SAY = [{"role": "user", "content": "Say something."}]


@pytest.fixture(scope="module")
def client(volano):
    return volano.openai()


@pytest.fixture
async def asynchronous(volano):
    async with openai.AsyncOpenAI(
        base_url=f"{volano.url}/v1", api_key=volano.credentials["OPENAI_API_KEY"], max_retries=0
    ) as made:
        yield made


def ask(client, **words):
    return client.chat.completions.create(
        **({"model": MODEL, "messages": SAY, "max_tokens": 8} | words)
    )


def text_of(completion):
    return completion.choices[0].message.content


def test_a_completion_has_text_a_reason_and_counts(client):
    answer = ask(client)
    assert answer.object == "chat.completion"
    assert answer.choices[0].finish_reason in ("length", "stop")
    assert answer.choices[0].message.role == "assistant"
    assert answer.usage.completion_tokens <= 8
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.choices[0].logprobs is None


def usage_of(answer):
    return answer.usage.model_dump(exclude={"prompt_tokens_details"})


def test_a_stream_is_the_same_text_in_pieces(client):
    whole = ask(client, seed=7)
    chunks = list(ask(client, seed=7, stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == text_of(whole)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason
    assert chunks[-1].choices == []
    # What of the prompt was cached depends on what was asked before.
    assert usage_of(chunks[-1]) == usage_of(whole)
    assert all(c.usage is None for c in chunks[:-1])
    assert len({c.id for c in chunks}) == 1


def test_without_include_usage_no_chunk_has_it(client):
    assert all(chunk.usage is None for chunk in ask(client, stream=True))


def test_choices_differ_and_the_prompt_counts_once(client):
    one, three = ask(client, seed=3), ask(client, seed=3, n=3)
    assert [choice.index for choice in three.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in three.choices}) > 1
    assert three.usage.prompt_tokens == one.usage.prompt_tokens
    streamed = list(ask(client, seed=3, n=3, stream=True))
    for choice in three.choices:
        pieces = [
            c.choices[0].delta.content or "" for c in streamed if c.choices[0].index == choice.index
        ]
        assert "".join(pieces) == choice.message.content


async def test_a_seed_repeats_also_among_concurrent_requests(asynchronous):
    async def one(seed):
        return text_of(await ask(asynchronous, seed=seed, temperature=1.0, max_tokens=12))

    alone = [await one(seed) for seed in (1, 2)]
    together = await asyncio.gather(*(one(seed) for seed in (1, 2) * 8))
    assert together == alone * 8
    assert alone[0] != alone[1]


@pytest.mark.parametrize("seed", [0, -1, 2**31, 2**63 - 1, -(2**63)])
def test_any_whole_seed_works(client, seed):
    assert text_of(ask(client, seed=seed)) == text_of(ask(client, seed=seed))


def test_zero_temperature_repeats(client):
    assert len({text_of(ask(client, temperature=0)) for _ in range(3)}) == 1


def test_a_stop_text_ends_and_is_left_out(client):
    full = text_of(ask(client, temperature=0, max_tokens=24))
    stop = full[len(full) // 2]
    cut = ask(client, temperature=0, max_tokens=24, stop=[stop])
    assert text_of(cut) == full[: full.index(stop)]
    assert cut.choices[0].finish_reason == "stop"
    streamed = ask(client, temperature=0, max_tokens=24, stop=stop, stream=True)
    assert "".join(c.choices[0].delta.content or "" for c in streamed) == text_of(cut)


def test_log_probabilities_parse_and_are_ordered(client):
    answer = ask(client, logprobs=True, top_logprobs=5, max_tokens=4, seed=3)
    tokens = answer.choices[0].logprobs.content
    # The token that ends the answer is counted but is no text, so it has no entry.
    ended = answer.choices[0].finish_reason == "stop"
    assert len(tokens) == answer.usage.completion_tokens - ended
    for token in tokens:
        assert token.logprob <= 0
        assert bytes(token.bytes).decode("utf-8", "replace") == token.token
        tops = [top.logprob for top in token.top_logprobs]
        assert len(tops) == 5
        assert tops == sorted(tops, reverse=True)
    none = ask(client, logprobs=True, max_tokens=2, seed=3).choices[0].logprobs.content
    assert [token.top_logprobs for token in none] == [[]] * len(none)
    chunks = list(ask(client, logprobs=True, top_logprobs=1, max_tokens=4, seed=3, stream=True))
    streamed = [t for c in chunks if c.choices[0].logprobs for t in c.choices[0].logprobs.content]
    assert 1 <= len(streamed) <= 4


def test_logit_bias_forbids_and_forces(client):
    answer = ask(client, temperature=0, max_tokens=3, logit_bias={"65": 100})
    assert len(set(text_of(answer))) <= 1


@pytest.mark.parametrize(
    "text", ["你好，世界", "👩‍👩‍👧‍👦 e\u0301", "\u2028\t\r\n", "Ω" * 50, "null\\u0000"]
)
def test_any_text_goes_in(client, text):
    messages = [
        {"role": "system", "content": text},
        {"role": "user", "content": [{"type": "text", "text": text}]},
    ]
    assert ask(client, messages=messages, max_tokens=2).usage.prompt_tokens > len(text) // 8


def _error(call, kind=openai.BadRequestError):
    with pytest.raises(kind) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"n": 0}, "n"),
        ({"n": 1000}, "n"),
        ({"max_tokens": 0}, "max_completion_tokens"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": ""}, "stop"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"logit_bias": {"x": 1}}, "logit_bias"),
        ({"logit_bias": {"1": 1000}}, "logit_bias"),
        ({"logit_bias": {"-1": 1}}, "logit_bias"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role"),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}
                ]
            },
            "messages[0].content[0].type",
        ),
        ({"tools": [{"type": "wizard", "wizard": {"name": "f"}}]}, "tools[0].type"),
        (
            {"tools": [{"type": "custom", "custom": {"name": "f", "format": {"type": "x"}}}]},
            "tools[0].custom.format.type",
        ),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"extra_body": {"top_k": -5}}, "top_k"),
        ({"seed": 2**70}, "seed"),
    ],
)
def test_a_bad_parameter_is_named(client, words, param):
    error = _error(lambda: ask(client, **words))
    assert error.status_code == 400
    assert error.type == "invalid_request_error"
    assert error.param == param, error.message
    streamed = _error(lambda: list(ask(client, stream=True, **words)))
    assert streamed.status_code == 400


def test_a_token_that_the_model_does_not_have_is_refused(client):
    error = _error(lambda: ask(client, logit_bias={"999999999": 1}))
    assert "999999999" in error.message


def test_an_unknown_model_is_not_found_by_the_sdks_name(client):
    error = _error(lambda: ask(client, model="gpt-nowhere"), openai.NotFoundError)
    assert (error.code, error.param) == ("model_not_found", "model")
    assert "volano-tiny-qwen3" in error.message


def test_an_embedding_model_does_not_chat(client):
    assert _error(lambda: ask(client, model="all-minilm-l6-v2")).param == "model"


def test_a_prompt_over_the_context_is_refused_by_code(client):
    error = _error(lambda: ask(client, messages=[{"role": "user", "content": "long " * 20_000}]))
    assert error.code == "context_length_exceeded"
    assert ask(client).choices


def test_a_wrong_key_is_unauthenticated_and_does_not_show_the_key(volano):
    bad = volano.openai(api_key="sk-vol-" + "Q" * 40)
    error = _error(lambda: ask(bad), openai.AuthenticationError)
    assert error.code == "invalid_api_key"
    assert "Q" * 12 not in error.message


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.images.generate(prompt="x"),
        lambda c: c.audio.speech.create(model="tts-1", voice="alloy", input="x"),
    ],
)
def test_what_is_not_built_says_so(client, call):
    error = _error(lambda: call(client), openai.InternalServerError)
    assert error.status_code == 501
    assert error.body["type"]
    assert "yet" in error.message or "not" in error.message


def _output_tokens(volano):
    lines = volano.rest("GET", "/bill")[1]["lines"]
    return sum(float(line["quantity"]) for line in lines if line["meter"] == "llm.tokens.output")


def test_leaving_a_stream_stops_the_engine_and_is_metered(client, volano):
    before = _output_tokens(volano)
    stream = ask(client, stream=True, max_tokens=300, temperature=0, logit_bias={"65": 100})
    for _ in range(4):
        next(stream)
    stream.close()
    deadline = time.monotonic() + 120
    while (after := _output_tokens(volano)) == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert 0 < (after - before) * 1_000_000 < 300


async def test_many_streams_at_once_end_whole(asynchronous):
    async def one(seed):
        chunks = [c async for c in await ask(asynchronous, stream=True, seed=seed, max_tokens=20)]
        return chunks[-1].choices[0].finish_reason

    assert set(await asyncio.gather(*(one(seed) for seed in range(24)))) <= {"length", "stop"}


def test_models_are_listed_and_one_is_retrieved(client):
    found = {model.id: model for model in client.models.list()}
    assert {MODEL, "all-minilm-l6-v2"} <= set(found)
    assert "not useful" in found[MODEL].description
    assert "volano models pull" in found[MODEL].description
    assert client.models.retrieve(MODEL).id == MODEL
    assert (
        _error(lambda: client.models.retrieve("no/such"), openai.NotFoundError).code
        == "model_not_found"
    )
    with pytest.raises(openai.PermissionDeniedError):
        client.models.delete(MODEL)
