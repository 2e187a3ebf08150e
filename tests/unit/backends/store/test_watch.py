"""A watch counts every commit that may have changed its tables, before the commit is told."""

from __future__ import annotations

import asyncio

import pytest

from volano.backends.store.migrations import Migration
from volano.backends.store.sqlite import open_sqlite
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Conflict, Unavailable
from volano.kernel.store import OwnStore

TABLES = "CREATE TABLE a_one (k TEXT PRIMARY KEY);\nCREATE TABLE a_one_more (k TEXT);\nCREATE TABLE b (k TEXT);\n"
WRITES = [
    "INSERT INTO a_one (k) VALUES ('x')",
    "INSERT INTO \"a_one\" (k) VALUES ('x')",
    "INSERT INTO a_one (k) SELECT k FROM b",
    "UPDATE a_one SET k = 'y'",
    "DELETE FROM a_one",
    "DELETE FROM \"a_one\" WHERE k = 'x'",
    "INSERT INTO a_one (k) VALUES ('z') RETURNING k",
]


@pytest.fixture
async def store(tmp_path):
    schema = Migration(area="probe", number=1, sql=TABLES)
    opened = open_sqlite(tmp_path / "t.db", SystemClock(), [schema], lambda: None)
    assert isinstance(opened, OwnStore)
    yield opened
    await opened.close()


@pytest.mark.parametrize("way", ["execute", "rows", "row", "execute_many"])
@pytest.mark.parametrize("sql", WRITES)
async def test_each_write_is_counted_and_no_other(store, sql, way):
    watched, other = store.watch("a_one"), store.watch("b")

    async def write(tx):
        if way == "execute_many":
            await tx.execute_many(sql.replace(" RETURNING k", ""), [()])
        else:
            await getattr(tx, way)(sql)

    await store.transact(write)
    assert watched.changes == 1
    assert other.changes == 0 or "FROM b" in sql  # too often is harmless


@pytest.mark.parametrize("sql", ["INSERT INTO a_one_more (k) VALUES ('x')", "DELETE FROM b", "SELECT k FROM a_one"])  # fmt: skip
async def test_other_tables_and_reads_are_not_counted(store, sql):
    watched = store.watch("a_one")
    await store.transact(lambda tx: tx.rows(sql))
    assert watched.changes == 0


async def test_patterns_are_of_whole_names(store):
    many, most = store.watch(r"a_\w+"), store.watch(r"a_(?!one\b)\w+")
    await store.transact(lambda tx: tx.execute("DELETE FROM a_one"))
    await store.transact(lambda tx: tx.execute("DELETE FROM a_one_more"))
    assert (many.changes, most.changes) == (2, 1)


async def test_the_count_has_grown_when_the_writer_hears_of_its_commit(store):
    watched = store.watch("a_one")
    for number in range(50):

        async def write(tx, number=number):
            await tx.execute("INSERT INTO a_one (k) VALUES (?)", str(number))

        before = watched.changes
        await store.transact(write)
        assert watched.changes > before
        found = await store.reader.row("SELECT count(*) FROM a_one")
        assert found[0] == number + 1


async def test_a_refused_transaction_beside_a_good_one_harms_nothing(store):
    watched = store.watch("a_one")

    async def bad(tx):
        await tx.execute("INSERT INTO a_one (k) VALUES ('bad')")
        raise Conflict("no")

    async def good(tx):
        await tx.execute("INSERT INTO a_one (k) VALUES ('good')")

    results = await asyncio.gather(
        store.transact(bad), store.transact(good), return_exceptions=True
    )
    assert isinstance(results[0], Conflict)
    assert watched.changes >= 1
    assert await store.reader.rows("SELECT k FROM a_one LIMIT 9") == [("good",)]


async def test_another_thread_may_run_a_transaction_itself(store):
    from tests.unit.backends.store.test_store import Counted

    watched = store.watch("a_one")
    loop = asyncio.get_running_loop()

    async def write(tx):
        await tx.execute("INSERT INTO a_one (k) VALUES ('here')")
        tx.publish(Counted(number=1))
        return "done"

    async def bad(tx):
        await tx.execute("INSERT INTO a_one (k) VALUES ('bad')")
        raise Conflict("no")

    results = await asyncio.gather(
        asyncio.to_thread(store.transact_here, write, loop),
        asyncio.to_thread(store.transact_here, bad, loop),
        *(store.transact(lambda tx, n=n: tx.execute("INSERT INTO b (k) VALUES (?)", n)) for n in "ab"),
        return_exceptions=True,
    )  # fmt: skip
    assert results[0] == "done"
    assert isinstance(results[1], Conflict)
    assert watched.changes >= 1
    assert await store.reader.rows("SELECT k FROM a_one LIMIT 9") == [("here",)]
    assert len(await store.reader.rows("SELECT k FROM b LIMIT 9")) == 2
    assert [payload for _, _, payload in await store.read_outbox("", 9)] == [b'{"number":1}']
    await store.close()
    with pytest.raises(Unavailable):
        await asyncio.to_thread(store.transact_here, write, loop)


async def test_many_events_of_one_transaction_keep_their_order(store):
    from tests.unit.backends.store.test_store import Counted

    async def write(tx):
        for number in range(150):
            tx.publish(Counted(number=number))

    await store.transact(write)
    payloads = [payload for _, _, payload in await store.read_outbox("", 1000)]
    assert payloads == [b'{"number":%d}' % number for number in range(150)]
