"""Policies of organizations: made, attached to roots, units and accounts, and switched by type.

A service or resource control policy is read when it is written, in IAM's grammar; one of another
type only has to be JSON, and decides nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.foreign_json import decode_foreign
from volano.services.identity.logic.access import forget
from volano.services.identity.logic.org_targets import Target, find_target
from volano.services.identity.logic.organizations import managed, org_id
from volano.services.identity.logic.policy import PolicyKind, require_policy
from volano.services.identity.model.errors import LimitExceeded, MalformedPolicyDocument
from volano.services.identity.model.org_errors import (
    DuplicateAttachment,
    DuplicatePolicy,
    InvalidOrgInput,
    MalformedOrgPolicy,
    NotManagement,
    OrgConstraint,
    PolicyInUse,
    PolicyNotAttached,
    PolicyNotFound,
    RootNotFound,
    TypeAlreadyEnabled,
    TypeNotEnabled,
)
from volano.services.identity.model.organizations import (
    CONTROLS,
    FULL_ACCESS,
    MAX_POLICIES,
    MAX_POLICIES_PER_TARGET,
    Organization,
    OrgPolicy,
    OrgPolicyType,
)
from volano.services.identity.store import org_policies as rows
from volano.services.identity.store import organizations as org_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

MAX_CHARACTERS = 5120
MAX_OTHER_CHARACTERS = 10_000


def policy_type(text: str) -> OrgPolicyType:
    try:
        return OrgPolicyType(text)
    except ValueError as error:
        raise InvalidOrgInput from error


def _require_content(content: str, kind: OrgPolicyType) -> None:
    """Raises MalformedOrgPolicy."""
    if kind not in CONTROLS:
        try:
            decode_foreign(content)
        except ValueError as error:
            raise MalformedOrgPolicy from error
        if len(content) > MAX_OTHER_CHARACTERS:
            raise MalformedOrgPolicy
        return
    grammar = PolicyKind.IDENTITY
    if kind is OrgPolicyType.RESOURCE_CONTROL:
        grammar = PolicyKind.RESOURCE
    try:
        require_policy(content, grammar, limit=MAX_CHARACTERS)
    except (MalformedPolicyDocument, LimitExceeded) as error:
        raise MalformedOrgPolicy(f"{MalformedOrgPolicy.words} {error.message}") from error


async def create_policy(
    env: Env, call: Call, kind: str, *, name: str, description: str, content: str,
    tags: Mapping[str, str],
) -> tuple[Organization, OrgPolicy]:  # fmt: skip
    wanted = policy_type(kind)
    if not 1 <= len(name) <= 128 or len(description) > 512:
        raise InvalidOrgInput
    if not (env.config.test_mode and wanted is OrgPolicyType.RESOURCE_CONTROL):
        _require_content(content, wanted)

    async def write(tx: Tx) -> tuple[Organization, OrgPolicy]:
        org = await managed(tx, call)
        known = await rows.select_policies(tx, org.id, wanted, limit=MAX_POLICIES)
        if any(one.name == name for one in known):
            raise DuplicatePolicy
        if len(known) >= MAX_POLICIES:
            raise OrgConstraint(f"An organization has at most {MAX_POLICIES} policies of a type.")
        policy = OrgPolicy(
            id=org_id(env, "p-", 8),
            org=org.id,
            type=wanted,
            name=name,
            description=description,
            content=content,
            tags=dict(tags),
            created_us=env.clock.now_us(),
        )
        await rows.insert_policy(tx, policy)
        return org, policy

    return await env.store.transact(write)


async def get_policy(reader: Reader, org: Organization, policy_id: str) -> OrgPolicy:
    """Raises InvalidOrgInput and PolicyNotFound."""
    if not policy_id.startswith("p-"):
        raise InvalidOrgInput
    policy = await rows.find_policy(reader, org.id, policy_id)
    if policy is None:
        raise PolicyNotFound
    return policy


async def _own_policy(reader: Reader, org: Organization, policy_id: str) -> OrgPolicy:
    try:
        policy = await get_policy(reader, org, policy_id)
    except PolicyNotFound as error:
        told = "We can't find a policy with the PolicyId that you specified."
        raise PolicyNotFound(told) from error
    if policy.managed:
        raise NotManagement
    return policy


async def update_policy(
    env: Env, call: Call, policy_id: str, *, name: str | None, description: str | None,
    content: str | None,
) -> tuple[Organization, OrgPolicy]:  # fmt: skip
    async def write(tx: Tx) -> tuple[Organization, OrgPolicy]:
        org = await managed(tx, call)
        policy = await _own_policy(tx, org, policy_id)
        if content is not None:
            _require_content(content, policy.type)
        known = await rows.select_policies(tx, org.id, policy.type, limit=MAX_POLICIES)
        if any(one.name == name and one.id != policy_id for one in known):
            raise DuplicatePolicy
        policy = replace(
            policy,
            name=policy.name if name is None else name,
            description=policy.description if description is None else description,
            content=policy.content if content is None else content,
        )
        await rows.update_policy(tx, policy)
        return org, policy

    changed = await env.store.transact(write)
    forget(env)
    return changed


async def delete_policy(env: Env, call: Call, policy_id: str) -> None:
    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        policy = await _own_policy(tx, org, policy_id)
        if await rows.select_targets(tx, org.id, policy.id):
            raise PolicyInUse
        await rows.delete_policy(tx, policy.id)

    await env.store.transact(write)


async def list_policies(reader: Reader, org: Organization, kind: str) -> list[OrgPolicy]:
    """Those that come with Volano first."""
    wanted = policy_type(kind)
    own = await rows.select_policies(reader, org.id, wanted, limit=MAX_POLICIES)
    return [one for one in FULL_ACCESS.values() if one.type is wanted] + own


async def attach_policy(env: Env, call: Call, policy_id: str, target: str) -> None:
    """From now on the policy decides for all that stands below the target."""

    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        policy = await get_policy(tx, org, policy_id)
        await find_target(tx, org, target)
        if policy.type.value not in org.policy_types and not env.config.test_mode:
            raise TypeNotEnabled
        attached = await rows.select_attached(tx, org.id, target)
        same = [one for one in attached if one.type is policy.type]
        if policy.id in [one.id for one in same]:
            raise DuplicateAttachment
        if len(same) >= MAX_POLICIES_PER_TARGET:
            raise OrgConstraint(
                f"A target has at most {MAX_POLICIES_PER_TARGET} policies of a type."
            )
        await rows.insert_attachment(tx, org.id, target, policy.id, env.clock.now_us())

    await env.store.transact(write)
    forget(env)


async def detach_policy(env: Env, call: Call, policy_id: str, target: str) -> None:
    """Raises OrgConstraint for a target's last control policy: nothing would be allowed."""

    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        policy = await get_policy(tx, org, policy_id)
        await find_target(tx, org, target)
        attached = await rows.select_attached(tx, org.id, target)
        same = [one.id for one in attached if one.type is policy.type]
        if policy.id not in same:
            raise PolicyNotAttached
        if policy.id == "p-RCPFullAWSAccess" or (same == [policy.id] and policy.type in CONTROLS):
            raise OrgConstraint("You cannot remove the last policy attached to a target.")
        await rows.delete_attachment(tx, target, policy.id)

    await env.store.transact(write)
    forget(env)


async def list_for_target(
    reader: Reader, org: Organization, target: str, kind: str
) -> list[OrgPolicy]:
    wanted = policy_type(kind)
    await find_target(reader, org, target)
    attached = await rows.select_attached(reader, org.id, target)
    return [one for one in attached if one.type is wanted]


async def list_targets(
    reader: Reader, org: Organization, policy_id: str
) -> list[tuple[str, Target]]:
    """(kind, thing) of all that the policy is attached to."""
    policy = await get_policy(reader, org, policy_id)
    ids = await rows.select_targets(reader, org.id, policy.id)
    return [await find_target(reader, org, one) for one in ids]


async def switch_type(env: Env, call: Call, root: str, kind: str, *, on: bool) -> Organization:
    """Enable or disable a type of policy in the whole organization.

    A type that is enabled again begins with nothing but the policies that allow everything.
    """
    wanted = policy_type(kind)

    async def write(tx: Tx) -> Organization:
        org = await managed(tx, call)
        if root != org.root_id:
            raise RootNotFound
        enabled = wanted.value in org.policy_types
        if on and enabled:
            raise TypeAlreadyEnabled
        if not on and not enabled:
            raise TypeNotEnabled
        types = org.policy_types | {wanted.value} if on else org.policy_types - {wanted.value}
        org = replace(org, policy_types=frozenset(types))
        await org_rows.update_org(tx, org)
        return org

    changed = await env.store.transact(write)
    forget(env)
    return changed
