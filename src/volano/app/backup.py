"""Backup and restore: the database, the root key and the blobs in one tar file.

A backup may be taken while Volano runs. Blobs are immutable and segments lose no records, so their
files are linked first, then the database is copied as of one moment, then files that appeared
meanwhile are linked too: whatever the copy of the database names is there. The manifest carries a
SHA-256 of every member; a restore reads and checks the whole file before it makes anything visible,
and goes only into a folder (and a database) that holds nothing yet.

Instances' disks, pulled models, extras and logs are not in it: they can be made again.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pysqlite3 import dbapi2 as sqlite3

from volano import __version__
from volano.app import discover
from volano.backends.store.postgres import open_postgres
from volano.backends.store.sqlite import open_sqlite
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from volano.services.objects import interface as objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from volano.kernel.config import Config

MANIFEST = "manifest.json"
FORMAT = 1
SINGLE_FILES = ("root.key", "admin.env", "failed_zones", "zones.json")
BLOB_FOLDER = "zones"
ROWS_PER_BATCH = 500
CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    files: int
    size_bytes: int


async def write_backup(config: Config, target: Path) -> Summary:
    """Write everything to `target`; an existing file is replaced only when all is written.

    Raises NotFound when there is no data folder to back up, and Invalid when `target` lies nowhere.
    """
    _require_place(target)
    if not any((config.data_dir / name).is_file() for name in ("root.key", "volano.db", "lock")):
        raise NotFound(f"There is no Volano in {config.data_dir}; give its folder with --data.")
    with tempfile.TemporaryDirectory(prefix="backup-", dir=config.data_dir) as scratch:
        stage = Path(scratch)
        await asyncio.to_thread(_link_blobs, config.data_dir, stage)
        if config.store == "sqlite":
            await asyncio.to_thread(_copy_sqlite, config.data_dir / "volano.db", stage)
        else:
            await _dump_postgres(config.store, stage)
        await asyncio.to_thread(_link_blobs, config.data_dir, stage)
        for name in SINGLE_FILES:
            with suppress(FileNotFoundError):
                shutil.copy2(config.data_dir / name, stage / name)
        return await asyncio.to_thread(_write_tar, stage, target, config)


def _require_place(target: Path) -> None:
    folder = target.absolute().parent
    if not folder.is_dir():
        raise Invalid(f"There is no folder {folder} to write the backup into.")


async def read_backup(config: Config, source: Path) -> Summary:
    """Make the data folder (and fill the empty PostgreSQL database) from a backup.

    Raises Invalid for a damaged or foreign file and Conflict when there is data already.
    """
    if config.data_dir.exists() and any(config.data_dir.iterdir()):
        raise Conflict(f"{config.data_dir} is not empty; give a new folder with --data.")
    config.data_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=config.data_dir.parent) as scratch:
        stage = Path(scratch) / "data"
        summary, manifest = await asyncio.to_thread(_read_tar, source, stage)
        await _restore_database(config, stage, manifest)
        with suppress(FileNotFoundError):
            config.data_dir.rmdir()
        stage.chmod(0o700)
        stage.rename(config.data_dir)
    return summary


def _link_blobs(data_dir: Path, stage: Path) -> None:
    """Hard links of all blob files that are not linked yet (copies across file systems)."""
    for path in sorted((data_dir / BLOB_FOLDER).rglob("*")):
        place = stage / path.relative_to(data_dir)
        if not path.is_file() or place.exists() or "tmp" in path.relative_to(data_dir).parts:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # deleted since it was listed
            try:
                os.link(path, place)
            except OSError:
                shutil.copy2(path, place)


def _copy_sqlite(database: Path, stage: Path) -> None:
    if not database.is_file():
        raise NotFound(f"{database} is not there: is the state in PostgreSQL? Then give --store.")
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        connection.execute("VACUUM INTO ?", (str(stage / "volano.db"),))
    except sqlite3.Error as error:
        raise Unavailable(
            f"The database cannot be copied ({error}). Is the disk full? `volano doctor` tells."
        ) from error
    finally:
        connection.close()


async def _dump_postgres(url: str, stage: Path) -> None:
    """Every table as JSON lines, all as of one moment."""
    import asyncpg  # noqa: PLC0415 - in the `scale` extra

    folder = stage / "tables"
    folder.mkdir()
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            )
            for (name,) in tables:
                with (folder / f"{name}.jsonl").open("w") as out:
                    async for record in connection.cursor(f'SELECT * FROM "{name}"'):
                        row = {key: _to_json(value) for key, value in record.items()}
                        out.write(json.dumps(row) + "\n")
    finally:
        await connection.close()


def _to_json(value: Any) -> Any:
    return {"b": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _from_json(value: Any) -> Any:
    return base64.b64decode(value["b"]) if isinstance(value, dict) else value


def _write_tar(stage: Path, target: Path, config: Config) -> Summary:
    partial = target.with_name(target.name + ".partial")
    try:
        summary = _write_members(stage, partial, config)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return summary


def _write_members(stage: Path, partial: Path, config: Config) -> Summary:
    members: dict[str, str] = {}
    size = 0
    file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as out, tarfile.open(fileobj=out, mode="w") as tar:
        for path in sorted(stage.rglob("*")):
            if path.is_file():
                name = path.relative_to(stage).as_posix()
                members[name], length = _add(tar, path, name)
                size += length
        kind = "sqlite" if config.store == "sqlite" else "postgresql"
        manifest = {"format": FORMAT, "volano": __version__, "database": kind, "members": members}
        data = json.dumps(manifest).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
        tar.close()
        out.flush()
        os.fsync(out.fileno())
    return Summary(files=len(members), size_bytes=size)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> tuple[str, int]:
    """Add the file as long as it is now (a live segment may grow); its digest and length."""
    with path.open("rb") as source:
        entry = tarfile.TarInfo(name)
        entry.size = os.fstat(source.fileno()).st_size
        entry.mode = 0o600
        digest = _Digest(source, entry.size)
        tar.addfile(entry, digest)
        return digest.hexdigest(), entry.size


class _Digest:
    """A reader of exactly `size` bytes that hashes what passes.

    A segment that was sealed meanwhile has lost zeros behind its end: they are put there again.
    """

    def __init__(self, source: Any, size: int) -> None:
        self._source = source
        self._left = size
        self._hash = hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        wanted = self._left if count < 0 else min(count, self._left)
        data: bytes = self._source.read(wanted).ljust(wanted, b"\0")
        self._left -= len(data)
        self._hash.update(data)
        return data

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _read_tar(source: Path, stage: Path) -> tuple[Summary, dict[str, Any]]:
    stage.mkdir(mode=0o700)
    try:
        with tarfile.open(source, "r:") as tar:
            found, size, manifest = _extract(tar, stage)
    except (tarfile.TarError, OSError, ValueError) as error:
        raise Invalid(f"{source} is not a whole Volano backup: {error}") from error
    if manifest is None or manifest.get("format") != FORMAT:
        raise Invalid(f"{source} has no manifest this version reads; it may be cut short.")
    if found != manifest["members"]:
        wrong = sorted(set(found.items()) ^ set(manifest["members"].items()))
        raise Invalid(f"{source} is damaged: {wrong[0][0]} does not match its checksum.")
    return Summary(files=len(found), size_bytes=size), manifest


def _extract(
    tar: tarfile.TarFile, stage: Path
) -> tuple[dict[str, str], int, dict[str, Any] | None]:
    found: dict[str, str] = {}
    size, manifest = 0, None
    for entry in tar:
        stream = tar.extractfile(entry)
        if stream is None or not entry.isfile():
            raise ValueError(f"{entry.name} is not a plain file")
        if entry.name == MANIFEST:
            manifest = json.load(stream)
            continue
        found[entry.name] = _write_member(stage, entry.name, _chunks(stream))
        size += entry.size
    return found, size, manifest


def _chunks(stream: Any) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def _write_member(stage: Path, name: str, chunks: Iterator[bytes]) -> str:
    place = (stage / name).resolve()
    if not place.is_relative_to(stage.resolve()):
        raise ValueError(f"{name} points outside the folder")
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as out:
        for chunk in chunks:
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


async def _restore_database(config: Config, stage: Path, manifest: dict[str, Any]) -> None:
    wanted = "sqlite" if config.store == "sqlite" else "postgresql"
    if manifest["database"] != wanted:
        raise Invalid(f"The backup is of a {manifest['database']} store; give --store to match it.")
    if wanted == "postgresql":
        await _fill_postgres(config.store, stage / "tables")
        shutil.rmtree(stage / "tables")
        store: Any = await open_postgres(config.store, SystemClock(), discover.migrations(), _deaf)
    else:
        store = open_sqlite(stage / "volano.db", SystemClock(), discover.migrations(), _deaf)
    try:
        # The segments go on after the moment of the copy; what was put since is not in the backup.
        await store.transact(partial(objects.pass_over_log, now_us=SystemClock().now_us()))
    finally:
        await store.close()


def _deaf() -> None:
    """Nobody hears of events yet."""


async def _fill_postgres(url: str, folder: Path) -> None:
    import asyncpg  # noqa: PLC0415 - in the `scale` extra

    await _require_empty(url)
    store = await open_postgres(url, SystemClock(), discover.migrations(), _deaf)
    await store.close()
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            for path in await asyncio.to_thread(lambda: sorted(folder.glob("*.jsonl"))):
                await connection.execute(f'DELETE FROM "{path.stem}"')
                await _insert_lines(connection, path)
            await connection.execute(
                "SELECT setval(pg_get_serial_sequence('outbox', 'seq'), "
                "(SELECT COALESCE(max(seq), 1) FROM outbox))"
            )
            await _renumber_events(connection)
    finally:
        await connection.close()


async def _renumber_events(connection: Any) -> None:
    """Give events and cursors transaction ids that mean something here.

    Those of another server may be in the future of this one. The order stays: events get negative
    ids, which are before all that this server will ever give, and each cursor stays behind the
    same event, so that nothing is delivered twice for want of a number.
    """
    found = await connection.fetch("SELECT txid, seq FROM outbox ORDER BY txid, seq")
    order = [(row[0], row[1]) for row in found]
    await connection.executemany(
        "UPDATE outbox SET txid = $1 WHERE seq = $2",
        [(place - len(order), seq) for place, (_, seq) in enumerate(order)],
    )
    cursors = await connection.fetch("SELECT subscriber, position FROM event_cursor")
    moved = []
    for subscriber, position in cursors:
        txid, _, seq = position.partition(":")
        passed = bisect_right(order, (int(txid), int(seq)))
        place = (passed - 1 - len(order), order[passed - 1][1]) if passed else (-len(order) - 1, 0)
        moved.append((f"{place[0]}:{place[1]}", subscriber))
    await connection.executemany(
        "UPDATE event_cursor SET position = $1 WHERE subscriber = $2", moved
    )


async def _require_empty(url: str) -> None:
    import asyncpg  # noqa: PLC0415 - in the `scale` extra

    connection = await asyncpg.connect(url)
    try:
        count = await connection.fetchval(
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        )
    finally:
        await connection.close()
    if count:
        raise Conflict("The PostgreSQL database is not empty; give a new one with --store.")


async def _insert_lines(connection: Any, path: Path) -> None:
    columns: list[str] = []
    statement = ""
    for batch in _batches(path):
        if not columns:
            columns = list(batch[0])
            statement = _insert_statement(path.stem, columns)
        await connection.executemany(
            statement, [[_from_json(row[column]) for column in columns] for row in batch]
        )


def _batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table's file, ROWS_PER_BATCH at a time."""
    with path.open(encoding="ascii") as lines:
        while batch := [json.loads(line) for line in islice(lines, ROWS_PER_BATCH)]:
            yield batch


def _insert_statement(table: str, columns: list[str]) -> str:
    named = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join(f"${i + 1}" for i in range(len(columns)))
    overriding = "OVERRIDING SYSTEM VALUE " if table == "outbox" else ""
    return f'INSERT INTO "{table}" ({named}) {overriding}VALUES ({marks})'
