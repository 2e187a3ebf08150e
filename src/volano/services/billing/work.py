"""Event handlers of billing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.events import subscribe
from volano.services.billing.logic.usage import record_usage
from volano.services.billing.model import Usage

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx


@subscribe("billing:usage", Usage)
async def on_usage(env: Env, event: Usage) -> None:
    """Copy reported usage into the ledger."""

    async def write(tx: Tx) -> None:
        await record_usage(tx, list(event.records))

    await env.store.transact(write)
