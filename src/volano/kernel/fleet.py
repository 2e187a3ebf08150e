"""Port `fleet`: what a node is told to run, and what it reports back.

`services/compute` implements it over its rows; `node/` is given it by `app/`, so that the daemon
knows nothing of EC2. A node asks `wanted`, makes the world match, and calls `report`; both may be
repeated at any time. `changed` topics wake it sooner than its poll.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from volano.kernel.runtime import Workload, WorkloadStatus


class WantedWorkload(msgspec.Struct, frozen=True, kw_only=True):
    """One instance placed on the node. `wanted` is running, stopped or gone.

    `generation` grows with every start that was asked for (start after stop, reboot): a running
    workload of an older generation is stopped and started again.
    """

    workload: Workload
    wanted: str
    generation: int


class RoleCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """What the metadata service gives an instance that has a role."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_us: int
    updated_us: int


class InstanceMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance may know of itself."""

    instance_id: str
    account: str
    image_id: str
    instance_type: str
    region: str
    zone: str
    hostname: str
    private_address: str
    mac: str
    vpc_id: str
    vpc_cidr: str
    subnet_id: str
    subnet_cidr: str
    security_groups: tuple[str, ...]
    launch_us: int
    launch_index: int
    reservation_id: str
    user_data: bytes
    public_keys: tuple[tuple[str, str], ...]
    role_name: str
    profile_arn: str
    profile_id: str
    tags: dict[str, str]
    tokens_required: bool


class Fleet(Protocol):
    def topic(self, node: str) -> str:
        """The signal topic on which the node is woken."""
        ...

    async def wanted(self, node: str) -> list[WantedWorkload]:
        """Everything placed on the node that is not yet gone."""
        ...

    async def report(
        self, node: str, statuses: list[WorkloadStatus], consoles: dict[str, bytes]
    ) -> None:
        """What the node found; `consoles` are the last words of workloads it removed."""
        ...

    async def heartbeat(self, node: str, zone: str, *, cpu_millis: int, memory_bytes: int) -> None:
        """The node is alive and has this much in all."""
        ...

    async def find_metadata(self, network: str, address: str) -> InstanceMetadata | None:
        """The instance at that private address of that network."""
        ...

    async def role_credentials(self, instance_id: str) -> RoleCredentials | None:
        """Temporary credentials of the instance's role; None when it has none."""
        ...
