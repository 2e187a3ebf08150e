"""`volano doctor`: what is wrong with this machine or this data folder, and how to mend it."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import platform
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pysqlite3 import dbapi2 as sqlite3

from volano.app import discover
from volano.app.health import LOW_DISK_FRACTION
from volano.backends.runtime import open_runtime
from volano.backends.secrets.root import source_path
from volano.backends.store.migrations import NewerSchema, plan
from volano.backends.store.sqlite import FIRST_FIXED_VERSION
from volano.console.pages import DIST
from volano.kernel.clock import SystemClock
from volano.kernel.errors import VolanoError
from volano.kernel.log import StreamLog
from volano.services.billing import interface as billing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.kernel.config import Config

LONG_TRANSACTION_S = 30.0
# Any session of the server that has written and not ended holds back events (see store/postgres).
_IDLE_WRITERS = """
SELECT pid, datname, application_name, extract(epoch FROM now() - xact_start)::float8
FROM pg_stat_activity
WHERE backend_xid IS NOT NULL AND now() - xact_start > make_interval(secs => $1)
LIMIT 10
"""
_PGVECTOR = "SELECT extversion FROM pg_extension WHERE extname = 'vector' LIMIT 1"
MIN_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`level` is ok, note (works, with less) or fail; `mend` says what to do."""

    level: str
    subject: str
    text: str
    mend: str = ""


async def examine(config: Config) -> list[Finding]:
    """Look at everything; changes nothing."""
    findings = [
        *_machine(),
        *_folder(config),
        *_database(config),
        *_ports(config),
        *_parts(config),
    ]
    findings += await _runtime(config)
    if config.store != "sqlite":
        findings += await _postgres(config.store)
    return findings


def _machine() -> Iterator[Finding]:
    yield Finding(level="ok", subject="Python", text=platform.python_version())
    fixed = sqlite3.sqlite_version_info >= FIRST_FIXED_VERSION
    yield Finding(
        level="ok" if fixed else "fail",
        subject="SQLite",
        text=sqlite3.sqlite_version,
        mend="" if fixed else "It has the WAL-reset bug: pip install -U pysqlite3",
    )


def _folder(config: Config) -> Iterator[Finding]:
    folder = config.data_dir
    if not folder.exists():
        yield Finding(level="note", subject="data folder", text=f"{folder} is made by `volano up`")
        folder = next(parent for parent in folder.parents if parent.exists())
    if not folder.is_dir():
        yield Finding(
            level="fail",
            subject="data folder",
            text=f"{folder} is not a folder",
            mend="Move the file away, or choose another folder with --data.",
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(
            level="fail",
            subject="data folder",
            text=f"{folder} cannot be written",
            mend="Change its owner, or choose another with --data.",
        )
        return
    usage = shutil.disk_usage(folder)
    low = usage.free < max(MIN_FREE_BYTES, usage.total * LOW_DISK_FRACTION)
    yield Finding(
        level="fail" if low else "ok",
        subject="disk",
        text=f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB free in {folder}",
        mend="Free space, or move the folder: writes are refused when it is full." if low else "",
    )
    if config.data_dir.exists() and config.data_dir.stat().st_mode & 0o077:
        yield Finding(
            level="note",
            subject="data folder",
            text="other users of this machine can look into it",
            mend=f"chmod 700 {config.data_dir}",
        )
    key = source_path(config.root_key, config.data_dir)
    database = config.data_dir / "volano.db"
    if key is None:
        return
    if config.store == "sqlite" and database.exists() and not key.exists():
        yield Finding(
            level="fail",
            subject="root key",
            text=f"{key} is missing: nothing that is sealed in the database can be opened",
            mend="Put the file back from a backup: volano restore FILE",
        )
    if key.exists() and key.stat().st_mode & 0o077:
        yield Finding(
            level="fail",
            subject="root key",
            text="others can read it",
            mend=f"chmod 600 {key}",
        )


def _database(config: Config) -> Iterator[Finding]:
    path = config.data_dir / "volano.db"
    if config.store != "sqlite" or not os.access(path, os.F_OK):
        return
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    except sqlite3.Error as error:
        yield Finding(
            level="fail",
            subject="database",
            text=f"{path} cannot be opened: {error}",
            mend="Run as the user who owns the data folder.",
        )
        return
    try:
        applied = dict(connection.execute("SELECT key, digest FROM schema_migration").fetchall())
        left = plan(applied, discover.migrations())
        word = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        sound = word == "ok"
        later = f", {len(left)} migrations run at the next start" if left else ""
        yield Finding(
            level="ok" if sound else "fail",
            subject="database",
            text=f"sound{later}" if sound else f"damaged: {word}",
            mend="" if sound else "Stop Volano and restore the last backup: volano restore FILE",
        )
        dead = connection.execute("SELECT count(*) FROM event_dead").fetchone()[0]
        if dead:
            yield Finding(
                level="note",
                subject="events",
                text=f"{dead} could not be handled and were set aside (table event_dead)",
                mend="The log says why; they can be delivered again after an upgrade.",
            )
    except NewerSchema as error:
        yield Finding(level="fail", subject="database", text=error.message)
    except sqlite3.Error as error:
        yield Finding(
            level="fail",
            subject="database",
            text=f"cannot be read: {error}",
            mend="Stop Volano and restore the last backup: volano restore FILE",
        )
    finally:
        connection.close()


def _ports(config: Config) -> Iterator[Finding]:
    running = _is_running(config.data_dir / "lock")
    if running:
        yield Finding(level="ok", subject="server", text="running on this data folder")
        return
    for name, port in (("console", config.port), ("AWS", config.aws_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((config.listen, port))
            except OSError as error:
                yield Finding(
                    level="fail",
                    subject=f"{name} port",
                    text=f"{port} cannot be opened: {error.strerror}",
                    mend="Stop the program that uses it, or use --port and --aws-port.",
                )
            else:
                yield Finding(level="ok", subject=f"{name} port", text=f"{port} is free")


def _is_running(lock: Path) -> bool:
    try:
        file = os.open(lock, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(file)


def _parts(config: Config) -> Iterator[Finding]:
    built = (DIST / "index.html").is_file()
    yield Finding(
        level="ok" if built else "note",
        subject="console",
        text="built" if built else "not built",
        mend="" if built else "In the repository: make web (needs Node.js 20 and npm).",
    )
    extra = config.data_dir / "extras" / "ml"
    ready = extra.is_dir() or importlib.util.find_spec("tokenizers") is not None
    yield Finding(
        level="ok" if ready else "note",
        subject="models",
        text="the ml extra is here" if ready else "the ml extra is not installed",
        mend="" if ready else "It is installed at first use, or now by: volano enable ml",
    )
    if config.store == "sqlite":
        graphs = extra.with_name("vectors").is_dir() or importlib.util.find_spec("usearch")
        yield Finding(
            level="ok" if graphs else "note",
            subject="vector stores",
            text="large ones get a graph (usearch)" if graphs else "searched without a graph",
            mend=""
            if graphs
            else f"From {config.vector_graph_from} chunks on: volano enable vectors",
        )
    try:
        prices = billing.price_list(config)
    except VolanoError as error:
        yield Finding(level="fail", subject="price list", text=error.message)
    else:
        yield Finding(level="ok", subject="price list", text=f"{len(prices.prices)} meters")


async def _runtime(config: Config) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="volano-doctor-") as scratch:
        clock = SystemClock()
        log = StreamLog(clock, level="error", json=False)
        runtime = open_runtime(Path(scratch), log, clock, choice=config.runtime)
        try:
            info = await runtime.probe()
        except VolanoError as error:
            return [
                Finding(
                    level="fail",
                    subject="instances",
                    text=error.message,
                    mend="On Debian, as root: apt-get install crun conmon mmdebstrap nftables",
                )
            ]
        finally:
            await runtime.close()
    weak = info.kind != "container"
    text = f"{info.kind} by {info.engine}: {info.isolation}"
    mend = "Run Volano as root with crun and conmon installed to have containers." if weak else ""
    found = [Finding(level="note" if weak else "ok", subject="instances", text=text, mend=mend)]
    if shutil.which("mmdebstrap") is None:
        found.append(
            Finding(
                level="note",
                subject="images",
                text="mmdebstrap is missing: only the `host` image can be started",
                mend="apt-get install mmdebstrap",
            )
        )
    return found


async def _postgres(url: str) -> list[Finding]:
    try:
        import asyncpg  # noqa: PLC0415 - in the `scale` extra
    except ImportError:
        mend = "volano enable scale"
        return [Finding(level="fail", subject="PostgreSQL", text="no driver", mend=mend)]
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        return [
            Finding(
                level="fail",
                subject="PostgreSQL",
                text=f"cannot be reached: {error}",
                mend="Check --store, the server, and its pg_hba.conf.",
            )
        ]
    try:
        version = await connection.fetchval("SHOW server_version")
        idle = await connection.fetch(_IDLE_WRITERS, LONG_TRANSACTION_S)
        pgvector = await connection.fetchval(_PGVECTOR)
    finally:
        await connection.close()
    found = [
        Finding(level="ok", subject="PostgreSQL", text=str(version)),
        Finding(
            level="ok" if pgvector else "note",
            subject="vector stores",
            text=f"pgvector {pgvector}" if pgvector else "in files of each process: no pgvector",
            mend=""
            if pgvector
            else "Install pgvector 0.7 or later on that server and, as its superuser in this "
            "database: CREATE EXTENSION vector; then start Volano again.",
        ),
    ]
    for pid, database, program, seconds in idle:
        found.append(
            Finding(
                level="fail",
                subject="PostgreSQL",
                text=f"session {pid} ({program or 'unnamed'}, database {database}) has held a "
                f"transaction open for {seconds:.0f} s: no event is delivered until it ends",
                mend=f"SELECT pg_terminate_backend({pid}); and set "
                "idle_in_transaction_session_timeout on that server",
            )
        )
    return found
