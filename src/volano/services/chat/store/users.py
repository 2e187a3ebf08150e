"""Chat users and apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.model import App, ChatUser, Guest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx

_USER = (
    "id, account, principal_id, name, real_name, email, bot_id, app_id, is_admin, deleted, "
    "guest, guest_until_us, updated_us"
)
_APP = "id, account, name, principal_id, user_id, socket_us, created_us"


async def find_user(reader: Reader, account: str, user_id: str) -> ChatUser | None:
    row = await reader.row(
        f"SELECT {_USER} FROM chat_user WHERE id = ? AND account = ?", user_id, account
    )
    return None if row is None else _user(row)


async def is_id_taken(reader: Reader, user_id: str) -> bool:
    """Whether any account has a user of this id."""
    return await reader.row("SELECT 1 FROM chat_user WHERE id = ?", user_id) is not None


async def find_user_of_principal(
    reader: Reader, account: str, principal_id: str
) -> ChatUser | None:
    row = await reader.row(
        f"SELECT {_USER} FROM chat_user WHERE account = ? AND principal_id = ?",
        account,
        principal_id,
    )
    return None if row is None else _user(row)


async def find_user_by_email(reader: Reader, account: str, email: str) -> ChatUser | None:
    row = await reader.row(
        f"SELECT {_USER} FROM chat_user WHERE account = ? AND email = ? AND deleted = 0 "
        "ORDER BY id LIMIT 1",
        account,
        email,
    )
    return None if row is None else _user(row)


async def find_user_by_name(reader: Reader, account: str, name: str) -> ChatUser | None:
    row = await reader.row(
        f"SELECT {_USER} FROM chat_user WHERE account = ? AND name = ? AND deleted = 0 "
        "ORDER BY id LIMIT 1",
        account,
        name,
    )
    return None if row is None else _user(row)


async def find_bot(reader: Reader, account: str, bot_id: str) -> ChatUser | None:
    row = await reader.row(
        f"SELECT {_USER} FROM chat_user WHERE account = ? AND bot_id = ?", account, bot_id
    )
    return None if row is None else _user(row)


async def select_users(reader: Reader, account: str, *, after: str, limit: int) -> list[ChatUser]:
    """By id."""
    rows = await reader.rows(
        f"SELECT {_USER} FROM chat_user WHERE account = ? AND id > ? ORDER BY id LIMIT ?",
        account,
        after,
        limit,
    )
    return [_user(row) for row in rows]


async def select_users_by_id(
    reader: Reader, account: str, user_ids: Sequence[str]
) -> dict[str, ChatUser]:
    if not user_ids:
        return {}
    marks = ", ".join("?" * len(user_ids))
    rows = await reader.rows(
        f"SELECT {_USER} FROM chat_user WHERE account = ? AND id IN ({marks})", account, *user_ids
    )
    return {row[0]: _user(row) for row in rows}


async def select_expired_guests(reader: Reader, now_us: int, limit: int) -> list[ChatUser]:
    """Guests whose time is over and who are not switched off yet."""
    rows = await reader.rows(
        f"SELECT {_USER} FROM chat_user WHERE guest_until_us > 0 AND guest_until_us <= ? "
        "AND deleted = 0 ORDER BY guest_until_us LIMIT ?",
        now_us,
        limit,
    )
    return [_user(row) for row in rows]


async def select_away(reader: Reader, account: str, user_ids: Sequence[str]) -> set[str]:
    """Those of these users who set themselves away."""
    if not user_ids:
        return set()
    marks = ", ".join("?" * len(user_ids))
    rows = await reader.rows(
        f"SELECT user_id FROM chat_profile WHERE account = ? AND away = 1 AND user_id IN ({marks}) "
        "LIMIT ?",
        account,
        *user_ids,
        len(user_ids),
    )
    return {row[0] for row in rows}


async def upsert_user(tx: Tx, user: ChatUser) -> None:
    """Insert, or change all but who it is."""
    await tx.execute(
        f"INSERT INTO chat_user ({_USER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, real_name = excluded.real_name, "
        "email = excluded.email, bot_id = excluded.bot_id, app_id = excluded.app_id, "
        "is_admin = excluded.is_admin, deleted = excluded.deleted, guest = excluded.guest, "
        "guest_until_us = excluded.guest_until_us, updated_us = excluded.updated_us",
        user.id,
        user.account,
        user.principal_id,
        user.name,
        user.real_name,
        user.email,
        user.bot_id,
        user.app_id,
        int(user.is_admin),
        int(user.deleted),
        user.guest.value,
        user.guest_until_us,
        user.updated_us,
    )


async def insert_app(tx: Tx, app: App) -> None:
    await tx.execute(
        f"INSERT INTO chat_app ({_APP}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        app.id,
        app.account,
        app.name,
        app.principal_id,
        app.user_id,
        app.socket_us,
        app.created_us,
    )


async def find_app(reader: Reader, app_id: str) -> App | None:
    row = await reader.row(f"SELECT {_APP} FROM chat_app WHERE id = ?", app_id)
    return None if row is None else _app(row)


async def find_app_of_principal(reader: Reader, account: str, principal_id: str) -> App | None:
    row = await reader.row(
        f"SELECT {_APP} FROM chat_app WHERE account = ? AND principal_id = ?",
        account,
        principal_id,
    )
    return None if row is None else _app(row)


async def select_listening_apps(reader: Reader, account: str, since_us: int) -> list[App]:
    """Apps that asked for a socket since then; at most 1,000."""
    rows = await reader.rows(
        f"SELECT {_APP} FROM chat_app WHERE account = ? AND socket_us >= ? ORDER BY id LIMIT 1000",
        account,
        since_us,
    )
    return [_app(row) for row in rows]


async def select_apps(reader: Reader, account: str) -> list[App]:
    """All apps of the account by id; at most 1,000."""
    rows = await reader.rows(
        f"SELECT {_APP} FROM chat_app WHERE account = ? ORDER BY id LIMIT 1000", account
    )
    return [_app(row) for row in rows]


async def delete_app(tx: Tx, app_id: str) -> None:
    await tx.execute("DELETE FROM chat_app WHERE id = ?", app_id)


async def update_app_socket(tx: Tx, app_id: str, socket_us: int) -> None:
    await tx.execute("UPDATE chat_app SET socket_us = ? WHERE id = ?", socket_us, app_id)


def _user(row: Row) -> ChatUser:
    return ChatUser(
        id=row[0],
        account=row[1],
        principal_id=row[2],
        name=row[3],
        real_name=row[4],
        email=row[5],
        bot_id=row[6],
        app_id=row[7],
        is_admin=bool(row[8]),
        deleted=bool(row[9]),
        guest=Guest(row[10]),
        guest_until_us=row[11],
        updated_us=row[12],
    )


def _app(row: Row) -> App:
    return App(
        id=row[0],
        account=row[1],
        name=row[2],
        principal_id=row[3],
        user_id=row[4],
        socket_us=row[5],
        created_us=row[6],
    )
