"""The lists of an export: people and conversations, as Slack's export has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.logic.imports.people import LEFT
from volano.services.chat.logic.payloads import channel_json
from volano.services.chat.logic.profiles import show_users
from volano.services.chat.logic.workspaces import Here
from volano.services.chat.model import to_ts
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import items as item_rows
from volano.services.chat.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.chat.model import Channel, Json, Workspace

PAGE = 500
MAX_MEMBERS = 100_000


async def user_records(env: Env, workspace: Workspace) -> list[Json]:
    """Everybody, bots and people who left too. Volano's own bots say that they are."""
    found: list[Json] = []
    after = ""
    while True:
        page = await user_rows.select_users(
            env.store.reader, workspace.account, after=after, limit=PAGE
        )
        if not page:
            return found
        shown = await show_users(env, Here(workspace=workspace, me=page[0]), page)
        for user, record in zip(page, shown, strict=True):
            own_bot = user.is_bot and not user.principal_id.startswith(LEFT)
            found.append(record | ({"volano_bot": True} if own_bot else {}))
        after = page[-1].id


async def place_json(env: Env, workspace: Workspace, channel: Channel) -> Json:
    """A named conversation with its members and pins."""
    members = await channel_rows.select_members(
        env.store.reader, channel.id, after="", limit=MAX_MEMBERS
    )
    shown = channel_json(workspace, channel, me="", member=None)
    pins = await item_rows.select_pins(env.store.reader, channel.id)
    kept = ("id", "name", "created", "creator", "is_archived", "is_general", "topic", "purpose")
    return {name: shown[name] for name in kept} | {
        "members": members,
        "pins": [
            {
                "id": to_ts(pin.ts_us),
                "type": "C",
                "user": pin.user_id,
                "created": pin.pinned_us // 1_000_000,
            }
            for pin in reversed(pins)
        ],
    }


def direct_json(channel: Channel) -> Json:
    """A direct conversation of two, or with oneself."""
    return {
        "id": channel.id,
        "created": channel.created_us // 1_000_000,
        "members": list(channel.direct_members),
    }
