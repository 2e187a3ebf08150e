"""The audit trail: every call, allowed or not, of this account."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Invalid
from volano.services.identity.store import audit as rows
from volano.services.identity.store.audit import AuditFilter

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.journal import AuditRecord
    from volano.kernel.store import Tx

MAX_AUDIT_PAGE = 1000
RETENTION_DAYS = 90
"""As CloudTrail's event history."""


async def insert_audit(tx: Tx, records: list[AuditRecord]) -> None:
    """Append records in the journal's transaction; repeating is harmless."""
    await rows.insert_audit(tx, records)


async def list_audit(
    env: Env, call: Call, wanted: AuditFilter, *, limit: int, cursor: str = ""
) -> tuple[list[AuditRecord], str]:
    """The newest first, and the cursor of the next page (empty at the end)."""
    if not 1 <= limit <= MAX_AUDIT_PAGE:
        raise Invalid(f"limit is from 1 to {MAX_AUDIT_PAGE}.", fields={"param": "limit"})
    await env.journal.flush()
    wanted = replace(wanted, before=_parse_cursor(cursor) if cursor else None)
    found = await rows.select_audit(env.store.reader, call.account, wanted, limit=limit + 1)
    if len(found) <= limit:
        return found, ""
    last = found[limit - 1]
    return found[:limit], _to_cursor(last.time_us, last.id, last.action)


def _to_cursor(time_us: int, record_id: str, action: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((time_us, record_id, action))).decode()


def _parse_cursor(cursor: str) -> tuple[int, str, str]:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode())
        return msgspec.json.decode(raw, type=tuple[int, str, str])
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise Invalid("The cursor is not one of this list.", fields={"param": "cursor"}) from error
