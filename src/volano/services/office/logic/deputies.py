"""Deputies: who decides in somebody's place while they are away.

What is sent meanwhile goes to the deputy; what waits already stays where it is (`delegate`). A
deputy's own deputy is not asked, so that nobody ends up with what they do not expect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat import interface as chat
from volano.services.office import store as rows
from volano.services.office.logic.desk import me
from volano.services.office.logic.forms import wrong
from volano.services.office.model import Deputy

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx


async def find_deputy(env: Env, call: Call) -> Deputy | None:
    """The caller's, also one whose time is over or to come."""
    mine = await me(env, call)
    return await rows.find_deputy(env.store.reader, call.account, mine.id)


async def put_deputy(
    env: Env, call: Call, deputy_id: str, *, from_us: int, until_us: int
) -> Deputy | None:
    """Name the caller's deputy; '' names nobody. Raises InvalidForm."""
    mine = await me(env, call)
    if not deputy_id:

        async def forget(tx: Tx) -> None:
            await rows.delete_deputy(tx, call.account, mine.id)

        await env.store.transact(forget)
        return None
    found = await chat.find_user(env.store.reader, call.account, deputy_id)
    if found is None or found.is_bot or found.deleted or found.id == mine.id:
        raise wrong("deputy", "A deputy is another person of the workplace.")
    if not 0 <= from_us < until_us:
        raise wrong("until_us", "A deputy stands in from a moment to a later one.")
    deputy = Deputy(
        account=call.account,
        user_id=mine.id,
        deputy_id=deputy_id,
        from_us=from_us,
        until_us=until_us,
    )

    async def write(tx: Tx) -> None:
        await rows.upsert_deputy(tx, deputy)

    await env.store.transact(write)
    return deputy
