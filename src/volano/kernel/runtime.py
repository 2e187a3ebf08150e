"""Port `runtime`: run one instance's user code in isolation, and find it again after a restart.

A workload is started by a detached shim (conmon, or a double fork) so that it outlives the
process that asked; its truth is a state folder per instance, and `list` reads those folders.
Every method may be repeated. The port knows nothing of EC2: `node/` turns rows into workloads.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable


CLOSED_PREFIX = "closed-"
"""A network whose name begins so has no way out of the host, whatever the host allows."""


class WorkloadState(Enum):
    STARTING = "starting"
    RUNNING = "running"
    EXITED = "exited"
    MISSING = "missing"


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """What to run.

    `cpu_millis` is a hard CPU quota (1000 = one core), `cpu_shares_millis` the guaranteed share
    (the economy family's base; equals the quota for dedicated families). `memory_bytes` is the
    hard memory limit, `disk_bytes` the limit of the writable layer where the host can enforce it.
    `address` is the private IPv4 address inside `network_cidr`; `network` names the isolated
    network (one namespace per VPC) and `gateway` its router address. The metadata service listens
    on `Runtime.metadata_socket(network)`.
    `memory_folders` are the only ones that can be written then, each at most so many bytes, which
    are lost when it ends: a limit that every host enforces.
    `boot` is the script run as init's only child (user data, `#!`); empty means idle until stopped.
    """

    id: str
    image: str
    hostname: str
    cpu_millis: int
    cpu_shares_millis: int
    memory_bytes: int
    disk_bytes: int = 8 * 1024**3
    pids: int = 512
    network: str = ""
    network_cidr: str = ""
    address: str = ""
    gateway: str = ""
    mac: str = ""
    boot: str = ""
    authorized_keys: str = ""
    environment: dict[str, str] = {}
    labels: dict[str, str] = {}
    memory_folders: dict[str, int] = {}


class WorkloadStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `exit_code` only when exited; `started_us` is when user code began."""

    id: str
    state: WorkloadState
    pid: int = 0
    exit_code: int | None = None
    started_us: int | None = None
    labels: dict[str, str] = {}


class WorkloadUsage(msgspec.Struct, frozen=True, kw_only=True):
    cpu_us: int
    memory_bytes: int


class RuntimeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the probe found: which runtime, how isolated, and what a person should know.

    `kind` is `container` (crun or runc) or `process` (bubblewrap, no root). `limits` says whether
    CPU and memory limits are enforced. `internet` says whether instances reach beyond the host.
    """

    kind: str
    engine: str
    isolation: str
    limits: bool
    internet: bool
    notes: tuple[str, ...] = ()


class Runtime(Protocol):
    async def probe(self) -> RuntimeInfo:
        """Find out once what this host can do; later calls answer from memory."""
        ...

    async def prepare(self, image: str, progress: Callable[[float, str], Awaitable[None]]) -> None:
        """Make the root file system of `image` ready (built once, cached); says how far it is."""
        ...

    def is_prepared(self, image: str) -> bool: ...

    async def start(self, workload: Workload) -> None:
        """Start it, or do nothing when it runs already. Keeps the writable layer of before."""
        ...

    async def stop(self, workload_id: str, *, grace_s: float) -> None:
        """TERM, then KILL after `grace_s`; the writable layer and console log stay."""
        ...

    async def destroy(self, workload_id: str) -> None:
        """Stop and remove every trace but the console log's last 64 KiB (kept by the caller)."""
        ...

    async def list(self) -> list[WorkloadStatus]:
        """Everything on this host, found from the state folders; adopts what still runs."""
        ...

    async def console(self, workload_id: str, *, last_bytes: int = 65536) -> bytes:
        """The end of the console log (stdout and stderr of init and its children)."""
        ...

    async def usage(self, workload_id: str) -> WorkloadUsage | None: ...

    async def metadata_socket(self, network: str) -> socket.socket | None:
        """A listening TCP socket on 169.254.169.254:80 as the instances of `network` see it.

        The peer address of a connection is the instance's private address and cannot be forged by
        another instance. The caller owns the socket; ask again after a restart. The network is
        made if it is not there. None where the runtime has no such place; Unavailable if the
        port is already listened on.
        """
        ...

    async def host_listener(self, network: str, port: int) -> socket.socket | None:
        """The same on 169.254.169.253:`port`, where instances find the cloud's own endpoints."""
        ...

    async def remove_network(self, network: str) -> None:
        """Remove the network's namespace and uplink; close its sockets and stop instances first."""
        ...

    async def close(self) -> None:
        """Let go of watchers and sockets; workloads go on."""
        ...
