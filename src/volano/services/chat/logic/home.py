"""The first look at the workplace: who, where, and what is unread, in one answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat.logic import seats
from volano.services.chat.logic.access import known_people
from volano.services.chat.logic.history import look_at, to_json
from volano.services.chat.logic.live import TOPIC
from volano.services.chat.logic.payloads import channel_json, user_json
from volano.services.chat.logic.profiles import show_users
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import Channel, ChannelKind, Json, Member
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_CHANNELS = 500
MAX_USERS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeChannel:
    """A channel as Slack's JSON, what is unread in it, and its newest message."""

    channel: Json
    unread: int
    latest: Json | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What the console shows first."""

    team: Json
    user: Json
    topic: str
    copilot: Json
    channels: list[HomeChannel]
    users: list[Json]


async def get_home(env: Env, call: Call) -> Home:
    """The caller's channels (500 at most), people (2,000 at most) and live topic."""
    here = await enter(env, call)
    await seats.note_activity(env, here.me)
    reader = env.store.reader
    channels = await channel_rows.select_of_member(
        reader, here.me.id, kinds=list(ChannelKind), archived=False, after="", limit=MAX_CHANNELS
    )
    ids = [channel.id for channel in channels]
    members = await channel_rows.select_memberships(reader, here.me.id, ids)
    counts = await channel_rows.count_members(reader, ids)
    shown = [
        await _look(env, here, channel, members[channel.id], counts.get(channel.id, 0))
        for channel in channels
        if channel.id in members
    ]
    users = await user_rows.select_users(reader, call.account, after="", limit=MAX_USERS)
    by_id = {user.id: user for user in users}
    known = await known_people(reader, here.me)
    workspace = here.workspace
    copilot = by_id.get(workspace.copilot_id)
    return Home(
        team={"id": workspace.team_id, "name": workspace.name, "general": workspace.general_id},
        user=user_json(workspace, here.me),
        topic=TOPIC,
        copilot=user_json(workspace, copilot) if copilot else {"id": workspace.copilot_id},
        channels=shown,
        users=await show_users(
            env, here, [user for user in users if known is None or user.id in known]
        ),
    )


async def _look(
    env: Env, here: Here, channel: Channel, member: Member, num_members: int
) -> HomeChannel:
    state = await look_at(env, channel, member)
    latest = [state.latest] if state.latest else []
    shown = await to_json(env, here, channel, latest)
    described = channel_json(
        here.workspace, channel, me=here.me.id, member=member, num_members=num_members
    )
    return HomeChannel(channel=described, unread=state.unread, latest=shown[0] if shown else None)
