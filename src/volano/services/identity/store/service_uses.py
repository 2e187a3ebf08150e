"""When principals last used a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx


async def upsert_service_use(
    tx: Tx, principal_id: str, service: str, *, account: str, used_us: int, region: str
) -> None:
    await tx.execute(
        "INSERT INTO identity_service_use (principal_id, service, account, used_us, region) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (principal_id, service) DO UPDATE SET "
        "used_us = excluded.used_us, region = excluded.region",
        principal_id,
        service,
        account,
        used_us,
        region,
    )


async def select_service_uses(
    reader: Reader, account: str
) -> dict[tuple[str, str], tuple[int, str]]:
    """(principal id, service) to (when, region)."""
    rows = await reader.rows(
        "SELECT principal_id, service, used_us, region FROM identity_service_use "
        "WHERE account = ? ORDER BY principal_id, service LIMIT 100000",
        account,
    )
    return {(row[0], row[1]): (int(row[2]), row[3]) for row in rows}
