"""Tokens of the metadata service: how long they hold, and for whom."""

from __future__ import annotations

from typing import Any

import pytest

from volano.app.build import open_process
from volano.kernel.call import system_call
from volano.kernel.clock import ManualClock
from volano.kernel.config import Config
from volano.kernel.ids import AccountId
from volano.node.metadata import MetadataApp
from volano.services.compute.interface import open_fleet
from volano.services.compute.logic.launch import Launch, run_instances

GIB = 1024**3
HEADER = b"x-aws-ec2-metadata-token"
TTL = b"x-aws-ec2-metadata-token-ttl-seconds"


@pytest.fixture
async def process_and_clock(tmp_path):
    clock = ManualClock()
    config = Config(data_dir=tmp_path / "data", runtime="process", log_level="warning")
    async with open_process(config, clock=clock) as process:
        yield process, clock


@pytest.fixture
async def asked(process_and_clock):
    """Two instances of one VPC, and how the first or second asks (by its address)."""
    process, _ = process_and_clock
    env, fleet = process.env, open_fleet(process.env)
    zone = env.region.zones[0]
    await fleet.heartbeat(f"m:{zone}", zone, cpu_millis=8000, memory_bytes=64 * GIB)
    call = system_call(env, AccountId("111122223333"))
    launch = Launch(image_id="ami-00000000000005057", type="u1.nano", zone=zone, maximum=2)
    made = await run_instances(env, call, launch)
    app = MetadataApp(env, fleet, made[0].vpc_id)

    async def ask(path: str, *, by: int | str = 0, method: str = "GET", **headers: str):
        client = by if isinstance(by, str) else made[by].address
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": b"", "client": (client, 1), "server": ("169.254.169.254", 80),
            "scheme": "http", "http_version": "1.1",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        return await _run(app, scope)

    return made, ask


async def _run(app: Any, scope: dict[str, Any]) -> tuple[int, str]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return int(sent[0]["status"]), body.decode()


async def token_for(ask, ttl: str, by: int = 0) -> str:
    status, token = await ask("/latest/api/token", by=by, method="PUT", **{TTL.decode(): ttl})
    assert status == 200
    return token


async def test_a_token_ends_with_its_time(process_and_clock, asked):
    _, clock = process_and_clock
    made, ask = asked
    token = await token_for(ask, "60")
    path = "/latest/meta-data/instance-id"
    assert await ask(path, **{HEADER.decode(): token}) == (200, made[0].id)
    clock.advance(59)
    assert (await ask(path, **{HEADER.decode(): token}))[0] == 200
    clock.advance(2)
    assert (await ask(path, **{HEADER.decode(): token}))[0] == 401


async def test_a_token_is_of_no_use_to_another_instance(asked):
    made, ask = asked
    token = await token_for(ask, "60", by=0)
    path = "/latest/meta-data/instance-id"
    assert (await ask(path, by=1, **{HEADER.decode(): token}))[0] == 401
    assert await ask(path, by=1) == (200, made[1].id)


async def test_an_unknown_address_learns_nothing(asked):
    _, ask = asked
    assert (await ask("/latest/meta-data/instance-id", by="172.31.9.9"))[0] == 404


@pytest.mark.parametrize("ttl", ["", "0", "-1", "21601", "²", "9" * 40, "1.5"])
async def test_wrong_times_are_refused(asked, ttl):
    _, ask = asked
    assert (await ask("/latest/api/token", method="PUT", **{TTL.decode(): ttl}))[0] == 400


@pytest.mark.parametrize(
    "path", ["/", "/latest", "/latest/", "/latest/meta-data", "/latest/meta-data/"]
)
async def test_folders_list_their_names(asked, path):
    _, ask = asked
    status, listed = await ask(path)
    assert status == 200
    assert listed


@pytest.mark.parametrize(
    "path",
    [
        "/none",
        "/latest/none",
        "/latest/meta-data/none",
        "/latest/meta-data/mac/x",
        "/latest/user-data",
        "/latest/meta-data/iam/info",
    ],
)
async def test_what_is_not_there_is_not_found(asked, path):
    _, ask = asked
    assert (await ask(path))[0] == 404
