"""Conversations with an app as an assistant: status, title and suggestions of a thread.

The title and the suggestions are kept with the thread's first message; a status is told to those
who look now, and gone with the app's next message.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.chat.logic.access import get_readable
from volano.services.chat.logic.app_posts import be_bot, post_as_bot
from volano.services.chat.logic.dialogue import reach_app
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.live import Told, keep_in_channel, send, tell_channel
from volano.services.chat.logic.members import open_direct
from volano.services.chat.logic.messages import Draft, get_message
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model.apps import AppTold
from volano.services.chat.store import messages as rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Channel, Json

MAX_PROMPTS = 4
MAX_STATUS_CHARACTERS = 50
KEY = "assistant_app_thread"


async def set_status(
    env: Env, call: Call, channel_id: str, ts: str, status: str, messages: Sequence[str]
) -> None:
    """Show what the app is doing; '' takes it away. Raises channel_not_found, invalid_thread_ts."""
    channel, _ = await _thread(env, call, channel_id, ts)
    here = await enter(env, call)
    event: Json = {
        "type": "assistant_thread_status",
        "thread_ts": ts,
        "user": here.me.id,
        "status": status[:MAX_STATUS_CHARACTERS],
        "loading_messages": list(messages)[:10],
    }
    await tell_channel(env, channel, event)


async def _thread(env: Env, call: Call, channel_id: str, ts: str) -> tuple[Channel, str]:
    here = await enter(env, call)
    channel, _ = await get_readable(env.store.reader, here.me, channel_id)
    try:
        message = await get_message(env.store.reader, channel, ts)
    except VolanoError as error:
        raise refused("invalid_thread_ts", error.message) from error
    return channel, message.ts


async def set_title(env: Env, call: Call, channel_id: str, ts: str, title: str) -> None:
    """The thread's name in the list of conversations with the app."""
    await _keep(env, call, channel_id, ts, {"title": title[:255]})


async def set_prompts(
    env: Env,
    call: Call,
    channel_id: str,
    ts: str,
    prompts: Sequence[Mapping[str, object]],
    title: str,
) -> None:
    """Suggestions of what to ask; at most four."""
    if not 1 <= len(prompts) <= MAX_PROMPTS:
        raise refused("invalid_arguments", f"prompts has 1 to {MAX_PROMPTS} entries.")
    if not all(isinstance(p.get("title"), str) and p.get("message") for p in prompts):
        raise refused("invalid_arguments", "A prompt has a title and a message.")
    shown = [{"title": p["title"], "message": p["message"]} for p in prompts]
    await _keep(env, call, channel_id, ts, {"suggested_prompts": shown, "prompts_title": title})


async def _keep(env: Env, call: Call, channel_id: str, ts: str, parts: Json) -> None:
    channel, ts = await _thread(env, call, channel_id, ts)

    async def write(tx: Tx) -> Told:
        message = await get_message(tx, channel, ts)
        known = message.body.get(KEY)
        kept = {**(known if isinstance(known, dict) else {}), **parts}
        await rows.update_message(tx, replace(message, body={**message.body, KEY: kept}))
        event: Json = {"type": "assistant_thread_changed", "thread_ts": ts, **parts}
        return await keep_in_channel(tx, env, channel, event)

    await send(env, await env.store.transact(write))


async def start_thread(env: Env, call: Call, app_id: str, context_channel: str) -> tuple[str, str]:
    """A person opens a new conversation with an assistant: its channel and thread.

    The app hears `assistant_thread_started`.
    """
    here = await enter(env, call)
    reached = await reach_app(env.store.reader, call.account, app_id)
    channel = (await open_direct(env, call, [reached.app.user_id])).channel
    bot = await be_bot(env, call.account, reached.app.user_id)
    draft = Draft(
        channel=channel.id,
        text="New Assistant Thread",
        subtype="assistant_app_thread",
        body={KEY: {"title": ""}},
    )
    posted = await post_as_bot(env, bot, draft)
    thread: Json = {
        "user_id": here.me.id,
        "context": {
            "channel_id": context_channel,
            "team_id": here.workspace.team_id,
            "enterprise_id": None,
        },
        "channel_id": channel.id,
        "thread_ts": posted.message.ts,
    }
    told: Json = {"type": "assistant_thread_started", "assistant_thread": thread}

    async def write(tx: Tx) -> None:
        tx.publish(AppTold(account=call.account, app=app_id, what=json.dumps(told)))

    await env.store.transact(write)
    return channel.id, posted.message.ts
