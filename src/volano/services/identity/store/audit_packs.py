"""Packs of the audit trail: many records of one account in one row (see audit.py).

A pack is found by its account and times; its other columns tell what a search need not open it
for. A record that was written twice, in two packs, is the same record: readers drop the second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from isal import isal_zlib

from volano.kernel.journal import AuditRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx, Value
    from volano.services.identity.store.audit import AuditFilter

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[AuditRecord]).decode


async def insert_pack(tx: Tx, records: Sequence[AuditRecord]) -> None:
    """One pack of records of one account; all their texts can be stored."""
    ordered = sorted(records, key=order_of)
    principals = {r.principal_id for r in ordered} | {r.principal_arn for r in ordered}
    await tx.execute(
        "INSERT INTO identity_audit_pack (account, last_us, first_us, id, actions, principals, "
        "max_status, has_writes, records) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        ordered[0].account,
        ordered[-1].time_us,
        ordered[0].time_us,
        ordered[-1].id,
        _lines({r.action for r in ordered}),
        _lines(principals),
        max(r.status for r in ordered),
        int(any(not r.read_only for r in ordered)),
        isal_zlib.compress(_encode(ordered), 1),
    )


def order_of(record: AuditRecord) -> tuple[int, str, str]:
    """By what the trail is sorted."""
    return record.time_us, record.id, record.action


def _lines(values: set[str]) -> str:
    return "\n" + "\n".join(sorted(values)) + "\n"


async def select_packs(
    reader: Reader,
    account: str,
    wanted: AuditFilter,
    *,
    before: tuple[int, str] | None,
    limit: int,
) -> list[tuple[int, str, bytes]]:
    """Packs that may hold wanted records, the newest first: last time, id and `records_of`.

    `before` is (last time, id) of the pack that was read last.
    """
    clauses = ["account = ?"]
    bound: list[Value] = [account]
    if before is not None:
        clauses.append("(last_us, id) < (?, ?)")
        bound += list(before)
    if wanted.before is not None:
        clauses.append("first_us <= ?")
        bound.append(wanted.before[0])
    if wanted.since_us:
        clauses.append("last_us >= ?")
        bound.append(wanted.since_us)
    if wanted.errors_only:
        clauses.append("max_status >= 400")
    if wanted.writes_only:
        clauses.append("has_writes = 1")
    for column, value in (("actions", wanted.action), ("principals", wanted.principal)):
        if value:
            clauses.append(f"replace({column}, ?, '') <> {column}")
            bound.append(f"\n{value}\n")
    rows = await reader.rows(
        f"SELECT last_us, id, records FROM identity_audit_pack WHERE {' AND '.join(clauses)} "
        "ORDER BY last_us DESC, id DESC LIMIT ?",
        *bound,
        limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]


def records_of(packed: bytes) -> list[AuditRecord]:
    """The records in a pack."""
    return _decode(isal_zlib.decompress(packed))


async def delete_packs_before(tx: Tx, *, before_us: int, limit: int) -> int:
    """Remove packs all of whose records are older, at most `limit` of them."""
    return await tx.execute(
        "DELETE FROM identity_audit_pack WHERE (account, last_us, id) IN "
        "(SELECT account, last_us, id FROM identity_audit_pack WHERE last_us < ? "
        "ORDER BY last_us LIMIT ?)",
        before_us,
        limit,
    )
