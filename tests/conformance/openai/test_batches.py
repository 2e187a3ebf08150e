"""Batches against the unmodified SDK. Source: the API reference's "Batch"."""

from __future__ import annotations

import json
import time

import openai
import pytest

MODEL = "volano-tiny-qwen3"
WAIT_S = 60


@pytest.fixture(scope="module")
def client(volano):
    return volano.openai()


def line(custom_id, url="/v1/chat/completions", **body):
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4} | body
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": body}


def begin(client, lines, endpoint="/v1/chat/completions", **words):
    text = "\n".join(item if isinstance(item, str) else json.dumps(item) for item in lines)
    file = client.files.create(file=("in.jsonl", text.encode()), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint=endpoint, completion_window="24h", **words
    )


def ended(client, batch):
    deadline = time.monotonic() + WAIT_S
    while batch.status not in ("completed", "failed", "cancelled", "expired"):
        assert time.monotonic() < deadline, batch
        time.sleep(0.1)
        batch = client.batches.retrieve(batch.id)
    return batch


def lines_of(client, file_id):
    return [json.loads(text) for text in client.files.content(file_id).text.splitlines()]


def test_every_line_is_answered_and_mistakes_go_to_their_own_file(client):
    lines = [line(f"q{n}", seed=n) for n in range(6)] + [line("bad", temperature=9)]
    batch = begin(client, lines, metadata={"job": "nightly"})
    assert batch.expires_at - batch.created_at == 24 * 3600
    done = ended(client, batch)
    assert (done.status, done.metadata) == ("completed", {"job": "nightly"})
    assert (done.request_counts.total, done.request_counts.completed) == (7, 6)
    answers = lines_of(client, done.output_file_id)
    assert [answer["custom_id"] for answer in answers] == [f"q{n}" for n in range(6)]
    assert all(a["response"]["body"]["object"] == "chat.completion" for a in answers)
    (wrong,) = lines_of(client, done.error_file_id)
    assert (wrong["custom_id"], wrong["response"]["status_code"]) == ("bad", 400)
    assert wrong["response"]["body"]["error"]["param"] == "temperature"
    assert done.usage.output_tokens == sum(
        a["response"]["body"]["usage"]["completion_tokens"] for a in answers
    )
    assert batch.id in [item.id for item in client.batches.list(limit=100)]
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batch.id)


@pytest.mark.parametrize(
    ("endpoint", "body", "kind"),
    [
        ("/v1/embeddings", {"model": "all-minilm-l6-v2", "input": "x"}, "list"),
        ("/v1/completions", {"model": MODEL, "prompt": "x"}, "text_completion"),
        ("/v1/responses", {"model": MODEL, "input": "x", "max_output_tokens": 16}, "response"),
        ("/v1/moderations", {"input": "x"}, None),
    ],
)
def test_each_endpoint_is_answered(client, endpoint, body, kind):
    item = {"custom_id": "1", "method": "POST", "url": endpoint, "body": body}
    done = ended(client, begin(client, [item], endpoint))
    assert done.status == "completed", done.errors
    (answer,) = lines_of(client, done.output_file_id)
    assert answer["response"]["body"].get("object") == kind


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["not json"], "invalid_json_line"),
        ([line("a"), line("a")], "duplicate_custom_id"),
        ([line("a", url="/v1/embeddings")], "mismatched_endpoint"),
        ([line("a", stream=True)], "invalid_request"),
        ([""], "empty_file"),
    ],
)
def test_a_file_that_is_no_batch_fails_with_the_lines(client, lines, code):
    done = ended(client, begin(client, [*lines, ""]))
    assert (done.status, done.errors.data[0].code) == ("failed", code)


def test_a_batch_is_cancelled_and_keeps_what_was_answered(client):
    batch = begin(client, [line(str(n), max_tokens=200) for n in range(300)])
    assert client.batches.cancel(batch.id).status == "cancelling"
    done = ended(client, batch)
    assert done.status == "cancelled"
    assert done.request_counts.completed < 300


def test_tokens_of_batches_are_billed_at_their_own_price(volano, client):
    def written():
        lines = volano.rest("GET", "/bill")[1]["lines"]
        found = [item for item in lines if item["meter"] == "llm.tokens.output.batch"]
        return sum(float(item["quantity"]) for item in found)

    before = written()
    done = ended(client, begin(client, [line(str(n)) for n in range(3)]))
    deadline = time.monotonic() + WAIT_S
    while written() * 1e6 < before * 1e6 + done.usage.output_tokens - 0.5:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_a_batch_cannot_be_is_refused(client):
    file = client.files.create(file=("a.txt", b"x"), purpose="assistants")
    for words, param in (
        ({"endpoint": "/v1/videos"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({}, "input_file_id"),
    ):
        asked = {
            "input_file_id": file.id,
            "endpoint": "/v1/embeddings",
            "completion_window": "24h",
        } | words
        with pytest.raises(openai.BadRequestError) as refused:
            client.batches.create(**asked)
        assert refused.value.param == param
