"""A person's desk: drafts, what is saved, threads followed, what is unread, who has read."""

from __future__ import annotations

import pytest

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import calls, catch_up, desk, members, messages, profiles, revisions
from volano.services.chat.logic.history import mark_read
from volano.services.chat.logic.messages import Change
from volano.services.chat.model import to_ts
from volano.services.chat.model.desk import Preferences, QuietHours
from volano.services.chat.store.channels import find_channel

EIGHT_MONDAY_US = 1_763_366_400_000_000  # 17 November 2025, a Monday


async def called(company, message) -> None:
    await calls.call_people(company.env, company.account, message.channel_id, message.ts_us)


async def reasons(company, who: str) -> list[str]:
    found = await desk.list_mentions(company.env, company.calls[who], "")
    return [item.note["reason"] for item in found]


async def test_a_draft_is_kept_per_place_until_it_is_empty(company):
    channel = await company.channel("plans", "admin")
    call = company.calls["admin"]
    root = await company.say("admin", channel, "root")
    await desk.put_draft(company.env, call, channel, "", "half a thou")
    await desk.put_draft(company.env, call, channel, "", "half a thought")
    await desk.put_draft(company.env, call, channel, root.ts, "a reply")
    drafts = (await desk.get_desk(company.env, call)).drafts
    assert {(item.thread_us, item.text) for item in drafts} == {
        (0, "half a thought"),
        (root.ts_us, "a reply"),
    }
    await desk.put_draft(company.env, call, channel, "", "  ")
    drafts = (await desk.get_desk(company.env, call)).drafts
    assert [item.text for item in drafts] == ["a reply"]


async def test_a_draft_needs_membership_and_a_limit(company):
    await company.hire("ana")
    secret = await company.channel("secret", "admin", private=True)
    with pytest.raises(VolanoError) as caught:
        await desk.put_draft(company.env, company.calls["ana"], secret, "", "hello")
    assert caught.value.wire_code == "channel_not_found"
    channel = await company.channel("open", "ana")
    with pytest.raises(VolanoError) as caught:
        await desk.put_draft(company.env, company.calls["ana"], channel, "", "x" * 40_001)
    assert caught.value.wire_code == "msg_too_long"


async def test_saved_messages_of_a_channel_left_are_not_shown(company):
    await company.hire("ana")
    channel = await company.channel("team", "admin", "ana", private=True)
    message = await company.say("admin", channel, "the code is 7")
    call = company.calls["ana"]
    await desk.save_message(company.env, call, channel, message.ts, saved=True, done=False)
    shown = await desk.list_saved(company.env, call)
    assert [(item.message["text"], item.note["done"]) for item in shown] == [
        ("the code is 7", False)
    ]
    await desk.save_message(company.env, call, channel, message.ts, saved=True, done=True)
    assert (await desk.list_saved(company.env, call))[0].note["done"] is True
    await members.leave_channel(company.env, call, channel)
    assert await desk.list_saved(company.env, call) == []


async def test_names_broadcasts_keywords_and_threads_call_people(company):
    for name in ("ana", "ben", "cem"):
        await company.hire(name)
    channel = await company.channel("ops", "admin", "ana", "ben", "cem")
    await desk.put_preferences(
        company.env, company.calls["ben"], Preferences(keywords=("Deploy", "发布"))
    )
    ana = company.users["ana"].id
    for text in (f"<@{ana}> look", "please deploy now", "redeployed", "今天发布新版本"):
        await called(company, await company.say("admin", channel, text))
    assert await reasons(company, "ana") == ["mention"]
    assert await reasons(company, "ben") == ["keyword", "keyword"]
    assert await reasons(company, "cem") == []
    await called(company, await company.say("admin", channel, "<!here> lunch"))
    assert await reasons(company, "cem") == ["broadcast"]

    root = await company.say("cem", channel, "a question")
    reply = await company.say("admin", channel, "an answer", thread_ts=root.ts)
    await called(company, reply)
    await called(company, reply)  # a repeat changes nothing
    assert await reasons(company, "cem") == ["thread", "broadcast"]
    assert await reasons(company, "ana") == ["broadcast", "mention"]


async def test_a_thread_can_be_followed_read_and_left(company):
    await company.hire("ana")
    channel = await company.channel("help", "admin", "ana")
    root = await company.say("ana", channel, "why?")
    reply = await company.say("admin", channel, "because", thread_ts=root.ts)
    await called(company, reply)
    call = company.calls["ana"]
    assert (await desk.get_desk(company.env, call)).unread_threads == 1
    assert [item.message["text"] for item in await desk.list_threads(company.env, call)] == ["why?"]
    await desk.mark_thread(company.env, call, channel, root.ts, reply.ts)
    assert (await desk.get_desk(company.env, call)).unread_threads == 0
    assert (await desk.get_desk(company.env, company.calls["admin"])).unread_threads == 0

    await desk.follow_thread(company.env, call, channel, root.ts, following=False)
    assert not await desk.is_following(company.env, call, channel, root.ts)
    again = await company.say("admin", channel, "more", thread_ts=root.ts)
    await called(company, again)
    assert (await desk.get_desk(company.env, call)).unread_threads == 0
    assert await reasons(company, "ana") == ["thread"]


async def test_catch_up_shows_what_is_unread_and_all_can_be_read(company):
    await company.hire("ana")
    one = await company.channel("one", "admin", "ana")
    two = await company.channel("two", "admin", "ana")
    call = company.calls["ana"]
    await desk.mark_everything(company.env, call)
    await company.say("admin", one, "first")
    await company.say("admin", two, "second")
    last = await company.say("admin", one, "third")
    unread = await catch_up.list_unread(company.env, call)
    assert [(item.channel_id, [m["text"] for m in item.messages]) for item in unread] == [
        (one, ["first", "third"]),
        (two, ["second"]),
    ]
    await mark_read(company.env, call, one, last.ts)
    assert [item.channel_id for item in await catch_up.list_unread(company.env, call)] == [two]
    await desk.mark_everything(company.env, call)
    assert await catch_up.list_unread(company.env, call) == []


async def test_readers_tell_who_has_read_a_message(company):
    await company.hire("ana")
    await company.hire("ben")
    channel = await company.channel("news", "admin", "ana", "ben")
    message = await company.say("admin", channel, "read me")
    await mark_read(company.env, company.calls["ana"], channel, message.ts)
    readers = dict(await catch_up.list_readers(company.env, company.calls["admin"], channel))
    read_by = {user for user, ts_us in readers.items() if ts_us >= message.ts_us}
    assert read_by == {company.users["admin"].id, company.users["ana"].id}
    assert company.copilot not in readers


async def test_edits_keep_what_was_said_before(company):
    channel = await company.channel("edits", "admin")
    message = await company.say("admin", channel, "teh first")
    for text in ("the first", "the second"):
        change = Change(channel=channel, ts=message.ts, text=text)
        await messages.update_message(company.env, company.calls["admin"], change)
    call = company.calls["admin"]
    found = await revisions.list_revisions(company.env, call, channel, message.ts)
    assert [item.text for item in found] == ["the first", "teh first"]
    await messages.delete_message(company.env, call, channel, message.ts)
    assert await revisions.list_revisions(company.env, call, channel, message.ts) == []


async def test_a_deleted_message_calls_nobody(company):
    await company.hire("ana")
    channel = await company.channel("oops", "admin", "ana")
    message = await company.say("admin", channel, f"<@{company.users['ana'].id}> hi")
    await called(company, message)
    await messages.delete_message(company.env, company.calls["admin"], channel, message.ts)
    await called(company, message)
    assert await desk.list_mentions(company.env, company.calls["ana"], "") == []


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Preferences(notify="loud"), "notify"),
        (Preferences(keywords=tuple(str(n) for n in range(51))), "keywords"),
        (Preferences(quiet=QuietHours(zone="Mars/Olympus")), "time zone"),
        (Preferences(quiet=QuietHours(from_minute=1440)), "midnight"),
    ],
)
async def test_wrong_preferences_are_refused(company, wanted, says):
    with pytest.raises(VolanoError, match=says):
        await desk.put_preferences(company.env, company.calls["admin"], wanted)


async def test_who_paused_notices_is_pushed_none(company):
    await company.hire("ana")
    await company.hire("ben")
    place = await company.channel("plans", "admin", "ana", "ben")
    channel = await find_channel(company.env.store.reader, company.account, place)
    people = [company.users[name].id for name in ("ana", "ben")]
    await profiles.snooze(company.env, company.calls["ana"], 30)
    wanted = await calls.whom_to_push(company.env, channel, people, people, {})
    assert wanted == [company.users["ben"].id]
    await profiles.snooze(company.env, company.calls["ana"], 0)
    assert await calls.whom_to_push(company.env, channel, people, people, {}) == people


def test_quiet_hours_go_past_midnight_in_their_own_zone():
    nights = QuietHours(from_minute=22 * 60, until_minute=8 * 60, days=(0,), zone="UTC")
    hour = 3600 * 1_000_000
    assert not calls.is_quiet(nights, EIGHT_MONDAY_US)
    assert calls.is_quiet(nights, EIGHT_MONDAY_US + 14 * hour)  # Monday 22:00
    assert calls.is_quiet(nights, EIGHT_MONDAY_US + 23 * hour)  # Tuesday 7:00
    assert not calls.is_quiet(nights, EIGHT_MONDAY_US - hour)  # Monday 7:00 began on Sunday
    shanghai = QuietHours(from_minute=60, until_minute=120, zone="Asia/Shanghai")
    assert calls.is_quiet(shanghai, EIGHT_MONDAY_US + 9 * hour)  # 17:00 there is 01:00 on
    assert not calls.is_quiet(None, EIGHT_MONDAY_US)
    assert to_ts(EIGHT_MONDAY_US).startswith("1763366400")
