"""Posting, changing, deleting, reading."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import channels, history, messages, reactions
from volano.services.chat.logic.history import Span, read_history, read_thread
from volano.services.chat.logic.live import topic_of
from volano.services.chat.logic.messages import Change, Draft
from volano.services.chat.model import parse_ts, to_ts


def code_of(caught) -> str:
    return caught.value.wire_code


async def refusal(awaitable) -> str:
    with pytest.raises(VolanoError) as caught:
        await awaitable
    return code_of(caught)


def test_ts_round_trips():
    assert to_ts(1_700_000_000_000_100) == "1700000000.000100"
    assert parse_ts("1700000000.000100") == 1_700_000_000_000_100
    assert parse_ts("1700000000") == 1_700_000_000_000_000


async def test_ts_are_strictly_increasing_under_many_writers(company):
    channel = await company.channel("many", "admin")
    posted = await asyncio.gather(
        *(company.say("admin", channel, f"number {number}") for number in range(30))
    )
    stamps = [message.ts_us for message in posted]
    assert len(set(stamps)) == 30
    page = await read_history(company.env, company.calls["admin"], channel, Span(limit=100))
    shown = [message["ts"] for message in page.messages]
    assert shown == sorted(shown, reverse=True)


async def test_client_msg_id_makes_a_repeat_harmless(company):
    channel = await company.channel("once", "admin")
    first = await company.say("admin", channel, "one", client_msg_id="abc")
    again = await company.say("admin", channel, "two", client_msg_id="abc")
    assert again == first
    page = await read_history(company.env, company.calls["admin"], channel, Span())
    assert [message["text"] for message in page.messages] == ["one"]


async def test_client_msg_ids_of_two_senders_do_not_meet(company):
    await company.hire("ana")
    channel = await company.channel("two", "admin", "ana")
    first = await company.say("admin", channel, "mine", client_msg_id="abc")
    other = await company.say("ana", channel, "hers", client_msg_id="abc")
    assert first.ts_us != other.ts_us


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "a\x00b"}, "invalid_arguments"),
        ({"blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"attachments": ["text"]}, "invalid_attachments"),
        ({"text": "x", "thread_ts": "12.000001"}, "thread_not_found"),
        ({"text": "x", "thread_ts": "yesterday"}, "invalid_thread_ts"),
        ({"text": "x", "metadata": {"a": 1}}, "invalid_metadata_format"),
    ],
)
async def test_a_bad_message_is_refused_and_changes_nothing(company, draft, code):
    channel = await company.channel("bad", "admin")
    asked = messages.post_message(
        company.env, company.calls["admin"], Draft(channel=channel, **draft)
    )
    assert await refusal(asked) == code
    page = await read_history(company.env, company.calls["admin"], channel, Span())
    assert page.messages == []


async def test_posting_needs_membership(company):
    await company.hire("ana")
    await company.build_bot("robot")
    public = await company.channel("open", "admin")
    private = await company.channel("closed", "admin", private=True)
    assert await refusal(company.say("ana", public, "x")) == "not_in_channel"
    assert await refusal(company.say("ana", private, "x")) == "channel_not_found"
    assert await refusal(company.say("robot", private, "x")) == "channel_not_found"
    assert (await company.say("robot", public, "bots may (chat:write.public)")).ts_us
    assert await refusal(company.say("ana", "#closed", "x")) == "channel_not_found"
    assert await refusal(company.say("ana", "CNOTTHERE", "x")) == "channel_not_found"


async def test_a_message_to_a_user_opens_the_direct_conversation(company):
    ana = await company.hire("ana")
    first = await company.say("admin", ana.id, "psst")
    second = await company.say("ana", company.users["admin"].id, "yes?")
    assert first.channel_id == second.channel_id
    assert first.channel_id.startswith("D")
    await company.hire("bob")
    asked = read_history(company.env, company.calls["bob"], first.channel_id, Span())
    assert await refusal(asked) == "channel_not_found"


async def test_people_read_public_channels_and_bots_only_their_own(company):
    await company.hire("ana")
    await company.build_bot("robot")
    public = await company.channel("open", "admin")
    await company.say("admin", public, "hello")
    page = await read_history(company.env, company.calls["ana"], public, Span())
    assert page.messages[0]["text"] == "hello"
    asked = read_history(company.env, company.calls["robot"], public, Span())
    assert await refusal(asked) == "not_in_channel"


async def test_accounts_do_not_see_each_other(company, env):
    from volano.services.identity.logic.bootstrap import (
        add_account,
        add_administrator,
        make_account_id,
    )

    from .conftest import call_of

    channel = await company.channel("ours", "admin")
    message = await company.say("admin", channel, "secret")

    async def write(tx):
        account, _ = await add_account(tx, env, make_account_id(env), name="Other", alias=None)
        return await add_administrator(tx, env, account.id, "eve")

    eve = call_of(env, (await env.store.transact(write)).principal())
    assert await refusal(read_history(env, eve, channel, Span())) == "channel_not_found"
    assert await refusal(history.get_permalink(env, eve, channel, message.ts)) == (
        "channel_not_found"
    )
    asked = messages.post_message(env, eve, Draft(channel=channel, text="x"))
    assert await refusal(asked) == "channel_not_found"
    asked = messages.post_message(env, eve, Draft(channel=company.users["admin"].id, text="x"))
    assert await refusal(asked) == "user_not_found"


async def test_threads_count_replies_and_stay_out_of_the_channel(company):
    channel = await company.channel("thread", "admin")
    root = await company.say("admin", channel, "root")
    reply = await company.say("admin", channel, "reply", thread_ts=root.ts)
    shown = await company.say("admin", channel, "loud", thread_ts=root.ts, reply_broadcast=True)
    call = company.calls["admin"]
    page = await read_history(company.env, call, channel, Span())
    assert [message["text"] for message in page.messages] == ["loud", "root"]
    assert page.messages[1]["reply_count"] == 2
    assert page.messages[1]["latest_reply"] == shown.ts
    thread = await read_thread(company.env, call, channel, root.ts, Span())
    assert [message["text"] for message in thread.messages] == ["root", "reply", "loud"]
    assert thread.messages[1]["parent_user_id"] == company.users["admin"].id
    nested = await company.say("admin", channel, "nested", thread_ts=reply.ts)
    assert nested.thread_us == root.ts_us
    await messages.delete_message(company.env, call, channel, root.ts)
    page = await read_history(company.env, call, channel, Span())
    assert page.messages[1]["subtype"] == "tombstone"
    assert page.messages[1]["text"] == "This message was deleted."
    for message in (reply, shown, nested):
        await messages.delete_message(company.env, call, channel, message.ts)
    page = await read_history(company.env, call, channel, Span())
    assert "reply_count" not in page.messages[0]


async def test_only_the_author_changes_a_message_and_moderators_delete_it(company):
    await company.hire("ana")
    channel = await company.channel("edit", "admin", "ana")
    mine = await company.say("admin", channel, "mine")
    hers = await company.say("ana", channel, "hers")
    env = company.env
    change = Change(channel=channel, ts=mine.ts, text="stolen")
    assert await refusal(messages.update_message(env, company.calls["ana"], change)) == (
        "cant_update_message"
    )
    asked = messages.delete_message(env, company.calls["ana"], channel, mine.ts)
    assert await refusal(asked) == "cant_delete_message"
    done = await messages.update_message(
        env, company.calls["ana"], Change(channel=channel, ts=hers.ts, text="better")
    )
    assert done.message.text == "better"
    assert done.message.edited_us > 0
    await messages.delete_message(env, company.calls["admin"], channel, hers.ts)
    asked = messages.delete_message(env, company.calls["admin"], channel, hers.ts)
    assert await refusal(asked) == "message_not_found"


async def test_an_update_keeps_the_parts_that_were_not_given(company):
    channel = await company.channel("parts", "admin")
    blocks = [{"type": "divider"}]
    posted = await company.say("admin", channel, "text", blocks=blocks)
    call = company.calls["admin"]
    done = await messages.update_message(
        company.env, call, Change(channel=channel, ts=posted.ts, text="new")
    )
    assert done.message.body["blocks"][0]["type"] == "divider"
    done = await messages.update_message(
        company.env, call, Change(channel=channel, ts=posted.ts, blocks=[])
    )
    assert "blocks" not in done.message.body
    assert done.message.text == "new"


async def test_ts_is_not_used_again_after_delete(company):
    channel = await company.channel("reuse", "admin")
    first = await company.say("admin", channel, "one")
    await messages.delete_message(company.env, company.calls["admin"], channel, first.ts)
    second = await company.say("admin", channel, "two")
    assert second.ts_us > first.ts_us


async def test_history_pages_and_spans(company):
    channel = await company.channel("pages", "admin")
    posted = [await company.say("admin", channel, str(number)) for number in range(5)]
    call, env = company.calls["admin"], company.env
    first = await read_history(env, call, channel, Span(limit=2))
    assert [item["text"] for item in first.messages] == ["4", "3"]
    span = history.to_span(
        oldest="", latest="", inclusive=False, cursor_us=first.next_us, limit=10, threads=False
    )
    rest = await read_history(env, call, channel, span)
    assert [item["text"] for item in rest.messages] == ["2", "1", "0"]
    assert rest.next_us == 0
    span = history.to_span(
        oldest=posted[1].ts,
        latest=posted[3].ts,
        inclusive=True,
        cursor_us=0,
        limit=10,
        threads=False,
    )
    assert [i["text"] for i in (await read_history(env, call, channel, span)).messages] == [
        "3",
        "2",
        "1",
    ]
    span = history.to_span(
        oldest=posted[1].ts,
        latest=posted[3].ts,
        inclusive=False,
        cursor_us=0,
        limit=10,
        threads=False,
    )
    assert [i["text"] for i in (await read_history(env, call, channel, span)).messages] == ["2"]


async def test_unread_is_what_came_after_the_pointer(company):
    await company.hire("ana")
    channel = await company.channel("unread", "admin", "ana")
    first = await company.say("admin", channel, "one")
    await company.say("admin", channel, "two")
    env, ana = company.env, company.calls["ana"]
    await history.mark_read(env, ana, channel, first.ts)
    seen = await channels.get_channel(env, ana, channel)
    assert (await history.look_at(env, seen.channel, seen.member)).unread == 1
    await company.say("ana", channel, "three")
    seen = await channels.get_channel(env, ana, channel)
    assert (await history.look_at(env, seen.channel, seen.member)).unread == 0


async def test_reactions_are_given_once_per_person(company):
    await company.hire("ana")
    channel = await company.channel("react", "admin", "ana")
    posted = await company.say("admin", channel, "nice")
    env = company.env
    for who in ("admin", "ana"):
        await reactions.add_reaction(env, company.calls[who], channel, posted.ts, ":thumbsup:")
    asked = reactions.add_reaction(env, company.calls["ana"], channel, posted.ts, "thumbsup")
    assert await refusal(asked) == "already_reacted"
    found = await reactions.get_reactions(env, company.calls["ana"], channel, posted.ts)
    users = [company.users["admin"].id, company.users["ana"].id]
    assert found.message["reactions"] == [{"name": "thumbsup", "users": users, "count": 2}]
    await reactions.remove_reaction(env, company.calls["ana"], channel, posted.ts, "thumbsup")
    asked = reactions.remove_reaction(env, company.calls["ana"], channel, posted.ts, "thumbsup")
    assert await refusal(asked) == "no_reaction"
    listed, _ = await reactions.list_reactions(
        env, company.calls["admin"], "", before_us=2**62, limit=10
    )
    assert [item.message["ts"] for item in listed] == [posted.ts]


async def next_event(stream) -> dict:
    return msgspec.json.decode(await asyncio.wait_for(anext(stream), 90))


async def test_members_hear_of_a_message_and_nobody_else_does(company):
    await company.hire("ana")
    await company.hire("bob")
    channel = await company.channel("live", "admin", "ana")
    env = company.env
    heard = {
        who: env.events.listen(topic_of(company.account, company.users[who].id))
        for who in ("ana", "bob")
    }
    waiting = {who: asyncio.ensure_future(anext(stream)) for who, stream in heard.items()}
    await asyncio.sleep(0)
    posted = await company.say("admin", channel, "hello")
    event = msgspec.json.decode(await asyncio.wait_for(waiting["ana"], 90))
    assert (event["type"], event["channel"], event["ts"]) == ("message", channel, posted.ts)
    assert event["channel_type"] == "channel"
    assert not waiting["bob"].done()
    waiting["bob"].cancel()


async def test_an_ephemeral_message_reaches_one_member_and_is_not_kept(company):
    ana = await company.hire("ana")
    await company.hire("bob")
    channel = await company.channel("quiet", "admin", "ana")
    env, admin = company.env, company.calls["admin"]
    stream = env.events.listen(topic_of(company.account, ana.id))
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await messages.post_ephemeral(env, admin, ana.id, Draft(channel=channel, text="only you"))
    event = msgspec.json.decode(await asyncio.wait_for(waiting, 90))
    assert event["is_ephemeral"] is True
    assert event["text"] == "only you"
    asked = messages.post_ephemeral(
        env, admin, company.users["bob"].id, Draft(channel=channel, text="x")
    )
    assert await refusal(asked) == "user_not_in_channel"
    page = await read_history(env, admin, channel, Span())
    assert all(message.get("text") != "only you" for message in page.messages)
