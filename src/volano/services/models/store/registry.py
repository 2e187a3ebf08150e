"""Rows of models, their aliases, and chat completions that were kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.models.model import Model, StoredChat, Task

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = "account, name, task, source, licence, note, size_bytes, created_us, owned_by"
MAX_MODELS = 1000


async def select_models(reader: Reader, account: str) -> list[Model]:
    """The account's models and the built-in ones, by name."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM models_model WHERE account IN ('', ?) ORDER BY name LIMIT ?",
        account,
        MAX_MODELS,
    )
    return [_to_model(row) for row in rows]


async def select_model(reader: Reader, account: str, name: str) -> Model | None:
    """The account's own model of that name, else the built-in one."""
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM models_model WHERE account IN ('', ?) AND name = ? "
        "ORDER BY account DESC LIMIT 1",
        account,
        name,
    )
    return None if row is None else _to_model(row)


async def upsert_model(tx: Tx, model: Model) -> None:
    await tx.execute(
        f"INSERT INTO models_model ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, name) DO UPDATE SET task = excluded.task, "
        "source = excluded.source, licence = excluded.licence, note = excluded.note, "
        "size_bytes = excluded.size_bytes, owned_by = excluded.owned_by",
        model.account,
        model.name,
        model.task.value,
        model.source,
        model.licence,
        model.note,
        model.size_bytes,
        model.created_us,
        model.owned_by,
    )


async def delete_model(tx: Tx, account: str, name: str) -> int:
    return await tx.execute(
        "DELETE FROM models_model WHERE account = ? AND name = ?", account, name
    )


async def select_alias(reader: Reader, account: str, alias: str) -> str | None:
    """The model that an account's alias stands for."""
    row = await reader.row(
        "SELECT model FROM models_alias WHERE account = ? AND alias = ? LIMIT 1", account, alias
    )
    return None if row is None else str(row[0])


async def select_aliases(reader: Reader, account: str, limit: int) -> list[tuple[str, str]]:
    """Alias and model, by alias."""
    rows = await reader.rows(
        "SELECT alias, model FROM models_alias WHERE account = ? ORDER BY alias LIMIT ?",
        account,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def upsert_alias(tx: Tx, account: str, alias: str, model: str) -> None:
    await tx.execute(
        "INSERT INTO models_alias (account, alias, model) VALUES (?, ?, ?) "
        "ON CONFLICT (account, alias) DO UPDATE SET model = excluded.model",
        account,
        alias,
        model,
    )


async def delete_alias(tx: Tx, account: str, alias: str) -> int:
    return await tx.execute(
        "DELETE FROM models_alias WHERE account = ? AND alias = ?", account, alias
    )


_CHAT = "account, id, model, created_us, metadata, answer, messages"


async def upsert_chat(tx: Tx, chat: StoredChat) -> None:
    await tx.execute(
        f"INSERT INTO models_stored_chat ({_CHAT}) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, id) DO UPDATE SET metadata = excluded.metadata, "
        "answer = excluded.answer",
        chat.account,
        chat.id,
        chat.model,
        chat.created_us,
        msgspec.json.encode(chat.metadata).decode(),
        msgspec.json.encode(chat.answer).decode(),
        msgspec.json.encode(chat.messages).decode(),
    )


async def select_chat(reader: Reader, account: str, id: str) -> StoredChat | None:
    row = await reader.row(
        f"SELECT {_CHAT} FROM models_stored_chat WHERE account = ? AND id = ? LIMIT 1", account, id
    )
    return None if row is None else _to_chat(row)


async def select_chats(
    reader: Reader, account: str, after: tuple[int, str] | None, limit: int, *, newest_first: bool
) -> list[StoredChat]:
    """Kept completions beyond a place (time, id), in the wanted order."""
    order, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
    time_us, id = after or ((2**63 - 1, "") if newest_first else (-1, ""))
    rows = await reader.rows(
        f"SELECT {_CHAT} FROM models_stored_chat WHERE account = ? "
        f"AND (created_us {beyond} ? OR (created_us = ? AND id {beyond} ?)) "
        f"ORDER BY created_us {order}, id {order} LIMIT ?",
        account,
        time_us,
        time_us,
        id,
        limit,
    )
    return [_to_chat(row) for row in rows]


async def delete_chat(tx: Tx, account: str, id: str) -> int:
    return await tx.execute(
        "DELETE FROM models_stored_chat WHERE account = ? AND id = ?", account, id
    )


def _to_chat(row: Row) -> StoredChat:
    return StoredChat(
        account=row[0],
        id=row[1],
        model=row[2],
        created_us=row[3],
        metadata=msgspec.json.decode(row[4], type=dict[str, str]),
        answer=msgspec.json.decode(row[5], type=dict[str, object]),
        messages=msgspec.json.decode(row[6], type=list[dict[str, object]]),
    )


def _to_model(row: Row) -> Model:
    return Model(
        account=row[0],
        name=row[1],
        task=Task(row[2]),
        source=row[3],
        licence=row[4],
        note=row[5],
        size_bytes=row[6],
        created_us=row[7],
        owned_by=row[8],
    )
