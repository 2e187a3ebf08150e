"""Test mode: what public conformance suites need (docs/reference/test-mode.md).

After bootstrap and the seed file, every table is copied into memory; `reset` puts the copy back in
one transaction and lets the services forget what they cached. Events that were not delivered yet
go with it. Blobs and instances of before the reset have no rows any more: the ordinary work
removes them afterwards, off the measured path.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import pkgutil
from contextlib import suppress
from typing import TYPE_CHECKING

import volano.services
from volano.app.oidc_issuer import PATH, OidcIssuer
from volano.kernel.call import system_call
from volano.services.identity import interface as identity
from volano.services.kms import interface as kms
from volano.services.network import interface as network
from volano.services.objects import interface as objects
from volano.services.regions import interface as regions
from volano.wire.http import Response

if TYPE_CHECKING:
    from volano.app.build import Process
    from volano.kernel.call import Env
    from volano.kernel.store import Reader, Row, Tx
    from volano.wire.http import Request

    Tables = dict[str, tuple[list[str], list[Row]]]

UNTOUCHED = frozenset(
    {
        "schema_migration",
        "lease",
        "event_cursor",  # positions only grow; the events themselves are deleted
        "compute_node",  # the node goes on reporting; without its row nothing can be placed
        "s3_garbage",  # the blobs of before, waiting to be freed
        "job",  # jobs of the cloud itself (root file systems) go on; see `_reset_jobs`
    }
)
_JSON = ("content-type", "application/json")
SETTLE_S = 0.02
"""How long a reset waits for events under way; what is not handled by then is dropped."""


class TestMode:
    """What test mode adds to the AWS port, below `/moto-api/`."""

    def __init__(self, process: Process, first: Tables) -> None:
        self._process = process
        self._first = first
        self._lock = asyncio.Lock()
        self._issuer = OidcIssuer(process.env)

    async def answer(self, request: Request) -> Response:
        if (request.method, request.raw_path) == ("POST", "/moto-api/reset"):
            await self.reset()
            return Response(headers=[_JSON], body=b'{"status": "ok"}')
        if request.raw_path.startswith(PATH + "/"):
            return await self._issuer.answer(request)
        return Response(status=404, headers=[_JSON], body=b'{"error": "only POST /moto-api/reset"}')

    async def reset(self) -> None:
        """Return the cloud to its first state."""
        async with self._lock:
            await _reset(self._process, self._first)


async def prepare_test_mode(process: Process) -> TestMode:
    """Seed what the test file describes and remember that state."""
    env = process.env
    await _seed(env)
    await process.journal.flush()
    await process.feed.settle()
    return TestMode(process, await _read_tables(env))


async def _seed(env: Env) -> None:
    """Accounts, users and keys of the test file, a default VPC for every account."""
    if env.config.test_file is not None:
        for owner, key in await identity.seed(env, env.config.test_file):
            await kms.seed_key(env, owner, key.id, key.description)
    for account in await identity.list_accounts(env):
        await network.require_default_vpc(env, system_call(env, account.id))


async def _reset(process: Process, first: Tables) -> None:
    env = process.env
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_S):
            await process.feed.settle()
    await process.journal.flush()
    _forget_caches(env)  # counters too: what is handed over from now on belongs to the new state

    async def restore(tx: Tx) -> None:
        await objects.free_all_blobs(tx, env.clock.now_us())
        for name in await _tables_with_rows(tx, list(first)):
            await tx.execute(f'DELETE FROM "{name}"')
        for name, (columns, rows) in first.items():
            if rows:
                marks = ", ".join("?" * len(columns))
                named = ", ".join(f'"{column}"' for column in columns)
                await tx.execute_many(f'INSERT INTO "{name}" ({named}) VALUES ({marks})', rows)
        await objects.keep_named_blobs(tx)
        await _reset_jobs(tx)

    await env.store.transact(restore)
    _forget_caches(env)
    await regions.apply_zone_states(env)
    for name in ("compute:instances", "objects:free"):
        env.work.wake(name)


async def _tables_with_rows(tx: Tx, names: list[str]) -> list[str]:
    """In one statement: most tables are empty, and each delete is a round trip."""
    asked = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)
    return [str(row[0]) for row in await tx.rows(" UNION ALL ".join(asked))]


async def _reset_jobs(tx: Tx) -> None:
    await tx.execute("DELETE FROM job WHERE account <> ''")


def _forget_caches(env: Env) -> None:
    for info in pkgutil.iter_modules(volano.services.__path__):
        name = f"volano.services.{info.name}.interface"
        if importlib.util.find_spec(name) is None:
            continue  # nothing stands above it
        forget = getattr(importlib.import_module(name), "forget_caches", None)
        if forget is not None:
            forget(env)


async def _read_tables(env: Env) -> Tables:
    """Every table that a reset puts back: its columns and rows. The outbox is put back empty."""
    reader, sqlite = env.store.reader, env.config.store == "sqlite"
    found: Tables = {}
    for name in await _tables(reader, sqlite=sqlite):
        columns = await _columns(reader, name, sqlite=sqlite)
        named = ", ".join(f'"{column}"' for column in columns)
        rows = [] if name == "outbox" else await reader.rows(f'SELECT {named} FROM "{name}"')
        found[name] = (columns, rows)
    return found


async def _tables(reader: Reader, *, sqlite: bool) -> list[str]:
    if sqlite:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    else:
        sql = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    names = [str(row[0]) for row in await reader.rows(sql)]
    return sorted(name for name in names if name not in UNTOUCHED)


async def _columns(reader: Reader, name: str, *, sqlite: bool) -> list[str]:
    if sqlite:
        rows = await reader.rows("SELECT name FROM pragma_table_info(?)", name)
    else:
        rows = await reader.rows(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position",
            name,
        )
    return [str(row[0]) for row in rows]
