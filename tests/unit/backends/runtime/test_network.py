"""Private networks: who reaches whom, and that no one can speak as another."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from volano.backends.runtime import probe
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.runtime import Runtime

KNOCK_S = 1.0


async def pid_of(runtime: Runtime, workload_id: str) -> int:
    return next(status.pid for status in await runtime.list() if status.id == workload_id)


def listen() -> socket.socket:
    return socket.create_server(("0.0.0.0", 7000))


def knock(address: str, port: int = 7000, source: str = "") -> Callable[[], bool]:
    """Try to connect; True when someone answered."""

    def work() -> bool:
        with contextlib.suppress(OSError):
            origin = (source, 0) if source else None
            socket.create_connection((address, port), KNOCK_S, origin).close()
            return True
        return False

    return work


async def test_the_metadata_socket_sees_the_true_address(runtime: Runtime, workload: Any) -> None:
    door = await runtime.metadata_socket("vpc-a")
    host = await runtime.host_listener("vpc-a", 9000)
    assert door is not None
    assert host is not None
    with door, host:
        script = (
            "#!/bin/bash\nexec 3<>/dev/tcp/169.254.169.254/80 4<>/dev/tcp/169.254.169.253/9000\n"
            "read line <&3; echo got $line\n"
        )
        await runtime.start(workload(boot=script))
        connection, peer = await asyncio.to_thread(door.accept)
        with connection:
            assert peer[0] == "10.0.1.5"
            connection.sendall(b"hello\n")
        connection, peer = await asyncio.to_thread(host.accept)
        connection.close()
        assert peer[0] == "10.0.1.5"
        with pytest.raises(Unavailable, match=":80"):
            await runtime.metadata_socket("vpc-a")


async def test_the_metadata_socket_can_be_opened_again_after_a_restart(
    runtime: Runtime, reopen: Any, workload: Any
) -> None:
    script = (
        "#!/bin/bash\nuntil [ -e /root/go ]; do sleep 0.05; done\n"
        "exec 3<>/dev/tcp/169.254.169.254/80\n"
    )
    await runtime.start(workload(boot=script))
    first = await runtime.metadata_socket("vpc-a")
    assert first is not None
    first.close()
    again = reopen("process" if (await runtime.probe()).kind == "process" else "auto")
    second = await again.metadata_socket("vpc-a")
    assert second is not None
    with second:
        assert second.getsockname() == ("169.254.169.254", 80)
        Path(f"/proc/{await pid_of(again, 'i-1')}/root/root/go").touch()
        connection, peer = await asyncio.to_thread(second.accept)
        connection.close()
        assert peer[0] == "10.0.1.5"
    await again.close()


async def test_instances_of_a_vpc_reach_each_other_and_no_other_vpc(
    containers: Runtime, workload: Any, in_network_of: Any
) -> None:
    await containers.start(workload())
    await containers.start(workload(id="i-2", address="10.0.1.6"))
    await containers.start(workload(id="i-3", address="10.0.1.7", network="vpc-b"))
    one, two, three = [await pid_of(containers, name) for name in ("i-1", "i-2", "i-3")]
    servers = [in_network_of(pid, listen) for pid in (two, three)]
    try:
        assert in_network_of(one, knock("10.0.1.6")) is True
        assert in_network_of(one, knock("10.0.1.7")) is False
        assert in_network_of(three, knock("10.0.1.6")) is False
    finally:
        for server in servers:
            server.close()


async def test_an_instance_cannot_use_the_address_of_another(
    containers: Runtime, workload: Any, in_network_of: Any
) -> None:
    """Even with an address of its own making (which needs a right that instances do not have)."""
    door = await containers.metadata_socket("vpc-a")
    assert door is not None
    with door:
        await containers.start(workload())
        await containers.start(workload(id="i-2", address="10.0.1.6"))
        pid = await pid_of(containers, "i-1")
        add = ["ip", "addr", "add", "10.0.1.6/32", "dev", "eth0"]
        subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", *add], check=True)
        own = knock("169.254.169.254", 80, "10.0.1.5")
        forged = knock("169.254.169.254", 80, "10.0.1.6")
        assert in_network_of(pid, own) is True
        assert in_network_of(pid, forged) is False


async def test_an_instance_does_not_reach_the_host_itself(
    containers: Runtime, workload: Any, in_network_of: Any
) -> None:
    await containers.start(workload())
    pid = await pid_of(containers, "i-1")
    with socket.create_server(("0.0.0.0", 0)) as server:
        port = server.getsockname()[1]
        for address in host_addresses():
            assert in_network_of(pid, knock(address, port)) is False


def host_addresses() -> list[str]:
    shown = subprocess.run(
        ["ip", "-4", "-br", "addr"], capture_output=True, text=True, check=True
    ).stdout
    return [field.split("/")[0] for line in shown.splitlines() for field in line.split()[2:3]]


@pytest.mark.parametrize("name", ["../x", "a b", ""])
async def test_refuses_a_network_name_that_could_leave_its_folder(
    runtime: Runtime, name: str
) -> None:
    with pytest.raises(Exception, match="network"):
        await runtime.metadata_socket(name)


async def test_closing_removes_the_networks_in_which_nothing_runs(
    containers: Runtime, reopen: Any, workload: Any, tmp_path: Path
) -> None:
    tag = probe.tag_of(tmp_path / "runtime")
    other = reopen((await containers.probe()).engine)
    await other.start(workload())
    await other.start(workload(id="i-2", network="vpc-b"))
    await other.destroy("i-2")
    assert namespaces(tag) == {f"volano-{tag}-vpc-a", f"volano-{tag}-vpc-b"}
    await other.close()
    assert namespaces(tag) == {f"volano-{tag}-vpc-a"}


def namespaces(tag: str) -> set[str]:
    return {path.name for path in Path("/run/netns").iterdir() if tag in path.name}
