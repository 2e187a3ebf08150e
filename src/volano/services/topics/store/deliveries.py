"""Rows of sns_delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.ids import AccountId
from volano.services.topics.model import Delivery

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = (
    "id, topic_account, topic_name, subscription_id, url, headers, body, policy, attempts, "
    "due_us, created_us"
)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


async def insert_delivery(tx: Tx, delivery: Delivery) -> None:
    await tx.execute(
        f"INSERT INTO sns_delivery ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        delivery.id,
        delivery.topic_account,
        delivery.topic_name,
        delivery.subscription_id,
        delivery.url,
        _encode(dict(delivery.headers)).decode(),
        delivery.body,
        delivery.policy,
        delivery.attempts,
        delivery.due_us,
        delivery.created_us,
    )


async def select_due(reader: Reader, *, now_us: int, limit: int) -> list[Delivery]:
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sns_delivery WHERE due_us <= ? ORDER BY due_us, id LIMIT ?",
        now_us,
        limit,
    )
    return [_delivery(row) for row in rows]


async def update_due(tx: Tx, delivery_id: str, *, attempts: int, due_us: int) -> None:
    await tx.execute(
        "UPDATE sns_delivery SET attempts = ?, due_us = ? WHERE id = ?",
        attempts,
        due_us,
        delivery_id,
    )


async def delete_delivery(tx: Tx, delivery_id: str) -> int:
    return await tx.execute("DELETE FROM sns_delivery WHERE id = ?", delivery_id)


def _delivery(row: Row) -> Delivery:
    return Delivery(
        id=row[0],
        topic_account=AccountId(row[1]),
        topic_name=row[2],
        subscription_id=row[3],
        url=row[4],
        headers=_decode(row[5]),
        body=bytes(row[6]),
        policy=row[7],
        attempts=row[8],
        due_us=row[9],
        created_us=row[10],
    )
