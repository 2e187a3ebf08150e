"""A backup of a server that is being written to, restored beside it, has all that was acknowledged
before the backup began, whole; the server it was taken from may be killed meanwhile.
"""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
import threading

import pytest
from tests.conftest import ROOT, STORES, start_volano


def _command(*arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VOLANO_")}
    return subprocess.run(
        [sys.executable, "-m", "volano", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"PYTHONPATH": str(ROOT / "src")},
    )


@pytest.mark.parametrize("kind", STORES)
def test_what_was_acknowledged_before_is_in_the_backup(kind, request, tmp_path):
    store = again = "sqlite"
    if kind == "postgres":
        databases = request.getfixturevalue("postgres")
        store, again = databases.create_database(), databases.create_database()
    server = start_volano(tmp_path / "one", store=store)
    s3 = server.client("s3")
    s3.create_bucket(Bucket="load")
    acknowledged, stop = [], threading.Event()

    def write(worker):
        mine = server.client("s3")
        number = 0
        while not stop.is_set():
            key = f"{worker}/{number}"
            body = key.encode() * (20_000 if number % 10 == 0 else 1)
            try:
                mine.put_object(Bucket="load", Key=key, Body=body)
            except Exception:  # the server is killed at the end
                return
            acknowledged.append((key, body))
            number += 1

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for worker in range(4):
            pool.submit(write, worker)
        while len(acknowledged) < 60:
            stop.wait(0.01)
        before = list(acknowledged)
        done = _command(
            "backup", str(tmp_path / "b.tar"), "--data", str(server.data_dir), "--store", store
        )
        server.stop(kill=True)
        stop.set()
    assert done.returncode == 0, done.stderr
    done = _command(
        "restore",
        str(tmp_path / "b.tar"),
        "--data",
        str(tmp_path / "two" / "data"),
        "--store",
        again,
    )
    assert done.returncode == 0, done.stderr
    restored = start_volano(tmp_path / "two", store=again)
    try:
        restored.credentials["AWS_ACCESS_KEY_ID"] = server.credentials["AWS_ACCESS_KEY_ID"]
        s3 = restored.client("s3")
        for key, body in before:
            assert s3.get_object(Bucket="load", Key=key)["Body"].read() == body
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="load")
        listed = [item["Key"] for page in pages for item in page.get("Contents", [])]
        assert {key for key, _ in before} <= set(listed)
        for key in listed:  # later ones are there whole or not at all
            assert s3.get_object(Bucket="load", Key=key)["Body"].read().startswith(key.encode())
        s3.put_object(Bucket="load", Key="after", Body=b"x")
    finally:
        restored.stop()
