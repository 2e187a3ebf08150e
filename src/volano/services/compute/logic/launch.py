"""RunInstances: checked, placed, given addresses and written in one transaction.

As many instances are launched as there is room for, at least MinCount, or none at all
(InsufficientInstanceCapacity). Nodes make it so afterwards (logic/fleet.py). Source: the EC2 API
reference, RunInstances, and "Ensuring idempotency".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Conflict, Invalid, NotFound, QuotaExceeded, Unavailable
from volano.services.compute.logic.images import require_image
from volano.services.compute.logic.placement import list_candidates, request_of, wake_nodes
from volano.services.compute.logic.scheduler import place_many
from volano.services.compute.logic.user_data import require_user_data
from volano.services.compute.model import (
    INSTANCE_TYPES,
    Instance,
    InstancesWanted,
    State,
    Wanted,
    find_type,
    type_of_row,
)
from volano.services.compute.store import changes, key_pairs
from volano.services.compute.store import instances as store
from volano.services.identity import interface as identity
from volano.services.network import interface as network
from volano.services.regions import interface as regions

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.compute.logic.scheduler import Candidate

MAX_LAUNCH = 100
MAX_CLIENT_TOKEN = 64
QUOTA = "ec2.instances"
DEFAULT_QUOTA = 200


identity.declare_quota(QUOTA, DEFAULT_QUOTA)


class InsufficientInstanceCapacity(Unavailable):
    code = "InsufficientInstanceCapacity"
    status = 500


class InstanceLimitExceeded(QuotaExceeded):
    code = "InstanceLimitExceeded"
    status = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A RunInstances request. `user_data` is base64."""

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
    require_launch(env, launch)
    await _require_pass_role(env, call, launch.profile)
    await network.require_default_vpc(env, call)
    digest = hashlib.sha256(msgspec.json.encode(launch, order="sorted")).hexdigest()[:32]

    async def write(tx: Tx) -> list[Instance]:
        if launch.client_token:
            known = await _launched_before(tx, call.account, launch, digest)
            if known is not None:
                return known
        await _require_key(tx, call.account, launch.key_name)
        chosen = await _place(tx, env, call, launch)
        await _require_quota(tx, call.account, len(chosen))
        made = await _insert(tx, env, call, launch, chosen)
        if launch.client_token:
            await changes.insert_client_token(
                tx,
                account=call.account,
                token=launch.client_token,
                digest=digest,
                reservation_id=made[0].reservation_id,
                now_us=made[0].launched_us,
            )
        nodes = tuple(sorted({it.node for it in made}))
        tx.publish(InstancesWanted(ids=tuple(it.id for it in made), nodes=nodes))
        return made

    made = await env.store.transact(write)
    wake_nodes(env, {it.node for it in made})
    return made


def require_launch(env: Env, launch: Launch) -> None:
    """Refuse what no state of the cloud could make right."""
    require_image(env, launch.image_id)
    if launch.type not in INSTANCE_TYPES and not (
        env.config.test_mode and find_type(launch.type) is not None
    ):
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
    if len(launch.client_token) > MAX_CLIENT_TOKEN or not launch.client_token.isprintable():
        raise Invalid(
            f"ClientToken has up to {MAX_CLIENT_TOKEN} printable characters.",
            code="InvalidParameterValue",
        )
    require_user_data(launch.user_data)
    network.require_tags(launch.tags)


async def _require_pass_role(env: Env, call: Call, profile_name: str) -> None:
    """Who launches with a role must be allowed to hand that role on (`iam:PassRole`)."""
    if not profile_name:
        return
    profile = await _profile(env.store.reader, call.account, profile_name)
    if profile.role is not None:
        await identity.require_pass_role(env, call, profile.role, service="ec2.amazonaws.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Profile:
    id: str = ""
    arn: str = ""
    role: identity.Role | None = None


async def _profile(reader: Reader, account: str, name: str) -> _Profile:
    if not name:
        return _Profile()
    try:
        profile, role = await identity.get_instance_profile(reader, account, name)
    except NotFound as error:
        raise Invalid(
            f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM "
            "Instance Profile name",
            code="InvalidParameterValue",
        ) from error
    return _Profile(id=profile.id, arn=profile.arn, role=role)


async def _launched_before(
    tx: Tx, account: str, launch: Launch, digest: str
) -> list[Instance] | None:
    known = await changes.select_client_token(tx, account, launch.client_token)
    if known is None:
        return None
    if known[0] != digest:
        raise Conflict(
            "The client token was used with other parameters.",
            code="IdempotentParameterMismatch",
            status=400,
        )
    return await store.select_reservation(tx, account, known[1]) or None


async def _require_key(tx: Tx, account: str, name: str) -> None:
    if name and await key_pairs.select_public_key(tx, account, name) is None:
        raise NotFound(
            f"The key pair '{name}' does not exist", code="InvalidKeyPair.NotFound", status=400
        )


async def _place(tx: Tx, env: Env, call: Call, launch: Launch) -> list[Candidate]:
    """A node for each instance that fits, at least MinCount of them."""
    zones = await _zones(tx, env, call, launch)
    candidates = await list_candidates(tx, env)
    request = request_of(type_of_row(launch.type))
    chosen = place_many(request, launch.maximum, zones, candidates)
    if len(chosen) < launch.minimum:
        raise InsufficientInstanceCapacity(
            f"There is room for {len(chosen)} instances of type {launch.type} in "
            f"{', '.join(zones) or 'no zone'}, and {launch.minimum} are wanted. Take a smaller "
            "type or terminate others."
        )
    return chosen


async def _zones(tx: Tx, env: Env, call: Call, launch: Launch) -> tuple[str, ...]:
    """The zone asked for (by name or subnet), or every zone that is up."""
    up = await regions.zones_up(tx, env.region)
    wanted = _named_zone(env, launch.zone)
    if launch.subnet_id is not None:
        subnet = await network.get_subnet(tx, call.account, launch.subnet_id)
        if wanted not in (None, subnet.zone):
            raise Invalid(
                f"The subnet {subnet.id} is in zone {subnet.zone}, not in {wanted}.",
                code="InvalidParameterValue",
            )
        wanted = subnet.zone
    if wanted is None:
        return up
    if wanted not in up:
        raise InsufficientInstanceCapacity(
            f"Zone {wanted} has failed. Launch in another, or restore it first."
        )
    return (wanted,)


def _named_zone(env: Env, given: str | None) -> str | None:
    if given is None:
        return None
    zone = env.region.zone(given)
    if zone is None:
        raise Invalid(f"Invalid availability zone: [{given}]", code="InvalidParameterValue")
    return zone


async def _require_quota(tx: Tx, account: str, adding: int) -> None:
    live = await store.count_live(tx, account)
    try:
        await identity.require_quota(tx, account, QUOTA, live, adding=adding)
    except QuotaExceeded as error:
        raise InstanceLimitExceeded(error.message, facts=error.facts) from error


async def _insert(
    tx: Tx, env: Env, call: Call, launch: Launch, chosen: list[Candidate]
) -> list[Instance]:
    profile = await _profile(tx, call.account, launch.profile)
    ids = [env.ids.resource("i") for _ in chosen]
    addresses = await _allocate(tx, call, launch, chosen, ids)
    now, reservation = env.clock.now_us(), env.ids.resource("r")
    made = [
        Instance(
            account=call.account,
            id=instance_id,
            reservation_id=reservation,
            launch_index=index,
            client_token=launch.client_token,
            type=launch.type,
            image_id=launch.image_id,
            zone=node.zone,
            vpc_id=addresses[instance_id].vpc_id,
            vpc_cidr=addresses[instance_id].vpc_cidr,
            subnet_id=addresses[instance_id].subnet_id,
            subnet_cidr=addresses[instance_id].subnet_cidr,
            address=addresses[instance_id].address,
            gateway=addresses[instance_id].gateway,
            mac=_mac(env),
            interface_id=env.ids.resource("eni"),
            key_name=launch.key_name,
            profile=launch.profile,
            profile_id=profile.id,
            profile_arn=profile.arn,
            tokens_required=launch.tokens_required,
            state=State.PENDING,
            wanted=Wanted.RUNNING,
            generation=1,
            reason_code="",
            reason="",
            node=node.name,
            launched_us=now,
            changed_us=now,
            booted_us=0,
            metered_us=0,
        )
        for index, (instance_id, node) in enumerate(zip(ids, chosen, strict=True))
    ]
    await store.insert_instances(tx, made, user_data=launch.user_data)
    for it in made:
        await network.set_tags(tx, call.account, it.id, launch.tags)
    return made


async def _allocate(
    tx: Tx, call: Call, launch: Launch, chosen: list[Candidate], ids: list[str]
) -> dict[str, network.Placement]:
    """An address for each instance, taken subnet by subnet."""
    defaults = await network.list_default_subnets(tx, call.account)
    placed: dict[str, network.Placement] = {}
    for zone in sorted({node.zone for node in chosen}):
        owners = [owner for owner, node in zip(ids, chosen, strict=True) if node.zone == zone]
        if launch.subnet_id is not None:
            subnet = await network.get_subnet(tx, call.account, launch.subnet_id)
        else:
            subnet = defaults[zone]
        taken = await network.allocate(tx, call.account, subnet, owners, wish=launch.address)
        placed |= dict(zip(owners, taken, strict=True))
    return placed


def _mac(env: Env) -> str:
    """A locally administered address, as EC2's begin with 02 or 06."""
    raw = env.ids.bytes(5)
    return "02:" + ":".join(f"{byte:02x}" for byte in raw)
