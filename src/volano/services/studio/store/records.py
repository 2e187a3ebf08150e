"""SQL of records: what OpenAI's API calls objects, of every kind in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx

_COLUMNS = "account, kind, parent, id, state, place, expires_us, size_bytes, body"
FIRST_PLACE = -1
LAST_PLACE = 2**63 - 1


class RecordRow(NamedTuple):
    """A record's columns, in order."""

    account: str
    kind: str
    parent: str
    id: str
    state: str
    place: int
    expires_us: int
    size_bytes: int
    body: str


async def upsert_record(tx: Tx, row: RecordRow) -> None:
    await tx.execute(
        f"INSERT INTO studio_record ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, kind, parent, id) DO UPDATE SET state = excluded.state, "
        "expires_us = excluded.expires_us, size_bytes = excluded.size_bytes, body = excluded.body",
        *row,
    )


async def select_record(
    reader: Reader, account: str, kind: str, parent: str, id: str
) -> RecordRow | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM studio_record "
        "WHERE account = ? AND kind = ? AND parent = ? AND id = ? LIMIT 1",
        account,
        kind,
        parent,
        id,
    )
    return None if row is None else RecordRow(*row)


async def select_records(
    reader: Reader,
    account: str,
    kind: str,
    parent: str,
    *,
    state: str | None,
    after: tuple[int, str],
    before: tuple[int, str],
    descending: bool,
    limit: int,
) -> list[RecordRow]:
    """Records whose (place, id) lies between two, both exclusive, in the order of their place."""
    order = "DESC" if descending else "ASC"
    chosen = "" if state is None else "AND state = ? "
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM studio_record WHERE account = ? AND kind = ? AND parent = ? "
        f"{chosen}AND (place > ? OR (place = ? AND id > ?)) "
        "AND (place < ? OR (place = ? AND id < ?)) "
        f"ORDER BY place {order}, id {order} LIMIT ?",
        account,
        kind,
        parent,
        *(() if state is None else (state,)),
        after[0],
        after[0],
        after[1],
        before[0],
        before[0],
        before[1],
        limit,
    )
    return [RecordRow(*row) for row in rows]


async def select_oldest_of_each(
    reader: Reader, kind: str, state: str, limit: int
) -> list[RecordRow]:
    """The oldest record in a state of each account."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM studio_record JOIN (SELECT account AS owner, MIN(place) AS first "
        "FROM studio_record WHERE kind = ? AND state = ? GROUP BY account) AS oldest "
        "ON account = owner AND place = first WHERE kind = ? AND state = ? "
        "ORDER BY place, id LIMIT ?",
        kind,
        state,
        kind,
        state,
        limit,
    )
    return [RecordRow(*row) for row in rows]


async def select_due(reader: Reader, now_us: int, limit: int) -> list[RecordRow]:
    """Records of every account whose time is over."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM studio_record WHERE expires_us > 0 AND expires_us <= ? "
        "ORDER BY expires_us LIMIT ?",
        now_us,
        limit,
    )
    return [RecordRow(*row) for row in rows]


async def select_parents(
    reader: Reader, account: str, kind: str, id: str, limit: int
) -> list[RecordRow]:
    """Records of that id below every parent (a file in each of its vector stores)."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM studio_record WHERE account = ? AND kind = ? AND id = ? LIMIT ?",
        account,
        kind,
        id,
        limit,
    )
    return [RecordRow(*row) for row in rows]


async def count_states(reader: Reader, account: str, kind: str, parent: str) -> dict[str, int]:
    """How many records of a parent are in each state."""
    rows = await reader.rows(
        "SELECT state, COUNT(*) FROM studio_record WHERE account = ? AND kind = ? AND parent = ? "
        "GROUP BY state LIMIT 20",
        account,
        kind,
        parent,
    )
    return {row[0]: int(row[1]) for row in rows}


async def sum_sizes(reader: Reader, account: str, kind: str, parent: str) -> int:
    row = await reader.row(
        "SELECT COALESCE(SUM(size_bytes), 0) FROM studio_record "
        "WHERE account = ? AND kind = ? AND parent = ? LIMIT 1",
        account,
        kind,
        parent,
    )
    return int(row[0]) if row else 0


async def select_some(
    reader: Reader, account: str, kind: str, parent: str, ids: Sequence[str]
) -> list[RecordRow]:
    """Those of the ids that are there."""
    found: list[RecordRow] = []
    for at in range(0, len(ids), 500):
        batch = ids[at : at + 500]
        marks = ", ".join("?" * len(batch))
        rows = await reader.rows(
            f"SELECT {_COLUMNS} FROM studio_record "
            f"WHERE account = ? AND kind = ? AND parent = ? AND id IN ({marks}) LIMIT 500",
            account,
            kind,
            parent,
            *batch,
        )
        found += [RecordRow(*row) for row in rows]
    return found


async def delete_record(tx: Tx, account: str, kind: str, parent: str, id: str) -> int:
    return await tx.execute(
        "DELETE FROM studio_record WHERE account = ? AND kind = ? AND parent = ? AND id = ?",
        account,
        kind,
        parent,
        id,
    )


async def delete_children(tx: Tx, account: str, kind: str, parent: str) -> int:
    return await tx.execute(
        "DELETE FROM studio_record WHERE account = ? AND kind = ? AND parent = ?",
        account,
        kind,
        parent,
    )
