"""Files become chunks: whoever cancels, overspends or fills the queue holds up nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from volano.kernel.call import system_call
from volano.kernel.ids import AccountId
from volano.kernel.inference import Embeddings
from volano.services.models.logic import limits
from volano.services.models.model import Limit
from volano.services.studio.logic import file_batches, files, vector_files, vector_stores
from volano.services.studio.logic.vector_indexing import index_waiting
from volano.services.studio.model.vector_stores import Chunking

OTHER = AccountId("999999999999")
SMALL = Chunking(size_tokens=100, overlap_tokens=0)
MANY_CHUNKS = "Etna erupts. " * 2000


class Reader:
    """Embeds, and tells what it was asked; `then` is done after a batch."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.then = None

    async def embed(self, model, texts):
        self.asked += texts
        if self.then is not None:
            await self.then()
        return Embeddings(vectors=tuple((0.6, 0.8) for _ in texts), prompt_tokens=len(texts))


@pytest.fixture
def reader(studio):
    studio.env = replace(studio.env, inference=Reader())
    return studio.env.inference


async def put(studio, *texts, account=None):
    """A store of the account with a batch of files with these texts."""
    call = studio.call if account is None else system_call(studio.env, account)
    store = await vector_stores.create_store(studio.env, call, name="mine")
    ids = []
    for text in texts:
        made = await files.write_file(
            studio.env,
            call,
            text.encode(),
            filename="a.txt",
            purpose="assistants",
            size_bytes=len(text),
            content_type="text/plain",
            life_s=0,
        )
        ids.append((made.id, None, SMALL))
    return call, store.id, await file_batches.create_file_batch(studio.env, call, store.id, ids)


async def states(studio, call, store_id, batch):
    found = await file_batches.batch_files(studio.env, call.account, store_id, batch)
    return [(file.state, file.error_code) for file in found]


async def test_a_cancelled_file_is_read_no_further(studio, reader):
    call, store_id, batch = await put(studio, MANY_CHUNKS, "Vesuvius sleeps.")

    async def cancel() -> None:
        await file_batches.cancel_file_batch(studio.env, call, store_id, batch.id)

    reader.then = cancel
    await index_waiting(studio.env)
    assert len(reader.asked) == 32, "the batch under way, and nothing after it"
    assert await states(studio, call, store_id, batch) == [("cancelled", ""), ("cancelled", "")]


async def test_a_spent_budget_fails_the_file_and_nobody_elses(studio, reader):
    mine = studio.call.account
    spent = Limit(account=mine, scope="account", subject=mine, day_nano=1)
    await limits.put_limit(studio.env, studio.call, spent)
    call, store_id, batch = await put(studio, "Etna erupts.")
    theirs = await put(studio, "Vesuvius sleeps.", account=OTHER)
    await index_waiting(studio.env)
    assert await states(studio, call, store_id, batch) == [("failed", "server_error")]
    (file,) = await file_batches.batch_files(studio.env, mine, store_id, batch)
    assert "budget" in file.error
    assert await states(studio, *theirs) == [("completed", "")]


async def test_a_file_with_more_tokens_than_a_minute_allows_is_read_once(studio, reader):
    mine = studio.call.account
    slow = Limit(account=mine, scope="account", subject=mine, tokens_per_minute=10)
    await limits.put_limit(studio.env, studio.call, slow)
    put_files = await put(studio, MANY_CHUNKS)
    await index_waiting(studio.env)
    assert await states(studio, *put_files) == [("completed", "")]
    call, store_id, batch = put_files
    texts = await vector_files.list_texts(studio.env, call.account, store_id, batch.file_ids[0])
    assert reader.asked == texts


async def test_accounts_take_turns(studio, reader):
    await put(studio, "One.", "Two.", "Three.")
    await put(studio, "Theirs.", account=OTHER)
    await index_waiting(studio.env)
    assert reader.asked.index("Theirs.") < 2
    assert len(reader.asked) == 4
