"""The state folder of one instance: the only truth about it, readable after any crash.

    instances/<id>/
      workload.json   what was asked (written before anything runs)
      process.json    the process that runs it: pid, its start time, the boot of the host
      bundle/         config.json for the OCI engine
      upper/ work/    the writable layer (container) or disk/ (process)
      console.log     output of init and its children, limited in size
      exit/<id>       the exit code, written by the shim when init is gone

A pid alone proves nothing, since pids are used again: a process is ours only when its start time
and the host's boot id match too.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from volano.backends.runtime import commands
from volano.kernel.errors import Invalid
from volano.kernel.runtime import Workload, WorkloadState, WorkloadStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SHIM_EXIT_WAIT_S = 5.0


class ProcessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Which process is the instance's init; `started_us` is 0 until user code was let go."""

    pid: int
    ticks: int
    shim_pid: int
    shim_ticks: int
    boot_id: str
    started_us: int = 0


def require_name(name: str, what: str) -> None:
    """Refuse a name that could leave its folder or confuse a program."""
    if not NAME.fullmatch(name):
        raise Invalid(f"The {what} {name!r} must be 1 to 64 letters, digits, '.', '_' or '-'.")


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def process_ticks(pid: int) -> int:
    """When the process started, in clock ticks since boot; 0 when it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    fields = stat.rpartition(")")[2].split()
    return 0 if fields[0] in "ZX" else int(fields[19])


def write_atomically(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


class InstanceFolder:
    """Paths and facts of one instance."""

    def __init__(self, instances: Path, workload_id: str) -> None:
        require_name(workload_id, "workload id")
        self.id = workload_id
        self.path = instances / workload_id
        self.bundle = self.path / "bundle"
        self.upper = self.path / "upper"
        self.work = self.path / "work"
        self.disk = self.path / "disk"
        self.console = self.path / "console.log"
        self.exit_dir = self.path / "exit"
        self.exit_file = self.exit_dir / workload_id

    def exists(self) -> bool:
        return (self.path / "workload.json").exists()

    def create(self, workload: Workload) -> None:
        """Make the folders and write down what is wanted; may be repeated."""
        for folder in (self.path, self.bundle, self.exit_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self.path / "workload.json", msgspec.json.encode(workload))

    def workload(self) -> Workload | None:
        try:
            content = (self.path / "workload.json").read_bytes()
            return msgspec.json.decode(content, type=Workload)
        except (OSError, msgspec.MsgspecError):
            return None

    def record_process(self, *, pid: int, shim_pid: int, started_us: int = 0) -> None:
        record = ProcessRecord(
            pid=pid,
            ticks=process_ticks(pid),
            shim_pid=shim_pid,
            shim_ticks=process_ticks(shim_pid),
            boot_id=boot_id(),
            started_us=started_us,
        )
        write_atomically(self.path / "process.json", msgspec.json.encode(record))

    def process(self) -> ProcessRecord | None:
        try:
            content = (self.path / "process.json").read_bytes()
            return msgspec.json.decode(content, type=ProcessRecord)
        except (OSError, msgspec.MsgspecError):
            return None

    def forget_process(self) -> None:
        """Before a new start: the last run's process and exit code no longer count."""
        (self.path / "process.json").unlink(missing_ok=True)
        self.exit_file.unlink(missing_ok=True)

    def running(self) -> ProcessRecord | None:
        """The record of the process, if that very process is alive."""
        record = self.process()
        if record is None or record.boot_id != boot_id() or record.ticks == 0:
            return None
        return record if process_ticks(record.pid) == record.ticks else None

    def exit_code(self) -> int | None:
        try:
            return int(self.exit_file.read_text().strip() or "0")
        except (OSError, ValueError):
            return None

    def status(self) -> WorkloadStatus:
        """What is true now. No exit code after EXITED: the host went down under it."""
        workload = self.workload()
        if workload is None:
            return WorkloadStatus(id=self.id, state=WorkloadState.MISSING)
        running = self.running()
        if running is not None:
            state = WorkloadState.RUNNING if running.started_us else WorkloadState.STARTING
            return WorkloadStatus(
                id=self.id,
                state=state,
                pid=running.pid,
                started_us=running.started_us or None,
                labels=workload.labels,
            )
        record = self.process()
        return WorkloadStatus(
            id=self.id,
            state=WorkloadState.EXITED,
            exit_code=self.exit_code(),
            started_us=(record.started_us or None) if record else None,
            labels=workload.labels,
        )

    def end_process(self, *, grace_s: float) -> None:
        """TERM to init, KILL after `grace_s`, then wait for the shim to write the exit code."""
        record = self.running()
        if record is None:
            return
        with _opened_process(record.pid, record.ticks) as init:
            if init is not None and not (grace_s > 0 and _ended(init, signal.SIGTERM, grace_s)):
                _ended(init, signal.SIGKILL, SHIM_EXIT_WAIT_S)
        with _opened_process(record.shim_pid, record.shim_ticks) as shim:
            if shim is not None:
                _wait_readable(shim, SHIM_EXIT_WAIT_S)

    def remove(self) -> None:
        """Delete everything; never crosses into another file system left mounted below."""
        commands.run([commands.get_program("rm"), "-rf", "--one-file-system", str(self.path)])


def _ended(process_fd: int, number: signal.Signals, wait_s: float) -> bool:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(process_fd, number)
    return _wait_readable(process_fd, wait_s)


def _wait_readable(process_fd: int, wait_s: float) -> bool:
    poller = select.poll()
    poller.register(process_fd, select.POLLIN)
    return bool(poller.poll(wait_s * 1000))


@contextlib.contextmanager
def _opened_process(pid: int, ticks: int) -> Iterator[int | None]:
    """A pidfd of that very process, or None when it is gone."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        yield None
        return
    try:
        yield descriptor if process_ticks(pid) == ticks else None
    finally:
        os.close(descriptor)
