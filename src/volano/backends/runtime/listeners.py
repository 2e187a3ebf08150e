"""Listening TCP sockets inside a network's router namespace, owned by this process.

A socket belongs to the namespace in which it was made, whoever serves it later, so the metadata
service and the API gateway of the host can answer inside every VPC with no forwarder between:
the peer address they see is the instance's own. After a restart of Volano the node asks again.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from volano.backends.runtime import commands, network
from volano.kernel.errors import Unavailable

if TYPE_CHECKING:
    from volano.backends.runtime.network import Network

BACKLOG = 128
CLONE_NEWNET = 0x40000000

# Runs inside the rootless namespace, where this process, having threads, cannot go itself.
OPENER = (
    "import socket, sys\n"
    "door = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=int(sys.argv[3]))\n"
    "with socket.socket(fileno=int(sys.argv[4])) as channel:\n"
    "    socket.send_fds(channel, [b'.'], [door.fileno()])\n"
)


def open_listener(where: Network, address: str, port: int) -> socket.socket:
    """A listening socket on `address:port` of the router of `where`; Unavailable if it is taken."""
    if where.holder is None:
        return _open_by_thread(network.NAMESPACES / where.namespace, address, port)
    return _open_by_child(where, address, port)


def _open_by_thread(namespace: Path, address: str, port: int) -> socket.socket:
    """A fresh thread enters the namespace and ends there, so no pool thread is left inside."""
    outcome: list[socket.socket | OSError] = []

    def work() -> None:
        try:
            _set_namespace(namespace)
            outcome.append(socket.create_server((address, port), backlog=BACKLOG))
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=work, name="volano-listener")
    thread.start()
    thread.join()
    door = outcome[0]
    if isinstance(door, OSError):
        raise Unavailable(f"Cannot listen on {address}:{port} in the network: {door}") from door
    return door


def _set_namespace(namespace: Path) -> None:
    """setns(2) for the calling thread; Python has it from 3.12 only."""
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if library.setns(descriptor, CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(namespace))
    finally:
        os.close(descriptor)


def _open_by_child(where: Network, address: str, port: int) -> socket.socket:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        argv = [sys.executable, "-I", "-S", "-c", OPENER, address, str(port), str(BACKLOG)]
        done = subprocess.run(
            [*network.enter(where), *argv, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=commands.ENVIRONMENT,
            pass_fds=[theirs.fileno()],
            timeout=commands.COMMAND_LIMIT_S,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise Unavailable(f"Cannot listen on {address}:{port} in the network: {said}")
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    return socket.socket(fileno=descriptors[0])
