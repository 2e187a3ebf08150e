"""Files: what is kept, who reads it, and what is removed later."""

from __future__ import annotations

import pytest

from volano.kernel.call import system_call
from volano.kernel.errors import VolanoError
from volano.kernel.ids import AccountId
from volano.services.assistants.logic import answers
from volano.services.chat.logic import files, messages
from volano.services.chat.logic.files import Completion
from volano.services.chat.logic.workspaces import get_workspace
from volano.services.chat.store import files as rows
from volano.services.objects import interface as objects


async def chunks(*parts: bytes):
    for part in parts:
        yield part


async def upload(company, who: str, name: str, data: bytes, *channels: str, **more) -> str:
    env, call = company.env, company.calls[who]
    file, ticket = await files.get_upload_ticket(env, call, name, len(data))
    await files.store_upload(env, ticket, chunks(data))
    wanted = Completion(files=[(file.id, "")], channels=channels, **more)
    (shown,) = await files.complete_upload(env, call, wanted)
    assert shown["id"] == file.id
    return file.id


async def refusal(awaitable) -> str:
    with pytest.raises(VolanoError) as caught:
        await awaitable
    return caught.value.wire_code


async def test_a_file_is_read_back_by_members_only(company):
    await company.hire("ana")
    channel = await company.channel("files", "admin", private=True)
    file = await upload(company, "admin", "a.txt", b"hello", channel)
    _, stream = await files.open_file(company.env, company.calls["admin"], file)
    assert b"".join([chunk async for chunk in stream]) == b"hello"
    assert await refusal(files.open_file(company.env, company.calls["ana"], file)) == (
        "file_not_found"
    )


async def test_an_unshared_file_is_its_uploaders(company):
    await company.hire("ana")
    file = await upload(company, "admin", "a.txt", b"hello")
    assert await files.get_file(company.env, company.calls["admin"], file)
    assert await refusal(files.get_file(company.env, company.calls["ana"], file)) == (
        "file_not_found"
    )
    assert await refusal(files.delete_file(company.env, company.calls["ana"], file)) == (
        "file_not_found"
    )


async def test_deleting_the_message_takes_the_file_from_the_others(company):
    await company.hire("ana")
    channel = await company.channel("files", "admin", "ana")
    file = await upload(
        company, "admin", "code.txt", b"The door code of the depot is 4711.", channel
    )
    ana = company.calls["ana"]
    assert await files.get_file(company.env, ana, file)
    (share,) = await rows.select_shares(company.env.store.reader, file)
    posted = await company.say("ana", channel, f"{company.mention} what is the depot door code?")
    await answers.answer_message(company.env, company.account, channel, posted.ts_us)
    from volano.services.chat.model import to_ts

    await messages.delete_message(company.env, company.calls["admin"], channel, to_ts(share.ts_us))
    assert await refusal(files.get_file(company.env, ana, file)) == "file_not_found"
    again = await company.say("ana", channel, f"{company.mention} tell the depot door code?")
    await answers.answer_message(company.env, company.account, channel, again.ts_us)
    said = [
        (
            await messages.rows.find_sent(
                company.env.store.reader, company.copilot, f"copilot:{channel}:{asked.ts_us}"
            )
        ).text
        for asked in (posted, again)
    ]
    assert "4711" in said[0]
    assert "4711" not in said[1]


async def test_bytes_of_deleted_files_are_removed_later(company):
    env = company.env
    file = await upload(company, "admin", "a.bin", b"\x00" * 100)
    workspace = await get_workspace(env, company.account)
    call = system_call(env, AccountId(company.account))
    assert await objects.read_object(env, call, workspace.bucket, file, limit_bytes=100)
    await files.delete_file(env, company.calls["admin"], file)
    await files.remove_bytes(env)
    with pytest.raises(objects.NoSuchKey):
        await objects.read_object(env, call, workspace.bucket, file, limit_bytes=100)
    assert await rows.select_removals(env.store.reader, 10) == []


@pytest.mark.parametrize("data", [b"abc", b"abcdefgh"])
async def test_another_size_than_announced_is_refused_and_the_ticket_stays_good(company, data):
    env = company.env
    file, ticket = await files.get_upload_ticket(env, company.calls["admin"], "a.txt", 5)
    assert await refusal(files.store_upload(env, ticket, chunks(data))) == "invalid_length"
    stored = await files.store_upload(env, ticket, chunks(b"he", b"llo"))
    assert stored.id == file.id
    assert await refusal(files.store_upload(env, ticket, chunks(b"hello"))) == "file_not_found"


async def test_nothing_is_shared_when_one_channel_is_wrong(company):
    channel = await company.channel("files", "admin")
    env, call = company.env, company.calls["admin"]
    file, ticket = await files.get_upload_ticket(env, call, "a.txt", 5)
    await files.store_upload(env, ticket, chunks(b"hello"))
    wanted = Completion(files=[(file.id, "")], channels=[channel, "C0NOWHERE"])
    assert await refusal(files.complete_upload(env, call, wanted)) == "channel_not_found"
    assert await rows.select_shares(env.store.reader, file.id) == []
