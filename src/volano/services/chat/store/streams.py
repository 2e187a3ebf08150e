"""Rows of the log of live events: streams, and what was told in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx


async def take_seq(tx: Tx, stream: str) -> int:
    """The stream's next number, from 1."""
    row = await tx.row(
        "INSERT INTO chat_stream (stream, seq) VALUES (?, 1) "
        "ON CONFLICT (stream) DO UPDATE SET seq = chat_stream.seq + 1 RETURNING seq",
        stream,
    )
    assert row is not None, stream
    return int(row[0])


async def insert_event(tx: Tx, stream: str, seq: int, at_us: int, payload: str) -> None:
    await tx.execute("INSERT INTO chat_event VALUES (?, ?, ?, ?)", stream, seq, at_us, payload)


async def delete_events(tx: Tx, stream: str, *, through: int) -> int:
    """Forget a stream's events up to and with `through`."""
    sql = "DELETE FROM chat_event WHERE stream = ? AND seq <= ?"
    return await tx.execute(sql, stream, through)


async def delete_events_before(tx: Tx, at_us: int, *, limit: int) -> int:
    """Forget the oldest events of all streams, at most `limit` of those older than `at_us`."""
    row = await tx.row(
        "SELECT MAX(at_us) FROM (SELECT at_us FROM chat_event WHERE at_us < ? "
        "ORDER BY at_us LIMIT ?) AS oldest",
        at_us,
        limit,
    )
    if row is None or row[0] is None:
        return 0
    return await tx.execute("DELETE FROM chat_event WHERE at_us <= ?", int(row[0]))


async def select_events(
    reader: Reader, stream: str, *, after: int, limit: int
) -> list[tuple[int, str]]:
    """(seq, payload) of what was told after `after`, oldest first."""
    found = await reader.rows(
        "SELECT seq, payload FROM chat_event WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?",
        stream,
        after,
        limit,
    )
    return [(int(row[0]), str(row[1])) for row in found]


async def select_places(reader: Reader, user_id: str, *, limit: int) -> dict[str, int]:
    """Where the streams of a user's channels stand, and the user's own."""
    found = await reader.rows(
        "SELECT m.channel_id, COALESCE(s.seq, 0) FROM chat_member m "
        "LEFT JOIN chat_stream s ON s.stream = m.channel_id WHERE m.user_id = ? "
        "ORDER BY m.channel_id LIMIT ?",
        user_id,
        limit,
    )
    own = await reader.row("SELECT seq FROM chat_stream WHERE stream = ?", user_id)
    return {str(row[0]): int(row[1]) for row in found} | {user_id: int(own[0]) if own else 0}
