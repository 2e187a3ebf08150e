"""The rules of a channel: how long its messages stay, and whether they may go at all."""

from __future__ import annotations

from dataclasses import dataclass

MAX_RETENTION_DAYS = 3650


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRule:
    """`retention_days` 0 keeps everything; while `held_us` is not 0 nothing may be removed."""

    channel_id: str
    account: str
    retention_days: int = 0
    held_us: int = 0
    held_by: str = ""
    held_why: str = ""
