"""The conversations of an archive as channels of this workplace, with their members and pins.

A public channel goes on in the public one of the same name. A private one never does: its members
are those that the archive names, and who else is in a channel here was never meant to read it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.services.chat.logic.imports.reporting import add_to_report
from volano.services.chat.logic.names import slug_of
from volano.services.chat.model import (
    MAX_CHANNEL_NAME_CHARACTERS,
    MAX_TOPIC_CHARACTERS,
    Channel,
    ChannelKind,
    Member,
)
from volano.services.chat.model.items import Pin
from volano.services.chat.model.transfers import Report
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import items as item_rows
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import transfers as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.chat.logic.imports.reporting import Origin
    from volano.services.chat.model import Workspace
    from volano.services.chat.model.transfers import Place

CHANNEL = "channel"
MAX_NAME_TRIES = 100
_OWN_ID = re.compile(r"[CGD][A-Z0-9]{6,14}\Z")
_PREFIX = {
    ChannelKind.PUBLIC: "C",
    ChannelKind.PRIVATE: "G",
    ChannelKind.IM: "D",
    ChannelKind.MPIM: "G",
}


async def take_places(
    env: Env,
    origin: Origin,
    workspace: Workspace,
    places: Sequence[Place],
    people: Mapping[str, str],
) -> dict[str, str]:
    """Own ids of all conversations by the archive's; makes the missing ones. May be repeated."""
    known = await rows.select_names(env.store.reader, origin.account, origin.source, CHANNEL)
    for place in places:
        if place.id in known:
            continue

        async def write(tx: Tx, place: Place = place) -> str:
            channel = await _match(tx, origin.account, workspace, place, people)
            is_own = channel is not None and channel.id == place.id
            if channel is None:
                channel = await _make(tx, env, origin, place, people)
            if not is_own:  # who left our own channel since it was exported stays outside
                await _add_members(tx, channel, place, people)
            names = [(place.id, channel.id)]
            await rows.insert_names(tx, origin.account, origin.source, CHANNEL, names)
            what = "direct conversations" if place.kind.is_direct else "channels"
            await add_to_report(tx, origin, Report(counts={what: 1}))
            return channel.id

        known[place.id] = await env.store.transact(write)
    return known


async def _match(
    tx: Tx, account: str, workspace: Workspace, place: Place, people: Mapping[str, str]
) -> Channel | None:
    """The channel that goes on with this conversation."""
    if place.general:
        return await channel_rows.find_channel(tx, account, workspace.general_id)
    if place.kind.is_direct:
        return await channel_rows.find_channel_by_key(tx, account, _direct_key(place, people))
    same = await channel_rows.find_channel(tx, account, place.id)
    if same is not None and same.kind is place.kind:
        return same
    named = await channel_rows.find_channel_by_key(tx, account, _clean(place.name))
    both = named is not None and {named.kind, place.kind} == {ChannelKind.PUBLIC}
    return named if both else None


def _direct_key(place: Place, people: Mapping[str, str]) -> str:
    return "im:" + ",".join(sorted({people[user] for user in place.members if user in people}))


def _clean(name: str) -> str:
    """A name as channels may have them; letters of every language stay."""
    kept = [char if char.isalnum() or char in "-_" else "-" for char in name.lower()]
    clean = "".join(kept).strip("-")[:MAX_CHANNEL_NAME_CHARACTERS]
    return clean or slug_of(name) or "imported"


async def _make(
    tx: Tx, env: Env, origin: Origin, place: Place, people: Mapping[str, str]
) -> Channel:
    is_free = not await channel_rows.is_id_taken(tx, place.id)
    keep = is_free and _OWN_ID.match(place.id) is not None
    name, key = place.name, _direct_key(place, people)
    if not place.kind.is_direct:
        name = key = await _free_name(tx, env, origin.account, place.name)
    now_us = env.clock.now_us()
    channel = Channel(
        id=place.id if keep else env.ids.slack(_PREFIX[place.kind]),
        account=origin.account,
        kind=place.kind,
        name="" if place.kind is ChannelKind.IM else name,
        name_key=key,
        creator=people.get(place.creator, ""),
        topic=place.topic[:MAX_TOPIC_CHARACTERS],
        topic_by=people.get(place.topic_by, ""),
        topic_us=place.topic_us,
        purpose=place.purpose[:MAX_TOPIC_CHARACTERS],
        purpose_by=people.get(place.purpose_by, ""),
        purpose_us=place.purpose_us,
        archived=place.archived,
        created_us=place.created_us or now_us,
        updated_us=now_us,
    )
    await channel_rows.insert_channel(tx, channel)
    return channel


async def _free_name(tx: Tx, env: Env, account: str, wanted: str) -> str:
    name = _clean(wanted)
    for number in range(1, MAX_NAME_TRIES):
        tried = name if number == 1 else f"{name[: MAX_CHANNEL_NAME_CHARACTERS - 4]}-{number}"
        if await channel_rows.find_channel_by_key(tx, account, tried) is None:
            return tried
    return f"{name[: MAX_CHANNEL_NAME_CHARACTERS - 9]}-{env.ids.hex(8)}"


async def _add_members(tx: Tx, channel: Channel, place: Place, people: Mapping[str, str]) -> None:
    for user in place.members:
        if user in people:
            member = Member(
                channel_id=channel.id,
                user_id=people[user],
                joined_us=channel.created_us,
                last_read_us=channel.last_ts_us,
            )
            await channel_rows.insert_member(tx, member)


async def take_pins(
    env: Env, origin: Origin, channel_id: str, place: Place, people: Mapping[str, str]
) -> None:
    """Pin what was pinned there, once its messages are here."""

    async def write(tx: Tx) -> None:
        pinned = 0
        for pin in place.pins:
            if await message_rows.find_message(tx, channel_id, pin.ts_us) is None:
                continue
            item = Pin(
                channel_id=channel_id,
                ts_us=pin.ts_us,
                user_id=people.get(pin.user_id, ""),
                pinned_us=pin.pinned_us or pin.ts_us,
            )
            pinned += await item_rows.insert_pin(tx, item)
        if pinned:
            await add_to_report(tx, origin, Report(counts={"pins": pinned}))

    if place.pins:
        await env.store.transact(write)
