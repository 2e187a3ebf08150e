"""Rows of translations, and of the languages into which people have channels translated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.assistants.model import Translation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx

_TRANSLATION = "channel_id, ts_us, language, account, digest, text, model"


async def find_translation(
    reader: Reader, channel_id: str, ts_us: int, language: str
) -> Translation | None:
    row = await reader.row(
        f"SELECT {_TRANSLATION} FROM assistants_translation "
        "WHERE channel_id = ? AND ts_us = ? AND language = ?",
        channel_id,
        ts_us,
        language,
    )
    return _translation(row) if row else None


def _translation(row: Sequence[object]) -> Translation:
    channel_id, ts_us, language, account, digest, text, model = row
    assert isinstance(ts_us, int)
    return Translation(
        channel_id=str(channel_id),
        ts_us=ts_us,
        language=str(language),
        account=str(account),
        digest=str(digest),
        text=str(text),
        model=str(model),
    )


async def upsert_translation(tx: Tx, item: Translation, checked_us: int) -> None:
    await tx.execute(
        f"INSERT INTO assistants_translation ({_TRANSLATION}, checked_us) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel_id, ts_us, language) "
        "DO UPDATE SET digest = excluded.digest, text = excluded.text, model = excluded.model, "
        "checked_us = excluded.checked_us",
        item.channel_id,
        item.ts_us,
        item.language,
        item.account,
        item.digest,
        item.text,
        item.model,
        checked_us,
    )


async def select_unchecked(reader: Reader, before_us: int, limit: int) -> list[Translation]:
    """Translations that nobody compared with their messages since then, the oldest first."""
    rows = await reader.rows(
        f"SELECT {_TRANSLATION} FROM assistants_translation WHERE checked_us < ? "
        "ORDER BY checked_us LIMIT ?",
        before_us,
        limit,
    )
    return [_translation(row) for row in rows]


async def update_checked(tx: Tx, item: Translation, checked_us: int) -> None:
    await tx.execute(
        "UPDATE assistants_translation SET checked_us = ? "
        "WHERE channel_id = ? AND ts_us = ? AND language = ?",
        checked_us,
        item.channel_id,
        item.ts_us,
        item.language,
    )


async def delete_translation(tx: Tx, item: Translation) -> None:
    await tx.execute(
        "DELETE FROM assistants_translation WHERE channel_id = ? AND ts_us = ? AND language = ?",
        item.channel_id,
        item.ts_us,
        item.language,
    )


async def upsert_language(
    tx: Tx, account: str, user_id: str, channel_id: str, language: str
) -> None:
    await tx.execute(
        "INSERT INTO assistants_language (account, user_id, channel_id, language) "
        "VALUES (?, ?, ?, ?) ON CONFLICT (account, user_id, channel_id) "
        "DO UPDATE SET language = excluded.language",
        account,
        user_id,
        channel_id,
        language,
    )


async def delete_language(tx: Tx, account: str, user_id: str, channel_id: str) -> None:
    await tx.execute(
        "DELETE FROM assistants_language WHERE account = ? AND user_id = ? AND channel_id = ?",
        account,
        user_id,
        channel_id,
    )


async def select_languages(
    reader: Reader, account: str, user_id: str, limit: int
) -> dict[str, str]:
    """By channel, of one person."""
    rows = await reader.rows(
        "SELECT channel_id, language FROM assistants_language "
        "WHERE account = ? AND user_id = ? ORDER BY channel_id LIMIT ?",
        account,
        user_id,
        limit,
    )
    return {row[0]: row[1] for row in rows}
