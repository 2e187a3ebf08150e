"""What containers add: limits that hold, an unprivileged root, and nothing left behind."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from volano.backends.runtime import cgroups, probe

if TYPE_CHECKING:
    from volano.kernel.runtime import Runtime

ENDED = "volano: user data ended with exit code"


def group_files(pid: int) -> dict[str, Path]:
    """Controller -> folder of the process's control group; "" is version 2."""
    places = cgroups._hierarchies()
    found = {}
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            if controller in places:
                found[controller] = places[controller] / path.lstrip("/")
    return found


async def test_limits_are_those_asked_for(containers: Runtime, workload: Any) -> None:
    await containers.start(workload(pids=64))
    pid = (await containers.list())[0].pid
    groups = group_files(pid)
    if "memory" in groups:
        assert (groups["memory"] / "memory.limit_in_bytes").read_text() == f"{128 << 20}\n"
        assert (groups["cpu"] / "cpu.cfs_quota_us").read_text() == "50000\n"
        assert (groups["cpu"] / "cpu.shares").read_text() == "256\n"
        assert (groups["pids"] / "pids.max").read_text() == "64\n"
    else:
        assert (groups[""] / "memory.max").read_text() == f"{128 << 20}\n"
        assert (groups[""] / "cpu.max").read_text() == "50000 100000\n"
        assert (groups[""] / "pids.max").read_text() == "64\n"
    assert Path(f"/proc/{pid}/uid_map").read_text().split() == ["0", "100000", "65536"]


async def test_more_memory_than_allowed_is_killed(
    containers: Runtime, workload: Any, console_has: Any
) -> None:
    script = "#!/bin/sh\nhead -c 300000000 /dev/zero | tail -c 290000000 > /dev/null\n"
    await containers.start(workload(boot=script, memory_bytes=64 << 20))
    await console_has(containers, "i-1", f"{ENDED} 137")


async def test_root_of_an_instance_cannot_harm_a_folder_kept_by_the_host(
    containers: Runtime, workload: Any, console_has: Any, tmp_path: Path
) -> None:
    """A tenant replaces /etc by a link to the host's; a later start must not write through it."""
    target = tmp_path / "host-etc"
    target.mkdir()
    script = f"#!/bin/sh\nrm -rf /etc; ln -s {target} /etc; rm -rf /var/lib/cloud\n"
    await containers.start(workload(boot=script))
    await console_has(containers, "i-1", ENDED)
    await containers.stop("i-1", grace_s=20)
    await containers.start(workload(boot=script))
    assert list(target.iterdir()) == []


async def test_ten_instances_leave_nothing(
    containers: Runtime, reopen: Any, workload: Any, tmp_path: Path
) -> None:
    state_dir = tmp_path / "runtime"
    runtime = reopen((await containers.probe()).engine)
    for number in range(10):
        await runtime.start(
            workload(id=f"i-{number}", address=f"10.0.1.{number + 10}", boot="#!/bin/sh\ntrue\n")
        )
    assert len(await runtime.list()) == 10
    for number in range(10):
        await runtime.destroy(f"i-{number}")
    tag = probe.tag_of(state_dir)
    router = f"volano-{tag}-vpc-a"
    links = subprocess.run(
        ["ip", "-n", router, "-br", "link"], capture_output=True, text=True, check=True
    ).stdout
    assert {line.split("@")[0].split()[0] for line in links.splitlines()} <= {"lo", "uplink"}
    await runtime.remove_network("vpc-a")
    await runtime.close()
    assert not any(tag in path.name for path in Path("/run/netns").iterdir())
    assert str(state_dir) not in Path("/proc/self/mountinfo").read_text()
    for point in set(cgroups._hierarchies().values()):
        assert not (point / "volano" / tag).exists()
    assert list((state_dir / "instances").iterdir()) == []
    assert list((state_dir / "engine").iterdir()) == []
    assert list((state_dir / "networks").iterdir()) == []
    assert processes_that_mention(str(state_dir)) == []


def processes_that_mention(text: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found
