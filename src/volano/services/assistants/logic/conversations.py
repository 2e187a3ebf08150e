"""A channel or thread as one person may read it now: what summaries, drafts and tasks are made of.

It is read through the chat's own history, which asks for membership, after the policy of reading;
so what the person could not open is not in it, nor what was edited away or deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.assistants.logic.retrieval import READ
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_MESSAGES = 300
"""Read of a channel or thread, the newest."""
MAX_LINE_CHARACTERS = 1200
NOTICES = ("channel_", "group_", "tombstone", "bot_add", "bot_remove", "pinned_item", "reminder")

Message = Mapping[str, object]
"""A message as Slack's JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """`messages` are the oldest first; `more` when older ones were not read."""

    channel: str
    thread_ts: str
    messages: tuple[Message, ...]
    names: dict[str, str]
    more: bool

    def lines(self) -> list[str]:
        """Each message as `Name: words`."""
        return [f"{self.name_of(message)}: {words_of(message)}" for message in self.messages]

    def name_of(self, message: Message) -> str:
        said = str(message.get("username") or "")
        return said or self.names.get(str(message.get("user") or ""), "somebody")


def words_of(message: Message) -> str:
    """The message's words on one line, cut to what a prompt takes of one."""
    words = " ".join(chat.to_plain(str(message.get("text") or "")).split())
    return words[:MAX_LINE_CHARACTERS]


async def read_conversation(
    env: Env, call: Call, channel_id: str, *, thread_ts: str = "", limit: int = MAX_MESSAGES
) -> Conversation:
    """Its newest messages as the caller may read them; without what the copilot said.

    Raises Denied and what reading a channel raises: channel_not_found, thread_not_found.
    """
    arn = chat.channel_arn(call.region, call.account, channel_id)
    await env.authority.authorize(call, READ, arn, {})
    here = await chat.enter(env, call)
    limit = max(1, min(limit, MAX_MESSAGES))
    span = chat.Span(limit=limit)
    if thread_ts:
        page = await chat.read_thread(env, call, channel_id, thread_ts, span)
        found = page.messages
    else:
        page = await chat.read_history(env, call, channel_id, span)
        found = page.messages[::-1]
    kept = [message for message in found if _is_said(message, here.workspace.copilot_id)]
    names = {}
    for user_id in {str(message.get("user") or "") for message in kept}:
        user = await chat.find_user(env.store.reader, call.account, user_id)
        names[user_id] = user.real_name if user else "somebody"
    return Conversation(
        channel=channel_id,
        thread_ts=thread_ts,
        messages=tuple(kept),
        names=names,
        more=bool(page.next_us),
    )


def _is_said(message: Message, copilot_id: str) -> bool:
    subtype = str(message.get("subtype") or "")
    return (
        not subtype.startswith(NOTICES)
        and message.get("user") != copilot_id
        and bool(words_of(message))
    )


async def read_message(env: Env, call: Call, channel_id: str, ts: str) -> Message:
    """One message as the caller may read it. Raises Denied, channel_not_found, thread_not_found."""
    arn = chat.channel_arn(call.region, call.account, channel_id)
    await env.authority.authorize(call, READ, arn, {})
    page = await chat.read_thread(env, call, channel_id, ts, chat.Span(limit=1))
    return page.messages[0]
