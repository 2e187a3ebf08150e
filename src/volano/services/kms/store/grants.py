"""Rows of kms_grant and kms_import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.ids import AccountId
from volano.services.kms.model import Grant, ImportKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.store import Reader, Row, Tx
    from volano.services.kms.model import Key

_GRANT = (
    "account, key_id, id, name, grantee, retiring, operations, context_equals, context_subset, "
    "issuer, created_us"
)
_decode_list = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_context = msgspec.json.Decoder(dict[str, str]).decode


async def insert_grant(tx: Tx, grant: Grant) -> None:
    await tx.execute(
        f"INSERT INTO kms_grant ({_GRANT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        grant.account,
        grant.key_id,
        grant.id,
        grant.name,
        grant.grantee,
        grant.retiring,
        msgspec.json.encode(grant.operations).decode(),
        _to_text(grant.context_equals),
        _to_text(grant.context_subset),
        grant.issuer,
        grant.created_us,
    )


async def select_grants(
    reader: Reader, key: Key, *, grantee: str, grant_id: str, after: str, limit: int
) -> list[Grant]:
    """Grants of a key by id; `grantee` and `grant_id` filter unless they are empty."""
    rows = await reader.rows(
        f"SELECT {_GRANT} FROM kms_grant WHERE account = ? AND key_id = ? AND id > ? "
        "AND (? = '' OR grantee = ?) AND (? = '' OR id = ?) ORDER BY id LIMIT ?",
        key.account,
        key.id,
        after,
        grantee,
        grantee,
        grant_id,
        grant_id,
        limit,
    )
    return [_grant(row) for row in rows]


async def select_grants_to(
    reader: Reader, key: Key, names: Sequence[str], *, role: str, limit: int
) -> list[Grant]:
    """Grants of a key to one of `names`, or to an ARN that fits the LIKE pattern `role`."""
    marks = ", ".join("?" * len(names))
    rows = await reader.rows(
        f"SELECT {_GRANT} FROM kms_grant WHERE account = ? AND key_id = ? "
        f"AND (grantee IN ({marks}) OR grantee LIKE ?) ORDER BY id LIMIT ?",
        key.account,
        key.id,
        *names,
        role,
        limit,
    )
    return [_grant(row) for row in rows]


async def select_retirable_grants(
    reader: Reader, retiring: str, *, after: tuple[str, str, str], limit: int
) -> list[Grant]:
    rows = await reader.rows(
        f"SELECT {_GRANT} FROM kms_grant WHERE retiring = ? AND (account, key_id, id) > (?, ?, ?) "
        "ORDER BY account, key_id, id LIMIT ?",
        retiring,
        *after,
        limit,
    )
    return [_grant(row) for row in rows]


async def find_grant(reader: Reader, account: str, key_id: str, grant_id: str) -> Grant | None:
    row = await reader.row(
        f"SELECT {_GRANT} FROM kms_grant WHERE account = ? AND key_id = ? AND id = ?",
        account,
        key_id,
        grant_id,
    )
    return None if row is None else _grant(row)


async def count_grants(reader: Reader, key: Key) -> int:
    row = await reader.row(
        "SELECT count(*) FROM kms_grant WHERE account = ? AND key_id = ?", key.account, key.id
    )
    return int(row[0]) if row else 0


async def delete_grant(tx: Tx, grant: Grant) -> int:
    return await tx.execute(
        "DELETE FROM kms_grant WHERE account = ? AND key_id = ? AND id = ?",
        grant.account,
        grant.key_id,
        grant.id,
    )


async def insert_import(tx: Tx, wrapping: ImportKey, *, keep: int) -> None:
    """Store a wrapping key; of its key's older ones at most `keep` stay."""
    await tx.execute(
        "INSERT INTO kms_import (account, key_id, token, algorithm, sealed, expires_us) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        wrapping.account,
        wrapping.key_id,
        wrapping.token,
        wrapping.algorithm,
        wrapping.sealed,
        wrapping.expires_us,
    )
    await tx.execute(
        "DELETE FROM kms_import WHERE account = ? AND key_id = ? AND token NOT IN "
        "(SELECT token FROM kms_import WHERE account = ? AND key_id = ? "
        "ORDER BY expires_us DESC LIMIT ?)",
        wrapping.account,
        wrapping.key_id,
        wrapping.account,
        wrapping.key_id,
        keep,
    )


async def find_import(reader: Reader, key: Key, token: bytes) -> ImportKey | None:
    row = await reader.row(
        "SELECT account, key_id, token, algorithm, sealed, expires_us FROM kms_import "
        "WHERE account = ? AND key_id = ? AND token = ?",
        key.account,
        key.id,
        token,
    )
    if row is None:
        return None
    return ImportKey(
        account=AccountId(row[0]),
        key_id=row[1],
        token=bytes(row[2]),
        algorithm=row[3],
        sealed=bytes(row[4]),
        expires_us=row[5],
    )


async def delete_imports_before(tx: Tx, *, before_us: int) -> None:
    await tx.execute("DELETE FROM kms_import WHERE expires_us <= ?", before_us)


def _to_text(context: Mapping[str, str] | None) -> str | None:
    return None if context is None else msgspec.json.encode(dict(context)).decode()


def _grant(row: Row) -> Grant:
    account, key_id, grant_id, name, grantee, retiring, operations, equals, subset = row[:9]
    return Grant(
        account=AccountId(account),
        key_id=key_id,
        id=grant_id,
        name=name,
        grantee=grantee,
        retiring=retiring,
        operations=_decode_list(operations),
        context_equals=None if equals is None else _decode_context(equals),
        context_subset=None if subset is None else _decode_context(subset),
        issuer=row[9],
        created_us=row[10],
    )
