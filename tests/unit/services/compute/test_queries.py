"""The number of queries does not grow with the number of instances."""

from __future__ import annotations

from dataclasses import replace

from volano.services.compute.api.describe import describe_instances
from volano.services.compute.interface import open_fleet
from volano.services.compute.logic import key_pairs

GIB = 1024**3


class Counted:
    """A reader that counts what it is asked."""

    def __init__(self, reader) -> None:
        self._reader = reader
        self.count = 0

    async def rows(self, sql, *values):
        self.count += 1
        return await self._reader.rows(sql, *values)

    async def row(self, sql, *values):
        self.count += 1
        return await self._reader.row(sql, *values)


class CountedStore:
    def __init__(self, store) -> None:
        self._store = store
        self.reader = Counted(store.reader)

    async def transact(self, work):
        return await self._store.transact(work)


async def queries(env, ask) -> int:
    store = CountedStore(env.store)
    await ask(replace(env, store=store))
    return store.reader.count


async def test_instances_of_a_launch_come_in_its_order(cloud):
    await cloud.beat(memory_bytes=100 * GIB, cpu_millis=100_000)
    await cloud.launch(maximum=12)
    answer = await describe_instances(cloud.env, cloud.call, {})
    (reservation,) = answer["Reservations"]
    assert [it["AmiLaunchIndex"] for it in reservation["Instances"]] == list(range(12))
    paged, token = [], None
    while token != "":
        page = await describe_instances(
            cloud.env, cloud.call, {"MaxResults": 5} | ({"NextToken": token} if token else {})
        )
        paged += [it["AmiLaunchIndex"] for r in page["Reservations"] for it in r["Instances"]]
        token = page.get("NextToken", "")
    assert paged == list(range(12))


async def test_queries_do_not_grow_with_instances(cloud):
    await cloud.beat(memory_bytes=100 * GIB, cpu_millis=100_000)
    await key_pairs.create_key_pair(cloud.env, cloud.call, "key", "ed25519", tags={})
    await cloud.launch(key_name="key", tags={"a": "b"})

    async def describe(env):
        return await describe_instances(env, cloud.call, {})

    async def wanted(env):
        return await open_fleet(env).list_wanted("machine:eu-home-1a")

    async def report(env):
        return await open_fleet(env).report("machine:eu-home-1a", [])

    few = [await queries(cloud.env, ask) for ask in (describe, wanted, report)]
    await cloud.launch(key_name="key", tags={"a": "b"}, maximum=40)
    many = [await queries(cloud.env, ask) for ask in (describe, wanted, report)]
    assert few == many
    assert few[0] <= 6
    assert few[1:] == [1, 1]
