"""Manifests and secrets of apps, and their incoming webhooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.model.apps import AppConfig, Hook, Manifest

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_CONFIG = (
    "app_id, account, client_id, client_secret, signing_secret, verification_token, manifest, "
    "installed, scopes, events_disabled_us, failures, successes, counted_us, updated_us"
)
_HOOK = "id, account, app_id, user_id, channel_id, created_by, created_us"


async def find_config(reader: Reader, app_id: str) -> AppConfig | None:
    row = await reader.row(f"SELECT {_CONFIG} FROM chat_app_config WHERE app_id = ?", app_id)
    return None if row is None else _config(row)


async def find_config_of_client(reader: Reader, client_id: str) -> AppConfig | None:
    row = await reader.row(f"SELECT {_CONFIG} FROM chat_app_config WHERE client_id = ?", client_id)
    return None if row is None else _config(row)


async def select_configs(reader: Reader, account: str) -> list[AppConfig]:
    """Of the account's apps by id; at most 1,000."""
    rows = await reader.rows(
        f"SELECT {_CONFIG} FROM chat_app_config WHERE account = ? ORDER BY app_id LIMIT 1000",
        account,
    )
    return [_config(row) for row in rows]


async def upsert_config(tx: Tx, item: AppConfig) -> None:
    await tx.execute(
        f"INSERT INTO chat_app_config ({_CONFIG}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (app_id) DO UPDATE SET client_secret = excluded.client_secret, "
        "signing_secret = excluded.signing_secret, manifest = excluded.manifest, "
        "installed = excluded.installed, scopes = excluded.scopes, "
        "events_disabled_us = excluded.events_disabled_us, failures = excluded.failures, "
        "successes = excluded.successes, counted_us = excluded.counted_us, "
        "updated_us = excluded.updated_us",
        item.app_id,
        item.account,
        item.client_id,
        item.client_secret,
        item.signing_secret,
        item.verification_token,
        json.dumps(item.source),
        int(item.installed),
        json.dumps(item.scopes),
        item.events_disabled_us,
        item.failures,
        item.successes,
        item.counted_us,
        item.updated_us,
    )


async def delete_config(tx: Tx, app_id: str) -> None:
    """The app's manifest, webhooks, views, passes and waiting events."""
    for table in ("chat_app_config", "chat_hook", "chat_view", "chat_pass", "chat_app_event"):
        await tx.execute(f"DELETE FROM {table} WHERE app_id = ?", app_id)


async def insert_hook(tx: Tx, item: Hook, digest: bytes) -> None:
    await tx.execute(
        f"INSERT INTO chat_hook (digest, {_HOOK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        digest,
        item.id,
        item.account,
        item.app_id,
        item.user_id,
        item.channel_id,
        item.created_by,
        item.created_us,
    )


async def find_hook(reader: Reader, digest: bytes) -> Hook | None:
    row = await reader.row(f"SELECT {_HOOK} FROM chat_hook WHERE digest = ?", digest)
    return None if row is None else _hook(row)


async def select_hooks(reader: Reader, account: str) -> list[Hook]:
    """By id; at most 1,000."""
    rows = await reader.rows(
        f"SELECT {_HOOK} FROM chat_hook WHERE account = ? ORDER BY id LIMIT 1000", account
    )
    return [_hook(row) for row in rows]


async def delete_hook(tx: Tx, account: str, hook_id: str) -> bool:
    changed = await tx.execute(
        "DELETE FROM chat_hook WHERE account = ? AND id = ?", account, hook_id
    )
    return changed > 0


def _config(row: Row) -> AppConfig:
    source = json.loads(row[6])
    return AppConfig(
        app_id=row[0],
        account=row[1],
        client_id=row[2],
        client_secret=row[3],
        signing_secret=row[4],
        verification_token=row[5],
        manifest=msgspec.convert(source, Manifest, strict=False),
        source=source,
        installed=bool(row[7]),
        scopes=tuple(json.loads(row[8])),
        events_disabled_us=row[9],
        failures=row[10],
        successes=row[11],
        counted_us=row[12],
        updated_us=row[13],
    )


def _hook(row: Row) -> Hook:
    return Hook(
        id=row[0],
        account=row[1],
        app_id=row[2],
        user_id=row[3],
        channel_id=row[4],
        created_by=row[5],
        created_us=row[6],
    )
