"""Port `fleet`: what a node is told to run, and what it reports back.

`services/compute` implements it over its rows; `node/` is given it by `app/`, so that the daemon
knows nothing of EC2. A node asks `list_wanted`, makes the world match, and reports; everything may
be repeated at any time. A signal on `topic` wakes it sooner than its poll.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from volano.kernel.runtime import Workload, WorkloadStatus


class WantedInstance(msgspec.Struct, frozen=True, kw_only=True):
    """One instance placed on the node. `wanted` is running, stopped or gone.

    `generation` grows with every start that was asked for (start after stop, reboot) and when its
    zone was lost: a workload of an older generation is stopped and started again.
    """

    id: str
    wanted: str
    generation: int
    image: str
    network: str


GENERATION_LABEL = "generation"
"""The label by which a workload says of which generation it is."""
NETWORK_LABEL = "network"


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
    zone_id: str
    hostname: str
    private_address: str
    mac: str
    interface_id: str
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

    async def list_nodes(self, machine: str) -> list[tuple[str, str]]:
        """(node, zone) of the machine's nodes that still have instances, also in zones that the
        region has no longer."""
        ...

    async def is_zone_up(self, zone: str) -> bool:
        """Whether no drill has taken the zone away."""
        ...

    async def list_wanted(self, node: str) -> list[WantedInstance]:
        """Everything placed on the node that is not yet gone."""
        ...

    async def find_workload(self, instance_id: str) -> Workload | None:
        """How to run it; None when it is gone."""
        ...

    async def prepare_image(self, image: str) -> None:
        """Return when the image is there; many may wait for one. Raises Unavailable."""
        ...

    async def report(self, node: str, statuses: list[WorkloadStatus]) -> None:
        """What the node found just now; MISSING for a wanted one that is not there."""
        ...

    async def report_not_started(self, instance_id: str, generation: int, reason: str) -> None:
        """The node gave up starting it; `reason` is for its owner."""
        ...

    async def report_interrupted(self, instance_ids: list[str]) -> None:
        """Their zone is lost and they are about to be stopped; they start again when it is back."""
        ...

    async def keep_console(self, instance_id: str, console: bytes) -> None:
        """Its last words, before it is removed."""
        ...

    async def report_removed(self, instance_id: str) -> None:
        """Nothing of it is left on the node."""
        ...

    async def list_unknown(self, instance_ids: list[str]) -> set[str]:
        """Those that no row wants on any node: left by a reset, to be removed."""
        ...

    async def heartbeat(self, node: str, zone: str, *, cpu_millis: int, memory_bytes: int) -> None:
        """The node is alive; `cpu_millis` and `memory_bytes` are those of its whole machine."""
        ...

    async def find_metadata(self, network: str, address: str) -> InstanceMetadata | None:
        """The instance at that private address of that network."""
        ...

    async def role_credentials(self, instance_id: str) -> RoleCredentials | None:
        """Temporary credentials of the instance's role; None when it has none."""
        ...
