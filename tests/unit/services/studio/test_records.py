"""Records belong to one account, page by place, and end when their time is over."""

from __future__ import annotations

import pytest

from volano.kernel.call import system_call
from volano.kernel.ids import AccountId
from volano.services.identity import interface as identity
from volano.services.studio.logic import files, records, vector_stores
from volano.services.studio.logic.expiry import expire_records
from volano.services.studio.logic.records import RecordNotFound
from volano.services.studio.model.files import FILE, File
from volano.services.studio.model.records import Paging

OTHER = AccountId("999999999999")


@pytest.fixture
async def call(env):
    first = await identity.bootstrap(env)
    return system_call(env, AccountId(first.account))


async def save(env, account, *items):
    async def write(tx) -> None:
        for order, item in enumerate(items):
            await records.save(tx, FILE, account, item, order=order)

    await env.store.transact(write)


def file(name, created_us=1, **more):
    return File(
        id=name, created_us=created_us, state="assistants", filename=name, size_bytes=1, **more
    )


async def test_another_account_sees_and_deletes_nothing(env, call):
    await save(env, call.account, file("file-a"))
    stranger = system_call(env, OTHER)
    for act in (files.get_file, files.delete_file):
        with pytest.raises(RecordNotFound):
            await act(env, stranger, "file-a")
    assert (await files.list_files(env, stranger, Paging())).items == []
    store = await vector_stores.create_store(env, call, name="mine")
    with pytest.raises(RecordNotFound):
        await vector_stores.delete_store(env, stranger, store.id)
    assert (await files.get_file(env, call, "file-a")).id == "file-a"


async def test_pages_follow_each_other_in_both_directions(env, call):
    names = [f"file-{n}" for n in range(5)]
    await save(env, call.account, *(file(name) for name in names))

    async def page(**words):
        found = await files.list_files(env, call, Paging(**words))
        return [item.id for item in found.items], found.has_more

    assert await page(limit=2) == (["file-4", "file-3"], True)
    assert await page(limit=2, after="file-3") == (["file-2", "file-1"], True)
    assert await page(limit=2, after="file-1") == (["file-0"], False)
    assert await page(newest_first=False, before="file-2") == (["file-0", "file-1"], False)
    with pytest.raises(RecordNotFound):
        await page(after="file-none")


async def test_what_has_an_end_is_gone_after_it(env, call):
    now_us = env.clock.now_us()
    made = await files.write_file(
        env,
        call,
        b"x",
        filename="a.txt",
        purpose="assistants",
        size_bytes=1,
        content_type="text/plain",
        life_s=3600,
    )
    assert made.expires_us > now_us
    await save(env, call.account, file("file-old", expires_us=now_us - 1))
    await expire_records(env)
    assert [item.id for item in (await files.list_files(env, call, Paging())).items] == [made.id]
