"""Slack's exports become the workplace that they were, and a second time change nothing."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from tests import slack_exports as export
from tests.unit.services.chat.conftest import call_of

from volano.services.chat.api import transfers as api
from volano.services.chat.logic import files as file_logic
from volano.services.chat.logic.access import readable_channels
from volano.services.chat.logic.errors import FileNotFound
from volano.services.chat.logic.history import Span, read_history, read_thread
from volano.services.chat.logic.imports import archive as archives
from volano.services.chat.logic.imports.archive import BadArchive, open_archive
from volano.services.chat.logic.messages import delete_message
from volano.services.chat.logic.search import Page, search_messages
from volano.services.chat.logic.transfers import start_import
from volano.services.chat.model import ChannelKind, Guest
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import files as file_rows
from volano.services.chat.store import items as item_rows
from volano.services.chat.store import profiles as profile_rows
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.services.chat.conftest import Company


async def once(content: bytes):
    yield content


async def bring_in(company: Company, content: bytes, *, files: str = "links") -> api.ChatTransfer:
    """Upload an archive as the administrator, import it, and wait for the end."""
    env, call = company.env, company.calls["admin"]
    wanted = api.ArchiveSize(name="export.zip", size_bytes=len(content))
    upload = await api.upload_archive(env, call, wanted)
    await file_logic.store_upload(env, upload.upload_url.rpartition("/")[2], once(content))
    started = await start_import(env, call, file_id=upload.file, files=files)
    await env.work.wait_job(started.job_id, timeout_s=60)
    return await api.get_import(env, call, api.TransferId(id=started.id))


async def call_as(company: Company, user_id: str):
    user = await user_rows.find_user(company.env.store.reader, company.account, user_id)
    assert user is not None
    principal = await identity.find_principal(company.env.store.reader, user.principal_id)
    assert principal is not None
    return call_of(company.env, principal)


async def texts(company: Company, user_id: str, channel: str) -> list[str]:
    page = await read_history(company.env, await call_as(company, user_id), channel, Span())
    return [str(message["text"]) for message in reversed(page.messages)]


async def test_an_export_becomes_channels_people_threads_and_reactions(live_company) -> None:
    company, env = live_company, live_company.env
    done = await bring_in(company, export.zipped(export.small_export()))
    assert (done.state, done.error) == ("done", "")
    assert done.counts == {
        "people": 7,
        "channels": 3,
        "direct conversations": 2,
        "messages": 11,
        "replies": 2,
        "reactions": 2,
        "pins": 1,
        "file links": 1,
    }
    assert done.skipped == {"parts that are not imported": 1}
    assert done.notes == ["canvases.json is not imported."]
    ann = await call_as(company, export.ANN)
    general = company.workspace.general_id
    thread = await read_thread(env, ann, general, export.ts_of(10), Span())
    root, yes, no = thread.messages
    assert (
        root["text"]
        == f"Lunch at noon, <@{export.BEN}>? See <#{export.RANDOM}|random> &amp; tell 日本語の"
    )
    assert root["ts"] == export.ts_of(10)
    assert (root["reply_count"], root["reply_users"]) == (2, [export.BEN, export.CLEO])
    assert root["reactions"] == [{"name": "pizza", "users": [export.BEN, export.CLEO], "count": 2}]
    assert root["client_msg_id"] == "11111111-2222-3333-4444-555555555555"
    assert (yes["text"], no["subtype"]) == ("Yes", "thread_broadcast")
    page = await read_history(env, ann, general, Span())
    shown = {message["ts"]: message for message in page.messages}
    assert export.ts_of(20) not in shown, "replies are in their thread only"
    assert shown[export.ts_of(30)]["text"] == "No"
    assert shown[export.ts_of(40)]["edited"]["user"] == export.BEN
    robot = shown[export.ts_of(86_400)]
    assert (robot["subtype"], robot["user"]) == ("bot_message", "U0BOT00001")
    [link] = shown[export.ts_of(90_000)]["files"]
    assert (link["is_external"], link["name"]) == (True, "notes.txt")
    [pin] = await item_rows.select_pins(env.store.reader, general)
    assert (pin.ts_us, pin.user_id) == (1_700_000_010_000_000, export.BEN)


async def test_people_keep_their_ids_and_what_they_were(live_company) -> None:
    company, env = live_company, live_company.env
    await bring_in(company, export.zipped(export.small_export()))
    found = await user_rows.select_users(env.store.reader, company.account, after="", limit=100)
    users = {user.id: user for user in found}
    assert users[export.DAN].guest is Guest.SINGLE
    assert users["U0GONE0001"].deleted
    assert users["U0BOT00001"].is_bot
    assert users["U0ELSE0001"].real_name == "Eve of Elsewhere"
    assert users[export.ANN].email == "ann@acme.example"
    assert not users[export.ANN].is_admin
    profile = await profile_rows.find_profile(env.store.reader, export.ANN)
    assert profile is not None
    assert profile.fields["title"] == "ann of Acme"


async def test_an_address_that_is_none_is_left_out(live_company) -> None:
    company, members = live_company, export.small_export()
    scrubbed = export.person("U0SCRUB001", "scrubbed")
    scrubbed["profile"] = {"real_name": "x y", "email": "TQ2NR0wy 3d"}
    members["users.json"] = [scrubbed]
    done = await bring_in(company, export.zipped(members))
    assert done.state == "done"
    found = await user_rows.find_user(company.env.store.reader, company.account, "U0SCRUB001")
    assert found is not None
    assert (found.email, found.real_name) == ("", "x y")


async def test_private_conversations_are_for_their_members_only(live_company) -> None:
    company, env = live_company, live_company.env
    await bring_in(company, export.zipped(export.small_export()))
    assert await texts(company, export.ANN, export.SECRET) == ["The raise is secret"]
    assert await texts(company, export.ANN, export.DIRECT) == ["Between us"]
    assert await texts(company, export.CLEO, export.GROUP) == ["The three of us"]
    reader = env.store.reader
    hidden = {export.SECRET, export.DIRECT}
    for user_id in (export.CLEO, export.DAN, company.users["admin"].id):
        user = await user_rows.find_user(reader, company.account, user_id)
        assert user is not None
        assert not hidden & set(await readable_channels(reader, user))
    call = await call_as(company, export.CLEO)
    found = await search_messages(env, call, "secret", page=Page())
    assert found.total == 0
    found = await search_messages(env, await call_as(company, export.BEN), "secret", page=Page())
    assert [message.text for message in found.matches] == ["The raise is secret"]


async def test_a_channel_goes_on_in_the_public_one_of_its_name_and_never_in_a_private_one(
    live_company,
) -> None:
    company, env = live_company, live_company.env
    await company.hire("olga")
    members = export.small_export()
    members["channels.json"][1]["is_archived"] = False  # type: ignore[index]
    ours = await company.channel("random", "admin", "olga")
    closed = await company.channel("secret", "admin", "olga", private=True)
    await bring_in(company, export.zipped(members))
    reader = env.store.reader
    assert await channel_rows.find_channel(reader, company.account, export.RANDOM) is None
    assert "Anything goes" in await texts(company, export.ANN, ours)
    secret = await channel_rows.find_channel(reader, company.account, export.SECRET)
    assert secret is not None
    assert (secret.name, secret.kind) == ("secret-2", ChannelKind.PRIVATE)
    assert await channel_rows.find_member(reader, closed, export.ANN) is None
    olga = company.users["olga"]
    assert export.SECRET not in await readable_channels(reader, olga)


async def test_a_second_import_changes_nothing(live_company) -> None:
    company, env = live_company, live_company.env
    content = export.zipped(export.small_export())
    await bring_in(company, content)
    tables = ("chat_user", "chat_channel", "chat_member", "chat_message", "chat_reaction")
    tables += ("chat_pin", "chat_word", "chat_import_name", "chat_import_part")

    async def rows() -> dict[str, list]:
        reader = env.store.reader
        return {name: sorted(await reader.rows(f"SELECT * FROM {name}")) for name in tables}

    await company.env.store.transact(forget_index_state)
    before = await rows()
    again = await bring_in(company, content)
    await company.env.store.transact(forget_index_state)
    assert again.state == "done"
    assert "messages" not in again.counts
    assert await rows() == before


async def forget_index_state(tx) -> None:
    """Retrieval marks messages in its own time."""
    await tx.execute("UPDATE chat_message SET indexed = 1")


async def test_a_newer_export_adds_what_is_new_and_brings_nothing_back(live_company) -> None:
    company, env = live_company, live_company.env
    members = export.small_export()
    await bring_in(company, export.zipped(members))
    ann = await call_as(company, export.ANN)
    await delete_message(env, ann, export.SECRET, export.ts_of(80))
    day = members["secret/2023-11-14.json"]
    assert isinstance(day, list)
    day.append(export.said(export.BEN, "And so is the bonus", 110))
    done = await bring_in(company, export.zipped(members))
    assert (done.counts["messages"], done.skipped["here already"]) == (1, 1)
    assert await texts(company, export.ANN, export.SECRET) == ["And so is the bonus"]


async def test_bytes_in_the_archive_become_files_that_readers_open(live_company) -> None:
    company, env = live_company, live_company.env
    members = export.small_export() | {f"__uploads/{export.FILE}/notes.txt": b"the notes"}
    done = await bring_in(company, export.zipped(members))
    assert done.counts["files"] == 1
    file, chunks = await file_logic.open_file(env, await call_as(company, export.CLEO), export.FILE)
    assert b"".join([chunk async for chunk in chunks]) == b"the notes"
    assert (file.name, file.user_id) == ("notes.txt", export.ANN)
    [share] = await file_rows.select_shares(env.store.reader, export.FILE)
    assert share.ts_us == 1_700_090_000_000_000


async def test_an_archive_that_names_somebodys_file_gets_nothing_of_it(
    live_company, monkeypatch
) -> None:
    company, env = live_company, live_company.env
    await company.hire("ana")
    ana = company.calls["ana"]
    file, ticket = await file_logic.get_upload_ticket(env, ana, "pay.txt", 6)
    await file_logic.store_upload(env, ticket, once(b"secret"))
    await file_logic.complete_upload(env, ana, file_logic.Completion(files=[(file.id, "")]))
    monkeypatch.setattr(export, "FILE", file.id)
    members = export.small_export() | {f"__uploads/{file.id}/notes.txt": b"forged"}
    done = await bring_in(company, export.zipped(members))
    assert done.counts["files"] == 1
    assert await file_rows.select_shares(env.store.reader, file.id) == []
    with pytest.raises(FileNotFound):
        await file_logic.open_file(env, company.calls["admin"], file.id)
    _, chunks = await file_logic.open_file(env, ana, file.id)
    assert b"".join([chunk async for chunk in chunks]) == b"secret"


async def test_a_folder_that_was_zipped_whole_and_broken_parts_are_told(live_company) -> None:
    company = live_company
    members = {f"Acme export/{name}": item for name, item in export.small_export().items()}
    members["Acme export/random/2023-11-14.json"] = b'[{"type": "message"'
    odd = [{"type": "message", "user": export.ANN, "text": "No time", "ts": "soon"}, "no object"]
    members["Acme export/general/2023-11-16.json"] = odd
    done = await bring_in(company, export.zipped(members))
    assert done.state == "done"
    assert done.counts["messages"] == 10
    assert done.skipped["broken parts of the archive"] == 1
    assert done.skipped["messages that are none"] == 1
    assert done.skipped["no message"] == 1
    assert any("random/2023-11-14.json is not a JSON list" in note for note in done.notes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not a zip", "neither a zip nor a tar"),
        (export.zipped({"readme.txt": b"hello"}), "no export of a workplace"),
        (export.zipped({"users.json": b"{"}), "users.json is not a JSON list"),
        (export.zipped({"users.json": [], "../../etc/passwd": b"x"}), "leads outside"),
        (export.zipped({"users.json": [], "/etc/passwd": b"x"}), "leads outside"),
    ],
)
async def test_what_is_no_export_is_refused_in_words(live_company, content, said) -> None:
    done = await bring_in(live_company, content)
    assert done.state == "failed"
    assert said in done.error
    channels = await readable_channels(live_company.env.store.reader, live_company.users["admin"])
    assert channels == [live_company.workspace.general_id]


def test_zip_bombs_links_and_secrets_are_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(archives, "BOMB_FLOOR_BYTES", 1024**2)
    bomb = tmp_path / "bomb.zip"
    bomb.write_bytes(export.zipped({"channels.json": b" " * 4 * 1024**2}))
    with pytest.raises(BadArchive, match="zip bomb"):
        open_archive(bomb, tmp_path / "out")
    linked = tmp_path / "link.zip"
    with zipfile.ZipFile(linked, "w") as made:
        info = zipfile.ZipInfo("users.json")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, "/etc/passwd")
    with pytest.raises(BadArchive, match="link"):
        open_archive(linked, tmp_path / "out")
    for name, kind in (("../evil", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)):
        tar = tmp_path / "some.tar.gz"
        with tarfile.open(tar, "w:gz") as made_tar:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            made_tar.addfile(member, io.BytesIO(b""))
        with pytest.raises(BadArchive):
            open_archive(tar, tmp_path / "out")


@pytest.mark.parametrize(
    ("kind", "size"), [(tarfile.XHDTYPE, 2), (tarfile.GNUTYPE_LONGNAME, 2), (b"V", 8)]
)
def test_what_a_tar_does_not_unpack_is_bounded_too(
    tmp_path: Path, monkeypatch, kind: bytes, size: int
) -> None:
    """A header of gigabytes was read into memory whole, by looking whether this is a tar."""
    monkeypatch.setattr(archives, "BOMB_FLOOR_BYTES", 4 * 1024**2)
    tar = tmp_path / "bomb.tar.gz"
    with tarfile.open(tar, "w:gz") as made:
        member = tarfile.TarInfo("header")
        member.type, member.size = kind, size * 1024**2
        made.addfile(member, io.BytesIO(b"0" * member.size))
        made.addfile(tarfile.TarInfo("users.json"), io.BytesIO(b""))
    with pytest.raises(BadArchive, match=r"more bytes than any name|zip bomb"):
        open_archive(tar, tmp_path / "out")
