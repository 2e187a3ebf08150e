"""Modals, Home tabs and ephemeral messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.model.apps import Ephemeral, View

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_VIEW = (
    "id, account, app_id, user_id, kind, external_id, root_id, previous_id, hash, body, state, "
    "response_urls, open, updated_us"
)
_EPHEMERAL = "channel_id, ts_us, user_id, account, author, app_id, message"


async def find_view(reader: Reader, account: str, view_id: str) -> View | None:
    row = await reader.row(
        f"SELECT {_VIEW} FROM chat_view WHERE id = ? AND account = ?", view_id, account
    )
    return None if row is None else _view(row)


async def find_view_by_external_id(
    reader: Reader, account: str, app_id: str, external_id: str
) -> View | None:
    """The open view of that name."""
    row = await reader.row(
        f"SELECT {_VIEW} FROM chat_view WHERE account = ? AND app_id = ? AND external_id = ? "
        "AND open = 1 LIMIT 1",
        account,
        app_id,
        external_id,
    )
    return None if row is None else _view(row)


async def find_home(reader: Reader, app_id: str, user_id: str) -> View | None:
    row = await reader.row(
        f"SELECT {_VIEW} FROM chat_view WHERE user_id = ? AND app_id = ? AND kind = 'home' LIMIT 1",
        user_id,
        app_id,
    )
    return None if row is None else _view(row)


async def select_stack(reader: Reader, root_id: str) -> list[View]:
    """The open views of one stack, the first at the bottom; at most 10."""
    rows = await reader.rows(
        f"SELECT {_VIEW} FROM chat_view WHERE root_id = ? AND open = 1 "
        "ORDER BY updated_us LIMIT 10",
        root_id,
    )
    return [_view(row) for row in rows]


async def upsert_view(tx: Tx, item: View) -> None:
    await tx.execute(
        f"INSERT INTO chat_view ({_VIEW}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, hash = excluded.hash, "
        "body = excluded.body, state = excluded.state, response_urls = excluded.response_urls, "
        "open = excluded.open, updated_us = excluded.updated_us",
        item.id,
        item.account,
        item.app_id,
        item.user_id,
        item.kind,
        item.external_id or None,
        item.root_id,
        item.previous_id,
        item.hash,
        json.dumps(item.body),
        json.dumps(item.state),
        json.dumps(item.response_urls),
        int(item.open),
        item.updated_us,
    )


async def close_stack(tx: Tx, root_id: str) -> None:
    await tx.execute("UPDATE chat_view SET open = 0 WHERE root_id = ?", root_id)


async def delete_old_views(tx: Tx, before_us: int) -> None:
    """Modals nobody will come back to."""
    await tx.execute("DELETE FROM chat_view WHERE kind = 'modal' AND updated_us < ?", before_us)


async def upsert_ephemeral(tx: Tx, item: Ephemeral) -> None:
    await tx.execute(
        f"INSERT INTO chat_ephemeral ({_EPHEMERAL}) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (channel_id, user_id, ts_us) DO UPDATE SET message = excluded.message",
        item.channel_id,
        item.ts_us,
        item.user_id,
        item.account,
        item.author,
        item.app_id,
        json.dumps(item.message),
    )


async def find_ephemeral(
    reader: Reader, channel_id: str, user_id: str, ts_us: int
) -> Ephemeral | None:
    row = await reader.row(
        f"SELECT {_EPHEMERAL} FROM chat_ephemeral "
        "WHERE channel_id = ? AND user_id = ? AND ts_us = ?",
        channel_id,
        user_id,
        ts_us,
    )
    return None if row is None else _ephemeral(row)


async def delete_ephemeral(tx: Tx, item: Ephemeral) -> None:
    await tx.execute(
        "DELETE FROM chat_ephemeral WHERE channel_id = ? AND user_id = ? AND ts_us = ?",
        item.channel_id,
        item.user_id,
        item.ts_us,
    )


async def delete_old_ephemerals(tx: Tx, before_us: int) -> None:
    await tx.execute("DELETE FROM chat_ephemeral WHERE ts_us < ?", before_us)


def _view(row: Row) -> View:
    return View(
        id=row[0],
        account=row[1],
        app_id=row[2],
        user_id=row[3],
        kind=row[4],
        external_id=row[5] or "",
        root_id=row[6],
        previous_id=row[7],
        hash=row[8],
        body=json.loads(row[9]),
        state=json.loads(row[10]),
        response_urls=tuple(json.loads(row[11])),
        open=bool(row[12]),
        updated_us=row[13],
    )


def _ephemeral(row: Row) -> Ephemeral:
    return Ephemeral(
        channel_id=row[0],
        ts_us=row[1],
        user_id=row[2],
        account=row[3],
        author=row[4],
        app_id=row[5],
        message=json.loads(row[6]),
    )
