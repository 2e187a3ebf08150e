"""Rows of s3_replication and s3_replica."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.model import ReplicationTask

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = "id, bucket_id, key, version_id, kind, rule_id, attempts, due_us, created_us"


async def insert_task(tx: Tx, task: ReplicationTask) -> None:
    await tx.execute(
        f"INSERT INTO s3_replication ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        task.id,
        task.bucket_id,
        task.key,
        task.version_id,
        task.kind,
        task.rule_id,
        task.attempts,
        task.due_us,
        task.created_us,
    )


async def has_tasks(reader: Reader, bucket_id: str, key: str, version_id: str) -> bool:
    """Whether a version is still on its way somewhere."""
    row = await reader.row(
        "SELECT 1 FROM s3_replication WHERE bucket_id = ? AND key = ? AND version_id = ? LIMIT 1",
        bucket_id,
        key,
        version_id,
    )
    return row is not None


async def select_due_tasks(reader: Reader, *, now_us: int, limit: int) -> list[ReplicationTask]:
    """The longest waiting first."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM s3_replication WHERE due_us <= ? ORDER BY due_us, id LIMIT ?",
        now_us,
        limit,
    )
    return [_task(row) for row in rows]


async def update_task(tx: Tx, task_id: str, *, attempts: int, due_us: int) -> None:
    await tx.execute(
        "UPDATE s3_replication SET attempts = ?, due_us = ? WHERE id = ?",
        attempts,
        due_us,
        task_id,
    )


async def delete_task(tx: Tx, task_id: str) -> None:
    await tx.execute("DELETE FROM s3_replication WHERE id = ?", task_id)


async def select_status(reader: Reader, bucket_id: str, key: str, version_id: str) -> str:
    """How the replication of a version stands; '' for one that has nothing to do with it."""
    row = await reader.row(
        "SELECT status FROM s3_replica WHERE bucket_id = ? AND key = ? AND version_id = ?",
        bucket_id,
        key,
        version_id,
    )
    return "" if row is None else str(row[0])


async def upsert_status(tx: Tx, bucket_id: str, key: str, version_id: str, status: str) -> None:
    await tx.execute(
        "INSERT INTO s3_replica (bucket_id, key, version_id, status) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (bucket_id, key, version_id) DO UPDATE SET status = excluded.status",
        bucket_id,
        key,
        version_id,
        status,
    )


async def delete_status(tx: Tx, bucket_id: str, key: str, version_id: str) -> None:
    await tx.execute(
        "DELETE FROM s3_replica WHERE bucket_id = ? AND key = ? AND version_id = ?",
        bucket_id,
        key,
        version_id,
    )


def _task(row: Row) -> ReplicationTask:
    return ReplicationTask(
        id=row[0],
        bucket_id=row[1],
        key=row[2],
        version_id=row[3],
        kind=row[4],
        rule_id=row[5],
        attempts=row[6],
        due_us=row[7],
        created_us=row[8],
    )
