"""What a socket of Slack's Real Time Messaging is told, and the ticket that opens one.

It is the person's or bot's own live events (`live.py`) in Slack's words. A ticket is a pass that
holds the caller's token, sealed: the socket asks again and again whether that is still good.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.services.chat.logic.passes import give_pass, take_pass
from volano.services.chat.logic.workspaces import Here, enter
from volano.services.chat.model.apps import Pass, PassKind

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Json

_SEALED_FOR = "chat:rtm"
_TOLD = frozenset(
    {
        "channel_created",
        "channel_left",
        "channel_marked",
        "dnd_updated",
        "emoji_changed",
        "im_created",
        "manual_presence_change",
        "message",
        "reaction_added",
        "reaction_removed",
        "user_change",
        "user_typing",
    }
)
"""Live events that Slack has too; the others are the console's."""
_MEMBERSHIP = {"channel_join": "member_joined_channel", "channel_leave": "member_left_channel"}


async def give_ticket(env: Env, call: Call, token: str) -> tuple[Here, str]:
    """Who the caller is here, and a ticket for one socket, good for a minute."""
    here = await enter(env, call)
    ticket = env.ids.token(32)
    sealed = base64.b64encode(env.secrets.seal(token.encode(), context=_SEALED_FOR)).decode()

    async def write(tx: Tx) -> None:
        await give_pass(
            tx,
            env,
            PassKind.RTM,
            ticket,
            account=call.account,
            app_id="",
            body={"token": sealed},
        )

    await env.store.transact(write)
    return here, ticket


async def use_ticket(env: Env, ticket: str) -> str:
    """The token of a ticket, which is used up by this; '' when it is not good."""

    async def write(tx: Tx) -> Pass:
        return await take_pass(tx, env, PassKind.RTM, ticket)

    try:
        found = await env.store.transact(write)
    except NotFound:
        return ""
    sealed = base64.b64decode(str(found.body["token"]))
    return env.secrets.open(sealed, context=_SEALED_FOR).decode()


def to_rtm(event: Json) -> list[Json]:
    """A live event as RTM tells it: none for what is the console's own, two for who came or went
    (who is in a channel is told live by the message about it alone).
    """
    if event.get("type") not in _TOLD:
        return []
    shown = {key: value for key, value in event.items() if key not in ("stream", "seq")}
    change = _MEMBERSHIP.get(str(event.get("subtype")))
    if change is None:
        return [shown]
    membership: Json = {
        "type": change,
        "user": event.get("user"),
        "channel": event.get("channel"),
        "channel_type": "C" if event.get("channel_type") == "channel" else "G",
        "team": event.get("team"),
        "event_ts": event.get("event_ts"),
    }
    if event.get("inviter"):
        membership["inviter"] = event["inviter"]
    return [membership, shown]
