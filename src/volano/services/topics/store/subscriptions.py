"""Rows of sns_subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.ids import AccountId
from volano.services.topics.model import Subscription

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = (
    "topic_account, topic_name, id, owner, protocol, endpoint, attributes, token, guarded, "
    "created_us, principal"
)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


async def select_subscription(
    reader: Reader, account: str, topic: str, subscription_id: str, *, region: str
) -> Subscription | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM sns_subscription WHERE topic_account = ? AND topic_name = ? "
        "AND id = ?",
        account,
        topic,
        subscription_id,
    )
    return None if row is None else _subscription(row, region)


async def find_subscription(
    reader: Reader, account: str, topic: str, protocol: str, endpoint: str, *, region: str
) -> Subscription | None:
    """The subscription of that endpoint."""
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM sns_subscription WHERE topic_account = ? AND topic_name = ? "
        "AND protocol = ? AND endpoint = ? LIMIT 1",
        account,
        topic,
        protocol,
        endpoint,
    )
    return None if row is None else _subscription(row, region)


async def select_of_topic(
    reader: Reader, account: str, topic: str, *, after: str, limit: int, region: str
) -> list[Subscription]:
    """Subscriptions of a topic by id."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sns_subscription WHERE topic_account = ? AND topic_name = ? "
        "AND id > ? ORDER BY id LIMIT ?",
        account,
        topic,
        after,
        limit,
    )
    return [_subscription(row, region) for row in rows]


async def select_of_owner(
    reader: Reader, owner: str, *, after: str, limit: int, region: str
) -> list[Subscription]:
    """Subscriptions that an account made, by id."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sns_subscription WHERE owner = ? AND id > ? ORDER BY id LIMIT ?",
        owner,
        after,
        limit,
    )
    return [_subscription(row, region) for row in rows]


async def count_of_topic(reader: Reader, account: str, topic: str) -> tuple[int, int]:
    """How many are confirmed and how many wait."""
    row = await reader.row(
        "SELECT count(CASE WHEN token = '' THEN 1 END), count(CASE WHEN token <> '' THEN 1 END) "
        "FROM sns_subscription WHERE topic_account = ? AND topic_name = ?",
        account,
        topic,
    )
    return (int(row[0]), int(row[1])) if row else (0, 0)


async def insert_subscription(tx: Tx, subscription: Subscription) -> None:
    await tx.execute(
        f"INSERT INTO sns_subscription ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        subscription.topic_account,
        subscription.topic_name,
        subscription.id,
        subscription.owner,
        subscription.protocol,
        subscription.endpoint,
        _encode(dict(subscription.attributes)).decode(),
        subscription.token,
        int(subscription.is_guarded),
        subscription.created_us,
        subscription.principal,
    )


async def update_subscription(tx: Tx, subscription: Subscription) -> None:
    """Write everything that may change of a subscription."""
    await tx.execute(
        "UPDATE sns_subscription SET attributes = ?, token = ?, guarded = ? "
        "WHERE topic_account = ? AND topic_name = ? AND id = ?",
        _encode(dict(subscription.attributes)).decode(),
        subscription.token,
        int(subscription.is_guarded),
        subscription.topic_account,
        subscription.topic_name,
        subscription.id,
    )


async def delete_subscription(tx: Tx, subscription: Subscription) -> None:
    """The subscription with what is on its way to it."""
    key = (subscription.topic_account, subscription.topic_name, subscription.id)
    for table, column in (("sns_delivery", "subscription_id"), ("sns_subscription", "id")):
        await tx.execute(
            f"DELETE FROM {table} WHERE topic_account = ? AND topic_name = ? AND {column} = ?",
            *key,
        )


async def delete_pending(tx: Tx, *, before_us: int) -> int:
    """Forget subscriptions that nobody confirmed."""
    return await tx.execute(
        "DELETE FROM sns_subscription WHERE token <> '' AND created_us < ?", before_us
    )


def _subscription(row: Row, region: str) -> Subscription:
    return Subscription(
        topic_account=AccountId(row[0]),
        topic_name=row[1],
        region=region,
        id=row[2],
        owner=AccountId(row[3]),
        protocol=row[4],
        endpoint=row[5],
        attributes=_decode(row[6]),
        token=row[7],
        is_guarded=bool(row[8]),
        created_us=row[9],
        principal=row[10],
    )
