"""Rows of sqs_group and sqs_dedup: what FIFO queues remember."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.queues.model import Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx


async def select_group(reader: Reader, queue_id: str, group_id: str) -> Group | None:
    row = await reader.row(
        "SELECT group_id, last_seq, head_seq, blocked_us FROM sqs_group "
        "WHERE queue_id = ? AND group_id = ?",
        queue_id,
        group_id,
    )
    if row is None:
        return None
    return Group(id=row[0], last_seq=row[1], head_seq=row[2], blocked_us=row[3])


async def select_ready_groups(
    reader: Reader, queue_id: str, *, now_us: int, limit: int
) -> list[str]:
    """Groups whose oldest message can be received, longest waiting first."""
    rows = await reader.rows(
        "SELECT group_id FROM sqs_group WHERE queue_id = ? AND head_seq IS NOT NULL "
        "AND blocked_us <= ? ORDER BY blocked_us, head_seq LIMIT ?",
        queue_id,
        now_us,
        limit,
    )
    return [str(row[0]) for row in rows]


async def upsert_group(tx: Tx, queue_id: str, group: Group) -> None:
    await tx.execute(
        "INSERT INTO sqs_group (queue_id, group_id, last_seq, head_seq, blocked_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (queue_id, group_id) DO UPDATE SET "
        "last_seq = excluded.last_seq, head_seq = excluded.head_seq, "
        "blocked_us = excluded.blocked_us",
        queue_id,
        group.id,
        group.last_seq,
        group.head_seq,
        group.blocked_us,
    )


async def refresh_group(tx: Tx, queue_id: str, group_id: str) -> None:
    """Say anew which message is the group's oldest and until when that one is hidden."""
    await tx.execute(
        "UPDATE sqs_group SET head_seq = (SELECT min(seq) FROM sqs_message m "
        "WHERE m.queue_id = ? AND m.group_id = ?), "
        "blocked_us = COALESCE((SELECT visible_us FROM sqs_message m WHERE m.queue_id = ? "
        "AND m.group_id = ? ORDER BY seq LIMIT 1), 0) "
        "WHERE queue_id = ? AND group_id = ?",
        queue_id,
        group_id,
        queue_id,
        group_id,
        queue_id,
        group_id,
    )


async def select_empty_groups(
    reader: Reader, *, before_seq: int, limit: int
) -> list[tuple[str, str]]:
    """Groups without messages whose last one came before that."""
    rows = await reader.rows(
        "SELECT queue_id, group_id FROM sqs_group WHERE head_seq IS NULL AND last_seq < ? LIMIT ?",
        before_seq,
        limit,
    )
    return [(str(row[0]), str(row[1])) for row in rows]


async def delete_groups(tx: Tx, groups: Sequence[tuple[str, str]]) -> None:
    """Those of the groups that are still empty."""
    await tx.execute_many(
        "DELETE FROM sqs_group WHERE queue_id = ? AND group_id = ? AND head_seq IS NULL", groups
    )


async def delete_groups_of(tx: Tx, queue_id: str) -> None:
    await tx.execute("DELETE FROM sqs_group WHERE queue_id = ?", queue_id)
    await tx.execute("DELETE FROM sqs_dedup WHERE queue_id = ?", queue_id)


async def select_seen(
    reader: Reader, queue_id: str, scope: str, dedup_id: str, *, now_us: int
) -> tuple[str, int] | None:
    """Message id and sequence of the message that carried the deduplication id."""
    row = await reader.row(
        "SELECT message_id, seq FROM sqs_dedup WHERE queue_id = ? AND scope = ? "
        "AND dedup_id = ? AND expires_us > ?",
        queue_id,
        scope,
        dedup_id,
        now_us,
    )
    return None if row is None else (str(row[0]), int(row[1]))


async def upsert_seen(
    tx: Tx, queue_id: str, scope: str, dedup_id: str, sent: tuple[str, int], *, expires_us: int
) -> None:
    await tx.execute(
        "INSERT INTO sqs_dedup (queue_id, scope, dedup_id, message_id, seq, expires_us) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (queue_id, scope, dedup_id) DO UPDATE SET "
        "message_id = excluded.message_id, seq = excluded.seq, expires_us = excluded.expires_us",
        queue_id,
        scope,
        dedup_id,
        *sent,
        expires_us,
    )


async def delete_expired_seen(tx: Tx, *, now_us: int) -> int:
    return await tx.execute("DELETE FROM sqs_dedup WHERE expires_us <= ?", now_us)
