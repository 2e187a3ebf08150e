"""The root key can be changed at any moment, and what it protects opens with exactly one of them."""

from __future__ import annotations

import dataclasses
import os

import pytest

from volano.app import root_key
from volano.app.build import open_process, open_store
from volano.backends.secrets.local import LocalSecretBox
from volano.backends.secrets.root import fingerprint_of
from volano.kernel.clock import SystemClock
from volano.kernel.config import Config
from volano.kernel.errors import Conflict, Internal, Invalid, NotFound


class Died(BaseException):
    """Stands for a kill: nothing below catches it."""


@pytest.fixture
async def config(tmp_path, store_kind, request):
    url = "sqlite"
    if store_kind == "postgres":
        url = await request.getfixturevalue("postgres").create_database_async()
    data = tmp_path / "data"
    return Config(data_dir=data, store=url, runtime="process", log_level="warning")


async def seal(config, text=b"kept"):
    async with open_process(config) as process:
        return process.env.secrets.seal(text, context="c"), process.env.secrets.digest("token")


async def opened(config, sealed):
    async with open_process(config) as process:
        return process.env.secrets.open(sealed, context="c"), process.env.secrets.digest("token")


async def rotate(config, environ=None, to=""):
    store = await open_store(config, SystemClock(), lambda: None)
    try:
        return await root_key.rotate_root_key(config, store, environ or {}, to=to)
    finally:
        await store.close()


async def test_a_new_root_key_opens_what_was_sealed_and_the_old_one_does_not(config):
    sealed, digest = await seal(config)
    path = config.data_dir / "root.key"
    old = path.read_bytes()
    for _ in range(2):
        fingerprint = await rotate(config)
        assert fingerprint == fingerprint_of(path.read_bytes())
        assert await opened(config, sealed) == (b"kept", digest)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in config.data_dir.glob("root.key*")] == ["root.key"]
    path.write_bytes(old)
    with pytest.raises(Internal, match="not the key"):
        await opened(config, sealed)


async def test_the_root_key_alone_does_not_open_the_database(config):
    sealed, _ = await seal(config)
    box = LocalSecretBox((config.data_dir / "root.key").read_bytes())
    with pytest.raises(Internal):
        box.open(sealed, context="c")


async def test_the_key_moves_from_a_file_to_a_variable_and_to_a_command(config, monkeypatch):
    sealed, digest = await seal(config)
    monkeypatch.setenv("ROOT_ONE", "11" * 32)
    monkeypatch.setenv("ROOT_TWO", "22" * 32)
    await rotate(config, dict(os.environ), to="env:ROOT_ONE")
    with pytest.raises(Internal, match="not the key"):
        await opened(config, sealed)
    (config.data_dir / "root.key").unlink()
    config = dataclasses.replace(config, root_key="env:ROOT_ONE")
    assert await opened(config, sealed) == (b"kept", digest)
    with pytest.raises(Invalid, match="--to"):
        await rotate(config, dict(os.environ))
    with pytest.raises(Conflict):
        await rotate(config, dict(os.environ), to="env:ROOT_ONE")
    await rotate(config, dict(os.environ), to="command:printenv ROOT_TWO")
    config = dataclasses.replace(config, root_key="command:printenv ROOT_TWO")
    assert await opened(config, sealed) == (b"kept", digest)
    await rotate(config, dict(os.environ), to="file")
    config = dataclasses.replace(config, root_key="file")
    assert await opened(config, sealed) == (b"kept", digest)


@pytest.mark.parametrize("step", ["before the commit", "after the commit"])
async def test_a_death_in_the_middle_leaves_one_key_that_opens(config, step, monkeypatch):
    sealed, digest = await seal(config)
    path = config.data_dir / "root.key"
    old = path.read_bytes()

    def die(*_):
        raise Died

    name = "wrap" if step == "before the commit" else "rename_root_key"
    with monkeypatch.context() as patched:
        patched.setattr(root_key, name, die)
        with pytest.raises(Died):
            await rotate(config)
    assert path.read_bytes() == old
    assert await opened(config, sealed) == (b"kept", digest)
    assert (path.read_bytes() == old) is (step == "before the commit")
    await rotate(config)
    assert await opened(config, sealed) == (b"kept", digest)


async def test_a_cloud_of_before_keeps_its_key_as_the_sealing_key(config):
    config.data_dir.mkdir(parents=True)
    old = os.urandom(32)
    (config.data_dir / "root.key").write_bytes(old)
    sealed = LocalSecretBox(old).seal(b"kept", context="c")
    store = await open_store(config, SystemClock(), lambda: None)

    async def write(tx):
        await tx.execute("INSERT INTO root_key (fingerprint) VALUES (?)", fingerprint_of(old))

    await store.transact(write)
    await store.close()
    digest = LocalSecretBox(old).digest("token")
    assert await opened(config, sealed) == (b"kept", digest)
    await rotate(config)
    assert await opened(config, sealed) == (b"kept", digest)


async def test_there_is_nothing_to_rotate_before_the_first_start(config):
    config.data_dir.mkdir(parents=True)
    with pytest.raises(NotFound):
        await rotate(config)
