"""MFA devices, certificates, SSH keys, service passwords, SAML providers; password policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.ids import AccountId
from volano.services.identity.model.items import Item, ItemKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.store import Reader, Row, Tx

_ITEM = "id, account, kind, owner, name, body, secret, created_us"


def _item(row: Row) -> Item:
    kept = json.loads(row[5])
    return Item(
        id=row[0],
        account=AccountId(row[1]),
        kind=ItemKind(row[2]),
        owner=row[3],
        name=row[4],
        body=kept["body"],
        tags=kept["tags"],
        secret=None if row[6] is None else bytes(row[6]),
        created_us=row[7],
    )


def _kept(item: Item) -> str:
    return json.dumps({"body": dict(item.body), "tags": dict(item.tags)})


async def insert_item(tx: Tx, item: Item) -> None:
    await tx.execute(
        f"INSERT INTO identity_item ({_ITEM}, name_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        item.id,
        item.account,
        item.kind.value,
        item.owner,
        item.name,
        _kept(item),
        item.secret,
        item.created_us,
        item.name.lower(),
    )


async def update_item(tx: Tx, item: Item) -> None:
    """Everything but id, account, kind and creation time."""
    await tx.execute(
        "UPDATE identity_item SET owner = ?, name = ?, name_key = ?, body = ?, secret = ? "
        "WHERE id = ?",
        item.owner,
        item.name,
        item.name.lower(),
        _kept(item),
        item.secret,
        item.id,
    )


async def delete_item(tx: Tx, item_id: str) -> None:
    await tx.execute("DELETE FROM identity_mfa_counter WHERE device_id = ?", item_id)
    await tx.execute("DELETE FROM identity_item WHERE id = ?", item_id)


async def find_item(reader: Reader, account: str, kind: ItemKind, item_id: str) -> Item | None:
    row = await reader.row(
        f"SELECT {_ITEM} FROM identity_item WHERE id = ? AND account = ? AND kind = ?",
        item_id,
        account,
        kind.value,
    )
    return _item(row) if row else None


async def find_item_by_name(reader: Reader, account: str, kind: ItemKind, name: str) -> Item | None:
    row = await reader.row(
        f"SELECT {_ITEM} FROM identity_item WHERE account = ? AND kind = ? AND name_key = ?",
        account,
        kind.value,
        name.lower(),
    )
    return _item(row) if row else None


async def select_items(
    reader: Reader, account: str, kind: ItemKind, *, limit: int = 10_000
) -> list[Item]:
    """By name."""
    rows = await reader.rows(
        f"SELECT {_ITEM} FROM identity_item WHERE account = ? AND kind = ? "
        "ORDER BY name_key LIMIT ?",
        account,
        kind.value,
        limit,
    )
    return [_item(row) for row in rows]


async def select_items_of(
    reader: Reader, owner: str, kind: ItemKind, *, limit: int = 1000
) -> list[Item]:
    """A user's, the oldest first."""
    rows = await reader.rows(
        f"SELECT {_ITEM} FROM identity_item WHERE owner = ? AND kind = ? "
        "ORDER BY created_us, id LIMIT ?",
        owner,
        kind.value,
        limit,
    )
    return [_item(row) for row in rows]


async def has_items(reader: Reader, owner: str, kind: ItemKind) -> bool:
    row = await reader.row(
        "SELECT 1 FROM identity_item WHERE owner = ? AND kind = ? LIMIT 1", owner, kind.value
    )
    return row is not None


async def advance_counter(tx: Tx, device_id: str, counter: int) -> bool:
    """Use up a device's codes up to `counter`; False when they were used before."""
    row = await tx.row("SELECT counter FROM identity_mfa_counter WHERE device_id = ?", device_id)
    if row is not None and int(row[0]) >= counter:
        return False
    await tx.execute(
        "INSERT INTO identity_mfa_counter (device_id, counter) VALUES (?, ?) "
        "ON CONFLICT (device_id) DO UPDATE SET counter = excluded.counter",
        device_id,
        counter,
    )
    return True


async def find_counter(reader: Reader, device_id: str) -> int | None:
    row = await reader.row(
        "SELECT counter FROM identity_mfa_counter WHERE device_id = ?", device_id
    )
    return int(row[0]) if row else None


async def upsert_password_policy(tx: Tx, account: str, body: Mapping[str, int]) -> None:
    await tx.execute(
        "INSERT INTO identity_password_policy (account, body) VALUES (?, ?) "
        "ON CONFLICT (account) DO UPDATE SET body = excluded.body",
        account,
        json.dumps(dict(body)),
    )


async def delete_password_policy(tx: Tx, account: str) -> int:
    return await tx.execute("DELETE FROM identity_password_policy WHERE account = ?", account)


async def find_password_policy(reader: Reader, account: str) -> dict[str, int] | None:
    row = await reader.row("SELECT body FROM identity_password_policy WHERE account = ?", account)
    return dict(json.loads(row[0])) if row else None


async def select_password_policies(reader: Reader) -> list[tuple[str, dict[str, int]]]:
    """(account, policy) of every account that has one."""
    rows = await reader.rows(
        "SELECT account, body FROM identity_password_policy ORDER BY account LIMIT 100000"
    )
    return [(row[0], json.loads(row[1])) for row in rows]


async def expire_logins(tx: Tx, account: str, *, before_us: int) -> None:
    """Ask for a new password where the present one was set before `before_us`."""
    await tx.execute(
        "UPDATE identity_login SET must_change = 1 WHERE must_change = 0 AND changed_us < ? "
        "AND user_id IN (SELECT id FROM identity_user WHERE account = ?)",
        before_us,
        account,
    )


async def insert_old_password(tx: Tx, user_id: str, changed_us: int, hashed: str) -> None:
    await tx.execute(
        "INSERT INTO identity_old_password (user_id, changed_us, hash) VALUES (?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        user_id,
        changed_us,
        hashed,
    )


async def select_old_passwords(reader: Reader, user_id: str, *, limit: int) -> list[str]:
    """Hashes, the newest first."""
    rows = await reader.rows(
        "SELECT hash FROM identity_old_password WHERE user_id = ? ORDER BY changed_us DESC LIMIT ?",
        user_id,
        limit,
    )
    return [row[0] for row in rows]


async def delete_items_of(tx: Tx, user_id: str) -> None:
    """What a user leaves behind."""
    for table, column in (("old_password", "user_id"), ("service_use", "principal_id")):
        await tx.execute(f"DELETE FROM identity_{table} WHERE {column} = ?", user_id)
