"""Env: the ports of this process. Call: one request on its way through the floors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import AccountId, PrincipalId, RequestId

if TYPE_CHECKING:
    from volano.kernel.bytes import ByteStore
    from volano.kernel.clock import Clock
    from volano.kernel.config import Config
    from volano.kernel.egress import Egress
    from volano.kernel.events import EventFeed
    from volano.kernel.identity import Authority
    from volano.kernel.ids import Ids
    from volano.kernel.inference import Inference
    from volano.kernel.journal import Journal
    from volano.kernel.log import Log
    from volano.kernel.metrics import Metrics
    from volano.kernel.place import Region
    from volano.kernel.runtime import Runtime
    from volano.kernel.secrets import SecretBox
    from volano.kernel.store import Store
    from volano.kernel.tools import Tools
    from volano.kernel.vectors import Vectors
    from volano.kernel.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """The ports of this process, wired once in `app/` and never changed."""

    config: Config
    region: Region
    clock: Clock
    ids: Ids
    log: Log
    metrics: Metrics
    store: Store
    events: EventFeed
    work: Work
    bytes: ByteStore
    runtime: Runtime
    inference: Inference
    authority: Authority
    journal: Journal
    secrets: SecretBox
    egress: Egress
    tools: Tools
    vectors: Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: who asks, for which account, until when.

    `door` is `aws`, `openai`, `slack`, `rest`, `mcp` or `work` (reconcilers and event handlers).
    `deadline_s` is on the monotonic clock.
    """

    principal: Principal
    account: AccountId
    region: str
    request_id: RequestId
    deadline_s: float
    door: str
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    context: dict[str, str] = field(default_factory=dict)

    def acting_as(self, principal: Principal) -> Call:
        """The same request done as another principal (the copilot acting for the asker)."""
        return replace(self, principal=principal, account=principal.account)


def anonymous(account: AccountId = AccountId("")) -> Principal:
    """Nobody: what an unsigned request is."""
    return Principal(
        kind=PrincipalKind.ANONYMOUS,
        account=account,
        id=PrincipalId("anonymous"),
        name="anonymous",
        arn="*",
    )


def system_principal(account: AccountId) -> Principal:
    """The cloud itself doing work for `account`: reconcilers, event handlers."""
    return Principal(
        kind=PrincipalKind.SYSTEM,
        account=account,
        id=PrincipalId("system"),
        name="volano",
        arn=f"arn:aws:iam::{account}:service/volano",
    )


def system_call(env: Env, account: AccountId, *, timeout_s: float = 60.0) -> Call:
    """A call for work that nobody waits for."""
    return Call(
        principal=system_principal(account),
        account=account,
        region=env.region.name,
        request_id=RequestId(env.ids.uuid()),
        deadline_s=env.clock.monotonic_s() + timeout_s,
        door="work",
    )
