"""kill -9 at any moment under a mixed load, with real processes: everything acknowledged is there.

`VOLANO_FAULT_ROUNDS` (default 3 on each database) and `VOLANO_FAULT_SEED` repeat and widen a run.
"""

import asyncio
import contextlib
import os
import random
import sqlite3
from decimal import Decimal

import pytest
from tests.conftest import start_volano
from tests.faults.mixed_load import Load, kill_under_load

ROUNDS = int(os.environ.get("VOLANO_FAULT_ROUNDS", "3"))
LONGEST_S = 1.2


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_killed_server_keeps_everything_it_acknowledged(store, request, tmp_path):
    seed = int(os.environ.get("VOLANO_FAULT_SEED", random.randrange(10**9)))
    print("VOLANO_FAULT_SEED =", seed)
    choose = random.Random(seed)
    url = "sqlite" if store == "sqlite" else request.getfixturevalue("postgres").create_database()
    cloud = start_volano(tmp_path, store=url)
    try:
        load = Load(cloud)
        load.prepare()
        for number in range(ROUNDS):
            kill_under_load(load, number, choose.random() * LONGEST_S)
            cloud.restart()
            load.check()
        cloud.stop()
        usage, days = ledger(cloud, url)
        kinds = {kind for kind, _ in load.acknowledged}
    finally:
        cloud.stop(kill=True)
    print("acknowledged", len(load.acknowledged), "tried", load.tried)
    assert kinds == {"object", "user", "message", "key-pair", "ciphertext"}
    require_once(usage, days, load)


def ledger(cloud, url):
    """(usage rows, days) as (meter, resource, quantity)."""
    usage = "SELECT meter, resource, quantity FROM billing_usage"
    days = "SELECT meter, resource, quantity FROM billing_day"
    if url == "sqlite":
        with contextlib.closing(sqlite3.connect(cloud.data_dir / "volano.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return database.execute(usage).fetchall(), database.execute(days).fetchall()
    return asyncio.run(_read(url, usage)), asyncio.run(_read(url, days))


async def _read(url, sql):
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def require_once(usage, days, load):
    """Days are exactly the sum of the ledger, and nothing was counted more often than it was done."""

    def total(rows):
        found = {}
        for meter, resource, quantity in rows:
            found[meter, resource] = found.get((meter, resource), 0) + Decimal(quantity)
        return found

    assert total(usage) == total(days)
    uses = sum(amount for (meter, _), amount in total(usage).items() if meter == "kms.requests")
    assert uses <= load.tried["key"] + load.tried["decrypt"]
    writes = total(usage).get(("s3.requests.write", "arn:aws:s3:::faults"), 0)
    assert writes <= load.tried["put"] + 3 * load.tried["multipart"] + 1
