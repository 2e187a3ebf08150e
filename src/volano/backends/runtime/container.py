"""The container driver: crun or runc under conmon, as root.

A launch is four steps: lay out the disk; conmon creates the container (namespaces and limits are
made, init waits); its network interface is moved in; init is let go. conmon and the overlay mount
live in a mount namespace of their own, so the mount vanishes with them and can never be left
behind, and conmon, whose parent becomes init of the host, outlives Volano.

The overlay is mounted on one fixed path of that private namespace: the path must be reachable by
the instance's unprivileged user, which a data folder with mode 0700 is not.

On a hybrid host crun refuses to run while the version 2 hierarchy is mounted beside version 1;
the same private namespace is where we unmount it. Only creating is refused, not what follows.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from volano.backends.runtime import boot, cgroups, commands, oci, uplink
from volano.backends.runtime.console import read_tail, strip_stamps
from volano.backends.runtime.state import write_atomically
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from io import FileIO

    from volano.backends.runtime.network import Networks
    from volano.backends.runtime.rootfs import Images
    from volano.backends.runtime.state import InstanceFolder
    from volano.kernel.clock import Clock
    from volano.kernel.runtime import Workload, WorkloadUsage

MOUNT_POINT = Path("/run/volano/root")
CONSOLE_LIMIT_BYTES = 4 * 1024 * 1024
CREATE_REPLY_BYTES = 65536

# $1 the v2 hierarchy to unmount or empty, $2 the instance's folder, $3 the image, then the command.
LAUNCH = f"""
if [ -n "$1" ]; then umount "$1"; fi
cd "$2"
mount -t overlay overlay -o "lowerdir=$3,upperdir=upper,workdir=work" {MOUNT_POINT}
shift 3
exec "$@"
"""


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """Which OCI engine, and how this host lets it run; found by probe.py."""

    program: str
    user_namespace: bool
    unmount: str = ""

    @property
    def name(self) -> str:
        return self.program.rsplit("/", 1)[-1]


class ContainerDriver:
    """Starts and cleans up containers of one state folder. Every method blocks."""

    def __init__(
        self,
        state_dir: Path,
        engine: Engine,
        *,
        tag: str,
        images: Images,
        networks: Networks,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._tag = tag
        self._images = images
        self._networks = networks
        self._clock = clock
        self._engine_state = state_dir / "engine"

    def launch(self, folder: InstanceFolder, workload: Workload) -> None:
        """Start it; on failure nothing of this start is left running."""
        self._lay_out(folder, workload)
        if workload.network:
            self._networks.ensure(workload.network)
        try:
            pid, shim = self._create(folder, workload)
            folder.record_process(pid=pid, shim_pid=shim)
            if workload.network:
                self._networks.attach(workload, pid)
            commands.run([*self._engine_argv(), "start", folder.id])
        except BaseException:
            folder.end_process(grace_s=0)
            self.clean(folder, workload)
            raise
        folder.record_process(pid=pid, shim_pid=shim, started_us=self._clock.now_us())

    def clean(self, folder: InstanceFolder, workload: Workload) -> None:
        """Remove what a run that has ended left outside its folder; may be repeated."""
        if workload.network:
            self._networks.detach(workload)
        if (self._engine_state / folder.id).exists():
            argv = [*self._engine_argv(), "delete", "--force", folder.id]
            commands.attempt(argv)
        cgroups.remove_group(self._group(folder))

    def usage(self, folder: InstanceFolder, pid: int) -> WorkloadUsage | None:
        del pid
        return cgroups.read_usage(self._group(folder))

    def close(self) -> None:
        """Remove the parent control groups if nothing runs in them."""
        cgroups.remove_group(f"{cgroups.ROOT_GROUP}/{self._tag}")
        cgroups.remove_group(cgroups.ROOT_GROUP)

    def read_console(self, folder: InstanceFolder, last_bytes: int) -> bytes:
        """The end of the log without conmon's time stamps."""
        budget = last_bytes * 2 + 4096  # a stamp is about as long as a short line
        return strip_stamps(read_tail(folder.console, budget))[-last_bytes:]

    def _lay_out(self, folder: InstanceFolder, workload: Workload) -> None:
        owner = oci.UID_SHIFT if self._engine.user_namespace else 0
        if not folder.upper.exists():
            folder.upper.mkdir()
            folder.upper.chmod(0o755)
            os.chown(folder.upper, owner, owner)
        if folder.work.exists():  # what an overlay left that was not unmounted in order
            shutil.rmtree(folder.work)
        folder.work.mkdir(mode=0o700)
        MOUNT_POINT.mkdir(mode=0o755, parents=True, exist_ok=True)
        first = boot.FirstBoot(
            root=folder.upper,
            mark=folder.path / "laid-out",
            owner=owner,
            nameservers=uplink.nameservers(),
        )
        boot.write_first_boot(first, workload)
        around = oci.Surroundings(
            root=str(MOUNT_POINT),
            binds=self._images.binds(workload.image),
            cgroups_path=f"/{self._group(folder)}",
            user_namespace=self._engine.user_namespace,
        )
        write_atomically(
            folder.bundle / "config.json", msgspec.json.encode(oci.to_spec(workload, around))
        )

    def _create(self, folder: InstanceFolder, workload: Workload) -> tuple[int, int]:
        """Have conmon create the container; returns the pids of init and of conmon."""
        self._engine_state.mkdir(mode=0o700, exist_ok=True)
        shim_file = folder.path / "shim.pid"
        conmon = [
            commands.get_program("conmon"),
            "--api-version", "1",
            "--cid", folder.id, "--cuuid", folder.id, "--name", folder.id,
            "--runtime", self._engine.program,
            "--runtime-arg", f"--root={self._engine_state}",
            "--bundle", str(folder.bundle),
            "--conmon-pidfile", str(shim_file),
            "--container-pidfile", str(folder.path / "init.pid"),
            "--exit-dir", str(folder.exit_dir),
            "--log-path", f"k8s-file:{folder.console}",
            "--log-size-max", str(CONSOLE_LIMIT_BYTES),
            "--full-attach", "--no-sync-log",
        ]  # fmt: skip
        image = str(self._images.path(workload.image))
        script = ["sh", "-ec", LAUNCH, "volano", self._engine.unmount, str(folder.path), image]
        reply = _run_with_reply([*_new_mounts(), *script, *conmon], folder.path / "shim.log")
        return reply, int(shim_file.read_text())

    def _engine_argv(self) -> list[str]:
        return [self._engine.program, f"--root={self._engine_state}"]

    def _group(self, folder: InstanceFolder) -> str:
        return f"{cgroups.ROOT_GROUP}/{self._tag}/{folder.id}"


def _new_mounts() -> list[str]:
    return [commands.get_program("unshare"), "--mount", "--propagation", "slave"]


def _run_with_reply(argv: list[str], log: Path) -> int:
    """Run conmon, which forks itself away, and read init's pid from its reply pipe."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as reply, log.open("wb") as errors:
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=commands.ENVIRONMENT | {"_OCI_SYNCPIPE": str(writer)},
                pass_fds=[writer],
                timeout=commands.COMMAND_LIMIT_S,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"conmon could not run: {error}") from error
        finally:
            os.close(writer)
        answer = _read_reply(reply)
    pid = answer.get("data")
    if isinstance(pid, int) and pid > 0:
        return pid
    said = f"{answer.get('message', '')} {log.read_text(errors='replace')}"
    raise commands.command_failed(["conmon"], done.returncode, said)


def _read_reply(reply: FileIO) -> dict[str, object]:
    """conmon keeps its end open for life, so one read is the whole reply: `{"data": PID}`."""
    poller = select.poll()
    poller.register(reply, select.POLLIN)
    if not poller.poll(commands.COMMAND_LIMIT_S * 1000):
        return {"message": "no reply in time"}
    with contextlib.suppress(ValueError, IndexError):
        parsed = json.loads(reply.read(CREATE_REPLY_BYTES).splitlines()[0])
        if isinstance(parsed, dict):
            return parsed
    return {}
