"""The audit trail over Volano's own API."""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.kernel.journal import AuditRecord
from volano.services.identity.logic import audit
from volano.services.identity.store.audit import AuditFilter
from volano.wire.action import action


class ListAudit(msgspec.Struct, kw_only=True):
    """`principal` is an id or ARN; `errors` shows only refused and failed calls."""

    limit: int = 100
    cursor: str = ""
    principal: str = ""
    action: str = ""
    resource: str = ""
    errors: bool = False
    changes: bool = False
    since_us: int = 0


class AuditList(msgspec.Struct):
    items: list[AuditRecord]
    next_cursor: str | None = None


@action(
    "volano:listAudit",
    method="GET",
    path="/volano/v1/audit",
    permission="cloudtrail:LookupEvents",
    resource="*",
)
async def list_audit(env: Env, call: Call, request: ListAudit) -> AuditList:
    """Every call of this account, the newest first."""
    wanted = AuditFilter(
        principal=request.principal,
        action=request.action,
        resource=request.resource,
        errors_only=request.errors,
        writes_only=request.changes,
        since_us=request.since_us,
    )
    found, cursor = await audit.list_audit(
        env, call, wanted, limit=request.limit, cursor=request.cursor
    )
    return AuditList(found, cursor or None)
