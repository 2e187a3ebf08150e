"""User groups."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.model.items import UserGroup

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_GROUP = (
    "id, account, name, handle, description, channels, users, created_by, updated_by, created_us, "
    "updated_us, disabled_us"
)


async def find_group(reader: Reader, account: str, group_id: str) -> UserGroup | None:
    row = await reader.row(
        f"SELECT {_GROUP} FROM chat_user_group WHERE id = ? AND account = ?", group_id, account
    )
    return None if row is None else _group(row)


async def select_groups(reader: Reader, account: str) -> list[UserGroup]:
    """By id; at most 1,000."""
    rows = await reader.rows(
        f"SELECT {_GROUP} FROM chat_user_group WHERE account = ? ORDER BY id LIMIT 1000", account
    )
    return [_group(row) for row in rows]


async def upsert_group(tx: Tx, item: UserGroup) -> None:
    await tx.execute(
        f"INSERT INTO chat_user_group ({_GROUP}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, handle = excluded.handle, "
        "description = excluded.description, channels = excluded.channels, "
        "users = excluded.users, updated_by = excluded.updated_by, "
        "updated_us = excluded.updated_us, disabled_us = excluded.disabled_us",
        item.id,
        item.account,
        item.name,
        item.handle,
        item.description,
        json.dumps(item.channels),
        json.dumps(item.users),
        item.created_by,
        item.updated_by,
        item.created_us,
        item.updated_us,
        item.disabled_us,
    )


def _group(row: Row) -> UserGroup:
    return UserGroup(
        id=row[0],
        account=row[1],
        name=row[2],
        handle=row[3],
        description=row[4],
        channels=tuple(json.loads(row[5])),
        users=tuple(json.loads(row[6])),
        created_by=row[7],
        updated_by=row[8],
        created_us=row[9],
        updated_us=row[10],
        disabled_us=row[11],
    )
