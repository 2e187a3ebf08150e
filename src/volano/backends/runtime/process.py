"""The process driver: bubblewrap, for hosts where Volano is not root or has no OCI engine.

Isolated: process, mount, network, ipc and host name namespaces, no capabilities, a system call
filter. Not isolated or limited: CPU, memory and disk; the programs are the host's own /usr, read
only. The network is the one of `network.py` without an uplink.

The shim is a shell that outlives Volano: it writes the console (the last 2 to 4 MiB) and the exit
code. bubblewrap waits on a pipe before it starts init, and meanwhile the interface is moved in.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from volano.backends.runtime import boot, commands, network, oci, seccomp, state
from volano.backends.runtime.console import read_tail
from volano.kernel.errors import Unavailable
from volano.kernel.runtime import WorkloadUsage

if TYPE_CHECKING:
    from volano.backends.runtime.network import Networks
    from volano.backends.runtime.rootfs import Images
    from volano.backends.runtime.state import InstanceFolder
    from volano.kernel.clock import Clock
    from volano.kernel.runtime import Workload

PROGRAMS = ("bwrap", "ip", "unshare", "nsenter", "setsid")
CONSOLE_CHUNK_BYTES = 2 * 1024 * 1024
INFO_BYTES = 4096
ERROR_TAIL_BYTES = 2000
SMALL_BYTES = 64 * 1024 * 1024
"""Of a folder in memory that every program expects."""

# $1 the console, $2 the exit file, then bubblewrap. `head` writes one chunk, then the log turns.
SHIM = f"""
log=$1 exit=$2; shift 2
[ ! -s "$log" ] || mv "$log" "$log.1"
{{ "$@"; echo $? > "$exit.part"; mv "$exit.part" "$exit"; }} 2>&1 | while :; do
  stdbuf -o0 head -c {CONSOLE_CHUNK_BYTES} > "$log"
  [ "$(stat -c %s "$log")" -ge {CONSOLE_CHUNK_BYTES} ] || break
  mv "$log" "$log.1"
done
"""


def find_problem(state_dir: Path) -> str:
    """Why sandboxes do not work on this host; empty when they do (one was really run)."""
    missing = [name for name in PROGRAMS if commands.find_program(name) is None]
    if missing:
        return f"Sandboxed processes need these programs, which are missing: {', '.join(missing)}."
    bwrap, unshare, ip = (commands.get_program(name) for name in ("bwrap", "unshare", "ip"))
    try:
        sandbox = [bwrap, "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true"]
        commands.run(sandbox, cwd=str(state_dir))
        link = [ip, "link", "add", "v0", "type", "veth", "peer", "name", "v1"]
        commands.run([unshare, "--user", "--map-root-user", "--net", *link])
    except Unavailable as error:
        return f"Sandboxed processes do not work here: {error}"
    return ""


class ProcessDriver:
    """Starts and cleans up sandboxed processes. Every method blocks."""

    def __init__(
        self, state_dir: Path, *, images: Images, networks: Networks, clock: Clock
    ) -> None:
        self._images = images
        self._networks = networks
        self._clock = clock
        self._filter = state_dir / "seccomp.bpf"
        self.is_filtered = seccomp.write_bpf(self._filter)

    def launch(self, folder: InstanceFolder, workload: Workload) -> None:
        """Start it; on failure nothing of this start is left running."""
        self._lay_out(folder, workload)
        if workload.network:
            self._networks.ensure(workload.network)
        pid, shim, gate = self._create(folder, workload)
        folder.record_process(pid=pid, shim_pid=shim)
        try:
            if workload.network:
                self._networks.attach(workload, pid)
        except BaseException:
            folder.end_process(grace_s=0)
            raise
        finally:
            os.close(gate)  # lets init go
        if not state.process_ticks(pid):
            said = read_tail(folder.console, ERROR_TAIL_BYTES).decode("utf-8", "replace")
            raise commands.command_failed(["bwrap"], folder.exit_code() or 1, said)
        folder.record_process(pid=pid, shim_pid=shim, started_us=self._clock.now_us())

    def clean(self, folder: InstanceFolder, workload: Workload) -> None:
        del folder
        if workload.network:
            self._networks.detach(workload)

    def usage(self, folder: InstanceFolder, pid: int) -> WorkloadUsage | None:
        """Summed over the processes that live now; those gone count through their parents."""
        del folder
        return _measure_tree(pid)

    def read_console(self, folder: InstanceFolder, last_bytes: int) -> bytes:
        log = read_tail(folder.console, last_bytes)
        earlier = read_tail(folder.console.with_name("console.log.1"), last_bytes)
        return (earlier + log)[-last_bytes:]

    def close(self) -> None:
        """Nothing is held."""

    def _lay_out(self, folder: InstanceFolder, workload: Workload) -> None:
        mark = folder.path / "laid-out"
        if not mark.exists():
            shutil.copytree(
                self._images.path(self._image()), folder.disk, symlinks=True, dirs_exist_ok=True
            )
        first = boot.FirstBoot(root=folder.disk, mark=mark, owner=os.geteuid(), nameservers=())
        boot.write_first_boot(first, workload)

    def _image(self) -> str:
        return "host"

    def _create(self, folder: InstanceFolder, workload: Workload) -> tuple[int, int, int]:
        """Start shim and bubblewrap; returns the pids of init and of the shim, and the gate."""
        info_read, info_write = os.pipe()
        gate_read, gate_write = os.pipe()
        filters = os.open(self._filter, os.O_RDONLY | os.O_CLOEXEC) if self.is_filtered else -1
        passed = [info_write, gate_read, *([filters] if self.is_filtered else [])]
        inner = self._sandbox(folder, workload, info=info_write, gate=gate_read, filters=filters)
        shim = ["sh", "-c", SHIM, "volano", str(folder.console), str(folder.exit_file), *inner]
        try:
            subprocess.run(
                [commands.get_program("setsid"), "--fork", *shim],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=commands.ENVIRONMENT,
                pass_fds=passed,
                timeout=commands.COMMAND_LIMIT_S,
                check=True,
            )
        finally:
            for descriptor in passed:
                os.close(descriptor)
        try:
            pid = int(json.loads(_read_info(info_read))["child-pid"])
        except (ValueError, KeyError):
            os.close(gate_write)
            said = read_tail(folder.console, ERROR_TAIL_BYTES).decode("utf-8", "replace")
            raise commands.command_failed(["bwrap"], 1, said) from None
        return pid, _shim_of(pid), gate_write

    def _sandbox(
        self, folder: InstanceFolder, workload: Workload, *, info: int, gate: int, filters: int
    ) -> list[str]:
        environment = oci.ENVIRONMENT | {"HOSTNAME": workload.hostname} | workload.environment
        argv = self._entered(workload)
        argv += [commands.get_program("bwrap"), "--unshare-all", "--unshare-user"]
        argv += ["--uid", "0", "--gid", "0", "--cap-drop", "ALL", "--as-pid-1", "--new-session"]
        argv += [
            "--hostname",
            workload.hostname[:63],
            "--info-fd",
            str(info),
            "--block-fd",
            str(gate),
        ]
        argv += ["--bind", str(folder.disk), "/"]
        for path in self._images.binds(self._image()):
            argv += ["--ro-bind", path, path]
        argv += [
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--chdir",
            "/",
            "--clearenv",
        ]
        folders = dict.fromkeys(("/run", "/dev/shm"), SMALL_BYTES) | workload.memory_folders  # noqa: S108 - inside
        for path, size_bytes in folders.items():
            argv += ["--perms", "1777", "--size", str(size_bytes), "--tmpfs", path]
        for path in ("/", "/dev") if workload.memory_folders else ():
            argv += ["--remount-ro", path]
        for name, value in environment.items():
            argv += ["--setenv", name, value]
        if filters >= 0:
            argv += ["--seccomp", str(filters)]
        return [*argv, "/bin/sh", "-c", boot.INIT, "init"]

    def _entered(self, workload: Workload) -> list[str]:
        """Below the network's user namespace, or no link could be moved into the sandbox."""
        if not workload.network:
            return []
        return network.enter(self._networks.ensure(workload.network))


def _read_info(descriptor: int) -> bytes:
    """bubblewrap's JSON; the shim's shells hold the pipe open, so its end is the closing brace."""
    reply = b""
    with os.fdopen(descriptor, "rb", buffering=0) as info:
        while not reply.rstrip().endswith(b"}"):
            part = info.read(INFO_BYTES)
            if not part:
                break
            reply += part
    return reply


def _shim_of(pid: int) -> int:
    """The shell above bubblewrap, or 0."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        bwrap = _parent(pid)
        return _parent(bwrap)
    return 0


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _measure_tree(root: int) -> WorkloadUsage | None:
    ticks, pages, waiting = 0, 0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            continue
        ticks += sum(int(fields[index]) for index in (11, 12, 13, 14))
        pages += int(fields[21])
        waiting += [int(child) for child in children]
    if not state.process_ticks(root):
        return None
    return WorkloadUsage(
        cpu_us=ticks * 1_000_000 // os.sysconf("SC_CLK_TCK"),
        memory_bytes=pages * os.sysconf("SC_PAGE_SIZE"),
    )
