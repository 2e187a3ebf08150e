"""Files of vectors survive kills and damage; what cannot be had is said once."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from volano.backends.store.postgres import open_postgres
from volano.backends.vectors import graph, pgvector, shelf
from volano.backends.vectors.local import FOLDER, LocalVectors
from volano.kernel.clock import ManualClock
from volano.kernel.errors import Unavailable
from volano.kernel.log import StreamLog
from volano.kernel.vectors import VectorSet

WIDTH, EACH = 64, 300


def vectors_of(number: int) -> np.ndarray:
    made = np.random.default_rng(number).standard_normal((EACH, WIDTH))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype("<f2")


async def read(source: str) -> list[tuple[int, bytes]]:
    return [(at, row.tobytes()) for at, row in enumerate(vectors_of(int(source)))]


def held(first: int, last: int) -> VectorSet:
    sources = {str(number): 1 for number in range(first, last)}
    return VectorSet(account="1", name="vs", sources=sources, read=read)


async def require_right(index: LocalVectors, wanted: VectorSet) -> None:
    """Every source's own vector is found in it, and nothing of other sources is."""
    for source in wanted.sources:
        asked = vectors_of(int(source))[7].astype(np.float32)
        (found,) = await index.nearest(wanted, [asked.tolist()], frozenset(wanted.sources), 3)
        assert found[0][0] == (source, 7)
        assert {place[0] for place, _ in found} <= set(wanted.sources)


CHILD = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = {path!r}
from volano.backends.vectors import shelf
from tests.unit.backends.vectors.test_local import held, vectors_of
from volano.backends.vectors.local import LocalVectors
from volano.kernel.clock import ManualClock
from volano.kernel.log import StreamLog

shelf.GRAPH_STEP_ROWS, shelf.MIN_GONE_ROWS = 400, 500

async def main():
    index = LocalVectors(Path({folder!r}), StreamLog(ManualClock()), graph_from=500)
    asked = vectors_of(0)[0].tolist()
    for turn in range(1000):
        wanted = held(turn, turn + 6)
        await index.nearest(wanted, [asked], frozenset(wanted.sources), 3)
        print(turn, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("turns", [1, 3, 6])
async def test_a_kill_while_files_are_written_leaves_a_usable_index(tmp_path, turns):
    root = Path(__file__).parents[4]
    code = CHILD.format(folder=str(tmp_path), path=[str(root), str(root / "src")])
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for _ in range(turns):
            assert child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    index = LocalVectors(tmp_path, StreamLog(ManualClock()), graph_from=500)
    await require_right(index, held(turns, turns + 6))
    await index.built()
    await require_right(index, held(turns, turns + 6))
    await index.close()


async def built_index(folder: Path, monkeypatch) -> Path:
    """The folder of a set of six sources with a graph, closed."""
    monkeypatch.setattr(shelf, "GRAPH_STEP_ROWS", 1000)
    index = LocalVectors(folder, StreamLog(ManualClock()), graph_from=500)
    await require_right(index, held(0, 6))
    await index.built()
    await index.close()
    (made,) = (folder / FOLDER).iterdir()
    assert list(made.glob("graph.*"))
    return made


@pytest.mark.parametrize("kind", ["graph", "whole", "bits", "ordinals", "list.json"])
async def test_a_file_that_was_cut_is_made_again(tmp_path, monkeypatch, kind):
    folder = await built_index(tmp_path, monkeypatch)
    (path,) = folder.glob(f"{kind}*")
    path.write_bytes(path.read_bytes()[:100])
    index = LocalVectors(tmp_path, StreamLog(ManualClock()), graph_from=500)
    await require_right(index, held(0, 6))
    await index.close()


async def test_bytes_that_a_kill_left_behind_the_counted_rows_are_written_over(
    tmp_path, monkeypatch
):
    folder = await built_index(tmp_path, monkeypatch)
    for kind in ("whole", "bits", "ordinals"):
        with (folder / f"{kind}.1").open("ab") as file:
            file.write(b"torn" * 100)
    (folder / "graph.9.stray").write_bytes(b"")
    index = LocalVectors(tmp_path, StreamLog(ManualClock()), graph_from=500)
    await require_right(index, held(0, 8))
    assert not (folder / "graph.9.stray").exists()
    await index.close()


async def test_without_usearch_large_sets_are_searched_and_that_is_said_once(tmp_path, monkeypatch):
    monkeypatch.setattr(graph, "has_usearch", lambda: False)
    lines = io.StringIO()
    index = LocalVectors(tmp_path, StreamLog(ManualClock(), stream=lines), graph_from=500)
    await require_right(index, held(0, 6))
    assert lines.getvalue().count("volano enable vectors") == 1
    await index.close()


async def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / FOLDER).write_text("a file where a folder has to be")
    index = LocalVectors(tmp_path, StreamLog(ManualClock()), graph_from=500)
    with pytest.raises(Unavailable, match="disk"):
        await index.nearest(held(0, 1), [[1.0] * WIDTH], frozenset({"0"}), 3)
    await index.close()


async def test_sets_beyond_those_kept_open_are_opened_again(tmp_path, monkeypatch):
    monkeypatch.setattr("volano.backends.vectors.local.MAX_OPEN", 2)
    index = LocalVectors(tmp_path, StreamLog(ManualClock()), graph_from=10**9)
    asked = vectors_of(1)[7].astype(float).tolist()
    for name in ("a", "b", "c", "a"):
        own = VectorSet(account="1", name=name, sources={"1": 1}, read=read)
        (found,) = await index.nearest(own, [asked], frozenset({"1"}), 1)
        assert found[0][0] == ("1", 7)
    await index.close()


async def test_a_user_who_may_not_create_the_extension_is_told_why(vector_postgres):
    url = await vector_postgres.create_database_async()
    await vector_postgres._execute("CREATE ROLE guest LOGIN")
    store = await open_postgres(url, ManualClock(), [], lambda: None)
    guest = await open_guest(url, store)
    assert "permission denied" in await pgvector.set_up(guest)
    await guest.close()
    await store.close()


async def open_guest(url: str, store):
    """The same database as a user who owns nothing, but may use the tables of the store."""

    async def grant(tx) -> None:
        await tx.execute("GRANT ALL ON SCHEMA public TO guest")
        await tx.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO guest")
        for (name,) in await tx.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            await tx.execute(f"ALTER TABLE {name} OWNER TO guest")

    await store.transact(grant)
    return await open_postgres(url.replace("volano@", "guest@"), ManualClock(), [], lambda: None)
