"""Urgent messages and who has acknowledged them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.model.urgent import Receiver, Step, Told, Urgent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx

_URGENT = (
    "u.id, u.account, u.channel_id, u.ts_us, u.sender, u.text, u.steps, u.sent_us, u.recalled_us"
)
_RECEIVER = "urgent_id, user_id, acknowledged_us, step, due_us, told"


async def insert_urgent(tx: Tx, item: Urgent, receivers: Sequence[Receiver]) -> None:
    await tx.execute(
        "INSERT INTO chat_urgent (id, account, channel_id, ts_us, sender, text, steps, sent_us, "
        "recalled_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.channel_id,
        item.ts_us,
        item.sender,
        item.text,
        msgspec.json.encode(item.steps).decode(),
        item.sent_us,
        item.recalled_us,
    )
    for receiver in receivers:
        await tx.execute(
            f"INSERT INTO chat_urgent_to ({_RECEIVER}) VALUES (?, ?, ?, ?, ?, ?)",
            item.id,
            receiver.user_id,
            receiver.acknowledged_us,
            receiver.step,
            receiver.due_us,
            msgspec.json.encode(receiver.told).decode(),
        )


async def find_urgent(reader: Reader, account: str, urgent_id: str) -> Urgent | None:
    row = await reader.row(
        f"SELECT {_URGENT} FROM chat_urgent u WHERE u.id = ? AND u.account = ?", urgent_id, account
    )
    return None if row is None else _urgent(row)


async def select_of_user(reader: Reader, account: str, user_id: str, *, limit: int) -> list[Urgent]:
    """Those sent or received by the user, the newest first."""
    rows = await reader.rows(
        f"SELECT {_URGENT} FROM chat_urgent u WHERE u.account = ? AND (u.sender = ? OR EXISTS "
        "(SELECT 1 FROM chat_urgent_to t WHERE t.urgent_id = u.id AND t.user_id = ?)) "
        "ORDER BY u.sent_us DESC LIMIT ?",
        account,
        user_id,
        user_id,
        limit,
    )
    return [_urgent(row) for row in rows]


async def select_receivers(reader: Reader, urgent_id: str) -> list[Receiver]:
    rows = await reader.rows(
        f"SELECT {_RECEIVER} FROM chat_urgent_to WHERE urgent_id = ? ORDER BY user_id LIMIT 1000",
        urgent_id,
    )
    return [_receiver(row) for row in rows]


async def select_due(reader: Reader, now_us: int, *, limit: int) -> list[tuple[str, Receiver]]:
    """Receivers for whom another way is to be tried now, with their account."""
    rows = await reader.rows(
        "SELECT t.urgent_id, t.user_id, t.acknowledged_us, t.step, t.due_us, t.told, u.account "
        "FROM chat_urgent_to t JOIN chat_urgent u ON u.id = t.urgent_id "
        "WHERE t.due_us > 0 AND t.due_us <= ? AND t.acknowledged_us = 0 AND u.recalled_us = 0 "
        "ORDER BY t.due_us LIMIT ?",
        now_us,
        limit,
    )
    return [(row[6], _receiver(row)) for row in rows]


async def acknowledge(tx: Tx, urgent_id: str, user_id: str, at_us: int) -> bool:
    """False when it was acknowledged already, or is not for this user."""
    changed = await tx.execute(
        "UPDATE chat_urgent_to SET acknowledged_us = ?, due_us = 0 "
        "WHERE urgent_id = ? AND user_id = ? AND acknowledged_us = 0",
        at_us,
        urgent_id,
        user_id,
    )
    return changed == 1


async def recall(tx: Tx, urgent_id: str, at_us: int) -> None:
    await tx.execute("UPDATE chat_urgent SET recalled_us = ? WHERE id = ?", at_us, urgent_id)
    await tx.execute("UPDATE chat_urgent_to SET due_us = 0 WHERE urgent_id = ?", urgent_id)


async def claim(tx: Tx, item: Receiver, until_us: int) -> bool:
    """Nobody else tries before then; False when another process was first, or it is over."""
    changed = await tx.execute(
        "UPDATE chat_urgent_to SET due_us = ? "
        "WHERE urgent_id = ? AND user_id = ? AND due_us = ? AND acknowledged_us = 0",
        until_us,
        item.urgent_id,
        item.user_id,
        item.due_us,
    )
    return changed == 1


async def update_told(tx: Tx, item: Receiver) -> None:
    """What was tried and what comes next, unless it was acknowledged meanwhile."""
    await tx.execute(
        "UPDATE chat_urgent_to SET step = ?, told = ? WHERE urgent_id = ? AND user_id = ?",
        item.step,
        msgspec.json.encode(item.told).decode(),
        item.urgent_id,
        item.user_id,
    )
    await tx.execute(
        "UPDATE chat_urgent_to SET due_us = ? "
        "WHERE urgent_id = ? AND user_id = ? AND acknowledged_us = 0",
        item.due_us,
        item.urgent_id,
        item.user_id,
    )


def _urgent(row: Row) -> Urgent:
    return Urgent(
        id=row[0],
        account=row[1],
        channel_id=row[2],
        ts_us=row[3],
        sender=row[4],
        text=row[5],
        steps=msgspec.json.decode(row[6], type=tuple[Step, ...]),
        sent_us=row[7],
        recalled_us=row[8],
    )


def _receiver(row: Row) -> Receiver:
    return Receiver(
        urgent_id=row[0],
        user_id=row[1],
        acknowledged_us=row[2],
        step=row[3],
        due_us=row[4],
        told=msgspec.json.decode(row[5], type=tuple[Told, ...]),
    )
