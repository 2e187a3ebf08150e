"""Rows of upstreams and of what models cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from volano.services.models.model import Price, Upstream

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = "account, name, kind, base_url, secret, owns_secret, timeout_ms, retries, created_us"


async def select_upstreams(reader: Reader, account: str, limit: int) -> list[Upstream]:
    """By name."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM models_upstream WHERE account = ? ORDER BY name LIMIT ?",
        account,
        limit,
    )
    return [_to_upstream(row) for row in rows]


async def select_upstream(reader: Reader, account: str, name: str) -> Upstream | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM models_upstream WHERE account = ? AND name = ? LIMIT 1",
        account,
        name,
    )
    return None if row is None else _to_upstream(row)


async def upsert_upstream(tx: Tx, upstream: Upstream) -> None:
    await tx.execute(
        f"INSERT INTO models_upstream ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, name) DO UPDATE SET kind = excluded.kind, "
        "base_url = excluded.base_url, secret = excluded.secret, "
        "owns_secret = excluded.owns_secret, timeout_ms = excluded.timeout_ms, "
        "retries = excluded.retries",
        upstream.account,
        upstream.name,
        upstream.kind,
        upstream.base_url,
        upstream.secret,
        int(upstream.owns_secret),
        round(upstream.timeout_s * 1000),
        upstream.retries,
        upstream.created_us,
    )


async def delete_upstream(tx: Tx, account: str, name: str) -> int:
    return await tx.execute(
        "DELETE FROM models_upstream WHERE account = ? AND name = ?", account, name
    )


async def select_price(reader: Reader, account: str, model: str) -> Price | None:
    row = await reader.row(
        "SELECT input, output FROM models_price WHERE account = ? AND model = ? LIMIT 1",
        account,
        model,
    )
    return None if row is None else Price(input=Decimal(row[0]), output=Decimal(row[1]))


async def select_prices(reader: Reader, account: str, limit: int) -> dict[str, Price]:
    """Prices by model."""
    rows = await reader.rows(
        "SELECT model, input, output FROM models_price WHERE account = ? ORDER BY model LIMIT ?",
        account,
        limit,
    )
    return {row[0]: Price(input=Decimal(row[1]), output=Decimal(row[2])) for row in rows}


async def upsert_price(tx: Tx, account: str, model: str, price: Price) -> None:
    await tx.execute(
        "INSERT INTO models_price (account, model, input, output) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (account, model) DO UPDATE SET input = excluded.input, "
        "output = excluded.output",
        account,
        model,
        str(price.input),
        str(price.output),
    )


async def delete_price(tx: Tx, account: str, model: str) -> int:
    return await tx.execute(
        "DELETE FROM models_price WHERE account = ? AND model = ?", account, model
    )


def _to_upstream(row: Row) -> Upstream:
    return Upstream(
        account=row[0],
        name=row[1],
        kind=row[2],
        base_url=row[3],
        secret=row[4],
        owns_secret=bool(row[5]),
        timeout_s=row[6] / 1000,
        retries=row[7],
        created_us=row[8],
    )
