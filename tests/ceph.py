"""A small Ceph of our own, as a third-party S3 store: a monitor, one OSD in memory, a gateway.

Debian's packages radosgw, ceph-mon, ceph-osd and ceph-common; ready in about fifteen seconds, and
nothing of it outlives `stop`.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import boto3

START_TIMEOUT_S = 90.0  # of each command; all starts together stay under a test's 300
STARTS = 3
ACCESS_KEY_ID = "testing"
SECRET_ACCESS_KEY = "testing"

CONFIG = """\
[global]
fsid = {fsid}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
ms_bind_msgr2 = false
public_network = 127.0.0.0/8
mon_host = v1:127.0.0.1:{mon_port}
mon_initial_members = a
mon_data = {folder}/mon
osd_data = {folder}/osd
rgw_data = {folder}/rgw
keyring = {folder}/keyring
run_dir = {folder}
admin_socket = {folder}/$name.asok
log_file =
pid_file =
osd_objectstore = memstore
memstore_device_bytes = 2147483648
osd_max_object_name_len = 256
osd_max_object_namespace_len = 64
osd_crush_chooseleaf_type = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
rgw_frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw_run_sync_thread = false
"""


@dataclass
class Ceph:
    """A running gateway; its one user has ACCESS_KEY_ID."""

    folder: Path
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self):
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
        )

    def run(self, *command: str) -> None:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=START_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{command} hangs:\n{self.log()}") from error
        assert done.returncode == 0, f"{command}:\n{done.stderr}\n{self.log()}"

    def spawn(self, *command: str) -> None:
        with (self.folder / "log").open("ab") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))

    def log(self) -> str:
        with contextlib.suppress(OSError):
            return (self.folder / "log").read_text()[-3000:]
        return ""

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def start_ceph(folder: Path) -> Ceph:
    """Start all of it in `folder`, an empty one with a short path (it holds sockets).

    The monitor wants its port in advance, and on a busy machine another program can be quicker to
    take it; then all begins anew.
    """
    for left in reversed(range(STARTS)):
        attempt = folder / str(left)
        attempt.mkdir()
        try:
            return _start(attempt)
        except AssertionError:
            if not left:
                raise
    raise AssertionError("the last start returns or raises")


def _start(folder: Path) -> Ceph:
    ceph = Ceph(folder=folder, port=_free_port())
    mon_port, fsid = _free_port(), str(uuid.uuid4())
    config, keyring = folder / "ceph.conf", folder / "keyring"
    text = CONFIG.format(fsid=fsid, mon_port=mon_port, folder=folder, port=ceph.port)
    config.write_text(text)
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir()
    settings = ("-c", str(config))
    try:
        tool = ("ceph-authtool", str(keyring), "--gen-key")
        ceph.run(*tool, "--create-keyring", "-n", "mon.", "--cap", "mon", "allow *")
        ceph.run(*tool, "-n", "client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *")
        made = ("monmaptool", "--create", "--fsid", fsid)
        ceph.run(*made, "--addv", "a", f"[v1:127.0.0.1:{mon_port}]", str(folder / "monmap"))
        new = ("--mkfs", "-i", "a", "--monmap", str(folder / "monmap"), "--keyring", str(keyring))
        ceph.run("ceph-mon", *settings, *new)
        ceph.spawn("ceph-mon", *settings, "-i", "a", "-f")
        osd = str(uuid.uuid4())
        ceph.run("ceph", *settings, "osd", "create", osd, "0")
        ceph.run("ceph-osd", *settings, "-i", "0", "--mkfs", "--osd-uuid", osd)
        where = ("host=h", "root=default")
        ceph.run("ceph", *settings, "osd", "crush", "add", "osd.0", "1.0", *where)
        ceph.spawn("ceph-osd", *settings, "-i", "0", "-f")
        who = ("--uid=tester", "--display-name=tester")
        keys = (f"--access-key={ACCESS_KEY_ID}", f"--secret={SECRET_ACCESS_KEY}")
        ceph.run("radosgw-admin", *settings, "user", "create", *who, *keys)
        ceph.spawn("radosgw", *settings, "-n", "client.admin", "-f")
        _wait_for(ceph)
    except BaseException:
        ceph.stop()
        raise
    return ceph


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(ceph: Ceph) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        assert ceph.processes[-1].poll() is None, ceph.log()
        assert time.monotonic() < deadline, ceph.log()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", ceph.port), timeout=1).close()
            return
        time.sleep(0.05)
