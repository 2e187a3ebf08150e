"""The audit trail: every call, allowed or not, of this account."""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Invalid
from volano.services.identity.store import audit as rows
from volano.services.identity.store import audit_packs as pack_rows
from volano.services.identity.store.audit import AuditFilter
from volano.services.identity.store.audit_packs import order_of

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.journal import AuditRecord
    from volano.kernel.store import Reader, Tx

MAX_AUDIT_PAGE = 1000
RETENTION_DAYS = 90
"""As CloudTrail's event history."""
PACKED_SERVICES = ("s3:",)
"""Actions whose calls come by the thousand a second."""
MIN_PACK = 16
"""Fewer records of an account at once are rows of their own, which are found faster."""
PACKS_AT_ONCE = 8
MAX_PACKS = 400
"""Packs opened for one page; a search that has not found enough by then goes on with its cursor."""


async def insert_audit(tx: Tx, records: list[AuditRecord]) -> None:
    """Append records in the journal's transaction; repeating is harmless.

    Calls of `PACKED_SERVICES` go into packs where an account has `MIN_PACK` of them at once.
    """
    packs: dict[str, list[AuditRecord]] = {}
    single: list[AuditRecord] = []
    for record in records:
        if record.action.startswith(PACKED_SERVICES):
            packs.setdefault(record.account, []).append(record)
        else:
            single.append(record)
    for pack in packs.values():
        if len(pack) < MIN_PACK:
            single += pack
        else:
            await pack_rows.insert_pack(tx, pack)
    if single:
        await rows.insert_audit(tx, single)


async def list_audit(
    env: Env, call: Call, wanted: AuditFilter, *, limit: int, cursor: str = ""
) -> tuple[list[AuditRecord], str]:
    """The newest first, and the cursor of the next page (empty at the end)."""
    if not 1 <= limit <= MAX_AUDIT_PAGE:
        raise Invalid(f"limit is from 1 to {MAX_AUDIT_PAGE}.", fields={"param": "limit"})
    await env.journal.flush()
    wanted = replace(wanted, before=_parse_cursor(cursor) if cursor else None)
    reader = env.store.reader
    single = await rows.select_audit(reader, call.account, wanted, limit=limit + 1)
    packed, reached = await _packed(reader, call.account, wanted, limit=limit + 1)
    found = sorted({order_of(r): r for r in (*single, *packed)}.values(), key=order_of)
    found.reverse()
    if reached is not None:  # packs before this time were not opened, so the page ends here
        found = [record for record in found if order_of(record) > reached][:limit]
        return found, _to_cursor(order_of(found[-1]) if len(found) == limit else reached)
    if len(found) <= limit:
        return found, ""
    return found[:limit], _to_cursor(order_of(found[limit - 1]))


async def _packed(
    reader: Reader, account: str, wanted: AuditFilter, *, limit: int
) -> tuple[list[AuditRecord], tuple[int, str, str] | None]:
    """The newest `limit` wanted records in packs, and where the search ended when it was long.

    Packs overlap in time: it is enough when none that is left can hold a newer record.
    """
    found: list[AuditRecord] = []
    before: tuple[int, str] | None = None
    opened = 0
    while True:
        packs = await pack_rows.select_packs(
            reader, account, wanted, before=before, limit=PACKS_AT_ONCE
        )
        for last_us, pack_id, packed in packs:
            if len(found) >= limit and sorted(map(order_of, found))[-limit][0] > last_us:
                return found, None
            found += await asyncio.to_thread(_open, packed, wanted)
            before = (last_us, pack_id)
            opened += 1
        if len(packs) < PACKS_AT_ONCE or before is None:
            return found, None
        reached = (before[0] + 1, "", "")
        if opened >= MAX_PACKS and (wanted.before is None or reached < wanted.before):
            return found, reached


def _open(packed: bytes, wanted: AuditFilter) -> list[AuditRecord]:
    """The wanted records of a pack; some milliseconds of work."""
    return [one for one in pack_rows.records_of(packed) if _is_wanted(one, wanted)]


def _is_wanted(record: AuditRecord, wanted: AuditFilter) -> bool:
    return (
        (not wanted.principal or wanted.principal in (record.principal_id, record.principal_arn))
        and wanted.action in ("", record.action)
        and (not wanted.actions or record.action in wanted.actions)
        and wanted.resource in ("", record.resource)
        and (not wanted.errors_only or record.status >= 400)
        and not (wanted.writes_only and record.read_only)
        and record.time_us >= wanted.since_us
        and (not wanted.until_us or record.time_us <= wanted.until_us)
        and (wanted.before is None or order_of(record) < wanted.before)
    )


def _to_cursor(position: tuple[int, str, str]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode()


def _parse_cursor(cursor: str) -> tuple[int, str, str]:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode())
        return msgspec.json.decode(raw, type=tuple[int, str, str])
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise Invalid("The cursor is not one of this list.", fields={"param": "cursor"}) from error
