"""Pictures of people and custom emoji."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.model.items import Emoji, Picture

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx

MAX_EMOJI = 5000
_EMOJI = "account, name, picture_id, alias_for, user_id, created_us"


async def insert_picture(tx: Tx, item: Picture) -> None:
    await tx.execute(
        "INSERT INTO chat_picture (id, account, media_type, content, created_us) "
        "VALUES (?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.media_type,
        item.content,
        item.created_us,
    )


async def find_picture(reader: Reader, picture_id: str) -> Picture | None:
    row = await reader.row(
        "SELECT id, account, media_type, content, created_us FROM chat_picture WHERE id = ?",
        picture_id,
    )
    if row is None:
        return None
    return Picture(
        id=row[0], account=row[1], media_type=row[2], content=bytes(row[3]), created_us=row[4]
    )


async def delete_picture(tx: Tx, account: str, picture_id: str) -> None:
    await tx.execute("DELETE FROM chat_picture WHERE id = ? AND account = ?", picture_id, account)


async def select_emoji(reader: Reader, account: str) -> dict[str, Emoji]:
    """All of the account by name; at most MAX_EMOJI."""
    rows = await reader.rows(
        f"SELECT {_EMOJI} FROM chat_emoji WHERE account = ? ORDER BY name LIMIT ?",
        account,
        MAX_EMOJI,
    )
    return {
        row[1]: Emoji(
            account=row[0],
            name=row[1],
            picture_id=row[2],
            alias_for=row[3],
            user_id=row[4],
            created_us=row[5],
        )
        for row in rows
    }


async def insert_emoji(tx: Tx, item: Emoji) -> bool:
    """False when the name is taken."""
    changed = await tx.execute(
        f"INSERT INTO chat_emoji ({_EMOJI}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        item.account,
        item.name,
        item.picture_id,
        item.alias_for,
        item.user_id,
        item.created_us,
    )
    return changed == 1


async def delete_emoji(tx: Tx, account: str, name: str) -> None:
    await tx.execute("DELETE FROM chat_emoji WHERE account = ? AND name = ?", account, name)


async def rename_emoji(tx: Tx, account: str, name: str, wanted: str) -> None:
    """Its other names lead to the new one."""
    await tx.execute(
        "UPDATE chat_emoji SET name = ? WHERE account = ? AND name = ?", wanted, account, name
    )
    await tx.execute(
        "UPDATE chat_emoji SET alias_for = ? WHERE account = ? AND alias_for = ?",
        wanted,
        account,
        name,
    )
