"""A process keeps its vectors in PostgreSQL where that has pgvector, and `doctor` says so."""

from __future__ import annotations

import struct
from functools import partial

from volano.app.build import open_process
from volano.app.doctor import examine
from volano.backends.vectors.pgvector import PostgresVectors
from volano.kernel.config import Config
from volano.kernel.vectors import VectorSet
from volano.services.studio.logic.vector_files import read_vectors, source_of
from volano.services.studio.store.vectors import insert_chunks

ACCOUNT, STORE = "111122223333", "vs_1"


async def test_chunks_are_found_through_pgvector(vector_postgres, tmp_path):
    url = await vector_postgres.create_database_async()
    config = Config(data_dir=tmp_path, store=url, runtime="process", log_level="warning")
    source = source_of(STORE, "file-1")
    chunks = [
        ("up", struct.pack("<2e", 0.0, 1.0), {"up": 1}),
        ("unseen", b"", {"unseen": 1}),
        ("right", struct.pack("<2e", 1.0, 0.0), {"right": 1}),
    ]
    async with open_process(config) as opened:
        env = opened.env
        assert isinstance(env.vectors, PostgresVectors)

        async def write(tx) -> None:
            await insert_chunks(tx, ACCOUNT, source, f"vector:{STORE}", 1, chunks)

        await env.store.transact(write)
        held = VectorSet(
            account=ACCOUNT,
            name=STORE,
            sources={source: 1},
            read=partial(read_vectors, env, ACCOUNT),
        )
        found = await env.vectors.nearest(held, [[1.0, 0.0]], frozenset({source}), 5)
        assert found == [[((source, 2), 1.0), ((source, 0), 0.0)]]
    findings = {found.subject: found for found in await examine(config)}
    assert findings["vector stores"].level == "ok"
    assert findings["vector stores"].text.startswith("pgvector ")
