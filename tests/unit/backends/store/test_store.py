"""Both stores keep the port's promises: isolation, group commit, order of events, migrations."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from volano.backends.store.dialect import numbered, postgres_schema, split_statements
from volano.backends.store.migrations import Migration, NewerSchema
from volano.backends.store.postgres import open_postgres
from volano.backends.store.sqlite import open_sqlite
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Conflict, Internal
from volano.kernel.events import Event, event

SCHEMA = Migration(
    area="probe",
    number=1,
    sql="CREATE TABLE probe (k TEXT PRIMARY KEY, v INTEGER NOT NULL, b BLOB);\n",
)


@event("probe.counted")
class Counted(Event, frozen=True, kw_only=True):
    number: int


@pytest.fixture
async def store(store_kind, request, tmp_path):
    if store_kind == "sqlite":
        opened = open_sqlite(tmp_path / "t.db", SystemClock(), [SCHEMA], lambda: None)
    else:
        url = await request.getfixturevalue("postgres").create_database_async()
        opened = await open_postgres(url, SystemClock(), [SCHEMA], lambda: None)
    yield opened
    await opened.close()


async def _put(store, key, value):
    async def work(tx):
        await tx.execute("INSERT INTO probe (k, v) VALUES (?, ?)", key, value)

    await store.transact(work)


async def test_committed_rows_are_visible_to_the_reader_at_once(store):
    await _put(store, "a", 1)
    assert await store.reader.row("SELECT v FROM probe WHERE k = ?", "a") == (1,)


async def test_a_failing_transaction_changes_nothing_and_spares_its_neighbours(store):
    async def bad(tx):
        await tx.execute("INSERT INTO probe (k, v) VALUES ('bad', 1)")
        tx.publish(Counted(number=-1))
        raise Conflict("on purpose")

    results = await asyncio.gather(
        *(_put(store, f"k{i}", i) for i in range(50)),
        store.transact(bad),
        *(_put(store, f"m{i}", i) for i in range(50)),
        return_exceptions=True,
    )
    assert [type(r) for r in results if r is not None] == [Conflict]
    assert await store.reader.row("SELECT count(*) FROM probe") == (100,)
    assert await store.read_outbox("", 10) == []


async def test_concurrent_increments_lose_nothing(store):
    await _put(store, "n", 0)

    async def add(tx):
        (value,) = await tx.row("SELECT v FROM probe WHERE k = 'n'")
        await tx.execute("UPDATE probe SET v = ? WHERE k = 'n'", value + 1)

    await asyncio.gather(*(store.transact(add) for _ in range(40)))
    assert await store.reader.row("SELECT v FROM probe WHERE k = 'n'") == (40,)


async def test_a_crowd_that_wants_one_row_is_served_whole(store):
    """Those who lost several races go one after the other (PostgreSQL), so all get through."""
    await _put(store, "n", 0)

    async def add(tx):
        for _ in range(10):
            (value,) = await tx.row("SELECT v FROM probe WHERE k = 'n'")
        tx.publish(Counted(number=value))
        await tx.execute("UPDATE probe SET v = ? WHERE k = 'n'", value + 1)

    await asyncio.gather(*(store.transact(add) for _ in range(100)))
    assert await store.reader.row("SELECT v FROM probe WHERE k = 'n'") == (100,)


async def test_events_come_in_commit_order_behind_a_cursor(store):
    async def publish(number):
        async def work(tx):
            tx.publish(Counted(number=number))

        await store.transact(work)

    for number in range(25):
        await publish(number)
    position, seen = "", []
    while batch := await store.read_outbox(position, 10):
        seen += [payload for _, _, payload in batch]
        position = batch[-1][0]
    assert seen == [b'{"number":%d}' % n for n in range(25)]


async def test_text_sorts_by_code_point(store):
    for key in ("b", "B", "a", "ä", "_", "Z", "中"):
        await _put(store, key, 0)
    rows = await store.reader.rows("SELECT k FROM probe ORDER BY k")
    assert [row[0] for row in rows] == sorted(("b", "B", "a", "ä", "_", "Z", "中"))


async def test_a_transaction_that_waits_for_something_else_is_refused(tmp_path):
    store = open_sqlite(tmp_path / "t.db", SystemClock(), [SCHEMA], lambda: None)

    async def work(tx):
        await asyncio.sleep(0.01)

    with pytest.raises((Internal, RuntimeError)):
        await store.transact(work)
    await _put(store, "after", 1)
    await store.close()


async def test_data_of_a_newer_version_is_refused_and_untouched(store_kind, request, tmp_path):
    newer = Migration(area="probe", number=2, sql="ALTER TABLE probe ADD COLUMN extra TEXT;\n")
    if store_kind == "sqlite":

        async def open_with(migrations):
            return open_sqlite(tmp_path / "n.db", SystemClock(), migrations, lambda: None)
    else:
        url = await request.getfixturevalue("postgres").create_database_async()

        async def open_with(migrations):
            return await open_postgres(url, SystemClock(), migrations, lambda: None)

    await (await open_with([SCHEMA, newer])).close()
    with pytest.raises(NewerSchema, match="newer Volano"):
        await open_with([SCHEMA])
    changed = Migration(area="probe", number=1, sql=SCHEMA.sql + "-- edited\n")
    with pytest.raises(NewerSchema, match="differs"):
        await open_with([changed, newer])
    await (await open_with([SCHEMA, newer])).close()


def test_placeholders_inside_quotes_stay():
    assert numbered("SELECT '?', ? FROM t WHERE a = ? AND b = '''?'") == (
        "SELECT '?', $1 FROM t WHERE a = $2 AND b = '''?'"
    )


def test_schema_words_for_postgres():
    sql = "CREATE TABLE t (a TEXT, b BLOB, c INTEGER) WITHOUT ROWID;"
    assert postgres_schema(sql) == 'CREATE TABLE t (a TEXT COLLATE "C", b BYTEA, c BIGINT) ;'
    assert split_statements("-- x\nA;\nB\n;\n") == ["A", "B"]


CHILD = """
import asyncio, sys
from pathlib import Path
from volano.backends.store.sqlite import open_sqlite
from volano.backends.store.migrations import Migration
from volano.kernel.clock import SystemClock

async def main(path, schema):
    store = open_sqlite(Path(path), SystemClock(), [Migration(area="probe", number=1, sql=schema)], lambda: None)
    start = (await store.reader.row("SELECT count(*) FROM probe"))[0]
    async def put(n):
        async def work(tx):
            await tx.execute("INSERT INTO probe (k, v) VALUES (?, ?)", f"k{n}", n)
        await store.transact(work)
        sys.stdout.write(f"{n}\\n"); sys.stdout.flush()
    n = start
    while True:
        await asyncio.gather(*(put(n + i) for i in range(8)))
        n += 8

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


def test_kill_9_loses_no_acknowledged_transaction(tmp_path: Path):
    from pysqlite3 import dbapi2 as sqlite3

    path = tmp_path / "k.db"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[4] / "src")}
    for round_number in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), SCHEMA.sql],
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        acknowledged = [child.stdout.readline() for _ in range(40 + 17 * round_number)]
        child.send_signal(signal.SIGKILL)
        rest = child.communicate()[0].splitlines()
        numbers = [int(line) for line in acknowledged + rest if line.strip()]
        connection = sqlite3.connect(path)
        stored = {row[0] for row in connection.execute("SELECT v FROM probe")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        assert set(numbers) <= stored
        with_gap = sqlite3.connect(path)
        with_gap.execute("DELETE FROM probe")
        with_gap.commit()
        with_gap.close()
