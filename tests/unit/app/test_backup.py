"""A backup holds what matters, is checked byte for byte, and goes only where nothing is."""

import dataclasses
import tarfile

import pytest

from volano.app.backup import read_backup, write_backup
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
