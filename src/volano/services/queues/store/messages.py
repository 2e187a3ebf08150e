"""Rows of sqs_message."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from volano.services.queues.model import MAX_COUNTED, Message, MessageAttribute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = (
    "id, body, sealed, attributes, trace_header, sender_id, sent_us, visible_us, "
    "first_received_us, receive_count, receipt, group_id, dedup_id, seq, source_arn"
)
_INSERT = (
    f"INSERT INTO sqs_message (queue_id, {_COLUMNS}) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_decode = msgspec.json.Decoder(dict[str, tuple[str, str | None, str | None]]).decode


async def insert_message(tx: Tx, queue_id: str, message: Message) -> None:
    await tx.execute(
        _INSERT,
        queue_id,
        message.id,
        message.body,
        message.sealing,
        _to_text(message.attributes),
        message.trace_header,
        message.sender_id,
        message.sent_us,
        message.visible_us,
        message.first_received_us,
        message.receive_count,
        message.receipt,
        message.group_id,
        message.dedup_id,
        message.seq,
        message.source_arn,
    )


async def select_message(reader: Reader, queue_id: str, message_id: str) -> Message | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM sqs_message WHERE queue_id = ? AND id = ?", queue_id, message_id
    )
    return None if row is None else _message(row)


async def select_ready_ids(
    reader: Reader, queue_id: str, *, now_us: int, sent_after_us: int, limit: int
) -> list[str]:
    """Ids of messages that can be received, longest waiting first."""
    rows = await reader.rows(
        "SELECT id FROM sqs_message WHERE queue_id = ? AND visible_us <= ? AND sent_us > ? "
        "ORDER BY visible_us LIMIT ?",
        queue_id,
        now_us,
        sent_after_us,
        limit,
    )
    return [str(row[0]) for row in rows]


async def claim_messages(
    tx: Tx,
    queue_id: str,
    ids: Sequence[str],
    *,
    now_us: int,
    sent_after_us: int,
    visible_us: int,
    receipt: str,
) -> list[Message]:
    """Take those of `ids` that nobody took meanwhile; they are invisible until `visible_us`."""
    marks = ", ".join("?" * len(ids))
    rows = await tx.rows(
        "UPDATE sqs_message SET visible_us = ?, receive_count = receive_count + 1, receipt = ?, "
        "first_received_us = CASE WHEN first_received_us = 0 THEN CAST(? AS BIGINT) "
        "ELSE first_received_us END "
        f"WHERE queue_id = ? AND id IN ({marks}) AND visible_us <= ? AND sent_us > ? "
        f"RETURNING {_COLUMNS}",
        visible_us,
        receipt,
        now_us,
        queue_id,
        *ids,
        now_us,
        sent_after_us,
    )
    order = {message_id: place for place, message_id in enumerate(ids)}
    return sorted((_message(row) for row in rows), key=lambda message: order[message.id])


async def select_of_group(
    reader: Reader, queue_id: str, group_id: str, *, limit: int
) -> list[Message]:
    """The oldest messages of a group, in order."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sqs_message WHERE queue_id = ? AND group_id = ? "
        "ORDER BY seq LIMIT ?",
        queue_id,
        group_id,
        limit,
    )
    return [_message(row) for row in rows]


async def select_messages(
    reader: Reader, queue_id: str, *, now_us: int, limit: int
) -> list[Message]:
    """Messages that can be received, whole, for moves."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sqs_message WHERE queue_id = ? AND visible_us <= ? "
        "ORDER BY seq, visible_us LIMIT ?",
        queue_id,
        now_us,
        limit,
    )
    return [_message(row) for row in rows]


async def delete_message(tx: Tx, queue_id: str, message_id: str) -> int:
    return await tx.execute(
        "DELETE FROM sqs_message WHERE queue_id = ? AND id = ?", queue_id, message_id
    )


async def update_visible(tx: Tx, queue_id: str, message_id: str, visible_us: int) -> None:
    await tx.execute(
        "UPDATE sqs_message SET visible_us = ? WHERE queue_id = ? AND id = ?",
        visible_us,
        queue_id,
        message_id,
    )


async def next_visible_us(reader: Reader, queue_id: str, *, now_us: int) -> int | None:
    """When the next message that is hidden now can be received."""
    row = await reader.row(
        "SELECT visible_us FROM sqs_message WHERE queue_id = ? AND visible_us > ? "
        "ORDER BY visible_us LIMIT 1",
        queue_id,
        now_us,
    )
    return None if row is None else int(row[0])


async def count_messages(reader: Reader, queue_id: str, *, now_us: int) -> tuple[int, int, int]:
    """How many are visible, in flight and delayed; each at most MAX_COUNTED."""
    row = await reader.row(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM sqs_message "
        "WHERE queue_id = ? AND visible_us <= ? LIMIT ?) AS visible), "
        "(SELECT count(*) FROM (SELECT 1 FROM sqs_message "
        "WHERE queue_id = ? AND visible_us > ? AND receive_count > 0 LIMIT ?) AS hidden), "
        "(SELECT count(*) FROM (SELECT 1 FROM sqs_message "
        "WHERE queue_id = ? AND visible_us > ? AND receive_count = 0 LIMIT ?) AS delayed)",
        *(queue_id, now_us, MAX_COUNTED) * 3,
    )
    assert row is not None, "a count always has a row"
    return int(row[0]), int(row[1]), int(row[2])


async def select_sent_before(
    reader: Reader, queue_id: str, *, before_us: int, limit: int
) -> list[tuple[str, str]]:
    """Ids and groups of messages that are too old."""
    rows = await reader.rows(
        "SELECT id, group_id FROM sqs_message WHERE queue_id = ? AND sent_us <= ? "
        "ORDER BY sent_us LIMIT ?",
        queue_id,
        before_us,
        limit,
    )
    return [(str(row[0]), str(row[1])) for row in rows]


async def delete_some(tx: Tx, queue_id: str, *, limit: int) -> int:
    """Delete up to `limit` messages, whatever their state."""
    rows = await tx.rows("SELECT id FROM sqs_message WHERE queue_id = ? LIMIT ?", queue_id, limit)
    await tx.execute_many(
        "DELETE FROM sqs_message WHERE queue_id = ? AND id = ?",
        [(queue_id, row[0]) for row in rows],
    )
    return len(rows)


def _to_text(attributes: Mapping[str, MessageAttribute]) -> str:
    if not attributes:
        return ""
    plain = {
        name: (
            one.kind,
            one.text,
            None if one.data is None else base64.b64encode(one.data).decode(),
        )
        for name, one in attributes.items()
    }
    return msgspec.json.encode(plain).decode()


def _from_text(text: str) -> dict[str, MessageAttribute]:
    if not text:
        return {}
    return {
        name: MessageAttribute(
            kind=kind, text=value, data=None if data is None else base64.b64decode(data)
        )
        for name, (kind, value, data) in _decode(text).items()
    }


def _message(row: Row) -> Message:
    return Message(
        id=row[0],
        body=bytes(row[1]),
        sealing=row[2],
        attributes=_from_text(row[3]),
        trace_header=row[4],
        sender_id=row[5],
        sent_us=row[6],
        visible_us=row[7],
        first_received_us=row[8],
        receive_count=row[9],
        receipt=row[10],
        group_id=row[11],
        dedup_id=row[12],
        seq=row[13],
        source_arn=row[14],
    )
