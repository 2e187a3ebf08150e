"""The office's bot in the workplace, and the callers of its actions as chat users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat import interface as chat
from volano.services.office import store as rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

BOT_NAME, BOT_TITLE = "office", "Office"


async def me(env: Env, call: Call) -> chat.ChatUser:
    """The caller in the workplace."""
    return (await chat.enter(env, call)).me


async def bot_of(env: Env, account: str) -> str:
    """The chat user that speaks for the office, made when it is first needed."""
    found = await rows.find_bot(env.store.reader, account)
    if found:
        return found
    await chat.get_workspace(env, account)

    async def write(tx: Tx) -> str:
        known = await rows.find_bot(tx, account)
        if known:
            return known
        bot = await chat.add_own_bot(tx, env, account, BOT_NAME, BOT_TITLE)
        await rows.insert_desk(tx, account, bot.id, env.clock.now_us())
        return bot.id

    return await env.store.transact(write)


async def name_of(env: Env, account: str, user_id: str) -> str:
    """How people call a chat user, as mrkdwn."""
    found = await chat.find_user(env.store.reader, account, user_id)
    return chat.escape_text(found.real_name or found.name) if found else "somebody"
