"""Managed policies, their versions, attachments, and inline policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.identity.model.policies import Policy, PolicyVersion

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_POLICY = (
    "id, account, name, path, description, default_version, last_version, tags, created_us, "
    "updated_us"
)
_VERSION = "policy_id, version, document, created_us"


def _policy(row: Row) -> Policy:
    return Policy(
        id=row[0],
        account=row[1],
        name=row[2],
        path=row[3],
        description=row[4],
        default_version=row[5],
        last_version=row[6],
        tags=json.loads(row[7]),
        created_us=row[8],
        updated_us=row[9],
    )


async def insert_policy(tx: Tx, policy: Policy) -> None:
    await tx.execute(
        f"INSERT INTO identity_policy ({_POLICY}, arn, name_key) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        policy.id,
        policy.account,
        policy.name,
        policy.path,
        policy.description,
        policy.default_version,
        policy.last_version,
        json.dumps(dict(policy.tags)),
        policy.created_us,
        policy.updated_us,
        policy.arn,
        policy.name.lower(),
    )


async def update_policy(tx: Tx, policy: Policy) -> None:
    """Versions, tags and the time of the change."""
    await tx.execute(
        "UPDATE identity_policy SET default_version = ?, last_version = ?, tags = ?, "
        "updated_us = ? WHERE id = ?",
        policy.default_version,
        policy.last_version,
        json.dumps(dict(policy.tags)),
        policy.updated_us,
        policy.id,
    )


async def delete_policy(tx: Tx, policy_id: str) -> None:
    await tx.execute("DELETE FROM identity_policy_version WHERE policy_id = ?", policy_id)
    await tx.execute("DELETE FROM identity_policy WHERE id = ?", policy_id)


async def find_policy(reader: Reader, arn: str) -> Policy | None:
    row = await reader.row(f"SELECT {_POLICY} FROM identity_policy WHERE arn = ?", arn)
    return _policy(row) if row else None


async def is_policy_name_taken(reader: Reader, account: str, name: str) -> bool:
    row = await reader.row(
        "SELECT 1 FROM identity_policy WHERE account = ? AND name_key = ?", account, name.lower()
    )
    return row is not None


async def select_policies(
    reader: Reader, account: str, *, path_prefix: str, after: str, limit: int
) -> list[Policy]:
    rows = await reader.rows(
        f"SELECT {_POLICY} FROM identity_policy WHERE account = ? AND name_key > ? "
        "AND substr(path, 1, ?) = ? ORDER BY name_key LIMIT ?",
        account,
        after,
        len(path_prefix),
        path_prefix,
        limit,
    )
    return [_policy(row) for row in rows]


async def count_policies(reader: Reader, account: str) -> int:
    row = await reader.row("SELECT count(*) FROM identity_policy WHERE account = ?", account)
    return int(row[0]) if row else 0


def _version(row: Row) -> PolicyVersion:
    return PolicyVersion(policy_id=row[0], version=row[1], document=row[2], created_us=row[3])


async def insert_version(tx: Tx, version: PolicyVersion) -> None:
    await tx.execute(
        f"INSERT INTO identity_policy_version ({_VERSION}) VALUES (?, ?, ?, ?)",
        version.policy_id,
        version.version,
        version.document,
        version.created_us,
    )


async def delete_version(tx: Tx, policy_id: str, version: int) -> None:
    await tx.execute(
        "DELETE FROM identity_policy_version WHERE policy_id = ? AND version = ?",
        policy_id,
        version,
    )


async def select_versions(reader: Reader, policy_id: str) -> list[PolicyVersion]:
    """The newest first; there are at most five."""
    rows = await reader.rows(
        f"SELECT {_VERSION} FROM identity_policy_version WHERE policy_id = ? "
        "ORDER BY version DESC LIMIT 100",
        policy_id,
    )
    return [_version(row) for row in rows]


async def find_version(reader: Reader, policy_id: str, version: int) -> PolicyVersion | None:
    row = await reader.row(
        f"SELECT {_VERSION} FROM identity_policy_version WHERE policy_id = ? AND version = ?",
        policy_id,
        version,
    )
    return _version(row) if row else None


async def find_default_document(reader: Reader, arn: str) -> str | None:
    row = await reader.row(
        "SELECT v.document FROM identity_policy p JOIN identity_policy_version v "
        "ON v.policy_id = p.id AND v.version = p.default_version WHERE p.arn = ?",
        arn,
    )
    return str(row[0]) if row else None


async def insert_attachment(
    tx: Tx, target_id: str, policy_arn: str, *, account: str, created_us: int
) -> None:
    await tx.execute(
        "INSERT INTO identity_attachment (target_id, policy_arn, account, created_us) "
        "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        target_id,
        policy_arn,
        account,
        created_us,
    )


async def delete_attachment(tx: Tx, target_id: str, policy_arn: str) -> int:
    return await tx.execute(
        "DELETE FROM identity_attachment WHERE target_id = ? AND policy_arn = ?",
        target_id,
        policy_arn,
    )


async def select_attached_arns(reader: Reader, target_id: str) -> list[str]:
    rows = await reader.rows(
        "SELECT policy_arn FROM identity_attachment WHERE target_id = ? ORDER BY policy_arn "
        "LIMIT 1000",
        target_id,
    )
    return [row[0] for row in rows]


async def select_attachment_counts(reader: Reader, account: str) -> dict[str, int]:
    """How often each policy is attached within an account."""
    rows = await reader.rows(
        "SELECT policy_arn, count(*) FROM identity_attachment WHERE account = ? "
        "GROUP BY policy_arn",
        account,
    )
    return {row[0]: int(row[1]) for row in rows}


async def select_attached_targets(reader: Reader, account: str, policy_arn: str) -> list[str]:
    """Ids of the users, groups and roles of an account that hold the policy."""
    rows = await reader.rows(
        "SELECT target_id FROM identity_attachment WHERE policy_arn = ? AND account = ? "
        "ORDER BY target_id LIMIT 10000",
        policy_arn,
        account,
    )
    return [row[0] for row in rows]


async def upsert_inline(tx: Tx, target_id: str, name: str, document: str) -> None:
    await tx.execute(
        "INSERT INTO identity_inline_policy (target_id, name, document) VALUES (?, ?, ?) "
        "ON CONFLICT (target_id, name) DO UPDATE SET document = excluded.document",
        target_id,
        name,
        document,
    )


async def delete_inline(tx: Tx, target_id: str, name: str) -> int:
    return await tx.execute(
        "DELETE FROM identity_inline_policy WHERE target_id = ? AND name = ?", target_id, name
    )


async def find_inline(reader: Reader, target_id: str, name: str) -> str | None:
    row = await reader.row(
        "SELECT document FROM identity_inline_policy WHERE target_id = ? AND name = ?",
        target_id,
        name,
    )
    return str(row[0]) if row else None


async def select_inline(reader: Reader, target_id: str) -> list[tuple[str, str]]:
    """(name, document) by name."""
    rows = await reader.rows(
        "SELECT name, document FROM identity_inline_policy WHERE target_id = ? ORDER BY name "
        "LIMIT 1000",
        target_id,
    )
    return [(row[0], row[1]) for row in rows]


async def select_effective(
    reader: Reader, target_id: str
) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    """What speaks for a user (with groups) or role: (where it hangs, policy ARN), and
    (where it hangs, name, document) of inline policies."""
    targets = (
        "target_id = ? OR target_id IN (SELECT group_id FROM identity_membership WHERE user_id = ?)"
    )
    attached = await reader.rows(
        f"SELECT target_id, policy_arn FROM identity_attachment WHERE {targets} "
        "ORDER BY policy_arn, target_id LIMIT 10000",
        target_id,
        target_id,
    )
    inline = await reader.rows(
        f"SELECT target_id, name, document FROM identity_inline_policy WHERE {targets} "
        "ORDER BY target_id, name LIMIT 10000",
        target_id,
        target_id,
    )
    return [(row[0], row[1]) for row in attached], [(row[0], row[1], row[2]) for row in inline]
