"""Files and where they are shared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.model import File, FileState, Share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx

_FILE = (
    "f.id, f.account, f.user_id, f.name, f.title, f.alt_text, f.size_bytes, f.state, f.indexed, "
    "f.created_us"
)


async def find_file(reader: Reader, account: str, file_id: str) -> File | None:
    row = await reader.row(
        f"SELECT {_FILE} FROM chat_file f WHERE f.id = ? AND f.account = ?", file_id, account
    )
    return None if row is None else _file(row)


async def find_file_by_ticket(reader: Reader, digest: bytes) -> File | None:
    row = await reader.row(f"SELECT {_FILE} FROM chat_file f WHERE f.ticket = ?", digest)
    return None if row is None else _file(row)


async def select_visible(
    reader: Reader,
    account: str,
    user_id: str,
    *,
    channels: Sequence[str],
    owner: str,
    before_us: int,
    limit: int,
    offset: int,
) -> list[File]:
    """Shared files of these channels and the user's own, newest first; `owner` '' is anybody."""
    marks = ", ".join("?" * len(channels)) or "''"
    rows = await reader.rows(
        f"SELECT {_FILE} FROM chat_file f WHERE f.account = ? AND f.state = 'shared' "
        "AND f.created_us < ? AND (? = '' OR f.user_id = ?) AND (f.user_id = ? OR EXISTS "
        f"(SELECT 1 FROM chat_share s WHERE s.file_id = f.id AND s.channel_id IN ({marks}))) "
        "ORDER BY f.created_us DESC LIMIT ? OFFSET ?",
        account,
        before_us,
        owner,
        owner,
        user_id,
        *channels,
        limit,
        offset,
    )
    return [_file(row) for row in rows]


async def select_unindexed(reader: Reader, account: str, limit: int) -> list[File]:
    """Shared files that retrieval does not know yet."""
    rows = await reader.rows(
        f"SELECT {_FILE} FROM chat_file f WHERE f.account = ? AND f.indexed = 0 "
        "ORDER BY f.id LIMIT ?",
        account,
        limit,
    )
    return [_file(row) for row in rows]


async def insert_file(tx: Tx, item: File, ticket: bytes) -> None:
    await tx.execute(
        "INSERT INTO chat_file (id, account, user_id, name, title, alt_text, size_bytes, state, "
        "ticket, indexed, created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.user_id,
        item.name,
        item.title,
        item.alt_text,
        item.size_bytes,
        item.state.value,
        ticket,
        int(item.indexed),
        item.created_us,
    )


async def insert_stored_file(tx: Tx, item: File) -> None:
    """A file whose bytes are in the bucket already; it never had a ticket."""
    await tx.execute(
        "INSERT INTO chat_file (id, account, user_id, name, title, alt_text, size_bytes, state, "
        "ticket, indexed, created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?) "
        "ON CONFLICT DO NOTHING",
        item.id,
        item.account,
        item.user_id,
        item.name,
        item.title,
        item.alt_text,
        item.size_bytes,
        item.state.value,
        int(item.indexed),
        item.created_us,
    )


async def update_file(tx: Tx, item: File) -> None:
    """Title, state and index state; a ticket is used up once the bytes are stored."""
    await tx.execute(
        "UPDATE chat_file SET title = ?, state = ?, indexed = ?, "
        "ticket = CASE WHEN ? = 'waiting' THEN ticket ELSE NULL END WHERE id = ?",
        item.title,
        item.state.value,
        int(item.indexed),
        item.state.value,
        item.id,
    )


async def delete_file(tx: Tx, item: File) -> None:
    """Forget the file; its bytes are removed later."""
    await tx.execute("DELETE FROM chat_share WHERE file_id = ?", item.id)
    await tx.execute("DELETE FROM chat_file WHERE id = ?", item.id)
    await tx.execute(
        "INSERT INTO chat_removal (file_id, account) VALUES (?, ?) ON CONFLICT DO NOTHING",
        item.id,
        item.account,
    )


async def select_abandoned(reader: Reader, before_us: int, limit: int) -> list[File]:
    """Files that were never completed."""
    rows = await reader.rows(
        f"SELECT {_FILE} FROM chat_file f WHERE f.state <> 'shared' AND f.created_us < ? LIMIT ?",
        before_us,
        limit,
    )
    return [_file(row) for row in rows]


async def select_removals(reader: Reader, limit: int) -> list[tuple[str, str]]:
    """Bytes still to be removed: file, account."""
    rows = await reader.rows("SELECT file_id, account FROM chat_removal LIMIT ?", limit)
    return [(row[0], row[1]) for row in rows]


async def delete_removal(tx: Tx, file_id: str) -> None:
    await tx.execute("DELETE FROM chat_removal WHERE file_id = ?", file_id)


async def insert_share(tx: Tx, item: Share) -> None:
    await tx.execute(
        "INSERT INTO chat_share (file_id, channel_id, ts_us, thread_us) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        item.file_id,
        item.channel_id,
        item.ts_us,
        item.thread_us,
    )


async def select_shares(reader: Reader, file_id: str) -> list[Share]:
    """Where the file was shared, oldest first; 1,000 at most."""
    rows = await reader.rows(
        "SELECT file_id, channel_id, ts_us, thread_us FROM chat_share WHERE file_id = ? "
        "ORDER BY ts_us LIMIT 1000",
        file_id,
    )
    return [_share(row) for row in rows]


async def select_shares_of_message(reader: Reader, channel_id: str, ts_us: int) -> list[Share]:
    rows = await reader.rows(
        "SELECT file_id, channel_id, ts_us, thread_us FROM chat_share WHERE channel_id = ? "
        "AND ts_us = ? ORDER BY file_id LIMIT 100",
        channel_id,
        ts_us,
    )
    return [_share(row) for row in rows]


async def delete_share(tx: Tx, item: Share) -> None:
    await tx.execute(
        "DELETE FROM chat_share WHERE file_id = ? AND channel_id = ? AND ts_us = ?",
        item.file_id,
        item.channel_id,
        item.ts_us,
    )


def _file(row: Row) -> File:
    return File(
        id=row[0],
        account=row[1],
        user_id=row[2],
        name=row[3],
        title=row[4],
        alt_text=row[5],
        size_bytes=row[6],
        state=FileState(row[7]),
        indexed=bool(row[8]),
        created_us=row[9],
    )


def _share(row: Row) -> Share:
    return Share(file_id=row[0], channel_id=row[1], ts_us=row[2], thread_us=row[3])
