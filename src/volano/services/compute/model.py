"""The nouns of compute: instances and their states, types, images, key pairs, nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

from volano.kernel.events import Event, event

GIB = 1024**3


class State(Enum):
    """EC2's instance states; the value is the word on the wire."""

    PENDING = "pending"
    RUNNING = "running"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"
    STOPPING = "stopping"
    STOPPED = "stopped"

    @property
    def code(self) -> int:
        """EC2's numeric code of the state."""
        return _CODES[self]


_CODES = {
    State.PENDING: 0,
    State.RUNNING: 16,
    State.SHUTTING_DOWN: 32,
    State.TERMINATED: 48,
    State.STOPPING: 64,
    State.STOPPED: 80,
}


class Wanted(Enum):
    """What was asked for last."""

    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """What can be launched. `share_millis` is the CPU that is guaranteed: all of it but in the
    economy family, which is cheaper because half of it is shared."""

    name: str
    family: str
    vcpus: int
    memory_bytes: int
    share_millis: int
    priced_as: str = ""

    @property
    def cpu_millis(self) -> int:
        return self.vcpus * 1000

    @property
    def meter(self) -> str:
        return f"ec2.instance.{self.priced_as or self.name}"


def _type(
    name: str, family: str, vcpus: int, memory_gib: float, share: float = 1.0
) -> InstanceType:
    return InstanceType(
        name=name,
        family=family,
        vcpus=vcpus,
        memory_bytes=int(memory_gib * GIB),
        share_millis=int(vcpus * 1000 * share),
    )


INSTANCE_TYPES = {
    kind.name: kind
    for kind in (
        _type("g1.small", "general", 1, 2),
        _type("g1.medium", "general", 2, 4),
        _type("g1.large", "general", 2, 8),
        _type("g1.xlarge", "general", 4, 16),
        _type("c1.small", "compute", 2, 2),
        _type("c1.medium", "compute", 4, 4),
        _type("c1.large", "compute", 8, 8),
        _type("m1.small", "memory", 1, 8),
        _type("m1.medium", "memory", 2, 16),
        _type("m1.large", "memory", 4, 32),
        _type("u1.nano", "economy", 1, 0.5, 0.5),
        _type("u1.small", "economy", 1, 2, 0.5),
        _type("u1.medium", "economy", 2, 4, 0.5),
        _type("u1.large", "economy", 2, 8, 0.5),
    )
}
"""By name. Prices are in billing's price list, one meter per type."""
STAND_IN = INSTANCE_TYPES["u1.nano"]
_FOREIGN_TYPE = re.compile(
    r"[a-z][a-z0-9-]{0,15}\.(nano|micro|small|medium|large|\d{0,3}xlarge|metal)\Z"
)


def find_type(name: str) -> InstanceType | None:
    """A type by name. Other names of AWS's form are our smallest type: only test mode launches
    them, because public suites name `t2.micro` and its like."""
    known = INSTANCE_TYPES.get(name)
    if known is None and _FOREIGN_TYPE.match(name):
        return replace(STAND_IN, name=name, priced_as=STAND_IN.name)
    return known


def type_of_row(name: str) -> InstanceType:
    """The type of an instance that exists, so its name was checked when it was launched."""
    kind = find_type(name)
    assert kind is not None, f"an instance of the unknown type {name}"
    return kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A root file system that instances start from; `runtime_name` is the runtime's name of it."""

    id: str
    name: str
    description: str
    runtime_name: str
    created: str


IMAGES = (
    Image(
        id="ami-0deb1a12000000001",
        name="debian-12",
        description="Debian 12 with Python 3 and curl, built by mmdebstrap on first use",
        runtime_name="debian-12",
        created="2026-11-01T00:00:00.000Z",
    ),
    Image(
        id="ami-00000000000005057",
        name="host",
        description="The host's own system, read-only, with a private writable layer: no download",
        runtime_name="host",
        created="2026-11-01T00:00:00.000Z",
    ),
)
DEFAULT_IMAGE, HOST_IMAGE = IMAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance as its row says; user data and console are read apart, for they are long."""

    account: str
    id: str
    reservation_id: str
    launch_index: int
    client_token: str
    type: str
    image_id: str
    zone: str
    vpc_id: str
    vpc_cidr: str
    subnet_id: str
    subnet_cidr: str
    address: str
    gateway: str
    mac: str
    interface_id: str
    key_name: str
    profile: str
    profile_id: str
    profile_arn: str
    tokens_required: bool
    state: State
    wanted: Wanted
    generation: int
    reason_code: str
    reason: str
    node: str
    launched_us: int
    changed_us: int
    booted_us: int
    metered_us: int

    @property
    def hostname(self) -> str:
        return "ip-" + self.address.replace(".", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    account: str
    name: str
    id: str
    kind: str
    fingerprint: str
    public_key: str
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A machine (or a zone's loop of one) that runs instances."""

    name: str
    zone: str
    cpu_millis: int
    memory_bytes: int
    seen_us: int


@event("compute.instances_wanted")
class InstancesWanted(Event, frozen=True, kw_only=True):
    """What some instances should be has changed; `nodes` are those they are placed on."""

    ids: tuple[str, ...]
    nodes: tuple[str, ...] = ()


@event("compute.instance_changed")
class InstanceChanged(Event, frozen=True, kw_only=True):
    """An instance came into another state."""

    account: str
    id: str
    state: str
