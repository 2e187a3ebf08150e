"""Console sessions and one-time login links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.identity.model.credentials import Session

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_SESSION = "id, user_id, created_us, seen_us, expires_us, source_ip, user_agent, proved_us, method"


def _session(row: Row) -> Session:
    return Session(
        id=row[0],
        user_id=row[1],
        created_us=row[2],
        seen_us=row[3],
        expires_us=row[4],
        source_ip=row[5],
        user_agent=row[6],
        proved_us=row[7],
        method=row[8],
    )


async def insert_session(tx: Tx, session: Session, *, digest: bytes) -> None:
    await tx.execute(
        f"INSERT INTO identity_session ({_SESSION}, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        session.id,
        session.user_id,
        session.created_us,
        session.seen_us,
        session.expires_us,
        session.source_ip,
        session.user_agent,
        session.proved_us,
        session.method,
        digest,
    )


async def find_session(reader: Reader, digest: bytes) -> Session | None:
    row = await reader.row(f"SELECT {_SESSION} FROM identity_session WHERE digest = ?", digest)
    return _session(row) if row else None


async def find_session_by_id(reader: Reader, user_id: str, session_id: str) -> Session | None:
    row = await reader.row(
        f"SELECT {_SESSION} FROM identity_session WHERE user_id = ? AND id = ?", user_id, session_id
    )
    return _session(row) if row else None


async def select_sessions(reader: Reader, user_id: str) -> list[Session]:
    rows = await reader.rows(
        f"SELECT {_SESSION} FROM identity_session WHERE user_id = ? "
        "ORDER BY seen_us DESC, id LIMIT 100",
        user_id,
    )
    return [_session(row) for row in rows]


async def update_session_seen(tx: Tx, session_id: str, seen_us: int) -> None:
    await tx.execute("UPDATE identity_session SET seen_us = ? WHERE id = ?", seen_us, session_id)


async def update_session_proved(tx: Tx, session_id: str, proved_us: int, *, digest: bytes) -> None:
    """The session has another cookie from now on, whose digest this is."""
    await tx.execute(
        "UPDATE identity_session SET proved_us = ?, digest = ? WHERE id = ?",
        proved_us,
        digest,
        session_id,
    )


async def delete_session_by_id(tx: Tx, user_id: str, session_id: str) -> int:
    return await tx.execute(
        "DELETE FROM identity_session WHERE user_id = ? AND id = ?", user_id, session_id
    )


async def delete_other_sessions(tx: Tx, user_id: str, keep_id: str) -> None:
    await tx.execute("DELETE FROM identity_session WHERE user_id = ? AND id <> ?", user_id, keep_id)


async def delete_sessions_of(tx: Tx, user_id: str) -> None:
    await tx.execute("DELETE FROM identity_session WHERE user_id = ?", user_id)


async def delete_over_sessions(tx: Tx, *, now_us: int, idle_us: int) -> None:
    await tx.execute(
        "DELETE FROM identity_session WHERE expires_us < ? OR seen_us < ?",
        now_us,
        now_us - idle_us,
    )


async def insert_login_link(
    tx: Tx, digest: bytes, user_id: str, *, created_us: int, expires_us: int
) -> None:
    await tx.execute(
        "INSERT INTO identity_login_link (digest, user_id, created_us, expires_us) "
        "VALUES (?, ?, ?, ?)",
        digest,
        user_id,
        created_us,
        expires_us,
    )


async def take_login_link(tx: Tx, digest: bytes) -> tuple[str, int] | None:
    """Remove a link and return (user id, expires_us); None when there is none (any more)."""
    row = await tx.row(
        "DELETE FROM identity_login_link WHERE digest = ? RETURNING user_id, expires_us", digest
    )
    return (row[0], row[1]) if row else None


async def delete_expired_login_links(tx: Tx, *, now_us: int) -> None:
    await tx.execute("DELETE FROM identity_login_link WHERE expires_us < ?", now_us)
