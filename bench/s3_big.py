"""Big objects by HTTP: GET of 8 and 256 MiB and a range of 8 MiB against nginx's sendfile, and PUT
of 8 MiB against write + fdatasync of one file and against MD5, which every ETag needs.

Run: `python bench/s3_big.py [FOLDER]`. curl moves one object again and again on one connection;
figures are MB/s and seconds of the server's CPU for each GiB. A put lies in two zones, here on one
disk, so the disk writes every byte twice.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from http_json import ROUNDS
from machine import Figure, Load, Volano, best, cpu_us, main_of, nginx, on_core, require, volano
from s3_client import EMPTY_SHA256, signed_headers
from s3_small import make_bucket, put_file

MIB = 1024 * 1024
MOVED_BYTES = 1024 * MIB
"""In one round."""


def figures(folder: Path, *, rounds: int = ROUNDS) -> list[Figure]:
    files = folder / "files"
    files.mkdir(parents=True)
    sizes = {"8": 8 * MIB, "256": 256 * MIB}
    for name, size in sizes.items():
        with (files / name).open("wb") as file:
            for _ in range(size // MIB):
                file.write(os.urandom(MIB))
    found: list[Figure] = []
    with volano(folder / "volano") as server, nginx(folder / "nginx", files) as (port, pid):
        make_bucket(server)
        host = f"127.0.0.1:{server.aws_port}"
        for name, size in sizes.items():
            put_file(server, f"/bench/{name}", files / name, size)
        for name, part in (("8", None), ("256", None), ("256", (64 * MIB, 72 * MIB - 1))):
            extra = f"bytes={part[0]}-{part[1]}" if part else ""
            size = part[1] - part[0] + 1 if part else sizes[name]
            ours, theirs = [], []
            for _ in range(rounds):
                theirs.append(
                    _load(f"http://127.0.0.1:{port}/{name}", pid, folder, {}, extra, size)
                )
                headers = signed_headers(
                    server.admin, "GET", host, f"/bench/{name}",
                    {"x-amz-content-sha256": EMPTY_SHA256},
                )  # fmt: skip
                url = f"http://{host}/bench/{name}"
                ours.append(_load(url, server.pid, folder, headers, extra, size))
            found += _figures(
                best(ours), best(theirs), size, f"{name} MiB" if not part else "range"
            )
        found += _puts(server, folder, files / "8", rounds)
    return found


def _puts(server: Volano, folder: Path, file: Path, rounds: int) -> list[Figure]:
    """PUT of 8 MiB again and again, each answered when it is durable in two zones."""
    path, host = "/bench/put", f"127.0.0.1:{server.aws_port}"
    raws, hashes, ours = [], [], []
    for _ in range(rounds):
        raws.append(_raw_write(folder, file))
        hashes.append(_md5_speed(file))
        headers = signed_headers(
            server.admin, "PUT", host, path, {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        )
        ours.append(_put_load(f"http://{host}{path}", server.pid, folder, headers, file))
    got = best(ours)
    label = "S3 PUT 8 MiB durable"
    rate = got.bytes_per_s / 1e6
    return [
        Figure(name=label, value=rate, unit="MB/s", peer="write+fdatasync", peer_value=max(raws)),
        Figure(name=label, value=rate, unit="MB/s", peer="MD5 alone", peer_value=max(hashes)),
        Figure(name=f"{label}, CPU", value=got.cpu_us / 1e6, unit="s/GiB"),
    ]


def _raw_write(folder: Path, file: Path) -> float:
    """MB/s of new files, each written and synced."""
    data, count = file.read_bytes(), 16
    began = time.monotonic()
    for number in range(count):
        with (folder / f"raw{number}").open("wb", buffering=0) as raw:
            raw.write(data)
            os.fdatasync(raw.fileno())
    took = time.monotonic() - began
    for number in range(count):
        (folder / f"raw{number}").unlink()
    return len(data) * count / took / 1e6


def _md5_speed(file: Path) -> float:
    data = file.read_bytes()
    began = time.perf_counter()
    hashlib.md5(data).digest()
    return len(data) / (time.perf_counter() - began) / 1e6


def _put_load(url: str, pid: int, folder: Path, headers: dict[str, str], file: Path) -> Load:
    config, size, count = folder / "put.txt", file.stat().st_size, 32
    lines = [f'header = "{name}: {value}"\n' for name, value in headers.items() if name != "host"]
    lines += ['header = "expect:"\n']
    lines += [f'url = "{url}"\nupload-file = "{file}"\noutput = "/dev/null"\n'] * count
    config.write_text("".join(lines))
    program = [require("curl"), "-sS", "--fail", "-K", str(config)]
    before, began = cpu_us(pid), time.monotonic()
    done = subprocess.run(on_core(1, program), capture_output=True, text=True, check=False)
    took, used = time.monotonic() - began, cpu_us(pid) - before
    assert done.returncode == 0, done.stderr
    moved = size * count
    return Load(count, count / took, used / (moved / 2**30), 0, moved / took)


def _load(url: str, pid: int, folder: Path, headers: dict[str, str], extra: str, size: int) -> Load:
    """curl reads the URL again and again over one connection; wrk cannot count such bytes well."""
    config = folder / "curl.txt"
    lines = [f'header = "{name}: {value}"\n' for name, value in headers.items() if name != "host"]
    lines += [f'header = "range: {extra}"\n'] if extra else []
    lines += [f'url = "{url}"\noutput = "/dev/null"\n'] * max(1, MOVED_BYTES // size)
    config.write_text("".join(lines))
    program = [require("curl"), "-sS", "--fail", "-K", str(config)]
    program += ["-w", "%{size_download}\\n"]
    before, began = cpu_us(pid), time.monotonic()
    done = subprocess.run(on_core(1, program), capture_output=True, text=True, check=False)
    took, used = time.monotonic() - began, cpu_us(pid) - before
    assert done.returncode == 0, done.stderr
    moved = sum(int(line) for line in done.stdout.split() if line.isdigit())
    return Load(moved // MIB, 0, used / max(moved / 2**30, 1e-9), 0, moved / took)


def _figures(got: Load, peer: Load, size: int, name: str) -> list[Figure]:
    label = f"S3 GET {name} signed"
    if name == "range":
        label = f"S3 GET range of {size // MIB} MiB signed"
    return [
        Figure(
            name=label,
            value=got.bytes_per_s / 1e6,
            unit="MB/s",
            peer="nginx sendfile, no auth",
            peer_value=peer.bytes_per_s / 1e6,
        ),
        Figure(
            name=f"{label}, CPU",
            value=got.cpu_us / 1e6,
            unit="s/GiB",
            peer="nginx sendfile, no auth",
            peer_value=peer.cpu_us / 1e6,
            less_is_better=True,
        ),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        main_of("s3_big", figures(Path(name)))
