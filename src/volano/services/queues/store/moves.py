"""Rows of sqs_move_task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.queues.model import MoveTask

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = (
    "id, account, source, destination, rate, status, moved, wanted, failure, started_us, "
    "advanced_us"
)
RUNNING = "RUNNING"


async def insert_task(tx: Tx, task: MoveTask) -> None:
    await tx.execute(
        f"INSERT INTO sqs_move_task ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        task.id,
        task.account,
        task.source,
        task.destination,
        task.rate,
        task.status,
        task.moved,
        task.wanted,
        task.failure,
        task.started_us,
        task.advanced_us,
    )


async def select_task(reader: Reader, task_id: str) -> MoveTask | None:
    row = await reader.row(f"SELECT {_COLUMNS} FROM sqs_move_task WHERE id = ?", task_id)
    return None if row is None else _task(row)


async def select_tasks(reader: Reader, account: str, source: str, *, limit: int) -> list[MoveTask]:
    """The newest first."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sqs_move_task WHERE account = ? AND source = ? "
        "ORDER BY started_us DESC, id LIMIT ?",
        account,
        source,
        limit,
    )
    return [_task(row) for row in rows]


async def select_running(reader: Reader, *, limit: int) -> list[MoveTask]:
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sqs_move_task WHERE status = ? ORDER BY started_us LIMIT ?",
        RUNNING,
        limit,
    )
    return [_task(row) for row in rows]


async def update_task(tx: Tx, task: MoveTask) -> None:
    """Write everything that may change of a task."""
    await tx.execute(
        "UPDATE sqs_move_task SET status = ?, moved = ?, failure = ?, advanced_us = ? WHERE id = ?",
        task.status,
        task.moved,
        task.failure,
        task.advanced_us,
        task.id,
    )


async def delete_old_tasks(tx: Tx, *, before_us: int) -> int:
    return await tx.execute(
        "DELETE FROM sqs_move_task WHERE status <> ? AND started_us < ?", RUNNING, before_us
    )


def _task(row: Row) -> MoveTask:
    return MoveTask(
        id=row[0],
        account=AccountId(row[1]),
        source=row[2],
        destination=row[3],
        rate=row[4],
        status=row[5],
        moved=row[6],
        wanted=row[7],
        failure=row[8],
        started_us=row[9],
        advanced_us=row[10],
    )
