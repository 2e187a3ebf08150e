"""Rows of identity_oidc_provider."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.identity.model.oidc import OidcProvider

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = "account, url, client_ids, thumbprints, tags, created_us"


async def find_provider(reader: Reader, account: str, url: str) -> OidcProvider | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM identity_oidc_provider WHERE account = ? AND url = ?", account, url
    )
    return None if row is None else _provider(row)


async def select_providers(reader: Reader, account: str, *, limit: int) -> list[OidcProvider]:
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM identity_oidc_provider WHERE account = ? ORDER BY url LIMIT ?",
        account,
        limit,
    )
    return [_provider(row) for row in rows]


async def upsert_provider(tx: Tx, provider: OidcProvider) -> None:
    await tx.execute(
        f"INSERT INTO identity_oidc_provider ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, url) DO UPDATE SET client_ids = excluded.client_ids, "
        "thumbprints = excluded.thumbprints, tags = excluded.tags",
        provider.account,
        provider.url,
        json.dumps(provider.client_ids),
        json.dumps(provider.thumbprints),
        json.dumps(dict(provider.tags)),
        provider.created_us,
    )


async def delete_provider(tx: Tx, account: str, url: str) -> int:
    return await tx.execute(
        "DELETE FROM identity_oidc_provider WHERE account = ? AND url = ?", account, url
    )


def _provider(row: Row) -> OidcProvider:
    return OidcProvider(
        account=AccountId(row[0]),
        url=row[1],
        client_ids=tuple(json.loads(row[2])),
        thumbprints=tuple(json.loads(row[3])),
        tags=json.loads(row[4]),
        created_us=row[5],
    )
