"""Upstreams, routes, limits, kept answers and idempotency, through the unmodified OpenAI SDK.

The upstream is a real server (`tests/upstream.py`), and another Volano where one is told to serve
for the other.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from tests.conftest import start_volano
from tests.upstream import upstream

KEY = "sk-upstream-secret"
PRICE = {"input": "1.5", "output": "6"}
TINY = "volano-tiny-qwen3"
MICRO = 1e-6


@pytest.fixture(scope="module")
def other():
    with upstream(KEY) as started:
        yield started


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def cloud(request, tmp_path_factory, other):
    store = "sqlite"
    if request.param == "postgres":
        store = request.getfixturevalue("postgres").create_database()
    folder = tmp_path_factory.mktemp("operating")
    server = start_volano(folder, store=store, egress_allow="127.0.0.0/8")
    body = {"kind": "vllm", "base_url": other.url, "api_key": KEY, "retries": 2}
    status, made = server.rest("PUT", "/models/upstreams/near", body)
    assert status == 200, made
    assert KEY not in str(made)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(cloud):
    return cloud.openai()


def serve(cloud, remote, *, task="generate", price=PRICE):
    """A new name of ours for a model of the upstream."""
    name = f"near/{remote}-{uuid.uuid4().hex[:8]}"
    body = {"remote": remote, "task": task, "price": price}
    path = f"/models/upstreams/near/models/{name.replace('/', '%2F')}"
    status, made = cloud.rest("PUT", path, body)
    assert status == 200, made
    return name


def route(cloud, *models, **words):
    name = f"route-{uuid.uuid4().hex[:8]}"
    body = {"targets": [{"model": model} for model in models], **words}
    status, made = cloud.rest("PUT", f"/models/routes/{name}", body)
    assert status == 200, made
    return name


def ask(client, model, text="one two three", **words):
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(
        **({"model": model, "messages": messages, "max_tokens": 50} | words)
    )


def raw(client, model, text="one two three", **words):
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.with_raw_response.create(
        **({"model": model, "messages": messages, "max_tokens": 50} | words)
    )


def answers(cloud, **query):
    words = "&".join(f"{name}={value.replace('/', '%2F')}" for name, value in query.items())
    return cloud.rest("GET", f"/models/answers?{words}")[1]["items"]


def test_a_model_of_an_upstream_answers_whole_and_streamed_as_ours(cloud, client, other):
    model = serve(cloud, "echo")
    assert model in [each.id for each in client.models.list()]
    got = raw(client, model, "to be or not")
    answer = got.parse()
    assert answer.choices[0].message.content == "to be or not"
    assert answer.model == model
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 4)
    assert got.headers["x-volano-model"] == model
    assert got.headers["x-volano-engine"] == "vllm"
    assert answer.system_fingerprint == "fp_vllm"
    options = {"include_usage": True}
    chunks = list(ask(client, model, "to be or not", stream=True, stream_options=options))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "to be or not"
    assert chunks[-1].usage.completion_tokens == 4
    assert other.bodies("echo")[-1]["max_tokens"] == 50
    completion = client.completions.create(model=model, prompt="once upon", max_tokens=5)
    assert completion.choices[0].text == "once upon"
    response = client.responses.create(model=model, input="said so")
    assert response.output_text == "said so"


def test_an_upstream_that_cannot_stream_is_asked_all_the_same(cloud, client):
    model = serve(cloud, "whole")
    assert ask(client, model).choices[0].message.content == "one two three"
    chunks = list(ask(client, model, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "one two three"


def test_an_upstream_embeds(cloud, client):
    model = serve(cloud, "vectors", task="embed")
    found = client.embeddings.create(model=model, input=["a", "abc"], encoding_format="float")
    assert [row.embedding for row in found.data] == [[0.0, 1.0, 1.0], [0.0, 1.0, 3.0]]
    assert found.model == model


def test_another_volano_is_an_upstream(cloud, client, volano_sqlite):
    body = {
        "kind": "volano",
        "base_url": f"{volano_sqlite.url}/v1",
        "api_key": volano_sqlite.credentials["OPENAI_API_KEY"],
    }
    name = f"far-{uuid.uuid4().hex[:6]}"
    assert cloud.rest("PUT", f"/models/upstreams/{name}", body)[0] == 200
    status, found = cloud.rest("GET", f"/models/upstreams/{name}/models")
    assert status == 200
    assert TINY in [each["id"] for each in found["items"]]
    model = f"{name}-tiny"
    put = {"remote": TINY, "price": PRICE}
    assert cloud.rest("PUT", f"/models/upstreams/{name}/models/{model}", put)[0] == 200
    theirs = ask(volano_sqlite.openai(), TINY, temperature=0, max_tokens=8)
    ours = ask(client, model, temperature=0, max_tokens=8, logprobs=True, top_logprobs=2)
    assert ours.choices[0].message.content == theirs.choices[0].message.content
    assert ours.choices[0].logprobs.content
    assert ours.usage.prompt_tokens == theirs.usage.prompt_tokens


def test_what_an_upstream_used_is_billed_at_its_price(cloud, client):
    model = serve(cloud, "echo", price={"input": "1000000", "output": "2000000"})
    ask(client, model, "a b c d")
    (answer,) = answers(cloud, model=model)
    assert answer["cost"] == "15"  # 7 tokens at 1 and 4 at 2
    assert (answer["input_tokens"], answer["output_tokens"]) == (7, 4)
    assert answer["engine"] == "vllm"
    deadline = time.monotonic() + 60
    while True:
        lines = cloud.rest("GET", "/bill")[1]["lines"]
        costs = {line["meter"]: float(line["cost"]) for line in lines}
        if costs.get("llm.upstream.cost", 0) >= 15:
            break
        assert time.monotonic() < deadline, lines
        time.sleep(0.1)


def test_errors_come_in_openais_form(cloud, client):
    with pytest.raises(openai.BadRequestError) as bad:
        ask(client, serve(cloud, "bad"))
    assert bad.value.code == "invalid_value"
    assert bad.value.param == "tools"
    with pytest.raises(openai.RateLimitError) as busy:
        ask(client, serve(cloud, "busy"))
    assert busy.value.code == "rate_limit_exceeded"
    with pytest.raises(openai.InternalServerError) as broken:
        ask(client, serve(cloud, "fail-99"))
    assert broken.value.status_code == 502
    with pytest.raises(openai.APIError, match="broke off"):
        list(ask(client, serve(cloud, "cut"), stream=True))


def test_what_fails_for_a_moment_is_asked_again(cloud, client, other):
    model = serve(cloud, "fail-2")
    other.failed.pop("fail-2", None)
    assert ask(client, model).choices[0].message.content == "one two three"
    assert other.failed["fail-2"] == 3


def test_a_wrong_key_and_a_closed_address_say_so(cloud, client, other):
    body = {"kind": "other", "base_url": other.url, "api_key": "wrong", "retries": 0}
    name = f"wrong-{uuid.uuid4().hex[:6]}"
    assert cloud.rest("PUT", f"/models/upstreams/{name}", body)[0] == 200
    put = {"remote": "echo", "price": PRICE}
    assert cloud.rest("PUT", f"/models/upstreams/{name}/models/{name}", put)[0] == 200
    with pytest.raises(openai.InternalServerError, match="refused its key"):
        ask(client, name)
    body["base_url"] = "http://10.1.2.3/v1"
    status, said = cloud.rest("PUT", f"/models/upstreams/{name}", body)
    assert (status, said["code"]) == (400, "egress_refused")
    status, said = cloud.rest("DELETE", f"/models/upstreams/{name}")
    assert status == 409
    assert cloud.rest("DELETE", f"/models/{name}")[0] == 200
    assert cloud.rest("DELETE", f"/models/upstreams/{name}")[0] == 204
    assert cloud.rest("GET", f"/models/upstreams/{name}")[0] == 404


def test_the_key_is_in_secrets_manager_only(cloud):
    status, found = cloud.rest("GET", "/models/upstreams/near")
    assert status == 200
    manager = cloud.client("secretsmanager")
    assert manager.get_secret_value(SecretId=found["secret"])["SecretString"] == KEY
    made = manager.create_secret(Name=f"own-{uuid.uuid4().hex[:6]}", SecretString="sk-own")
    body = {"kind": "other", "base_url": "http://127.0.0.1:1/v1", "secret": made["ARN"]}
    name = f"own-{uuid.uuid4().hex[:6]}"
    status, found = cloud.rest("PUT", f"/models/upstreams/{name}", body)
    assert (status, found["secret"]) == (200, made["ARN"])
    assert cloud.rest("DELETE", f"/models/upstreams/{name}")[0] == 204
    assert manager.get_secret_value(SecretId=made["ARN"])["SecretString"] == "sk-own"


def test_who_may_not_read_the_key_cannot_have_it_sent_to_another_server(cloud, other):
    name = f"moved-{uuid.uuid4().hex[:6]}"
    body = {"kind": "other", "base_url": other.url, "api_key": KEY}
    path = f"/models/upstreams/{name}"
    assert cloud.rest("PUT", path, body)[0] == 200
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    allow = {"Effect": "Allow", "Action": "models:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    token = cloud.rest("POST", f"/people/{name}/keys", {"kind": "api"})[1]["secret"]
    del body["api_key"]
    assert cloud.rest("PUT", path, body | {"retries": 1}, token=token)[0] == 200
    moved = body | {"base_url": other.url.replace("127.0.0.1", "localhost")}
    assert cloud.rest("PUT", path, moved, token=token)[0] == 403
    assert cloud.rest("GET", path)[1]["base_url"] == other.url
    assert cloud.rest("PUT", path, moved)[0] == 200
    assert cloud.rest("DELETE", path)[0] == 204


def test_other_accounts_see_nothing_of_it(cloud, client):
    model = serve(cloud, "echo")
    keys = cloud.add_account()
    stranger = cloud.openai(api_key=keys["OPENAI_API_KEY"])
    with pytest.raises(openai.NotFoundError):
        ask(stranger, model)
    token = keys["OPENAI_API_KEY"]
    assert cloud.rest("GET", "/models/upstreams", token=token)[1]["items"] == []
    assert cloud.rest("GET", "/models/upstreams/near", token=token)[0] == 404
    assert cloud.rest("GET", "/models/answers", token=token)[1]["items"] == []


def test_a_route_falls_back_and_lets_what_failed_rest(cloud, client, other):
    broken, good = serve(cloud, "fail-99"), serve(cloud, "echo")
    name = route(cloud, broken, fallbacks=[good], rest_s=600)
    asked = len(other.bodies("fail-99"))
    got = raw(client, name)
    assert got.parse().model == good
    assert got.headers["x-volano-route"] == name
    assert len(other.bodies("fail-99")) == asked + 1
    assert cloud.rest("GET", f"/models/routes/{name}")[1]["resting"] == [broken]
    streamed = list(ask(client, name, stream=True))
    assert {chunk.model for chunk in streamed} == {good}
    assert client.responses.create(model=name, input="who are you").model == good
    assert len(other.bodies("fail-99")) == asked + 1, "it rests"
    figures = {
        each["model"]: each
        for each in cloud.rest("GET", f"/models/routes/{name}/figures")[1]["items"]
    }
    assert (figures[broken]["errors"], figures[good]["requests"]) == (1, 3)


def test_weights_and_sticky_choices(cloud, client):
    one, two = serve(cloud, "echo"), serve(cloud, "whole")
    name = route(cloud, one, two)
    assert {ask(client, name).model for _ in range(40)} == {one, two}
    sticky = route(cloud, one, two, sticky=True)
    for key in ("a", "b", "c"):
        headers = {"x-volano-sticky": key}
        assert len({ask(client, sticky, extra_headers=headers).model for _ in range(6)}) == 1
    chosen = {
        ask(client, sticky, extra_headers={"x-volano-sticky": str(at)}).model for at in range(40)
    }
    assert chosen == {one, two}


def test_a_version_is_tried_compared_promoted_and_rolled_back(cloud, client):
    old, new = serve(cloud, "echo"), serve(cloud, "whole")
    name = route(cloud, old)
    path = f"/models/routes/{name}"
    status, found = cloud.rest("PUT", f"{path}/canary", {"model": new, "percent": 50})
    assert (status, found["canary"]["model"]) == (200, new)
    assert {ask(client, name).model for _ in range(40)} == {old, new}
    figures = {each["model"]: each for each in cloud.rest("GET", f"{path}/figures")[1]["items"]}
    assert figures[old]["requests"] + figures[new]["requests"] == 40
    for each in figures.values():
        assert each["errors"] == 0
        assert 0 < each["latency_s_p50"] <= each["latency_s_p95"]
        assert float(each["cost"]) == pytest.approx(each["requests"] * (6 * 1.5 + 3 * 6) * MICRO)
    status, found = cloud.rest("POST", f"{path}/promote")
    assert [target["model"] for target in found["targets"]] == [new]
    assert {ask(client, name).model for _ in range(10)} == {new}
    status, found = cloud.rest("POST", f"{path}/rollback")
    assert [target["model"] for target in found["targets"]] == [old]
    assert cloud.rest("POST", f"{path}/rollback")[0] == 409
    cloud.rest("PUT", f"{path}/canary", {"model": new, "percent": 100})
    assert ask(client, name).model == new
    assert cloud.rest("POST", f"{path}/rollback")[1]["canary"] is None
    assert ask(client, name).model == old
    assert cloud.rest("DELETE", f"/models/{old.replace('/', '%2F')}")[0] == 409


def key_of(cloud):
    """A new API key: its id and a client that uses it."""
    keys = cloud.add_account()
    made = cloud.rest("GET", "/keys", token=keys["OPENAI_API_KEY"])[1]["items"]
    id = next(each["id"] for each in made if each["kind"] == "api")
    return keys, id


def refusal(client):
    """The refusal of a request, or None when it was answered."""
    try:
        ask(client, TINY, max_tokens=1)
    except openai.RateLimitError as error:
        return error
    return None


def limited(cloud, scope, subject, token, **words):
    status, made = cloud.rest("PUT", f"/models/limits/{scope}/{subject}", words, token=token)
    assert status == 200, made
    return made


def test_requests_and_tokens_a_minute_are_limited_by_key(cloud):
    keys, id = key_of(cloud)
    token = keys["OPENAI_API_KEY"]
    limited(cloud, "key", id, token, requests_per_minute=2, tokens_per_minute=100_000)
    client = cloud.openai(api_key=token)
    headers = raw(client, TINY, max_tokens=4).headers
    assert headers["x-ratelimit-limit-requests"] == "2"
    assert headers["x-ratelimit-remaining-requests"] == "1"
    assert int(headers["x-ratelimit-remaining-tokens"]) <= 100_000
    assert headers["x-ratelimit-reset-requests"]
    # Together: however slow the machine is, so many do not begin minutes apart.
    with ThreadPoolExecutor(max_workers=12) as threads:
        refused = [error for error in threads.map(lambda _: refusal(client), range(12)) if error]
    assert refused
    assert {error.code for error in refused} == {"rate_limit_exceeded"}
    assert refused[0].response.headers["x-ratelimit-remaining-requests"] == "0"
    assert float(refused[0].response.headers["retry-after"]) > 0
    limited(cloud, "key", id, token, tokens_per_minute=10)
    with pytest.raises(openai.RateLimitError, match="tokens per minute"):
        ask(client, TINY, max_tokens=100)


def test_a_budget_holds_before_it_serves_and_settles(cloud, other):
    keys = cloud.add_account()
    token = keys["OPENAI_API_KEY"]
    body = {"kind": "vllm", "base_url": other.url, "api_key": KEY}
    assert cloud.rest("PUT", "/models/upstreams/near", body, token=token)[0] == 200
    price = {"remote": "echo", "price": {"input": "0", "output": "1000000"}}
    assert cloud.rest("PUT", "/models/upstreams/near/models/dear", price, token=token)[0] == 200
    slow = price | {"remote": "slow"}
    assert cloud.rest("PUT", "/models/upstreams/near/models/slow", slow, token=token)[0] == 200
    limited(cloud, "account", keys["ACCOUNT"], token, day_budget="100", month_budget="1000")
    client = cloud.openai(api_key=token)

    def used():
        return cloud.rest("GET", "/models/limits", token=token)[1]["items"][0]

    other.go.clear()
    running = threading.Thread(target=lambda: ask(client, "slow", "a b", max_tokens=60))
    running.start()
    deadline = time.monotonic() + 60
    while used()["held"] != "60":
        assert time.monotonic() < deadline, used()
        time.sleep(0.05)
    with pytest.raises(openai.RateLimitError) as refused:
        ask(client, "dear", "a", max_tokens=50)
    assert refused.value.code == "insufficient_quota"
    assert refused.value.type == "insufficient_quota"
    assert ask(client, "dear", "a b c", max_tokens=40).choices
    other.go.set()
    running.join()
    assert (used()["held"], used()["day_spent"], used()["month_spent"]) == ("0", "5", "5")
    with pytest.raises(openai.BadRequestError):
        ask(client, "dear", "x", max_tokens=5, temperature=9)
    assert used()["held"] == "0"


def test_exact_repeats_are_kept_when_asked_for(cloud, client, other):
    model = serve(cloud, "echo")
    name = route(cloud, model, cache_ttl_s=600)
    text = uuid.uuid4().hex
    assert "x-volano-cache" not in raw(client, name, text, temperature=0).headers
    asked = len(other.bodies("echo"))
    again = raw(client, name, text, temperature=0)
    assert again.headers["x-volano-cache"] == "hit"
    assert again.headers["x-volano-model"] == model
    assert again.parse().choices[0].message.content == text
    streamed = list(ask(client, name, text, temperature=0, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == text
    assert len(other.bodies("echo")) == asked
    newest = answers(cloud, route=name)[0]
    assert (newest["cached"], newest["cost"]) == (True, "0")
    assert ask(client, name, text, temperature=0.5)
    assert len(other.bodies("echo")) == asked + 1, "only at temperature 0, unless asked"
    for _ in range(2):
        ask(client, model, text, extra_headers={"x-volano-cache": "ttl=60"})
    assert len(other.bodies("echo")) == asked + 2
    ask(client, name, text, temperature=0, extra_headers={"x-volano-cache": "no"})
    assert len(other.bodies("echo")) == asked + 3
    sums = {each["model"]: each for each in cloud.rest("GET", "/models/cache")[1]["items"]}
    assert (sums[name]["answers"], sums[name]["hits"]) == (1, 2)
    assert cloud.rest("DELETE", f"/models/cache?model={name}")[1] == {"answers": 1}
    assert "x-volano-cache" not in raw(client, name, text, temperature=0).headers
    with pytest.raises(openai.BadRequestError):
        ask(client, name, extra_headers={"x-volano-cache": "sometimes"})


def test_an_idempotency_key_is_answered_once(cloud, client, other):
    model = serve(cloud, "echo")
    asked = len(other.bodies("echo"))
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = ask(client, model, extra_headers=headers)
    again = raw(client, model, extra_headers=headers)
    assert again.parse() == first
    assert again.headers["x-volano-idempotent"] == "replayed"
    assert len(other.bodies("echo")) == asked + 1
    with pytest.raises(openai.BadRequestError) as reused:
        ask(client, model, "another", extra_headers=headers)
    assert reused.value.code == "idempotency_key_reused"
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    streams = [list(ask(client, model, stream=True, extra_headers=headers)) for _ in range(2)]
    texts = {"".join(c.choices[0].delta.content or "" for c in chunks) for chunks in streams}
    assert texts == {"one two three"}
    assert len({chunk.id for chunks in streams for chunk in chunks}) == 1
    failing = {"Idempotency-Key": uuid.uuid4().hex}
    for _ in range(2):
        with pytest.raises(openai.BadRequestError):
            ask(client, serve(cloud, "bad"), extra_headers=failing)
    words = {
        "model": "all-minilm-l6-v2",
        "input": "x",
        "extra_headers": {"Idempotency-Key": uuid.uuid4().hex},
    }
    assert client.embeddings.create(**words) == client.embeddings.create(**words)
