"""Finding sentences in the index: by scope, by words, by vectors, and after changes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from volano.kernel.call import system_call
from volano.kernel.ids import AccountId
from volano.services.identity import interface as identity
from volano.services.models import interface as models
from volano.services.objects import interface as objects
from volano.services.studio import interface as studio
from volano.services.studio.logic.documents import document_scopes
from volano.services.studio.logic.extract import best_passages
from volano.services.studio.logic.indexing import pack_vector, unpack_vector
from volano.services.studio.logic.retrieval import find_passages
from volano.services.studio.store import passages as store

SHOP = Path(__file__).parents[4] / "examples" / "shop"


@dataclass
class Index:
    env: object
    call: object

    async def put(self, source: str, scope: str, text: str, **more) -> None:
        document = studio.Document(
            **{
                "account": self.call.account,
                "source": source,
                "scope": scope,
                "kind": "test",
                "title": source,
                "text": text,
                "format": studio.Format.MARKDOWN,
                "ts_us": 1,
            }
            | more
        )
        prepared = studio.prepare(document)

        async def write(tx) -> None:
            await studio.index_document(tx, document, prepared)

        await self.env.store.transact(write)

    async def find(self, question: str, *scopes: str, **more):
        return await find_passages(self.env, self.call, question, scopes=scopes, **more)


@pytest.fixture
async def index(env) -> Index:
    first = await identity.bootstrap(env)
    await models.bootstrap(env)
    return Index(env, system_call(env, AccountId(first.account)))


async def test_only_the_given_scopes_are_searched(index):
    await index.put("a", "one", "The bell is made of brass.")
    await index.put("b", "two", "The bell is made of steel.")
    found = await index.find("what is the bell made of?", "one")
    assert [item.source for item in found] == ["a"]
    assert await index.find("what is the bell made of?") == []
    both = await index.find("what is the bell made of?", "one", "two", without=["a"])
    assert [item.source for item in both] == ["b"]


async def test_another_account_finds_nothing(index):
    await index.put("a", "one", "The bell is made of brass.")
    other = replace(index.call, account=AccountId("999999999999"))
    assert await find_passages(index.env, other, "bell brass?", scopes=["one"]) == []


async def test_putting_again_replaces_and_removing_removes(index):
    await index.put("a", "one", "The bell is made of brass.")
    await index.put("a", "one", "The pump is made of steel.")
    assert await index.find("bell brass?", "one") == []
    assert await index.find("pump steel?", "one")

    async def remove(tx) -> None:
        await studio.remove_source(tx, index.call.account, "a")

    await index.env.store.transact(remove)
    assert await index.find("pump steel?", "one") == []


async def test_the_shops_questions_are_answered_by_words_alone(index):
    """Without a model most answers are still found, and nothing wrong is said for the others."""
    for path in sorted((SHOP / "policies").glob("*.md")):
        await index.put(path.name, "shop", path.read_text())
    right = 0
    for item in json.loads((SHOP / "questions.json").read_text()):
        passages = await index.find(item["question"], "shop")
        best = best_passages(item["question"], passages)
        if best:
            assert item["expected"] is not None, best[0].text
            assert best[0].text == item["expected"], (item["question"], best[0].text)
            right += 1
    assert right >= 4


async def test_the_nearest_meaning_wins_when_there_are_vectors(index, monkeypatch):
    """The model's part is stood in for by vectors of known angles; the arithmetic is the real one."""
    await index.put("near", "one", "Saddles of leather need oil twice a year.")
    await index.put("far", "one", "Oil prices went up this year, twice.")
    for source, vector in (("near", (1.0, 0.0)), ("far", (0.0, 1.0))):
        (chunk,) = await store.select_chunks(
            index.env.store.reader, index.call.account, [(source, 0)]
        )

        async def write(tx, chunk=chunk, vector=vector) -> None:
            await store.update_vectors(tx, index.call.account, [(chunk, pack_vector(vector))])

        await index.env.store.transact(write)
    from volano.services.studio.logic import retrieval

    async def embed(*_):
        return ((0.8, 0.6),)

    monkeypatch.setattr(retrieval, "_embed", embed)
    found = await index.find("oil twice a year?", "one")
    by_source = {item.source: item for item in found}
    assert by_source["near"].cosine == pytest.approx(0.8, abs=1e-3)
    assert by_source["far"].cosine == pytest.approx(0.6, abs=1e-3)
    best = best_passages("oil twice a year?", found)
    assert best[0].source == "near"


def test_vectors_survive_packing():
    vector = tuple((-1) ** at * at / 400 for at in range(384))
    unpacked = unpack_vector(pack_vector(vector))
    assert max(abs(a - b) for a, b in zip(vector, unpacked, strict=True)) < 1e-3


async def test_objects_are_indexed_by_events_and_forgotten(live_env):
    env = live_env
    first = await identity.bootstrap(env)
    call = system_call(env, AccountId(first.account))
    bucket = f"texts-{first.account}"
    await objects.ensure_bucket(env, call, bucket)
    await objects.put_object(env, call, bucket, "a/bell.md", b"The bell is made of brass.")
    await objects.put_object(env, call, bucket, "b.png", b"The bell is a picture.")
    await env.events.settle()
    scopes = await document_scopes(env, first.account)
    assert scopes == [f"object:{bucket}"]
    (passage,) = await find_passages(env, call, "bell brass?", scopes=scopes)
    assert studio.parse_object_source(passage.source) == (bucket, "a/bell.md")
    assert await studio.may_read_object(env, call, passage.source)
    await objects.put_object(env, call, bucket, "a/bell.md", b"The pump is made of steel.")
    await env.events.settle()
    assert await find_passages(env, call, "bell brass?", scopes=scopes) == []
    assert await find_passages(env, call, "pump steel?", scopes=scopes)
    await objects.delete_object(env, call, bucket, "a/bell.md")
    await env.events.settle()
    assert await document_scopes(env, first.account) == []
