"""Small objects beside Ceph's gateway in the same run: signed GET and PUT of 4 KiB.

Ceph keeps its objects in memory here (its OSD is a memstore), so it never waits for a disk, while
Volano's PUT is durable in two zones before the answer: the comparison is kind to Ceph. Needs
Debian's radosgw, ceph-mon, ceph-osd and ceph-common.
"""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from machine import ROOT, Figure, Load, Missing, cpu_us, main_of, volano, wrk
from s3_client import get_bytes, put_bytes, wrk_script
from s3_small import OBJECTS, make_bucket, put_load

if TYPE_CHECKING:
    from machine import Volano

sys.path.insert(0, str(ROOT))
from tests.ceph import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Ceph, start_ceph

WRITERS = 64


@dataclass
class Gateway:
    """Ceph with the face of a server that `put_load` loads."""

    ceph: Ceph
    admin: dict[str, str] = field(default_factory=dict)

    @property
    def aws_port(self) -> int:
        return self.ceph.port

    @property
    def pid(self) -> int:
        return self.ceph.processes[-1].pid

    def cpu_us(self) -> float:
        return sum(cpu_us(process.pid) for process in self.ceph.processes)


def figures(folder: Path, *, rounds: int = 1) -> list[Figure]:
    if shutil.which("radosgw") is None:
        raise Missing("radosgw: apt-get install radosgw ceph-mon ceph-osd ceph-common")
    with tempfile.TemporaryDirectory(prefix="volano-ceph-", dir="/tmp") as place:
        ceph = start_ceph(Path(place))
        try:
            return _compare(ceph, folder, rounds)
        finally:
            ceph.stop()


def _compare(ceph: Ceph, folder: Path, rounds: int) -> list[Figure]:
    gateway = Gateway(ceph)
    gateway.admin = {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    ceph.client().create_bucket(Bucket="bench")
    found: list[Figure] = []
    with volano(folder / "volano", core=None) as server:
        make_bucket(server)
        for each in (server, gateway):
            _fill(each)
        ours = max((_gets(server, folder) for _ in range(rounds)), key=lambda load: load.per_s)
        theirs = max((_gets(gateway, folder) for _ in range(rounds)), key=lambda load: load.per_s)
        found += _pair("S3 GET 4 KiB signed", ours, theirs)
        for writers in (1, WRITERS):
            ours = _puts(server, folder, writers)
            theirs = _puts(gateway, folder, writers)
            found += _pair(f"S3 PUT 4 KiB, {writers} clients", ours, theirs)
    return found


def _fill(server: Volano | Gateway) -> None:
    host = f"127.0.0.1:{server.aws_port}"
    with socket.create_connection(("127.0.0.1", server.aws_port)) as connection:
        for number in range(OBJECTS):
            connection.sendall(put_bytes(server.admin, host, f"/bench/{number}"))
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200"), answer


def _used_us(server: Volano | Gateway) -> float:
    return server.cpu_us() if isinstance(server, Gateway) else cpu_us(server.pid)


def _gets(server: Volano | Gateway, folder: Path) -> Load:
    host = f"127.0.0.1:{server.aws_port}"
    script = folder / "get.lua"
    signed = [get_bytes(server.admin, host, f"/bench/{number}") for number in range(OBJECTS)]
    script.write_text(wrk_script(signed))
    before = _used_us(server)
    load = wrk(f"http://{host}/", server.pid, script=str(script))
    return Load(
        load.operations, load.per_s, (_used_us(server) - before) / load.operations, load.errors
    )


def _puts(server: Volano | Gateway, folder: Path, writers: int) -> Load:
    before = _used_us(server)
    load, _ = put_load(server, folder, writers)  # type: ignore[arg-type]  # it has the same face
    done = max(load.operations, 1)
    return Load(load.operations, load.per_s, (_used_us(server) - before) / done, load.errors)


def _pair(name: str, ours: Load, theirs: Load) -> list[Figure]:
    peer = "radosgw, OSD in memory"
    note = f"{ours.errors + theirs.errors} errors" if ours.errors or theirs.errors else ""
    return [
        Figure(
            name=f"{name}, rate", value=ours.per_s, unit="/s", peer=peer, peer_value=theirs.per_s
        ),
        Figure(
            name=f"{name}, CPU",
            value=ours.cpu_us,
            unit="µs",
            peer=peer,
            peer_value=theirs.cpu_us,
            less_is_better=True,
            note=note,
        ),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        main_of("s3_ceph", figures(Path(name)))
