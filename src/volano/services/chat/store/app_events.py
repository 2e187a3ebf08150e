"""Events that wait for apps, and tickets for their sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.model.apps import Delivery

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx


async def insert_event(
    tx: Tx,
    app_id: str,
    event_id: str,
    payload: str,
    created_us: int,
    *,
    kind: str = "events_api",
    by_http: bool = False,
) -> bool:
    """False when it is there already."""
    changed = await tx.execute(
        "INSERT INTO chat_app_event (app_id, id, payload, offered_us, offered_to, acked, "
        "created_us, kind, by_http, due_us) VALUES (?, ?, ?, 0, '', 0, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        app_id,
        event_id,
        payload,
        created_us,
        kind,
        int(by_http),
        created_us,
    )
    return changed == 1


async def select_offerable(
    reader: Reader, app_id: str, *, offered_before_us: int, created_after_us: int, limit: int
) -> list[tuple[str, str, str]]:
    """Envelopes that no living socket has, oldest first: id, kind and payload."""
    rows = await reader.rows(
        "SELECT id, kind, payload FROM chat_app_event WHERE app_id = ? AND acked = 0 "
        "AND by_http = 0 AND created_us > ? AND offered_us < ? ORDER BY created_us, id LIMIT ?",
        app_id,
        created_after_us,
        offered_before_us,
        limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]


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


async def mark_acked(tx: Tx, app_id: str, event_id: str, answer: str = "") -> bool:
    """False when it was acknowledged before."""
    changed = await tx.execute(
        "UPDATE chat_app_event SET acked = 1, answer = ? WHERE app_id = ? AND id = ? AND acked = 0",
        answer,
        app_id,
        event_id,
    )
    return changed == 1


async def find_answer(reader: Reader, app_id: str, event_id: str) -> str | None:
    """What the app said when it acknowledged; None while it has not."""
    row = await reader.row(
        "SELECT answer FROM chat_app_event WHERE app_id = ? AND id = ? AND acked = 1",
        app_id,
        event_id,
    )
    return None if row is None else str(row[0])


async def select_due(reader: Reader, now_us: int, limit: int) -> list[Delivery]:
    """Deliveries over HTTP whose time has come, oldest first."""
    rows = await reader.rows(
        "SELECT app_id, id, payload, attempts, reason FROM chat_app_event WHERE by_http = 1 "
        "AND acked = 0 AND due_us <= ? ORDER BY due_us, id LIMIT ?",
        now_us,
        limit,
    )
    return [
        Delivery(app_id=row[0], id=row[1], payload=row[2], attempts=row[3], reason=row[4])
        for row in rows
    ]


async def postpone(tx: Tx, item: Delivery, due_us: int, reason: str) -> bool:
    """Count an attempt and try again then; False when another process did so first."""
    changed = await tx.execute(
        "UPDATE chat_app_event SET attempts = attempts + 1, due_us = ?, reason = ? "
        "WHERE app_id = ? AND id = ? AND acked = 0 AND attempts = ?",
        due_us,
        reason,
        item.app_id,
        item.id,
        item.attempts,
    )
    return changed == 1


async def explain(tx: Tx, item: Delivery, reason: str, due_us: int) -> None:
    """Why the last attempt failed, and when the next is made."""
    await tx.execute(
        "UPDATE chat_app_event SET reason = ?, due_us = ? WHERE app_id = ? AND id = ?",
        reason,
        due_us,
        item.app_id,
        item.id,
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
