"""The log of answers: which model and engine made them, how fast, for how much; and their sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.services.models.logic.routes import MAX_COMPARED, Figures, figures_of
from volano.services.models.store import answers as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.models.model import Answer

HOUR_US = 3600 * 1_000_000
MAX_HOURS = 31 * 24
KEPT_US = 31 * 24 * HOUR_US
MAX_KEPT = 100_000
"""Answers of an account that are remembered."""
MAX_MODELS = 200
BATCH = 100
LAST = (2**62, "")


async def list_answers(
    env: Env, call: Call, *, model: str, route: str, limit: int, cursor: str
) -> tuple[list[Answer], str | None]:
    """Newest first, and where the next page begins."""
    found = await rows.select_answers(
        env.store.reader,
        call.account,
        _parse_cursor(cursor),
        limit + 1,
        model=model,
        route=route,
    )
    page = found[:limit]
    more = f"{page[-1].at_us}-{page[-1].id}" if len(found) > limit else None
    return page, more


def _parse_cursor(cursor: str) -> tuple[int, str]:
    if not cursor:
        return LAST
    time_us, _, id = cursor.partition("-")
    if not time_us.isdigit() or len(time_us) > 18 or "\x00" in id:
        raise Invalid("'cursor' is not one of ours.", fields={"param": "cursor"})
    return int(time_us), id


async def list_figures(env: Env, call: Call, *, hours: int) -> list[Figures]:
    """How every model did in the last hours, by name."""
    if not 1 <= hours <= MAX_HOURS:
        raise Invalid(f"'hours' is 1 to {MAX_HOURS}.", fields={"param": "hours"})
    reader, since_us = env.store.reader, env.clock.now_us() - hours * HOUR_US
    return [
        figures_of(
            model, await rows.select_since(reader, call.account, model, since_us, MAX_COMPARED)
        )
        for model in await rows.select_models_since(reader, call.account, since_us, MAX_MODELS)
    ]


async def forget_old(env: Env) -> None:
    """Forget answers over their age or number."""
    after = ""
    while accounts := await rows.select_accounts(env.store.reader, after, BATCH):
        for account in accounts:
            await _forget_old_of(env, account)
        after = accounts[-1]


async def _forget_old_of(env: Env, account: str) -> None:
    before_us = env.clock.now_us() - KEPT_US
    place = await rows.select_place(env.store.reader, account, MAX_KEPT)
    if place is not None:
        before_us = max(before_us, place[0])

    async def write(tx: Tx) -> None:
        await rows.delete_before(tx, account, before_us)

    await env.store.transact(write)
