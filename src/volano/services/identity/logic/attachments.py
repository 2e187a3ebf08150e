"""Policies on users, groups and roles: attached managed ones and inline ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.identity.logic.access import forget
from volano.services.identity.logic.groups import get_group
from volano.services.identity.logic.names import (
    cut_page,
    parse_marker,
    require_name,
    require_page_size,
)
from volano.services.identity.logic.policies import get_policy
from volano.services.identity.logic.policy import PolicyKind, require_policy
from volano.services.identity.logic.quotas import require_iam_quota
from volano.services.identity.logic.roles import get_role, require_modifiable
from volano.services.identity.logic.users import get_user
from volano.services.identity.model.errors import NoSuchEntity
from volano.services.identity.store import groups as group_rows
from volano.services.identity.store import policies as rows
from volano.services.identity.store import roles as role_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.identity.model.principals import Role, User

INLINE_LIMITS = {"user": 2048, "group": 5120, "role": 10240}
"""Characters of all inline policies of one target (IAM quotas)."""


POLICY_USAGE, BOUNDARY_USAGE = "PermissionsPolicy", "PermissionsBoundary"


@dataclass(frozen=True, slots=True)
class Target:
    """What a policy hangs on: `kind` is user, group or role."""

    kind: str
    name: str


async def _target_id(reader: Reader, account: str, target: Target) -> str:
    if target.kind == "user":
        return (await get_user(reader, account, target.name)).id
    if target.kind == "group":
        return (await get_group(reader, account, target.name)).id
    return (await get_role(reader, account, target.name)).id


async def _changeable_id(reader: Reader, account: str, target: Target) -> str:
    """As `_target_id`, for a change; raises UnmodifiableEntity for service-linked roles."""
    if target.kind == "role":
        role = await get_role(reader, account, target.name)
        require_modifiable(role)
        return role.id
    return await _target_id(reader, account, target)


async def attach_policy(env: Env, call: Call, target: Target, arn: str) -> None:
    """Attaching twice is once."""

    async def write(tx: Tx) -> None:
        target_id = await _changeable_id(tx, call.account, target)
        try:
            policy = await get_policy(tx, call.account, arn)
        except NoSuchEntity as error:
            told = f"Policy {arn[:200]} does not exist or is not attachable."
            raise NoSuchEntity(told) from error
        known = await rows.select_attached_arns(tx, target_id)
        if policy.arn in known:
            return
        await require_iam_quota(tx, call.account, "iam.attached-policies-per-target", len(known))
        await rows.insert_attachment(
            tx, target_id, policy.arn, account=call.account, created_us=env.clock.now_us()
        )

    await env.store.transact(write)
    forget(env)


async def detach_policy(env: Env, call: Call, target: Target, arn: str) -> None:
    async def write(tx: Tx) -> None:
        target_id = await _changeable_id(tx, call.account, target)
        if not await rows.delete_attachment(tx, target_id, arn):
            raise NoSuchEntity(f"Policy {arn[:200]} was not found.")

    await env.store.transact(write)
    forget(env)


async def list_attached(
    env: Env, call: Call, target: Target, *, marker: str | None, max_items: int | None
) -> tuple[list[str], str | None]:
    """ARNs of the attached policies, a page of them."""
    reader, limit = env.store.reader, require_page_size(max_items)
    target_id = await _target_id(reader, call.account, target)
    after = parse_marker(marker)
    arns = [arn for arn in await rows.select_attached_arns(reader, target_id) if arn > after]
    return cut_page(arns, limit, lambda arn: arn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """Who holds a policy: (name, id) pairs."""

    users: list[tuple[str, str]]
    groups: list[tuple[str, str]]
    roles: list[tuple[str, str]]


async def list_entities(
    env: Env, call: Call, arn: str, *, path_prefix: str = "/", usage: str | None = None
) -> Entities:
    """Those under a path who hold the policy; `usage` PermissionsBoundary asks for those whom it
    bounds, PermissionsPolicy for those it is attached to, None for both."""
    reader = env.store.reader
    policy = await get_policy(reader, call.account, arn)
    ids = set(await rows.select_attached_targets(reader, call.account, policy.arn))
    users = await user_rows.select_users(
        reader, call.account, path_prefix=path_prefix, after="", limit=10_000
    )
    groups = await group_rows.select_groups(
        reader, call.account, path_prefix=path_prefix, after="", limit=10_000
    )
    roles = await role_rows.select_roles(
        reader, call.account, path_prefix=path_prefix, after="", limit=10_000
    )

    def holds(one: User | Role) -> bool:
        attached = usage != BOUNDARY_USAGE and one.id in ids
        return attached or (usage != POLICY_USAGE and one.boundary == policy.arn)

    return Entities(
        users=[(one.name, one.id) for one in users if holds(one)],
        groups=[(g.name, g.id) for g in groups if g.id in ids and usage != BOUNDARY_USAGE],
        roles=[(one.name, one.id) for one in roles if holds(one)],
    )


async def put_inline(env: Env, call: Call, target: Target, name: str, document: str) -> None:
    """Add or replace an inline policy."""
    require_name(name, field="policyName", limit=128)
    require_policy(document, PolicyKind.IDENTITY, limit=INLINE_LIMITS[target.kind])

    async def write(tx: Tx) -> None:
        target_id = await _changeable_id(tx, call.account, target)
        await rows.upsert_inline(tx, target_id, name, document)

    await env.store.transact(write)
    forget(env)


async def get_inline(env: Env, call: Call, target: Target, name: str) -> str:
    target_id = await _target_id(env.store.reader, call.account, target)
    document = await rows.find_inline(env.store.reader, target_id, name)
    if document is None:
        raise _no_inline(target, name)
    return document


def _no_inline(target: Target, name: str) -> NoSuchEntity:
    return NoSuchEntity(f"The {target.kind} policy with name {name[:128]} cannot be found.")


async def list_inline(
    env: Env, call: Call, target: Target, *, marker: str | None, max_items: int | None
) -> tuple[list[str], str | None]:
    """Names of the inline policies, a page of them."""
    reader, limit = env.store.reader, require_page_size(max_items)
    target_id = await _target_id(reader, call.account, target)
    after = parse_marker(marker)
    names = [name for name, _ in await rows.select_inline(reader, target_id) if name > after]
    return cut_page(names, limit, lambda name: name)


async def delete_inline(env: Env, call: Call, target: Target, name: str) -> None:
    async def write(tx: Tx) -> None:
        target_id = await _changeable_id(tx, call.account, target)
        if not await rows.delete_inline(tx, target_id, name):
            raise _no_inline(target, name)

    await env.store.transact(write)
    forget(env)
