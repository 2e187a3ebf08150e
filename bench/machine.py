"""What every bench shares: a real Volano, nginx and wrk beside it, and figures that say all.

The server runs on one core and the client on another (where there are two), so the microseconds of
CPU that the server's processes use for one operation are the figure to trust; the rate by the wall
clock is a lower bound on a busy machine. A peer or a limit is measured in the same run.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
INSTALL = {"nginx": "apt-get install nginx-light", "wrk": "apt-get install wrk"}


@dataclass(kw_only=True)
class Figure:
    """One measured figure beside what it is compared with; `less_is_better` turns the ratio."""

    name: str
    value: float
    unit: str
    peer: str = ""
    peer_value: float = 0.0
    less_is_better: bool = False
    note: str = ""
    load: float = field(default_factory=lambda: round(os.getloadavg()[0], 1))

    @property
    def ratio(self) -> float | None:
        """1 is as good as the peer, more is better; None without a peer."""
        if not self.value or not self.peer_value:
            return None
        quotient = self.value / self.peer_value
        return 1 / quotient if self.less_is_better else quotient

    def row(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio}


class Missing(Exception):
    """A program that this bench needs is not installed."""


def require(program: str) -> str:
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Missing(f"{program} is not installed: {INSTALL.get(program, 'install it')}")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def on_core(number: int, command: list[str]) -> list[str]:
    """The command bound to one core, where there is more than one and taskset is there."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("taskset") is None:
        return command
    return ["taskset", "-c", str(cores[number]), *command]


def cpu_us(pid: int) -> float:
    """CPU that the process and its living children have used since they started."""
    total = 0.0
    for each in (pid, *_children(pid)):
        try:
            text = Path(f"/proc/{each}/stat").read_text()
        except FileNotFoundError:
            continue
        fields = text.rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) * 1e6 / TICKS
    return total


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *_children(int(child))]
    return found


def rss_mb(pid: int, kind: str = "VmRSS") -> float:
    """Resident memory of the process itself; `RssAnon` leaves mapped files (SQLite's) out."""
    match = re.search(kind + r":\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match.group(1)) / 1024 if match else 0.0


@dataclass
class Volano:
    """A server started as users start it."""

    process: subprocess.Popen[bytes]
    data: Path
    port: int
    aws_port: int
    ready_s: float
    admin: dict[str, str] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        return self.process.pid


@contextmanager
def volano(folder: Path, *options: str, core: int | None = 0) -> Iterator[Volano]:
    """A Volano on free ports with its data in `folder`; stopped at the end."""
    port, aws_port = free_port(), free_port()
    program = [sys.executable, "-m", "volano", "up", "--data", str(folder)]
    program += ["--port", str(port), "--aws-port", str(aws_port), *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    log = folder.parent / f"{folder.name}.log"
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            program if core is None else on_core(core, program),
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        _wait_ready(process, f"http://127.0.0.1:{port}/readyz", log)
        server = Volano(process, folder, port, aws_port, time.monotonic() - began)
        server.admin = _read_env(folder / "admin.env")
        yield server
    finally:
        process.terminate()
        process.wait(60)


def _wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended:\n{log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    raise RuntimeError("the server was not ready after 90 seconds")


def _read_env(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in path.read_text().splitlines():
        name, equals, value = line.removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("'\"")
    return found


@contextmanager
def nginx(folder: Path, root: Path) -> Iterator[tuple[int, int]]:
    """An nginx of one worker serving `root` and `/json`: its port and its process id."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nginx.conf"
    config.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
    location = /json {{ default_type application/json; return 200 '{{"status":"ok"}}'; }}
    location / {{ root {root}; default_type application/octet-stream; }}
  }}
}}
"""
    )
    if os.geteuid() == 0:
        config.write_text("user root;\n" + config.read_text())
    process = subprocess.Popen(on_core(0, [require("nginx"), "-c", str(config)]))
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Load:
    """What a client measured: operations, per second, and the server's CPU for each."""

    operations: int
    per_s: float
    cpu_us: float
    errors: int = 0
    bytes_per_s: float = 0.0


def wrk(url: str, pid: int, *, seconds: int = 4, connections: int = 32, script: str = "") -> Load:
    """Load from wrk on its own core against a server whose process is `pid`."""
    command = [require("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", url]
    if script:
        command[1:1] = ["-s", script]
    before = cpu_us(pid)
    text = subprocess.run(on_core(1, command), capture_output=True, text=True, check=True).stdout
    used = cpu_us(pid) - before
    total = re.search(r"(\d+) requests in ([\d.]+)(m?s|m)", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert total, text
    assert rate, text
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    failed = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text
    )
    errors = int(bad.group(1)) if bad else 0
    errors += sum(map(int, failed.groups())) if failed else 0
    moved = re.search(r"Transfer/sec:\s+([\d.]+)(KB|MB|GB|B)", text)
    scale = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}
    done = int(total.group(1))
    return Load(
        operations=done,
        per_s=float(rate.group(1)),
        cpu_us=used / max(done, 1),
        errors=errors,
        bytes_per_s=float(moved.group(1)) * scale[moved.group(2)] if moved else 0.0,
    )


def best(loads: list[Load]) -> Load:
    """The least disturbed of several: least CPU for an operation, highest rate."""
    least = min(loads, key=lambda load: load.cpu_us)
    return Load(
        least.operations,
        max(load.per_s for load in loads),
        least.cpu_us,
        sum(load.errors for load in loads),
        max(load.bytes_per_s for load in loads),
    )


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, kernel, Python: without it no figure means anything."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.+)", cpuinfo)
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return {
        "processor": model.group(1).strip() if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory.group(1)) / 2**20, 1) if memory else 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "date": time.strftime("%Y-%m-%d %H:%M:%S %Z"),
    }


def print_figures(figures: list[Figure]) -> None:
    """One line for each: figure, its peer in the same run, the ratio, the load average."""
    head = ("figure", "got", "unit", "peer in the same run", "peer got", "ratio", "load")
    print("{:44} {:>10} {:7} {:30} {:>10} {:>6} {:>5}".format(*head))
    for each in figures:
        ratio = f"{each.ratio:6.2f}" if each.ratio is not None else "     -"
        peer = f"{each.peer:30} {each.peer_value:10.1f}" if each.peer else f"{'':30} {'':10}"
        print(
            f"{each.name:44} {each.value:10.1f} {each.unit:7} {peer} {ratio} {each.load:5.1f}"
            f"  {each.note}".rstrip()
        )


def main_of(name: str, figures: list[Figure]) -> None:
    """What a bench does when it is run by itself."""
    print(json.dumps({"bench": name} | describe_machine()))
    print_figures(figures)
