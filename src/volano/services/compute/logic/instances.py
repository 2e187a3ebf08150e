"""What may be asked of instances: run, start, stop, reboot, terminate, read.

These functions write what is wanted; nodes make it so and report (logic/fleet.py). Source: the EC2
API reference of each operation and "Instance lifecycle" in the EC2 user guide.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from volano.services.compute.model import (
    DEFAULT_IMAGE,
    IMAGES,
    INSTANCE_TYPES,
    Image,
    Instance,
    InstancesWanted,
    State,
    Wanted,
)
from volano.services.compute.store import instances as store
from volano.services.compute.store import key_pairs, tags
from volano.services.identity import interface as identity
from volano.services.network import interface as network
from volano.services.regions import interface as regions

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_USER_DATA_BYTES = 16 * 1024
MAX_LAUNCH = 100
QUOTA = "ec2.instances"
DEFAULT_QUOTA = 200


identity.declare_quota(QUOTA, DEFAULT_QUOTA)


class IncorrectInstanceState(Conflict):
    code = "IncorrectInstanceState"
    status = 400


class InstanceNotFound(NotFound):
    code = "InvalidInstanceID.NotFound"
    status = 400


class InsufficientInstanceCapacity(Unavailable):
    code = "InsufficientInstanceCapacity"
    status = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A checked RunInstances request. `user_data` is base64."""

    image_id: str
    type: str = "g1.small"
    minimum: int = 1
    maximum: int = 1
    zone: str | None = None
    subnet_id: str | None = None
    address: str | None = None
    key_name: str = ""
    profile: str = ""
    user_data: str = ""
    client_token: str = ""
    tokens_required: bool = False
    tags: dict[str, str] = field(default_factory=dict)


async def run_instances(env: Env, call: Call, launch: Launch) -> list[Instance]:
    """Launch; the same client token with the same parameters answers the first launch again."""
    _check(env, launch)
    await _require_pass_role(env, call, launch.profile)
    await network.require_default_vpc(env, call)
    zones = await _zones(env, launch)
    digest = hashlib.sha256(msgspec.json.encode(launch)).hexdigest()[:32]

    async def write(tx: Tx) -> list[Instance]:
        if launch.client_token:
            known = await _launched_before(tx, call.account, launch, digest)
            if known is not None:
                return known
        await _require_key(tx, call.account, launch.key_name)
        if launch.profile:
            await identity.get_instance_profile(tx, call.account, launch.profile)
        live = await store.count_live(tx, call.account)
        await identity.require_quota(tx, call.account, QUOTA, live, adding=launch.maximum)
        return await _insert(tx, env, call, launch, zones=zones, digest=digest)

    made = await env.store.transact(write)
    env.work.wake("compute:place")
    return made


async def start_instances(env: Env, call: Call, ids: list[str]) -> list[tuple[Instance, State]]:
    """Each instance with its state of before; a running one stays as it is."""

    def change(it: Instance) -> Instance:
        if it.state in (State.RUNNING, State.PENDING):
            return it
        if it.state is not State.STOPPED:
            raise _bad_state(it)
        return replace(
            it,
            state=State.PENDING,
            wanted=Wanted.RUNNING,
            generation=it.generation + 1,
            reason_code="",
            reason="",
            launched_us=env.clock.now_us(),
        )

    return await _change(env, call, ids, change)


async def stop_instances(env: Env, call: Call, ids: list[str]) -> list[tuple[Instance, State]]:
    """Each instance with its state of before; a stopped one stays as it is."""

    def change(it: Instance) -> Instance:
        if it.state in (State.STOPPED, State.STOPPING):
            return it
        if it.state not in (State.RUNNING, State.PENDING):
            raise _bad_state(it)
        return replace(
            it,
            state=State.STOPPING if it.node else State.STOPPED,
            wanted=Wanted.STOPPED,
            reason_code="Client.UserInitiatedShutdown",
            reason="Client.UserInitiatedShutdown: User initiated shutdown",
        )

    return await _change(env, call, ids, change)


async def reboot_instances(env: Env, call: Call, ids: list[str]) -> None:
    """Stop and start on the same disk and address."""

    def change(it: Instance) -> Instance:
        if it.state is not State.RUNNING:
            raise _bad_state(it)
        return replace(it, generation=it.generation + 1)

    await _change(env, call, ids, change)


async def terminate_instances(env: Env, call: Call, ids: list[str]) -> list[tuple[Instance, State]]:
    """Each instance with its state of before; repeating is harmless."""

    def change(it: Instance) -> Instance:
        if it.state in (State.TERMINATED, State.SHUTTING_DOWN):
            return it
        return replace(
            it,
            state=State.SHUTTING_DOWN if it.node else State.TERMINATED,
            wanted=Wanted.GONE,
            reason_code="Client.UserInitiatedShutdown",
            reason="Client.UserInitiatedShutdown: User initiated shutdown",
        )

    return await _change(env, call, ids, change)


async def list_instances(env: Env, call: Call) -> list[Instance]:
    """All of the account, terminated ones of the last hour included."""
    return await store.select_instances(env.store.reader, call.account)


async def get_instance(env: Env, call: Call, instance_id: str) -> Instance:
    found = await store.select_instance(env.store.reader, call.account, instance_id)
    if found is None:
        raise InstanceNotFound(f"The instance ID '{instance_id}' does not exist")
    return found


async def get_console_output(env: Env, call: Call, instance_id: str) -> bytes:
    """The last 64 KiB of what the instance wrote, also after it is gone."""
    it = await get_instance(env, call, instance_id)
    if it.state is State.TERMINATED:
        return await store.select_console(env.store.reader, it.id)
    if not it.node:
        return b""
    return await env.runtime.console(it.id)


async def set_tokens_required(env: Env, call: Call, instance_id: str, *, required: bool) -> None:
    """Whether the metadata service answers only with a session token (version 2)."""
    it = await get_instance(env, call, instance_id)

    async def write(tx: Tx) -> None:
        await store.update_metadata_options(tx, it.id, tokens_required=required)

    await env.store.transact(write)


def find_image(image_id: str) -> Image | None:
    """An image by id or by name."""
    return next((image for image in IMAGES if image_id in (image.id, image.name)), None)


def require_image(env: Env, image_id: str) -> Image:
    """The image; in test mode any well-formed id is the default one."""
    found = find_image(image_id)
    if found is not None:
        return found
    if env.config.test_mode and image_id.startswith("ami-"):
        return DEFAULT_IMAGE
    code = "InvalidAMIID.NotFound" if image_id.startswith("ami-") else "InvalidAMIID.Malformed"
    known = ", ".join(f"{image.id} ({image.name})" for image in IMAGES)
    raise NotFound(
        f"The image id '[{image_id}]' does not exist. There are: {known}.", code=code, status=400
    )


def _check(env: Env, launch: Launch) -> None:
    require_image(env, launch.image_id)
    if launch.type not in INSTANCE_TYPES:
        known = ", ".join(INSTANCE_TYPES)
        raise Invalid(
            f"Invalid value '{launch.type}' for InstanceType. There are: {known}.",
            code="InvalidParameterValue",
        )
    if not 1 <= launch.minimum <= launch.maximum or launch.maximum > MAX_LAUNCH:
        raise Invalid(
            f"MinCount and MaxCount must be 1 to {MAX_LAUNCH} and in order.",
            code="InvalidParameterValue",
        )
    if launch.address is not None and launch.maximum > 1:
        raise Invalid(
            "PrivateIpAddress can be given for one instance only.",
            code="InvalidParameterCombination",
        )
    if len(_decoded(launch.user_data)) > MAX_USER_DATA_BYTES:
        raise Invalid(
            f"User data is limited to {MAX_USER_DATA_BYTES} bytes", code="InvalidParameterValue"
        )


def _decoded(user_data: str) -> bytes:
    try:
        return base64.b64decode(user_data, validate=False)
    except (binascii.Error, ValueError):
        raise Invalid(
            "Invalid BASE64 encoding of user data", code="InvalidUserData.Malformed"
        ) from None


async def _zones(env: Env, launch: Launch) -> tuple[str, ...]:
    """The zone asked for, or every zone that is up."""
    up = await regions.zones_up(env.store.reader, env.region)
    if launch.zone is None:
        return up
    wanted = env.region.zone(launch.zone)
    if wanted is None:
        raise Invalid(f"Invalid availability zone: [{launch.zone}]", code="InvalidParameterValue")
    if wanted not in up:
        raise InsufficientInstanceCapacity(
            f"Zone {wanted} has failed. Launch in another, or restore it first."
        )
    return (wanted,)


async def _require_pass_role(env: Env, call: Call, profile_name: str) -> None:
    """Who launches with a role must be allowed to hand that role on (`iam:PassRole`)."""
    if not profile_name:
        return
    _, role = await identity.get_instance_profile(env.store.reader, call.account, profile_name)
    if role is not None:
        context = {"iam:PassedToService": "ec2.amazonaws.com"}
        await env.authority.authorize(call, "iam:PassRole", role.arn, context)


async def _launched_before(
    tx: Tx, account: str, launch: Launch, digest: str
) -> list[Instance] | None:
    known = await store.select_client_token(tx, account, launch.client_token)
    if known is None:
        return None
    if known[0] != digest:
        raise Conflict(
            "The client token was used with other parameters.",
            code="IdempotentParameterMismatch",
            status=400,
        )
    return await store.select_reservation(tx, account, known[1])


async def _require_key(tx: Tx, account: str, name: str) -> None:
    if name and name not in {pair.name for pair in await key_pairs.select_key_pairs(tx, account)}:
        raise NotFound(
            f"The key pair '{name}' does not exist", code="InvalidKeyPair.NotFound", status=400
        )


async def _insert(
    tx: Tx, env: Env, call: Call, launch: Launch, *, zones: tuple[str, ...], digest: str
) -> list[Instance]:
    now = env.clock.now_us()
    reservation = env.ids.resource("r")
    made: list[Instance] = []
    for index in range(launch.maximum):
        turned = zones[index % len(zones) :] + zones[: index % len(zones)] if zones else ()
        subnet = await network.choose_subnet(
            tx, call.account, subnet_id=launch.subnet_id, zones=turned
        )
        instance_id = env.ids.resource("i")
        placed = await network.allocate(
            tx, call.account, subnet, owner=instance_id, wish=launch.address
        )
        it = Instance(
            account=call.account,
            id=instance_id,
            reservation_id=reservation,
            launch_index=index,
            client_token=launch.client_token,
            type=launch.type,
            image_id=launch.image_id,
            zone=placed.zone,
            vpc_id=placed.vpc_id,
            vpc_cidr=placed.vpc_cidr,
            subnet_id=placed.subnet_id,
            subnet_cidr=placed.subnet_cidr,
            address=placed.address,
            gateway=placed.gateway,
            mac=_mac(env),
            interface_id=env.ids.resource("eni"),
            key_name=launch.key_name,
            profile=launch.profile,
            user_data=launch.user_data,
            tokens_required=launch.tokens_required,
            state=State.PENDING,
            wanted=Wanted.RUNNING,
            generation=1,
            reason_code="",
            reason="",
            node="",
            launched_us=now,
            changed_us=now,
            booted_us=0,
            metered_us=0,
        )
        await store.insert_instance(tx, it)
        for key, value in launch.tags.items():
            await tags.upsert_tag(tx, call.account, it.id, key, value)
        made.append(it)
    if launch.client_token:
        await store.insert_client_token(
            tx,
            account=call.account,
            token=launch.client_token,
            digest=digest,
            reservation_id=reservation,
            now_us=now,
        )
    tx.publish(InstancesWanted(ids=tuple(it.id for it in made)))
    return made


def _mac(env: Env) -> str:
    """A locally administered address, as EC2's begin with 02 or 06."""
    raw = env.ids.bytes(5)
    return "02:" + ":".join(f"{byte:02x}" for byte in raw)


async def _change(
    env: Env, call: Call, ids: list[str], change: Callable[[Instance], Instance]
) -> list[tuple[Instance, State]]:
    """Apply a pure change to each instance, all or none; wake their nodes."""
    unique = list(dict.fromkeys(ids))

    async def write(tx: Tx) -> list[tuple[Instance, State]]:
        changed: list[tuple[Instance, State]] = []
        for instance_id in unique:
            it = await store.select_instance(tx, call.account, instance_id)
            if it is None or (it.state is State.TERMINATED and it.wanted is not Wanted.GONE):
                raise InstanceNotFound(f"The instance ID '{instance_id}' does not exist")
            after = replace(change(it), changed_us=env.clock.now_us())
            await store.update_wish(tx, after)
            if after.state is State.TERMINATED and it.state is not State.TERMINATED:
                await network.release(tx, owner=it.id)
            changed.append((after, it.state))
        tx.publish(InstancesWanted(ids=tuple(unique)))
        return changed

    return await env.store.transact(write)


def _bad_state(it: Instance) -> IncorrectInstanceState:
    return IncorrectInstanceState(
        f"The instance '{it.id}' is not in a state from which it can do that: it is "
        f"{it.state.value}."
    )
