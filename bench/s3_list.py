"""Listing 1,000 keys: by HTTP, and what the server spends on it, against the raw SQLite select.

Run: `python bench/s3_list.py [FOLDER]`. A bucket of 10,000 objects; wrk asks on one connection for
pages of 1,000 keys, each of which is made anew: there are more of them than are kept. The limit is
as many rows selected by SQLite from a copy of the database. The first page again and again, while
nothing is written, and one with a delimiter (100 prefixes of 100 keys) are shown beside it.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from http_json import ROUNDS
from machine import Figure, Volano, best, main_of, volano, wrk
from pysqlite3 import dbapi2 as sqlite3
from s3_client import EMPTY_SHA256, put_bytes, signed_headers, wrk_script
from s3_small import make_bucket

OBJECTS = 10_000
CONNECTIONS = 50
PAGE = 1000
PAGES = 100
"""Different pages asked in turn, 28 MB of text."""
SQL = (
    "SELECT key, size_bytes, etag, modified_us, storage_class, checksum FROM s3_object "
    "WHERE bucket_id = ? AND key > ? ORDER BY key LIMIT ?"
)


def figures(folder: Path, *, rounds: int = ROUNDS) -> list[Figure]:
    whole, again, grouped, raws = [], [], [], []
    with volano(folder / "volano") as server:
        make_bucket(server)
        host = f"127.0.0.1:{server.aws_port}"
        _fill(server, host)
        copy = folder / "copy.db"
        with contextlib.closing(sqlite3.connect(server.data / "volano.db")) as source:
            source.execute("VACUUM INTO ?", (str(copy),))
        for _ in range(rounds):
            raws.append(_raw_select_us(copy))
            for found, queries in (
                (whole, [f"list-type=2&start-after={number:03d}" for number in range(PAGES)]),
                (again, ["list-type=2"]),
                (grouped, [f"delimiter=%2F&list-type=2&max-keys={PAGE - n}" for n in range(PAGE)]),
            ):
                script = folder / "list.lua"
                requests = [_request(server.admin, host, query) for query in queries]
                script.write_text(wrk_script(requests))
                url = f"http://{host}/"
                found.append(wrk(url, server.pid, connections=1, script=str(script)))
    raw = min(raws)
    return [
        Figure(
            name=f"S3 LIST {PAGE} keys, CPU",
            value=best(whole).cpu_us,
            unit="µs",
            peer="SQLite select alone",
            peer_value=raw,
            less_is_better=True,
            note=f"{best(whole).cpu_us / raw:.2f} times the select",
        ),
        Figure(
            name=f"S3 LIST {PAGE} keys, kept page, CPU",
            value=best(again).cpu_us,
            unit="µs",
            peer="SQLite select alone",
            peer_value=raw,
            less_is_better=True,
        ),
        Figure(
            name=f"S3 LIST of {OBJECTS // 100} prefixes, CPU",
            value=best(grouped).cpu_us,
            unit="µs",
        ),
    ]


def _fill(server: Volano, host: str) -> None:
    """The bucket's objects, from many connections at once."""
    address = ("127.0.0.1", server.aws_port)
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(address)) for _ in range(CONNECTIONS)
        ]
        for start in range(0, OBJECTS, CONNECTIONS):
            for number, connection in enumerate(connections, start):
                path = f"/bench/{number // 100:03d}/{number % 100:02d}"
                connection.sendall(put_bytes(server.admin, host, path))
            for connection in connections:
                answer = connection.recv(65536)
                assert answer.startswith(b"HTTP/1.1 200"), answer


def _request(admin: dict[str, str], host: str, query: str) -> bytes:
    """A signed listing; the query is already in the order and form that is signed."""
    extra = {"x-amz-content-sha256": EMPTY_SHA256}
    headers = signed_headers(admin, "GET", host, "/bench", extra, query=query)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {quote('/bench')}?{query} HTTP/1.1\r\n{lines}\r\n".encode()


def _raw_select_us(path: Path) -> float:
    with contextlib.closing(sqlite3.connect(path)) as database:
        bucket = database.execute("SELECT id FROM s3_bucket WHERE name = 'bench'").fetchone()[0]
        least = float("inf")
        for _ in range(50):
            began = time.perf_counter()
            rows = database.execute(SQL, (bucket, "", PAGE)).fetchall()
            least = min(least, time.perf_counter() - began)
            assert len(rows) == PAGE
    return least * 1e6


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        main_of("s3_list", figures(Path(name)))
