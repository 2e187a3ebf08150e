"""Start, watch, stop and destroy real instances, in containers and in sandboxes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from volano.kernel.errors import Invalid
from volano.kernel.runtime import WorkloadState

if TYPE_CHECKING:
    from volano.kernel.runtime import Runtime, WorkloadStatus

ENDED = "volano: user data ended with exit code"
MIB = 1024 * 1024


async def status_of(runtime: Runtime, workload_id: str) -> WorkloadStatus:
    return next(status for status in await runtime.list() if status.id == workload_id)


async def test_user_data_runs_as_root_in_its_own_host_and_writes_to_the_console(
    runtime: Runtime, workload: Any, console_has: Any
) -> None:
    script = (
        "#!/bin/sh\nhostname; id -u; echo to-stderr >&2; printf '%s\\n' \"$GREETING\"; exit 3\n"
    )
    await runtime.start(workload(boot=script, environment={"GREETING": "two words"}))
    said = await console_has(runtime, "i-1", ENDED)
    assert said.splitlines()[:4] == [
        "ip-10-0-1-5.local.compute.internal",
        "0",
        "to-stderr",
        "two words",
    ]
    assert f"{ENDED} 3" in said
    status = await status_of(runtime, "i-1")
    assert status.state is WorkloadState.RUNNING
    assert status.started_us is not None


async def test_start_is_repeatable(runtime: Runtime, workload: Any) -> None:
    await runtime.start(workload())
    first = await status_of(runtime, "i-1")
    await runtime.start(workload())
    assert (await status_of(runtime, "i-1")).pid == first.pid


async def test_text_that_is_not_a_script_is_named_on_the_console(
    runtime: Runtime, workload: Any, console_has: Any
) -> None:
    await runtime.start(workload(boot="#cloud-config\npackages: [nginx]\n"))
    await console_has(runtime, "i-1", "user data was not run")


async def test_stop_ends_every_process_and_keeps_disk_and_console(
    runtime: Runtime, workload: Any, console_has: Any
) -> None:
    script = "#!/bin/sh\necho once >> /var/count; (setsid sleep 1000 &)\n"
    await runtime.start(workload(boot=script))
    await console_has(runtime, "i-1", ENDED)
    await runtime.stop("i-1", grace_s=20)
    stopped = await status_of(runtime, "i-1")
    assert (stopped.state, stopped.exit_code) == (WorkloadState.EXITED, 0)
    await runtime.start(workload(boot=script))
    running = await status_of(runtime, "i-1")
    assert running.state is WorkloadState.RUNNING
    assert Path(f"/proc/{running.pid}/root/var/count").read_text() == "once\n"
    assert ENDED in (await runtime.console("i-1")).decode()


async def test_stop_kills_what_does_not_listen(
    runtime: Runtime, workload: Any, console_has: Any
) -> None:
    script = "#!/bin/sh\ntrap '' TERM\necho deaf\nwhile :; do sleep 1; done\n"
    await runtime.start(workload(boot=script))
    await console_has(runtime, "i-1", "deaf")
    await runtime.stop("i-1", grace_s=0.2)
    stopped = await status_of(runtime, "i-1")
    assert (stopped.state, stopped.exit_code) == (WorkloadState.EXITED, 137)


async def test_console_returns_no_more_than_asked(
    runtime: Runtime, workload: Any, console_has: Any
) -> None:
    await runtime.start(workload(boot="#!/bin/sh\nseq 1 20000\necho last\n"))
    await console_has(runtime, "i-1", ENDED)
    end = await runtime.console("i-1", last_bytes=100)
    assert len(end) == 100
    assert end.endswith(b"exit code 0\n")
    assert b"last\n" in end


async def test_usage_counts_processor_time_and_is_none_when_stopped(
    runtime: Runtime, workload: Any, console_has: Any
) -> None:
    script = "#!/bin/sh\ni=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done\n"
    await runtime.start(workload(boot=script))
    await console_has(runtime, "i-1", ENDED)
    used = await runtime.usage("i-1")
    assert used is not None
    assert used.cpu_us > 10_000
    assert used.memory_bytes > 0
    await runtime.stop("i-1", grace_s=20)
    assert await runtime.usage("i-1") is None


async def test_keys_and_names_are_laid_out(
    runtime: Runtime, workload: Any, console_has: Any
) -> None:
    script = "#!/bin/sh\ncat /root/.ssh/authorized_keys /etc/hostname; grep 10.0.1.5 /etc/hosts\n"
    await runtime.start(workload(boot=script, authorized_keys="ssh-ed25519 AAAA someone"))
    said = await console_has(runtime, "i-1", ENDED)
    assert said.splitlines()[:3] == [
        "ssh-ed25519 AAAA someone",
        "ip-10-0-1-5",
        "10.0.1.5 ip-10-0-1-5.local.compute.internal ip-10-0-1-5",
    ]


async def test_the_host_and_the_kernel_are_out_of_reach(
    runtime: Runtime, workload: Any, console_has: Any
) -> None:
    script = (
        "#!/bin/sh\n"
        f"ls -d {Path.cwd()} 2>/dev/null || echo no-host-files\n"
        "touch /usr/x 2>/dev/null || echo no-writes-to-usr\n"
        "mount -t tmpfs x /mnt 2>/dev/null || echo no-mount\n"
        "unshare --user true 2>/dev/null || echo no-user-namespace\n"
        "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'\n"
        "ls /proc | grep -c '^[0-9]'\n"
    )
    await runtime.start(workload(boot=script))
    said = (await console_has(runtime, "i-1", ENDED)).splitlines()
    assert said[:6] == [
        "no-host-files",
        "no-writes-to-usr",
        "no-mount",
        "no-user-namespace",
        "NoNewPrivs:1",
        "Seccomp:2",
    ]
    assert int(said[6]) < 8


async def test_only_folders_in_memory_can_be_written_where_there_are_any(
    runtime: Runtime, workload: Any, console_has: Any
) -> None:
    script = """#!/bin/sh
head -c 3000000 /dev/zero > /tmp/large
echo "written $(wc -c < /tmp/large)"
for folder in / /etc /root /var/tmp /mnt; do echo > $folder/file && echo "open $folder"; done
for folder in /dev /dev/shm /run; do
  echo > $folder/file && stat -f -c "room %b %S $folder" $folder
done
"""
    await runtime.start(workload(boot=script, memory_folders={"/tmp": MIB, "/mnt/data": MIB}))
    said = await console_has(runtime, "i-1", ENDED)
    assert f"written {MIB}" in said
    assert "open" not in said
    rooms = [line.split() for line in said.splitlines() if line.startswith("room")]
    assert all(int(blocks) * int(size) <= 64 * MIB for _, blocks, size, _ in rooms), said


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 65, ".hidden"])
async def test_refuses_an_id_that_could_leave_its_folder(
    runtime: Runtime, workload: Any, name: str
) -> None:
    with pytest.raises(Invalid):
        await runtime.start(workload(id=name))
    assert await runtime.list() == []


async def test_an_instance_outlives_a_killed_owner_and_is_found_again(
    runtime: Runtime, reopen: Any, workload: Any, console_has: Any, tmp_path: Path
) -> None:
    kind = "process" if (await runtime.probe()).kind == "process" else "auto"
    owner = await asyncio.to_thread(start_owner, tmp_path, kind)
    try:
        said = await asyncio.to_thread(owner.stdout.readline)
        os.kill(owner.pid, signal.SIGKILL)
        await asyncio.to_thread(owner.wait)
        assert said == b"started\n"
    finally:
        owner.stdout.close()
    adopted = reopen(kind)
    status = await status_of(adopted, "i-1")
    assert status.state is WorkloadState.RUNNING
    Path(f"/proc/{status.pid}/root/root/go").touch()
    await console_has(adopted, "i-1", "still here")
    await adopted.stop("i-1", grace_s=20)
    assert (await status_of(adopted, "i-1")).state is WorkloadState.EXITED
    await adopted.close()


OWNER = """
import asyncio, sys
from pathlib import Path
from volano.backends.runtime import open_runtime
from volano.kernel.clock import SystemClock
from volano.kernel.log import StreamLog
from volano.kernel.runtime import Workload

async def main():
    clock = SystemClock()
    runtime = open_runtime(Path(sys.argv[1]), StreamLog(clock), clock, choice=sys.argv[2])
    script = "#!/bin/sh\\nuntil [ -e /root/go ]; do sleep 0.05; done; echo still here\\n"
    await runtime.start(Workload(
        id="i-1", image="host", hostname="h", cpu_millis=500, cpu_shares_millis=500,
        memory_bytes=1 << 27, network="vpc-a", network_cidr="10.0.0.0/20", address="10.0.1.5",
        gateway="10.0.0.1", boot=script))
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def start_owner(tmp_path: Path, kind: str) -> Any:
    """Another program that owns the runtime and starts an instance."""
    argv = [sys.executable, "-c", OWNER, str(tmp_path / "runtime"), kind]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
