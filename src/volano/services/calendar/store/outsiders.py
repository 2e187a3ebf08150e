"""Rows of people who are invited by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.calendar.model import MAX_GUESTS, Answer, Outsider

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_OUTSIDER = "event_id, address, account, answer, told, due_us, tries, error, gone"


def _outsider(row: Row) -> Outsider:
    return Outsider(
        event_id=row[0],
        address=row[1],
        account=row[2],
        answer=Answer(row[3]),
        told=row[4],
        due_us=row[5],
        tries=row[6],
        error=row[7],
        gone=bool(row[8]),
    )


async def upsert_outsider(tx: Tx, item: Outsider) -> None:
    await tx.execute(
        f"INSERT INTO calendar_outsider ({_OUTSIDER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (event_id, address) DO UPDATE SET answer = excluded.answer, "
        "told = excluded.told, due_us = excluded.due_us, tries = excluded.tries, "
        "error = excluded.error, gone = excluded.gone",
        item.event_id,
        item.address,
        item.account,
        item.answer.value,
        item.told,
        item.due_us,
        item.tries,
        item.error,
        int(item.gone),
    )


async def select_outsiders(reader: Reader, event_id: str) -> list[Outsider]:
    """Those of an event by address, with those who are gone and not yet told so."""
    rows = await reader.rows(
        f"SELECT {_OUTSIDER} FROM calendar_outsider WHERE event_id = ? ORDER BY address LIMIT ?",
        event_id,
        2 * MAX_GUESTS,
    )
    return [_outsider(row) for row in rows]


async def select_due(reader: Reader, now_us: int, limit: int) -> list[Outsider]:
    rows = await reader.rows(
        f"SELECT {_OUTSIDER} FROM calendar_outsider WHERE due_us > 0 AND due_us <= ? "
        "ORDER BY due_us LIMIT ?",
        now_us,
        limit,
    )
    return [_outsider(row) for row in rows]


async def claim(tx: Tx, item: Outsider, until_us: int) -> bool:
    """Put off a mail that is due, so that nobody else sends it; False when somebody did."""
    row = await tx.row(
        "UPDATE calendar_outsider SET due_us = ? WHERE event_id = ? AND address = ? "
        "AND due_us = ? RETURNING address",
        until_us,
        item.event_id,
        item.address,
        item.due_us,
    )
    return row is not None


async def settle(tx: Tx, item: Outsider, claimed_us: int) -> None:
    """What became of a claimed mail, unless another one has become due meanwhile."""
    await tx.execute(
        "UPDATE calendar_outsider SET told = ?, due_us = ?, tries = ?, error = ? "
        "WHERE event_id = ? AND address = ? AND due_us = ?",
        item.told,
        item.due_us,
        item.tries,
        item.error,
        item.event_id,
        item.address,
        claimed_us,
    )


async def delete_told(tx: Tx, event_id: str) -> None:
    """Forget who is gone and needs no mail any more."""
    await tx.execute(
        "DELETE FROM calendar_outsider WHERE event_id = ? AND gone = 1 AND due_us = 0", event_id
    )
