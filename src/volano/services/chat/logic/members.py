"""Joining, leaving, inviting, removing, and opening direct conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import (
    get_any,
    get_joined,
    get_visible,
    require_known,
    require_not_direct,
    require_regular,
)
from volano.services.chat.logic.errors import (
    IsArchived,
    UserNotFound,
    WrongChannelType,
    conflict,
    refused,
)
from volano.services.chat.logic.live import Told, keep_for, send
from volano.services.chat.logic.posting import Posted, announce, insert_notice
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import (
    MAX_PAGE,
    Channel,
    ChannelChanged,
    ChannelKind,
    Guest,
    Json,
    Member,
    MemberChanged,
)
from volano.services.chat.store import channels as rows
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_INVITES = 1000
MAX_DIRECT_MEMBERS = 9
"""Of a group direct message, the opener included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A channel after joining; `is_new` is False when the user was in it already."""

    here: Here
    channel: Channel
    member: Member
    is_new: bool


async def join_channel(env: Env, call: Call, channel_id: str) -> Joined:
    """Join a public channel. Raises channel_not_found and is_archived."""
    here = await enter(env, call)

    async def write(tx: Tx) -> tuple[Joined, Posted | None]:
        channel, member = await get_visible(tx, here.me, channel_id)
        require_not_direct(channel)
        if member is not None:
            return Joined(here=here, channel=channel, member=member, is_new=False), None
        if channel.archived:
            raise IsArchived("The channel is archived.")
        posted = await _add(tx, env, here, channel, here.me.id)
        member = await rows.find_member(tx, channel.id, here.me.id)
        assert member is not None
        return Joined(here=here, channel=channel, member=member, is_new=True), posted

    joined, posted = await env.store.transact(write)
    if posted is not None:
        await announce(env, posted)
    return joined


async def _add(tx: Tx, env: Env, here: Here, channel: Channel, user_id: str) -> Posted | None:
    """Make the user a member and say so in the channel; None when it was one."""
    now_us = env.clock.now_us()
    member = Member(
        channel_id=channel.id,
        user_id=user_id,
        joined_us=now_us,
        last_read_us=channel.last_ts_us,
    )
    if not await rows.insert_member(tx, member):
        return None
    inviter = here.me.id if user_id != here.me.id else ""
    tx.publish(
        MemberChanged(
            account=channel.account,
            channel=channel.id,
            user=user_id,
            joined=True,
            inviter=inviter,
            at_us=now_us,
        )
    )
    return await insert_notice(
        tx,
        env,
        here,
        channel,
        subtype="channel_join",
        text=f"<@{user_id}> has joined the channel",
        user_id=user_id,
        body={"inviter": inviter} if inviter else {},
    )


async def leave_channel(env: Env, call: Call, channel_id: str) -> bool:
    """Leave; False when the caller was not in it. Raises cant_leave_general and last_member."""
    here = await enter(env, call)

    async def write(tx: Tx) -> tuple[Posted, Told] | None:
        channel, member = await get_visible(tx, here.me, channel_id)
        require_not_direct(channel)
        if member is None:
            return None
        if channel.id == here.workspace.general_id:
            raise conflict("cant_leave_general", "Nobody leaves #general.")
        if channel.archived:
            raise IsArchived("The channel is archived.")
        if channel.kind is ChannelKind.PRIVATE and len(await _members(tx, channel.id, 2)) == 1:
            raise conflict("last_member", "You are the last member; archive the channel instead.")
        return await _remove(tx, env, here, channel, here.me.id)

    removed = await env.store.transact(write)
    if removed is None:
        return False
    await _announce_removed(env, *removed)
    return True


async def _members(tx: Tx, channel_id: str, limit: int) -> list[str]:
    return await rows.select_members(tx, channel_id, after="", limit=limit)


async def _remove(
    tx: Tx, env: Env, here: Here, channel: Channel, user_id: str
) -> tuple[Posted, Told]:
    await rows.delete_member(tx, channel.id, user_id)
    tx.publish(
        MemberChanged(
            account=channel.account,
            channel=channel.id,
            user=user_id,
            joined=False,
            at_us=env.clock.now_us(),
        )
    )
    posted = await insert_notice(
        tx,
        env,
        here,
        channel,
        subtype="channel_leave",
        text=f"<@{user_id}> has left the channel",
        user_id=user_id,
    )
    event: Json = {"type": "channel_left", "channel": channel.id, "user": user_id}
    return posted, await keep_for(tx, env, channel.account, user_id, event)


async def _announce_removed(env: Env, posted: Posted, told: Told) -> None:
    await announce(env, posted)
    await send(env, told)


async def invite_users(env: Env, call: Call, channel_id: str, users: Sequence[str]) -> Joined:
    """Add users to a channel that the caller is in; all or none.

    Raises user_not_found, already_in_channel, cant_invite_self and not_in_channel.
    """
    _require_some(users)
    here = await enter(env, call)
    require_regular(here.me)

    async def write(tx: Tx) -> tuple[Joined, list[Posted]]:
        channel, member = await get_joined(tx, here.me, channel_id)
        require_not_direct(channel)
        if channel.archived:
            raise IsArchived("The channel is archived.")
        if here.me.id in users:
            raise refused("cant_invite_self", "You are in the channel already.")
        await _require_users(tx, call.account, users)
        await _require_room(tx, call.account, users)
        posted: list[Posted] = []
        for user_id in dict.fromkeys(users):
            added = await _add(tx, env, here, channel, user_id)
            if added is None:
                said = f"{user_id} is in the channel already."
                raise conflict("already_in_channel", said)
            posted.append(added)
        return Joined(here=here, channel=channel, member=member, is_new=False), posted

    joined, posted = await env.store.transact(write)
    for item in posted:
        await announce(env, item)
    return joined


def _require_some(users: Sequence[str]) -> None:
    if not users:
        raise refused("no_user", "users names nobody.")
    if len(users) > MAX_INVITES:
        raise refused("too_many_users", f"At most {MAX_INVITES} users are invited at once.")


async def add_users(env: Env, call: Call, channel_id: str, users: Sequence[str]) -> None:
    """Add users to any channel, for administrators; all or none. Who is in it stays."""
    _require_some(users)
    here = await enter(env, call)

    async def write(tx: Tx) -> list[Posted]:
        channel, _ = await get_any(tx, here.me, channel_id)
        if channel.archived:
            raise IsArchived("The channel is archived.")
        await _require_users(tx, call.account, users)
        new = [user for user in users if await rows.find_member(tx, channel.id, user) is None]
        await _require_room(tx, call.account, new)
        added = [await _add(tx, env, here, channel, user) for user in dict.fromkeys(new)]
        return [item for item in added if item is not None]

    for item in await env.store.transact(write):
        await announce(env, item)


async def _require_users(tx: Tx, account: str, users: Sequence[str]) -> None:
    known = await user_rows.select_users_by_id(tx, account, list(dict.fromkeys(users)))
    for user_id in users:
        if user_id not in known or known[user_id].deleted:
            raise UserNotFound(f"There is no user {user_id[:80]}.")


async def _require_room(tx: Tx, account: str, users: Sequence[str]) -> None:
    """A single-channel guest is in one channel, besides direct conversations."""
    known = await user_rows.select_users_by_id(tx, account, list(dict.fromkeys(users)))
    for user in known.values():
        if user.guest is Guest.SINGLE and await rows.select_of_member(
            tx,
            user.id,
            kinds=[ChannelKind.PUBLIC, ChannelKind.PRIVATE],
            archived=True,
            after="",
            limit=1,
        ):
            raise conflict("ura_max_channels", f"{user.name} is a guest of one channel already.")


async def kick_user(env: Env, call: Call, channel_id: str, user_id: str) -> None:
    """Remove a member. Raises cant_kick_self, cant_kick_from_general and not_in_channel."""
    here = await enter(env, call)
    require_regular(here.me)

    async def write(tx: Tx) -> tuple[Posted, Told]:
        channel, _ = await get_joined(tx, here.me, channel_id)
        require_not_direct(channel)
        if user_id == here.me.id:
            raise refused("cant_kick_self", "Leave the channel instead.")
        if channel.id == here.workspace.general_id:
            raise conflict("cant_kick_from_general", "Everyone is in #general.")
        await _require_users(tx, call.account, [user_id])
        if await rows.find_member(tx, channel.id, user_id) is None:
            raise refused("not_in_channel", "That user is not in the channel.")
        return await _remove(tx, env, here, channel, user_id)

    await _announce_removed(env, *await env.store.transact(write))


async def list_members(
    env: Env, call: Call, channel_id: str, *, after: str, limit: int
) -> tuple[list[str], str]:
    """A page of ids, and the id after which the next begins ('' at the end)."""
    here = await enter(env, call)
    channel, _ = await get_visible(env.store.reader, here.me, channel_id)
    limit = min(limit, MAX_PAGE)
    found = await rows.select_members(env.store.reader, channel.id, after=after, limit=limit + 1)
    page = found[:limit]
    return page, page[-1] if len(found) > limit else ""


async def open_direct(env: Env, call: Call, users: Sequence[str]) -> Joined:
    """The direct conversation with these users, made when there is none; nobody is told.

    Raises users_list_not_supplied, too_many_users and user_not_found.
    """
    return await open_direct_as(env, await enter(env, call), users)


async def open_direct_as(env: Env, here: Here, users: Sequence[str]) -> Joined:
    """As `open_direct`, for whoever `here` says (a bot that speaks to somebody)."""
    account = here.workspace.account
    if not users:
        raise refused("users_list_not_supplied", "users or channel is needed.")
    members = sorted({here.me.id, *users})
    if len(members) > MAX_DIRECT_MEMBERS:
        raise refused("too_many_users", f"At most {MAX_DIRECT_MEMBERS - 1} others take part.")

    async def write(tx: Tx) -> tuple[Joined, list[Told]]:
        await _require_users(tx, account, [user for user in users if user != here.me.id])
        for user in set(users) - {here.workspace.copilot_id}:
            await require_known(tx, here.me, user)
        key = "im:" + ",".join(members)
        known = await rows.find_channel_by_key(tx, account, key)
        is_new = known is None
        channel = known or await _make_direct(tx, env, here, key, members)
        member = await rows.find_member(tx, channel.id, here.me.id)
        assert member is not None, "members of a direct conversation stay"
        event: Json = {"type": "im_created", "channel": {"id": channel.id}}
        told = members if is_new and channel.kind is ChannelKind.IM else ()
        return (
            Joined(here=here, channel=channel, member=member, is_new=is_new),
            [await keep_for(tx, env, account, user, event) for user in told],
        )

    joined, told = await env.store.transact(write)
    await send(env, *told)
    return joined


async def _make_direct(tx: Tx, env: Env, here: Here, key: str, members: Sequence[str]) -> Channel:
    now_us = env.clock.now_us()
    is_im = len(members) <= 2
    found = await user_rows.select_users_by_id(tx, here.workspace.account, members)
    names = "--".join(found[user].name for user in members)
    channel = Channel(
        id=env.ids.slack("D" if is_im else "G"),
        account=here.workspace.account,
        kind=ChannelKind.IM if is_im else ChannelKind.MPIM,
        name="" if is_im else f"mpdm-{names}-1",
        name_key=key,
        creator=here.me.id,
        created_us=now_us,
        updated_us=now_us,
    )
    await rows.insert_channel(tx, channel)
    for user_id in members:
        await rows.insert_member(
            tx, Member(channel_id=channel.id, user_id=user_id, joined_us=now_us)
        )
    tx.publish(
        ChannelChanged(
            account=channel.account,
            channel=channel.id,
            what="im_created" if is_im else "group_open",
            user=here.me.id,
            at_us=now_us,
        )
    )
    return channel


async def get_direct(env: Env, call: Call, channel_id: str) -> Joined:
    """An open direct conversation by id. Raises channel_not_found."""
    here = await enter(env, call)
    channel, member = await get_joined(env.store.reader, here.me, channel_id)
    if not channel.kind.is_direct:
        raise WrongChannelType("Only direct conversations are opened; join a channel.")
    return Joined(here=here, channel=channel, member=member, is_new=False)
