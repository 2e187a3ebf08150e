"""Rows of passkeys, authenticator apps, recovery codes and challenges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.identity.model.sign_in import (
    MAX_PASSKEYS,
    RECOVERY_CODES,
    Authenticator,
    Challenge,
    ChallengeKind,
    Passkey,
)

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_PASSKEY = (
    "id, user_id, site, name, public_key, algorithm, sign_count, backed_up, created_us, used_us"
)


def _passkey(row: Row) -> Passkey:
    return Passkey(
        id=row[0],
        user_id=row[1],
        site=row[2],
        name=row[3],
        public_key=row[4],
        algorithm=row[5],
        sign_count=row[6],
        backed_up=bool(row[7]),
        created_us=row[8],
        used_us=row[9],
    )


async def insert_passkey(tx: Tx, passkey: Passkey) -> int:
    """0 when the credential is known already."""
    return await tx.execute(
        f"INSERT INTO identity_passkey ({_PASSKEY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO NOTHING",
        passkey.id,
        passkey.user_id,
        passkey.site,
        passkey.name,
        passkey.public_key,
        passkey.algorithm,
        passkey.sign_count,
        int(passkey.backed_up),
        passkey.created_us,
        passkey.used_us,
    )


async def find_passkey(reader: Reader, passkey_id: str) -> Passkey | None:
    row = await reader.row(f"SELECT {_PASSKEY} FROM identity_passkey WHERE id = ?", passkey_id)
    return _passkey(row) if row else None


async def select_passkeys(reader: Reader, user_id: str) -> list[Passkey]:
    rows = await reader.rows(
        f"SELECT {_PASSKEY} FROM identity_passkey WHERE user_id = ? "
        "ORDER BY created_us, id LIMIT ?",
        user_id,
        MAX_PASSKEYS,
    )
    return [_passkey(row) for row in rows]


async def update_passkey_used(tx: Tx, passkey_id: str, *, sign_count: int, used_us: int) -> int:
    """0 when another sign-in with this or a higher count came first; counters may stay at 0."""
    return await tx.execute(
        "UPDATE identity_passkey SET sign_count = ?, used_us = ? "
        "WHERE id = ? AND (sign_count < ? OR (sign_count = 0 AND ? = 0))",
        sign_count,
        used_us,
        passkey_id,
        sign_count,
        sign_count,
    )


async def update_passkey_name(tx: Tx, user_id: str, passkey_id: str, name: str) -> int:
    return await tx.execute(
        "UPDATE identity_passkey SET name = ? WHERE user_id = ? AND id = ?",
        name,
        user_id,
        passkey_id,
    )


async def delete_passkey(tx: Tx, user_id: str, passkey_id: str) -> int:
    return await tx.execute(
        "DELETE FROM identity_passkey WHERE user_id = ? AND id = ?", user_id, passkey_id
    )


async def delete_passkeys_of(tx: Tx, user_id: str) -> None:
    await tx.execute("DELETE FROM identity_passkey WHERE user_id = ?", user_id)


async def find_authenticator(reader: Reader, user_id: str) -> Authenticator | None:
    row = await reader.row(
        "SELECT user_id, seed, last_step, confirmed, created_us FROM identity_authenticator "
        "WHERE user_id = ?",
        user_id,
    )
    if row is None:
        return None
    return Authenticator(
        user_id=row[0],
        seed=row[1],
        last_step=row[2],
        confirmed=bool(row[3]),
        created_us=row[4],
    )


async def upsert_authenticator(tx: Tx, authenticator: Authenticator) -> None:
    await tx.execute(
        "INSERT INTO identity_authenticator (user_id, seed, last_step, confirmed, created_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET seed = excluded.seed, "
        "last_step = excluded.last_step, confirmed = excluded.confirmed, "
        "created_us = excluded.created_us",
        authenticator.user_id,
        authenticator.seed,
        authenticator.last_step,
        int(authenticator.confirmed),
        authenticator.created_us,
    )


async def use_step(tx: Tx, user_id: str, step: int) -> int:
    """0 when this step was used already, maybe a moment ago; confirms the authenticator."""
    return await tx.execute(
        "UPDATE identity_authenticator SET last_step = ?, confirmed = 1 "
        "WHERE user_id = ? AND last_step < ?",
        step,
        user_id,
        step,
    )


async def delete_authenticator(tx: Tx, user_id: str) -> int:
    await tx.execute("DELETE FROM identity_recovery_code WHERE user_id = ?", user_id)
    return await tx.execute("DELETE FROM identity_authenticator WHERE user_id = ?", user_id)


async def replace_recovery_codes(tx: Tx, user_id: str, digests: list[bytes]) -> None:
    await tx.execute("DELETE FROM identity_recovery_code WHERE user_id = ?", user_id)
    for digest in digests:
        await tx.execute(
            "INSERT INTO identity_recovery_code (user_id, digest) VALUES (?, ?)", user_id, digest
        )


async def take_recovery_code(tx: Tx, user_id: str, digest: bytes) -> int:
    """Remove a code; 0 when there is no such code (any more)."""
    return await tx.execute(
        "DELETE FROM identity_recovery_code WHERE user_id = ? AND digest = ?", user_id, digest
    )


async def count_recovery_codes(reader: Reader, user_id: str) -> int:
    rows = await reader.rows(
        "SELECT 1 FROM identity_recovery_code WHERE user_id = ? LIMIT ?", user_id, RECOVERY_CODES
    )
    return len(rows)


async def insert_challenge(tx: Tx, challenge: Challenge, *, digest: bytes) -> None:
    await tx.execute(
        "INSERT INTO identity_challenge (digest, kind, user_id, data, expires_us) "
        "VALUES (?, ?, ?, ?, ?)",
        digest,
        challenge.kind.value,
        challenge.user_id,
        json.dumps(dict(challenge.data)),
        challenge.expires_us,
    )


async def find_challenge(reader: Reader, digest: bytes, kind: ChallengeKind) -> Challenge | None:
    row = await reader.row(
        "SELECT user_id, data, expires_us FROM identity_challenge WHERE digest = ? AND kind = ?",
        digest,
        kind.value,
    )
    if row is None:
        return None
    return Challenge(kind=kind, user_id=row[0], data=json.loads(row[1]), expires_us=row[2])


async def delete_challenge(tx: Tx, digest: bytes) -> int:
    return await tx.execute("DELETE FROM identity_challenge WHERE digest = ?", digest)


async def delete_expired_challenges(tx: Tx, *, now_us: int) -> None:
    await tx.execute("DELETE FROM identity_challenge WHERE expires_us < ?", now_us)
