"""The index made again from the log alone is the index that was lost."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import shutil

import pytest
from tests.unit.services.objects.conftest import S3, call_as_root
from tests.unit.services.objects.lane_client import LaneClient

from volano.app.backup import read_backup, write_backup
from volano.app.build import open_process
from volano.cli.main import main
from volano.kernel.config import Config
from volano.kernel.errors import Conflict
from volano.services.identity import interface as identity
from volano.services.objects.interface import rebuild_index, sweep_orphans
from volano.services.objects.logic import log_images
from volano.services.objects.logic.log_images import select_telling, tell_changes
from volano.services.objects.store.changes import DERIVED, TABLES

KEY = base64.b64encode(b"k" * 32).decode()
KEY_MD5 = base64.b64encode(hashlib.md5(b"k" * 32).digest()).decode()
SEALED = {
    "SSECustomerAlgorithm": "AES256",
    "SSECustomerKey": KEY,
    "SSECustomerKeyMD5": KEY_MD5,
}


@pytest.fixture
async def cloud(env):
    return await made_of(env)


def plain(value):
    """A blob's name without the order of its copies; anything else as it is."""
    if not isinstance(value, str) or " s1." not in value:
        return value
    zones, _, blob_id = value.partition(" ")
    kind, uid, *places = blob_id.split(".")
    return kind, uid, frozenset(zip(zones.split(","), places, strict=True))


class Cloud:
    def __init__(self, env, admin):
        self.env = env
        self.admin = admin
        self.s3 = S3(env, call_as_root(env, admin.account))
        self.lane = LaneClient(env, admin)

    async def put(self, key, body):
        asked, _ = self.lane.signed("PUT", f"/plain/{key}", body)
        answer = await self.lane.by_lane(asked, body) or await self.lane.by_gateway(asked, body)
        assert answer.status == 200

    async def rows(self):
        """All rows that a rebuild makes, but for how they are ordered."""
        found = {}
        for table in (*TABLES, "s3_shared"):
            columns = TABLES.get(table, "content_id, others")
            rows = await self.env.store.reader.rows(f"SELECT {columns} FROM {table}")
            found[table] = sorted((tuple(map(plain, row)) for row in rows), key=repr)
        return found

    async def lose_the_index(self):
        async def lose(tx):
            for table in (*DERIVED, "s3_changed", "s3_work_state", "s3_bucket_setting"):
                await tx.execute(f"DELETE FROM {table}")
            await tx.execute("DELETE FROM s3_bucket")

        await self.env.store.transact(lose)


async def made_of(env):
    cloud = Cloud(env, await identity.bootstrap(env))
    await cloud.s3("CreateBucket", Bucket="plain")
    await cloud.s3("CreateBucket", Bucket="kept")
    await cloud.s3(
        "PutBucketVersioning", Bucket="kept", VersioningConfiguration={"Status": "Enabled"}
    )
    return cloud


async def live_a_little(cloud):
    """Every kind of change that rows of objects know."""
    s3 = cloud.s3
    for number in range(20):
        await cloud.put(f"small/{number}", b"%d" % number)
    await cloud.put("small/1", b"once more")
    await s3("DeleteObject", Bucket="plain", Key="small/2")
    await s3("PutObject", Bucket="plain", Key="big", Body=b"x" * 200_000, Metadata={"a": "b"})
    await s3("PutObject", Bucket="plain", Key="empty", Body=b"")
    await s3("PutObject", Bucket="plain", Key="sealed", Body=b"secret", **SEALED)
    await s3("CopyObject", Bucket="plain", Key="copy", CopySource="plain/big")
    await multipart(s3)
    for body in (b"one", b"two", b"three"):
        await s3("PutObject", Bucket="kept", Key="key", Body=body)
    await s3("PutObject", Bucket="kept", Key="hidden", Body=b"x", Tagging="a=1")
    await s3("DeleteObject", Bucket="kept", Key="hidden")
    await s3(
        "PutObjectTagging",
        Bucket="kept",
        Key="key",
        Tagging={"TagSet": [{"Key": "later", "Value": "told"}]},
    )
    versions = await s3("ListObjectVersions", Bucket="kept", Prefix="key")
    await s3(
        "DeleteObject", Bucket="kept", Key="key", VersionId=versions["Versions"][1]["VersionId"]
    )
    await s3("CreateBucket", Bucket="gone")
    await s3("DeleteBucket", Bucket="gone")
    await s3(
        "PutBucketTagging", Bucket="kept", Tagging={"TagSet": [{"Key": "of", "Value": "bucket"}]}
    )


async def multipart(s3):
    upload = (await s3("CreateMultipartUpload", Bucket="plain", Key="parts"))["UploadId"]
    parts = []
    for number, body in ((1, b"p" * 5 * 1024 * 1024), (2, b"q" * 100)):
        made = await s3(
            "UploadPart",
            Bucket="plain",
            Key="parts",
            UploadId=upload,
            PartNumber=number,
            Body=body,
        )
        parts.append({"PartNumber": number, "ETag": made["ETag"]})
    await s3(
        "CompleteMultipartUpload",
        Bucket="plain",
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": parts},
    )


async def test_the_index_is_made_again(cloud):
    await live_a_little(cloud)
    assert await tell_changes(cloud.env) > 0
    assert await tell_changes(cloud.env) == 0
    await cloud.put("small/last", b"told by itself")
    if not cloud.env.store.exclusive:  # then there are no groups of small puts
        await tell_changes(cloud.env)
    before = await cloud.rows()
    await cloud.lose_the_index()
    made = await rebuild_index(cloud.env)
    after = await cloud.rows()
    for table, rows in before.items():
        assert after[table] == rows, table
    assert made.buckets == 2
    assert made.objects == len(before["s3_object"])
    assert made.versions == len(before["s3_version"])
    assert await cloud.s3.body("plain", "small/1") == b"once more"
    assert await cloud.s3.body("plain", "sealed", **SEALED) == b"secret"
    assert (await cloud.s3.body("plain", "parts"))[-100:] == b"q" * 100
    with pytest.raises(Conflict):
        await rebuild_index(cloud.env)


async def test_changes_after_a_rebuild_are_told_and_made_again_too(cloud):
    await live_a_little(cloud)
    await tell_changes(cloud.env)
    await cloud.lose_the_index()
    await rebuild_index(cloud.env)
    cloud.lane = LaneClient(cloud.env, cloud.admin)  # as a restarted server has it
    await cloud.put("small/3", b"after")
    await cloud.s3("DeleteObject", Bucket="plain", Key="small/4")
    await tell_changes(cloud.env)
    before = await cloud.rows()
    await rebuild_index(cloud.env, replace=True)
    assert await cloud.rows() == before
    assert await cloud.s3.body("plain", "small/3") == b"after"


async def test_a_whole_telling_makes_older_notes_needless(cloud, monkeypatch):
    await live_a_little(cloud)
    await tell_changes(cloud.env)
    monkeypatch.setattr(log_images, "MIN_GROWTH_BYTES", 1)
    monkeypatch.setattr(log_images, "KEYS_AT_ONCE", 3)
    for _ in range(100):
        await tell_changes(cloud.env)
        telling = await select_telling(cloud.env.store.reader)
        if telling.forgotten_before_us:
            break
    monkeypatch.setattr(log_images, "MIN_GROWTH_BYTES", 1 << 40)
    assert telling.whole_bytes > 0
    await cloud.s3("DeleteObject", Bucket="plain", Key="small/5")
    await tell_changes(cloud.env)
    for zone in cloud.env.bytes._zones.values():
        zone.log.drop_active()
    notes = len(await cloud.env.bytes.read_notes())
    await sweep_orphans(cloud.env)
    await cloud.env.bytes.compact()
    for zone in cloud.env.bytes._zones.values():
        for number in zone.log.numbers():
            zone.log.forget(number)
    assert len(await cloud.env.bytes.read_notes()) <= notes
    before = await cloud.rows()
    await cloud.lose_the_index()
    await rebuild_index(cloud.env)
    assert await cloud.rows() == before


async def test_a_store_that_told_nothing_tells_everything(cloud, monkeypatch):
    await live_a_little(cloud)

    async def forget(tx):
        await tx.execute("DELETE FROM s3_changed")

    await cloud.env.store.transact(forget)  # as if an older version had written it all
    while True:
        await tell_changes(cloud.env)
        if (await select_telling(cloud.env.store.reader)).forgotten_before_us:
            break
    before = await cloud.rows()
    await cloud.lose_the_index()
    await rebuild_index(cloud.env)
    assert await cloud.rows() == before


def test_the_command_makes_the_index_again(tmp_path, capsys):
    config = Config(data_dir=tmp_path / "data", runtime="process", log_level="warning")

    async def lose_it():
        async with open_process(config) as process:
            cloud = await made_of(process.env)
            await live_a_little(cloud)
            await tell_changes(cloud.env)
            before = await cloud.rows()
            await cloud.lose_the_index()
            return before

    async def look():
        async with open_process(config) as process:
            return await Cloud(process.env, await identity.bootstrap(process.env)).rows()

    before = asyncio.run(lose_it())
    assert main(["rebuild-index", "--data", str(config.data_dir)]) == 0
    assert f"2 buckets, {len(before['s3_object'])} objects" in capsys.readouterr().out
    assert asyncio.run(look()) == before
    assert main(["rebuild-index", "--data", str(config.data_dir)]) == 1
    assert "--replace" in capsys.readouterr().err


async def test_an_old_backup_and_the_zones_of_today_are_the_cloud_of_today(tmp_path):
    config = Config(data_dir=tmp_path / "data", runtime="process", log_level="warning")
    async with open_process(config) as process:
        cloud = await made_of(process.env)
        await cloud.put("small/old", b"old")
        await cloud.put("small/gone", b"x")
        await write_backup(config, tmp_path / "backup.tar")
        await live_a_little(cloud)
        await cloud.s3("DeleteObject", Bucket="plain", Key="small/gone")
        await tell_changes(cloud.env)
        await cloud.put("small/old", b"new")
        before = await cloud.rows()
    restored = Config(data_dir=tmp_path / "again", runtime="process", log_level="warning")
    await read_backup(restored, tmp_path / "backup.tar")
    shutil.rmtree(restored.data_dir / "zones")
    shutil.copytree(config.data_dir / "zones", restored.data_dir / "zones")
    async with open_process(restored) as process:
        await rebuild_index(process.env, replace=True)
        cloud = Cloud(process.env, cloud.admin)
        assert await cloud.rows() == before
        assert await cloud.s3.body("plain", "small/old") == b"new"
