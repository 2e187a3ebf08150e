"""Profiles: what people say of themselves, presence and quiet times."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.model.items import Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx

_PROFILE = "user_id, account, fields, away, snooze_until_us, updated_us"


async def find_profile(reader: Reader, user_id: str) -> Profile | None:
    row = await reader.row(f"SELECT {_PROFILE} FROM chat_profile WHERE user_id = ?", user_id)
    return None if row is None else _profile(row)


async def select_profiles(reader: Reader, user_ids: Sequence[str]) -> dict[str, Profile]:
    """Of these users, those who have one."""
    if not user_ids:
        return {}
    marks = ", ".join("?" * len(user_ids))
    rows = await reader.rows(
        f"SELECT {_PROFILE} FROM chat_profile WHERE user_id IN ({marks})", *user_ids
    )
    return {row[0]: _profile(row) for row in rows}


async def upsert_profile(tx: Tx, item: Profile) -> None:
    await tx.execute(
        f"INSERT INTO chat_profile ({_PROFILE}) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (user_id) DO UPDATE SET fields = excluded.fields, away = excluded.away, "
        "snooze_until_us = excluded.snooze_until_us, updated_us = excluded.updated_us",
        item.user_id,
        item.account,
        json.dumps(item.fields),
        int(item.away),
        item.snooze_until_us,
        item.updated_us,
    )


def _profile(row: Row) -> Profile:
    return Profile(
        user_id=row[0],
        account=row[1],
        fields=json.loads(row[2]),
        away=bool(row[3]),
        snooze_until_us=row[4],
        updated_us=row[5],
    )
