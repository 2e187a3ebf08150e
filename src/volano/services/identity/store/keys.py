"""AWS access keys, temporary keys of STS, and bearer tokens (API keys, Slack tokens)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.identity.model.credentials import AccessKeyRow, TemporaryKey, Token, TokenKind

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_KEY = (
    "id, account, user_id, secret, active, created_us, last_used_us, last_used_service, "
    "last_used_region"
)
_TEMPORARY = (
    "id, account, principal_id, session_name, secret, token_digest, policy, tags, created_us, "
    "expires_us, facts"
)
_BEARER = (
    "id, account, user_id, kind, name, hint, app, scopes, created_us, expires_us, last_used_us"
)


def _key(row: Row) -> AccessKeyRow:
    return AccessKeyRow(
        id=row[0],
        account=AccountId(row[1]),
        user_id=row[2],
        secret=bytes(row[3]),
        active=bool(row[4]),
        created_us=row[5],
        last_used_us=row[6],
        last_used_service=row[7],
        last_used_region=row[8],
    )


async def insert_access_key(tx: Tx, key: AccessKeyRow) -> None:
    await tx.execute(
        f"INSERT INTO identity_access_key ({_KEY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        key.id,
        key.account,
        key.user_id,
        key.secret,
        int(key.active),
        key.created_us,
        key.last_used_us,
        key.last_used_service,
        key.last_used_region,
    )


async def update_access_key_active(tx: Tx, key_id: str, *, active: bool) -> None:
    await tx.execute("UPDATE identity_access_key SET active = ? WHERE id = ?", int(active), key_id)


async def update_access_key_used(
    tx: Tx, key_id: str, *, used_us: int, service: str, region: str
) -> None:
    await tx.execute(
        "UPDATE identity_access_key SET last_used_us = ?, last_used_service = ?, "
        "last_used_region = ? WHERE id = ?",
        used_us,
        service,
        region,
        key_id,
    )


async def delete_access_key(tx: Tx, key_id: str) -> None:
    await tx.execute("DELETE FROM identity_access_key WHERE id = ?", key_id)


async def find_access_key(reader: Reader, key_id: str) -> AccessKeyRow | None:
    row = await reader.row(f"SELECT {_KEY} FROM identity_access_key WHERE id = ?", key_id)
    return _key(row) if row else None


async def select_access_keys(reader: Reader, user_id: str) -> list[AccessKeyRow]:
    rows = await reader.rows(
        f"SELECT {_KEY} FROM identity_access_key WHERE user_id = ? ORDER BY created_us, id "
        "LIMIT 1000",
        user_id,
    )
    return [_key(row) for row in rows]


async def insert_temporary_key(tx: Tx, key: TemporaryKey) -> None:
    await tx.execute(
        f"INSERT INTO identity_temporary_key ({_TEMPORARY}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        key.id,
        key.account,
        key.principal_id,
        key.session_name,
        key.secret,
        key.token_digest,
        key.policy,
        json.dumps(dict(key.tags)),
        key.created_us,
        key.expires_us,
        json.dumps(dict(key.facts)),
    )


async def find_temporary_key(reader: Reader, key_id: str) -> TemporaryKey | None:
    row = await reader.row(f"SELECT {_TEMPORARY} FROM identity_temporary_key WHERE id = ?", key_id)
    if row is None:
        return None
    return TemporaryKey(
        id=row[0],
        account=AccountId(row[1]),
        principal_id=row[2],
        session_name=row[3],
        secret=bytes(row[4]),
        token_digest=bytes(row[5]),
        policy=row[6],
        tags=json.loads(row[7]),
        created_us=row[8],
        expires_us=row[9],
        facts=json.loads(row[10]),
    )


async def delete_temporary_keys_of(tx: Tx, principal_id: str) -> None:
    await tx.execute("DELETE FROM identity_temporary_key WHERE principal_id = ?", principal_id)


async def delete_temporary_keys_of_account(tx: Tx, account: str) -> None:
    await tx.execute("DELETE FROM identity_temporary_key WHERE account = ?", account)


async def delete_expired_temporary_keys(tx: Tx, *, before_us: int) -> None:
    await tx.execute("DELETE FROM identity_temporary_key WHERE expires_us < ?", before_us)


def _token(row: Row) -> Token:
    return Token(
        id=row[0],
        account=AccountId(row[1]),
        user_id=row[2],
        kind=TokenKind(row[3]),
        name=row[4],
        hint=row[5],
        app=row[6],
        scopes=None if row[7] is None else frozenset(json.loads(row[7])),
        created_us=row[8],
        expires_us=row[9],
        last_used_us=row[10],
    )


async def insert_token(tx: Tx, token: Token, *, digest: bytes) -> None:
    await tx.execute(
        f"INSERT INTO identity_token ({_BEARER}, digest) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        token.id,
        token.account,
        token.user_id,
        token.kind.value,
        token.name,
        token.hint,
        token.app,
        None if token.scopes is None else json.dumps(sorted(token.scopes)),
        token.created_us,
        token.expires_us,
        token.last_used_us,
        digest,
    )


async def find_token_by_digest(reader: Reader, digest: bytes) -> Token | None:
    row = await reader.row(f"SELECT {_BEARER} FROM identity_token WHERE digest = ?", digest)
    return _token(row) if row else None


async def find_token(reader: Reader, account: str, token_id: str) -> Token | None:
    row = await reader.row(
        f"SELECT {_BEARER} FROM identity_token WHERE account = ? AND id = ?", account, token_id
    )
    return _token(row) if row else None


async def select_tokens_of_user(reader: Reader, user_id: str) -> list[Token]:
    """The newest first."""
    rows = await reader.rows(
        f"SELECT {_BEARER} FROM identity_token WHERE user_id = ? "
        "ORDER BY created_us DESC, id DESC LIMIT 1000",
        user_id,
    )
    return [_token(row) for row in rows]


async def update_token_expiry(tx: Tx, token_id: str, expires_us: int) -> None:
    await tx.execute("UPDATE identity_token SET expires_us = ? WHERE id = ?", expires_us, token_id)


async def update_token_used(tx: Tx, token_id: str, used_us: int) -> None:
    await tx.execute("UPDATE identity_token SET last_used_us = ? WHERE id = ?", used_us, token_id)


async def delete_token(tx: Tx, token_id: str) -> None:
    await tx.execute("DELETE FROM identity_token WHERE id = ?", token_id)


_OF_A_USER = (
    "access_key",
    "token",
    "login",
    "login_link",
    "session",
    "passkey",
    "authenticator",
    "recovery_code",
    "challenge",
    "federated",
    "oauth_grant",
)


async def delete_credentials_of(tx: Tx, user_id: str) -> None:
    """Every key, token, password, link and session of a user."""
    for table in _OF_A_USER:
        await tx.execute(f"DELETE FROM identity_{table} WHERE user_id = ?", user_id)
    await delete_temporary_keys_of(tx, user_id)
