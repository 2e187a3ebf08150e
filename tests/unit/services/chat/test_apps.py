"""Events for apps: who hears, once per connection, again when nobody acknowledged."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import msgspec
import pytest

from volano.backends.egress.http import HttpEgress
from volano.kernel.egress import parse_networks
from volano.kernel.errors import VolanoError
from volano.services.chat.logic import app_events, apps, deliveries, manifests, members
from volano.services.chat.model import MessagePosted
from volano.services.chat.store import app_events as rows
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity

from .conftest import call_of


@pytest.fixture
async def app(company):
    """The first app, with a call of its app-level token."""
    found = await user_rows.select_listening_apps(company.env.store.reader, company.account, 0)
    principal = await identity.find_principal(company.env.store.reader, found[0].principal_id)
    assert principal is not None
    company.calls["app"] = call_of(
        company.env, replace(principal, scopes=frozenset({"connections:write"}))
    )
    return found[0]


async def posted_event(company, message) -> MessagePosted:
    return MessagePosted(account=company.account, channel=message.channel_id, ts_us=message.ts_us)


async def waiting(company, app) -> list[dict]:
    found = await rows.select_offerable(
        company.env.store.reader, app.id, offered_before_us=2**62, created_after_us=0, limit=100
    )
    return [msgspec.json.decode(payload) for _, _, payload in found]


async def test_an_answer_nested_without_end_is_no_challenge(company):
    """It ended the delivery of every app's events that were under way."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"[" * 100_000)
        await writer.drain()
        writer.close()

    made = await manifests.create_app(
        company.env, company.calls["admin"], {"display_information": {"name": "Deep"}}
    )
    env = replace(company.env, egress=HttpEgress(parse_networks(["127.0.0.1"])))
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/events"
        assert await deliveries.verify_url(env, made.config, url) is False


async def test_a_ticket_is_for_one_socket(company, app):
    app_id, ticket = await apps.open_ticket(company.env, company.calls["app"])
    assert app_id == app.id
    assert await apps.use_ticket(company.env, ticket) == app.id
    assert await apps.use_ticket(company.env, ticket) is None
    with pytest.raises(VolanoError) as caught:
        await apps.open_ticket(company.env, company.calls["admin"])
    assert caught.value.wire_code == "not_allowed_token_type"


async def test_an_app_hears_of_its_channels_once(company, app):
    await apps.open_ticket(company.env, company.calls["app"])
    channel = await company.channel("apps", "admin")
    outside = await company.say("admin", channel, "not yet")
    await app_events.tell_apps(company.env, await posted_event(company, outside))
    assert await waiting(company, app) == []
    await members.invite_users(company.env, company.calls["admin"], channel, [app.user_id])
    inside = await company.say("admin", channel, f"hello <@{app.user_id}>")
    for _ in range(3):
        await app_events.tell_apps(company.env, await posted_event(company, inside))
    told = await waiting(company, app)
    assert [item["event"]["type"] for item in told] == ["message", "app_mention"] or [
        item["event"]["type"] for item in told
    ] == ["app_mention", "message"]
    assert {item["event"]["ts"] for item in told} == {inside.ts}
    assert told[0]["authorizations"][0]["user_id"] == app.user_id


async def test_an_app_that_never_listened_costs_nothing(company, app):
    channel = await company.channel("apps", "admin")
    await members.invite_users(company.env, company.calls["admin"], channel, [app.user_id])
    message = await company.say("admin", channel, "hello")
    await app_events.tell_apps(company.env, await posted_event(company, message))
    assert await waiting(company, app) == []


async def test_each_event_goes_to_one_connection_and_again_when_it_is_lost(company, app):
    env = company.env
    await apps.open_ticket(env, company.calls["app"])
    channel = await company.channel("apps", "admin")
    await members.invite_users(env, company.calls["admin"], channel, [app.user_id])
    for text in ("one", "two"):
        message = await company.say("admin", channel, text)
        await app_events.tell_apps(env, await posted_event(company, message))
    async with (
        aclosing(apps.offered_events(env, app.id, "first")) as first,
        aclosing(apps.offered_events(env, app.id, "second")) as second,
    ):
        taken = [await anext(first), await anext(first)]
        assert len({event_id for event_id, _, _ in taken}) == 2
        nothing = asyncio.ensure_future(anext(second))
        await asyncio.sleep(0)
        await apps.acknowledge(env, app.id, taken[0][0])
        await apps.release(env, app.id, "first")
        event_id, _, _ = await asyncio.wait_for(nothing, 20)
        assert event_id == taken[1][0]
