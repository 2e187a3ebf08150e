"""Rows of OAuth clients, grants and codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.identity.model.oauth import MAX_GRANTS, OauthClient, OauthCode, OauthGrant

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_GRANT = "id, account, user_id, client_id, client_name, scope, token_id, created_us, used_us"


async def insert_client(tx: Tx, client: OauthClient) -> None:
    await tx.execute(
        "INSERT INTO identity_oauth_client (id, name, redirect_uris, created_us, used_us) "
        "VALUES (?, ?, ?, ?, ?)",
        client.id,
        client.name,
        json.dumps(client.redirect_uris),
        client.created_us,
        client.created_us,
    )


async def find_client(reader: Reader, client_id: str) -> OauthClient | None:
    row = await reader.row(
        "SELECT id, name, redirect_uris, created_us FROM identity_oauth_client WHERE id = ?",
        client_id,
    )
    if row is None:
        return None
    return OauthClient(
        id=row[0], name=row[1], redirect_uris=tuple(json.loads(row[2])), created_us=row[3]
    )


async def update_client_used(tx: Tx, client_id: str, used_us: int) -> None:
    await tx.execute(
        "UPDATE identity_oauth_client SET used_us = ? WHERE id = ?", used_us, client_id
    )


async def delete_clients_beyond(tx: Tx, count: int) -> int:
    """Delete all but the `count` used last."""
    return await tx.execute(
        "DELETE FROM identity_oauth_client WHERE id IN "
        "(SELECT id FROM identity_oauth_client ORDER BY used_us DESC, id LIMIT 1000 OFFSET ?)",
        count,
    )


async def insert_code(tx: Tx, code: OauthCode, *, digest: bytes) -> None:
    await tx.execute(
        "INSERT INTO identity_oauth_code (digest, user_id, client_id, redirect_uri, scope, "
        "challenge, grant_id, expires_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        digest,
        code.user_id,
        code.client_id,
        code.redirect_uri,
        code.scope,
        code.challenge,
        code.grant_id,
        code.expires_us,
    )


async def find_code(reader: Reader, digest: bytes) -> OauthCode | None:
    row = await reader.row(
        "SELECT user_id, client_id, redirect_uri, scope, challenge, grant_id, expires_us "
        "FROM identity_oauth_code WHERE digest = ?",
        digest,
    )
    if row is None:
        return None
    return OauthCode(
        user_id=row[0],
        client_id=row[1],
        redirect_uri=row[2],
        scope=row[3],
        challenge=row[4],
        grant_id=row[5],
        expires_us=row[6],
    )


async def update_code_exchanged(tx: Tx, digest: bytes, grant_id: str) -> int:
    """Take the code; answers 0 when somebody took it before."""
    return await tx.execute(
        "UPDATE identity_oauth_code SET grant_id = ? WHERE digest = ? AND grant_id = ''",
        grant_id,
        digest,
    )


async def delete_expired_codes(tx: Tx, *, before_us: int) -> None:
    await tx.execute("DELETE FROM identity_oauth_code WHERE expires_us < ?", before_us)


def _grant(row: Row) -> OauthGrant:
    return OauthGrant(
        id=row[0],
        account=AccountId(row[1]),
        user_id=row[2],
        client_id=row[3],
        client_name=row[4],
        scope=row[5],
        token_id=row[6],
        created_us=row[7],
        used_us=row[8],
    )


async def insert_grant(tx: Tx, grant: OauthGrant, *, refresh: bytes) -> None:
    await tx.execute(
        f"INSERT INTO identity_oauth_grant ({_GRANT}, refresh, previous) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        grant.id,
        grant.account,
        grant.user_id,
        grant.client_id,
        grant.client_name,
        grant.scope,
        grant.token_id,
        grant.created_us,
        grant.used_us,
        refresh,
        b"",
    )


async def find_grant(reader: Reader, grant_id: str) -> OauthGrant | None:
    row = await reader.row(f"SELECT {_GRANT} FROM identity_oauth_grant WHERE id = ?", grant_id)
    return _grant(row) if row else None


async def find_grant_by_refresh(reader: Reader, digest: bytes) -> OauthGrant | None:
    row = await reader.row(f"SELECT {_GRANT} FROM identity_oauth_grant WHERE refresh = ?", digest)
    return _grant(row) if row else None


async def find_grant_by_previous(reader: Reader, digest: bytes) -> OauthGrant | None:
    row = await reader.row(f"SELECT {_GRANT} FROM identity_oauth_grant WHERE previous = ?", digest)
    return _grant(row) if row else None


async def find_grant_by_token(reader: Reader, token_id: str) -> OauthGrant | None:
    row = await reader.row(
        f"SELECT {_GRANT} FROM identity_oauth_grant WHERE token_id = ? LIMIT 1", token_id
    )
    return _grant(row) if row else None


async def select_grants(reader: Reader, user_id: str) -> list[OauthGrant]:
    """Of a person, the newest first."""
    rows = await reader.rows(
        f"SELECT {_GRANT} FROM identity_oauth_grant WHERE user_id = ? "
        "ORDER BY created_us DESC, id LIMIT ?",
        user_id,
        MAX_GRANTS,
    )
    return [_grant(row) for row in rows]


async def update_grant_tokens(
    tx: Tx, grant: OauthGrant, *, shown: bytes, refresh: bytes, token_id: str, used_us: int
) -> int:
    """Put the next pair in place of the one whose refresh token is `shown`; 0 when it is gone."""
    return await tx.execute(
        "UPDATE identity_oauth_grant SET refresh = ?, previous = ?, token_id = ?, used_us = ? "
        "WHERE id = ? AND refresh = ?",
        refresh,
        shown,
        token_id,
        used_us,
        grant.id,
        shown,
    )


async def delete_grant(tx: Tx, grant_id: str) -> int:
    return await tx.execute("DELETE FROM identity_oauth_grant WHERE id = ?", grant_id)


async def delete_unused_grants(tx: Tx, *, before_us: int) -> None:
    """With the access tokens that they last gave, expired long ago."""
    await tx.execute(
        "DELETE FROM identity_token WHERE id IN "
        "(SELECT token_id FROM identity_oauth_grant WHERE used_us < ?)",
        before_us,
    )
    await tx.execute("DELETE FROM identity_oauth_grant WHERE used_us < ?", before_us)
