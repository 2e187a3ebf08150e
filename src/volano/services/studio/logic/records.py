"""Records by kind and id: found, listed, written, deleted, each within its account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import NotFound
from volano.services.studio.model.records import (
    Kind,
    Listed,
    Paging,
    R,
)
from volano.services.studio.store import records as rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx

PLACES_PER_US = 1000
"""Places of records made in the same microsecond (the items of a conversation)."""
MAX_PARENTS = 1000
_START = (rows.FIRST_PLACE, "")
_END = (rows.LAST_PLACE, "")


class RecordNotFound(NotFound):
    """No such object in this account; OpenAI's words name the kind and the id."""

    code = "not_found"


async def find(
    reader: Reader, kind: Kind[R], account: str, id: str, *, parent: str = ""
) -> R | None:
    row = await rows.select_record(reader, account, kind.name, parent, id)
    return None if row is None else msgspec.json.decode(row.body, type=kind.type)


async def get(
    reader: Reader, kind: Kind[R], account: str, id: str, *, parent: str = "", param: str = "id"
) -> R:
    """The record; raises RecordNotFound."""
    found = await find(reader, kind, account, id, parent=parent)
    if found is None:
        raise missing(kind, id, param=param)
    return found


def missing(kind: Kind[R], id: str, *, param: str = "id") -> RecordNotFound:
    return RecordNotFound(f"No such {kind.noun} object: {id[:100]}", fields={"param": param})


async def save(
    tx: Tx, kind: Kind[R], account: str, item: R, *, parent: str = "", order: int = 0
) -> None:
    """Write a record; `order` tells those of one microsecond apart."""
    await rows.upsert_record(
        tx,
        rows.RecordRow(
            account=account,
            kind=kind.name,
            parent=parent,
            id=item.id,
            state=item.state,
            place=item.created_us * PLACES_PER_US + order,
            expires_us=item.expires_us,
            size_bytes=item.used_bytes,
            body=msgspec.json.encode(item).decode(),
        ),
    )


async def remove(tx: Tx, kind: Kind[R], account: str, id: str, *, parent: str = "") -> bool:
    return await rows.delete_record(tx, account, kind.name, parent, id) > 0


async def remove_children(tx: Tx, kind: Kind[R], account: str, parent: str) -> None:
    await rows.delete_children(tx, account, kind.name, parent)


async def page(
    reader: Reader,
    kind: Kind[R],
    account: str,
    paging: Paging,
    *,
    parent: str = "",
    state: str | None = None,
) -> Listed[R]:
    """One page in the wanted order; raises RecordNotFound for a cursor that is not there."""
    after = await _place(reader, kind, account, parent, paging.after, param="after")
    before = await _place(reader, kind, account, parent, paging.before, param="before")
    low, high = (before, after) if paging.newest_first else (after, before)
    found = await rows.select_records(
        reader,
        account,
        kind.name,
        parent,
        state=state,
        after=low or _START,
        before=high or _END,
        descending=paging.newest_first,
        limit=paging.limit + 1,
    )
    items = [msgspec.json.decode(row.body, type=kind.type) for row in found[: paging.limit]]
    return Listed(items, len(found) > paging.limit)


async def _place(
    reader: Reader, kind: Kind[R], account: str, parent: str, id: str, *, param: str
) -> tuple[int, str] | None:
    if not id:
        return None
    row = await rows.select_record(reader, account, kind.name, parent, id)
    if row is None:
        raise missing(kind, id, param=param)
    return row.place, row.id


async def count_states(
    reader: Reader, kind: Kind[R], account: str, *, parent: str = ""
) -> dict[str, int]:
    return await rows.count_states(reader, account, kind.name, parent)


async def sum_sizes(reader: Reader, kind: Kind[R], account: str, *, parent: str) -> int:
    """The bytes that the records of a parent use."""
    return await rows.sum_sizes(reader, account, kind.name, parent)


async def oldest_of_each(
    reader: Reader, kind: Kind[R], state: str, limit: int
) -> list[tuple[str, str, R]]:
    """Account, parent and record of the oldest in a state, one of each account: none waits for
    all that another has."""
    found = await rows.select_oldest_of_each(reader, kind.name, state, limit)
    return [
        (row.account, row.parent, msgspec.json.decode(row.body, type=kind.type)) for row in found
    ]


async def parents(reader: Reader, kind: Kind[R], account: str, id: str) -> list[str]:
    """The parents that have a record of that id, 1,000 at most."""
    found = await rows.select_parents(reader, account, kind.name, id, MAX_PARENTS)
    return [row.parent for row in found]


async def some(
    reader: Reader, kind: Kind[R], account: str, ids: Sequence[str], *, parent: str = ""
) -> list[R]:
    """Those of the ids that are there, in no order."""
    found = await rows.select_some(reader, account, kind.name, parent, ids)
    return [msgspec.json.decode(row.body, type=kind.type) for row in found]
