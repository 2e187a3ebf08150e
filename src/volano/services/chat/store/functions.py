"""Runs of apps' functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.model.functions import FunctionRun, RunState

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_RUN = (
    "id, account, app_id, callback_id, user_id, channel_id, inputs, outputs, state, error, "
    "began_us, ended_us"
)


async def insert_run(tx: Tx, item: FunctionRun) -> None:
    await tx.execute(
        f"INSERT INTO chat_function_run ({_RUN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.app_id,
        item.callback_id,
        item.user_id,
        item.channel_id,
        json.dumps(item.inputs),
        json.dumps(item.outputs),
        item.state.value,
        item.error,
        item.began_us,
        item.ended_us,
    )


async def update_run(tx: Tx, item: FunctionRun) -> None:
    """How it ended."""
    await tx.execute(
        "UPDATE chat_function_run SET outputs = ?, state = ?, error = ?, ended_us = ? WHERE id = ?",
        json.dumps(item.outputs),
        item.state.value,
        item.error,
        item.ended_us,
        item.id,
    )


async def find_run(reader: Reader, run_id: str) -> FunctionRun | None:
    row = await reader.row(f"SELECT {_RUN} FROM chat_function_run WHERE id = ?", run_id)
    return None if row is None else _run(row)


async def select_running(reader: Reader, app_id: str, *, limit: int) -> list[FunctionRun]:
    """The oldest first."""
    rows = await reader.rows(
        f"SELECT {_RUN} FROM chat_function_run WHERE app_id = ? AND state = ? "
        "ORDER BY began_us LIMIT ?",
        app_id,
        RunState.RUNNING.value,
        limit,
    )
    return [_run(row) for row in rows]


async def delete_ended(tx: Tx, app_id: str, before_us: int) -> None:
    """Forget runs that ended long ago."""
    await tx.execute(
        "DELETE FROM chat_function_run WHERE app_id = ? AND state <> ? AND began_us < ?",
        app_id,
        RunState.RUNNING.value,
        before_us,
    )


def _run(row: Row) -> FunctionRun:
    return FunctionRun(
        id=row[0],
        account=row[1],
        app_id=row[2],
        callback_id=row[3],
        user_id=row[4],
        channel_id=row[5],
        inputs=json.loads(row[6]),
        outputs=json.loads(row[7]),
        state=RunState(row[8]),
        error=row[9],
        began_us=row[10],
        ended_us=row[11],
    )
