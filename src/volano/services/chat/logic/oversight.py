"""What administrators see of all channels, without being in them: that they are there, not what is
said in them.

The permission of each action that comes here is an administrator's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.logic.access import get_any
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model import Channel, ChannelKind
from volano.services.chat.store import channels as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


async def get_any_channel(env: Env, call: Call, channel_id: str) -> tuple[Here, Channel]:
    """Raises channel_not_found."""
    here = await enter(env, call)
    channel, _ = await get_any(env.store.reader, here.me, channel_id)
    return here, channel


async def search_everything(
    env: Env, call: Call, text: str, *, after: str, limit: int
) -> tuple[list[Channel], str]:
    """Channels of everybody with a text in their names, and where the next page begins."""
    found = await rows.select_all(
        env.store.reader,
        call.account,
        kinds=[ChannelKind.PUBLIC, ChannelKind.PRIVATE],
        containing=text.lower(),
        after=after,
        limit=limit + 1,
    )
    return found[:limit], found[limit - 1].id if len(found) > limit else ""


async def list_quiet(
    env: Env, call: Call, *, before_us: int, after: str, limit: int
) -> tuple[list[str], str]:
    """Ids of channels in which nothing was said since then, and where the next page begins."""
    await enter(env, call)
    found = await rows.select_quiet(
        env.store.reader, call.account, before_us=before_us, after=after, limit=limit + 1
    )
    page = found[:limit]
    return page, page[-1] if len(found) > limit else ""
