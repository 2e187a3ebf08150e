"""Remote files, and which files have a public link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.model.items import RemoteFile

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_REMOTE = "id, account, app_id, user_id, external_id, external_url, title, filetype, created_us"


async def find_remote_file(reader: Reader, account: str, file_id: str) -> RemoteFile | None:
    row = await reader.row(
        f"SELECT {_REMOTE} FROM chat_remote_file WHERE id = ? AND account = ?", file_id, account
    )
    return None if row is None else _remote(row)


async def find_by_external_id(reader: Reader, app_id: str, external_id: str) -> RemoteFile | None:
    row = await reader.row(
        f"SELECT {_REMOTE} FROM chat_remote_file WHERE app_id = ? AND external_id = ?",
        app_id,
        external_id,
    )
    return None if row is None else _remote(row)


async def select_remote_files(
    reader: Reader, account: str, *, before_us: int, limit: int
) -> list[RemoteFile]:
    """The newest first."""
    rows = await reader.rows(
        f"SELECT {_REMOTE} FROM chat_remote_file WHERE account = ? AND created_us < ? "
        "ORDER BY created_us DESC LIMIT ?",
        account,
        before_us,
        limit,
    )
    return [_remote(row) for row in rows]


async def upsert_remote_file(tx: Tx, item: RemoteFile) -> None:
    await tx.execute(
        f"INSERT INTO chat_remote_file ({_REMOTE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET external_url = excluded.external_url, "
        "title = excluded.title, filetype = excluded.filetype",
        item.id,
        item.account,
        item.app_id,
        item.user_id,
        item.external_id,
        item.external_url,
        item.title,
        item.filetype,
        item.created_us,
    )


async def delete_remote_file(tx: Tx, file_id: str) -> None:
    await tx.execute("DELETE FROM chat_remote_file WHERE id = ?", file_id)


async def insert_public(tx: Tx, file_id: str, account: str, created_us: int) -> bool:
    """False when the file has a public link already."""
    changed = await tx.execute(
        "INSERT INTO chat_public_file (file_id, account, created_us) VALUES (?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        file_id,
        account,
        created_us,
    )
    return changed == 1


async def delete_public(tx: Tx, file_id: str) -> bool:
    changed = await tx.execute("DELETE FROM chat_public_file WHERE file_id = ?", file_id)
    return changed == 1


async def find_public(reader: Reader, file_id: str) -> str | None:
    """The account of a file with a public link."""
    row = await reader.row("SELECT account FROM chat_public_file WHERE file_id = ?", file_id)
    return None if row is None else str(row[0])


def _remote(row: Row) -> RemoteFile:
    return RemoteFile(
        id=row[0],
        account=row[1],
        app_id=row[2],
        user_id=row[3],
        external_id=row[4],
        external_url=row[5],
        title=row[6],
        filetype=row[7],
        created_us=row[8],
    )
