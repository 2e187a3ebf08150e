"""Imports and exports, what was imported under which name, and how far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.model.transfers import (
    PartProgress,
    Report,
    Transfer,
    TransferKind,
    TransferState,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx

_TRANSFER = (
    "id, account, user_id, kind, state, file_id, options, report, job_id, created_us, ended_us"
)
_PART = "name, stamp, done, finished, known_us, last_us"
MAX_NAMES = 1_000_000
"""People, channels and files of one other workplace."""


async def insert_transfer(tx: Tx, item: Transfer) -> None:
    await tx.execute(
        f"INSERT INTO chat_transfer ({_TRANSFER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.user_id,
        item.kind.value,
        item.state.value,
        item.file_id,
        _to_json(item.options),
        _to_json(item.report),
        item.job_id,
        item.created_us,
        item.ended_us,
    )


async def update_transfer(tx: Tx, item: Transfer) -> None:
    """How it goes: state, archive, report, job and end."""
    await tx.execute(
        "UPDATE chat_transfer SET state = ?, file_id = ?, report = ?, job_id = ?, ended_us = ? "
        "WHERE id = ?",
        item.state.value,
        item.file_id,
        _to_json(item.report),
        item.job_id,
        item.ended_us,
        item.id,
    )


async def find_transfer(reader: Reader, account: str, transfer_id: str) -> Transfer | None:
    row = await reader.row(
        f"SELECT {_TRANSFER} FROM chat_transfer WHERE id = ? AND account = ?", transfer_id, account
    )
    return None if row is None else _transfer(row)


async def select_transfers(
    reader: Reader, account: str, kind: TransferKind, limit: int
) -> list[Transfer]:
    """The newest first."""
    rows = await reader.rows(
        f"SELECT {_TRANSFER} FROM chat_transfer WHERE account = ? AND kind = ? "
        "ORDER BY created_us DESC, id LIMIT ?",
        account,
        kind.value,
        limit,
    )
    return [_transfer(row) for row in rows]


async def select_names(reader: Reader, account: str, source: str, kind: str) -> dict[str, str]:
    """Own ids by the other workplace's."""
    rows = await reader.rows(
        "SELECT foreign_id, own_id FROM chat_import_name WHERE account = ? AND source = ? "
        "AND kind = ? LIMIT ?",
        account,
        source,
        kind,
        MAX_NAMES,
    )
    return {row[0]: row[1] for row in rows}


async def insert_names(
    tx: Tx, account: str, source: str, kind: str, names: Sequence[tuple[str, str]]
) -> None:
    """Pairs of the other workplace's id and the own one; the first word stands."""
    await tx.execute_many(
        "INSERT INTO chat_import_name (account, source, kind, foreign_id, own_id) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(account, source, kind, foreign, own) for foreign, own in names],
    )


async def find_part(reader: Reader, account: str, source: str, name: str) -> PartProgress | None:
    row = await reader.row(
        f"SELECT {_PART} FROM chat_import_part WHERE account = ? AND source = ? AND name = ?",
        account,
        source,
        name,
    )
    if row is None:
        return None
    return PartProgress(
        name=row[0],
        stamp=row[1],
        done=row[2],
        finished=bool(row[3]),
        known_us=row[4],
        last_us=row[5],
    )


async def upsert_part(tx: Tx, account: str, source: str, item: PartProgress) -> None:
    await tx.execute(
        f"INSERT INTO chat_import_part (account, source, {_PART}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, source, name) DO UPDATE SET "
        "stamp = excluded.stamp, done = excluded.done, finished = excluded.finished, "
        "known_us = excluded.known_us, last_us = excluded.last_us",
        account,
        source,
        item.name,
        item.stamp,
        item.done,
        int(item.finished),
        item.known_us,
        item.last_us,
    )


async def find_compliance(reader: Reader, account: str) -> tuple[str, int] | None:
    """Who switched the export of private conversations on, and when; None when it is off."""
    row = await reader.row(
        "SELECT enabled_by, enabled_us FROM chat_compliance WHERE account = ?", account
    )
    return None if row is None else (row[0], row[1])


async def insert_compliance(tx: Tx, account: str, user_id: str, now_us: int) -> None:
    await tx.execute(
        "INSERT INTO chat_compliance (account, enabled_by, enabled_us) VALUES (?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        account,
        user_id,
        now_us,
    )


async def delete_compliance(tx: Tx, account: str) -> None:
    await tx.execute("DELETE FROM chat_compliance WHERE account = ?", account)


def _to_json(item: object) -> str:
    return msgspec.json.encode(item).decode()


def _transfer(row: Row) -> Transfer:
    return Transfer(
        id=row[0],
        account=row[1],
        user_id=row[2],
        kind=TransferKind(row[3]),
        state=TransferState(row[4]),
        file_id=row[5],
        options=msgspec.json.decode(row[6]),
        report=msgspec.json.decode(row[7], type=Report),
        job_id=row[8],
        created_us=row[9],
        ended_us=row[10],
    )
