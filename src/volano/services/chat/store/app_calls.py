"""Calls elsewhere that apps show here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.model.items import AppCall

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx

_CALL = (
    "id, account, app_id, external_id, join_url, desktop_url, display_id, title, creator, users, "
    "began_us, ended_us"
)


async def find_call(reader: Reader, app_id: str, call_id: str) -> AppCall | None:
    row = await reader.row(
        f"SELECT {_CALL} FROM chat_app_call WHERE id = ? AND app_id = ?", call_id, app_id
    )
    if row is None:
        return None
    return AppCall(
        id=row[0],
        account=row[1],
        app_id=row[2],
        external_id=row[3],
        join_url=row[4],
        desktop_url=row[5],
        display_id=row[6],
        title=row[7],
        creator=row[8],
        users=tuple(json.loads(row[9])),
        began_us=row[10],
        ended_us=row[11],
    )


async def upsert_call(tx: Tx, item: AppCall) -> None:
    """Insert, or change all but whose it is."""
    await tx.execute(
        f"INSERT INTO chat_app_call ({_CALL}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET join_url = excluded.join_url, "
        "desktop_url = excluded.desktop_url, title = excluded.title, users = excluded.users, "
        "ended_us = excluded.ended_us",
        item.id,
        item.account,
        item.app_id,
        item.external_id,
        item.join_url,
        item.desktop_url,
        item.display_id,
        item.title,
        item.creator,
        json.dumps(item.users),
        item.began_us,
        item.ended_us,
    )
