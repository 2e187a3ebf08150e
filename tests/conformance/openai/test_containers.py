"""Containers and their files by the unmodified SDK, and code that runs in one of them.

Source: the API reference's "Containers" and "Container files".
"""

from __future__ import annotations

import uuid

import openai
import pytest

MODEL = "volano-tiny-qwen3"


@pytest.fixture(scope="module")
def client(volano):
    return volano.openai()


@pytest.fixture
def container(client):
    made = client.containers.create(
        name=f"box-{uuid.uuid4().hex}",
        expires_after={"anchor": "last_active_at", "minutes": 10},
        memory_limit="1g",
    )
    yield made
    client.containers.delete(made.id)


def test_a_container_is_made_listed_and_deleted(client):
    name = f"box-{uuid.uuid4().hex}"
    made = client.containers.create(name=name)
    assert (made.object, made.status, made.name) == ("container", "running", name)
    assert (made.memory_limit, made.network_policy.type) == ("1g", "disabled")
    assert made.expires_after.minutes == 20
    assert client.containers.retrieve(made.id).id == made.id
    assert [one.id for one in client.containers.list(name=name, limit=100)] == [made.id]
    client.containers.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.containers.retrieve(made.id)


def test_files_are_put_in_read_and_removed(client, container):
    sent = client.containers.files.create(container.id, file=("a.txt", b"one"))
    assert (sent.path, sent.bytes, sent.source) == ("/mnt/data/a.txt", 3, "user")
    kept = client.files.create(file=("b.txt", b"two!"), purpose="user_data")
    copied = client.containers.files.create(container.id, file_id=kept.id)
    assert (copied.path, copied.bytes) == ("/mnt/data/b.txt", 4)
    again = client.containers.files.create(container.id, file=("a.txt", b"other"))
    listed = client.containers.files.list(container.id).data
    assert {file.id for file in listed} == {copied.id, again.id}
    content = client.containers.files.content.retrieve(again.id, container_id=container.id)
    assert content.read() == b"other"
    found = client.containers.files.retrieve(again.id, container_id=container.id)
    assert (found.id, found.path) == (again.id, again.path)
    client.containers.files.delete(again.id, container_id=container.id)
    with pytest.raises(openai.NotFoundError):
        client.containers.files.retrieve(again.id, container_id=container.id)


def test_the_models_code_runs_in_it(client, container):
    """The tiny model writes nonsense; that it was run, and what became of it, is told."""
    events = list(
        client.responses.create(
            model=MODEL,
            input="Compute.",
            tools=[{"type": "code_interpreter", "container": container.id}],
            tool_choice={"type": "code_interpreter"},
            include=["code_interpreter_call.outputs"],
            max_tool_calls=1,
            max_output_tokens=60,
            stream=True,
        )
    )
    kinds = [event.type for event in events]
    final = events[-1].response
    assert final.status in ("completed", "incomplete")
    call = final.output[0]
    assert (call.type, call.container_id) == ("code_interpreter_call", container.id)
    assert call.status in ("completed", "failed")
    for word in ("in_progress", "interpreting", "completed"):
        assert kinds.count(f"response.code_interpreter_call.{word}") == 1
    assert kinds.count("response.code_interpreter_call_code.done") == 1


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ({"memory_limit": "2g"}, "memory_limit"),
        ({"skills": [{"type": "skill_reference", "skill_id": "s"}]}, "skills"),
        (
            {"network_policy": {"type": "allowlist", "allowed_domains": ["x.example"]}},
            "network_policy.type",
        ),
        ({"expires_after": {"anchor": "last_active_at", "minutes": 0}}, "expires_after.minutes"),
        ({"extra_body": {"wishes": 1}}, "wishes"),
    ],
)
def test_a_bad_parameter_is_named(client, words, param):
    with pytest.raises(openai.BadRequestError) as refused:
        client.containers.create(name="x", **words)
    assert refused.value.param == param
