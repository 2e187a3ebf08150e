"""The workspace and who is in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from volano.kernel.call import system_call
from volano.kernel.clock import ManualClock
from volano.kernel.errors import Denied
from volano.services.chat import interface as chat
from volano.services.chat.logic import home, users, workspaces
from volano.services.chat.logic.errors import WrongTokenType
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity
from volano.services.identity.logic import users as identity_users


async def test_bootstrap_shows_tokens_once_and_they_work(env):
    first = await identity.bootstrap(env)
    tokens = await chat.bootstrap(env, first.account)
    assert sorted(tokens) == ["app", "bot", "user"]
    assert tokens["user"].startswith("xoxp-")
    assert tokens["bot"].startswith("xoxb-")
    assert tokens["app"].startswith("xapp-")
    person = await env.authority.find_token(tokens["user"])
    assert person is not None
    assert person.id == first.user_id
    app = await env.authority.find_token(tokens["app"])
    assert app is not None
    assert app.scopes == {"connections:write"}
    assert await chat.bootstrap(env, first.account) == {}


async def test_a_workspace_is_made_at_first_use_of_any_account(env):
    first = await identity.bootstrap(env)
    found = await workspaces.get_workspace(env, first.account)
    assert found.team_id.startswith("T")
    assert await workspaces.get_workspace(env, first.account) == found


async def test_system_and_role_sessions_do_not_chat(company):
    with pytest.raises(WrongTokenType):
        await enter(company.env, system_call(company.env, company.account))


async def test_people_are_mirrored_by_events(live_company):
    env = live_company.env
    admin = live_company.calls["admin"]
    made = identity_users.make_user(env, live_company.account, "Zoe", email="zoe@example.com")
    await identity_users.create_user(env, admin, made)
    await env.events.settle()
    by = live_company.users["admin"]
    zoe = await users.get_user_by_email(env, live_company.account, "zoe@example.com", by=by)
    assert (zoe.name, zoe.is_bot, zoe.deleted) == ("zoe", False, False)
    await identity_users.delete_user(env, admin, "Zoe", force=True)
    await env.events.settle()
    assert (await users.get_user(env.store.reader, live_company.account, zoe.id)).deleted


async def test_a_name_taken_by_a_person_does_not_stop_the_copilot(env):
    first = await identity.bootstrap(env)

    async def write(tx):
        user = identity_users.make_user(env, first.account, "copilot")
        await identity_users.add_user(tx, user)

    await env.store.transact(write)
    found = await workspaces.get_workspace(env, first.account)
    bot = await users.get_user(env.store.reader, first.account, found.copilot_id)
    assert bot.is_bot
    assert bot.name == "copilot"


async def test_home_tells_channels_people_and_the_topic(company):
    await company.hire("ana")
    channel = await company.channel("sales", "admin", "ana")
    await company.say("ana", channel, "hello")
    found = await home.get_home(company.env, company.calls["admin"])
    by_name = {item.channel.get("name"): item for item in found.channels}
    assert by_name["sales"].unread == 1
    assert by_name["sales"].latest is not None
    assert by_name["sales"].latest["text"] == "hello"
    assert found.topic == "chat"
    assert {user["name"] for user in found.users} >= {"admin", "ana", "copilot"}
    assert found.copilot["id"] == company.copilot


async def test_who_is_known_to_be_here_is_looked_up_again_after_a_change(company):
    env, call = company.env, company.calls["admin"]
    here = await enter(env, call)
    assert await enter(env, call) == here

    async def rename(tx):
        await user_rows.upsert_user(tx, replace(here.me, real_name="Somebody else"))

    await env.store.transact(rename)
    assert (await enter(env, call)).me.real_name == "Somebody else"
    await workspaces.set_copilot(env, call, enabled=False)
    assert not (await enter(env, call)).workspace.copilot_enabled


async def test_guest_known_to_be_here_is_refused_from_their_last_moment_on(company):
    lobby = await company.channel("lobby", "admin")
    env = company.env
    await company.invite("tim", lobby, until_us=env.clock.now_us() + 3600 * 1_000_000)
    call = company.calls["tim"]
    until_us = (await enter(env, call)).me.guest_until_us
    assert (await enter(env, call)).me.is_guest
    with pytest.raises(Denied, match="over"):
        await enter(replace(env, clock=ManualClock(until_us)), call)
