"""The power goes under a mixed load: what was not synced is lost, what was acknowledged is not.

The server runs on a shim that records what was synced (power_shim.c). After kill -9 it is started
on the folder that POSIX promises: database and blobs together, without the real one's page cache.
"""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys

from botocore.exceptions import ClientError
from tests.conftest import ROOT, start_volano
from tests.faults.mixed_load import BUCKET, Load, kill_under_load
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


SMALL = {f"small/{number}": b"%d " % number * 500 for number in range(40)}
UNSYNCED_LOG = (
    "from volano.backends.bytes.disk_ops import DiskOps\nDiskOps.sync = lambda self, fd: None\n"
)


def test_rows_that_were_not_synced_come_back_from_the_log(tmp_path):
    rows, lost = put_until_the_power_goes(tmp_path)
    print("rows on the disk", rows, "of", len(SMALL))
    assert rows < len(SMALL)
    assert lost == []


def test_an_answer_before_the_log_is_synced_is_noticed(tmp_path):
    """The test above is worth something: with that bug it fails."""
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(UNSYNCED_LOG)
    _, lost = put_until_the_power_goes(tmp_path, planted)
    assert lost


def put_until_the_power_goes(tmp_path, *planted):
    """Put small objects and cut the power with the last answer; rows left, and keys lost for good."""
    shadow, left = tmp_path / "shadow", tmp_path / "left"
    shadow.mkdir()
    places = [*planted, ROOT / "src"]
    variables = {
        "LD_PRELOAD": str(build_shim(tmp_path)),
        "POWER_SHADOW": str(shadow),
        "PYTHONPATH": os.pathsep.join(map(str, places)),
    }
    cloud = start_volano(tmp_path / "cloud", variables=variables)
    try:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for key, body in SMALL.items():
            s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        cloud.stop(kill=True)
        left_after_cut(cloud.data_dir, shadow, left)
        rows = count_rows(left, tmp_path / "looked-at")
        shutil.rmtree(cloud.data_dir)
        left.rename(cloud.data_dir)
        del cloud.environment["LD_PRELOAD"]
        cloud.restart()
        return rows, [key for key, body in SMALL.items() if read(s3, key) != body]
    finally:
        cloud.stop(kill=True)


def count_rows(folder, scratch):
    """Objects that the database knows; looked at in a copy, because looking changes files."""
    shutil.copytree(folder, scratch)
    with contextlib.closing(sqlite3.connect(scratch / "volano.db")) as database:
        return database.execute("SELECT count(*) FROM s3_object").fetchone()[0]


def read(s3, key):
    try:
        return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    except ClientError as error:
        return error.response["Error"]["Code"]


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
