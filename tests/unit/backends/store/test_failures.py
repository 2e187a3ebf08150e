"""What the stores do when the disk is full, the server goes away, or callers misbehave."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import asyncpg
import pytest

from volano.backends.store.migrations import Migration
from volano.backends.store.postgres import open_postgres
from volano.backends.store.sqlite import open_sqlite
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Internal, Unavailable
from volano.kernel.events import Event, event

SCHEMA = Migration(area="probe", number=1, sql="CREATE TABLE probe (k TEXT PRIMARY KEY, v BLOB);\n")


@event("probe.failed_over")
class FailedOver(Event, frozen=True, kw_only=True):
    number: int


def put(key, size=1):
    async def work(tx):
        await tx.execute("INSERT INTO probe (k, v) VALUES (?, ?)", key, b"x" * size)

    return work


def sqlite(path, on_event=lambda: None):
    return open_sqlite(path, SystemClock(), [SCHEMA], on_event)


FULL_DISK = """
import asyncio, os, resource, signal, sys
from pathlib import Path
from volano.backends.store.migrations import Migration
from volano.backends.store.sqlite import open_sqlite
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Unavailable

def put(key, size):
    async def work(tx):
        await tx.execute("INSERT INTO probe (k, v) VALUES (?, ?)", key, b"x" * size)
    return work

async def main(path, schema):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = open_sqlite(Path(path), SystemClock(), [Migration(area="probe", number=1, sql=schema)], lambda: None)
    await store.transact(put("before", 10))
    size = os.stat(path + "-wal").st_size
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, hard))
    asked = [store.transact(put(f"full{n}", 30_000)) for n in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    kept = {f"full{n}" for n, answer in enumerate(answers) if answer is None}
    refused = [a for a in answers if a is not None]
    assert refused and all(isinstance(a, Unavailable) and a.wire_code == "InsufficientStorage" for a in refused), answers
    found = {row[0] for row in await store.reader.rows("SELECT k FROM probe")}
    assert found == kept | {"before"}, (found, kept)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await store.transact(put("after", 30_000))
    assert await store.reader.row("SELECT count(*) FROM probe") == (len(kept) + 2,)
    assert await store.reader.row("PRAGMA integrity_check") == ("ok",)
    await store.close()
    print("good")

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


def test_a_full_disk_refuses_writers_keeps_what_it_promised_and_recovers(tmp_path: Path):
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[4] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "f.db"), SCHEMA.sql],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "good\n", done.stderr


async def test_a_caller_that_is_cancelled_disturbs_nobody(tmp_path):
    store = sqlite(tmp_path / "t.db")
    asked = [asyncio.ensure_future(store.transact(put(f"k{n}"))) for n in range(50)]
    await asyncio.sleep(0)
    for task in asked[::2]:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert [task.cancelled() for task in asked] == [n % 2 == 0 for n in range(50)]
    await store.transact(put("last"))
    kept = {row[0] for row in await store.reader.rows("SELECT k FROM probe")}
    assert {f"k{n}" for n in range(1, 50, 2)} | {"last"} <= kept
    await store.close()


async def test_a_loop_that_closed_before_its_answer_does_not_end_the_writer(tmp_path):
    store = sqlite(tmp_path / "t.db")
    begun = []

    def other_loop():
        async def leave():
            async def work(tx):
                tx.publish(FailedOver(number=1))

            begun.extend(asyncio.ensure_future(store.transact(work)) for _ in range(20))
            await asyncio.sleep(0)

        loop = asyncio.new_event_loop()
        loop.run_until_complete(leave())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=other_loop)
    thread.start()
    await asyncio.to_thread(thread.join)
    for n in range(5):
        await store.transact(put(f"k{n}"))
    await store.close()


async def test_a_transaction_that_reads_past_its_tx_is_told_so(tmp_path):
    store = sqlite(tmp_path / "t.db")

    async def work(tx):
        await store.reader.rows("SELECT 1")

    with pytest.raises(Internal, match="through its Tx"):
        await store.transact(work)
    await store.close()


async def test_after_close_writers_hear_unavailable_and_what_was_queued_is_kept(tmp_path):
    store = sqlite(tmp_path / "t.db")
    asked = [asyncio.ensure_future(store.transact(put(f"k{n}"))) for n in range(100)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*asked) == [None] * 100
    with pytest.raises(Unavailable):
        await store.transact(put("late"))
    await store.close()


async def test_a_lock_held_by_another_program_is_unavailable_not_a_bug(tmp_path, monkeypatch):
    from pysqlite3 import dbapi2

    store = sqlite(tmp_path / "t.db")
    store._writer.execute("PRAGMA busy_timeout = 1")
    other = dbapi2.connect(tmp_path / "t.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="lock"):
        await store.transact(put("k"))
    other.execute("ROLLBACK")
    await store.transact(put("k"))
    other.close()
    await store.close()


def test_only_the_owner_may_read_the_database_and_its_log(tmp_path):
    old = os.umask(0o022)
    try:
        asyncio.run(_write_one(tmp_path / "t.db"))
    finally:
        os.umask(old)


async def _write_one(path):
    store = sqlite(path)
    await store.transact(put("k"))
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {"t.db": 0o600, "t.db-wal": 0o600, "t.db-shm": 0o600}
    await store.close()


@pytest.mark.parametrize("content", [b"this is not a database, not at all, sorry" * 100])
def test_a_damaged_file_is_named_not_a_traceback(tmp_path, content):
    (tmp_path / "t.db").write_bytes(content)
    with pytest.raises(Internal, match="damaged"):
        sqlite(tmp_path / "t.db")


async def test_a_long_reader_does_not_stop_writers_and_the_log_shrinks_again(tmp_path):
    from pysqlite3 import dbapi2

    path = tmp_path / "t.db"
    store = sqlite(path)
    await store.transact(put("first"))
    reader = dbapi2.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM probe").fetchone() == (1,)
    for n in range(90):
        await store.transact(put(f"k{n}", 1_000_000))
    log = Path(f"{path}-wal")
    assert log.stat().st_size > 80_000_000
    assert reader.execute("SELECT count(*) FROM probe").fetchone() == (1,)
    reader.execute("ROLLBACK")
    reader.close()
    for n in range(3):
        await store.transact(put(f"m{n}", 5_000_000))
    assert log.stat().st_size <= 64 * 1024 * 1024
    await store.close()


async def test_prune_keeps_what_a_present_subscriber_has_not_passed(store_kind, request, tmp_path):
    if store_kind == "sqlite":
        store = sqlite(tmp_path / "t.db")
    else:
        url = await request.getfixturevalue("postgres").create_database_async()
        store = await open_postgres(url, SystemClock(), [SCHEMA], lambda: None)

    async def publish(number):
        async def work(tx):
            tx.publish(FailedOver(number=number))

        await store.transact(work)

    async def cursor(name, position):
        async def work(tx):
            await tx.execute(
                "INSERT INTO event_cursor VALUES (?, ?) "
                "ON CONFLICT (subscriber) DO UPDATE SET position = excluded.position",
                name,
                position,
            )

        await store.transact(work)

    for number in range(6):
        await publish(number)
    found = await store.read_outbox("", 10)
    await cursor("one", found[5][0])
    await cursor("gone in this version", found[0][0])
    later = SystemClock().now_us() + 1
    assert await store.prune_outbox(later, ["one", "new"]) == 0
    await cursor("new", found[3][0])
    assert await store.prune_outbox(0, ["one", "new"]) == 0
    assert await store.prune_outbox(later, ["one", "new"]) in (3, 4)
    left = [position for position, _, _ in await store.read_outbox("", 10)]
    assert left[-2:] == [found[4][0], found[5][0]]
    await store.close()


async def test_postgres_that_goes_away_is_unavailable_and_comes_back(postgres):
    url = await postgres.create_database_async()
    store = await open_postgres(url, SystemClock(), [SCHEMA], lambda: None)
    await store.transact(put("before"))
    admin = await asyncpg.connect(f"postgresql://volano@/postgres?host={postgres.folder}")
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'volano' AND datname = $1"
    )
    name = url.partition("@/")[2].partition("?")[0]

    async def die_within(tx):
        await tx.execute("INSERT INTO probe (k) VALUES ('half')")
        await admin.fetch(kill, name)
        await tx.row("SELECT 1")

    with pytest.raises(Unavailable):
        await store.transact(die_within)
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await admin.fetch(kill, name)
    with pytest.raises(Unavailable):
        await store.reader.rows("SELECT 1")
    with pytest.raises(Unavailable):
        await store.transact(put("away"))
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await admin.close()
    await store.transact(put("after"))
    assert await store.reader.rows("SELECT k FROM probe ORDER BY k") == [("after",), ("before",)]
    await store.close()


async def test_postgres_events_held_back_by_an_older_transaction_come_after_it(postgres):
    url = await postgres.create_database_async()
    store = await open_postgres(url, SystemClock(), [SCHEMA], lambda: None)
    older = await asyncpg.connect(url)
    held = older.transaction()
    await held.start()
    await older.execute("INSERT INTO outbox (type, payload, created_us) VALUES ('older', 'x', 1)")

    async def publish(tx):
        tx.publish(FailedOver(number=1))

    await store.transact(publish)
    assert await store.read_outbox("", 10) == []
    assert await store.has_events_after("")
    await held.commit()
    await older.close()
    assert [kind for _, kind, _ in await store.read_outbox("", 10)] == [
        "older",
        "probe.failed_over",
    ]
    await store.close()
