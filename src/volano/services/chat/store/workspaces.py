"""Workspaces and seats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.model import Workspace

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = (
    "account, team_id, name, general_id, copilot_id, copilot_principal, copilot_enabled, bucket, "
    "created_us"
)


async def find_workspace(reader: Reader, account: str) -> Workspace | None:
    row = await reader.row(f"SELECT {_COLUMNS} FROM chat_workspace WHERE account = ?", account)
    return None if row is None else _workspace(row)


async def select_accounts(reader: Reader) -> list[str]:
    """Accounts that have a workspace; at most 10,000."""
    rows = await reader.rows("SELECT account FROM chat_workspace ORDER BY account LIMIT 10000")
    return [row[0] for row in rows]


async def insert_workspace(tx: Tx, item: Workspace) -> None:
    await tx.execute(
        f"INSERT INTO chat_workspace ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.account,
        item.team_id,
        item.name,
        item.general_id,
        item.copilot_id,
        item.copilot_principal,
        int(item.copilot_enabled),
        item.bucket,
        item.created_us,
    )


async def update_copilot_enabled(tx: Tx, account: str, *, enabled: bool) -> None:
    await tx.execute(
        "UPDATE chat_workspace SET copilot_enabled = ? WHERE account = ?", int(enabled), account
    )


async def insert_seat(tx: Tx, user_id: str, day: str) -> bool:
    """False when the person was active that day already."""
    changed = await tx.execute(
        "INSERT INTO chat_seat (user_id, day) VALUES (?, ?) ON CONFLICT DO NOTHING", user_id, day
    )
    return changed == 1


def _workspace(row: Row) -> Workspace:
    return Workspace(
        account=row[0],
        team_id=row[1],
        name=row[2],
        general_id=row[3],
        copilot_id=row[4],
        copilot_principal=row[5],
        copilot_enabled=bool(row[6]),
        bucket=row[7],
        created_us=row[8],
    )
