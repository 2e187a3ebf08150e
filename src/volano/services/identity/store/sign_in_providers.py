"""Rows of sign-in providers, and of who their subjects are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.identity.model.sign_in import MAX_PROVIDERS, LinkBy, SignInProvider

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = (
    "account, name, title, issuer, client_id, client_secret, link_by, create_users, "
    "email_domains, group_names, created_us"
)


def _provider(row: Row) -> SignInProvider:
    return SignInProvider(
        account=AccountId(row[0]),
        name=row[1],
        title=row[2],
        issuer=row[3],
        client_id=row[4],
        client_secret=row[5],
        link_by=LinkBy(row[6]),
        create_users=bool(row[7]),
        email_domains=tuple(json.loads(row[8])),
        groups=tuple(json.loads(row[9])),
        created_us=row[10],
    )


async def find_provider(reader: Reader, account: str, name: str) -> SignInProvider | None:
    row = await reader.row(
        f"SELECT {_COLUMNS} FROM identity_sign_in_provider WHERE account = ? AND name = ?",
        account,
        name,
    )
    return _provider(row) if row else None


async def select_providers(reader: Reader, account: str) -> list[SignInProvider]:
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM identity_sign_in_provider WHERE account = ? ORDER BY name LIMIT ?",
        account,
        MAX_PROVIDERS,
    )
    return [_provider(row) for row in rows]


async def upsert_provider(tx: Tx, provider: SignInProvider) -> None:
    await tx.execute(
        f"INSERT INTO identity_sign_in_provider ({_COLUMNS}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, name) DO UPDATE SET title = excluded.title, "
        "issuer = excluded.issuer, client_id = excluded.client_id, "
        "client_secret = excluded.client_secret, link_by = excluded.link_by, "
        "create_users = excluded.create_users, email_domains = excluded.email_domains, "
        "group_names = excluded.group_names",
        provider.account,
        provider.name,
        provider.title,
        provider.issuer,
        provider.client_id,
        provider.client_secret,
        provider.link_by.value,
        int(provider.create_users),
        json.dumps(provider.email_domains),
        json.dumps(provider.groups),
        provider.created_us,
    )


async def delete_provider(tx: Tx, account: str, name: str) -> int:
    return await tx.execute(
        "DELETE FROM identity_sign_in_provider WHERE account = ? AND name = ?", account, name
    )


async def find_federated(reader: Reader, account: str, issuer: str, subject: str) -> str | None:
    """The id of the user whom a subject of an issuer is."""
    row = await reader.row(
        "SELECT user_id FROM identity_federated WHERE account = ? AND issuer = ? AND subject = ?",
        account,
        issuer,
        subject,
    )
    return row[0] if row else None


async def insert_federated(
    tx: Tx, account: str, issuer: str, subject: str, *, user_id: str, created_us: int
) -> int:
    """0 when the subject is somebody already."""
    return await tx.execute(
        "INSERT INTO identity_federated (account, issuer, subject, user_id, created_us) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (account, issuer, subject) DO NOTHING",
        account,
        issuer,
        subject,
        user_id,
        created_us,
    )


async def select_users_by_email(reader: Reader, account: str, email: str) -> list[str]:
    """Ids of at most two users: one is an answer, two are none."""
    rows = await reader.rows(
        "SELECT id FROM identity_user WHERE account = ? AND kind = 'user' AND lower(email) = ? "
        "ORDER BY id LIMIT 2",
        account,
        email.lower(),
    )
    return [row[0] for row in rows]
