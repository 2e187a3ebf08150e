"""The copilot: a question in, quoted sentences with their sources out.

A mention, or a message in a direct conversation with it, is a question of its author. It is
answered from what the author may read; an answer that others see uses only what every one of them
may read, else it is shown to the author alone. Nothing is generated: an answer is sentences that
stand in the sources, and its links are those of the sources. It posts as its own principal through
the same logic as everyone, so that its policy, the audit trail and `client_msg_id` hold for it:
a question handled twice is answered once. Disabling its principal silences it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.kernel.call import Call, system_call
from volano.kernel.errors import Conflict, Denied, Invalid, NotFound
from volano.kernel.ids import AccountId
from volano.kernel.journal import AuditRecord
from volano.services.chat.logic.access import (
    channel_arn,
    channels_for_audience,
    readable_channels,
)
from volano.services.chat.logic.blocks import block_texts
from volano.services.chat.logic.history import permalink
from volano.services.chat.logic.indexing import (
    FILE,
    MESSAGE,
    index_waiting,
    message_source,
)
from volano.services.chat.logic.messages import Draft, post_ephemeral, post_message
from volano.services.chat.logic.mrkdwn import escape_text, find_mentions, to_plain
from volano.services.chat.logic.names import quote_name
from volano.services.chat.model import Channel, ChannelKind, ChatUser, Message, Workspace, to_ts
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import files as file_rows
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import users as user_rows
from volano.services.chat.store import workspaces as workspace_rows
from volano.services.identity import interface as identity
from volano.services.studio import interface as studio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.kernel.identity import Principal
    from volano.services.studio.interface import Passage

READ, POST = "chat:ReadMessages", "chat:PostMessage"
MAX_PASSAGES = 20
MAX_QUESTION_CHARACTERS = 400
MAX_AUDIENCE = 500
"""Principals asked whether they may read a document; with more of them no document is quoted."""

NOT_FOUND_HERE = "I did not find an answer in what everyone here can read."
NOT_FOUND = "I did not find an answer in what you can read."
ONLY_YOU = "Only you see this: the answer stands where not everyone here can read."
ASK_ME = (
    "Ask me a question, and I look for the answer in the channels and documents that you can "
    "read. I quote what I find and say where it stands."
)

_SPOKEN = ("", "bot_message", "thread_broadcast", "file_share")
_QUESTION_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A message for the copilot; `call` acts as its author."""

    workspace: Workspace
    channel: Channel
    message: Message
    asker: ChatUser
    call: Call
    text: str

    @property
    def is_private(self) -> bool:
        """Whether nobody but the author and the copilot is in the conversation."""
        return self.channel.kind is ChannelKind.IM


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Passages that answer; `only_asker` when the others here may not read them all."""

    passages: Sequence[Passage]
    only_asker: bool = False


async def answer_message(env: Env, account: str, channel_id: str, ts_us: int) -> None:
    """Answer the message if it is a question for the copilot; may be repeated."""
    question = await find_question(env, account, channel_id, ts_us)
    if question is None:
        return
    copilot = await identity.find_principal(env.store.reader, question.workspace.copilot_principal)
    if copilot is None:
        return
    await index_waiting(env, account)
    answer = Answer(passages=())
    text = ASK_ME
    if question.text:
        answer = await find_answer(env, question)
        text = await render(env, question, answer)
    await _say(env, question, copilot, text, only_asker=answer.only_asker)


async def find_question(env: Env, account: str, channel_id: str, ts_us: int) -> Question | None:
    """The message as a question, or None when it is not for the copilot."""
    reader = env.store.reader
    workspace = await workspace_rows.find_workspace(reader, account)
    message = await message_rows.find_message(reader, channel_id, ts_us)
    if workspace is None or message is None or not workspace.copilot_enabled:
        return None
    if message.user_id == workspace.copilot_id or message.subtype not in _SPOKEN:
        return None
    channel = await channel_rows.find_channel(reader, account, channel_id)
    if channel is None or not _is_addressed(workspace, channel, message):
        return None
    asker = await user_rows.find_user(reader, account, message.user_id)
    principal = await identity.find_principal(reader, asker.principal_id) if asker else None
    if asker is None or principal is None:
        return None
    call = system_call(env, AccountId(account)).acting_as(principal)
    return Question(
        workspace=workspace,
        channel=channel,
        message=message,
        asker=asker,
        call=call,
        text=question_of(message, workspace.copilot_id),
    )


def _is_addressed(workspace: Workspace, channel: Channel, message: Message) -> bool:
    if channel.kind is ChannelKind.IM and workspace.copilot_id in channel.direct_members:
        return True
    texts = [message.text, *block_texts(message.body)]
    return any(workspace.copilot_id in find_mentions(text) for text in texts)


def question_of(message: Message, copilot_id: str) -> str:
    """What is asked: the words after the mention; of many words only the last question."""
    texts = [message.text, *block_texts(message.body)]
    text = next((text for text in texts if copilot_id in find_mentions(text)), message.text)
    before, _, after = text.partition(f"<@{copilot_id}>")
    words = to_plain(after).strip(" \t\n,:;-") or to_plain(before).strip()
    if len(words) <= MAX_QUESTION_CHARACTERS:
        return " ".join(words.split())
    parts = [part.strip() for part in _QUESTION_END.split(words) if part.strip()]
    asked = [part for part in parts if part.endswith(("?", "？"))]
    return (asked[-1] if asked else words)[:MAX_QUESTION_CHARACTERS]


async def find_answer(env: Env, question: Question) -> Answer:
    """The best sentences that everyone who sees the answer may read, else those of the asker."""
    reader = env.store.reader
    copilot_id = question.workspace.copilot_id
    mine = await readable_channels(reader, question.asker)
    audience = frozenset(
        await channels_for_audience(reader, question.channel, besides=[copilot_id])
    )
    documents = await studio.document_scopes(env, question.call.account)
    shared = [channel for channel in mine if channel in audience]
    found = await _best(env, question, [*shared, *documents], with_audience=True)
    if found or question.is_private:
        return Answer(passages=found)
    own = [channel for channel in mine if channel not in audience]
    return Answer(
        passages=(found := await _best(env, question, [*own, *documents], with_audience=False)),
        only_asker=bool(found),
    )


async def _best(
    env: Env, question: Question, scopes: Sequence[str], *, with_audience: bool
) -> list[Passage]:
    here = message_source(question.channel.id, question.message.ts_us)
    passages = await studio.find_passages(
        env, question.call, question.text, scopes=scopes, without=[here], limit=MAX_PASSAGES
    )
    others: list[Principal] | None = []
    if with_audience and any(_is_object(item) for item in passages):
        others = await _others(env, question)
    allowed: dict[str, bool] = {}
    for passage in passages:
        if passage.source not in allowed:
            allowed[passage.source] = await _may_use(env, question, passage, others)
    kept = [passage for passage in passages if allowed[passage.source]]
    return studio.best_passages(question.text, kept)


def _is_object(passage: Passage) -> bool:
    return passage.source.startswith(f"{studio.OBJECT}:")


async def _may_use(
    env: Env, question: Question, passage: Passage, others: Sequence[Principal] | None
) -> bool:
    """Whether policies let the asker, and for documents the others here, read the source."""
    if not _is_object(passage):
        return await _may_read_channel(env, question.call, passage.scope)
    if others is None:
        return False
    for call in (question.call, *(question.call.acting_as(other) for other in others)):
        if not await studio.may_read_object(env, call, passage.source):
            return False
    return True


async def _may_read_channel(env: Env, call: Call, channel_id: str) -> bool:
    try:
        arn = channel_arn(call.region, call.account, channel_id)
        await env.authority.authorize(call, READ, arn, {})
    except Denied:
        return False
    return True


async def _others(env: Env, question: Question) -> list[Principal] | None:
    """Everyone who sees an answer here but asker and copilot; None when they are too many to ask.

    A public channel is seen by every person, and by the bots that are in it.
    """
    reader, account = env.store.reader, question.call.account
    ids = await channel_rows.select_members(
        reader, question.channel.id, after="", limit=MAX_AUDIENCE + 1
    )
    members = await user_rows.select_users_by_id(reader, account, ids)
    users = list(members.values())
    if question.channel.kind is ChannelKind.PUBLIC:
        everyone = await user_rows.select_users(reader, account, after="", limit=MAX_AUDIENCE + 1)
        users = [user for user in everyone if not user.is_bot or user.id in members]
    if len(users) > MAX_AUDIENCE:
        return None
    left_out = (question.asker.id, question.workspace.copilot_id)
    found = [
        await identity.find_principal(reader, user.principal_id)
        for user in users
        if user.id not in left_out and not user.deleted
    ]
    return [principal for principal in found if principal is not None]


async def render(env: Env, question: Question, answer: Answer) -> str:
    """The answer as message text: quoted sentences in bold, each with its source as a link."""
    if not answer.passages:
        return NOT_FOUND if question.is_private else NOT_FOUND_HERE
    parts = [ONLY_YOU] if answer.only_asker else []
    for passage in answer.passages:
        sentence = " ".join(passage.text.replace("*", "").split())
        parts.append(f"> *{escape_text(sentence)}*\n{await _citation(env, question, passage)}")
    return "\n".join(parts)


async def _citation(env: Env, question: Question, passage: Passage) -> str:
    """A link to the source; it is made from the source's name, never from its text."""
    kind, _, rest = passage.source.partition(":")
    if kind == MESSAGE:
        channel_id, _, ts_us = rest.partition(":")
        return await _message_citation(env, question, channel_id, int(ts_us))
    if kind == FILE:
        file_id, _, channel_id = rest.partition(":")
        file = await file_rows.find_file(env.store.reader, question.call.account, file_id)
        if file is not None:
            link = (
                f"{env.config.console_url}/files/{file.user_id}/{file.id}/{quote_name(file.name)}"
            )
            where = await _channel_name(env, question, channel_id)
            return f"<{link}|{_label(file.title or file.name)}> in {where}"
    bucket, key = studio.parse_object_source(passage.source)
    link = f"{env.config.console_url}/objects/{quote(bucket)}/{quote(key)}"
    return f"<{link}|{_label(f'{bucket}/{key}')}>"


async def _message_citation(env: Env, question: Question, channel_id: str, ts_us: int) -> str:
    reader = env.store.reader
    message = await message_rows.find_message(reader, channel_id, ts_us)
    thread_us = message.thread_us if message else 0
    author = None
    if message is not None:
        author = await user_rows.find_user(reader, question.call.account, message.user_id)
    name = author.real_name if author else "somebody"
    day = datetime.fromtimestamp(ts_us / 1e6, UTC).strftime("%d %b %Y, %H:%M UTC")
    link = permalink(env, channel_id, ts_us, thread_us).replace("&", "&amp;")
    where = await _channel_name(env, question, channel_id)
    return f"<{link}|{_label(name)}, {day}> in {where}"


async def _channel_name(env: Env, question: Question, channel_id: str) -> str:
    channel = await channel_rows.find_channel(env.store.reader, question.call.account, channel_id)
    if channel is None or channel.kind.is_direct:
        return "a direct conversation"
    return f"#{escape_text(channel.name)}"


def _label(text: str) -> str:
    """Text that can stand in a link's label."""
    return escape_text(" ".join(text.replace("|", " ").split()))[:120]


async def _say(
    env: Env, question: Question, copilot: Principal, text: str, *, only_asker: bool
) -> None:
    message, channel = question.message, question.channel
    call = replace(question.call, principal=copilot, door="work")
    arn = channel_arn(call.region, call.account, channel.id)
    thread_us = message.thread_us if question.is_private else message.thread_root_us
    draft = Draft(
        channel=channel.id,
        text=text,
        thread_ts=to_ts(thread_us) if thread_us else "",
        client_msg_id=f"copilot:{channel.id}:{message.ts_us}",
    )
    status, code = 200, ""
    try:
        await env.authority.authorize(call, POST, arn, {})
        if only_asker:
            await post_ephemeral(env, call, question.asker.id, draft)
        else:
            await post_message(env, call, draft)
    except (Conflict, Denied, Invalid, NotFound) as error:
        # It may not post here (not a member, archived, thread deleted): that is final.
        status, code = error.wire_status, error.wire_code
        env.log.info("the copilot could not answer", channel=channel.id, error=error.message)
    _audit(env, call, "slack:chat.postMessage", arn, status=status, code=code)
    asked = question.call
    _audit(env, asked, "studio:FindPassages", arn, status=200, code="")


def _audit(env: Env, call: Call, action: str, resource: str, *, status: int, code: str) -> None:
    env.journal.audit(
        AuditRecord(
            id=env.ids.uuid(),
            time_us=env.clock.now_us(),
            account=call.account,
            principal_id=call.principal.id,
            principal_arn=call.principal.arn,
            door=call.door,
            action=action,
            resource=resource,
            source_ip=call.source_ip,
            user_agent="copilot",
            request_id=call.request_id,
            status=status,
            error_code=code,
            read_only=action.startswith("studio:"),
        )
    )
