"""Acting later as whoever asked: kept with what limits them, checked again when it matters.

The key's own scopes and the session's policy go along, so that work in the background may never do
more than the request itself could have done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import Denied
from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId
from volano.services.identity.interface import find_principal
from volano.services.studio.model.askers import Asker

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

PEOPLE = (PrincipalKind.USER, PrincipalKind.SERVICE_ACCOUNT)


def asker_of(call: Call) -> Asker:
    """Who is asking now."""
    who = call.principal
    return Asker(
        kind=who.kind.value,
        account=who.account,
        id=who.id,
        name=who.name,
        arn=who.arn,
        scopes=None if who.scopes is None else sorted(who.scopes),
        session_policy=who.session_policy,
        session_expires_us=who.session_expires_us,
        tags=dict(who.tags),
        facts=dict(who.facts),
        holder=who.holder,
    )


async def call_as(env: Env, asker: Asker, *, timeout_s: float) -> Call:
    """A call as they are today; raises Denied when they are gone or their session is over."""
    who = Principal(
        kind=PrincipalKind(asker.kind),
        account=AccountId(asker.account),
        id=PrincipalId(asker.id),
        name=asker.name,
        arn=asker.arn,
        scopes=None if asker.scopes is None else frozenset(asker.scopes),
        session_policy=asker.session_policy,
        session_expires_us=asker.session_expires_us,
        tags=asker.tags,
        facts=asker.facts,
        holder=asker.holder,
    )
    if who.kind in PEOPLE:
        now = await find_principal(env.store.reader, who.id)
        if now is None:
            raise Denied(f"{who.name} is not there any more, or may not sign in.")
        who = replace(now, scopes=who.scopes, session_policy=who.session_policy, facts=who.facts)
    elif who.session_expires_us is not None and who.session_expires_us <= env.clock.now_us():
        raise Denied(f"The session {who.arn} that asked for this is over.")
    return system_call(env, who.account, timeout_s=timeout_s).acting_as(who)
