"""Filters and permissions come before ranking, however common a word and however large a store."""

from __future__ import annotations

import struct

import pytest

from volano.kernel.errors import Denied
from volano.services.studio.logic import records
from volano.services.studio.logic.conditions import parse_condition
from volano.services.studio.logic.searching import search_store
from volano.services.studio.logic.terms import terms_of
from volano.services.studio.logic.vector_files import source_of
from volano.services.studio.model.search import Search
from volano.services.studio.model.vector_stores import (
    STORE_FILE,
    VECTOR_STORE,
    StoreFile,
    VectorStore,
)
from volano.services.studio.store import vectors

CHUNKS, FILES = 5000, 5
"""More chunks with the same word than are read of one word where nothing is filtered."""
STORE = "vs_1"


@pytest.fixture
async def filled(studio):
    """A store in which every chunk has the word `lava`, and the oldest file alone is of Etna."""
    empty = struct.pack("<2e", 0.6, 0.8)

    async def write(tx) -> None:
        await records.save(
            tx, VECTOR_STORE, studio.call.account, VectorStore(id=STORE, created_us=1)
        )
        for number in range(FILES):
            name = "etna" if number == 0 else "other"
            file = StoreFile(
                id=f"file-{number}",
                created_us=number + 1,
                state="completed",
                filename=f"{number}.txt",
                attributes={"mountain": name, "number": float(number)},
                chunks=CHUNKS // FILES,
            )
            await records.save(tx, STORE_FILE, studio.call.account, file, parent=STORE)
            texts = [f"Lava {name} {at} 火山 {number}." for at in range(CHUNKS // FILES)]
            await vectors.insert_chunks(
                tx,
                studio.call.account,
                source_of(STORE, file.id),
                f"vector:{STORE}",
                file.created_us,
                [(text, empty, terms_of(text)) for text in texts],
            )

    await studio.env.store.transact(write)
    return studio


def words(query: str, **more: object) -> Search:
    return Search(queries=(query,), meaning=0.0, **more)


async def test_a_filter_finds_the_one_old_file_among_many(filled):
    only = parse_condition({"type": "eq", "key": "mountain", "value": "etna"})
    for query in ("lava", "火山"):
        found = await search_store(filled.env, filled.call, STORE, words(query, condition=only))
        assert {hit.file_id for hit in found} == {"file-0"}
        assert len(found) == 10


async def test_rare_words_come_before_common_ones(filled):
    found = await search_store(filled.env, filled.call, STORE, words("lava 777"))
    assert {hit.text.split()[2] for hit in found[:FILES]} == {"777"}


async def test_files_that_may_not_be_read_are_not_ranked(filled, monkeypatch):
    async def only_etna(call, permission, resource, facts):
        if facts.get("studio:FileAttribute/mountain") != "etna":
            raise Denied("no")

    async def never(*args):
        return False

    monkeypatch.setattr(filled.env.authority, "authorize", only_etna)
    monkeypatch.setattr("volano.services.studio.logic.searching.always_allows", never)
    found = await search_store(filled.env, filled.call, STORE, words("lava"))
    assert {hit.file_id for hit in found} == {"file-0"}
    assert len(found) == 10
