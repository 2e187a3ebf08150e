"""`volano up`: opens the ports, wires the process, starts the loops, and drains at the end.

Order of starting: sockets first (a port in use is said before anything is touched), then the
folder's lock, the database and the rest; readiness turns true when all runs. Order of stopping:
not ready, no new connections, running requests get `DRAIN_S`, loops stop, the journal is written.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import gc
import os
import resource
import signal
import socket
import sys
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import uvicorn

from volano.app.build import open_process
from volano.app.listeners import QuietServer
from volano.app.protocol import LimitedProtocol
from volano.app.server import aws_app, console_app
from volano.app.sockets import SocketProtocol
from volano.app.start import Started, first_start
from volano.kernel.errors import Unavailable
from volano.wire.slack.socket import drain_sockets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from volano.app.build import Process
    from volano.kernel.config import Config

BACKLOG = 2048
DRAIN_S = 20
IDLE_S = 75
SOCKET_PING_S = 20.0
"""@slack/socket-mode begins anew when no ping came for 30 s."""
SWITCH_INTERVAL_S = 0.0005
"""Threads that finish an fsync must not wait 5 ms for the loop's turn to end."""
GC_THRESHOLDS = (20_000, 20, 20)
"""Requests leave few cycles; Python's 700 objects between two searches are a tenth of a read."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


class PortInUse(Unavailable):
    code = "PortInUse"


class DataInUse(Unavailable):
    code = "DataInUse"


def run_forever(config: Config, on_ready: Callable[[Process, Started], None]) -> None:
    """Serve until SIGINT or SIGTERM; calls `on_ready` once when requests are answered."""
    _tune_process()
    import uvloop  # noqa: PLC0415 - commands that start no server do not pay for it

    with ExitStack() as stack:
        sockets = [
            stack.enter_context(_listen(config.listen, port))
            for port in (config.port, config.aws_port)
        ]
        stack.enter_context(_locked(config))
        uvloop.run(_main(config, sockets, on_ready))


async def _main(
    config: Config,
    sockets: list[socket.socket],
    on_ready: Callable[[Process, Started], None],
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serving(config, sockets) as (process, started):
        on_ready(process, started)
        gc.freeze()  # what is there now stays: no collection needs to look at it again
        await stop.wait()
        process.env.log.info("stopping")


@asynccontextmanager
async def serving(
    config: Config, sockets: list[socket.socket]
) -> AsyncIterator[tuple[Process, Started]]:
    """A process that answers on the two sockets; drains when the block ends."""
    async with open_process(config) as process:
        loops = asyncio.create_task(process.run_loops())
        started = await first_start(process)
        apps: list[Any] = [
            console_app(process.env, process.health),
            aws_app(process.env, process.health, started.test_mode),
        ]
        servers = [_server(config, app) for app in apps]
        tasks = [
            asyncio.create_task(server.serve(sockets=[listener]))
            for server, listener in zip(servers, sockets, strict=True)
        ]
        node = asyncio.create_task(started.run_node(apps[1], apps[0]))
        watched = {loops, node, *tasks}
        while not all(server.started for server in servers):  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.005)
        process.health.starting = False
        try:
            yield process, started
        finally:
            process.health.draining = True
            await drain_sockets()
            for server in servers:
                server.should_exit = True
            await asyncio.wait(tasks, timeout=DRAIN_S + 5)
            for task in watched:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*watched, return_exceptions=True)


def _server(config: Config, app: Any) -> QuietServer:
    settings = uvicorn.Config(
        app,
        http="httptools" if config.http == "stock" else LimitedProtocol,
        ws=SocketProtocol,
        ws_per_message_deflate=False,  # its memory for each client costs more than the bytes
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        log_level="error",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=DRAIN_S,
        ws_max_size=1024 * 1024,
        ws_ping_interval=SOCKET_PING_S,
        ssl_certfile=str(config.tls_certificate) if config.tls_certificate else None,
        ssl_keyfile=str(config.tls_key) if config.tls_key else None,
    )
    return QuietServer(settings)


@contextmanager
def _listen(address: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
        except OSError as error:
            raise PortInUse(
                f"Port {port} on {address} cannot be opened ({error.strerror}). Stop the program "
                f"that uses it, or choose another with --port or --aws-port."
            ) from error
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        yield listener
    finally:
        listener.close()


@contextmanager
def _locked(config: Config) -> Iterator[None]:
    """Own the data folder: two processes on one SQLite folder would lose data."""
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(config.data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(file, 32, 0).decode().strip() or "another process"
            raise DataInUse(
                f"The data folder {config.data_dir} is in use by process {holder}. Stop it, or "
                "choose another folder with --data."
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)


def _tune_process() -> None:
    """What a server wants of its process: short turns for the GIL, all file descriptors."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*GC_THRESHOLDS)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    _tune_malloc()


def _tune_malloc() -> None:
    """Keep body-sized chunks in the heap: mapping each anew costs 3x CPU (research/stack.md 0)."""
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, 128 * 1024 * 1024)
        libc.mallopt(_M_TRIM_THRESHOLD, 128 * 1024 * 1024)
