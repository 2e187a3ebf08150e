"""Freeing, repairing and sweeping bytes, and metering what is stored."""

from __future__ import annotations

import msgspec
import pytest

from volano.app.build import open_process
from volano.kernel.clock import ManualClock
from volano.kernel.config import Config
from volano.kernel.errors import Unavailable, VolanoError
from volano.services.billing.interface import Usage
from volano.services.objects.logic import metering, storage, upkeep
from volano.services.objects.store.text import blob_from_text
from volano.services.objects.work import on_zone_restored
from volano.services.regions.interface import ZoneRestored

MIB = 1024 * 1024


async def blob_text(env, key: str) -> str:
    row = await env.store.reader.row("SELECT blob FROM s3_object WHERE key = ?", key)
    return str(row[0])


async def test_garbage_is_freed_after_the_grace_period(s3, env):
    await s3("PutObject", Bucket="shop", Key="k", Body=b"old" * 100_000)
    old = await blob_text(env, "k")
    await s3("PutObject", Bucket="shop", Key="k", Body=b"new")
    assert await upkeep.free_garbage(env) == 0
    assert await upkeep.free_garbage(env, grace_s=0) == 1
    assert await upkeep.free_garbage(env, grace_s=0) == 0
    assert await s3.body("shop", "k") == b"new"
    with pytest.raises(VolanoError):
        await env.bytes.read_all(blob_from_text(old, 300_000))


async def test_sweep_removes_blobs_without_a_row_and_nothing_else(s3, env):
    await s3("PutObject", Bucket="shop", Key="small", Body=b"s")
    await s3("PutObject", Bucket="shop", Key="large", Body=b"l" * MIB)
    await s3("CopyObject", Bucket="shop", Key="copy", CopySource="shop/large")
    upload = (await s3("CreateMultipartUpload", Bucket="shop", Key="m"))["UploadId"]
    part = await s3(
        "UploadPart", Bucket="shop", Key="m", UploadId=upload, PartNumber=1, Body=b"p" * MIB
    )
    async with env.bytes.writer() as writer:
        await writer.write(b"orphan" * MIB)
        await writer.commit()
    assert await upkeep.sweep_orphans(env) == 0
    assert await upkeep.sweep_orphans(env, min_age_s=0) == 2
    assert await upkeep.sweep_orphans(env, min_age_s=0) == 0
    await s3(
        "CompleteMultipartUpload",
        Bucket="shop",
        Key="m",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    for key, expected in (
        ("small", b"s"),
        ("large", b"l" * MIB),
        ("copy", b"l" * MIB),
        ("m", b"p" * MIB),
    ):
        assert await s3.body("shop", key) == expected


async def test_objects_are_read_and_written_while_a_zone_is_away(s3, env):
    keys = [f"k{number}" for number in range(12)]
    for key in keys:
        await s3("PutObject", Bucket="shop", Key=key, Body=key.encode() * 30_000)
    for zone in env.region.zones:
        env.bytes.fail_zone(zone)
        for key in keys:
            assert await s3.body("shop", key) == key.encode() * 30_000
        await s3("PutObject", Bucket="shop", Key=f"during-{zone}", Body=b"x")
        env.bytes.restore_zone(zone)


async def test_copies_missed_while_zones_were_away_are_made_when_one_returns(s3, env):
    first, second, third = env.region.zones
    env.bytes.fail_zone(first)
    env.bytes.fail_zone(second)
    await s3("PutObject", Bucket="shop", Key="small", Body=b"x")
    await s3("PutObject", Bucket="shop", Key="large", Body=b"y" * MIB)
    upload = (await s3("CreateMultipartUpload", Bucket="shop", Key="m"))["UploadId"]
    await s3("UploadPart", Bucket="shop", Key="m", UploadId=upload, PartNumber=1, Body=b"p")
    for zone in (first, second):
        env.bytes.restore_zone(zone)
        await on_zone_restored(env, ZoneRestored(zone=zone))
    await upkeep.maintain(env)
    for key in ("small", "large"):
        assert len((await blob_text(env, key)).partition(" ")[0].split(",")) == 2
    assert await upkeep.sweep_orphans(env, min_age_s=0) >= 0
    env.bytes.fail_zone(third)
    assert await s3.body("shop", "small") == b"x"
    assert await s3.body("shop", "large") == b"y" * MIB
    row = await env.store.reader.row("SELECT blob FROM s3_part")
    assert len(row[0].partition(" ")[0].split(",")) == 2


async def test_no_zone_up_is_said_and_stores_nothing(s3, env):
    await s3("PutObject", Bucket="shop", Key="k", Body=b"x")
    for zone in env.region.zones:
        env.bytes.fail_zone(zone)
    with pytest.raises(Unavailable):
        await s3("GetObject", Bucket="shop", Key="k")
    with pytest.raises(Unavailable):
        await s3("PutObject", Bucket="shop", Key="new", Body=b"x")
    for zone in env.region.zones:
        env.bytes.restore_zone(zone)
    assert await s3.keys("shop") == ["k"]


async def test_stored_bytes_are_billed_once_for_each_hour(tmp_path, store_kind, request, s3_for):
    clock = ManualClock()
    url = "sqlite"
    if store_kind == "postgres":
        url = await request.getfixturevalue("postgres").create_database_async()
    config = Config(data_dir=tmp_path / "metered", store=url, runtime="process", log_level="error")
    async with open_process(config, clock=clock) as process:
        env = process.env
        s3 = s3_for(env, "111111111111")
        await s3("CreateBucket", Bucket="shop")
        await s3("PutObject", Bucket="shop", Key="k", Body=b"x" * 1000)
        await storage.meter_storage(env)
        assert await usage(env) == []
        clock.advance(5400)
        await storage.meter_storage(env)
        await storage.meter_storage(env)
        assert await usage(env) == [("s3.storage.byte_hours", "1500.000000")]
        clock.advance(3600)
        await storage.meter_storage(env)
        assert (await usage(env))[1:] == [("s3.storage.byte_hours", "1000.000000")]
        assert await storage.last_counted(env.store.reader, await bucket_id(env)) == (
            1,
            1000,
            clock.now_us(),
        )


async def usage(env) -> list[tuple[str, str]]:
    rows = await env.store.reader.rows(
        "SELECT payload FROM outbox WHERE type = ? ORDER BY seq",
        Usage.type_name,
    )
    events = [msgspec.json.decode(row[0], type=Usage) for row in rows]
    return [(record.meter, record.quantity) for each in events for record in each.records]


async def bucket_id(env) -> str:
    row = await env.store.reader.row("SELECT id FROM s3_bucket")
    return str(row[0])


async def test_requests_are_counted_by_bucket(s3, env):
    metering.hand_over_counts(env)
    await s3("PutObject", Bucket="shop", Key="k", Body=b"12345")
    await s3("GetObject", Bucket="shop", Key="k")
    await s3("GetObject", Bucket="shop", Key="k", Range="bytes=0-1")
    found = {
        meter: amount
        for (_, bucket, meter), amount in metering.waiting_counts(env).items()
        if bucket == "shop"
    }
    assert found == {"s3.requests.write": 1, "s3.requests.read": 2, "s3.bytes.out": 7}
    metering.hand_over_counts(env)
    await env.journal.flush()
    assert not metering.waiting_counts(env)
