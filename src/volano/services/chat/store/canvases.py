"""Canvases and who may use them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.model.items import Canvas, Section

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_CANVAS = "id, account, owner, title, channel_id, sections, created_us, updated_us"


async def find_canvas(reader: Reader, account: str, canvas_id: str) -> Canvas | None:
    row = await reader.row(
        f"SELECT {_CANVAS} FROM chat_canvas WHERE id = ? AND account = ?", canvas_id, account
    )
    return None if row is None else _canvas(row)


async def find_canvas_of_channel(reader: Reader, account: str, channel_id: str) -> Canvas | None:
    row = await reader.row(
        f"SELECT {_CANVAS} FROM chat_canvas WHERE account = ? AND channel_id = ? LIMIT 1",
        account,
        channel_id,
    )
    return None if row is None else _canvas(row)


async def upsert_canvas(tx: Tx, item: Canvas) -> None:
    await tx.execute(
        f"INSERT INTO chat_canvas ({_CANVAS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET title = excluded.title, sections = excluded.sections, "
        "updated_us = excluded.updated_us",
        item.id,
        item.account,
        item.owner,
        item.title,
        item.channel_id,
        json.dumps([[section.id, section.markdown] for section in item.sections]),
        item.created_us,
        item.updated_us,
    )


async def delete_canvas(tx: Tx, canvas_id: str) -> None:
    await tx.execute("DELETE FROM chat_canvas WHERE id = ?", canvas_id)
    await tx.execute("DELETE FROM chat_canvas_access WHERE canvas_id = ?", canvas_id)


async def select_access(reader: Reader, canvas_id: str) -> dict[str, str]:
    """Level by user or channel; at most 1,000."""
    rows = await reader.rows(
        "SELECT entity, level FROM chat_canvas_access WHERE canvas_id = ? ORDER BY entity "
        "LIMIT 1000",
        canvas_id,
    )
    return {row[0]: row[1] for row in rows}


async def upsert_access(tx: Tx, canvas_id: str, entity: str, level: str) -> None:
    await tx.execute(
        "INSERT INTO chat_canvas_access (canvas_id, entity, level) VALUES (?, ?, ?) "
        "ON CONFLICT (canvas_id, entity) DO UPDATE SET level = excluded.level",
        canvas_id,
        entity,
        level,
    )


async def delete_access(tx: Tx, canvas_id: str, entity: str) -> None:
    await tx.execute(
        "DELETE FROM chat_canvas_access WHERE canvas_id = ? AND entity = ?", canvas_id, entity
    )


def _canvas(row: Row) -> Canvas:
    return Canvas(
        id=row[0],
        account=row[1],
        owner=row[2],
        title=row[3],
        channel_id=row[4],
        sections=tuple(Section(id=name, markdown=text) for name, text in json.loads(row[5])),
        created_us=row[6],
        updated_us=row[7],
    )
