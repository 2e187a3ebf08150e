"""Refused credentials in the audit trail: a bad key, token or signature leaves a record too.

A request that carries no credential is nobody's and leaves none. The account is '' unless the
credential names a principal that exists (a known access key with a wrong signature). The journal
bounds how many such records a second are kept, because anyone can cause them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.call import anonymous
from volano.kernel.journal import AuditRecord
from volano.wire.credential import request_id_of

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.errors import VolanoError
    from volano.kernel.identity import Principal
    from volano.wire.http import Request


def record_refusal(
    env: Env,
    request: Request,
    error: VolanoError,
    *,
    door: str,
    action: str,
    claimed: Principal | None = None,
) -> None:
    """Audit that `request` was refused with `error` before it reached `action`.

    `claimed` is whom the credential names; nothing proved that it was them.
    """
    who = claimed or anonymous()
    request_id = request_id_of(env, request)
    env.journal.audit(
        AuditRecord(
            id=request_id,
            time_us=env.clock.now_us(),
            account=who.account,
            principal_id=who.id,
            principal_arn=who.arn,
            door=door,
            action=action,
            resource="*",
            source_ip=request.client_ip,
            user_agent=request.headers.get("user-agent", "")[:256],
            request_id=request_id,
            status=error.wire_status,
            error_code=error.wire_code,
            read_only=request.method in ("GET", "HEAD"),
            unproven=True,
        )
    )
