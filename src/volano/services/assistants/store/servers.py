"""Rows of the outside MCP servers that were approved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.assistants.model import MAX_SERVERS, OutsideServer, OutsideTool

if TYPE_CHECKING:
    from volano.kernel.store import Reader, Row, Tx

_SERVER = "account, name, url, secret, tools, allowed, digest, changed, approved_us"


def _server(row: Row) -> OutsideServer:
    return OutsideServer(
        account=row[0],
        name=row[1],
        url=row[2],
        secret=bytes(row[3]),
        tools=tuple(
            OutsideTool(name=name, description=description, schema=schema)
            for name, description, schema in json.loads(row[4])
        ),
        allowed=tuple(json.loads(row[5])),
        digest=row[6],
        changed=bool(row[7]),
        approved_us=row[8],
    )


async def upsert_server(tx: Tx, item: OutsideServer) -> None:
    await tx.execute(
        f"INSERT INTO assistants_server ({_SERVER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (account, name) DO UPDATE SET url = excluded.url, secret = excluded.secret, "
        "tools = excluded.tools, allowed = excluded.allowed, digest = excluded.digest, "
        "changed = excluded.changed, approved_us = excluded.approved_us",
        item.account,
        item.name,
        item.url,
        item.secret,
        json.dumps([[tool.name, tool.description, tool.schema] for tool in item.tools]),
        json.dumps(item.allowed),
        item.digest,
        int(item.changed),
        item.approved_us,
    )


async def update_server_changed(tx: Tx, account: str, name: str) -> None:
    await tx.execute(
        "UPDATE assistants_server SET changed = 1 WHERE account = ? AND name = ?", account, name
    )


async def delete_server(tx: Tx, account: str, name: str) -> int:
    return await tx.execute(
        "DELETE FROM assistants_server WHERE account = ? AND name = ?", account, name
    )


async def find_server(reader: Reader, account: str, name: str) -> OutsideServer | None:
    row = await reader.row(
        f"SELECT {_SERVER} FROM assistants_server WHERE account = ? AND name = ?", account, name
    )
    return _server(row) if row else None


async def select_servers(reader: Reader, account: str) -> list[OutsideServer]:
    """By name."""
    rows = await reader.rows(
        f"SELECT {_SERVER} FROM assistants_server WHERE account = ? ORDER BY name LIMIT ?",
        account,
        MAX_SERVERS,
    )
    return [_server(row) for row in rows]
