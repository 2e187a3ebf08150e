"""Mattermost's and Zulip's exports become channels, threads, reactions, files and mentions too."""

from __future__ import annotations

import io
import json
import tarfile

from tests.slack_exports import zipped
from tests.unit.services.chat.conftest import call_of
from tests.unit.services.chat.test_imports import bring_in

from volano.services.chat.logic import files as file_logic
from volano.services.chat.logic.access import readable_channels
from volano.services.chat.logic.history import Span, read_history, read_thread
from volano.services.chat.model import ChannelKind
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity

FIRST_MS = 1_700_000_000_123


def line(kind: str, **fields: object) -> bytes:
    return json.dumps({"type": kind, kind: fields}).encode() + b"\n"


def mattermost(*more: bytes) -> bytes:
    channel = {"team": "acme", "header": "", "purpose": ""}
    inside = [{"name": "acme", "channels": [{"name": "lab"}, {"name": "town-square"}]}]
    ann_inside = [{"name": "acme", "channels": [{"name": "lab"}, {"name": "vault"}]}]
    post = {"team": "acme", "channel": "lab"}
    lines = [
        line("version", version=1),
        line("team", name="acme", display_name="Acme", type="O"),
        line("channel", name="town-square", display_name="Town", type="O", **channel),
        line("channel", name="lab", display_name="Lab", type="O", **channel),
        line("channel", name="vault", display_name="Vault", type="P", **channel),
        line("user", username="ann", email="ann@acme.example", first_name="Ann", teams=ann_inside),
        line("user", username="ben", email="ben@acme.example", teams=inside),
        line("bot", username="robo", display_name="Robo", owner="ann"),
        line(
            "post",
            user="ann",
            message="**Look** @ben in ~vault, see [docs](https://docs.example) & <b>",
            create_at=FIRST_MS,
            edit_at=FIRST_MS + 9000,
            reactions=[{"user": "ben", "create_at": FIRST_MS + 10, "emoji_name": "tada"}],
            replies=[{"user": "ben", "message": "Seen", "create_at": FIRST_MS + 1000}],
            attachments=[{"path": "20231114/notes.txt"}, {"path": "20231114/gone.txt"}],
            **post,
        ),
        line("post", user="robo", message="Same moment", create_at=FIRST_MS, **post),
        line("post", team="acme", channel="vault", user="ann", message="Hush", create_at=FIRST_MS),
        line("direct_channel", members=["ann", "ben"], header=""),
        line(
            "direct_post",
            channel_members=["ann", "ben"],
            user="ben",
            message="Between us",
            create_at=FIRST_MS,
        ),
    ]
    return zipped(
        {"import.jsonl": b"".join((*lines, *more)), "data/20231114/notes.txt": b"the notes"}
    )


async def look(company, name: str, channel: str) -> list[dict]:
    """What somebody sees in a channel, oldest first."""
    reader = company.env.store.reader
    user = await user_rows.find_user_by_name(reader, company.account, name)
    assert user is not None
    principal = await identity.find_principal(reader, user.principal_id)
    assert principal is not None
    call = call_of(company.env, principal)
    found = await channel_rows.find_channel_by_key(reader, company.account, channel)
    assert found is not None
    page = await read_history(company.env, call, found.id, Span())
    messages = list(reversed(page.messages))
    for message in messages:
        if message.get("reply_count"):
            thread = await read_thread(company.env, call, found.id, str(message["ts"]), Span())
            message["replies"] = thread.messages[1:]
    return messages


async def ids(company) -> dict[str, str]:
    found = await user_rows.select_users(
        company.env.store.reader, company.account, after="", limit=100
    )
    return {user.name: user.id for user in found}


async def test_mattermost(live_company) -> None:
    company, env = live_company, live_company.env
    done = await bring_in(company, mattermost())
    assert (done.state, done.error) == ("done", "")
    assert done.counts["messages"] == 5
    assert done.skipped == {"files without bytes": 1}
    people = await ids(company)
    vault = await channel_rows.find_channel_by_key(env.store.reader, company.account, "vault")
    assert vault is not None
    assert vault.kind is ChannelKind.PRIVATE
    messages = await look(company, "ann", "lab")
    assert {message["text"] for message in messages} == {
        f"*Look* <@{people['ben']}> in <#{vault.id}>, see <https://docs.example|docs> &amp; &lt;b&gt;",
        "Same moment",
    }
    first = next(message for message in messages if message["text"] != "Same moment")
    assert str(first["ts"]).startswith("1700000000.123")
    assert first["edited"]["user"] == people["ann"]
    assert first["reactions"] == [{"name": "tada", "users": [people["ben"]], "count": 1}]
    assert [reply["text"] for reply in first["replies"]] == ["Seen"]
    kept, gone = first["files"]
    assert (kept["name"], gone["mode"]) == ("notes.txt", "tombstone")
    _, chunks = await file_logic.open_file(env, company.calls["admin"], kept["id"])
    assert b"".join([chunk async for chunk in chunks]) == b"the notes"
    ben = await user_rows.find_user(env.store.reader, company.account, people["ben"])
    assert ben is not None
    readable = await readable_channels(env.store.reader, ben)
    assert vault.id not in readable
    assert company.workspace.general_id in readable
    again = await bring_in(
        company,
        mattermost(
            line(
                "post",
                user="ann",
                message="Later",
                create_at=FIRST_MS + 60_000,
                team="acme",
                channel="lab",
            )
        ),
    )
    assert again.counts["messages"] == 1
    assert len(await look(company, "ann", "lab")) == 3


def zulip() -> bytes:
    user = {"is_bot": False, "is_active": True, "role": 400}
    realm = {
        "zerver_realm": [{"id": 2, "string_id": "acme", "uuid": "u-1"}],
        "zerver_userprofile": [
            {"id": 11, "email": "ann@acme.example", "full_name": "Ann Lee", **user},
            {"id": 12, "email": "ben@acme.example", "full_name": "Ben", **user},
            {"id": 13, "email": "gia@else.example", "full_name": "Gia", **user, "role": 600},
        ],
        "zerver_userprofile_crossrealm": [{"id": 5, "email": "notification-bot@zulip.com"}],
        "zerver_stream": [
            {"id": 21, "name": "Lab work", "description": "Tests", "invite_only": False},
            {"id": 22, "name": "vault", "description": "", "invite_only": True},
        ],
        "zerver_recipient": [
            {"id": 31, "type": 2, "type_id": 21},
            {"id": 32, "type": 2, "type_id": 22},
            {"id": 33, "type": 1, "type_id": 12},
            {"id": 34, "type": 3, "type_id": 41},
        ],
        "zerver_subscription": [
            {"user_profile": who, "recipient": where, "active": True}
            for who, where in ((11, 31), (12, 31), (11, 32), (11, 34), (12, 34), (13, 34))
        ],
        "zerver_reaction": [{"message": 101, "user_profile": 12, "emoji_name": "tada"}],
    }
    upload = "[notes.txt](/user_uploads/2/ab/notes.txt)"
    said = [
        (101, 11, 31, "tests", f"@**Ben|12** look in #**vault** {upload}", 1_700_000_000),
        (102, 12, 31, "tests", "**Seen**", 1_700_000_000),
        (103, 5, 31, "news", "Hello", 1_700_000_001.5),
        (104, 11, 32, "plans", "Hush", 1_700_000_002),
        (105, 11, 33, "", "Between us", 1_700_000_003),
        (106, 12, 34, "", "The three of us", 1_700_000_004),
    ]
    fields = ("id", "sender", "recipient", "subject", "content", "date_sent")
    messages = [dict(zip(fields, values, strict=True)) for values in said]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in (
            ("acme/realm.json", json.dumps(realm).encode()),
            ("acme/messages-000001.json", json.dumps({"zerver_message": messages[:3]}).encode()),
            ("acme/messages-000002.json", json.dumps({"zerver_message": messages[3:]}).encode()),
            ("acme/uploads/2/ab/notes.txt", b"the notes"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


async def test_zulip(live_company) -> None:
    company, env = live_company, live_company.env
    done = await bring_in(company, zulip())
    assert (done.state, done.error) == ("done", "")
    assert done.counts["messages"] == 6
    assert done.counts["direct conversations"] == 2
    people = await ids(company)
    vault = await channel_rows.find_channel_by_key(env.store.reader, company.account, "vault")
    assert vault is not None
    tests, news = await look(company, "ann", "lab-work")
    assert tests["text"] == f"*tests*\n<@{people['ben']}> look in <#{vault.id}> notes.txt"
    assert [reply["text"] for reply in tests["replies"]] == ["*Seen*"]
    assert tests["reactions"] == [{"name": "tada", "users": [people["ben"]], "count": 1}]
    assert [file["name"] for file in tests["files"]] == ["notes.txt"]
    assert news["text"] == "*news*\nHello"
    reader = env.store.reader
    gia = await user_rows.find_user(reader, company.account, people["gia"])
    assert gia is not None
    assert gia.is_guest
    [group] = await readable_channels(reader, gia)
    members = await channel_rows.select_members(reader, group, after="", limit=9)
    assert set(members) == {people["ann"], people["ben"], people["gia"]}
    ben = await user_rows.find_user(reader, company.account, people["ben"])
    assert ben is not None
    assert vault.id not in await readable_channels(reader, ben)
    again = await bring_in(company, zulip())
    assert "messages" not in again.counts
