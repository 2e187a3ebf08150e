"""Creating, listing, describing, renaming and archiving channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import (
    get_any,
    get_joined,
    get_visible,
    require_known,
    require_not_direct,
    require_regular,
)
from volano.services.chat.logic.errors import IsArchived, NameTaken, conflict, refused
from volano.services.chat.logic.live import Told, keep_for, keep_in_channel, send
from volano.services.chat.logic.names import require_channel_name
from volano.services.chat.logic.payloads import channel_json
from volano.services.chat.logic.posting import Posted, announce, insert_notice
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import (
    MAX_TOPIC_CHARACTERS,
    Channel,
    ChannelChanged,
    ChannelKind,
    Json,
    Member,
)
from volano.services.chat.store import channels as rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

    Change = Callable[[Tx, Here, Channel], Awaitable[tuple[Channel, str, Json]]]
    """The changed channel, the notice's text, and more fields of the notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A channel as the caller sees it."""

    here: Here
    channel: Channel
    member: Member | None


async def create_channel(env: Env, call: Call, name: str, *, is_private: bool) -> Seen:
    """Make a channel with the caller as its member. Raises name_taken and invalid_name_*."""
    here = await enter(env, call)
    require_regular(here.me)
    name = require_channel_name(name)

    async def write(tx: Tx) -> tuple[Seen, Told]:
        if await rows.find_channel_by_key(tx, call.account, name) is not None:
            raise NameTaken(f"There is a channel called {name} already.")
        now_us = env.clock.now_us()
        channel = Channel(
            id=env.ids.slack("G" if is_private else "C"),
            account=call.account,
            kind=ChannelKind.PRIVATE if is_private else ChannelKind.PUBLIC,
            name=name,
            name_key=name,
            creator=here.me.id,
            created_us=now_us,
            updated_us=now_us,
        )
        member = Member(channel_id=channel.id, user_id=here.me.id, joined_us=now_us)
        await rows.insert_channel(tx, channel)
        await rows.insert_member(tx, member)
        _publish(tx, env, channel, "channel_created", here)
        shown = channel_json(here.workspace, channel, me=here.me.id, member=member)
        event: Json = {"type": "channel_created", "channel": shown}
        told = await keep_for(tx, env, call.account, here.me.id, event)
        return Seen(here=here, channel=channel, member=member), told

    seen, told = await env.store.transact(write)
    await send(env, told)
    return seen


def _publish(tx: Tx, env: Env, channel: Channel, what: str, here: Here) -> None:
    tx.publish(
        ChannelChanged(
            account=channel.account,
            channel=channel.id,
            what=what,
            user=here.me.id,
            at_us=env.clock.now_us(),
        )
    )


async def get_channel(env: Env, call: Call, channel_id: str) -> Seen:
    """Raises channel_not_found."""
    here = await enter(env, call)
    channel, member = await get_visible(env.store.reader, here.me, channel_id)
    return Seen(here=here, channel=channel, member=member)


async def list_channels(
    env: Env,
    call: Call,
    *,
    kinds: Sequence[ChannelKind],
    archived: bool,
    after: str,
    limit: int,
) -> tuple[list[Seen], str]:
    """A page of the channels that the caller may know of, by id, and where the next begins."""
    here = await enter(env, call)
    found = await rows.select_visible(
        env.store.reader,
        call.account,
        here.me.id,
        kinds=kinds,
        archived=archived,
        knows_public=not here.me.is_guest,
        after=after,
        limit=limit + 1,
    )
    page = found[:limit]
    members = await rows.select_memberships(env.store.reader, here.me.id, [c.id for c in page])
    seen = [Seen(here=here, channel=item, member=members.get(item.id)) for item in page]
    return seen, page[-1].id if len(found) > limit else ""


async def list_joined(
    env: Env,
    call: Call,
    user_id: str,
    *,
    kinds: Sequence[ChannelKind],
    archived: bool,
    after: str,
    limit: int,
) -> tuple[list[Seen], str]:
    """A page of a user's channels; of another user only those that the caller is in or public."""
    here = await enter(env, call)
    reader = env.store.reader
    await require_known(reader, here.me, user_id)
    found = await rows.select_of_member(
        reader, user_id, kinds=kinds, archived=archived, after=after, limit=limit + 1
    )
    page = [item for item in found[:limit] if item.account == call.account]
    members = await rows.select_memberships(reader, here.me.id, [item.id for item in page])
    seen = [
        Seen(here=here, channel=item, member=members.get(item.id))
        for item in page
        if (item.kind is ChannelKind.PUBLIC and not here.me.is_guest) or item.id in members
    ]
    return seen, found[limit - 1].id if len(found) > limit else ""


async def count_members(env: Env, channels: Sequence[str]) -> dict[str, int]:
    return await rows.count_members(env.store.reader, channels)


async def rename_channel(
    env: Env, call: Call, channel_id: str, name: str, *, as_administrator: bool = False
) -> Seen:
    """Raises name_taken, invalid_name_*, not_authorized for a channel of another creator."""
    name = require_channel_name(name)

    async def change(tx: Tx, here: Here, old: Channel) -> tuple[Channel, str, Json]:
        if old.id == here.workspace.general_id and not here.me.is_admin:
            raise conflict("not_authorized", "Only an administrator renames #general.")
        taken = await rows.find_channel_by_key(tx, call.account, name)
        if taken is not None and taken.id != old.id:
            raise NameTaken(f"There is a channel called {name} already.")
        previous = tuple(dict.fromkeys([old.name, *old.previous_names]))[:10]
        changed = replace(old, name=name, name_key=name, previous_names=previous)
        text = f'has renamed the channel from "{old.name}" to "{name}"'
        return changed, text, {"old_name": old.name, "name": name}

    return await _change(
        env, call, channel_id, change, what="channel_rename", as_administrator=as_administrator
    )


async def set_topic(env: Env, call: Call, channel_id: str, topic: str) -> Seen:
    """Raises too_long over 250 characters."""
    topic = _require_short(topic)

    async def change(tx: Tx, here: Here, old: Channel) -> tuple[Channel, str, Json]:
        del tx
        changed = replace(old, topic=topic, topic_by=here.me.id, topic_us=env.clock.now_us())
        return changed, f"<@{here.me.id}> set the channel topic: {topic}", {"topic": topic}

    return await _change(env, call, channel_id, change, what="channel_topic")


async def set_purpose(env: Env, call: Call, channel_id: str, purpose: str) -> Seen:
    """Raises too_long over 250 characters."""
    purpose = _require_short(purpose)

    async def change(tx: Tx, here: Here, old: Channel) -> tuple[Channel, str, Json]:
        del tx
        changed = replace(
            old, purpose=purpose, purpose_by=here.me.id, purpose_us=env.clock.now_us()
        )
        text = f"<@{here.me.id}> set the channel description: {purpose}"
        return changed, text, {"purpose": purpose}

    return await _change(env, call, channel_id, change, what="channel_purpose")


def _require_short(text: str) -> str:
    if len(text) > MAX_TOPIC_CHARACTERS:
        raise refused("too_long", f"It has at most {MAX_TOPIC_CHARACTERS} characters.")
    if "\x00" in text:
        raise refused("invalid_arguments", "It cannot hold a NUL character.")
    return text


async def archive_channel(
    env: Env, call: Call, channel_id: str, *, as_administrator: bool = False
) -> Seen:
    """Raises already_archived and cant_archive_general."""

    async def change(tx: Tx, here: Here, old: Channel) -> tuple[Channel, str, Json]:
        del tx
        if old.id == here.workspace.general_id:
            raise conflict("cant_archive_general", "#general stays.")
        return replace(old, archived=True), f"<@{here.me.id}> archived the channel", {}

    return await _change(
        env, call, channel_id, change, what="channel_archive", as_administrator=as_administrator
    )


async def unarchive_channel(
    env: Env, call: Call, channel_id: str, *, as_administrator: bool = False
) -> Seen:
    """Raises not_archived."""

    async def change(tx: Tx, here: Here, old: Channel) -> tuple[Channel, str, Json]:
        del tx
        if not old.archived:
            raise conflict("not_archived", "The channel is not archived.")
        return replace(old, archived=False), f"<@{here.me.id}> un-archived the channel", {}

    return await _change(
        env, call, channel_id, change, what="channel_unarchive", as_administrator=as_administrator
    )


async def convert_channel(env: Env, call: Call, channel_id: str, *, is_private: bool) -> Seen:
    """Make any channel private or public, for administrators; who is in it stays.

    Raises could_not_convert_channel for #general and for what is so already.
    """
    kind = ChannelKind.PRIVATE if is_private else ChannelKind.PUBLIC

    async def change(tx: Tx, here: Here, old: Channel) -> tuple[Channel, str, Json]:
        del tx
        if old.id == here.workspace.general_id or old.kind is kind:
            said = f"#{old.name} cannot be made {kind.value}."
            raise conflict("could_not_convert_channel", said)
        return replace(old, kind=kind), f"<@{here.me.id}> made this channel {kind.value}", {}

    what = f"channel_convert_to_{kind.value}"
    return await _change(env, call, channel_id, change, what=what, as_administrator=True)


async def _change(
    env: Env,
    call: Call,
    channel_id: str,
    change: Change,
    *,
    what: str,
    as_administrator: bool = False,
) -> Seen:
    """Change a channel's row, say so in the channel, and publish `what`."""
    here = await enter(env, call)
    get = get_any if as_administrator else get_joined

    async def write(tx: Tx) -> tuple[Seen, Posted, Told]:
        old, member = await get(tx, here.me, channel_id)
        require_not_direct(old)
        if old.archived and what != "channel_unarchive":
            if what == "channel_archive":
                raise conflict("already_archived", "The channel is archived already.")
            raise IsArchived("The channel is archived.")
        changed, text, body = await change(tx, here, old)
        changed = replace(changed, updated_us=env.clock.now_us())
        await rows.update_channel(tx, changed)
        subtype = "channel_name" if what == "channel_rename" else what
        posted = await insert_notice(tx, env, here, changed, subtype=subtype, text=text, body=body)
        _publish(tx, env, changed, what, here)
        shown = channel_json(here.workspace, changed, me=here.me.id, member=None)
        event: Json = {"type": "channel_changed", "conversation": shown}
        told = await keep_in_channel(tx, env, changed, event)
        return Seen(here=here, channel=changed, member=member), posted, told

    seen, posted, told = await env.store.transact(write)
    await announce(env, posted)
    await send(env, told)
    return seen
