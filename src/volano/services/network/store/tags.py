"""SQL of tags on EC2's resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx

MAX_ROWS = 50_000


async def select_tags(reader: Reader, account: str) -> dict[str, dict[str, str]]:
    """All tags of the account by resource."""
    rows = await reader.rows(
        "SELECT resource_id, key, value FROM network_tag WHERE account = ? "
        "ORDER BY resource_id, key LIMIT ?",
        account,
        MAX_ROWS,
    )
    tags: dict[str, dict[str, str]] = {}
    for resource_id, key, value in rows:
        tags.setdefault(resource_id, {})[key] = value
    return tags


async def select_tags_of(reader: Reader, account: str, resource_id: str) -> dict[str, str]:
    rows = await reader.rows(
        "SELECT key, value FROM network_tag WHERE account = ? AND resource_id = ? "
        "ORDER BY key LIMIT 100",
        account,
        resource_id,
    )
    return {row[0]: row[1] for row in rows}


async def upsert_tags(tx: Tx, account: str, resource_id: str, given: dict[str, str]) -> None:
    await tx.execute_many(
        "INSERT INTO network_tag (account, resource_id, key, value) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (account, resource_id, key) DO UPDATE SET value = excluded.value",
        [(account, resource_id, key, value) for key, value in given.items()],
    )


async def delete_tag(tx: Tx, account: str, resource_id: str, key: str, value: str | None) -> None:
    """Remove a tag; with a value only when it has that value."""
    if value is None:
        await tx.execute(
            "DELETE FROM network_tag WHERE account = ? AND resource_id = ? AND key = ?",
            account,
            resource_id,
            key,
        )
    else:
        await tx.execute(
            "DELETE FROM network_tag WHERE account = ? AND resource_id = ? AND key = ? "
            "AND value = ?",
            account,
            resource_id,
            key,
            value,
        )


async def delete_tags(tx: Tx, account: str, resource_id: str) -> None:
    await tx.execute(
        "DELETE FROM network_tag WHERE account = ? AND resource_id = ?", account, resource_id
    )
