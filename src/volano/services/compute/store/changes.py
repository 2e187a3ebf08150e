"""SQL that changes instances, and the client tokens that make a launch repeatable."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx
    from volano.services.compute.model import Instance


async def update_instance(tx: Tx, it: Instance) -> None:
    """Write what may change in an instance's life: what is, what is wanted, why, and when."""
    await tx.execute(
        "UPDATE compute_instance SET state = ?, wanted = ?, generation = ?, reason_code = ?, "
        "reason = ?, launched_us = ?, changed_us = ?, booted_us = ?, metered_us = ? WHERE id = ?",
        it.state.value,
        it.wanted.value,
        it.generation,
        it.reason_code,
        it.reason,
        it.launched_us,
        it.changed_us,
        it.booted_us,
        it.metered_us,
        it.id,
    )


async def update_metadata_options(tx: Tx, instance_id: str, *, tokens_required: bool) -> None:
    await tx.execute(
        "UPDATE compute_instance SET tokens_required = ? WHERE id = ?",
        int(tokens_required),
        instance_id,
    )


async def update_console(tx: Tx, instance_id: str, console: bytes) -> None:
    await tx.execute("UPDATE compute_instance SET console = ? WHERE id = ?", console, instance_id)


async def select_terminated(reader: Reader, before_us: int, limit: int) -> list[tuple[str, str]]:
    """(account, id) of instances terminated before then."""
    rows = await reader.rows(
        "SELECT account, id FROM compute_instance WHERE state = 'terminated' AND changed_us < ? "
        "ORDER BY changed_us LIMIT ?",
        before_us,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def delete_instance(tx: Tx, instance_id: str) -> None:
    await tx.execute("DELETE FROM compute_instance WHERE id = ?", instance_id)


async def select_client_token(reader: Reader, account: str, token: str) -> tuple[str, str] | None:
    """The digest of the request and the reservation it made."""
    row = await reader.row(
        "SELECT digest, reservation_id FROM compute_client_token WHERE account = ? AND token = ?",
        account,
        token,
    )
    return None if row is None else (row[0], row[1])


async def insert_client_token(
    tx: Tx, *, account: str, token: str, digest: str, reservation_id: str, now_us: int
) -> None:
    await tx.execute(
        "INSERT INTO compute_client_token (account, token, digest, reservation_id, created_us) "
        "VALUES (?, ?, ?, ?, ?)",
        account,
        token,
        digest,
        reservation_id,
        now_us,
    )


async def delete_client_tokens(tx: Tx, before_us: int) -> None:
    """Forget tokens made before then whose instances are all forgotten."""
    await tx.execute(
        "DELETE FROM compute_client_token WHERE created_us < ? AND reservation_id NOT IN "
        "(SELECT reservation_id FROM compute_instance)",
        before_us,
    )
