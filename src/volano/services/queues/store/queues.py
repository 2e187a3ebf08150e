"""Rows of sqs_queue and sqs_gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.ids import AccountId
from volano.services.queues.model import Queue

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = "account, name, id, created_us, modified_us, attributes, tags, dead_letter_arn"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


async def select_queue(reader: Reader, account: str, name: str, *, region: str) -> Queue | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM sqs_queue WHERE account = ? AND name = ?", account, name
    )
    return None if row is None else _queue(row, region)


async def select_queues(
    reader: Reader, account: str, *, prefix: str, after: str, limit: int, region: str
) -> list[Queue]:
    """Queues of an account by name."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sqs_queue WHERE account = ? AND name > ? "
        "AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
        account,
        after,
        len(prefix),
        prefix,
        limit,
    )
    return [_queue(row, region) for row in rows]


async def select_sources(
    reader: Reader, dead_letter_arn: str, *, after: str, limit: int, region: str
) -> list[Queue]:
    """Queues of the same account that send their dead letters there, by name."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sqs_queue WHERE dead_letter_arn = ? AND name > ? "
        "ORDER BY name LIMIT ?",
        dead_letter_arn,
        after,
        limit,
    )
    return [_queue(row, region) for row in rows]


async def select_all_queues(
    reader: Reader, *, after: tuple[str, str], limit: int, region: str
) -> list[Queue]:
    """Queues of every account in the order of their keys, for work."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sqs_queue WHERE (account, name) > (?, ?) "
        "ORDER BY account, name LIMIT ?",
        *after,
        limit,
    )
    return [_queue(row, region) for row in rows]


async def count_queues(reader: Reader, account: str) -> int:
    row = await reader.row("SELECT count(*) FROM sqs_queue WHERE account = ?", account)
    return int(row[0]) if row else 0


async def insert_queue(tx: Tx, queue: Queue) -> None:
    await tx.execute(
        f"INSERT INTO sqs_queue ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        queue.account,
        queue.name,
        queue.id,
        queue.created_us,
        queue.modified_us,
        _encode(dict(queue.attributes)).decode(),
        _encode(dict(queue.tags)).decode(),
        queue.dead_letter_arn,
    )


async def update_queue(tx: Tx, queue: Queue) -> None:
    """Write everything that may change of a queue."""
    await tx.execute(
        "UPDATE sqs_queue SET id = ?, modified_us = ?, attributes = ?, tags = ?, "
        "dead_letter_arn = ? WHERE account = ? AND name = ?",
        queue.id,
        queue.modified_us,
        _encode(dict(queue.attributes)).decode(),
        _encode(dict(queue.tags)).decode(),
        queue.dead_letter_arn,
        queue.account,
        queue.name,
    )


async def delete_queue(tx: Tx, queue: Queue) -> None:
    await tx.execute(
        "DELETE FROM sqs_queue WHERE account = ? AND name = ?", queue.account, queue.name
    )


async def insert_gone(tx: Tx, queue_id: str, *, gone_us: int) -> None:
    """The messages of that id are no one's any more."""
    await tx.execute(
        "INSERT INTO sqs_gone (queue_id, gone_us) VALUES (?, ?) ON CONFLICT DO NOTHING",
        queue_id,
        gone_us,
    )


async def select_gone(reader: Reader, *, limit: int) -> list[str]:
    rows = await reader.rows("SELECT queue_id FROM sqs_gone ORDER BY queue_id LIMIT ?", limit)
    return [str(row[0]) for row in rows]


async def delete_gone(tx: Tx, queue_id: str) -> None:
    await tx.execute("DELETE FROM sqs_gone WHERE queue_id = ?", queue_id)


def _queue(row: Row, region: str) -> Queue:
    account, name, queue_id, created_us, modified_us, attributes, tags, dead_letter_arn = row
    return Queue(
        account=AccountId(account),
        region=region,
        name=name,
        id=queue_id,
        created_us=created_us,
        modified_us=modified_us,
        attributes=_decode(attributes),
        tags=_decode(tags),
        dead_letter_arn=dead_letter_arn,
    )
