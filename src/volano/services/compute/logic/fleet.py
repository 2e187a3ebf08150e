"""The nodes' side: what each is to run, and what it found. Implements the port `fleet`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.fleet import GENERATION_LABEL, NETWORK_LABEL, WantedInstance
from volano.kernel.runtime import Workload
from volano.services.compute.logic import lifecycle
from volano.services.compute.logic.images import image_of_row, wait_for_image
from volano.services.compute.logic.metadata import find_metadata, make_role_credentials
from volano.services.compute.logic.metering import meter
from volano.services.compute.logic.placement import topic_of
from volano.services.compute.logic.user_data import to_script
from volano.services.compute.model import (
    Instance,
    InstanceChanged,
    Node,
    State,
    Wanted,
    type_of_row,
)
from volano.services.compute.store import changes, key_pairs, nodes
from volano.services.compute.store import instances as store
from volano.services.network import interface as network
from volano.services.regions import interface as regions

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.fleet import InstanceMetadata, RoleCredentials
    from volano.kernel.runtime import WorkloadStatus
    from volano.kernel.store import Tx

HOST_ADDRESS = "169.254.169.253"
REFRESH_BEFORE_US = 15 * 60 * 1_000_000
"""Role credentials are renewed when less than this is left of them."""
MAX_CREDENTIALS = 10_000


class RowFleet:
    """The fleet as compute's rows say."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._credentials: dict[str, RoleCredentials] = {}

    def topic(self, node: str) -> str:
        return topic_of(node)

    async def list_nodes(self, machine: str) -> list[tuple[str, str]]:
        return await nodes.select_nodes_in_use(self._env.store.reader, machine)

    async def is_zone_up(self, zone: str) -> bool:
        """A zone that the region has no longer cannot fail: its instances may still be ended."""
        region = self._env.region
        up = await regions.zones_up(self._env.store.reader, region)
        return zone in up or zone not in region.zones

    async def list_wanted(self, node: str) -> list[WantedInstance]:
        return [
            WantedInstance(
                id=it.id,
                wanted=it.wanted.value,
                generation=it.generation,
                image=image_of_row(self._env, it.image_id).runtime_name,
                network=it.vpc_id,
            )
            for it in await store.select_on_node(self._env.store.reader, node)
        ]

    async def find_workload(self, instance_id: str) -> Workload | None:
        reader = self._env.store.reader
        it = await store.select_any(reader, instance_id)
        if it is None or it.wanted is not Wanted.RUNNING:
            return None
        key = ""
        if it.key_name:
            key = await key_pairs.select_public_key(reader, it.account, it.key_name) or ""
        kind = type_of_row(it.type)
        return Workload(
            id=it.id,
            image=image_of_row(self._env, it.image_id).runtime_name,
            hostname=it.hostname,
            cpu_millis=kind.cpu_millis,
            cpu_shares_millis=kind.share_millis,
            memory_bytes=kind.memory_bytes,
            network=it.vpc_id,
            network_cidr=it.vpc_cidr,
            address=it.address,
            gateway=it.gateway,
            mac=it.mac,
            boot=to_script(await store.select_user_data(reader, it.id)),
            authorized_keys=key,
            environment=self._environment(),
            labels={
                GENERATION_LABEL: str(it.generation),
                NETWORK_LABEL: it.vpc_id,
                "account": it.account,
                "zone": it.zone,
            },
        )

    def _environment(self) -> dict[str, str]:
        """Where the cloud's own doors are inside an instance, as stock clients read it."""
        config = self._env.config
        return {
            "AWS_ENDPOINT_URL": f"http://{HOST_ADDRESS}:{config.aws_port}",
            "AWS_DEFAULT_REGION": config.region,
            "AWS_REGION": config.region,
            "VOLANO_URL": f"http://{HOST_ADDRESS}:{config.port}",
        }

    async def prepare_image(self, image: str) -> None:
        await wait_for_image(self._env, image)

    async def report(self, node: str, statuses: list[WorkloadStatus]) -> None:
        found = {status.id: status for status in statuses}
        known = await store.select_on_node(self._env.store.reader, node)
        now = self._env.clock.now_us()
        if all(lifecycle.after_report(it, found.get(it.id), now) is it for it in known):
            return

        async def write(tx: Tx) -> None:
            for it in await store.select_on_node(tx, node):
                await self._found(tx, it, found.get(it.id))

        await self._env.store.transact(write)

    async def _found(self, tx: Tx, it: Instance, status: WorkloadStatus | None) -> None:
        now = self._env.clock.now_us()
        after = lifecycle.after_report(it, status, now)
        if after is it:
            return
        if it.state is State.RUNNING and after.booted_us == it.booted_us:
            metered = meter(tx, it, now, seen=after.state is State.RUNNING)
            after = replace(after, metered_us=metered.metered_us)
        await self._write(tx, it, after)

    async def report_not_started(self, instance_id: str, generation: int, reason: str) -> None:
        await self._change(
            instance_id, lambda it: lifecycle.after_failed_start(it, generation, reason)
        )

    async def report_interrupted(self, instance_ids: list[str]) -> None:
        for instance_id in instance_ids:
            await self._change(instance_id, lifecycle.after_interruption)

    async def keep_console(self, instance_id: str, console: bytes) -> None:
        async def write(tx: Tx) -> None:
            await changes.update_console(tx, instance_id, console)

        await self._env.store.transact(write)

    async def report_removed(self, instance_id: str) -> None:
        self._credentials.pop(instance_id, None)
        await self._change(instance_id, lifecycle.after_removal)

    async def list_unknown(self, instance_ids: list[str]) -> set[str]:
        live = await store.select_live_ids(self._env.store.reader, instance_ids)
        return set(instance_ids) - live

    async def _change(self, instance_id: str, change: lifecycle.Change) -> None:
        async def write(tx: Tx) -> None:
            it = await store.select_any(tx, instance_id)
            if it is None:
                return
            after = change(it)
            if after is it:
                return
            now = self._env.clock.now_us()
            metered = meter(tx, it, now, seen=False)
            after = replace(after, metered_us=metered.metered_us, changed_us=now)
            await self._write(tx, it, after)

        await self._env.store.transact(write)

    async def _write(self, tx: Tx, before: Instance, after: Instance) -> None:
        if after.state in (State.STOPPED, State.TERMINATED):
            after = replace(after, booted_us=0, metered_us=0)
        await changes.update_instance(tx, after)
        if after.state is before.state:
            return
        if after.state is State.TERMINATED:
            await network.release(tx, owner=after.id)
        tx.publish(InstanceChanged(account=after.account, id=after.id, state=after.state.value))

    async def heartbeat(self, node: str, zone: str, *, cpu_millis: int, memory_bytes: int) -> None:
        alive = Node(
            name=node,
            zone=zone,
            cpu_millis=cpu_millis,
            memory_bytes=memory_bytes,
            seen_us=self._env.clock.now_us(),
        )

        async def write(tx: Tx) -> None:
            await nodes.upsert_node(tx, alive)

        await self._env.store.transact(write)

    async def find_metadata(self, network: str, address: str) -> InstanceMetadata | None:
        return await find_metadata(self._env, network, address)

    async def role_credentials(self, instance_id: str) -> RoleCredentials | None:
        now = self._env.clock.now_us()
        known = self._credentials.get(instance_id)
        if known is not None and known.expires_us - now > REFRESH_BEFORE_US:
            return known
        made = await make_role_credentials(self._env, instance_id)
        if made is not None:
            if len(self._credentials) >= MAX_CREDENTIALS:
                self._credentials.clear()
            self._credentials[instance_id] = made
        return made
