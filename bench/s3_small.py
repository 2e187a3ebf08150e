"""Signed 4 KiB GET and durable 4 KiB PUT by HTTP, against nginx and against the raw disk.

Run: `python bench/s3_small.py [FOLDER]`. GET: wrk sends signed requests for 256 objects in turn;
nginx serves 256 files of the same size unsigned. PUT: 1, 64 and 256 clients send signed bodies with
a CRC-32, each answered after its bytes lie fsynced in two zones and its row is committed; the limit
is append + fdatasync of 32 records at a time (1 for one client) to two files side by side (two
zones on one disk).
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bytes_put import raw_small
from http_json import ROUNDS
from machine import Figure, Load, Volano, best, cpu_us, main_of, nginx, on_core, volano, wrk
from s3_client import (
    EMPTY_SHA256,
    PAYLOAD,
    get_bytes,
    put_bytes,
    signed_headers,
    wrk_script,
)

OBJECTS = 256
RAW_BATCH = 32


def figures(folder: Path, *, rounds: int = ROUNDS) -> list[Figure]:
    files = folder / "files"
    files.mkdir(parents=True)
    for number in range(OBJECTS):
        (files / f"{number}").write_bytes(PAYLOAD)
    with volano(folder / "volano") as server:
        _fill(server)
        found = _gets(server, folder, rounds)
        for writers in (1, 64, 256):
            found += _puts(server, folder, writers, rounds)
    return found


def _fill(server: Volano) -> None:
    make_bucket(server)
    host = f"127.0.0.1:{server.aws_port}"
    with socket.create_connection(("127.0.0.1", server.aws_port)) as connection:
        for number in range(OBJECTS):
            connection.sendall(put_bytes(server.admin, host, f"/bench/{number}"))
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200"), answer


def make_bucket(server: Volano) -> None:
    """The bucket `bench`."""
    connection, headers = _signed(server, "/bench", {"x-amz-content-sha256": EMPTY_SHA256})
    connection.request("PUT", "/bench", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


def put_file(server: Volano, path: str, file: Path, size: int) -> None:
    """One big object."""
    connection, headers = _signed(server, path, {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    with file.open("rb") as body:
        connection.request("PUT", path, body=body, headers=headers | {"content-length": str(size)})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


def _signed(
    server: Volano, path: str, extra: dict[str, str]
) -> tuple[http.client.HTTPConnection, dict[str, str]]:
    host = f"127.0.0.1:{server.aws_port}"
    headers = signed_headers(server.admin, "PUT", host, path, extra)
    return http.client.HTTPConnection("127.0.0.1", server.aws_port, timeout=120), headers


def _gets(server: Volano, folder: Path, rounds: int) -> list[Figure]:
    host = f"127.0.0.1:{server.aws_port}"
    ours, theirs = [], []
    with nginx(folder / "nginx", folder / "files") as (port, pid):
        plain = [f"GET /{number} HTTP/1.1\r\nhost: x\r\n\r\n".encode() for number in range(OBJECTS)]
        plain_script = folder / "plain.lua"
        plain_script.write_text(wrk_script(plain))
        for _ in range(rounds):
            theirs.append(wrk(f"http://127.0.0.1:{port}/", pid, script=str(plain_script)))
            script = folder / "signed.lua"
            signed = [get_bytes(server.admin, host, f"/bench/{n}") for n in range(OBJECTS)]
            script.write_text(wrk_script(signed))
            ours.append(wrk(f"http://{host}/", server.pid, script=str(script)))
    got, peer = best(ours), best(theirs)
    note = f"{got.errors} errors" if got.errors else ""
    return [
        Figure(
            name="S3 GET 4 KiB signed, CPU",
            value=got.cpu_us,
            unit="µs",
            peer="nginx static, no auth",
            peer_value=peer.cpu_us,
            less_is_better=True,
            note=note,
        ),
        Figure(
            name="S3 GET 4 KiB signed, rate",
            value=got.per_s,
            unit="/s",
            peer="nginx static, no auth",
            peer_value=peer.per_s,
        ),
    ]


def _puts(server: Volano, folder: Path, writers: int, rounds: int) -> list[Figure]:
    raws, ours, tails = [], [], []
    batch = 1 if writers == 1 else RAW_BATCH
    for _ in range(rounds):
        raws.append(raw_small(folder, batch, 2))
        load, detail = put_load(server, folder, writers)
        ours.append(load)
        tails.append(detail)
    got = best(ours)
    calm = min(tails, key=lambda each: each["p50_ms"])
    note = f"p50 {calm['p50_ms']:.0f} ms, p99 {calm['p99_ms']:.0f} ms"
    if got.errors:
        note += f", {got.errors} errors"
    return [
        Figure(
            name=f"S3 PUT 4 KiB durable, {_clients(writers)}",
            value=got.per_s,
            unit="/s",
            peer=f"append+fdatasync by {batch}, 2 files",
            peer_value=max(raws),
            note=note,
        ),
        Figure(name=f"S3 PUT 4 KiB durable, {_clients(writers)}, CPU", value=got.cpu_us, unit="µs"),
    ]


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"


def put_load(
    server: Volano, folder: Path, writers: int, seconds: float = 4.0
) -> tuple[Load, dict[str, Any]]:
    """Puts from `writers` connections of a process of its own."""
    asked = folder / "asked.json"
    host = f"127.0.0.1:{server.aws_port}"
    asked.write_text(
        json.dumps({"admin": server.admin, "host": host, "writers": writers, "seconds": seconds})
    )
    client = Path(__file__).parent / "s3_client.py"
    before = cpu_us(server.pid)
    text = subprocess.run(
        on_core(1, [sys.executable, str(client), str(asked)]),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    used = cpu_us(server.pid) - before
    detail: dict[str, Any] = json.loads(text)
    done = detail["operations"]
    return Load(done, detail["per_s"], used / max(done, 1), detail["errors"]), detail


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        main_of("s3_small", figures(Path(name)))
