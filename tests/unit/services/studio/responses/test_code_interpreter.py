"""The tool `code_interpreter` in real sandboxes: what code prints and writes, its limits, its end.

Source: OpenAI's guide "Code interpreter" and the API reference's streaming events.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from volano.kernel.errors import Invalid
from volano.services.studio.logic.containers import containers, files, running, sandbox
from volano.services.studio.logic.records import RecordNotFound
from volano.services.studio.model import containers as model
from volano.services.studio.model.records import Paging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.unit.services.studio.conftest import Studio

AUTO = {"type": "code_interpreter", "container": {"type": "auto"}}


def code(text: str) -> list:
    return [("code_interpreter", json.dumps({"code": text}))]


@pytest.fixture
def store_kind() -> str:
    """One database: what is slow here are sandboxes, and rows are tested elsewhere on both."""
    return "sqlite"


@pytest.fixture
async def place(studio: Studio) -> AsyncIterator[Studio]:
    """The studio; its containers end with the test."""
    yield studio
    listed = await containers.list_containers(studio.env, studio.call, Paging(limit=100))
    for container in listed.items:
        await containers.delete_container(studio.env, studio.call, container.id)
    assert await studio.env.runtime.list() == []


async def test_code_runs_with_every_event_and_its_files_are_cited(place):
    place.script(
        code("x = 6 * 7\nopen('answer.txt', 'w').write(str(x))\nprint('done')\nx"), "It is 42."
    )
    events = await place.events(
        "What is 6 * 7?", tools=[AUTO], include=["code_interpreter_call.outputs"]
    )
    kinds = [event["type"].removeprefix("response.") for event in events]
    assert kinds[2:9] == [
        "output_item.added",
        "code_interpreter_call.in_progress",
        "code_interpreter_call_code.delta",
        "code_interpreter_call_code.done",
        "code_interpreter_call.interpreting",
        "code_interpreter_call.completed",
        "output_item.done",
    ]
    call, message = events[-1]["response"]["output"]
    assert call["outputs"] == [{"type": "logs", "logs": "done\n42\n"}]
    (note,) = message["content"][0]["annotations"]
    assert (note["type"], note["filename"]) == ("container_file_citation", "answer.txt")
    kept = await files.get_file(place.env, place.call, note["container_id"], note["file_id"])
    assert (kept.path, kept.source, kept.size_bytes) == ("/mnt/data/answer.txt", "assistant", 2)
    assert place.model.prompts[1].messages[-1]["content"].startswith("done\n42\n")


async def test_the_next_response_goes_on_in_the_same_container(place):
    place.script(code("x = 1"), "Set.", code("x + 1"), "It is 2.")
    first = await place.ask("Set x.", tools=[AUTO])
    again = await place.ask(
        "Add one.",
        tools=[AUTO],
        previous_response_id=first["id"],
        include=["code_interpreter_call.outputs"],
    )
    one, two = first["output"][0], again["output"][0]
    assert one["container_id"] == two["container_id"]
    assert one["outputs"] is None
    assert two["outputs"] == [{"type": "logs", "logs": "2\n"}]


async def test_files_of_the_user_are_there_and_stay_when_the_workload_is_lost(place):
    env, call = place.env, place.call
    made = await containers.create_container(env, call, name="mine")
    await files.add_file(env, call, made, filename="in.csv", data=b"a,b\n1,2\n")
    ran = await running.run_code(env, call, made.id, "kept = 1\nopen('in.csv').read()")
    assert (ran.logs, ran.files) == ("'a,b\\n1,2\\n'\n", [])
    rows = await env.store.reader.rows("SELECT payload FROM outbox LIMIT 1000")
    told = [bytes(row[0]).decode() for row in rows]
    assert any(made.id in text and "ec2.instance.u1.small" in text for text in told)
    await sandbox.close_sandbox(call.account, made.id)
    ran = await running.run_code(env, call, made.id, "print(open('in.csv').read())\nkept")
    assert "1,2" in ran.logs
    assert "NameError" in ran.logs
    changed = await running.run_code(env, call, made.id, "open('in.csv', 'a').write('3,4')")
    assert [file.filename for file in changed.files] == ["in.csv"]
    listed = await files.list_files(env, call, made.id, Paging())
    assert [(file.filename, file.size_bytes) for file in listed.items] == [("in.csv", 11)]


async def test_code_is_bounded_and_shut_in(place, monkeypatch):
    env, call = place.env, place.call
    monkeypatch.setattr(running, "TIMEOUT_S", 2.0)
    made = await containers.create_container(env, call, name="bounded")
    ran = await running.run_code(env, call, made.id, "while True: pass")
    assert (ran.ended, "ended after" in ran.logs) == ("timeout", True)
    ran = await running.run_code(env, call, made.id, "b = bytearray(3 * 1024**3)")
    assert "MemoryError" in ran.logs
    outside = "import socket\nsocket.create_connection(('1.1.1.1', 53), 1)"
    assert "OSError" in (await running.run_code(env, call, made.id, outside)).logs
    own = f"import os\nos.path.exists({str(env.config.data_dir)!r})"
    assert (await running.run_code(env, call, made.id, own)).logs == "False\n"
    long = await running.run_code(env, call, made.id, "print('x' * 10**7)")
    assert len(long.logs) < 300_000


async def test_all_that_code_writes_has_one_limit(place, monkeypatch):
    env, call = place.env, place.call
    small = replace(model.SIZES["1g"], memory_bytes=256 * 1024**2)
    monkeypatch.setitem(model.SIZES, "1g", small)
    made = await containers.create_container(env, call, name="full")
    fill = """
import os
for number in range(20):
    try:
        os.makedirs("deep", exist_ok=True)
        open(f"deep/{number}", "wb").write(bytes(8 * 1024**2))
    except OSError as error:
        print(error)
        break
sum(os.stat(f"deep/{name}").st_size for name in os.listdir("deep"))
"""
    ran = await running.run_code(env, call, made.id, fill)
    assert "No space left" in ran.logs
    assert int(ran.logs.splitlines()[-1]) <= small.files_bytes
    for folder in ("/", "/var/tmp", "/root", "/etc"):
        ran = await running.run_code(env, call, made.id, f"open('{folder}/file', 'w')")
        assert "Error" in ran.logs, folder
    with pytest.raises(sandbox.ContainerFailed, match="begins anew"):
        await files.add_file(env, call, made, filename="in.csv", data=b"1")
    ran = await running.run_code(env, call, made.id, "import os\nos.listdir()")
    assert ran.logs == "['in.csv']\n"


async def test_code_does_not_look_into_its_agent(place):
    env, call = place.env, place.call
    made = await containers.create_container(env, call, name="curious")
    look = "import os\nopen(f'/proc/{os.getppid()}/environ').read()"
    assert "PermissionError" in (await running.run_code(env, call, made.id, look)).logs


async def runs_metered(place) -> int:
    found = await place.env.store.reader.rows("SELECT payload FROM outbox LIMIT 1000")
    return sum(b'"container"' in bytes(row[0]) for row in found)


async def test_code_that_ends_its_container_has_run_all_the_same(place):
    """Nobody paid for it: code that works and then makes its agent go away."""
    env, call = place.env, place.call
    made = await containers.create_container(env, call, name="traitor")
    with pytest.raises(sandbox.ContainerFailed):
        await running.run_code(env, call, made.id, "import os\nos.kill(os.getppid(), 9)")
    assert await runs_metered(place) == 1
    assert (await running.run_code(env, call, made.id, "6 * 7")).logs == "42\n"
    assert await runs_metered(place) == 2


async def test_one_account_leaves_room_for_others(place, monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_LIVE_OF_ACCOUNT", 1)
    env, call = place.env, place.call
    first = await containers.create_container(env, call, name="first")
    second = await containers.create_container(env, call, name="second")
    await running.run_code(env, call, first.id, "open('kept.txt', 'w').write('x')")
    await running.run_code(env, call, second.id, "1")
    assert sandbox.find_sandbox(call.account, first.id) is None
    again = await running.run_code(env, call, first.id, "open('kept.txt').read()")
    assert again.logs == "'x'\n"


async def test_a_container_that_is_not_used_expires(place):
    env, call = place.env, place.call
    made = await containers.create_container(env, call, name="old", minutes=1)
    await files.add_file(env, call, made, filename="a.txt", data=b"a")
    await containers.expire_container(env, call.account, made)
    assert (await containers.get_container(env, call, made.id)).state == "expired"
    with pytest.raises(containers.ContainerExpired):
        await running.run_code(env, call, made.id, "1")
    listed = await files.list_files(env, call, made.id, Paging())
    assert listed.items == []


async def test_workloads_that_an_earlier_process_left_are_ended(place):
    env, call = place.env, place.call
    made = await containers.create_container(env, call, name="left")
    await running.run_code(env, call, made.id, "1")
    held = sandbox._LIVE.pop((call.account, made.id))
    await sandbox.remove_strays(env)
    assert await env.runtime.list() == []
    await held.stop()


async def test_containers_of_others_are_not_found(place):
    env = place.env
    made = await containers.create_container(env, place.call, name="mine")
    other = replace(place.call, account="999988887777")
    with pytest.raises(RecordNotFound):
        await running.run_code(env, other, made.id, "1")


@pytest.mark.parametrize(
    ("tool", "where"),
    [
        ({"container": {"type": "auto", "memory_limit": "2g"}}, "tools[0].container.memory_limit"),
        ({"container": {"type": "manual"}}, "tools[0].container.type"),
        ({"container": {"type": "auto", "extra": 1}}, "tools[0].container.extra"),
        ({}, "tools[0].container"),
        ({"container": {"type": "auto", "file_ids": [1]}}, "tools[0].container.file_ids"),
    ],
)
async def test_what_is_wrong_is_named(place, tool, where):
    place.script(code("1"), "x")
    with pytest.raises(Invalid) as refused:
        await place.ask("x", tools=[{"type": "code_interpreter"} | tool])
    assert refused.value.fields["param"] == where
