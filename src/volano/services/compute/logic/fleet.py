"""The nodes' side: what each is to run, and what they found. Implements the port `fleet`."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.fleet import InstanceMetadata, RoleCredentials, WantedWorkload
from volano.kernel.runtime import Workload, WorkloadState
from volano.services.compute.logic.instances import require_image
from volano.services.compute.logic.metering import meter
from volano.services.compute.model import (
    INSTANCE_TYPES,
    Instance,
    InstanceChanged,
    Node,
    State,
    Wanted,
)
from volano.services.compute.store import instances as store
from volano.services.compute.store import key_pairs, nodes, tags
from volano.services.identity import interface as identity
from volano.services.network import interface as network

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.runtime import WorkloadStatus
    from volano.kernel.store import Tx

HOST_ADDRESS = "169.254.169.253"
METADATA_ADDRESS = "169.254.169.254"
GENERATION = "generation"
REFRESH_BEFORE_US = 15 * 60 * 1_000_000
"""Role credentials are renewed when less than this is left of them."""


class RowFleet:
    """The fleet as compute's rows say."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._credentials: dict[str, RoleCredentials] = {}

    def topic(self, node: str) -> str:
        return topic_of(node)

    async def wanted(self, node: str) -> list[WantedWorkload]:
        rows = await store.select_on_node(self._env.store.reader, node)
        return [await self._wanted(it) for it in rows]

    async def _wanted(self, it: Instance) -> WantedWorkload:
        kind = INSTANCE_TYPES[it.type]
        image = require_image(self._env, it.image_id)
        workload = Workload(
            id=it.id,
            image=image.runtime_name,
            hostname=it.hostname,
            cpu_millis=kind.cpu_millis,
            cpu_shares_millis=kind.share_millis,
            memory_bytes=kind.memory_bytes,
            network=it.vpc_id,
            network_cidr=it.vpc_cidr,
            address=it.address,
            gateway=it.gateway,
            mac=it.mac,
            boot=base64.b64decode(it.user_data).decode("utf-8", "replace"),
            authorized_keys=await self._public_key(it),
            environment=self._environment(it),
            labels={GENERATION: str(it.generation), "account": it.account, "zone": it.zone},
        )
        return WantedWorkload(workload=workload, wanted=it.wanted.value, generation=it.generation)

    def _environment(self, it: Instance) -> dict[str, str]:
        config = self._env.config
        return {
            "AWS_ENDPOINT_URL": f"http://{HOST_ADDRESS}:{config.aws_port}",
            "AWS_DEFAULT_REGION": config.region,
            "AWS_REGION": config.region,
            "VOLANO_URL": f"http://{HOST_ADDRESS}:{config.port}",
        }

    async def _public_key(self, it: Instance) -> str:
        if not it.key_name:
            return ""
        pairs = await key_pairs.select_key_pairs(self._env.store.reader, it.account)
        return next((pair.public_key for pair in pairs if pair.name == it.key_name), "")

    async def report(
        self, node: str, statuses: list[WorkloadStatus], consoles: dict[str, bytes]
    ) -> None:
        found = {status.id: status for status in statuses}

        async def write(tx: Tx) -> None:
            for it in await store.select_on_node(tx, node):
                after = _after(it, found.get(it.id), self._env.clock.now_us(), consoles)
                if after is None:
                    continue
                if it.state in (State.RUNNING, State.STOPPING, State.SHUTTING_DOWN):
                    after = meter(tx, after, after.changed_us)
                if after.state in (State.STOPPED, State.TERMINATED):
                    after = replace(after, booted_us=0, metered_us=0)
                await store.update_found(tx, after)
                if it.id in consoles:
                    await store.update_console(tx, it.id, consoles[it.id])
                if after.state is State.TERMINATED:
                    await network.release(tx, owner=it.id)
                changed = InstanceChanged(account=it.account, id=it.id, state=after.state.value)
                tx.publish(changed)

        await self._env.store.transact(write)

    async def heartbeat(self, node: str, zone: str, *, cpu_millis: int, memory_bytes: int) -> None:
        async def write(tx: Tx) -> None:
            alive = Node(
                name=node,
                zone=zone,
                cpu_millis=cpu_millis,
                memory_bytes=memory_bytes,
                seen_us=self._env.clock.now_us(),
            )
            await nodes.upsert_node(tx, alive)

        await self._env.store.transact(write)

    async def find_metadata(self, network_id: str, address: str) -> InstanceMetadata | None:
        reader = self._env.store.reader
        it = await store.select_at_address(reader, network_id, address)
        if it is None:
            return None
        profile_arn = profile_id = role_name = ""
        if it.profile:
            profile, role = await identity.get_instance_profile(reader, it.account, it.profile)
            profile_arn, profile_id = profile.arn, profile.id
            role_name = role.name if role else ""
        key = await self._public_key(it)
        return InstanceMetadata(
            instance_id=it.id,
            account=it.account,
            image_id=it.image_id,
            instance_type=it.type,
            region=self._env.region.name,
            zone=it.zone,
            hostname=f"{it.hostname}.{self._env.region.name}.compute.internal",
            private_address=it.address,
            mac=it.mac,
            vpc_id=it.vpc_id,
            vpc_cidr=it.vpc_cidr,
            subnet_id=it.subnet_id,
            subnet_cidr=it.subnet_cidr,
            security_groups=("default",),
            launch_us=it.launched_us,
            launch_index=it.launch_index,
            reservation_id=it.reservation_id,
            user_data=base64.b64decode(it.user_data),
            public_keys=((it.key_name, key),) if key else (),
            role_name=role_name,
            profile_arn=profile_arn,
            profile_id=profile_id,
            tags=await tags.select_tags_of(reader, it.account, it.id),
            tokens_required=it.tokens_required,
        )

    async def role_credentials(self, instance_id: str) -> RoleCredentials | None:
        now = self._env.clock.now_us()
        known = self._credentials.get(instance_id)
        if known is not None and known.expires_us - now > REFRESH_BEFORE_US:
            return known
        it = await store.select_any(self._env.store.reader, instance_id)
        if it is None or not it.profile:
            return None
        _, role = await identity.get_instance_profile(
            self._env.store.reader, it.account, it.profile
        )
        if role is None:
            return None
        fresh = await identity.assume_role_for_instance(self._env, role, instance_id)
        made = RoleCredentials(
            access_key_id=fresh.access_key_id,
            secret_access_key=fresh.secret_access_key,
            session_token=fresh.session_token,
            expires_us=fresh.expires_us,
            updated_us=now,
        )
        if len(self._credentials) > 10_000:
            self._credentials.clear()
        self._credentials[instance_id] = made
        return made


def topic_of(node: str) -> str:
    return f"node:{node}"


def _after(
    it: Instance, status: WorkloadStatus | None, now_us: int, consoles: dict[str, bytes]
) -> Instance | None:
    """The instance after what its node found, or None when nothing changed."""
    here = status is not None and status.state in (WorkloadState.RUNNING, WorkloadState.STARTING)
    if it.wanted is Wanted.GONE:
        gone = status is None and it.id in consoles
        return replace(it, state=State.TERMINATED, changed_us=now_us) if gone else None
    if it.wanted is Wanted.STOPPED:
        if here or it.state is State.STOPPED:
            return None
        return replace(it, state=State.STOPPED, changed_us=now_us)
    if status is None:
        return None
    if status.state is WorkloadState.RUNNING:
        return _running(it, status, now_us)
    if status.state is WorkloadState.EXITED and it.state is State.RUNNING:
        reason = f"Server.InstanceExited: its first process ended with {status.exit_code}"
        return replace(
            it,
            state=State.STOPPED,
            wanted=Wanted.STOPPED,
            reason_code="Server.InternalError",
            reason=reason,
            changed_us=now_us,
        )
    return None


def _running(it: Instance, status: WorkloadStatus, now_us: int) -> Instance | None:
    current = status.labels.get(GENERATION) == str(it.generation)
    if it.state is State.RUNNING or not current:
        return None
    return replace(
        it,
        state=State.RUNNING,
        booted_us=status.started_us or now_us,
        metered_us=0,
        changed_us=now_us,
    )
