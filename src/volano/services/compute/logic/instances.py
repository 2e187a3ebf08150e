"""What may be asked of instances that are there: start, stop, reboot, terminate, read.

These functions write what is wanted; nodes make it so and report (logic/fleet.py). Source: the EC2
API reference of each operation and "Instance lifecycle" in the EC2 user guide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Conflict, Invalid, NotFound
from volano.services.compute.logic.images import pending_reasons
from volano.services.compute.logic.launch import InsufficientInstanceCapacity
from volano.services.compute.logic.metering import meter
from volano.services.compute.logic.placement import list_candidates, request_of, wake_nodes
from volano.services.compute.logic.scheduler import Candidate, fits, take
from volano.services.compute.model import (
    Instance,
    InstanceChanged,
    InstancesWanted,
    State,
    Wanted,
    type_of_row,
)
from volano.services.compute.store import changes
from volano.services.compute.store import instances as store
from volano.services.network import interface as network
from volano.services.regions import interface as regions

if TYPE_CHECKING:
    from collections.abc import Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

MAX_IDS = 1000
USER_SHUTDOWN = "Client.UserInitiatedShutdown"


class IncorrectInstanceState(Conflict):
    code = "IncorrectInstanceState"
    status = 400


class InstanceNotFound(NotFound):
    code = "InvalidInstanceID.NotFound"
    status = 400


class MalformedInstanceId(Invalid):
    code = "InvalidInstanceID.Malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is shown of instances beside their rows: tags by id, what pending ones wait for, and
    the default security group of each VPC."""

    tags: dict[str, dict[str, str]]
    waits: dict[str, str]
    groups: dict[str, network.SecurityGroup]

    def groups_of(self, it: Instance) -> list[dict[str, str]]:
        group = self.groups.get(it.vpc_id)
        return [{"GroupId": group.id, "GroupName": group.name}] if group else []


async def describe_about(env: Env, call: Call, instances: list[Instance]) -> About:
    """The same few queries however many instances there are."""
    groups = await network.list_security_groups(env, call)
    return About(
        tags=await network.list_tags(env, call),
        waits=await pending_reasons(env, instances),
        groups={group.vpc_id: group for group in groups if group.name == "default"},
    )


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
        return _by_user(replace(it, state=State.STOPPING, wanted=Wanted.STOPPED))

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
        return _by_user(replace(it, state=State.SHUTTING_DOWN, wanted=Wanted.GONE))

    return await _change(env, call, ids, change)


async def list_instances(env: Env, call: Call, ids: list[str] | None = None) -> list[Instance]:
    """All of the account, those terminated lately included; with ids just those, or none."""
    if not ids:
        return await store.select_instances(env.store.reader, call.account)
    unique = _checked(ids)
    found = await store.select_instances(env.store.reader, call.account, unique)
    _require_all(unique, found)
    return found


async def get_instance(env: Env, call: Call, instance_id: str) -> Instance:
    (found,) = await list_instances(env, call, [instance_id])
    return found


async def get_console_output(env: Env, call: Call, instance_id: str) -> bytes:
    """The last 64 KiB of what the instance wrote, also after it is gone."""
    it = await get_instance(env, call, instance_id)
    if it.state is not State.TERMINATED:
        output = await env.runtime.console(it.id)
        if output:
            return output
    return await store.select_console(env.store.reader, it.id)


async def get_user_data(env: Env, call: Call, instance_id: str) -> str:
    """Base64, as it came."""
    it = await get_instance(env, call, instance_id)
    return await store.select_user_data(env.store.reader, it.id)


async def set_tokens_required(env: Env, call: Call, instance_id: str, *, required: bool) -> None:
    """Whether the metadata service answers only with a session token (version 2)."""

    async def write(tx: Tx) -> None:
        await require_instance(tx, call.account, instance_id)
        await changes.update_metadata_options(tx, instance_id, tokens_required=required)

    await env.store.transact(write)


async def require_instance(reader: Reader, account: str, instance_id: str) -> Instance:
    """The account's instance; raises InstanceNotFound."""
    found = await store.select_instance(reader, account, instance_id)
    if found is None:
        raise InstanceNotFound(f"The instance ID '{instance_id}' does not exist")
    return found


def _checked(ids: list[str]) -> list[str]:
    """Without repeats; raises MalformedInstanceId."""
    for instance_id in ids:
        if not instance_id.startswith("i-") or not instance_id[2:].isalnum():
            raise MalformedInstanceId(f'Invalid id: "{instance_id[:60]}" (expecting "i-...")')
    unique = list(dict.fromkeys(ids))
    if len(unique) > MAX_IDS:
        raise Invalid(f"At most {MAX_IDS} instances in a request.", code="InvalidParameterValue")
    return unique


def _require_all(ids: list[str], found: list[Instance]) -> None:
    known = {it.id for it in found}
    missing = [instance_id for instance_id in ids if instance_id not in known]
    if missing:
        many = len(missing) > 1
        raise InstanceNotFound(
            f"The instance ID{'s' if many else ''} '{', '.join(missing)}' "
            f"do{'' if many else 'es'} not exist"
        )


async def _change(
    env: Env, call: Call, ids: list[str], change: Callable[[Instance], Instance]
) -> list[tuple[Instance, State]]:
    """Apply a pure change to each instance, all or none; wake their nodes."""
    unique = _checked(ids)

    async def write(tx: Tx) -> list[tuple[Instance, State]]:
        found = {it.id: it for it in await store.select_instances(tx, call.account, unique)}
        _require_all(unique, list(found.values()))
        pairs = [(found[instance_id], change(found[instance_id])) for instance_id in unique]
        await _require_room(tx, env, pairs)
        up = await regions.zones_up(tx, env.region)
        for before, wanted in pairs:
            if wanted is before:
                continue
            metered = (
                meter(tx, before, env.clock.now_us(), seen=False) if before.zone in up else before
            )
            after = replace(wanted, metered_us=metered.metered_us, changed_us=env.clock.now_us())
            await changes.update_instance(tx, after)
            if after.state is not before.state:
                tx.publish(
                    InstanceChanged(account=after.account, id=after.id, state=after.state.value)
                )
        nodes = tuple(sorted({before.node for before, _ in pairs}))
        tx.publish(InstancesWanted(ids=tuple(unique), nodes=nodes))
        return [(after, before.state) for before, after in pairs]

    changed = await env.store.transact(write)
    wake_nodes(env, {it.node for it, _ in changed})
    return changed


async def _require_room(tx: Tx, env: Env, pairs: list[tuple[Instance, Instance]]) -> None:
    """A stopped instance held no room: it starts only if its node has room now."""
    starting = [
        after for before, after in pairs if before.state is State.STOPPED is not after.state
    ]
    starting = [it for it in starting if it.state is State.PENDING]
    if not starting:
        return
    left: list[Candidate] = await list_candidates(tx, env)
    for it in starting:
        request = request_of(type_of_row(it.type))
        node = next((node for node in left if node.name == it.node), None)
        if node is None or not fits(request, node):
            raise InsufficientInstanceCapacity(
                f"There is no room for the instance {it.id} of type {it.type} in {it.zone} now."
            )
        left = take(request, node.name, left)


def _by_user(it: Instance) -> Instance:
    reason = f"{USER_SHUTDOWN}: User initiated shutdown"
    return replace(it, reason_code=USER_SHUTDOWN, reason=reason)


def _bad_state(it: Instance) -> IncorrectInstanceState:
    return IncorrectInstanceState(
        f"The instance '{it.id}' is not in a state from which it can do that: it is "
        f"{it.state.value}."
    )
