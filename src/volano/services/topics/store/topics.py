"""Rows of sns_topic, sns_dedup and sns_signing_key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.ids import AccountId
from volano.services.topics.model import Topic

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = "account, name, created_us, attributes, tags, last_seq, deleted_subscriptions"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


async def select_topic(reader: Reader, account: str, name: str, *, region: str) -> Topic | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM sns_topic WHERE account = ? AND name = ?", account, name
    )
    return None if row is None else _topic(row, region)


async def select_topics(
    reader: Reader, account: str, *, after: str, limit: int, region: str
) -> list[Topic]:
    """Topics of an account by name."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM sns_topic WHERE account = ? AND name > ? ORDER BY name LIMIT ?",
        account,
        after,
        limit,
    )
    return [_topic(row, region) for row in rows]


async def count_topics(reader: Reader, account: str) -> int:
    row = await reader.row("SELECT count(*) FROM sns_topic WHERE account = ?", account)
    return int(row[0]) if row else 0


async def insert_topic(tx: Tx, topic: Topic) -> None:
    await tx.execute(
        f"INSERT INTO sns_topic ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        topic.account,
        topic.name,
        topic.created_us,
        _encode(dict(topic.attributes)).decode(),
        _encode(dict(topic.tags)).decode(),
        topic.last_seq,
        topic.deleted_subscriptions,
    )


async def update_topic(tx: Tx, topic: Topic) -> None:
    """Write everything that may change of a topic."""
    await tx.execute(
        "UPDATE sns_topic SET attributes = ?, tags = ?, last_seq = ?, deleted_subscriptions = ? "
        "WHERE account = ? AND name = ?",
        _encode(dict(topic.attributes)).decode(),
        _encode(dict(topic.tags)).decode(),
        topic.last_seq,
        topic.deleted_subscriptions,
        topic.account,
        topic.name,
    )


async def delete_topic(tx: Tx, account: str, name: str) -> None:
    """The topic with all that belongs to it."""
    for table in ("sns_subscription", "sns_delivery", "sns_dedup"):
        await tx.execute(
            f"DELETE FROM {table} WHERE topic_account = ? AND topic_name = ?", account, name
        )
    await tx.execute("DELETE FROM sns_topic WHERE account = ? AND name = ?", account, name)


async def select_seen(
    reader: Reader, topic: Topic, scope: str, dedup_id: str, *, now_us: int
) -> tuple[str, int] | None:
    """Message id and sequence of the message that carried the deduplication id."""
    row = await reader.row(
        "SELECT message_id, seq FROM sns_dedup WHERE topic_account = ? AND topic_name = ? "
        "AND scope = ? AND dedup_id = ? AND expires_us > ?",
        topic.account,
        topic.name,
        scope,
        dedup_id,
        now_us,
    )
    return None if row is None else (str(row[0]), int(row[1]))


async def upsert_seen(
    tx: Tx, topic: Topic, scope: str, dedup_id: str, sent: tuple[str, int], *, expires_us: int
) -> None:
    await tx.execute(
        "INSERT INTO sns_dedup (topic_account, topic_name, scope, dedup_id, message_id, seq, "
        "expires_us) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (topic_account, topic_name, scope, dedup_id) DO UPDATE SET "
        "message_id = excluded.message_id, seq = excluded.seq, expires_us = excluded.expires_us",
        topic.account,
        topic.name,
        scope,
        dedup_id,
        *sent,
        expires_us,
    )


async def delete_expired_seen(tx: Tx, *, now_us: int) -> int:
    return await tx.execute("DELETE FROM sns_dedup WHERE expires_us <= ?", now_us)


async def select_signing_key(reader: Reader) -> tuple[str, bytes, str] | None:
    """Id, sealed private key and certificate of the newest key."""
    row = await reader.row(
        "SELECT id, sealed, certificate FROM sns_signing_key ORDER BY created_us DESC, id LIMIT 1"
    )
    return None if row is None else (str(row[0]), bytes(row[1]), str(row[2]))


async def select_certificate(reader: Reader, key_id: str) -> str | None:
    row = await reader.row("SELECT certificate FROM sns_signing_key WHERE id = ?", key_id)
    return None if row is None else str(row[0])


async def insert_signing_key(
    tx: Tx, key_id: str, sealed: bytes, certificate: str, *, created_us: int
) -> None:
    await tx.execute(
        "INSERT INTO sns_signing_key (id, sealed, certificate, created_us) VALUES (?, ?, ?, ?)",
        key_id,
        sealed,
        certificate,
        created_us,
    )


def _topic(row: Row, region: str) -> Topic:
    account, name, created_us, attributes, tags, last_seq, deleted = row
    return Topic(
        account=AccountId(account),
        region=region,
        name=name,
        created_us=created_us,
        attributes=_decode(attributes),
        tags=_decode(tags),
        last_seq=last_seq,
        deleted_subscriptions=deleted,
    )
