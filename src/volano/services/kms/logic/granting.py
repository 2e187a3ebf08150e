"""What grants let a caller do: read on each request, put beside the key's policy.

A grant counts like a statement of the key's policy that names the grantee (KMS developer guide,
"Grants in AWS KMS"), so that limits, explicit denies and cross-account rules apply to it as to any.
Constraints on the encryption context hold for operations that have one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.identity import PrincipalKind
from volano.services.kms.model import MAX_GRANTS_CONSIDERED, Grant
from volano.services.kms.store import grants as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.kms.model import Key

WITHOUT_CONTEXT = frozenset({"DescribeKey", "RetireGrant", "CreateGrant"})
"""Operations that carry no encryption context: constraints do not limit them."""


async def find_grants(
    env: Env, call: Call, key: Key, context: Mapping[str, str], child: Grant | None
) -> list[Grant]:
    """The caller's grants of `key`, each with the operations that fit the encryption context and,
    where the request makes the grant `child`, may hand on."""
    who = call.principal
    if who.kind in (PrincipalKind.SYSTEM, PrincipalKind.ANONYMOUS):
        return []
    names = [who.arn, str(who.account), f"arn:aws:iam::{who.account}:root"]
    role = ""
    if who.kind is PrincipalKind.ROLE_SESSION:
        names.append(f"arn:aws:iam::{who.account}:role/{who.name}")
        role = f"arn:aws:iam::{who.account}:role/%/{who.name}"
    found = await rows.select_grants_to(
        env.store.reader, key, names, role=role, limit=MAX_GRANTS_CONSIDERED
    )
    fitting = [(grant, _operations(grant, context, child)) for grant in found]
    return [replace(grant, operations=operations) for grant, operations in fitting if operations]


def _operations(grant: Grant, context: Mapping[str, str], child: Grant | None) -> tuple[str, ...]:
    operations = grant.operations
    if not _fits(grant, context):
        operations = tuple(name for name in operations if name in WITHOUT_CONTEXT)
    if child is not None and not _covers(grant, child):
        operations = tuple(name for name in operations if name != "CreateGrant")
    return operations


def _covers(grant: Grant, child: Grant) -> bool:
    """Whether `child` gives no more than `grant` itself (CreateGrant, "Considerations")."""
    if not set(child.operations) <= set(grant.operations):
        return False
    if grant.context_equals is not None and child.context_equals != grant.context_equals:
        return False
    limits = {**(child.context_subset or {}), **(child.context_equals or {})}
    return all(limits.get(name) == value for name, value in (grant.context_subset or {}).items())


def _fits(grant: Grant, context: Mapping[str, str]) -> bool:
    """Whether the grant's constraints let this encryption context through."""
    if grant.context_equals is not None and dict(context) != dict(grant.context_equals):
        return False
    subset = (grant.context_subset or {}).items()
    return all(context.get(name) == value for name, value in subset)


def add_grants(policy: str, grants: Sequence[Grant]) -> str:
    """The policy with a statement for each grant."""
    document = msgspec.json.decode(policy)
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else list(statements)
    statements += [
        {
            "Effect": "Allow",
            "Principal": {"AWS": grant.grantee},
            "Action": [f"kms:{name}" for name in grant.operations],
            "Resource": "*",
        }
        for grant in grants
    ]
    return msgspec.json.encode({**document, "Statement": statements}).decode()
