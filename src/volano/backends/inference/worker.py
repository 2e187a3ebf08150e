"""The engine's process as seen from its parent: started, watched and stopped.

The process ends when our end of its standard input closes, so it never outlives us. It gets a clean
environment: no secret of ours reaches it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from volano.backends.inference.connection import Connection, ConnectionLost, connect
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from volano.kernel.log import Log

MODULE = "volano.ml.engine.server"
START_S_MAX = 60.0
STOP_S_MAX = 5.0
# The system limits a socket's path to 108 bytes with the final zero (unix(7)).
SOCKET_PATH_BYTES_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """`import_paths` come before the interpreter's own; `cache` is where built-in models go.

    `device` is auto, cpu, cuda, or cuda:1 for the second card.
    """

    python: str
    cache: Path
    run_dir: Path
    import_paths: tuple[Path, ...]
    device: str = "auto"


class Worker:
    """A running engine process and the connection to it."""

    def __init__(
        self, process: asyncio.subprocess.Process, connection: Connection, socket_dir: Path
    ) -> None:
        self._process = process
        self._socket_dir = socket_dir
        self.connection = connection

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def stop(self) -> None:
        """End the process, by force after STOP_S_MAX; may be repeated."""
        await self.connection.close()
        await _end(self._process)
        shutil.rmtree(self._socket_dir, ignore_errors=True)


async def start_worker(settings: WorkerSettings, log: Log) -> Worker:
    """Start the process and connect; raises Unavailable when it does not come up."""
    socket_dir = _make_socket_dir(settings.run_dir)
    socket = socket_dir / "engine.sock"
    settings.cache.mkdir(parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        settings.python,
        "-P",  # the current folder is no place to import from
        "-m",
        MODULE,
        "--socket",
        str(socket),
        "--cache",
        str(settings.cache),
        "--device",
        settings.device.partition(":")[0],
        "--exit-with-stdin",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=settings.cache,
        env=_environment(settings),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    reporting = asyncio.get_running_loop().create_task(_report(process.stderr, process.pid, log))
    try:
        async with asyncio.timeout(START_S_MAX):
            ready = await process.stdout.readline()
            if not ready:
                raise ConnectionLost
            connection = await connect(socket)
    except (TimeoutError, ConnectionLost) as error:
        await _end(process)
        said = await reporting
        shutil.rmtree(socket_dir, ignore_errors=True)
        raise Unavailable(
            "The inference engine did not start" + (f": {said}" if said else ".")
        ) from error
    except BaseException:
        await _end(process)
        shutil.rmtree(socket_dir, ignore_errors=True)
        raise
    return Worker(process, connection, socket_dir)


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(STOP_S_MAX):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _report(stream: asyncio.StreamReader, pid: int, log: Log) -> str:
    """Log what the process writes to standard error until it ends; returns the last line."""
    rest = b""
    last = ""
    while chunk := await stream.read(65_536):
        *lines, rest = (rest + chunk).split(b"\n")
        rest = rest[-65_536:]
        for line in filter(None, lines):
            last = line.decode(errors="replace")
            log.warning("The inference engine wrote to its log.", pid=pid, line=last)
    return last


def _environment(settings: WorkerSettings) -> dict[str, str]:
    card = settings.device.partition(":")[2]
    return {
        # The driver shows the process the card that was named, and no other.
        **({"CUDA_VISIBLE_DEVICES": card} if card else {}),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        # They wait for each other by spinning: where others want the cores, twelve times the work.
        "OPENBLAS_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // 2)),
        "PYTHONPATH": os.pathsep.join(map(str, settings.import_paths)),
        "TOKENIZERS_PARALLELISM": "true",
        "XDG_CACHE_HOME": str(settings.cache),  # for compiled kernels
    }


def _make_socket_dir(run_dir: Path) -> Path:
    """A folder for the socket that only we may enter, on a path short enough for one."""
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for parent in (run_dir, Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - mkdtemp
        if len(os.fsencode(parent)) + len("/engine-12345678/engine.sock") < SOCKET_PATH_BYTES_MAX:
            return Path(tempfile.mkdtemp(prefix="engine-", dir=parent))
    raise Unavailable("No folder has a path short enough for a local socket.")
