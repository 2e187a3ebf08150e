"""Deleting whole channels, for administrators.

The channel is gone for everybody at once; its messages, with their files' shares and what search
and retrieval know of them, are taken away by work in batches. A legal hold forbids it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.logic.access import get_any
from volano.services.chat.logic.errors import conflict
from volano.services.chat.logic.live import MAX_LISTENERS, tell_users
from volano.services.chat.logic.rules import remove_before
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import Channel, ChannelKind
from volano.services.chat.model.apps import WorkspaceTold
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import deletions as rows
from volano.services.chat.store import rules as rule_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json

MAX_BATCHES = 50
"""Of messages of one channel in one run."""


async def delete_channel(env: Env, call: Call, channel_id: str) -> None:
    """Raises channel_not_found, cant_delete_general and channel_on_hold."""
    here = await enter(env, call)

    async def write(tx: Tx) -> list[str]:
        channel, _ = await get_any(tx, here.me, channel_id)
        if channel.id == here.workspace.general_id:
            raise conflict("cant_delete_general", "#general stays.")
        if await rule_rows.is_held(tx, channel.id):
            raise conflict("channel_on_hold", "The channel is on legal hold; release it first.")
        members = await channel_rows.select_members(tx, channel.id, after="", limit=MAX_LISTENERS)
        await rows.delete_channel(tx, channel.account, channel.id, env.clock.now_us())
        if channel.kind is ChannelKind.PUBLIC:
            told = {"type": "channel_deleted", "channel": channel.id}
            tx.publish(WorkspaceTold(account=channel.account, what=json.dumps(told)))
        return members

    for user in await env.store.transact(write):
        event: Json = {"type": "channel_left", "channel": channel_id, "user": user}
        tell_users(env, call.account, [user], event)
    env.work.wake("chat:deletions")


async def remove_deleted(env: Env) -> None:
    """Take away messages of channels that were deleted; repeating is harmless."""
    for channel_id, account in await rows.select_deletions(env.store.reader):
        gone = Channel(
            id=channel_id,
            account=account,
            kind=ChannelKind.PRIVATE,
            name=channel_id,
            name_key=channel_id,
            creator="",
            created_us=0,
            updated_us=0,
        )
        if await _is_emptied(env, gone):
            await _end(env, channel_id)


async def _is_emptied(env: Env, gone: Channel) -> bool:
    """Whether nothing of the channel is left; False when there is more than fits in one run."""
    for _ in range(MAX_BATCHES):
        if not await remove_before(env, gone, env.clock.now_us() + 1):
            return True
    return False


async def _end(env: Env, channel_id: str) -> None:
    async def write(tx: Tx) -> None:
        await rows.end_deletion(tx, channel_id)

    await env.store.transact(write)
