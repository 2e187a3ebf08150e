"""What Volano costs before it does anything: start, memory, `--help`; and memory after requests.

Run: `python bench/footprint.py [FOLDER] [--requests 100000]`. The limits are the project's goals:
second start under 2 s, idle memory 150 MB, `volano --help` 200 ms. Memory is read after a mix of
signed GETs, PUTs, listings and refusals, several times: it must not keep growing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import ROOT, Figure, Volano, main_of, require, rss_mb, volano, wrk
from s3_client import EMPTY_SHA256, get_bytes, put_bytes, signed_headers, wrk_script
from s3_small import make_bucket

STEPS = 5


def figures(folder: Path, *, requests: int = 10_000) -> list[Figure]:
    folder.mkdir(parents=True, exist_ok=True)
    with volano(folder / "volano", core=None) as server:
        first_s = server.ready_s
    with volano(folder / "volano", core=None) as server:
        second_s = server.ready_s
        time.sleep(2)
        idle = rss_mb(server.pid)
        make_bucket(server)
        grown = _grow(server, folder, requests)
    found = [
        Figure(name="first start to ready", value=first_s, unit="s"),
        _goal("second start to ready", second_s, "s", 2.0),
        _goal("volano --help", _help_ms(), "ms", 200.0),
        _goal("resident memory, idle", idle, "MB", 150.0),
    ]
    steps = ", ".join(f"{value:.0f}" for value in grown[:-1])
    name = f"resident memory after {requests:,} requests"
    found.append(
        Figure(name=name, value=grown[-1], unit="MB", note=f"without mapped files: {steps}")
    )
    return found


def _goal(name: str, value: float, unit: str, goal: float) -> Figure:
    return Figure(
        name=name, value=value, unit=unit, peer="goal", peer_value=goal, less_is_better=True
    )


def _help_ms() -> float:
    """The best of five, started as the `volano` command is."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "volano", "--help"],
            cwd=ROOT / "src",
            check=True,
            capture_output=True,
        )
        times.append(time.perf_counter() - began)
    return min(times) * 1e3


def _grow(server: Volano, folder: Path, requests: int) -> list[float]:
    """Anonymous memory before and after each of `STEPS` shares of the requests; then all."""
    require("wrk")
    host = f"127.0.0.1:{server.aws_port}"
    seen = [rss_mb(server.pid, "RssAnon")]
    for step in range(STEPS):
        mixed = []
        for number in range(100):
            mixed.append(put_bytes(server.admin, host, f"/bench/mix/{step}/{number}"))
            mixed.append(get_bytes(server.admin, host, f"/bench/mix/{step}/{number}"))
            mixed.append(get_bytes(server.admin, host, f"/bench/absent/{step}/{number}"))
            mixed.append(_unsigned(server, host))
        script = folder / "mix.lua"
        script.write_text(wrk_script(mixed))
        done = 0
        while done < requests / STEPS:
            load = wrk(f"http://{host}/", server.pid, seconds=1, script=str(script))
            done += max(load.operations, 1)
        seen.append(rss_mb(server.pid, "RssAnon"))
    return [*seen, rss_mb(server.pid)]


def _unsigned(server: Volano, host: str) -> bytes:
    """A request that is refused: its signature is another's."""
    headers = signed_headers(
        server.admin, "GET", host, "/bench/other", {"x-amz-content-sha256": EMPTY_SHA256}
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET /bench/mine HTTP/1.1\r\n{lines}\r\n".encode()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    count = 10_000
    if "--requests" in arguments:
        at = arguments.index("--requests")
        count = int(arguments[at + 1])
        del arguments[at : at + 2]
    with tempfile.TemporaryDirectory(dir=arguments[0] if arguments else None) as name:
        main_of("footprint", figures(Path(name), requests=count))
