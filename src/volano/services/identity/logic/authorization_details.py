"""Everything that says who may do what in an account, for GetAccountAuthorizationDetails."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.identity.logic.names import parse_count_marker, require_page_size
from volano.services.identity.logic.policies import PolicyFilter, list_policies
from volano.services.identity.model.errors import ValidationError
from volano.services.identity.model.managed import managed_version
from volano.services.identity.model.policies import Policy, PolicyVersion
from volano.services.identity.model.principals import Group, InstanceProfile, Role, User
from volano.services.identity.store import groups as group_rows
from volano.services.identity.store import policies as rows
from volano.services.identity.store import roles as role_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_OF_KIND = 10_000
FILTERS = ("User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy")

Thing = User | Group | Role | tuple[Policy, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What hangs on a user, group or role: (name, document) and ARNs; and a user's groups."""

    inline: list[tuple[str, str]]
    attached: list[str]
    groups: list[str]
    profiles: list[InstanceProfile]


async def list_things(
    env: Env, call: Call, wanted: Collection[str], *, marker: str | None, max_items: int | None
) -> tuple[list[Thing], str | None]:
    """A page of users, groups, roles and policies, in this order."""
    unknown = set(wanted) - set(FILTERS)
    if unknown:
        raise ValidationError(f"Filter takes {', '.join(FILTERS)}, not {sorted(unknown)[0][:40]}.")
    shown = set(wanted or FILTERS)
    reader, account = env.store.reader, call.account
    everything: list[Thing] = []
    if "User" in shown:
        everything += await user_rows.select_users(
            reader, account, path_prefix="/", after="", limit=MAX_OF_KIND
        )
    if "Group" in shown:
        everything += await group_rows.select_groups(
            reader, account, path_prefix="/", after="", limit=MAX_OF_KIND
        )
    if "Role" in shown:
        everything += await role_rows.select_roles(
            reader, account, path_prefix="/", after="", limit=MAX_OF_KIND
        )
    everything += await _policies(env, call, shown)
    first = parse_count_marker(marker)
    end = first + require_page_size(max_items)
    return everything[first:end], str(end) if end < len(everything) else None


async def _policies(env: Env, call: Call, shown: Collection[str]) -> list[tuple[Policy, int]]:
    found: list[tuple[Policy, int]] = []
    for name, scope in (("LocalManagedPolicy", "Local"), ("AWSManagedPolicy", "AWS")):
        after: str | None = None
        while name in shown:
            page, after = await list_policies(
                env, call, PolicyFilter(scope=scope), marker=after, max_items=1000
            )
            found += page
            if after is None or len(found) >= MAX_OF_KIND:
                break
    return found


async def held_by(env: Env, thing: User | Group | Role) -> Held:
    """Policies of a user, group or role; groups of a user, instance profiles of a role."""
    reader = env.store.reader
    groups = []
    if isinstance(thing, User):
        groups = await group_rows.select_groups_of(reader, thing.id, limit=1000)
    profiles = []
    if isinstance(thing, Role):
        profiles = await role_rows.select_instance_profiles_of(reader, thing.id, limit=1000)
    return Held(
        inline=await rows.select_inline(reader, thing.id),
        attached=await rows.select_attached_arns(reader, thing.id),
        groups=[group.name for group in groups],
        profiles=profiles,
    )


async def versions_of(env: Env, policy: Policy) -> list[PolicyVersion]:
    """The newest first; one that comes with Volano has one."""
    if policy.account == "aws":
        return [managed_version(policy)]
    return await rows.select_versions(env.store.reader, policy.id)
