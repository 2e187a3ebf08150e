"""Departments and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.model.directory import MAX_DEPARTMENTS, Department, Position

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_POSITION = "user_id, account, department_id, manager_id, title, phone"
MAX_POSITIONS = 10_000


async def select_departments(reader: Reader, account: str) -> list[Department]:
    """By name."""
    rows = await reader.rows(
        "SELECT id, account, name, parent_id FROM chat_department WHERE account = ? "
        "ORDER BY name, id LIMIT ?",
        account,
        MAX_DEPARTMENTS,
    )
    return [Department(id=row[0], account=row[1], name=row[2], parent_id=row[3]) for row in rows]


async def upsert_department(tx: Tx, item: Department) -> None:
    await tx.execute(
        "INSERT INTO chat_department (id, account, name, parent_id) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, parent_id = excluded.parent_id",
        item.id,
        item.account,
        item.name,
        item.parent_id,
    )


async def delete_department(tx: Tx, item: Department) -> None:
    """Its people and departments move to the one above."""
    await tx.execute(
        "UPDATE chat_department SET parent_id = ? WHERE account = ? AND parent_id = ?",
        item.parent_id,
        item.account,
        item.id,
    )
    await tx.execute(
        "UPDATE chat_position SET department_id = ? WHERE account = ? AND department_id = ?",
        item.parent_id,
        item.account,
        item.id,
    )
    await tx.execute(
        "DELETE FROM chat_department WHERE id = ? AND account = ?", item.id, item.account
    )


async def select_positions(reader: Reader, account: str) -> list[Position]:
    rows = await reader.rows(
        f"SELECT {_POSITION} FROM chat_position WHERE account = ? ORDER BY user_id LIMIT ?",
        account,
        MAX_POSITIONS,
    )
    return [_position(row) for row in rows]


async def upsert_position(tx: Tx, item: Position) -> None:
    await tx.execute(
        f"INSERT INTO chat_position ({_POSITION}) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (user_id) DO UPDATE SET department_id = excluded.department_id, "
        "manager_id = excluded.manager_id, title = excluded.title, phone = excluded.phone",
        item.user_id,
        item.account,
        item.department_id,
        item.manager_id,
        item.title,
        item.phone,
    )


def _position(row: Row) -> Position:
    return Position(
        user_id=row[0],
        account=row[1],
        department_id=row[2],
        manager_id=row[3],
        title=row[4],
        phone=row[5],
    )


async def find_manager(reader: Reader, account: str, user_id: str) -> str:
    """The chat user above a person; '' where the directory names nobody."""
    row = await reader.row(
        "SELECT manager_id FROM chat_position WHERE account = ? AND user_id = ?", account, user_id
    )
    return row[0] if row else ""
