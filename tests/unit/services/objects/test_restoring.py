"""Archived objects are read only for the days that a restore says."""

from __future__ import annotations

import pytest
from tests.unit.services.objects.conftest import S3, call_as_root

from volano.app.build import open_process
from volano.kernel.clock import ManualClock
from volano.kernel.config import Config
from volano.kernel.errors import NotBuilt
from volano.services.objects.logic.errors import (
    InvalidObjectState,
    MalformedXml,
    NoSuchKey,
    ObjectNotInActiveTier,
)

DAY_S = 86_400.0


@pytest.fixture
async def cloud(tmp_path):
    clock = ManualClock(1_700_000_000_000_000)
    config = Config(data_dir=tmp_path, runtime="process", log_level="warning")
    async with open_process(config, clock=clock) as process:
        s3 = S3(process.env, call_as_root(process.env, "111111111111"))
        await s3("CreateBucket", Bucket="shop")
        yield s3, clock


async def restore(s3, **request):
    asked = {"Bucket": "shop", "Key": "k", "RestoreRequest": {"Days": 2}} | request
    return (await s3("RestoreObject", **asked))["_status"]


@pytest.mark.parametrize("name", ["GLACIER", "DEEP_ARCHIVE"])
async def test_archived_object_is_read_after_its_restore_and_not_later(cloud, name):
    s3, clock = cloud
    await s3("PutObject", Bucket="shop", Key="k", Body=b"cold", StorageClass=name)
    with pytest.raises(InvalidObjectState) as caught:
        await s3.body("shop", "k")
    assert caught.value.fields == {"StorageClass": name}
    with pytest.raises(ObjectNotInActiveTier):
        await s3("CopyObject", Bucket="shop", Key="c", CopySource="shop/k")
    head = await s3("HeadObject", Bucket="shop", Key="k")
    assert head["StorageClass"] == name
    assert "Restore" not in head

    assert await restore(s3) == 202
    assert await restore(s3) == 200
    assert await s3.body("shop", "k") == b"cold"
    head = await s3("HeadObject", Bucket="shop", Key="k")
    assert head["Restore"] == (
        'ongoing-request="false", expiry-date="Fri, 17 Nov 2023 00:00:00 GMT"'
    )
    await s3("CopyObject", Bucket="shop", Key="c", CopySource="shop/k")
    assert await s3.body("shop", "c") == b"cold"
    assert "Restore" not in await s3("HeadObject", Bucket="shop", Key="c")

    clock.advance(3 * DAY_S)
    with pytest.raises(InvalidObjectState):
        await s3.body("shop", "k")
    assert await restore(s3) == 202


async def test_what_cannot_be_restored_is_refused(cloud):
    s3, _ = cloud
    with pytest.raises(NoSuchKey):
        await restore(s3)
    await s3("PutObject", Bucket="shop", Key="k", Body=b"x", StorageClass="GLACIER_IR")
    assert await s3.body("shop", "k") == b"x"
    with pytest.raises(InvalidObjectState):
        await restore(s3)
    await s3("PutObject", Bucket="shop", Key="k", Body=b"x", StorageClass="GLACIER")
    with pytest.raises(MalformedXml):
        await restore(s3, RestoreRequest={})
    with pytest.raises(NotBuilt):
        await restore(s3, RestoreRequest={"Type": "SELECT"})
