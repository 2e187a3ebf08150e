"""Channels and who is in them."""

from __future__ import annotations

import pytest

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import channels, members
from volano.services.chat.logic.history import Span, read_history
from volano.services.chat.model import ChannelKind


async def refusal(awaitable) -> str:
    with pytest.raises(VolanoError) as caught:
        await awaitable
    return caught.value.wire_code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("---", "invalid_name_punctuation"),
        ("Sales", "invalid_name_specials"),
        ("two words", "invalid_name_specials"),
        ("a\x00b", "invalid_name_specials"),
        ("general", "name_taken"),
    ],
)
async def test_a_bad_name_is_refused(company, name, code):
    asked = channels.create_channel(company.env, company.calls["admin"], name, is_private=False)
    assert await refusal(asked) == code


async def test_names_in_any_script_are_good(company):
    channel = await company.channel("销售部", "admin")
    seen = await channels.get_channel(company.env, company.calls["admin"], channel)
    assert seen.channel.name == "销售部"


async def test_private_channels_are_unknown_to_others(company):
    await company.hire("ana")
    secret = await company.channel("secret", "admin", private=True)
    env, ana = company.env, company.calls["ana"]
    assert await refusal(channels.get_channel(env, ana, secret)) == "channel_not_found"
    assert await refusal(members.join_channel(env, ana, secret)) == "channel_not_found"
    assert await refusal(members.list_members(env, ana, secret, after="", limit=10)) == (
        "channel_not_found"
    )
    listed, _ = await channels.list_channels(
        env, ana, kinds=list(ChannelKind), archived=True, after="", limit=100
    )
    assert secret not in [seen.channel.id for seen in listed]
    await members.invite_users(env, company.calls["admin"], secret, [company.users["ana"].id])
    assert (await channels.get_channel(env, ana, secret)).member is not None


async def test_join_leave_invite_and_kick(company):
    ana, bob = await company.hire("ana"), await company.hire("bob")
    channel = await company.channel("team", "admin")
    env, admin = company.env, company.calls["admin"]
    assert (await members.join_channel(env, company.calls["ana"], channel)).is_new
    assert not (await members.join_channel(env, company.calls["ana"], channel)).is_new
    await members.invite_users(env, admin, channel, [bob.id])
    assert (
        await refusal(members.invite_users(env, admin, channel, [bob.id])) == "already_in_channel"
    )
    assert (
        await refusal(members.invite_users(env, admin, channel, ["U0NOBODY"])) == "user_not_found"
    )
    me = company.users["admin"].id
    assert await refusal(members.invite_users(env, admin, channel, [me])) == "cant_invite_self"
    await members.kick_user(env, admin, channel, bob.id)
    assert await refusal(members.kick_user(env, admin, channel, me)) == "cant_kick_self"
    assert await members.leave_channel(env, company.calls["ana"], channel)
    assert not await members.leave_channel(env, company.calls["ana"], channel)
    page, _ = await members.list_members(env, admin, channel, after="", limit=10)
    assert page == [me]
    notices = [m["subtype"] for m in (await read_history(env, admin, channel, Span())).messages]
    assert notices == [
        "channel_leave",
        "channel_leave",
        "channel_join",
        "channel_join",
    ]
    general = company.workspace.general_id
    assert await refusal(members.leave_channel(env, admin, general)) == "cant_leave_general"
    assert await refusal(members.kick_user(env, admin, general, ana.id)) == "cant_kick_from_general"


async def test_the_last_member_of_a_private_channel_stays(company):
    channel = await company.channel("alone", "admin", private=True, copilot=False)
    asked = members.leave_channel(company.env, company.calls["admin"], channel)
    assert await refusal(asked) == "last_member"


async def test_an_archived_channel_is_read_only(company):
    channel = await company.channel("old", "admin")
    env, admin = company.env, company.calls["admin"]
    await company.say("admin", channel, "last words")
    await channels.archive_channel(env, admin, channel)
    assert await refusal(company.say("admin", channel, "x")) == "is_archived"
    assert await refusal(channels.archive_channel(env, admin, channel)) == "already_archived"
    assert await refusal(channels.set_topic(env, admin, channel, "x")) == "is_archived"
    assert (await read_history(env, admin, channel, Span())).messages
    listed, _ = await channels.list_channels(
        env, admin, kinds=[ChannelKind.PUBLIC], archived=False, after="", limit=100
    )
    assert channel not in [seen.channel.id for seen in listed]
    await channels.unarchive_channel(env, admin, channel)
    assert await company.say("admin", channel, "again")
    assert await refusal(channels.unarchive_channel(env, admin, channel)) == "not_archived"


async def test_rename_topic_and_purpose(company):
    channel = await company.channel("before", "admin")
    other = await company.channel("taken", "admin")
    env, admin = company.env, company.calls["admin"]
    assert await refusal(channels.rename_channel(env, admin, channel, "taken")) == "name_taken"
    seen = await channels.rename_channel(env, admin, channel, "after")
    assert (seen.channel.name, seen.channel.previous_names) == ("after", ("before",))
    assert (await channels.set_topic(env, admin, channel, "now")).channel.topic == "now"
    assert (await channels.set_purpose(env, admin, channel, "why")).channel.purpose == "why"
    assert await refusal(channels.set_topic(env, admin, channel, "x" * 251)) == "too_long"
    assert other != channel


async def test_direct_conversations_exist_once(company):
    ana, bob = await company.hire("ana"), await company.hire("bob")
    env = company.env
    first = await members.open_direct(env, company.calls["admin"], [ana.id])
    again = await members.open_direct(env, company.calls["ana"], [company.users["admin"].id])
    assert first.channel.id == again.channel.id
    assert (first.is_new, again.is_new) == (True, False)
    group = await members.open_direct(env, company.calls["admin"], [ana.id, bob.id])
    assert group.channel.kind is ChannelKind.MPIM
    assert (
        group.channel.name
        == "mpdm-"
        + "--".join(
            name for _, name in sorted((company.users[n].id, n) for n in ("admin", "ana", "bob"))
        )
        + "-1"
    )
    admin = company.calls["admin"]
    assert await refusal(members.open_direct(env, admin, [])) == "users_list_not_supplied"
    assert await refusal(members.open_direct(env, admin, ["U0NOBODY"])) == "user_not_found"
    assert await refusal(members.join_channel(env, admin, group.channel.id)) == (
        "method_not_supported_for_channel_type"
    )
