"""What an instance may know of itself, and the credentials of its role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.kernel.fleet import InstanceMetadata, RoleCredentials
from volano.kernel.place import zone_id
from volano.services.compute.logic.user_data import to_bytes
from volano.services.compute.store import instances as store
from volano.services.compute.store import key_pairs
from volano.services.identity import interface as identity
from volano.services.network import interface as network

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Reader
    from volano.services.compute.model import Instance


async def find_metadata(env: Env, vpc_id: str, address: str) -> InstanceMetadata | None:
    """The instance at that private address of that VPC, or None."""
    reader = env.store.reader
    it = await store.select_at_address(reader, vpc_id, address)
    if it is None:
        return None
    role = await _find_role(reader, it)
    key = None
    if it.key_name:
        key = await key_pairs.select_public_key(reader, it.account, it.key_name)
    return InstanceMetadata(
        instance_id=it.id,
        account=it.account,
        image_id=it.image_id,
        instance_type=it.type,
        region=env.region.name,
        zone=it.zone,
        zone_id=zone_id(it.zone),
        hostname=f"{it.hostname}.{env.region.name}.compute.internal",
        private_address=it.address,
        mac=it.mac,
        interface_id=it.interface_id,
        vpc_id=it.vpc_id,
        vpc_cidr=it.vpc_cidr,
        subnet_id=it.subnet_id,
        subnet_cidr=it.subnet_cidr,
        security_groups=("default",),
        launch_us=it.launched_us,
        launch_index=it.launch_index,
        reservation_id=it.reservation_id,
        user_data=to_bytes(await store.select_user_data(reader, it.id)),
        public_keys=((it.key_name, key),) if key else (),
        role_name=role.name if role else "",
        profile_arn=it.profile_arn,
        profile_id=it.profile_id,
        tags=await network.get_tags(reader, it.account, it.id),
        tokens_required=it.tokens_required,
    )


async def make_role_credentials(env: Env, instance_id: str) -> RoleCredentials | None:
    """Fresh credentials; None without a role. Raises Denied when the role does not trust EC2."""
    it = await store.select_any(env.store.reader, instance_id)
    role = None if it is None else await _find_role(env.store.reader, it)
    if role is None:
        return None
    fresh = await identity.assume_role_for_instance(env, role, instance_id)
    return RoleCredentials(
        access_key_id=fresh.access_key_id,
        secret_access_key=fresh.secret_access_key,
        session_token=fresh.session_token,
        expires_us=fresh.expires_us,
        updated_us=env.clock.now_us(),
    )


async def _find_role(reader: Reader, it: Instance) -> identity.Role | None:
    """The role of the instance's profile now; None also when the profile was deleted since."""
    if not it.profile:
        return None
    try:
        _, role = await identity.get_instance_profile(reader, it.account, it.profile)
    except NotFound:
        return None
    return role
