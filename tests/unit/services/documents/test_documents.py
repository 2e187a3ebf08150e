"""Documents: who reads and edits them, what is kept, what is found."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pycrdt
import pytest

from volano.kernel.clock import ManualClock
from volano.services.chat.logic import members
from volano.services.documents import store
from volano.services.documents.logic import (
    access,
    comments,
    documents,
    editing,
    folding,
    states,
    versions,
)
from volano.services.documents.logic.states import difference, rewrite
from volano.services.documents.model import (
    NOTHING,
    DocumentTooLarge,
    InvalidDocument,
    NoSuchDocument,
    ReadOnly,
    Role,
)


async def create(team, who: str = "ana", title: str = "Recipe", text: str = "Flour, salt"):
    return (await documents.create_document(team.env, team.calls[who], title, text)).document


async def read(team, who: str, document) -> str:
    return (await documents.export_document(team.env, team.calls[who], document.id))[1]


async def share(team, document, who: str = "ana", **roles: Role):
    targets = {team.users[name].id: role for name, role in roles.items()}
    await access.share_document(team.env, team.calls[who], document.id, targets)


def typed(text: str, client_id: int = 7) -> bytes:
    """What a browser sends of somebody who types into an empty document."""
    written = pycrdt.Doc(client_id=client_id)
    written.get("content", type=pycrdt.Text).insert(0, text)
    return written.get_update()


async def fold(team, document) -> None:
    await folding.fold(team.env, await present(team, document))


async def present(team, document):
    found = await store.find_document(team.env.store.reader, team.account, document.id)
    assert found is not None
    return found


async def test_a_document_is_there_for_those_it_is_shared_with_only(team):
    document = await create(team)
    for who in ("ben", "cleo"):
        with pytest.raises(NoSuchDocument):
            await read(team, who, document)
    await share(team, document, ben=Role.EDIT, cleo=Role.VIEW)
    assert await read(team, "cleo", document) == "Flour, salt"
    await documents.write_document(team.env, team.calls["ben"], document.id, "Flour, sugar")
    assert await read(team, "ana", document) == "Flour, sugar"
    with pytest.raises(ReadOnly):
        await documents.write_document(team.env, team.calls["cleo"], document.id, "Mine")
    for change in (
        documents.delete_document(team.env, team.calls["ben"], document.id),
        access.share_document(team.env, team.calls["ben"], document.id, {}),
    ):
        with pytest.raises(ReadOnly):
            await change


async def test_a_share_with_a_channel_holds_for_whoever_is_in_it_now(team):
    document = await create(team)
    channel = await team.channel("kitchen", "ana", "ben", private=True)
    await access.share_document(team.env, team.calls["ana"], document.id, {channel: Role.EDIT})
    (seen,) = await documents.list_documents(team.env, team.calls["ben"], words="")
    assert seen.role is Role.EDIT
    assert await documents.list_documents(team.env, team.calls["cleo"], words="") == []
    await members.leave_channel(team.env, team.calls["ben"], channel)
    with pytest.raises(NoSuchDocument):
        await read(team, "ben", document)


async def test_updates_of_several_people_come_together(team):
    document = await create(team, text="")
    for client_id, text in ((1, "one "), (2, "two "), (3, "three ")):
        await editing.append(team.env, document, typed(text, client_id), team.users["ana"].id)
    text = await read(team, "ana", document)
    assert sorted(text.split()) == ["one", "three", "two"]
    await editing.append(team.env, document, typed("one ", 1), team.users["ana"].id)
    assert await read(team, "ana", document) == text, "an update twice is an update once"


@pytest.mark.parametrize("update", [b"", b"\x00", b"garbage", b"\xff" * 40])
async def test_what_is_no_update_is_refused_and_nothing_is_kept(team, update):
    document = await create(team)
    with pytest.raises(InvalidDocument):
        await editing.append(team.env, document, update, team.users["ana"].id)
    assert await read(team, "ana", document) == "Flour, salt"


HUNG_INTO_A_LETTER = bytes.fromhex("0101090004000700017800")
"""Well formed alone: client 9 puts an x below the letter that client 7 typed first."""


async def test_an_update_that_does_not_fit_is_refused_and_spoils_nothing(team):
    """It was kept before, and nobody could open, fold or restore the document ever after."""
    document = await create(team, text="")
    ana = team.users["ana"].id
    await editing.append(team.env, document, typed("Flour, salt"), ana)
    with pytest.raises(InvalidDocument):
        await editing.append(team.env, document, HUNG_INTO_A_LETTER, ana)
    await fold(team, document)
    assert await read(team, "ana", document) == "Flour, salt"


@pytest.mark.parametrize("clock", [b"\xff" * 6 + b"\x00", b"\xff" * 9 + b"\x01", b"\xff" * 8])
async def test_numbers_beyond_measure_do_not_stop_the_server(team, clock):
    """Rust panics at some; that is no Exception, and took the work loop with it."""
    document = await create(team)
    ana = team.users["ana"].id
    for update in (b"\x01\x01" + clock + HUNG_INTO_A_LETTER[3:], b"\x01\x01\x09" + clock * 2):
        with suppress(InvalidDocument):
            await editing.append(team.env, document, update, ana)
    with suppress(InvalidDocument):
        difference(typed("abc"), b"\x01" + clock * 2)
    await fold(team, document)
    assert await read(team, "ana", document) == "Flour, salt"


async def test_a_document_grows_to_its_limit_and_can_still_be_opened(team, monkeypatch):
    monkeypatch.setattr(states, "MAX_DOCUMENT_BYTES", 2000)
    document = await create(team, text="")
    ana = team.users["ana"].id
    for client_id in (1, 2, 3):
        await editing.append(team.env, document, typed("x" * 500, client_id), ana)
    with pytest.raises(DocumentTooLarge):
        await editing.append(team.env, document, typed("x" * 500, 4), ana)
    assert len(await read(team, "ana", document)) == 1500


async def test_a_base_has_all_updates_and_nothing_is_lost_or_twice(team):
    document = await create(team)
    await fold(team, document)
    folded = await present(team, document)
    assert folded.base_seq == folded.seq == 1
    log = await store.read_log(team.env.store.reader, document.id)
    assert log is not None
    assert log.updates == ()
    await documents.write_document(team.env, team.calls["ana"], document.id, "Flour, 水, é!")
    await fold(team, document)
    await fold(team, document)
    assert await read(team, "ana", document) == "Flour, 水, é!"


async def test_two_that_fold_at_once_leave_one_base(team):
    document = await create(team)
    stale = await present(team, document)
    await folding.fold(team.env, stale)
    await editing.append(team.env, document, typed(" and more"), team.users["ana"].id)
    await folding.fold(team.env, stale)
    assert "and more" in await read(team, "ana", document)
    assert (await present(team, document)).base_seq == 1


async def test_only_documents_that_rest_are_folded(team):
    clock = ManualClock(team.env.clock.now_us())
    team.env = replace(team.env, clock=clock)
    document = await create(team)
    await folding.fold_quiet(team.env)
    assert (await present(team, document)).base_seq == 0
    clock.advance(4)
    await folding.fold_quiet(team.env)
    assert (await present(team, document)).base_seq == 1


async def test_an_older_version_comes_back_and_the_present_one_is_kept(team):
    clock = ManualClock(team.env.clock.now_us())
    team.env = replace(team.env, clock=clock)
    document = await create(team, text="first")
    await fold(team, document)
    clock.advance(3600)
    await documents.write_document(team.env, team.calls["ana"], document.id, "second")
    await fold(team, document)
    await documents.write_document(team.env, team.calls["ana"], document.id, "third")
    ana = team.calls["ana"]
    oldest = (await versions.list_versions(team.env, ana, document.id))[-1]
    assert await versions.read_version(team.env, ana, document.id, oldest.seq) == "first"
    await versions.restore_version(team.env, ana, document.id, oldest.seq)
    assert await read(team, "ana", document) == "first"
    await fold(team, document)
    kept = await versions.list_versions(team.env, ana, document.id)
    texts = [await versions.read_version(team.env, ana, document.id, v.seq) for v in kept]
    assert texts[:2] == ["first", "third"]


async def test_words_are_found_by_those_who_may_read(team):
    document = await create(team, title="Bread", text="Sourdough needs patience. 面包很好")
    other = await create(team, "ben", title="Cake", text="Sourdough is no cake")
    for one in (document, other):
        await fold(team, one)

    async def found(who: str, words: str) -> list[str]:
        held = await documents.list_documents(team.env, team.calls[who], words=words)
        return [item.document.title for item in held]

    assert await found("ana", "sourdough") == ["Bread"]
    assert await found("ana", "SOURDOUGH pat") == ["Bread"]
    assert await found("ana", "面包") == ["Bread"]
    assert await found("ana", "sourdough cake") == []
    assert await found("cleo", "sourdough") == []


async def test_a_deleted_document_leaves_nothing(team):
    document = await create(team)
    await fold(team, document)
    await documents.delete_document(team.env, team.calls["ana"], document.id)
    with pytest.raises(NoSuchDocument):
        await read(team, "ana", document)
    with pytest.raises(NoSuchDocument):
        await editing.append(team.env, document, typed("late"), team.users["ana"].id)
    assert await store.read_log(team.env.store.reader, document.id) is None


async def test_comments_are_written_by_readers_and_resolved_by_editors(team):
    document = await create(team)
    await share(team, document, ben=Role.VIEW, cleo=Role.VIEW)
    made = await comments.add_comment(team.env, team.calls["ben"], document.id, "salt", "How much?")
    with pytest.raises(InvalidDocument):
        await comments.resolve_comment(
            team.env, team.calls["cleo"], document.id, made.id, resolved=True
        )
    await comments.resolve_comment(team.env, team.calls["ana"], document.id, made.id, resolved=True)
    (seen,) = await comments.list_comments(team.env, team.calls["ben"], document.id)
    assert (seen.quote, seen.text, seen.is_resolved) == ("salt", "How much?", True)


@pytest.mark.parametrize(
    ("before", "after"),
    [("", "a"), ("a", ""), ("abc", "abc"), ("水火", "水x火"), ("a\nb\nc", "a\nc"), ("aaa", "aa")],
)
def test_a_rewrite_changes_what_differs(before, after):
    first = rewrite(NOTHING, before, 1)
    document = pycrdt.Doc()
    text = document.get("content", type=pycrdt.Text)
    if first != NOTHING:
        document.apply_update(first)
    update = rewrite(first, after, 2)
    if update != NOTHING:
        document.apply_update(update)
    assert str(text) == after
