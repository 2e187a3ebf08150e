"""Organizations: making one, its root and units, and where accounts stand in the tree.

Specified in the AWS Organizations API reference. Any account may make an organization and becomes
its management account. Policies of the types that are enabled decide at every door for member
accounts (`sources.py`); they never limit the management account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.identity.logic.access import forget
from volano.services.identity.logic.org_targets import find_target
from volano.services.identity.model.org_errors import (
    AccountNotFound,
    AlreadyInOrganization,
    ChildNotFound,
    DestinationParentNotFound,
    DuplicateAccount,
    DuplicateUnit,
    InvalidOrgInput,
    NotInUse,
    NotManagement,
    OrganizationNotEmpty,
    OrgConstraint,
    ParentNotFound,
    SourceParentNotFound,
    UnitNotEmpty,
    UnitNotFound,
)
from volano.services.identity.model.organizations import (
    FULL_ACCESS,
    MAX_UNIT_DEPTH,
    MAX_UNITS,
    Member,
    Organization,
    Unit,
)
from volano.services.identity.store import accounts as account_rows
from volano.services.identity.store import org_policies as policy_rows
from volano.services.identity.store import organizations as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

MAX_MEMBERS = 10_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
FEATURES = ("ALL", "CONSOLIDATED_BILLING")


def org_id(env: Env, prefix: str, length: int) -> str:
    """`o-`, `r-`, `p-` … and lower-case letters and digits."""
    return prefix + "".join(_LETTERS[byte % 36] for byte in env.ids.bytes(length))


async def create_organization(env: Env, call: Call, feature_set: str) -> Organization:
    """Raises AlreadyInOrganization."""
    if feature_set not in FEATURES:
        raise InvalidOrgInput
    now_us = env.clock.now_us()
    org = Organization(
        id=org_id(env, "o-", 10),
        management=call.account,
        root_id=org_id(env, "r-", 4),
        feature_set=feature_set,
        policy_types=frozenset(),
        created_us=now_us,
    )

    async def write(tx: Tx) -> None:
        if await rows.find_org_of(tx, call.account) is not None:
            raise AlreadyInOrganization
        await rows.insert_org(tx, org)
        await attach_full_access(tx, org, org.root_id, now_us)
        email = f"{org.management}@accounts.invalid"
        if env.config.test_mode:
            email = "master@example.com"  # what public suites ask for
        await add_member(tx, org, org.management, "master", email, now_us, method="INVITED")

    await env.store.transact(write)
    forget(env)
    return org


async def attach_full_access(tx: Tx, org: Organization, target: str, now_us: int) -> None:
    """What is new in an organization may do everything until somebody says otherwise."""
    for policy_id in FULL_ACCESS:
        await policy_rows.insert_attachment(tx, org.id, target, policy_id, now_us)


async def add_member(
    tx: Tx, org: Organization, account: str, name: str, email: str, now_us: int, *, method: str
) -> Member:
    """Below the root; raises AlreadyInOrganization."""
    if await rows.find_member(tx, account) is not None:
        raise AlreadyInOrganization
    found = await account_rows.find_account(tx, account)
    if found is None:
        raise AccountNotFound
    member = Member(
        account=found.id,
        org=org.id,
        parent=org.root_id,
        name=name,
        email=email,
        joined_method=method,
        joined_us=now_us,
    )
    await rows.insert_member(tx, member)
    await attach_full_access(tx, org, account, now_us)
    return member


async def my_organization(reader: Reader, account: str) -> Organization:
    """Of a management account or a member; raises NotInUse."""
    org = await rows.find_org_of(reader, account)
    if org is None:
        raise NotInUse
    return org


async def managed(reader: Reader, call: Call) -> Organization:
    """The organization that the caller's account manages; raises NotInUse and NotManagement."""
    org = await my_organization(reader, call.account)
    if org.management != call.account:
        raise NotManagement
    return org


async def read_organization(reader: Reader, call: Call) -> Organization:
    """For lists, which delegated administrators may read too."""
    org = await my_organization(reader, call.account)
    if org.management == call.account:
        return org
    if any(who == call.account for who, _, _ in await policy_rows.select_delegates(reader, org.id)):
        return org
    raise NotManagement


async def delete_organization(env: Env, call: Call) -> None:
    """Raises OrganizationNotEmpty while it has other accounts."""

    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        if len(await rows.select_members(tx, org.id, limit=2)) > 1:
            raise OrganizationNotEmpty
        await rows.delete_org(tx, org.id)

    await env.store.transact(write)
    forget(env)


async def enable_all_features(env: Env, call: Call) -> Organization:
    async def write(tx: Tx) -> Organization:
        org = replace(await managed(tx, call), feature_set="ALL")
        await rows.update_org(tx, org)
        return org

    return await env.store.transact(write)


# --- the tree -------------------------------------------------------------------------------------


async def units_by_id(reader: Reader, org: Organization) -> dict[str, Unit]:
    return {unit.id: unit for unit in await rows.select_units(reader, org.id, limit=MAX_UNITS)}


async def require_parent(reader: Reader, org: Organization, parent: str) -> None:
    if parent != org.root_id and parent not in await units_by_id(reader, org):
        raise ParentNotFound


async def create_unit(
    env: Env, call: Call, parent: str, name: str, tags: Mapping[str, str]
) -> tuple[Organization, Unit]:
    if not 1 <= len(name) <= 128:
        raise InvalidOrgInput
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> tuple[Organization, Unit]:
        org = await managed(tx, call)
        units = await units_by_id(tx, org)
        if parent != org.root_id and parent not in units:
            raise ParentNotFound
        if len(await rows.path_of(tx, org, parent)) > MAX_UNIT_DEPTH or len(units) >= MAX_UNITS:
            raise OrgConstraint(
                f"An organization has at most {MAX_UNITS} units, {MAX_UNIT_DEPTH} levels deep."
            )
        if any(unit.parent == parent and unit.name == name for unit in units.values()):
            raise DuplicateUnit
        unit = Unit(
            id=org_id(env, f"ou-{org.root_id[2:]}-", 8),
            org=org.id,
            parent=parent,
            name=name,
            tags=dict(tags),
            created_us=now_us,
        )
        await rows.insert_unit(tx, unit)
        await attach_full_access(tx, org, unit.id, now_us)
        return org, unit

    return await env.store.transact(write)


async def get_unit(reader: Reader, org: Organization, unit_id: str) -> Unit:
    unit = (await units_by_id(reader, org)).get(unit_id)
    if unit is None:
        raise UnitNotFound
    return unit


async def rename_unit(env: Env, call: Call, unit_id: str, name: str) -> tuple[Organization, Unit]:
    async def write(tx: Tx) -> tuple[Organization, Unit]:
        org = await managed(tx, call)
        units = await units_by_id(tx, org)
        unit = await get_unit(tx, org, unit_id)
        if any(u.parent == unit.parent and u.name == name and u.id != unit_id
               for u in units.values()):  # fmt: skip
            raise DuplicateUnit
        unit = replace(unit, name=name)
        await rows.update_unit(tx, unit)
        return org, unit

    return await env.store.transact(write)


async def delete_unit(env: Env, call: Call, unit_id: str) -> None:
    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        await get_unit(tx, org, unit_id)
        units = await units_by_id(tx, org)
        members = await rows.select_members(tx, org.id, limit=MAX_MEMBERS)
        if unit_id in {unit.parent for unit in units.values()} | {m.parent for m in members}:
            raise UnitNotEmpty
        await rows.delete_unit(tx, unit_id)

    await env.store.transact(write)
    forget(env)


async def children(
    reader: Reader, org: Organization, parent: str
) -> tuple[list[Unit], list[Member]]:
    """What stands right below a root or unit; raises ParentNotFound."""
    await require_parent(reader, org, parent)
    units = await rows.select_units(reader, org.id, limit=MAX_UNITS)
    members = await rows.select_members(reader, org.id, limit=MAX_MEMBERS)
    return (
        [unit for unit in units if unit.parent == parent],
        [member for member in members if member.parent == parent],
    )


async def parent_of(reader: Reader, org: Organization, child: str) -> str:
    """Raises ChildNotFound."""
    units = await units_by_id(reader, org)
    if child in units:
        return units[child].parent
    member = await rows.find_member(reader, child)
    if member is None or member.org != org.id:
        raise ChildNotFound
    return member.parent


async def get_member(reader: Reader, org: Organization, account: str) -> Member:
    """Raises AccountNotFound."""
    member = await rows.find_member(reader, account)
    if member is None or member.org != org.id:
        raise AccountNotFound
    return member


async def move_account(env: Env, call: Call, account: str, source: str, target: str) -> None:
    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        member = await get_member(tx, org, account)
        places = {org.root_id, *await units_by_id(tx, org)}
        if source not in places or member.parent != source:
            raise SourceParentNotFound
        if target not in places:
            raise DestinationParentNotFound
        if source == target:
            raise DuplicateAccount
        await rows.update_member(tx, replace(member, parent=target))

    await env.store.transact(write)
    forget(env)


async def tag_target(
    env: Env, call: Call, target: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    """Tags of a root, unit, account or policy; raises TargetNotFound."""

    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        _, thing = await find_target(tx, org, target)
        tags = {k: v for k, v in {**thing.tags, **add}.items() if k not in remove}
        if isinstance(thing, Organization):
            await rows.update_org(tx, replace(thing, tags=tags))
        elif isinstance(thing, Unit):
            await rows.update_unit(tx, replace(thing, tags=tags))
        elif isinstance(thing, Member):
            await rows.update_member(tx, replace(thing, tags=tags))
        else:
            await policy_rows.update_policy(tx, replace(thing, tags=tags))

    await env.store.transact(write)
