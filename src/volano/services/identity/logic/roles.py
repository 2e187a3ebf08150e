"""Roles: who may assume them, and for how long."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.identity.logic.access import forget
from volano.services.identity.logic.names import (
    cut_page,
    parse_marker,
    require_name,
    require_page_size,
    require_path,
    require_tags,
)
from volano.services.identity.logic.policies import require_boundary
from volano.services.identity.logic.policy import PolicyKind, is_placeholder, require_policy
from volano.services.identity.logic.quotas import require_iam_quota
from volano.services.identity.model.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    NoSuchEntity,
    UnmodifiableEntity,
    ValidationError,
)
from volano.services.identity.model.principals import Role
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import policies as policy_rows
from volano.services.identity.store import roles as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.ids import AccountId
    from volano.kernel.store import Reader, Tx

MIN_SESSION_S = 3600
MAX_SESSION_S = 12 * 3600
SERVICE_PATH = "/aws-service-role/"


def make_role(
    env: Env,
    account: AccountId,
    name: str,
    trust: str,
    *,
    path: str = "/",
    description: str = "",
    max_session_s: int = MIN_SESSION_S,
    tags: Mapping[str, str] | None = None,
    boundary: str | None = None,
) -> Role:
    """A role that is not stored yet; raises ValidationError, MalformedPolicyDocument."""
    require_name(name, field="roleName")
    require_path(path, bare=env.config.test_mode)
    require_tags(tags or {})
    if not (env.config.test_mode and is_placeholder(trust)):
        require_policy(trust, PolicyKind.TRUST)
    _require_session(max_session_s)
    _require_description(description)
    return Role(
        id=env.ids.unique("AROA", 17),
        account=account,
        name=name,
        path=path,
        description=description,
        trust=trust,
        max_session_s=max_session_s,
        boundary=boundary,
        tags=dict(tags or {}),
        created_us=env.clock.now_us(),
    )


def _require_session(max_session_s: int) -> None:
    if not MIN_SESSION_S <= max_session_s <= MAX_SESSION_S:
        raise ValidationError(
            f"1 validation error detected: Value '{max_session_s}' at 'maxSessionDuration' failed "
            f"to satisfy constraint: Member must have value between {MIN_SESSION_S} and "
            f"{MAX_SESSION_S}"
        )


def _require_description(description: str) -> None:
    if len(description) > 1000 or "\x00" in description:
        raise ValidationError(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: "
            "Member must have length less than or equal to 1000"
        )


async def add_role(tx: Tx, role: Role) -> None:
    """Store a new role in the caller's transaction; raises EntityAlreadyExists."""
    if await rows.is_role_name_taken(tx, role.account, role.name):
        raise EntityAlreadyExists(f"Role with name {role.name} already exists.")
    await require_iam_quota(tx, role.account, "iam.roles", await rows.count_roles(tx, role.account))
    if role.boundary is not None:
        await require_boundary(tx, role.account, role.boundary)
    await rows.insert_role(tx, role)


def require_modifiable(role: Role) -> None:
    """Service-linked roles change by their own actions only; raises UnmodifiableEntity."""
    if role.path.startswith(SERVICE_PATH):
        raise UnmodifiableEntity(
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only "
            "modifiable by AWS"
        )


async def create_role(env: Env, role: Role) -> Role:
    if role.path.startswith(SERVICE_PATH):
        raise ValidationError(
            f"A role under {SERVICE_PATH} is made by CreateServiceLinkedRole only."
        )

    async def write(tx: Tx) -> None:
        await add_role(tx, role)

    await env.store.transact(write)
    return role


async def get_role(reader: Reader, account: str, name: str) -> Role:
    """By exact name; raises NoSuchEntity."""
    role = await rows.find_role_by_name(reader, account, name)
    if role is None:
        raise NoSuchEntity(f"The role with name {name[:128]} cannot be found.")
    return role


async def list_roles(
    env: Env,
    call: Call,
    *,
    path_prefix: str = "/",
    marker: str | None = None,
    max_items: int | None = None,
) -> tuple[list[Role], str | None]:
    limit = require_page_size(max_items)
    found = await rows.select_roles(
        env.store.reader,
        call.account,
        path_prefix=path_prefix,
        after=parse_marker(marker),
        limit=limit + 1,
    )
    return cut_page(found, limit, lambda role: role.name.lower())


async def update_role(
    env: Env, call: Call, name: str, *, description: str | None, max_session_s: int | None
) -> Role:
    """Change what is given."""
    if description is not None:
        _require_description(description)
    if max_session_s is not None:
        _require_session(max_session_s)

    async def write(tx: Tx) -> Role:
        role = await get_role(tx, call.account, name)
        role = replace(
            role,
            description=role.description if description is None else description,
            max_session_s=max_session_s or role.max_session_s,
        )
        await rows.update_role(tx, role)
        return role

    return await env.store.transact(write)


async def update_trust(env: Env, call: Call, name: str, trust: str) -> None:
    """Replace the policy that says who may assume the role; open sessions go on."""
    require_policy(trust, PolicyKind.TRUST)

    async def write(tx: Tx) -> None:
        role = await get_role(tx, call.account, name)
        require_modifiable(role)
        await rows.update_role(tx, replace(role, trust=trust))

    await env.store.transact(write)
    forget(env)


async def put_role_boundary(env: Env, call: Call, name: str, arn: str | None) -> None:
    """Set or, with None, remove the permissions boundary."""

    async def write(tx: Tx) -> None:
        role = await get_role(tx, call.account, name)
        if arn is not None:
            await require_boundary(tx, call.account, arn)
        await rows.update_role(tx, replace(role, boundary=arn))

    await env.store.transact(write)
    forget(env)


async def tag_role(
    env: Env, call: Call, name: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    async def write(tx: Tx) -> None:
        role = await get_role(tx, call.account, name)
        tags = {k: v for k, v in {**role.tags, **add}.items() if k not in remove}
        require_tags(tags)
        await rows.update_role(tx, replace(role, tags=tags))

    await env.store.transact(write)
    forget(env)


async def delete_role(env: Env, call: Call, name: str) -> None:
    """Its sessions end at once. Raises DeleteConflict while policies or profiles hang on it."""

    async def write(tx: Tx) -> None:
        role = await get_role(tx, call.account, name)
        require_modifiable(role)
        if await rows.select_instance_profiles_of(tx, role.id, limit=1):
            raise DeleteConflict(
                "Cannot delete entity, must remove roles from instance profile first."
            )
        if await policy_rows.select_attached_arns(tx, role.id):
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if await policy_rows.select_inline(tx, role.id):
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        await key_rows.delete_temporary_keys_of(tx, role.id)
        await rows.delete_role(tx, role.id)

    await env.store.transact(write)
    forget(env)
