"""Rules of channels: retention and legal hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.model.rules import ChannelRule

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_RULE = "channel_id, account, retention_days, held_us, held_by, held_why"
MAX_RULES = 10_000


async def find_rule(reader: Reader, account: str, channel_id: str) -> ChannelRule:
    """The channel's rule; one without limits when none was set."""
    row = await reader.row(
        f"SELECT {_RULE} FROM chat_channel_rule WHERE channel_id = ? AND account = ?",
        channel_id,
        account,
    )
    return ChannelRule(channel_id=channel_id, account=account) if row is None else _rule(row)


async def is_held(reader: Reader, channel_id: str) -> bool:
    row = await reader.row("SELECT held_us FROM chat_channel_rule WHERE channel_id = ?", channel_id)
    return row is not None and row[0] > 0


async def upsert_rule(tx: Tx, item: ChannelRule) -> None:
    await tx.execute(
        f"INSERT INTO chat_channel_rule ({_RULE}) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (channel_id) DO UPDATE SET retention_days = excluded.retention_days, "
        "held_us = excluded.held_us, held_by = excluded.held_by, held_why = excluded.held_why",
        item.channel_id,
        item.account,
        item.retention_days,
        item.held_us,
        item.held_by,
        item.held_why,
    )


async def select_limited(reader: Reader) -> list[ChannelRule]:
    """Rules by which messages may go now: a retention, and no legal hold."""
    rows = await reader.rows(
        f"SELECT {_RULE} FROM chat_channel_rule WHERE retention_days > 0 AND held_us = 0 "
        "ORDER BY channel_id LIMIT ?",
        MAX_RULES,
    )
    return [_rule(row) for row in rows]


def _rule(row: Row) -> ChannelRule:
    return ChannelRule(
        channel_id=row[0],
        account=row[1],
        retention_days=row[2],
        held_us=row[3],
        held_by=row[4],
        held_why=row[5],
    )
