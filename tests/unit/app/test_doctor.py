"""`volano doctor` names what is wrong and how to mend it, and ends well whatever it finds."""

import asyncio
import dataclasses
import os
import shutil
import socket

import asyncpg
import pytest

from volano.app import doctor
from volano.app.build import open_process
from volano.app.doctor import examine
from volano.kernel.config import Config


@pytest.fixture
def config(tmp_path):
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], two.getsockname()[1]
    return Config(data_dir=tmp_path / "d", port=ports[0], aws_port=ports[1], runtime="process")


@pytest.fixture
async def made(config):
    async with open_process(dataclasses.replace(config, log_level="error")):
        pass
    return config


async def worst(config, subject):
    """Level, text and mend of what is said about `subject`, the worst first."""
    order = {"fail": 0, "note": 1, "ok": 2}
    said = [f for f in await examine(config) if f.subject == subject]
    return min(said, key=lambda f: order[f.level], default=None)


async def test_a_new_machine_has_no_failure(config):
    found = await examine(config)
    assert [f for f in found if f.level == "fail" and f.subject not in ("disk", "instances")] == []
    assert (await worst(config, "data folder")).level == "note"
    assert not config.data_dir.exists()


async def test_a_sound_folder_is_said_to_be_sound(made):
    assert (await worst(made, "database")).text == "sound"
    assert (await worst(made, "console port")).level == "ok"
    assert (await worst(made, "price list")).level == "ok"


@pytest.mark.parametrize("harm", ["text", "page", "empty"])
async def test_a_damaged_database_is_a_failure_with_a_mend(made, harm):
    path = made.data_dir / "volano.db"
    if harm == "text":
        path.write_bytes(b"nonsense" * 1000)
    elif harm == "empty":
        path.write_bytes(b"")
    else:
        data = bytearray(path.read_bytes())
        data[4096 * 2 : 4096 * 20] = os.urandom(4096 * 18)
        path.write_bytes(bytes(data))
    said = await worst(made, "database")
    assert said.level == "fail"
    assert "volano restore" in said.mend


async def test_data_of_a_newer_version_is_a_failure(made):
    from pysqlite3 import dbapi2

    with dbapi2.connect(made.data_dir / "volano.db") as connection:
        connection.execute("INSERT INTO schema_migration VALUES ('objects/9999', 'x', 1)")
    assert "newer Volano" in (await worst(made, "database")).text


async def test_a_missing_or_open_root_key_is_a_failure(made):
    key = made.data_dir / "root.key"
    key.chmod(0o644)
    assert "chmod 600" in (await worst(made, "root key")).mend
    key.unlink()
    assert "missing" in (await worst(made, "root key")).text


async def test_a_folder_that_others_can_read_is_noted(made):
    made.data_dir.chmod(0o755)
    assert "chmod 700" in (await worst(made, "data folder")).mend


async def test_a_file_in_place_of_the_folder_is_a_failure(config):
    config.data_dir.write_text("")
    assert "not a folder" in (await worst(config, "data folder")).text


async def test_a_taken_port_is_a_failure_and_a_running_server_is_not(made):
    with socket.create_server(("127.0.0.1", made.port)):
        assert "--port" in (await worst(made, "console port")).mend
    import fcntl

    lock = os.open(made.data_dir / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert (await worst(made, "server")).text == "running on this data folder"
    os.close(lock)


async def test_a_wrong_price_list_is_a_failure(made, tmp_path):
    (tmp_path / "p.toml").write_text("currency = 3")
    broken = dataclasses.replace(made, price_list=tmp_path / "p.toml")
    assert (await worst(broken, "price list")).level == "fail"


async def test_a_low_disk_is_a_failure(made, monkeypatch):
    usage = shutil._ntuple_diskusage(10**12, 10**12 - 10**9, 10**9)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert "Free space" in (await worst(made, "disk")).mend


async def test_events_that_were_set_aside_are_noted(made):
    from pysqlite3 import dbapi2

    with dbapi2.connect(made.data_dir / "volano.db") as connection:
        connection.execute("INSERT INTO event_dead VALUES ('s', '1', 't', x'', 'e', 1)")
    assert "1 could not be handled" in (await worst(made, "events")).text


async def test_postgres_away_and_a_session_that_holds_events_back(made, postgres, monkeypatch):
    away = dataclasses.replace(made, store="postgresql:///x?host=/nowhere")
    assert (await worst(away, "PostgreSQL")).level == "fail"
    url = await postgres.create_database_async()
    here = dataclasses.replace(made, store=url)
    assert (await worst(here, "PostgreSQL")).level == "ok"
    monkeypatch.setattr(doctor, "LONG_TRANSACTION_S", 0.0)
    other = await asyncpg.connect(url)
    await other.execute("CREATE TABLE t (a int)")
    held = other.transaction()
    await held.start()
    await other.execute("INSERT INTO t VALUES (1)")
    said = await worst(here, "PostgreSQL")
    assert f"pg_terminate_backend({other.get_server_pid()})" in said.mend or said.level == "fail"
    await held.rollback()
    await other.close()
    await asyncio.sleep(0)
