"""What came of an import so far: written with the rows that it counts, so that a crash between
two transactions counts nothing twice and forgets nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat.store import transfers as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.chat.model.transfers import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which import it is, where it comes from and which account it goes to."""

    account: str
    source: str
    transfer_id: str


async def add_to_report(tx: Tx, origin: Origin, report: Report) -> None:
    """Add these counts and notes to the import's own, in the caller's transaction."""
    current = await rows.find_transfer(tx, origin.account, origin.transfer_id)
    assert current is not None, "imports are never deleted"
    current.report.merge(report)
    await rows.update_transfer(tx, current)


async def note_report(env: Env, origin: Origin, report: Report) -> None:
    """The same for what has no rows."""

    async def write(tx: Tx) -> None:
        await add_to_report(tx, origin, report)

    await env.store.transact(write)
