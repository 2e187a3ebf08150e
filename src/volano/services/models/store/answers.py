"""Rows of answers: what was asked of which model, how long it took, what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.models.model import Answer

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = (
    "account, id, at_us, principal, route, model, engine, error, cached, first_us, took_us, "
    "input_tokens, output_tokens, cost_nano"
)


async def insert_answer(tx: Tx, answer: Answer) -> None:
    """A repeat changes nothing."""
    await tx.execute(
        f"INSERT INTO models_answer ({_COLUMNS}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, id) DO NOTHING",
        answer.account,
        answer.id,
        answer.at_us,
        answer.principal,
        answer.route,
        answer.model,
        answer.engine,
        answer.error,
        int(answer.cached),
        answer.first_us,
        answer.took_us,
        answer.input_tokens,
        answer.output_tokens,
        answer.cost_nano,
    )


async def select_answers(
    reader: Reader,
    account: str,
    before: tuple[int, str],
    limit: int,
    *,
    model: str = "",
    route: str = "",
) -> list[Answer]:
    """Newest first, before a place (time, id), of one model or route when named."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM models_answer WHERE account = ? "
        "AND (at_us < ? OR (at_us = ? AND id < ?)) AND (? = '' OR model = ?) "
        "AND (? = '' OR route = ?) ORDER BY at_us DESC, id DESC LIMIT ?",
        account,
        before[0],
        before[0],
        before[1],
        model,
        model,
        route,
        route,
        limit,
    )
    return [_to_answer(row) for row in rows]


async def select_since(
    reader: Reader, account: str, model: str, since_us: int, limit: int, *, route: str = ""
) -> list[Answer]:
    """Those of a model since a time, newest first; '' for the route means any."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM models_answer WHERE account = ? AND model = ? AND at_us >= ? "
        "AND (? = '' OR route = ?) ORDER BY at_us DESC LIMIT ?",
        account,
        model,
        since_us,
        route,
        route,
        limit,
    )
    return [_to_answer(row) for row in rows]


async def select_models_since(reader: Reader, account: str, since_us: int, limit: int) -> list[str]:
    """The models that were asked since a time."""
    rows = await reader.rows(
        "SELECT DISTINCT model FROM models_answer WHERE account = ? AND at_us >= ? "
        "ORDER BY model LIMIT ?",
        account,
        since_us,
        limit,
    )
    return [row[0] for row in rows]


async def select_accounts(reader: Reader, after: str, limit: int) -> list[str]:
    """Accounts that asked anything."""
    rows = await reader.rows(
        "SELECT DISTINCT account FROM models_answer WHERE account > ? ORDER BY account LIMIT ?",
        after,
        limit,
    )
    return [row[0] for row in rows]


async def select_place(reader: Reader, account: str, skipped: int) -> tuple[int, str] | None:
    """The time and id of the newest answer after `skipped` newer ones."""
    row = await reader.row(
        "SELECT at_us, id FROM models_answer WHERE account = ? "
        "ORDER BY at_us DESC, id DESC LIMIT 1 OFFSET ?",
        account,
        skipped,
    )
    return None if row is None else (row[0], row[1])


async def delete_before(tx: Tx, account: str, time_us: int) -> int:
    return await tx.execute(
        "DELETE FROM models_answer WHERE account = ? AND at_us < ?", account, time_us
    )


def _to_answer(row: Row) -> Answer:
    return Answer(
        account=row[0],
        id=row[1],
        at_us=row[2],
        principal=row[3],
        route=row[4],
        model=row[5],
        engine=row[6],
        error=row[7],
        cached=bool(row[8]),
        first_us=row[9],
        took_us=row[10],
        input_tokens=row[11],
        output_tokens=row[12],
        cost_nano=row[13],
    )
