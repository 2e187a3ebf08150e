"""SQL of key pairs; only public keys are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.compute.model import KeyPair

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Tx

_COLUMNS = "account, name, id, kind, fingerprint, public_key, created_us"


async def select_key_pairs(reader: Reader, account: str) -> list[KeyPair]:
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM compute_key_pair WHERE account = ? ORDER BY name LIMIT 5000",
        account,
    )
    names = _COLUMNS.split(", ")
    return [KeyPair(**dict(zip(names, row, strict=True))) for row in rows]


async def select_public_key(reader: Reader, account: str, name: str) -> str | None:
    """The public half of a pair, or None when the account has no pair of that name."""
    row = await reader.row(
        "SELECT public_key FROM compute_key_pair WHERE account = ? AND name = ?", account, name
    )
    return None if row is None else str(row[0])


async def insert_key_pair(tx: Tx, pair: KeyPair) -> None:
    await tx.execute(
        f"INSERT INTO compute_key_pair ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        pair.account,
        pair.name,
        pair.id,
        pair.kind,
        pair.fingerprint,
        pair.public_key,
        pair.created_us,
    )


async def delete_key_pair(tx: Tx, account: str, name: str) -> int:
    return await tx.execute(
        "DELETE FROM compute_key_pair WHERE account = ? AND name = ?", account, name
    )
