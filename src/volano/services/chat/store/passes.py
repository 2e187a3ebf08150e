"""Passes: trigger ids, response URLs, OAuth codes, refresh tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.model.apps import Pass, PassKind

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = "kind, account, app_id, body, uses_left, expires_us"


async def insert_pass(tx: Tx, item: Pass, digest: bytes) -> None:
    await tx.execute(
        f"INSERT INTO chat_pass (digest, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        digest,
        item.kind.value,
        item.account,
        item.app_id,
        json.dumps(item.body),
        item.uses_left,
        item.expires_us,
    )


async def find_pass(reader: Reader, digest: bytes) -> Pass | None:
    row = await reader.row(f"SELECT {_COLUMNS} FROM chat_pass WHERE digest = ?", digest)
    return None if row is None else _pass(row)


async def use_pass(tx: Tx, digest: bytes) -> None:
    """Take one use off; a pass without uses stays, so that it is told from an unknown one."""
    await tx.execute("UPDATE chat_pass SET uses_left = uses_left - 1 WHERE digest = ?", digest)


async def delete_old_passes(tx: Tx, before_us: int) -> None:
    await tx.execute("DELETE FROM chat_pass WHERE expires_us < ?", before_us)


def _pass(row: Row) -> Pass:
    return Pass(
        kind=PassKind(row[0]),
        account=row[1],
        app_id=row[2],
        body=json.loads(row[3]),
        uses_left=row[4],
        expires_us=row[5],
    )
