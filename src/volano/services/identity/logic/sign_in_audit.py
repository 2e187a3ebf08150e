"""Who signed in to the console, in the account's own trail (CloudTrail's `ConsoleLogin`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.journal import AuditRecord

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.identity.model.principals import User


def record_sign_in(env: Env, call: Call, user: User, *, error_code: str = "") -> None:
    """The call itself is anonymous, so its own record is in no account's trail."""
    env.journal.audit(
        AuditRecord(
            id=call.request_id,
            time_us=env.clock.now_us(),
            account=user.account,
            principal_id=user.id,
            principal_arn=user.arn,
            door=call.door,
            action="volano:ConsoleLogin",
            resource=user.arn,
            source_ip=call.source_ip,
            user_agent=call.user_agent[:256],
            request_id=call.request_id,
            status=401 if error_code else 200,
            error_code=error_code,
            read_only=False,
        )
    )
