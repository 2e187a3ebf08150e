"""Rows of small objects that a power loss took are made again from the log, and no others."""

from __future__ import annotations

import asyncio
import errno
import shutil
import sqlite3
from contextlib import asynccontextmanager

import pytest
from tests.unit.services.objects.conftest import S3, call_as_root
from tests.unit.services.objects.lane_client import LaneClient

from volano.app.backup import read_backup, write_backup
from volano.app.build import open_process
from volano.backends.bytes.disk_ops import DiskOps
from volano.kernel.config import Config
from volano.kernel.store import OwnStore
from volano.services.identity import interface as identity
from volano.services.objects.interface import rebuild_index
from volano.services.objects.logic.log_images import Telling, select_telling, tell_changes
from volano.services.objects.logic.log_notes import Group, decode
from volano.services.objects.logic.put_groups import DURABLE_AFTER_S
from volano.services.objects.logic.upkeep import REPAIR_WANTED
from volano.services.objects.store.garbage import select_state


class Cloud:
    """A data folder, of which the database can be set back to what it was."""

    def __init__(self, folder):
        self.folder = folder
        self.config = Config(data_dir=folder, runtime="process", log_level="warning")
        self.admin = None

    @asynccontextmanager
    async def open(self):
        async with open_process(self.config) as process:
            if self.admin is None:
                self.admin = await identity.bootstrap(process.env)
            self.env = process.env
            self.s3 = S3(self.env, call_as_root(self.env, self.admin.account))
            self.lane = LaneClient(self.env, self.admin)
            yield self

    async def put(self, key, body, **headers):
        asked, _ = self.lane.signed("PUT", f"/shop/{key}", body, headers)
        return await self.lane.by_lane(asked, body)

    def keep_database(self):
        """Remember the database as it is on the disk of a machine that loses its power later."""
        source = sqlite3.connect(self.folder / "volano.db")
        target = sqlite3.connect(self.folder / "kept.db")
        source.backup(target)
        source.close()
        target.close()

    def set_database_back(self):
        for name in ("volano.db-wal", "volano.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        (self.folder / "kept.db").rename(self.folder / "volano.db")


@pytest.fixture
async def cloud(tmp_path):
    made = Cloud(tmp_path / "data")
    async with made.open():
        await made.s3("CreateBucket", Bucket="shop")
        assert (await made.put("old", b"first")).status == 200
    return made


async def test_what_the_database_lost_is_made_again(cloud):
    async with cloud.open():
        cloud.keep_database()
        described = {"content-type": "text/x", "cache-control": "no-cache", "x-amz-meta-a": "b"}
        await asyncio.gather(*(cloud.put(f"many/{n}", b"%d" % n) for n in range(40)))
        await cloud.put("old", b"second")
        await cloud.put("old", b"third", **described)
        before = await cloud.s3("HeadObject", Bucket="shop", Key="old")
    cloud.set_database_back()
    async with cloud.open():
        assert len(await cloud.s3.keys("shop", Prefix="many/")) == 40
        assert await cloud.s3.body("shop", "many/7") == b"7"
        assert await cloud.s3.body("shop", "old") == b"third"
        assert await cloud.s3("HeadObject", Bucket="shop", Key="old") == before
        garbage = await cloud.env.store.reader.row("SELECT count(*) FROM s3_garbage")
        assert garbage[0] == 2
        assert (await cloud.put("more", b"goes on")).status == 200
    async with cloud.open():  # nothing is replayed twice
        garbage = await cloud.env.store.reader.row("SELECT count(*) FROM s3_garbage")
        assert garbage[0] == 2
        assert await cloud.s3.body("shop", "more") == b"goes on"


async def test_the_first_objects_of_all_are_made_again(tmp_path):
    cloud = Cloud(tmp_path / "data")
    async with cloud.open():
        await cloud.s3("CreateBucket", Bucket="shop")
        cloud.keep_database()
        await cloud.put("first", b"one")
        await asyncio.gather(*(cloud.put(f"many/{n}", b"%d" % n) for n in range(3)))
    cloud.set_database_back()
    async with cloud.open():
        assert await cloud.s3.keys("shop") == ["first", "many/0", "many/1", "many/2"]
        assert await cloud.s3.body("shop", "first") == b"one"


async def test_what_was_deleted_stays_deleted(cloud):
    async with cloud.open():
        await cloud.put("gone", b"x")
        await cloud.s3("DeleteObject", Bucket="shop", Key="gone")
        cloud.keep_database()
        await cloud.put("kept", b"y")
    cloud.set_database_back()
    async with cloud.open():
        assert await cloud.s3.keys("shop") == ["kept", "old"]


class BrokenDisk(DiskOps):
    def sync(self, fd):
        raise OSError(errno.EIO, "the disk is broken")


async def test_a_group_that_failed_is_not_replayed(cloud):
    async with cloud.open():
        broken = cloud.env.bytes._zones[cloud.env.region.zones[0]].log
        sound, broken.ops = broken.ops, BrokenDisk()
        answers = {key: await cloud.put(key, b"x") for key in ("a", "b", "c", "d", "e")}
        broken.ops = sound
        failed = [key for key, answer in answers.items() if answer is None]
        assert failed, "no key has a copy in the broken zone"
        cloud.keep_database()
    cloud.set_database_back()
    async with cloud.open():
        assert await cloud.s3.keys("shop") == sorted({"old", *answers} - set(failed))


async def test_puts_that_the_rows_refused_are_not_replayed(cloud):
    async with cloud.open():
        asked, body = cloud.lane.signed("PUT", "/shop/refused", b"x")
        upload = cloud.lane.lane(asked)
        await cloud.s3(  # between the head of the request and its body
            "PutBucketVersioning", Bucket="shop", VersioningConfiguration={"Status": "Enabled"}
        )
        assert not await upload.put(body)
        cloud.keep_database()
    cloud.set_database_back()
    async with cloud.open():
        assert await cloud.s3.keys("shop") == ["old"]


async def test_one_copy_is_enough_and_the_other_is_made_later(cloud):
    async with cloud.open():
        cloud.keep_database()
        await cloud.put("key", b"hello")
        row = await cloud.env.store.reader.row("SELECT blob FROM s3_object WHERE key = 'key'")
        zone = row[0].partition(",")[0]
    cloud.set_database_back()
    shutil.rmtree(cloud.folder / "zones" / zone / "segments")
    async with cloud.open():
        assert await cloud.s3.body("shop", "key") == b"hello"
        assert await select_state(cloud.env.store.reader, REPAIR_WANTED)


async def test_rows_are_durable_soon(cloud):
    async with cloud.open():
        assert isinstance(cloud.env.store, OwnStore)
        made = []
        transact = cloud.env.store.transact

        async def watched(work):
            made.append(work)
            return await transact(work)

        cloud.env.store.transact = watched
        await cloud.put("key", b"hello")
        assert not made
        async with asyncio.timeout(DURABLE_AFTER_S * 20):
            while not made:
                await asyncio.sleep(DURABLE_AFTER_S / 10)
        cloud.env.store.transact = transact


async def test_a_restored_backup_does_not_replay_what_came_after_it(cloud, tmp_path):
    async with cloud.open():
        await cloud.s3(
            "PutBucketVersioning", Bucket="shop", VersioningConfiguration={"Status": "Enabled"}
        )
        await cloud.s3("PutObject", Bucket="shop", Key="old", Body=b"second")
        await cloud.s3("DeleteObject", Bucket="shop", Key="old")
        await cloud.s3("CreateBucket", Bucket="other")
        await write_backup(cloud.config, tmp_path / "backup.tar")
        asked, body = cloud.lane.signed("PUT", "/other/later", b"x")
        await cloud.lane.by_lane(asked, body)
        versions = await cloud.s3("ListObjectVersions", Bucket="shop")
    restored = Cloud(tmp_path / "restored")
    restored.admin = cloud.admin
    await read_backup(restored.config, tmp_path / "backup.tar")
    # As if the segments had been linked after the put, while it was still being written.
    shutil.rmtree(restored.folder / "zones")
    shutil.copytree(cloud.folder / "zones", restored.folder / "zones")
    async with restored.open():
        assert await restored.s3.keys("other") == []
        assert await restored.s3("ListObjectVersions", Bucket="shop") == versions
        first = versions["Versions"][-1]["VersionId"]
        assert await restored.s3.body("shop", "old", VersionId=first) == b"first"
        while not (await select_telling(restored.env.store.reader) or Telling()).whole_bytes:
            await tell_changes(restored.env)
        await rebuild_index(restored.env, replace=True)  # of what is true since the restore
        assert await restored.s3.keys("other") == []
        assert await restored.s3("ListObjectVersions", Bucket="shop") == versions


async def test_puts_that_come_back_one_after_the_other_share_a_group_again(cloud):
    async with cloud.open():
        await asyncio.gather(*(cloud.put(f"first/{n}", b"x") for n in range(20)))
        coming = []
        for number in range(10):
            coming.append(asyncio.create_task(cloud.put(f"again/{number}", b"x")))
            await asyncio.sleep(0)
        assert {(await got).status for got in coming} == {200}
        told = [decode(note.text) for note in await cloud.env.bytes.read_notes()]
        groups = [len(group.puts) for group in told if isinstance(group, Group)]
        assert sorted(groups) == [1, 10, 20]
