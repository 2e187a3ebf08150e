"""What one person may spend on models through assistants in a day (UTC)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from volano.services.assistants.model import BudgetSpent
from volano.services.assistants.store import settings as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.assistants.model import Settings


def _today(env: Env) -> str:
    return datetime.fromtimestamp(env.clock.now_us() / 1e6, UTC).date().isoformat()


async def require_budget(env: Env, call: Call, settings: Settings) -> None:
    """Raises BudgetSpent."""
    spent = await rows.find_spend(env.store.reader, call.account, call.principal.id, _today(env))
    if spent >= settings.tokens_per_day:
        raise BudgetSpent(
            f"You used today's {settings.tokens_per_day} tokens of the assistants; "
            "an administrator can raise the limit.",
        )


async def record_spend(env: Env, call: Call, tokens: int) -> None:
    """Count tokens that were used for the caller."""

    async def write(tx: Tx) -> None:
        await rows.add_spend(tx, call.account, call.principal.id, _today(env), tokens)

    if tokens:
        await env.store.transact(write)
