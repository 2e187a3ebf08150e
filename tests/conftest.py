"""Fixtures shared by all tests: a real Env on both databases, and a real running Volano.

`env` is a process's Env on an empty database (each test its own), without loops: tests call logic
and handlers themselves, or start the loops with `live_env`. `volano` is a server started as users
start it, in a process of its own, one per worker and database; tests make names of their own.
PostgreSQL is a real server that the session starts on a socket in a temporary folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from tests.ceph import Ceph, start_ceph

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

# How long an example takes says more of the machine's load than of the code.
settings.register_profile("volano", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("volano")

ROOT = Path(__file__).parent.parent
STORES = ("sqlite", "postgres")
START_TIMEOUT_S = 90
# The GPU device's tests need PyTorch, which is kept out of this environment: `make test-gpu`.
collect_ignore = [] if find_spec("torch") else ["gpu"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    assert on_path, "PostgreSQL is not installed: apt-get install postgresql"
    return Path(on_path).parent


class Postgres:
    """A PostgreSQL server of this test process, on a unix socket only."""

    def __init__(self, folder: Path, bin_dir: Path | None = None) -> None:
        self.folder = folder
        bin_dir = bin_dir or postgres_bin()
        user = "postgres" if os.geteuid() == 0 else None
        if user:
            shutil.chown(folder, user, user)
        data = folder / "data"
        run = {"user": user, "cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            [
                bin_dir / "initdb",
                "--no-sync",
                "-U",
                "volano",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-D",
                data,
            ],
            check=True,
            **run,
        )
        self.process = subprocess.Popen(
            [
                bin_dir / "postgres",
                "-D",
                data,
                "-k",
                folder,
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "max_connections=200",
                "-c",
                "shared_buffers=32MB",
            ],
            **run,
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (folder / ".s.PGSQL.5432").exists() or not self._answers():
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            assert self.process.poll() is None, "PostgreSQL ended while starting"
            time.sleep(0.05)

    def _answers(self) -> bool:
        done = subprocess.run([postgres_bin() / "pg_isready", "-h", self.folder, "-q"], check=False)
        return done.returncode == 0

    def create_database(self) -> str:
        name = "t" + uuid.uuid4().hex[:16]
        asyncio.run(self._execute(f"CREATE DATABASE {name}"))
        return f"postgresql://volano@/{name}?host={self.folder}"

    async def create_database_async(self) -> str:
        name = "t" + uuid.uuid4().hex[:16]
        await self._execute(f"CREATE DATABASE {name}")
        return f"postgresql://volano@/{name}?host={self.folder}"

    async def _execute(self, sql: str) -> None:
        import asyncpg

        connection = await asyncpg.connect(f"postgresql://volano@/postgres?host={self.folder}")
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(60)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="volano-pg-", dir="/tmp"))
    folder.chmod(0o755)
    server = Postgres(folder)
    yield server
    server.stop()
    # Hundreds of databases: a busy disk takes minutes, for which nobody needs to wait.
    subprocess.Popen(["rm", "-rf", folder], start_new_session=True)


@pytest.fixture(scope="session")
def ceph() -> Iterator[Ceph]:
    """A third-party S3 store."""
    folder = Path(tempfile.mkdtemp(prefix="volano-ceph-", dir="/tmp"))
    gateway = start_ceph(folder)
    yield gateway
    gateway.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=STORES)
def store_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def process(store_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator:
    """A wired process on an empty database, its loops not running."""
    from volano.app.build import open_process
    from volano.kernel.config import Config

    url = "sqlite"
    if store_kind == "postgres":
        url = await request.getfixturevalue("postgres").create_database_async()
    config = Config(data_dir=tmp_path / "data", store=url, runtime="process", log_level="warning")
    async with open_process(config) as opened:
        yield opened


@pytest.fixture
async def env(process):
    """The Env of `process`: an empty cloud without accounts."""
    return process.env


@pytest.fixture
async def live_env(process) -> AsyncIterator:
    """The same with its loops running: events are delivered, reconcilers run."""
    loops = asyncio.create_task(process.run_loops())
    await asyncio.sleep(0)
    yield process.env
    loops.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await loops


@dataclass
class Volano:
    """A running server and the administrator's credentials (names as stock clients read them)."""

    process: subprocess.Popen
    data_dir: Path
    port: int
    aws_port: int
    credentials: dict[str, str]
    arguments: list[str]
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    def client(self, service: str, **options: object):
        """A boto3 client of the administrator (or with the given keys)."""
        import boto3
        from botocore.config import Config as BotoConfig

        keys = {
            "aws_access_key_id": self.credentials["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.credentials["AWS_SECRET_ACCESS_KEY"],
            "region_name": self.credentials["AWS_DEFAULT_REGION"],
            "config": BotoConfig(
                retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
            ),
        }
        return boto3.client(service, endpoint_url=self.aws_url, **(keys | options))

    def openai(self, **options: object):
        import openai

        keys = {"api_key": self.credentials["OPENAI_API_KEY"], "max_retries": 0}
        return openai.OpenAI(base_url=f"{self.url}/v1", **(keys | options))

    def slack(self, token: str | None = None, **options: object):
        from slack_sdk import WebClient

        token = token or self.credentials["SLACK_USER_TOKEN"]
        return WebClient(token=token, base_url=f"{self.url}/api/", **options)

    def rest(self, method: str, path: str, body: object = None, *, token: str | None = None):
        """Call Volano's own API; returns (status, parsed JSON)."""
        token = token or self.credentials["OPENAI_API_KEY"]
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        request = urllib.request.Request(
            f"{self.url}/volano/v1{path}", data=data, method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, json.loads(reply.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def add_account(self) -> dict[str, str]:
        """A new account; its administrator's keys by the names that stock clients read."""
        alias = "t" + uuid.uuid4().hex[:12]
        status, made = self.rest("POST", "/accounts", {"name": alias, "alias": alias})
        assert status == 200, made
        head = {"content-type": "application/json"}
        token = made["login_url"].partition("token=")[2]
        with self._post("/session/link", {"token": token}, head) as reply:
            head["x-volano-csrf"] = json.loads(reply.read())["csrf"]
            head["cookie"] = reply.headers["set-cookie"].partition(";")[0]
        found = {"ACCOUNT": made["id"]}
        for kind in ("access-key", "api", "slack-user"):
            with self._post("/keys", {"kind": kind}, head) as reply:
                found |= _credential(kind, json.loads(reply.read()))
        return found

    def _post(self, path: str, body: object, headers: dict[str, str]):
        request = urllib.request.Request(
            f"{self.url}/volano/v1{path}", data=json.dumps(body).encode(), headers=headers
        )
        return urllib.request.urlopen(request, timeout=60)

    def restart(self, *, kill: bool = False) -> None:
        """Stop (TERM, or KILL) and start again on the same folder and ports."""
        self.stop(kill=kill)
        self.process = _spawn(self.arguments, self.environment, self.data_dir)
        _wait_ready(self)

    def stop(self, *, kill: bool = False) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            self.process.wait(60)


def _credential(kind: str, made: dict[str, str]) -> dict[str, str]:
    if kind == "access-key":
        return {"AWS_ACCESS_KEY_ID": made["id"], "AWS_SECRET_ACCESS_KEY": made["secret"]}
    return {"OPENAI_API_KEY" if kind == "api" else "SLACK_USER_TOKEN": made["secret"]}


def _spawn(arguments: list[str], environment: dict[str, str], data_dir: Path) -> subprocess.Popen:
    with (data_dir.parent / "volano.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "volano", "up", *arguments],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_ready(server: Volano) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        with contextlib.suppress(OSError, ValueError):
            with urllib.request.urlopen(f"{server.url}/readyz", timeout=2) as reply:
                if reply.status == 200:
                    return
        log = server.data_dir.parent / "volano.log"
        assert server.process.poll() is None, f"Volano ended:\n{log.read_text()[-4000:]}"
        assert time.monotonic() < deadline, f"Volano not ready:\n{log.read_text()[-4000:]}"
        time.sleep(0.05)


def start_volano(
    folder: Path,
    *,
    store: str = "sqlite",
    variables: dict[str, str] | None = None,
    **settings: str,
) -> Volano:
    """Start a server in `folder`; settings become VOLANO_* variables, `variables` are as they are."""
    data_dir = folder / "data"
    folder.mkdir(parents=True, exist_ok=True)
    port, aws_port = free_port(), free_port()
    arguments = [
        "--data",
        str(data_dir),
        "--port",
        str(port),
        "--aws-port",
        str(aws_port),
        "--store",
        store,
    ]
    clean = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("AWS_", "OPENAI_", "SLACK_", "VOLANO_"))
    }
    environment = clean | {"VOLANO_PUBLIC_HOST": "127.0.0.1", "PYTHONPATH": str(ROOT / "src")}
    environment |= {f"VOLANO_{key.upper()}": value for key, value in settings.items()}
    environment |= variables or {}
    server = Volano(
        process=_spawn(arguments, environment, data_dir),
        data_dir=data_dir,
        port=port,
        aws_port=aws_port,
        credentials={},
        arguments=arguments,
        environment=environment,
    )
    _wait_ready(server)
    lines = (data_dir / "admin.env").read_text().splitlines()
    server.credentials.update(line.split("=", 1) for line in lines)
    return server


@pytest.fixture(scope="session", params=STORES)
def volano(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Volano]:
    """A running Volano on each database, shared by the worker's tests."""
    store = "sqlite"
    if request.param == "postgres":
        store = request.getfixturevalue("postgres").create_database()
    server = start_volano(tmp_path_factory.mktemp(f"volano-{request.param}"), store=store)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def volano_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volano]:
    """A running Volano on SQLite only, for tests where the database makes no difference."""
    server = start_volano(tmp_path_factory.mktemp("volano"))
    yield server
    server.stop()
