"""A small JSON answer by HTTP against nginx's `return 200`, by CPU and by the wall clock.

Run: `python bench/http_json.py`. Needs nginx and wrk. `/healthz` passes through the whole server:
protocol, ASGI, router, request id, response.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from machine import Figure, best, main_of, nginx, volano, wrk

ROUNDS = 3


def figures(folder: Path, *, rounds: int = ROUNDS) -> list[Figure]:
    with (
        volano(folder / "volano") as server,
        nginx(folder / "nginx", folder) as (port, pid),
    ):
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(wrk(f"http://127.0.0.1:{port}/json", pid))
            ours.append(wrk(f"http://127.0.0.1:{server.port}/healthz", server.pid))
    got, peer = best(ours), best(theirs)
    note = f"{got.errors} errors" if got.errors else ""
    return [
        Figure(
            name="GET small JSON, CPU",
            value=got.cpu_us,
            unit="µs",
            peer="nginx return 200",
            peer_value=peer.cpu_us,
            less_is_better=True,
            note=note,
        ),
        Figure(
            name="GET small JSON, rate",
            value=got.per_s,
            unit="/s",
            peer="nginx return 200",
            peer_value=peer.per_s,
        ),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        main_of("http_json", figures(Path(name)))
