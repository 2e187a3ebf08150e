"""Rows of the assistants that people made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.assistants.model import MAX_ASSISTANTS, Assistant

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_ASSISTANT = (
    "id, account, name, title, instructions, model, knowledge, tools, audience, owner_id, "
    "principal_id, user_id, enabled, created_us, updated_us"
)


def _assistant(row: Row) -> Assistant:
    return Assistant(
        id=row[0],
        account=row[1],
        name=row[2],
        title=row[3],
        instructions=row[4],
        model=row[5],
        knowledge=tuple(json.loads(row[6])),
        tools=tuple(json.loads(row[7])),
        audience=tuple(json.loads(row[8])),
        owner_id=row[9],
        principal_id=row[10],
        user_id=row[11],
        enabled=bool(row[12]),
        created_us=row[13],
        updated_us=row[14],
    )


async def insert_assistant(tx: Tx, item: Assistant) -> None:
    await tx.execute(
        f"INSERT INTO assistants_assistant ({_ASSISTANT}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.name,
        item.title,
        item.instructions,
        item.model,
        json.dumps(item.knowledge),
        json.dumps(item.tools),
        json.dumps(item.audience),
        item.owner_id,
        item.principal_id,
        item.user_id,
        int(item.enabled),
        item.created_us,
        item.updated_us,
    )


async def update_assistant(tx: Tx, item: Assistant) -> None:
    """All but name, owner and who it is."""
    await tx.execute(
        "UPDATE assistants_assistant SET title = ?, instructions = ?, model = ?, knowledge = ?, "
        "tools = ?, audience = ?, enabled = ?, updated_us = ? WHERE id = ?",
        item.title,
        item.instructions,
        item.model,
        json.dumps(item.knowledge),
        json.dumps(item.tools),
        json.dumps(item.audience),
        int(item.enabled),
        item.updated_us,
        item.id,
    )


async def delete_assistant(tx: Tx, assistant_id: str) -> None:
    await tx.execute("DELETE FROM assistants_assistant WHERE id = ?", assistant_id)


async def find_assistant(reader: Reader, account: str, assistant_id: str) -> Assistant | None:
    row = await reader.row(
        f"SELECT {_ASSISTANT} FROM assistants_assistant WHERE account = ? AND id = ?",
        account,
        assistant_id,
    )
    return _assistant(row) if row else None


async def select_assistants(reader: Reader, account: str) -> list[Assistant]:
    """By name."""
    rows = await reader.rows(
        f"SELECT {_ASSISTANT} FROM assistants_assistant WHERE account = ? ORDER BY name LIMIT ?",
        account,
        MAX_ASSISTANTS,
    )
    return [_assistant(row) for row in rows]
