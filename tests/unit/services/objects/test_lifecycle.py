"""Lifecycle removes what is due and nothing else, on a clock moved by hand."""

import pytest

from volano.app.build import open_process
from volano.kernel.call import system_call
from volano.kernel.clock import ManualClock
from volano.kernel.config import Config
from volano.kernel.ids import AccountId
from volano.services.objects.logic import buckets, expiring, lifecycle, objects, uploads
from volano.services.objects.logic.lifecycle import Rule
from volano.services.objects.logic.writing import BytesBody
from volano.services.objects.model import Description
from volano.services.objects.store.objects import select_listed

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
        await lifecycle.put_lifecycle(self.env, "bucket", list(rules), None)

    async def keys(self):
        bucket = await lifecycle.get_bucket(self.env.store.reader, "bucket")
        found = await select_listed(
            self.env.store.reader, bucket.id, start="", inclusive=True, end=None, limit=1000
        )
        return [item.key for item in found]


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
