"""Users: people, service accounts, root principals; and their passwords."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.identity import PrincipalKind
from volano.kernel.ids import AccountId
from volano.services.identity.model.credentials import Login
from volano.services.identity.model.principals import User

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_USER = (
    "id, account, kind, name, path, display_name, email, boundary, disabled, tags, created_us, "
    "password_used_us"
)


def _user(row: Row) -> User:
    return User(
        id=row[0],
        account=AccountId(row[1]),
        kind=PrincipalKind(row[2]),
        name=row[3],
        path=row[4],
        display_name=row[5],
        email=row[6],
        boundary=row[7],
        disabled=bool(row[8]),
        tags=json.loads(row[9]),
        created_us=row[10],
        password_used_us=row[11],
    )


async def insert_user(tx: Tx, user: User) -> None:
    await tx.execute(
        f"INSERT INTO identity_user ({_USER}, name_key) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        user.id,
        user.account,
        user.kind.value,
        user.name,
        user.path,
        user.display_name,
        user.email,
        user.boundary,
        int(user.disabled),
        json.dumps(dict(user.tags)),
        user.created_us,
        user.password_used_us,
        user.name.lower(),
    )


async def update_user(tx: Tx, user: User) -> None:
    """Everything but id, account, kind and creation time."""
    await tx.execute(
        "UPDATE identity_user SET name = ?, name_key = ?, path = ?, display_name = ?, email = ?, "
        "boundary = ?, disabled = ?, tags = ? WHERE id = ?",
        user.name,
        user.name.lower(),
        user.path,
        user.display_name,
        user.email,
        user.boundary,
        int(user.disabled),
        json.dumps(dict(user.tags)),
        user.id,
    )


async def update_password_used(tx: Tx, user_id: str, used_us: int) -> None:
    await tx.execute("UPDATE identity_user SET password_used_us = ? WHERE id = ?", used_us, user_id)


async def delete_user(tx: Tx, user_id: str) -> None:
    await tx.execute("DELETE FROM identity_user WHERE id = ?", user_id)


async def find_user(reader: Reader, user_id: str) -> User | None:
    row = await reader.row(f"SELECT {_USER} FROM identity_user WHERE id = ?", user_id)
    return _user(row) if row else None


async def find_user_by_name(reader: Reader, account: str, name: str) -> User | None:
    """By the exact name; see `is_user_name_taken` for names that differ in case only."""
    row = await reader.row(
        f"SELECT {_USER} FROM identity_user WHERE account = ? AND name_key = ? AND name = ?",
        account,
        name.lower(),
        name,
    )
    return _user(row) if row else None


async def is_user_name_taken(reader: Reader, account: str, name: str) -> bool:
    row = await reader.row(
        "SELECT 1 FROM identity_user WHERE account = ? AND name_key = ?", account, name.lower()
    )
    return row is not None


async def select_users(
    reader: Reader, account: str, *, path_prefix: str, after: str, limit: int
) -> list[User]:
    """By name; roots are left out."""
    rows = await reader.rows(
        f"SELECT {_USER} FROM identity_user WHERE account = ? AND kind <> 'root' "
        "AND name_key > ? AND substr(path, 1, ?) = ? ORDER BY name_key LIMIT ?",
        account,
        after,
        len(path_prefix),
        path_prefix,
        limit,
    )
    return [_user(row) for row in rows]


async def count_users(reader: Reader, account: str) -> int:
    row = await reader.row(
        "SELECT count(*) FROM identity_user WHERE account = ? AND kind <> 'root'", account
    )
    return int(row[0]) if row else 0


_LOGIN = "user_id, hash, must_change, created_us, changed_us"


async def find_login(reader: Reader, user_id: str) -> Login | None:
    row = await reader.row(f"SELECT {_LOGIN} FROM identity_login WHERE user_id = ?", user_id)
    if row is None:
        return None
    return Login(
        user_id=row[0],
        hash=row[1],
        must_change=bool(row[2]),
        created_us=row[3],
        changed_us=row[4],
    )


async def upsert_login(tx: Tx, login: Login) -> None:
    await tx.execute(
        f"INSERT INTO identity_login ({_LOGIN}) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, "
        "must_change = excluded.must_change, changed_us = excluded.changed_us",
        login.user_id,
        login.hash,
        int(login.must_change),
        login.created_us,
        login.changed_us,
    )


async def delete_login(tx: Tx, user_id: str) -> int:
    return await tx.execute("DELETE FROM identity_login WHERE user_id = ?", user_id)


async def select_accounts_by_email(reader: Reader, email: str, *, limit: int) -> list[str]:
    """The accounts with a person of this address."""
    rows = await reader.rows(
        "SELECT DISTINCT account FROM identity_user WHERE email = ? ORDER BY account LIMIT ?",
        email,
        limit,
    )
    return [row[0] for row in rows]


async def disable_users(tx: Tx, account: str) -> None:
    """Everyone of an account, its root too."""
    await tx.execute("UPDATE identity_user SET disabled = 1 WHERE account = ?", account)
