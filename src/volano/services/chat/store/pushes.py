"""Browsers that want to be told by Web Push, and the key pair of this cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx

KEY_ID = "vapid"
MAX_BROWSERS = 20
"""Browsers of one person that are told."""
PEOPLE_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser's subscription; keys are base64url as the browser gave them."""

    endpoint: str
    user_id: str
    account: str
    public_key: str
    auth: str
    created_us: int


async def upsert_browser(tx: Tx, item: Browser) -> None:
    await tx.execute(
        "INSERT INTO chat_push (endpoint, user_id, account, public_key, auth, created_us) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint) DO UPDATE SET "
        "user_id = excluded.user_id, account = excluded.account, "
        "public_key = excluded.public_key, auth = excluded.auth",
        item.endpoint,
        item.user_id,
        item.account,
        item.public_key,
        item.auth,
        item.created_us,
    )


async def delete_browser(tx: Tx, endpoint: str, user_id: str) -> None:
    await tx.execute("DELETE FROM chat_push WHERE endpoint = ? AND user_id = ?", endpoint, user_id)


async def select_browsers(reader: Reader, user_ids: Sequence[str]) -> list[Browser]:
    """Of these people, 20 each at most and the newest first."""
    found: list[Browser] = []
    for start in range(0, len(user_ids), PEOPLE_AT_ONCE):
        for user_id in await _with_browsers(reader, user_ids[start : start + PEOPLE_AT_ONCE]):
            rows = await reader.rows(
                "SELECT endpoint, user_id, account, public_key, auth, created_us FROM chat_push "
                "WHERE user_id = ? ORDER BY created_us DESC LIMIT ?",
                user_id,
                MAX_BROWSERS,
            )
            found += [_browser(row) for row in rows]
    return found


async def _with_browsers(reader: Reader, user_ids: Sequence[str]) -> list[str]:
    """Those of the people who have one: of a large channel few do."""
    marks = ", ".join("?" * len(user_ids))
    rows = await reader.rows(
        f"SELECT DISTINCT user_id FROM chat_push WHERE user_id IN ({marks}) "
        "ORDER BY user_id LIMIT ?",
        *user_ids,
        len(user_ids),
    )
    return [row[0] for row in rows]


def _browser(row: Row) -> Browser:
    return Browser(
        endpoint=row[0],
        user_id=row[1],
        account=row[2],
        public_key=row[3],
        auth=row[4],
        created_us=row[5],
    )


async def has_browsers(reader: Reader) -> bool:
    return await reader.row("SELECT 1 FROM chat_push LIMIT 1") is not None


async def find_key(reader: Reader) -> bytes | None:
    row = await reader.row("SELECT sealed FROM chat_push_key WHERE id = ?", KEY_ID)
    return None if row is None else bytes(row[0])


async def insert_key(tx: Tx, sealed: bytes) -> None:
    """Keeps the key that is there already."""
    await tx.execute(
        "INSERT INTO chat_push_key (id, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING",
        KEY_ID,
        sealed,
    )
