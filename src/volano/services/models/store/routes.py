"""Rows of routes, and of how many replicas models have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.models.model import Route, Scaling

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_SCALING = (
    "account, model, replicas_min, replicas_max, queue_per_replica, deadline_ms, idle_s, pinned"
)


async def select_routes(reader: Reader, account: str, limit: int) -> list[Route]:
    """By name."""
    rows = await reader.rows(
        "SELECT definition FROM models_route WHERE account = ? ORDER BY name LIMIT ?",
        account,
        limit,
    )
    return [msgspec.json.decode(row[0], type=Route) for row in rows]


async def select_route(reader: Reader, account: str, name: str) -> Route | None:
    row = await reader.row(
        "SELECT definition FROM models_route WHERE account = ? AND name = ? LIMIT 1", account, name
    )
    return None if row is None else msgspec.json.decode(row[0], type=Route)


async def upsert_route(tx: Tx, route: Route) -> None:
    await tx.execute(
        "INSERT INTO models_route (account, name, definition, changed_us) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (account, name) DO UPDATE SET definition = excluded.definition, "
        "changed_us = excluded.changed_us",
        route.account,
        route.name,
        msgspec.json.encode(route).decode(),
        route.changed_us,
    )


async def delete_route(tx: Tx, account: str, name: str) -> int:
    return await tx.execute(
        "DELETE FROM models_route WHERE account = ? AND name = ?", account, name
    )


async def select_scaling(reader: Reader, account: str, model: str) -> Scaling | None:
    row = await reader.row(
        f"SELECT {_SCALING} FROM models_scaling WHERE account = ? AND model = ? LIMIT 1",
        account,
        model,
    )
    return None if row is None else _to_scaling(row)


async def select_scalings(reader: Reader, after: tuple[str, str], limit: int) -> list[Scaling]:
    """Those of every account beyond (account, model)."""
    rows = await reader.rows(
        f"SELECT {_SCALING} FROM models_scaling WHERE (account, model) > (?, ?) "
        "ORDER BY account, model LIMIT ?",
        *after,
        limit,
    )
    return [_to_scaling(row) for row in rows]


async def upsert_scaling(tx: Tx, scaling: Scaling) -> None:
    await tx.execute(
        f"INSERT INTO models_scaling ({_SCALING}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, model) DO UPDATE SET replicas_min = excluded.replicas_min, "
        "replicas_max = excluded.replicas_max, "
        "queue_per_replica = excluded.queue_per_replica, deadline_ms = excluded.deadline_ms, "
        "idle_s = excluded.idle_s, pinned = excluded.pinned",
        scaling.account,
        scaling.model,
        scaling.replicas_min,
        scaling.replicas_max,
        scaling.queue_per_replica,
        scaling.deadline_ms,
        scaling.idle_s,
        int(scaling.pinned),
    )


async def delete_scaling(tx: Tx, account: str, model: str) -> int:
    return await tx.execute(
        "DELETE FROM models_scaling WHERE account = ? AND model = ?", account, model
    )


def _to_scaling(row: Row) -> Scaling:
    return Scaling(
        account=row[0],
        model=row[1],
        replicas_min=row[2],
        replicas_max=row[3],
        queue_per_replica=row[4],
        deadline_ms=row[5],
        idle_s=row[6],
        pinned=bool(row[7]),
    )
