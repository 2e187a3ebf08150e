"""Policies of organizations, where they are attached, requests and delegated services."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.identity.model.organizations import (
    FULL_ACCESS,
    OrgPolicy,
    OrgPolicyType,
    OrgRequest,
)

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_POLICY = "id, org, type, name, description, content, tags, created_us"
_REQUEST = "id, org, kind, account, state, body, created_us, ended_us"


def _policy(row: Row) -> OrgPolicy:
    return OrgPolicy(
        id=row[0],
        org=row[1],
        type=OrgPolicyType(row[2]),
        name=row[3],
        description=row[4],
        content=row[5],
        tags=json.loads(row[6]),
        created_us=row[7],
    )


async def insert_policy(tx: Tx, policy: OrgPolicy) -> None:
    await tx.execute(
        f"INSERT INTO identity_org_policy ({_POLICY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        policy.id,
        policy.org,
        policy.type.value,
        policy.name,
        policy.description,
        policy.content,
        json.dumps(dict(policy.tags)),
        policy.created_us,
    )


async def update_policy(tx: Tx, policy: OrgPolicy) -> None:
    """Name, description, content and tags."""
    await tx.execute(
        "UPDATE identity_org_policy SET name = ?, description = ?, content = ?, tags = ? "
        "WHERE id = ?",
        policy.name,
        policy.description,
        policy.content,
        json.dumps(dict(policy.tags)),
        policy.id,
    )


async def delete_policy(tx: Tx, policy_id: str) -> None:
    await tx.execute("DELETE FROM identity_org_policy WHERE id = ?", policy_id)


async def find_policy(reader: Reader, org_id: str, policy_id: str) -> OrgPolicy | None:
    """One of the organization's, or one that comes with Volano."""
    if policy_id in FULL_ACCESS:
        return FULL_ACCESS[policy_id]
    row = await reader.row(
        f"SELECT {_POLICY} FROM identity_org_policy WHERE id = ? AND org = ?", policy_id, org_id
    )
    return _policy(row) if row else None


async def select_policies(
    reader: Reader, org_id: str, policy_type: OrgPolicyType, *, limit: int
) -> list[OrgPolicy]:
    """The oldest first, without those that come with Volano."""
    rows = await reader.rows(
        f"SELECT {_POLICY} FROM identity_org_policy WHERE org = ? AND type = ? "
        "ORDER BY created_us, id LIMIT ?",
        org_id,
        policy_type.value,
        limit,
    )
    return [_policy(row) for row in rows]


async def insert_attachment(
    tx: Tx, org_id: str, target_id: str, policy_id: str, created_us: int
) -> None:
    await tx.execute(
        "INSERT INTO identity_org_attachment (org, target_id, policy_id, created_us) "
        "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        org_id,
        target_id,
        policy_id,
        created_us,
    )


async def delete_attachment(tx: Tx, target_id: str, policy_id: str) -> int:
    return await tx.execute(
        "DELETE FROM identity_org_attachment WHERE target_id = ? AND policy_id = ?",
        target_id,
        policy_id,
    )


async def select_attached(reader: Reader, org_id: str, target_id: str) -> list[OrgPolicy]:
    """Policies of every type on a target, those that come with Volano first."""
    rows = await reader.rows(
        "SELECT policy_id FROM identity_org_attachment WHERE target_id = ? AND org = ? "
        "ORDER BY created_us, policy_id LIMIT 100",
        target_id,
        org_id,
    )
    found = [await find_policy(reader, org_id, row[0]) for row in rows]
    return [policy for policy in found if policy is not None]


async def select_targets(reader: Reader, org_id: str, policy_id: str) -> list[str]:
    rows = await reader.rows(
        "SELECT target_id FROM identity_org_attachment WHERE policy_id = ? AND org = ? "
        "ORDER BY created_us, target_id LIMIT 10000",
        policy_id,
        org_id,
    )
    return [row[0] for row in rows]


def _request(row: Row) -> OrgRequest:
    return OrgRequest(
        id=row[0],
        org=row[1],
        kind=row[2],
        account=row[3],
        state=row[4],
        body=json.loads(row[5]),
        created_us=row[6],
        ended_us=row[7],
    )


async def insert_request(tx: Tx, request: OrgRequest) -> None:
    await tx.execute(
        f"INSERT INTO identity_org_request ({_REQUEST}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        request.id,
        request.org,
        request.kind,
        request.account,
        request.state,
        json.dumps(dict(request.body)),
        request.created_us,
        request.ended_us,
    )


async def update_request(tx: Tx, request_id: str, state: str, ended_us: int) -> None:
    await tx.execute(
        "UPDATE identity_org_request SET state = ?, ended_us = ? WHERE id = ?",
        state,
        ended_us,
        request_id,
    )


async def find_request(reader: Reader, request_id: str) -> OrgRequest | None:
    row = await reader.row(f"SELECT {_REQUEST} FROM identity_org_request WHERE id = ?", request_id)
    return _request(row) if row else None


async def select_requests(
    reader: Reader, kind: str, *, org_id: str = "", account: str = "", limit: int
) -> list[OrgRequest]:
    """Those of an organization, or those that concern an account; the oldest first."""
    rows = await reader.rows(
        f"SELECT {_REQUEST} FROM identity_org_request WHERE kind = ? AND (org = ? OR account = ?) "
        "ORDER BY created_us, id LIMIT ?",
        kind,
        org_id,
        account,
        limit,
    )
    return [_request(row) for row in rows]


async def insert_delegate(tx: Tx, org_id: str, account: str, service: str, created_us: int) -> None:
    await tx.execute(
        "INSERT INTO identity_org_delegate (org, account, service, created_us) VALUES (?, ?, ?, ?)",
        org_id,
        account,
        service,
        created_us,
    )


async def delete_delegate(tx: Tx, org_id: str, account: str, service: str) -> int:
    return await tx.execute(
        "DELETE FROM identity_org_delegate WHERE org = ? AND account = ? AND service = ?",
        org_id,
        account,
        service,
    )


async def select_delegates(reader: Reader, org_id: str) -> list[tuple[str, str, int]]:
    """(account, service, since when)."""
    rows = await reader.rows(
        "SELECT account, service, created_us FROM identity_org_delegate WHERE org = ? "
        "ORDER BY created_us, account, service LIMIT 10000",
        org_id,
    )
    return [(row[0], row[1], row[2]) for row in rows]
