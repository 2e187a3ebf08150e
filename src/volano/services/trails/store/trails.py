"""Rows of trails_trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.ids import AccountId
from volano.services.trails.model import Trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx, Value

_TRAIL = (
    "account, name, created_us, bucket, prefix, global_events, multi_region, validation, tags, "
    "selectors, advanced, logging, started_us, stopped_us, delivered_us, delivery_error, "
    "digest_start_us, digest_delivered_us, digest_error, retry_us, "
    "topic"
)
_CHANGING = _TRAIL.split(", ")[3:]
_decode_tags = msgspec.json.Decoder(dict[str, str]).decode


async def find_trail(reader: Reader, account: str, name: str, *, region: str) -> Trail | None:
    row = await reader.row(
        f"SELECT {_TRAIL} FROM trails_trail WHERE account = ? AND name = ?", account, name
    )
    return None if row is None else _trail(row, region)


async def select_trails(reader: Reader, account: str, *, limit: int, region: str) -> list[Trail]:
    rows = await reader.rows(
        f"SELECT {_TRAIL} FROM trails_trail WHERE account = ? ORDER BY created_us, name LIMIT ?",
        account,
        limit,
    )
    return [_trail(row, region) for row in rows]


async def select_logging(
    reader: Reader, accounts: Sequence[str], *, limit: int, region: str
) -> list[Trail]:
    """The trails of these accounts that log."""
    marks = ", ".join("?" * len(accounts))
    rows = await reader.rows(
        f"SELECT {_TRAIL} FROM trails_trail WHERE logging = 1 AND account IN ({marks}) "
        "ORDER BY account, name LIMIT ?",
        *accounts,
        limit,
    )
    return [_trail(row, region) for row in rows]


async def select_all(
    reader: Reader, *, after: tuple[str, str], limit: int, region: str
) -> list[Trail]:
    rows = await reader.rows(
        f"SELECT {_TRAIL} FROM trails_trail WHERE (account, name) > (?, ?) "
        "ORDER BY account, name LIMIT ?",
        *after,
        limit,
    )
    return [_trail(row, region) for row in rows]


async def insert_trail(tx: Tx, trail: Trail) -> None:
    await tx.execute(
        f"INSERT INTO trails_trail ({_TRAIL}) VALUES ({', '.join('?' * 21)})",
        trail.account,
        trail.name,
        trail.created_us,
        *_values(trail),
    )


async def update_trail(tx: Tx, trail: Trail) -> None:
    """Write everything that may change of a trail."""
    assigned = ", ".join(f"{column} = ?" for column in _CHANGING)
    await tx.execute(
        f"UPDATE trails_trail SET {assigned} WHERE account = ? AND name = ?",
        *_values(trail),
        trail.account,
        trail.name,
    )


_PARTS = (
    ("trails_pending", "trail"),
    ("trails_file", "trail"),
    ("trails_digest", "trail"),
    ("trails_trail", "name"),
)


async def delete_trail(tx: Tx, trail: Trail) -> None:
    """The trail and what waits for it; what was delivered stays in the bucket."""
    for table, column in _PARTS:
        await tx.execute(
            f"DELETE FROM {table} WHERE account = ? AND {column} = ?", trail.account, trail.name
        )


def _values(trail: Trail) -> tuple[Value, ...]:
    return (
        trail.bucket,
        trail.prefix,
        int(trail.global_events),
        int(trail.multi_region),
        int(trail.validation),
        msgspec.json.encode(dict(trail.tags)).decode(),
        trail.selectors,
        trail.advanced,
        int(trail.logging),
        trail.started_us,
        trail.stopped_us,
        trail.delivered_us,
        trail.delivery_error,
        trail.digest_start_us,
        trail.digest_delivered_us,
        trail.digest_error,
        trail.retry_us,
        trail.topic,
    )


def _trail(row: Row, region: str) -> Trail:
    return Trail(
        account=AccountId(row[0]),
        region=region,
        name=row[1],
        created_us=row[2],
        bucket=row[3],
        prefix=row[4],
        global_events=bool(row[5]),
        multi_region=bool(row[6]),
        validation=bool(row[7]),
        tags=_decode_tags(row[8]),
        selectors=row[9],
        advanced=row[10],
        logging=bool(row[11]),
        started_us=row[12],
        stopped_us=row[13],
        delivered_us=row[14],
        delivery_error=row[15],
        digest_start_us=row[16],
        digest_delivered_us=row[17],
        digest_error=row[18],
        retry_us=row[19],
        topic=row[20],
    )
