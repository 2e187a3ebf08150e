"""Rows of s3_replication_target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.model import ReplicationTarget

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = "account, name, endpoint, region, bucket, access_key_id, secret, created_us"


async def select_target(reader: Reader, account: str, name: str) -> ReplicationTarget | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM s3_replication_target WHERE account = ? AND name = ?",
        account,
        name,
    )
    return None if row is None else _target(row)


async def select_targets(
    reader: Reader, account: str, *, after: str, limit: int
) -> list[ReplicationTarget]:
    """Targets of an account by name."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM s3_replication_target WHERE account = ? AND name > ? "
        "ORDER BY name LIMIT ?",
        account,
        after,
        limit,
    )
    return [_target(row) for row in rows]


async def count_targets(reader: Reader, account: str) -> int:
    row = await reader.row("SELECT count(*) FROM s3_replication_target WHERE account = ?", account)
    return int(row[0]) if row else 0


async def upsert_target(tx: Tx, target: ReplicationTarget) -> None:
    await tx.execute(
        f"INSERT INTO s3_replication_target ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, name) DO UPDATE SET endpoint = excluded.endpoint, "
        "region = excluded.region, bucket = excluded.bucket, "
        "access_key_id = excluded.access_key_id, secret = excluded.secret",
        target.account,
        target.name,
        target.endpoint,
        target.region,
        target.bucket,
        target.access_key_id,
        target.secret,
        target.created_us,
    )


async def delete_target(tx: Tx, account: str, name: str) -> int:
    return await tx.execute(
        "DELETE FROM s3_replication_target WHERE account = ? AND name = ?", account, name
    )


def _target(row: Row) -> ReplicationTarget:
    return ReplicationTarget(
        account=row[0],
        name=row[1],
        endpoint=row[2],
        region=row[3],
        bucket=row[4],
        access_key_id=row[5],
        secret=bytes(row[6]),
        created_us=row[7],
    )
