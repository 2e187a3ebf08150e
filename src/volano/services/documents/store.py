"""Rows of documents, updates, shares, versions, words and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.documents.model import (
    MAX_COMMENTS,
    MAX_LOG,
    MAX_SHARES,
    MAX_VERSIONS,
    Comment,
    Document,
    Log,
    Role,
    Share,
    Version,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx

_DOCUMENT = (
    "id, account, title, owner_id, seq, base_seq, base_key, editor_id, edited_us, created_us"
)
_VERSION = "document_id, seq, account, object_key, size_characters, editor_id, is_kept, created_us"
_COMMENT = "id, document_id, account, user_id, quote, text, is_resolved, created_us"


def _document(row: Row) -> Document:
    return Document(
        id=row[0],
        account=row[1],
        title=row[2],
        owner_id=row[3],
        seq=row[4],
        base_seq=row[5],
        base_key=row[6],
        editor_id=row[7],
        edited_us=row[8],
        created_us=row[9],
    )


async def insert_document(tx: Tx, item: Document) -> None:
    await tx.execute(
        f"INSERT INTO documents_document ({_DOCUMENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.title,
        item.owner_id,
        item.seq,
        item.base_seq,
        item.base_key,
        item.editor_id,
        item.edited_us,
        item.created_us,
    )


async def find_document(reader: Reader, account: str, document_id: str) -> Document | None:
    row = await reader.row(
        f"SELECT {_DOCUMENT} FROM documents_document WHERE account = ? AND id = ? LIMIT 1",
        account,
        document_id,
    )
    return _document(row) if row else None


async def count_documents(reader: Reader, account: str) -> int:
    row = await reader.row(
        "SELECT COUNT(*) FROM documents_document WHERE account = ? LIMIT 1", account
    )
    return int(row[0]) if row else 0


async def update_title(tx: Tx, document_id: str, title: str) -> None:
    await tx.execute("UPDATE documents_document SET title = ? WHERE id = ?", title, document_id)


async def select_documents(
    reader: Reader, account: str, owner_id: str, targets: Sequence[str], *, limit: int
) -> list[Document]:
    """Those that somebody owns or that are shared with one of `targets`, the latest first."""
    marks = ", ".join("?" for _ in targets)
    rows = await reader.rows(
        f"SELECT {_DOCUMENT} FROM documents_document WHERE account = ? AND (owner_id = ? "
        f"OR id IN (SELECT document_id FROM documents_share WHERE account = ? "
        f"AND target IN ({marks}))) ORDER BY edited_us DESC, id LIMIT ?",
        account,
        owner_id,
        account,
        *targets,
        limit,
    )
    return [_document(row) for row in rows]


async def select_unfolded(
    reader: Reader, *, quiet_since_us: int, fold_after: int, limit: int
) -> list[Document]:
    """Documents whose base is behind, and which rest or have many updates."""
    rows = await reader.rows(
        f"SELECT {_DOCUMENT} FROM documents_document WHERE seq > base_seq "
        "AND (edited_us <= ? OR seq - base_seq >= ?) ORDER BY edited_us LIMIT ?",
        quiet_since_us,
        fold_after,
        limit,
    )
    return [_document(row) for row in rows]


async def delete_document(tx: Tx, document_id: str) -> None:
    await tx.execute("DELETE FROM documents_document WHERE id = ?", document_id)
    for table in ("update", "share", "version", "word", "comment"):
        await tx.execute(f"DELETE FROM documents_{table} WHERE document_id = ?", document_id)


async def append_update(
    tx: Tx, document_id: str, payload: bytes, user_id: str, now_us: int
) -> None:
    """Number an update of a document that is there, and keep it."""
    row = await tx.row(
        "UPDATE documents_document SET seq = seq + 1, editor_id = ?, edited_us = ? "
        "WHERE id = ? RETURNING seq",
        user_id,
        now_us,
        document_id,
    )
    assert row is not None, document_id
    await tx.execute(
        "INSERT INTO documents_update (document_id, seq, payload, user_id) VALUES (?, ?, ?, ?)",
        document_id,
        row[0],
        payload,
        user_id,
    )


async def read_log(reader: Reader, document_id: str) -> Log | None:
    """Base and updates in one statement: they fit each other, whatever happens meanwhile."""
    rows = await reader.rows(
        "SELECT d.base_key, d.base_seq, u.payload FROM documents_document d "
        "LEFT JOIN documents_update u ON u.document_id = d.id AND u.seq > d.base_seq "
        "WHERE d.id = ? ORDER BY u.seq LIMIT ?",
        document_id,
        MAX_LOG,
    )
    if not rows:
        return None
    updates = tuple(bytes(row[2]) for row in rows if row[2] is not None)
    return Log(base_key=rows[0][0], base_seq=rows[0][1], updates=updates)


async def update_base(tx: Tx, document_id: str, *, before: int, seq: int, key: str) -> bool:
    """Put a new base in the place of the one of `before`; False when another did already."""
    changed = await tx.execute(
        "UPDATE documents_document SET base_seq = ?, base_key = ? WHERE id = ? AND base_seq = ?",
        seq,
        key,
        document_id,
        before,
    )
    if not changed:
        return False
    await tx.execute(
        "DELETE FROM documents_update WHERE document_id = ? AND seq <= ?", document_id, seq
    )
    return True


def _share(row: Row) -> Share:
    return Share(document_id=row[0], target=row[1], account=row[2], role=Role(row[3]))


async def select_shares(reader: Reader, document_id: str) -> list[Share]:
    rows = await reader.rows(
        "SELECT document_id, target, account, role FROM documents_share "
        "WHERE document_id = ? ORDER BY target LIMIT ?",
        document_id,
        MAX_SHARES,
    )
    return [_share(row) for row in rows]


async def replace_shares(tx: Tx, document_id: str, shares: Sequence[Share]) -> None:
    await tx.execute("DELETE FROM documents_share WHERE document_id = ?", document_id)
    await tx.execute_many(
        "INSERT INTO documents_share (document_id, target, account, role) VALUES (?, ?, ?, ?)",
        [(item.document_id, item.target, item.account, item.role.value) for item in shares],
    )


def _version(row: Row) -> Version:
    return Version(
        document_id=row[0],
        seq=row[1],
        account=row[2],
        key=row[3],
        size_characters=row[4],
        editor_id=row[5],
        is_kept=bool(row[6]),
        created_us=row[7],
    )


async def insert_version(tx: Tx, item: Version) -> None:
    await tx.execute(
        f"INSERT INTO documents_version ({_VERSION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        item.document_id,
        item.seq,
        item.account,
        item.key,
        item.size_characters,
        item.editor_id,
        int(item.is_kept),
        item.created_us,
    )


async def keep_version(tx: Tx, document_id: str, seq: int) -> None:
    await tx.execute(
        "UPDATE documents_version SET is_kept = 1 WHERE document_id = ? AND seq = ?",
        document_id,
        seq,
    )


async def select_versions(reader: Reader, document_id: str) -> list[Version]:
    """The latest first."""
    rows = await reader.rows(
        f"SELECT {_VERSION} FROM documents_version WHERE document_id = ? ORDER BY seq DESC LIMIT ?",
        document_id,
        MAX_VERSIONS + 1,
    )
    return [_version(row) for row in rows]


async def delete_version(tx: Tx, document_id: str, seq: int) -> None:
    await tx.execute(
        "DELETE FROM documents_version WHERE document_id = ? AND seq = ?", document_id, seq
    )


async def replace_words(tx: Tx, account: str, document_id: str, words: Sequence[str]) -> None:
    await tx.execute("DELETE FROM documents_word WHERE document_id = ?", document_id)
    await tx.execute_many(
        "INSERT INTO documents_word (document_id, word, account) VALUES (?, ?, ?)",
        [(document_id, word, account) for word in words],
    )


async def select_with_word(
    reader: Reader, account: str, word: str, *, until: str, limit: int
) -> set[str]:
    """Ids of documents with a word from `word` up to `until`, not included (a prefix's end)."""
    rows = await reader.rows(
        "SELECT DISTINCT document_id FROM documents_word WHERE account = ? AND word >= ? "
        "AND word < ? LIMIT ?",
        account,
        word,
        until,
        limit,
    )
    return {row[0] for row in rows}


def _comment(row: Row) -> Comment:
    return Comment(
        id=row[0],
        document_id=row[1],
        account=row[2],
        user_id=row[3],
        quote=row[4],
        text=row[5],
        is_resolved=bool(row[6]),
        created_us=row[7],
    )


async def upsert_comment(tx: Tx, item: Comment) -> None:
    await tx.execute(
        f"INSERT INTO documents_comment ({_COMMENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET is_resolved = excluded.is_resolved",
        item.id,
        item.document_id,
        item.account,
        item.user_id,
        item.quote,
        item.text,
        int(item.is_resolved),
        item.created_us,
    )


async def select_comments(reader: Reader, document_id: str) -> list[Comment]:
    """The oldest first."""
    rows = await reader.rows(
        f"SELECT {_COMMENT} FROM documents_comment WHERE document_id = ? "
        "ORDER BY created_us, id LIMIT ?",
        document_id,
        MAX_COMMENTS,
    )
    return [_comment(row) for row in rows]
