"""Events that wait for apps, and tickets for their sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx


async def insert_event(tx: Tx, app_id: str, event_id: str, payload: str, created_us: int) -> bool:
    """False when it is there already."""
    changed = await tx.execute(
        "INSERT INTO chat_app_event (app_id, id, payload, offered_us, offered_to, acked, "
        "created_us) VALUES (?, ?, ?, 0, '', 0, ?) ON CONFLICT DO NOTHING",
        app_id,
        event_id,
        payload,
        created_us,
    )
    return changed == 1


async def select_offerable(
    reader: Reader, app_id: str, *, offered_before_us: int, created_after_us: int, limit: int
) -> list[tuple[str, str]]:
    """Events that no living socket has, oldest first: id and payload."""
    rows = await reader.rows(
        "SELECT id, payload FROM chat_app_event WHERE app_id = ? AND acked = 0 "
        "AND created_us > ? AND offered_us < ? ORDER BY created_us, id LIMIT ?",
        app_id,
        created_after_us,
        offered_before_us,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def claim_event(
    tx: Tx, app_id: str, event_id: str, *, connection_id: str, now_us: int, offered_before_us: int
) -> bool:
    """Give an event to one socket; False when another took it first."""
    changed = await tx.execute(
        "UPDATE chat_app_event SET offered_us = ?, offered_to = ? WHERE app_id = ? AND id = ? "
        "AND acked = 0 AND offered_us < ?",
        now_us,
        connection_id,
        app_id,
        event_id,
        offered_before_us,
    )
    return changed == 1


async def mark_acked(tx: Tx, app_id: str, event_id: str) -> None:
    await tx.execute(
        "UPDATE chat_app_event SET acked = 1 WHERE app_id = ? AND id = ?", app_id, event_id
    )


async def release_events(tx: Tx, app_id: str, connection_id: str) -> None:
    """The socket is gone: what it did not acknowledge may be offered at once."""
    await tx.execute(
        "UPDATE chat_app_event SET offered_us = 0, offered_to = '' WHERE app_id = ? "
        "AND offered_to = ? AND acked = 0",
        app_id,
        connection_id,
    )


async def delete_old_events(tx: Tx, before_us: int) -> None:
    await tx.execute("DELETE FROM chat_app_event WHERE created_us < ?", before_us)


async def insert_ticket(tx: Tx, digest: bytes, app_id: str, expires_us: int) -> None:
    await tx.execute(
        "INSERT INTO chat_socket_ticket (digest, app_id, expires_us) VALUES (?, ?, ?)",
        digest,
        app_id,
        expires_us,
    )


async def take_ticket(tx: Tx, digest: bytes, now_us: int) -> str | None:
    """The app of a ticket that is still good; it is used up."""
    row = await tx.row(
        "DELETE FROM chat_socket_ticket WHERE digest = ? RETURNING app_id, expires_us", digest
    )
    return str(row[0]) if row is not None and row[1] > now_us else None


async def delete_old_tickets(tx: Tx, now_us: int) -> None:
    await tx.execute("DELETE FROM chat_socket_ticket WHERE expires_us < ?", now_us)
