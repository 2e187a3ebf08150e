"""Groups and memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.identity.model.principals import Group

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_GROUP = "g.id, g.account, g.name, g.path, g.created_us"


def _group(row: Row) -> Group:
    return Group(id=row[0], account=AccountId(row[1]), name=row[2], path=row[3], created_us=row[4])


async def insert_group(tx: Tx, group: Group) -> None:
    await tx.execute(
        "INSERT INTO identity_group (id, account, name, path, created_us, name_key) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        group.id,
        group.account,
        group.name,
        group.path,
        group.created_us,
        group.name.lower(),
    )


async def update_group(tx: Tx, group: Group) -> None:
    await tx.execute(
        "UPDATE identity_group SET name = ?, name_key = ?, path = ? WHERE id = ?",
        group.name,
        group.name.lower(),
        group.path,
        group.id,
    )


async def delete_group(tx: Tx, group_id: str) -> None:
    await tx.execute("DELETE FROM identity_group WHERE id = ?", group_id)


async def find_group_by_name(reader: Reader, account: str, name: str) -> Group | None:
    row = await reader.row(
        f"SELECT {_GROUP} FROM identity_group g "
        "WHERE g.account = ? AND g.name_key = ? AND g.name = ?",
        account,
        name.lower(),
        name,
    )
    return _group(row) if row else None


async def is_group_name_taken(reader: Reader, account: str, name: str) -> bool:
    row = await reader.row(
        "SELECT 1 FROM identity_group WHERE account = ? AND name_key = ?", account, name.lower()
    )
    return row is not None


async def select_groups(
    reader: Reader, account: str, *, path_prefix: str, after: str, limit: int
) -> list[Group]:
    rows = await reader.rows(
        f"SELECT {_GROUP} FROM identity_group g WHERE g.account = ? AND g.name_key > ? "
        "AND substr(g.path, 1, ?) = ? ORDER BY g.name_key LIMIT ?",
        account,
        after,
        len(path_prefix),
        path_prefix,
        limit,
    )
    return [_group(row) for row in rows]


async def count_groups(reader: Reader, account: str) -> int:
    row = await reader.row("SELECT count(*) FROM identity_group WHERE account = ?", account)
    return int(row[0]) if row else 0


async def insert_membership(tx: Tx, user_id: str, group_id: str) -> None:
    await tx.execute(
        "INSERT INTO identity_membership (user_id, group_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        user_id,
        group_id,
    )


async def delete_membership(tx: Tx, user_id: str, group_id: str) -> int:
    return await tx.execute(
        "DELETE FROM identity_membership WHERE user_id = ? AND group_id = ?", user_id, group_id
    )


async def select_groups_of(
    reader: Reader, user_id: str, *, after: str = "", limit: int
) -> list[Group]:
    rows = await reader.rows(
        f"SELECT {_GROUP} FROM identity_group g JOIN identity_membership m ON m.group_id = g.id "
        "WHERE m.user_id = ? AND g.name_key > ? ORDER BY g.name_key LIMIT ?",
        user_id,
        after,
        limit,
    )
    return [_group(row) for row in rows]


async def select_member_ids(
    reader: Reader, group_id: str, *, after: str = "", limit: int
) -> list[tuple[str, str]]:
    """(user id, name key) of members, by name."""
    rows = await reader.rows(
        "SELECT u.id, u.name_key FROM identity_user u JOIN identity_membership m "
        "ON m.user_id = u.id WHERE m.group_id = ? AND u.name_key > ? "
        "ORDER BY u.name_key LIMIT ?",
        group_id,
        after,
        limit,
    )
    return [(row[0], row[1]) for row in rows]
