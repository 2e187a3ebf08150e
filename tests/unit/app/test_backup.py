"""A backup holds what matters, is checked byte for byte, and goes only where nothing is."""

import dataclasses
import os
import tarfile

import pytest

from volano.app.backup import _add, read_backup, write_backup
from volano.app.build import open_process
from volano.kernel.errors import Conflict, Invalid, NotFound
from volano.services.identity import interface as identity


async def _fill(process):
    env = process.env
    admin = await identity.bootstrap(env)
    async with env.bytes.writer(size_hint=5, key="k") as small:
        await small.write(b"small")
        first = await small.commit()
    async with env.bytes.writer(size_hint=300_000, key="k") as large:
        await large.write(b"x" * 300_000)
        second = await large.commit()
    return admin, first, second


async def test_a_backup_of_a_live_cloud_is_restored_whole(process, store_kind, request, tmp_path):
    admin, first, second = await _fill(process)
    target = tmp_path / "b.tar"
    summary = await write_backup(process.env.config, target)
    assert summary.files >= 3
    assert target.stat().st_mode & 0o077 == 0

    store = "sqlite"
    if store_kind == "postgres":
        store = await request.getfixturevalue("postgres").create_database_async()
    config = dataclasses.replace(process.env.config, data_dir=tmp_path / "again", store=store)
    await read_backup(config, target)
    async with open_process(config) as again:
        key = await again.env.authority.find_access_key(admin.access_key_id, None)
        assert key is not None
        assert key.secret_access_key == admin.secret_access_key
        assert await again.env.bytes.read_all(first) == b"small"
        assert await again.env.bytes.read_all(second) == b"x" * 300_000


async def test_a_backup_goes_into_no_folder_that_holds_something(process, tmp_path):
    await _fill(process)
    await write_backup(process.env.config, tmp_path / "b.tar")
    before = sorted(path.name for path in process.env.config.data_dir.iterdir())
    with pytest.raises(Conflict, match="not empty"):
        await read_backup(process.env.config, tmp_path / "b.tar")
    assert sorted(path.name for path in process.env.config.data_dir.iterdir()) == before


@pytest.mark.parametrize("harm", ["flip", "cut", "foreign"])
async def test_a_damaged_backup_restores_nothing(process, tmp_path, harm):
    await _fill(process)
    target = tmp_path / "b.tar"
    await write_backup(process.env.config, target)
    data = bytearray(target.read_bytes())
    if harm == "flip":
        with tarfile.open(target) as tar:
            member = next(entry for entry in tar if entry.name == "root.key")
        data[member.offset_data] ^= 1
    elif harm == "cut":
        del data[len(data) // 2 :]
    else:
        data = bytearray(b"not a backup")
    target.write_bytes(bytes(data))
    config = dataclasses.replace(process.env.config, data_dir=tmp_path / "again")
    with pytest.raises(Invalid):
        await read_backup(config, target)
    assert not config.data_dir.exists()
    assert not list(tmp_path.glob(".restore-*"))


async def test_a_folder_without_a_cloud_has_no_backup(process, tmp_path):
    config = dataclasses.replace(process.env.config, data_dir=tmp_path / "none")
    with pytest.raises(NotFound):
        await write_backup(config, tmp_path / "b.tar")


async def test_after_a_restore_each_subscriber_goes_on_where_it_was(
    process, store_kind, request, tmp_path
):
    from volano.services.billing.interface import Usage

    async def publish(count):
        async def work(tx):
            for _ in range(count):
                tx.publish(Usage(records=()))

        await process.env.store.transact(work)

    await identity.bootstrap(process.env)
    await publish(3)
    await publish(4)
    found = await process.store.read_outbox("", 1000)

    async def cursors(tx):
        for name, place in (("none", None), ("middle", -4), ("all", -1)):
            position = found[place][0] if place is not None else None
            if position:
                await tx.execute("INSERT INTO event_cursor VALUES (?, ?)", name, position)

    await process.env.store.transact(cursors)
    await write_backup(process.env.config, tmp_path / "b.tar")
    store = "sqlite"
    if store_kind == "postgres":
        store = await request.getfixturevalue("postgres").create_database_async()
    config = dataclasses.replace(process.env.config, data_dir=tmp_path / "again", store=store)
    await read_backup(config, tmp_path / "b.tar")
    async with open_process(config) as again:
        positions = dict(
            await again.env.store.reader.rows("SELECT subscriber, position FROM event_cursor")
        )
        left = {
            name: len(await again.store.read_outbox(positions.get(name, ""), 1000))
            for name in ("none", "middle", "all")
        }
        assert left == {"none": len(found), "middle": 3, "all": 0}

        async def more(tx):
            tx.publish(Usage(records=()))

        await again.env.store.transact(more)
        assert len(await again.store.read_outbox(positions["all"], 10)) == 1


async def test_a_backup_that_fails_leaves_no_part_of_itself(process, tmp_path, monkeypatch):
    await _fill(process)

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("volano.app.backup._add", broken)
    with pytest.raises(OSError, match="No space"):
        await write_backup(process.env.config, tmp_path / "b.tar")
    assert list(tmp_path.glob("b.tar*")) == []
    assert list(process.env.config.data_dir.glob("backup-*")) == []
    with pytest.raises(Invalid, match="no folder"):
        await write_backup(process.env.config, tmp_path / "missing" / "b.tar")


def test_a_segment_that_is_sealed_while_it_is_copied_keeps_its_zeros(tmp_path, monkeypatch):
    segment, target = tmp_path / "1.seg", tmp_path / "b.tar"
    segment.write_bytes(b"records" + bytes(1000))
    measure = os.fstat

    def seal_when_measured(file):
        found = measure(file)
        os.truncate(segment, len(b"records"))
        return found

    with tarfile.open(target, "w") as tar:
        monkeypatch.setattr("volano.app.backup.os.fstat", seal_when_measured)
        _, size = _add(tar, segment, "1.seg")
        monkeypatch.undo()
    with tarfile.open(target) as tar:
        assert tar.extractfile("1.seg").read() == b"records" + bytes(1000)
    assert size == 1007
