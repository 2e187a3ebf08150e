"""Guests see the channels that they are in, who is there, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from volano.kernel.errors import Conflict, Denied, Invalid, NotFound
from volano.services.chat.logic import (
    channels,
    directory,
    groups,
    guests,
    members,
    scim,
    search,
)
from volano.services.chat.logic import users as user_logic
from volano.services.chat.logic.access import (
    channels_for_audience,
    find_readable,
    known_people,
    readable_channels,
)
from volano.services.chat.logic.history import Span, read_history
from volano.services.chat.logic.home import get_home
from volano.services.chat.logic.lookup import list_readers
from volano.services.chat.logic.manifests import create_app
from volano.services.chat.logic.profiles import get_profile
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import ChannelKind, Guest
from volano.services.chat.model.directory import Position
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import users as user_rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from tests.unit.services.chat.conftest import Company


@pytest.fixture
async def office(company: Company) -> dict[str, str]:
    """Two public channels and a private one; the guest gus is in the first."""
    await company.hire("ann")
    await company.hire("ben")
    rooms = {
        "lobby": await company.channel("lobby", "admin", "ann"),
        "staff": await company.channel("staff", "admin", "ann", "ben"),
        "board": await company.channel("board", "admin", private=True),
    }
    await company.say("ann", rooms["lobby"], "Welcome to the lobby")
    await company.say("ann", rooms["staff"], "The raise is for staff")
    await company.invite("gus", rooms["lobby"])
    return rooms


async def test_a_guest_reads_only_where_they_are(company: Company, office) -> None:
    env, call, gus = company.env, company.calls["gus"], company.users["gus"]
    reader = env.store.reader
    assert await readable_channels(reader, gus) == [office["lobby"]]
    assert await find_readable(reader, gus, office["staff"]) is None
    page = await read_history(env, call, office["lobby"], Span())
    assert "Welcome to the lobby" in [message["text"] for message in page.messages]
    for room in ("staff", "board"):
        with pytest.raises(NotFound, match="no channel"):
            await read_history(env, call, office[room], Span())
        with pytest.raises(NotFound, match="no channel"):
            await channels.get_channel(env, call, office[room])
        with pytest.raises(NotFound, match="no channel"):
            await members.join_channel(env, call, office[room])
    kinds = list(ChannelKind)
    listed, _ = await channels.list_channels(
        env, call, kinds=kinds, archived=True, after="", limit=100
    )
    assert [seen.channel.id for seen in listed] == [office["lobby"]]
    found = await search.search_messages(env, call, "raise", page=search.Page())
    assert found.total == 0
    assert company.workspace.general_id not in await readable_channels(reader, gus)


async def test_a_guest_knows_only_whom_they_meet(company: Company, office) -> None:
    env, call, gus = company.env, company.calls["gus"], company.users["gus"]
    ann, ben = company.users["ann"], company.users["ben"]
    known = await known_people(env.store.reader, gus)
    assert known is not None
    assert known >= {gus.id, ann.id}
    assert ben.id not in known
    home = await get_home(env, call)
    assert {user["id"] for user in home.users} <= known
    for who in (ben.id,):
        with pytest.raises(NotFound, match="no user"):
            await get_profile(env, call, who)
        with pytest.raises(NotFound, match="no user"):
            await members.open_direct(env, call, [who])
        with pytest.raises(NotFound, match="no user"):
            await channels.list_joined(
                env, call, who, kinds=[ChannelKind.PUBLIC], archived=True, after="", limit=9
            )
    joined, _ = await channels.list_joined(
        env, call, ann.id, kinds=[ChannelKind.PUBLIC], archived=True, after="", limit=9
    )
    assert [seen.channel.id for seen in joined] == [office["lobby"]]
    await env.store.transact(lambda tx: user_rows.upsert_user(tx, replace(ben, email="b@c.de")))
    with pytest.raises(NotFound):
        await user_logic.get_user_by_email(env, company.account, "b@c.de", by=gus)
    admin = company.calls["admin"]
    position = Position(account=company.account, user_id=ben.id, title="Buyer")
    await directory.put_position(env, admin, position)
    assert await directory.read_directory(env, call) == ([], [])
    _, made = await groups.create_group(env, admin, groups.Wanted(name="Staff"))
    await groups.set_users(env, admin, made.id, [ann.id, ben.id])
    _, [group] = await groups.list_groups(env, call, disabled=False)
    assert group.users == (ann.id,)


async def test_a_guest_opens_nothing_and_brings_nobody(company: Company, office) -> None:
    env, call = company.env, company.calls["gus"]
    with pytest.raises(Denied, match="Guests"):
        await channels.create_channel(env, call, "mine", is_private=True)
    with pytest.raises(Denied, match="Guests"):
        await members.invite_users(env, call, office["lobby"], [company.users["ben"].id])
    with pytest.raises(Denied, match="Guests"):
        await create_app(env, call, {"display_information": {"name": "Spy"}})
    with pytest.raises(Denied, match="Guests"):
        await groups.create_group(env, call, groups.Wanted(name="Mine"))


async def test_readers_of_public_channels_leave_guests_out(company: Company, office) -> None:
    reader, gus = company.env.store.reader, company.users["gus"]
    staff = await channel_rows.find_channel(reader, company.account, office["staff"])
    lobby = await channel_rows.find_channel(reader, company.account, office["lobby"])
    assert staff is not None
    assert lobby is not None
    readers = {user.id for user in await list_readers(reader, staff, limit=100) or []}
    assert gus.id not in readers
    assert gus.id in {user.id for user in await list_readers(reader, lobby, limit=100) or []}
    besides = [company.copilot]
    assert await channels_for_audience(reader, lobby, besides=besides) == [office["lobby"]]
    assert office["lobby"] in await channels_for_audience(reader, staff, besides=besides)
    closed = await company.channel("closed", "admin", "gus", private=True, copilot=False)
    channel = await channel_rows.find_channel(reader, company.account, closed)
    assert channel is not None
    audience = await channels_for_audience(reader, channel, besides=besides)
    assert set(audience) == {closed, office["lobby"]}


async def test_a_single_channel_guest_is_in_one_channel(company: Company, office) -> None:
    env, admin = company.env, company.calls["admin"]
    with pytest.raises(Conflict, match="one channel"):
        await company.invite("sue", office["lobby"], office["staff"], guest=Guest.SINGLE)
    with pytest.raises(Invalid, match="invited to a channel"):
        await company.invite("sue", guest=Guest.SINGLE)
    sue = await company.invite("sue", office["lobby"], guest=Guest.SINGLE)
    with pytest.raises(Conflict, match="guest of one channel"):
        await members.invite_users(env, admin, office["staff"], [sue.id])
    assert await readable_channels(env.store.reader, sue) == [office["lobby"]]
    with pytest.raises(Conflict, match="here already"):
        await company.invite("sue", office["lobby"])


async def test_nobody_looks_into_a_private_channel_through_a_guest(company: Company, office):
    """Who invites is told the link that signs the guest in."""
    vault = await company.channel("vault", "ann", private=True)
    with pytest.raises(Invalid, match="no channel"):
        await company.invite("spy", vault)
    gus = company.users["gus"]
    with pytest.raises(Invalid, match="no channel"):
        await guests.set_guest(
            company.env, company.calls["admin"], gus.id, guest=Guest.MULTI, channels=[vault]
        )
    await members.invite_users(company.env, company.calls["ann"], vault, [gus.id])
    kept = await guests.set_guest(
        company.env, company.calls["admin"], gus.id, guest=Guest.MULTI, channels=[vault]
    )
    assert await readable_channels(company.env.store.reader, kept) == [vault]


async def test_a_guests_time_ends_at_once_and_can_begin_again(company: Company, office) -> None:
    env, admin = company.env, company.calls["admin"]
    with pytest.raises(Invalid, match="future"):
        await company.invite("tim", office["lobby"], until_us=1)
    until_us = env.clock.now_us() + 3600_000_000
    tim = await company.invite("tim", office["lobby"], until_us=until_us)
    assert (await enter(env, company.calls["tim"])).me.id == tim.id
    past = replace(tim, guest_until_us=env.clock.now_us())
    await env.store.transact(lambda tx: user_rows.upsert_user(tx, past))
    with pytest.raises(Denied, match="time as a guest is over"):
        await enter(env, company.calls["tim"])
    await guests.end_expired(env)
    principal = await identity.get_person(env.store.reader, tim.principal_id)
    assert principal.disabled
    await guests.set_expiration(env, admin, tim.id, 0)
    principal = await identity.get_person(env.store.reader, tim.principal_id)
    assert not principal.disabled
    assert (await enter(env, company.calls["tim"])).me.id == tim.id


async def test_a_member_becomes_a_guest_and_a_member_again(company: Company, office) -> None:
    env, admin, ben = company.env, company.calls["admin"], company.users["ben"]
    reader = env.store.reader
    guest = await guests.set_guest(
        env, admin, ben.id, guest=Guest.SINGLE, channels=[office["lobby"]]
    )
    assert await readable_channels(reader, guest) == [office["lobby"]]
    arn = "arn:aws:iam::aws:policy/VolanoChatGuest"
    rows = await reader.rows(
        "SELECT policy_arn FROM identity_attachment WHERE target_id = ?", ben.principal_id
    )
    assert rows == [(arn,)]
    regular = await guests.set_guest(env, admin, ben.id, guest=Guest.NO)
    assert office["staff"] in await readable_channels(reader, regular)
    with pytest.raises(Invalid, match="administrators"):
        await guests.set_guest(env, admin, company.users["admin"].id, guest=Guest.MULTI)


async def test_a_directory_client_of_a_guest_sees_no_more(company: Company, office) -> None:
    env, call = company.env, company.calls["gus"]
    found = await scim.list_people(env, call, "")
    known = await known_people(env.store.reader, company.users["gus"])
    assert known is not None
    assert {user.id for user in found} <= known
    with pytest.raises(NotFound, match="no user"):
        await scim.get_person(env, call, company.users["ben"].id)
