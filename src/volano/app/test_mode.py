"""Test mode: what public conformance suites need (docs/reference/test-mode.md).

After bootstrap and the seed file, every table is copied into memory; `reset` puts the copy back
in one transaction and lets the services forget what they cached. Blobs and instances of before
the reset are removed afterwards by the ordinary sweeps, off the measured path.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import volano.services
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.app.build import Process
    from volano.kernel.store import Reader, Row, Tx

KEPT = {"schema_migration", "lease"}
SERVICES = ("identity", "regions", "billing", "objects", "network", "compute", "models", "chat")


async def prepare_test_mode(process: Process) -> Callable[[], Awaitable[None]]:
    """Seed the accounts of the test file and return the reset function."""
    env = process.env
    if env.config.test_file is not None:
        await identity.seed(env, env.config.test_file)
    await process.journal.flush()
    await process.feed.settle()
    tables = await _tables(env.store.reader, sqlite=env.config.store == "sqlite")
    sqlite = env.config.store == "sqlite"
    first = {name: await _read_table(env.store.reader, name, sqlite=sqlite) for name in tables}

    async def reset() -> None:
        await process.journal.flush()

        async def restore(tx: Tx) -> None:
            for name in tables:
                await tx.execute(f'DELETE FROM "{name}"')
            for name, (columns, rows) in first.items():
                if rows:
                    marks = ", ".join("?" * len(columns))
                    named = ", ".join(f'"{column}"' for column in columns)
                    await tx.execute_many(f'INSERT INTO "{name}" ({named}) VALUES ({marks})', rows)

        await env.store.transact(restore)
        for service in SERVICES:
            module = importlib.import_module(f"{volano.services.__name__}.{service}.interface")
            forget = getattr(module, "forget_caches", None)
            if forget is not None:
                forget(env)
        for name in ("compute:instances", "objects:sweep"):
            env.work.wake(name)

    return reset


async def _tables(reader: Reader, *, sqlite: bool) -> list[str]:
    if sqlite:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    else:
        sql = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    names = [row[0] for row in await reader.rows(sql)]
    cursors = {"outbox", "event_cursor", "event_dead"}
    return sorted(name for name in names if name not in KEPT | cursors)


async def _read_table(reader: Reader, name: str, *, sqlite: bool) -> tuple[list[str], list[Row]]:
    columns = await _columns(reader, name, sqlite=sqlite)
    named = ", ".join(f'"{column}"' for column in columns)
    return columns, await reader.rows(f'SELECT {named} FROM "{name}"')


async def _columns(reader: Reader, name: str, *, sqlite: bool) -> list[str]:
    if sqlite:
        rows = await reader.rows("SELECT name FROM pragma_table_info(?)", name)
    else:
        rows = await reader.rows(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position",
            name,
        )
    return [row[0] for row in rows]
