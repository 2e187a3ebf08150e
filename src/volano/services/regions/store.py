"""SQL of regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx


async def select_states(reader: Reader) -> dict[str, tuple[str, str, int]]:
    """Zone to (state, reason, changed_us), for the zones that were ever drilled."""
    rows = await reader.rows("SELECT zone, state, reason, changed_us FROM regions_zone_state")
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


async def upsert_state(tx: Tx, zone: str, state: str, *, reason: str, changed_us: int) -> None:
    await tx.execute(
        "INSERT INTO regions_zone_state (zone, state, reason, changed_us) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (zone) DO UPDATE SET state = excluded.state, reason = excluded.reason, "
        "changed_us = excluded.changed_us",
        zone,
        state,
        reason,
        changed_us,
    )
