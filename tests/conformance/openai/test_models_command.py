"""`volano models`: each command does what it says, against a running server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid

import openai
import pytest
from tests.conftest import ROOT

from volano.ml.models.tiny import make_tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("weights")
    make_tiny_model(made)
    return made


def environment():
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "OPENAI_", "SLACK_", "VOLANO_"))
    }
    return clean | {"PYTHONPATH": str(ROOT / "src")}


def models(volano, *words, code=0):
    """The output of `volano models …` against that server."""
    data = ("--data", str(volano.data_dir))
    done = subprocess.run(
        [sys.executable, "-m", "volano", "models", *words, *data],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def wait_for(check):
    deadline = time.monotonic() + 60
    while not (found := check()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def live(volano, name):
    items = volano.rest("GET", "/models/live")[1]["items"]
    return next((item for item in items if item["model"] == name), None)


@pytest.fixture(scope="module")
def pulled(volano_sqlite, folder):
    name = f"acme/tiny-{uuid.uuid4().hex[:8]}"
    said = models(volano_sqlite, "pull", name, "--from", str(folder))
    assert f"{name} is ready" in said
    return name


def test_the_catalogue_names_size_licence_and_what_fits(volano_sqlite, pulled):
    said = models(volano_sqlite, "list")
    assert pulled in said
    assert "Qwen/Qwen3-8B" in said
    assert re.search(r"Qwen/Qwen3-8B +available generate +16\.4 GB +\S", said)
    assert "apache-2.0" in said
    assert "GB free" in said
    assert models(volano_sqlite).count("\n") == said.count("\n")


def test_a_model_is_loaded_pinned_measured_and_unloaded(volano_sqlite, pulled):
    assert "is loaded in" in models(volano_sqlite, "load", pulled)
    assert live(volano_sqlite, pulled)["size_bytes"] > 0
    models(volano_sqlite, "pin", pulled)
    assert live(volano_sqlite, pulled)["pinned"]
    models(volano_sqlite, "pin", pulled, "--off")
    assert not live(volano_sqlite, pulled)["pinned"]
    said = models(volano_sqlite, "bench", pulled, "--tokens", "4", "--requests", "2")
    assert f"{pulled} on volano" in said
    assert "tokens a second" in said
    models(volano_sqlite, "unload", pulled)
    assert live(volano_sqlite, pulled) is None


def test_packed_weights_serve(volano_sqlite, pulled):
    before = answer(volano_sqlite, pulled)
    assert "as int8 now" in models(volano_sqlite, "quantize", pulled, "--form", "int8")
    packed = answer(volano_sqlite, pulled)
    held = live(volano_sqlite, pulled)["size_bytes"]
    assert "as bf16 now" in models(volano_sqlite, "quantize", pulled, "--form", "bf16")
    assert answer(volano_sqlite, pulled) == before
    assert held < live(volano_sqlite, pulled)["size_bytes"]
    assert packed


def answer(volano, name):
    messages = [{"role": "user", "content": "What is new?"}]
    client = volano.openai()
    made = client.chat.completions.create(
        model=name, messages=messages, max_tokens=8, temperature=0
    )
    return made.choices[0].message.content


def test_replicas_follow_what_was_set_and_leave_when_idle(volano_sqlite, pulled):
    path = f"/models/{pulled.replace('/', '%2F')}/scaling"
    wanted = {"replicas_min": 2, "replicas_max": 2, "queue_per_replica": 1, "idle_s": 600}
    assert volano_sqlite.rest("PUT", path, wanted)[0] == 200
    wait_for(lambda: (live(volano_sqlite, pulled) or {"replicas": 0})["replicas"] == 2)
    assert len({answer(volano_sqlite, pulled) for _ in range(6)}) == 1
    wanted |= {"replicas_min": 0, "idle_s": 1}
    assert volano_sqlite.rest("PUT", path, wanted)[0] == 200
    wait_for(lambda: live(volano_sqlite, pulled) is None)
    assert volano_sqlite.rest("DELETE", path)[0] == 204
    wrong = wanted | {"replicas_min": 3}
    assert volano_sqlite.rest("PUT", path, wrong)[0] == 400


def test_who_does_not_run_the_cloud_keeps_no_memory(volano_sqlite):
    token = volano_sqlite.add_account()["OPENAI_API_KEY"]
    for method, path, body in (
        ("PUT", "/models/volano-tiny-qwen3/pin", {"pinned": True}),
        ("PUT", "/models/volano-tiny-qwen3/scaling", {"replicas_min": 1}),
        ("POST", "/models/volano-tiny-qwen3/unload", None),
    ):
        assert volano_sqlite.rest(method, path, body, token=token)[0] == 403, path


def test_what_is_not_there_is_said(volano_sqlite):
    assert "does not exist" in models(volano_sqlite, "rm", "acme/none", code=1)
    assert "does not exist" in models(volano_sqlite, "bench", "acme/none", code=1)
    assert "does not exist" in models(volano_sqlite, "load", "acme/none", code=1)
    assert "built in" in models(volano_sqlite, "quantize", "volano-tiny-qwen3", code=1)


def test_a_folder_is_served_alone(tmp_path, folder):
    command = [sys.executable, "-m", "volano", "models", "serve", str(folder)]
    words = ["--name", "acme/mine", "--port", "0", "--key", "sk-mine", "--data", str(tmp_path)]
    process = subprocess.Popen(
        [*command, *words], env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert "acme/mine is served" in process.stdout.readline()
        url = re.search(r"OPENAI_BASE_URL=(\S+)", process.stdout.readline())
        assert url is not None
        client = openai.OpenAI(base_url=url[1], api_key="sk-mine", max_retries=0)
        assert [model.id for model in client.models.list()] == ["acme/mine"]
        messages = [{"role": "user", "content": "Hello"}]
        made = client.chat.completions.create(model="acme/mine", messages=messages, max_tokens=4)
        assert made.model == "acme/mine"
        assert made.usage.completion_tokens > 0
        chunks = client.chat.completions.create(
            model="acme/mine", messages=messages, max_tokens=4, stream=True
        )
        assert list(chunks)
        stranger = openai.OpenAI(base_url=url[1], api_key="sk-other", max_retries=0)
        with pytest.raises(openai.AuthenticationError):
            stranger.models.list()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
