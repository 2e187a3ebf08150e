"""Managed policies and their versions."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied
from volano.kernel.ids import parse_arn
from volano.services.identity.logic.access import forget
from volano.services.identity.logic.names import (
    cut_page,
    parse_marker,
    require_name,
    require_page_size,
    require_path,
    require_tags,
)
from volano.services.identity.logic.policy import PolicyKind, require_policy
from volano.services.identity.logic.quotas import require_iam_quota
from volano.services.identity.model.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
    ValidationError,
)
from volano.services.identity.model.managed import (
    find_managed_policy,
    managed_policies,
    managed_version,
)
from volano.services.identity.model.policies import MAX_VERSIONS, Policy, PolicyVersion
from volano.services.identity.store import policies as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

_VERSION = re.compile(r"v([1-9]\d{0,8})(\.\d*\.[A-Fa-f0-9-]*)?\Z")
SCOPES = ("All", "AWS", "Local")


async def create_policy(
    env: Env,
    call: Call,
    name: str,
    document: str,
    *,
    path: str = "/",
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> Policy:
    require_name(name, field="policyName", limit=128)
    require_path(path)
    require_tags(tags or {})
    require_policy(document, PolicyKind.IDENTITY)
    if len(description) > 1000 or "\x00" in description:
        raise ValidationError("A description has at most 1000 characters.")
    now_us = env.clock.now_us()
    policy = Policy(
        id=env.ids.unique("ANPA", 17),
        account=call.account,
        name=name,
        path=path,
        description=description,
        default_version=1,
        last_version=1,
        tags=dict(tags or {}),
        created_us=now_us,
        updated_us=now_us,
    )

    async def write(tx: Tx) -> None:
        if await rows.is_policy_name_taken(tx, call.account, name):
            raise EntityAlreadyExists(
                f"A policy called {name} already exists. Duplicate names are not allowed."
            )
        used = await rows.count_policies(tx, call.account)
        await require_iam_quota(tx, call.account, "iam.policies", used)
        await rows.insert_policy(tx, policy)
        await rows.insert_version(
            tx,
            PolicyVersion(policy_id=policy.id, version=1, document=document, created_us=now_us),
        )

    await env.store.transact(write)
    return policy


async def get_policy(reader: Reader, account: str, arn: str) -> Policy:
    """A policy of the account, or one that comes with Volano; raises NoSuchEntity."""
    managed = find_managed_policy(arn)
    if managed is not None:
        return managed
    if parse_arn(arn) is None:
        raise ValidationError("Invalid ARN:  Could not be parsed!")
    if not arn.startswith("arn:aws:iam::") or ":policy/" not in arn:
        raise InvalidInput(f"ARN {arn[:200]} is not valid.")
    policy = await rows.find_policy(reader, arn)
    if policy is None or policy.account != account:
        raise NoSuchEntity(f"Policy {arn[:200]} was not found.")
    return policy


async def get_own_policy(reader: Reader, account: str, arn: str) -> Policy:
    """As `get_policy`, for a change; raises Denied for a policy that comes with Volano."""
    policy = await get_policy(reader, account, arn)
    if policy.account != account:
        raise Denied(f"The policy {policy.arn} comes with Volano and cannot be changed.")
    return policy


async def require_boundary(reader: Reader, account: str, arn: str) -> None:
    """A permissions boundary must be a policy that the account can see; raises NoSuchEntity."""
    try:
        await get_policy(reader, account, arn)
    except NoSuchEntity as error:
        raise NoSuchEntity(
            f"Scope ARN: {arn[:200]} does not exist or is not attachable."
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFilter:
    scope: str = "All"
    only_attached: bool = False
    path_prefix: str = "/"


async def list_policies(
    env: Env,
    call: Call,
    wanted: PolicyFilter,
    *,
    marker: str | None = None,
    max_items: int | None = None,
) -> tuple[list[tuple[Policy, int]], str | None]:
    """A page of policies, each with how often it is attached in the account.

    Volano's own come first; the marker of a page is `aws:` or `own:` and a name.
    """
    if wanted.scope not in SCOPES:
        raise ValidationError("Scope is All, AWS or Local.")
    reader, limit = env.store.reader, require_page_size(max_items)
    counts = await rows.select_attachment_counts(reader, call.account)
    after = parse_marker(marker)
    found: list[Policy] = []
    if wanted.scope != "Local":
        found += [
            policy
            for policy in managed_policies()
            if policy.path.startswith(wanted.path_prefix) and _place(policy) > after
        ]
    if wanted.scope != "AWS":
        found += await rows.select_policies(
            reader,
            call.account,
            path_prefix=wanted.path_prefix,
            after=after.removeprefix("own:") if after.startswith("own:") else "",
            limit=10_000 if wanted.only_attached else limit + 1,
        )
    if wanted.only_attached:
        found = [policy for policy in found if counts.get(policy.arn)]
    page, following = cut_page(found, limit, _place)
    return [(policy, counts.get(policy.arn, 0)) for policy in page], following


def _place(policy: Policy) -> str:
    return ("aws:" if policy.account == "aws" else "own:") + policy.name.lower()


async def count_attachments(reader: Reader, account: str, policy: Policy) -> int:
    counts = await rows.select_attachment_counts(reader, account)
    return counts.get(policy.arn, 0)


async def delete_policy(env: Env, call: Call, arn: str) -> None:
    """Raises DeleteConflict while it is attached or has more than its default version."""

    async def write(tx: Tx) -> None:
        policy = await get_own_policy(tx, call.account, arn)
        if await rows.select_attached_targets(tx, call.account, arn):
            raise DeleteConflict("Cannot delete a policy attached to entities.")
        if len(await rows.select_versions(tx, policy.id)) > 1:
            raise DeleteConflict(
                "This policy has more than one version. Before you delete a policy, you must "
                "delete the policy's versions. The default version is deleted with the policy."
            )
        await rows.delete_policy(tx, policy.id)

    await env.store.transact(write)
    forget(env)


def _parse_version(name: str) -> int:
    found = _VERSION.match(name)
    if found is None:
        raise ValidationError(
            f"Value '{name[:80]}' at 'versionId' failed to satisfy constraint: Member must satisfy "
            r"regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"
        )
    return int(found[1])


async def create_version(
    env: Env, call: Call, arn: str, document: str, *, set_default: bool
) -> tuple[Policy, PolicyVersion]:
    """A policy and its new version; raises LimitExceeded at five versions."""
    require_policy(document, PolicyKind.IDENTITY)

    async def write(tx: Tx) -> tuple[Policy, PolicyVersion]:
        policy = await get_own_policy(tx, call.account, arn)
        if len(await rows.select_versions(tx, policy.id)) >= MAX_VERSIONS:
            raise LimitExceeded(
                "A managed policy can have up to 5 versions. Before you create a new version, you "
                "must delete an existing version."
            )
        number, now_us = policy.last_version + 1, env.clock.now_us()
        version = PolicyVersion(
            policy_id=policy.id, version=number, document=document, created_us=now_us
        )
        policy = replace(
            policy,
            last_version=number,
            default_version=number if set_default else policy.default_version,
            updated_us=now_us,
        )
        await rows.insert_version(tx, version)
        await rows.update_policy(tx, policy)
        return policy, version

    made = await env.store.transact(write)
    forget(env)
    return made


async def get_version(env: Env, call: Call, arn: str, name: str) -> tuple[Policy, PolicyVersion]:
    reader = env.store.reader
    policy = await get_policy(reader, call.account, arn)
    if policy.account != call.account:
        version: PolicyVersion | None = managed_version(policy) if name == "v1" else None
    else:
        version = await rows.find_version(reader, policy.id, _parse_version(name))
    if version is None:
        raise _no_version(arn, name)
    return policy, version


def _no_version(arn: str, name: str) -> NoSuchEntity:
    return NoSuchEntity(
        f"Policy {arn[:200]} version {name[:80]} does not exist or is not attachable."
    )


async def list_versions(env: Env, call: Call, arn: str) -> tuple[Policy, list[PolicyVersion]]:
    """The newest first."""
    policy = await get_policy(env.store.reader, call.account, arn)
    if policy.account != call.account:
        return policy, [managed_version(policy)]
    return policy, await rows.select_versions(env.store.reader, policy.id)


async def delete_version(env: Env, call: Call, arn: str, name: str) -> None:
    """Raises DeleteConflict for the default version."""

    async def write(tx: Tx) -> None:
        policy = await get_own_policy(tx, call.account, arn)
        number = _parse_version(name)
        if number == policy.default_version:
            raise DeleteConflict("Cannot delete the default version of a policy.")
        if await rows.find_version(tx, policy.id, number) is None:
            raise _no_version(arn, name)
        await rows.delete_version(tx, policy.id, number)

    await env.store.transact(write)


async def set_default_version(env: Env, call: Call, arn: str, name: str) -> None:
    async def write(tx: Tx) -> None:
        policy = await get_own_policy(tx, call.account, arn)
        number = _parse_version(name)
        if await rows.find_version(tx, policy.id, number) is None:
            raise _no_version(arn, name)
        await rows.update_policy(
            tx, replace(policy, default_version=number, updated_us=env.clock.now_us())
        )

    await env.store.transact(write)
    forget(env)


async def tag_policy(
    env: Env, call: Call, arn: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    async def write(tx: Tx) -> None:
        policy = await get_own_policy(tx, call.account, arn)
        tags = {k: v for k, v in {**policy.tags, **add}.items() if k not in remove}
        require_tags(tags)
        await rows.update_policy(tx, replace(policy, tags=tags))

    await env.store.transact(write)
