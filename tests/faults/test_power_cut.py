"""The power goes under a mixed load: what was not synced is lost, what was acknowledged is not.

The server runs on a shim that records what was synced (power_shim.c). After kill -9 it is started
on the folder that POSIX promises: database and blobs together, without the real one's page cache.
"""

import os
import random
import shutil
import subprocess
import sys

from tests.conftest import start_volano
from tests.faults.mixed_load import Load, kill_under_load
from tests.faults.power_cut import build_shim, identity, left_after_cut

CUTS = int(os.environ.get("VOLANO_FAULT_CUTS", "2"))
LONGEST_S = 2.0


def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path, monkeypatch):
    seed = int(os.environ.get("VOLANO_FAULT_SEED", random.randrange(10**9)))
    print("VOLANO_FAULT_SEED =", seed)
    choose = random.Random(seed)
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    monkeypatch.setenv("LD_PRELOAD", str(build_shim(tmp_path)))
    monkeypatch.setenv("POWER_SHADOW", str(shadow))
    cloud = start_volano(tmp_path / "cloud")
    monkeypatch.delenv("LD_PRELOAD")
    try:
        load = Load(cloud)
        load.prepare()
        for number in range(CUTS):
            kill_under_load(load, number, choose.random() * LONGEST_S)
            left = tmp_path / f"left{number}"
            files = left_after_cut(cloud.data_dir, shadow, left)
            lost = sum(1 for path in cloud.data_dir.rglob("*") if path.is_file()) - files
            print("files left", files, "not left", lost)
            shutil.rmtree(cloud.data_dir)
            left.rename(cloud.data_dir)
            shutil.rmtree(shadow)
            shadow.mkdir()
            sync_everything(cloud.data_dir, shadow)
            cloud.restart()
            load.check()
    finally:
        cloud.stop(kill=True)
    kinds = {kind for kind, _ in load.acknowledged}
    assert kinds == {"object", "user", "message", "key-pair", "ciphertext"}


def sync_everything(root, shadow):
    """What survived one cut is on the disk: the next one cannot take it."""
    for folder, folders, files in os.walk(root):
        here = type(root)(folder)
        lines = [f"d{identity(here / name)} {name}" for name in folders]
        for name in files:
            known = identity(here / name)
            lines.append(f"f{known} {name}")
            shutil.copyfile(here / name, shadow / f"f{known}")
        (shadow / f"d{identity(here)}").write_text("".join(line + "\n" for line in lines))


def test_the_shim_forgets_what_was_not_synced(tmp_path, monkeypatch):
    shadow, root = tmp_path / "shadow", tmp_path / "root"
    shadow.mkdir()
    root.mkdir()
    program = (
        "import os, sys\n"
        "os.chdir(sys.argv[1])\n"
        "def write(name, data, sync):\n"
        "    fd = os.open(name, os.O_WRONLY | os.O_CREAT)\n"
        "    os.write(fd, data)\n"
        "    sync and os.fsync(fd)\n"
        "    return fd\n"
        "kept = write('kept', b'old', True)\n"
        "write('unsynced', b'x', False)\n"
        "os.fsync(os.open('.', os.O_RDONLY))\n"
        "os.write(kept, b' and new')\n"
        "write('unnamed', b'x', True)\n"
    )
    environment = {
        **os.environ,
        "LD_PRELOAD": str(build_shim(tmp_path)),
        "POWER_SHADOW": str(shadow),
    }
    subprocess.run([sys.executable, "-c", program, root], env=environment, check=True)
    assert (root / "kept").read_bytes() == b"old and new"
    left_after_cut(root, shadow, tmp_path / "left")
    assert {path.name: path.read_bytes() for path in (tmp_path / "left").iterdir()} == {
        "kept": b"old",
        "unsynced": b"",
    }
