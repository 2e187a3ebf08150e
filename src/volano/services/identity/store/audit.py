"""The audit trail in rows: appended by the journal, read a page at a time, newest first.

Records that come in great numbers lie in packs instead (audit_packs.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.journal import AuditRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Row, Tx, Value

_AUDIT = (
    "id, time_us, account, principal_id, principal_arn, door, action, resource, source_ip, "
    "user_agent, request_id, status, error_code, read_only, duration_us, details"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """What to list; empty fields do not filter. `actions` are any of several.

    `before` is (time_us, id, action) of the last record of the page before.
    """

    principal: str = ""
    action: str = ""
    actions: tuple[str, ...] = ()
    resource: str = ""
    errors_only: bool = False
    writes_only: bool = False
    since_us: int = 0
    until_us: int = 0
    before: tuple[int, str, str] | None = None


async def insert_audit(tx: Tx, records: Sequence[AuditRecord]) -> None:
    """Append; a record that is there already is left as it is."""
    await tx.execute_many(
        f"INSERT INTO identity_audit ({_AUDIT}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [_values(record) for record in records],
    )


def _values(record: AuditRecord) -> tuple[Value, ...]:
    return (
        record.id,
        record.time_us,
        record.account,
        record.principal_id,
        record.principal_arn,
        record.door,
        record.action,
        record.resource,
        record.source_ip,
        record.user_agent,
        record.request_id,
        record.status,
        record.error_code,
        int(record.read_only),
        record.duration_us,
        record.details,
    )


async def select_audit(
    reader: Reader, account: str, wanted: AuditFilter, *, limit: int
) -> list[AuditRecord]:
    clauses = ["account = ?"]
    bound: list[Value] = [account]
    if wanted.principal:
        clauses.append("(principal_id = ? OR principal_arn = ?)")
        bound += [wanted.principal, wanted.principal]
    if wanted.action:
        clauses.append("action = ?")
        bound.append(wanted.action)
    if wanted.actions:
        clauses.append(f"action IN ({', '.join('?' * len(wanted.actions))})")
        bound += wanted.actions
    if wanted.resource:
        clauses.append("resource = ?")
        bound.append(wanted.resource)
    if wanted.errors_only:
        clauses.append("status >= 400")
    if wanted.writes_only:
        clauses.append("read_only = 0")
    if wanted.since_us:
        clauses.append("time_us >= ?")
        bound.append(wanted.since_us)
    if wanted.until_us:
        clauses.append("time_us <= ?")
        bound.append(wanted.until_us)
    if wanted.before is not None:
        clauses.append("(time_us, id, action) < (?, ?, ?)")
        bound += list(wanted.before)
    rows = await reader.rows(
        f"SELECT {_AUDIT} FROM identity_audit WHERE {' AND '.join(clauses)} "
        "ORDER BY time_us DESC, id DESC, action DESC LIMIT ?",
        *bound,
        limit,
    )
    return [_record(row) for row in rows]


def _record(row: Row) -> AuditRecord:
    return AuditRecord(
        id=row[0],
        time_us=row[1],
        account=row[2],
        principal_id=row[3],
        principal_arn=row[4],
        door=row[5],
        action=row[6],
        resource=row[7],
        source_ip=row[8],
        user_agent=row[9],
        request_id=row[10],
        status=row[11],
        error_code=row[12],
        read_only=bool(row[13]),
        duration_us=row[14],
        details=row[15],
    )


async def delete_audit_before(tx: Tx, *, before_us: int, limit: int) -> int:
    """Remove the oldest records, at most `limit` of them."""
    return await tx.execute(
        "DELETE FROM identity_audit WHERE (account, time_us, id, action) IN "
        "(SELECT account, time_us, id, action FROM identity_audit WHERE time_us < ? "
        "ORDER BY time_us LIMIT ?)",
        before_us,
        limit,
    )
