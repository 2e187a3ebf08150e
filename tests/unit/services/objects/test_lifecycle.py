"""Lifecycle removes what is due and nothing else, on a clock moved by hand."""

import pytest

from volano.app.build import open_process
from volano.kernel.call import system_call
from volano.kernel.clock import ManualClock
from volano.kernel.config import Config
from volano.kernel.ids import AccountId
from volano.services.objects.logic import (
    buckets,
    deleting,
    expiring,
    lifecycle,
    locks,
    objects,
    uploads,
)
from volano.services.objects.logic.lifecycle import Lifecycle, Rule, Transition
from volano.services.objects.logic.writing import BytesBody
from volano.services.objects.model import ENABLED, Description, Retention
from volano.services.objects.store.objects import select_listed
from volano.services.objects.store.versions import select_versions_after

DAY_S = 86_400


class Cloud:
    def __init__(self, env, clock):
        self.env, self.clock = env, clock
        self.call = system_call(env, AccountId("123456789012"), timeout_s=1e9)

    async def put(self, key, data=b"x", **tags):
        await objects.put_object(
            self.env,
            self.call,
            objects.PutRequest(
                bucket="bucket", key=key, body=BytesBody(data), description=Description(tags=tags)
            ),
        )

    async def rules(self, *rules):
        await lifecycle.put_lifecycle(self.env, "bucket", Lifecycle(rules=list(rules)), None)

    async def versioned(self):
        await locks.put_versioning(self.env, self.call, "bucket", ENABLED)

    async def delete(self, key):
        await deleting.delete_object(self.env, self.call, "bucket", deleting.Deletion(key=key))

    async def days(self, count):
        self.clock.advance(count * self.env.config.lifecycle_day_s)
        return await expiring.expire_all(self.env)

    async def found(self, key):
        request = objects.ReadRequest(bucket="bucket", key=key)
        return (await objects.select_object(self.env, self.call, request)).item

    async def older(self):
        """(key, is a marker) of everything that is not current."""
        bucket = await lifecycle.get_bucket(self.env.store.reader, "bucket")
        rows = await select_versions_after(
            self.env.store.reader, bucket.id, "", -(2**62), limit=1000
        )
        return [(row.key, row.is_marker) for row in rows]

    async def keys(self):
        bucket = await lifecycle.get_bucket(self.env.store.reader, "bucket")
        found = await select_listed(
            self.env.store.reader, bucket.id, start="", inclusive=True, end=None, limit=1000
        )
        return [row[0] for row in found]


@pytest.fixture(params=[DAY_S, 10.0])
async def cloud(tmp_path, request):
    clock = ManualClock(1_700_000_000_000_000)
    config = Config(
        data_dir=tmp_path,
        runtime="process",
        log_level="warning",
        lifecycle_day_s=float(request.param),
    )
    async with open_process(config, clock=clock) as process:
        made = Cloud(process.env, clock)
        await buckets.create_bucket(process.env, made.call, "bucket")
        yield made


async def test_objects_expire_after_their_days_and_not_before(cloud):
    day_s = cloud.env.config.lifecycle_day_s
    await cloud.rules(Rule(id="r", enabled=True, prefix="old/", days=2))
    for key in ("old/a", "old/b", "new/a"):
        await cloud.put(key)
    cloud.clock.advance(2 * day_s - 1)
    assert await expiring.expire_all(cloud.env) == 0
    await cloud.put("old/b")
    cloud.clock.advance(day_s)
    assert await expiring.expire_all(cloud.env) == 1
    assert await cloud.keys() == ["new/a", "old/b"]
    cloud.clock.advance(2 * day_s)
    assert await expiring.expire_all(cloud.env) == 1
    assert await cloud.keys() == ["new/a"]
    garbage = await cloud.env.store.reader.rows("SELECT blob FROM s3_garbage")
    assert len(garbage) == 3


async def test_tags_and_sizes_choose(cloud):
    await cloud.rules(
        Rule(id="t", enabled=True, tags={"keep": "no"}, days=1),
        Rule(id="s", enabled=True, over_bytes=10, under_bytes=20, days=1),
        Rule(id="off", enabled=False, days=1),
    )
    await cloud.put("tagged", keep="no", other="x")
    await cloud.put("kept", keep="yes")
    for size in (10, 11, 19, 20):
        await cloud.put(f"size{size}", b"x" * size)
    cloud.clock.advance(3 * cloud.env.config.lifecycle_day_s)
    await expiring.expire_all(cloud.env)
    assert await cloud.keys() == ["kept", "size10", "size20"]


async def test_a_date_removes_everything_from_then_on(cloud):
    day_us = DAY_S * 1_000_000
    date_us = (cloud.clock.now_us() // day_us + 1) * day_us
    await cloud.rules(Rule(id="d", enabled=True, date_us=date_us))
    await cloud.put("a")
    assert await expiring.expire_all(cloud.env) == 0
    cloud.clock.advance((date_us - cloud.clock.now_us()) / 1e6)
    await cloud.put("b")
    assert await expiring.expire_all(cloud.env) == 2


async def test_unfinished_uploads_are_given_up(cloud):
    await cloud.rules(Rule(id="u", enabled=True, prefix="in/", abort_days=1))
    for key in ("in/a", "out/a"):
        await uploads.create_upload(cloud.env, cloud.call, "bucket", key, Description())
    cloud.clock.advance(3 * cloud.env.config.lifecycle_day_s)
    assert await expiring.expire_all(cloud.env) == 1
    left = await uploads.list_uploads(cloud.env, cloud.call, "bucket")
    assert [upload.key for upload in left.uploads] == ["out/a"]


async def test_a_pass_runs_24_times_a_day(cloud):
    day_s = cloud.env.config.lifecycle_day_s
    pause_s = day_s / 24
    await cloud.rules(Rule(id="r", enabled=True, days=1))
    await cloud.put("a")
    await expiring.expire_when_due(cloud.env)
    cloud.clock.advance(2 * day_s)
    assert await expiring.expire_when_due(cloud.env) == 1
    await cloud.put("b")
    cloud.clock.advance(pause_s / 2)
    assert await expiring.expire_when_due(cloud.env) == 0


async def test_expiring_a_version_leaves_a_marker_and_the_version(cloud):
    await cloud.versioned()
    await cloud.rules(Rule(id="r", enabled=True, days=1))
    await cloud.put("a")
    assert await cloud.days(3) == 1
    assert await cloud.keys() == []
    assert await cloud.older() == [("a", True), ("a", False)]
    assert await cloud.days(3) == 0  # the marker hides a version, so it stays


async def test_noncurrent_versions_go_beside_the_newest_of_them(cloud):
    await cloud.versioned()
    await cloud.rules(Rule(id="r", enabled=True, prefix="a", noncurrent_days=2, newer=2))
    for _ in range(5):
        await cloud.put("a")
        await cloud.put("b")
    assert await cloud.days(1) == 0
    assert await cloud.days(2) == 2
    assert await cloud.older() == [("a", False)] * 2 + [("b", False)] * 4
    assert await cloud.days(9) == 0
    assert await cloud.keys() == ["a", "b"]


async def test_marker_that_hides_nothing_goes(cloud):
    await cloud.versioned()
    await cloud.rules(Rule(id="r", enabled=True, prefix="a", noncurrent_days=1, markers=True))
    for key in ("a", "b"):
        await cloud.put(key)
        await cloud.delete(key)
    assert await cloud.days(0) == 0
    assert await cloud.days(3) == 2  # the version, and the marker that hid nothing else
    assert await cloud.older() == [("b", True), ("b", False)]


async def test_marker_goes_by_days_once_it_hides_nothing(cloud):
    await cloud.versioned()
    await cloud.rules(Rule(id="r", enabled=True, days=5, noncurrent_days=1))
    await cloud.put("a")
    await cloud.delete("a")
    assert await cloud.days(3) == 1
    assert await cloud.older() == [("a", True)]
    assert await cloud.days(4) == 1
    assert await cloud.older() == []


async def test_locked_versions_stay_until_their_date(cloud):
    await cloud.versioned()
    await locks.put_object_lock(
        cloud.env, cloud.call, "bucket", locks.to_object_lock("GOVERNANCE", 1, None)
    )
    await cloud.rules(Rule(id="r", enabled=True, noncurrent_days=1))
    until_us = cloud.clock.now_us() + int(8 * max(DAY_S, cloud.env.config.lifecycle_day_s) * 1e6)
    await objects.put_object(
        cloud.env,
        cloud.call,
        objects.PutRequest(
            bucket="bucket",
            key="a",
            body=BytesBody(b"x"),
            retention=Retention(mode="COMPLIANCE", until_us=until_us),
        ),
    )
    await cloud.put("a")
    assert await cloud.days(3) == 0
    cloud.clock.advance(9 * DAY_S)
    assert await expiring.expire_all(cloud.env) == 1
    assert await cloud.older() == []


async def test_objects_move_between_classes_and_keep_their_bytes(cloud):
    await cloud.rules(
        Rule(
            id="r",
            enabled=True,
            prefix="m/",
            transitions=(
                Transition(storage_class="ONEZONE_IA", days=1),
                Transition(storage_class="ALL_ZONES", days=5),
            ),
        )
    )
    for key, size in (("m/small", 10), ("m/big", 300_000), ("m/none", 0), ("k", 10)):
        await cloud.put(key, b"z" * size)
    before = await cloud.found("m/big")
    assert await cloud.days(2) == 3
    assert await cloud.days(0) == 0
    for key, size in (("m/small", 10), ("m/big", 300_000)):
        item = await cloud.found(key)
        assert (item.description.storage_class, len(item.blob.zones)) == ("ONEZONE_IA", 1)
        assert await cloud.env.bytes.read_all(item.blob) == b"z" * size
        assert (item.etag, item.size_bytes) == ((await cloud.found(key)).etag, size)
    assert (await cloud.found("m/big")).modified_us == before.modified_us
    assert (await cloud.found("k")).description.storage_class == "STANDARD"
    assert await cloud.days(5) == 3
    item = await cloud.found("m/big")
    assert (item.description.storage_class, len(item.blob.zones)) == ("ALL_ZONES", 3)
    garbage = await cloud.env.store.reader.rows("SELECT blob FROM s3_garbage")
    assert len(garbage) == 4


async def test_older_versions_move_and_then_go(cloud):
    await cloud.versioned()
    await cloud.rules(
        Rule(
            id="r",
            enabled=True,
            noncurrent_transitions=(Transition(storage_class="ONEZONE_IA", days=1, newer=1),),
            noncurrent_days=5,
        )
    )
    for text in (b"1" * 100_000, b"2", b"3"):
        await cloud.put("a", text)
    assert await cloud.days(2) == 1
    bucket = await lifecycle.get_bucket(cloud.env.store.reader, "bucket")
    rows = await select_versions_after(cloud.env.store.reader, bucket.id, "", -(2**62), limit=9)
    assert [row.description.storage_class for row in rows] == ["STANDARD", "ONEZONE_IA"]
    assert await cloud.days(5) == 2
    assert await cloud.older() == []


async def test_small_objects_stay_where_the_owner_says_so(cloud):
    moves = Rule(id="r", enabled=True, transitions=(Transition(storage_class="ALL_ZONES", days=1),))
    least = Lifecycle(rules=[moves], minimum="all_storage_classes_128K")
    await lifecycle.put_lifecycle(cloud.env, "bucket", least, None)
    await cloud.put("small", b"x" * 1000)
    await cloud.put("big", b"x" * 200_000)
    assert await cloud.days(2) == 1
    assert (await cloud.found("small")).description.storage_class == "STANDARD"
    assert (await cloud.found("big")).description.storage_class == "ALL_ZONES"
