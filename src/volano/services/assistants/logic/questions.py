"""Which messages are for an assistant, and what they ask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.call import Call, system_call
from volano.kernel.ids import AccountId
from volano.services.assistants.logic.speakers import Speaker, list_speakers
from volano.services.assistants.store import settings as rows
from volano.services.chat import interface as chat
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.assistants.model import Settings

MAX_QUESTION_CHARACTERS = 400
_SPOKEN = ("", "bot_message", "thread_broadcast", "file_share")
_QUESTION_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A message for a speaker; `call` acts as its author.

    `text` is the question, cut; `full_text` all that was said to the speaker. A command
    (`is_command`) counts as a message that nobody else sees.
    """

    workspace: chat.Workspace
    settings: Settings
    speaker: Speaker
    channel: chat.Channel
    message: chat.Message
    asker: chat.ChatUser
    call: Call
    text: str
    full_text: str = ""
    is_command: bool = False

    @property
    def is_for_copilot(self) -> bool:
        """Whether the copilot is asked, no assistant that somebody made."""
        return self.speaker.user_id == self.workspace.copilot_id

    @property
    def is_private(self) -> bool:
        """Whether nobody but the author and the speaker is in the conversation."""
        return self.channel.kind is chat.ChannelKind.IM


async def find_question(env: Env, account: str, channel_id: str, ts_us: int) -> Question | None:
    """The message as a question, or None when it is for nobody who may answer its author."""
    reader = env.store.reader
    workspace = await chat.find_workspace(reader, account)
    message = await chat.find_message(reader, channel_id, ts_us)
    if workspace is None or message is None or message.subtype not in _SPOKEN:
        return None
    channel = await chat.find_channel(reader, account, channel_id)
    if channel is None or not _may_be_addressed(channel, message):
        return None  # most messages are: nothing more is read for them
    settings = await rows.find_settings(reader, account)
    speakers = await list_speakers(reader, workspace, settings)
    if message.user_id in speakers:
        return None
    speaker = _addressed(channel, message, speakers)
    asker = await chat.find_user(reader, account, message.user_id)
    principal = await identity.find_principal(reader, asker.principal_id) if asker else None
    if speaker is None or asker is None or principal is None or not speaker.hears(asker.id):
        return None
    return Question(
        workspace=workspace,
        settings=settings,
        speaker=speaker,
        channel=channel,
        message=message,
        asker=asker,
        call=system_call(env, AccountId(account)).acting_as(principal),
        text=question_of(message, speaker.user_id),
        full_text=words_for(message, speaker.user_id),
    )


async def question_of_command(env: Env, event: chat.Commanded) -> Question | None:
    """A command as a question to the copilot; None while it is switched off or who ran it left."""
    reader = env.store.reader
    workspace = await chat.find_workspace(reader, event.account)
    channel = await chat.find_channel(reader, event.account, event.channel)
    asker = await chat.find_user(reader, event.account, event.user_id)
    principal = await identity.find_principal(reader, asker.principal_id) if asker else None
    if workspace is None or channel is None or asker is None or principal is None:
        return None
    settings = await rows.find_settings(reader, event.account)
    speakers = await list_speakers(reader, workspace, settings)
    if workspace.copilot_id not in speakers:
        return None
    return Question(
        workspace=workspace,
        settings=settings,
        speaker=speakers[workspace.copilot_id],
        channel=channel,
        message=chat.Message(
            channel_id=channel.id,
            ts_us=event.at_us,
            account=event.account,
            user_id=asker.id,
            text=event.text,
            thread_us=event.thread_us,
        ),
        asker=asker,
        call=system_call(env, AccountId(event.account)).acting_as(principal),
        text=event.text[:MAX_QUESTION_CHARACTERS],
        full_text=event.text,
        is_command=True,
    )


def _addressed(
    channel: chat.Channel, message: chat.Message, speakers: dict[str, Speaker]
) -> Speaker | None:
    """The other one of a direct conversation, else the first who is mentioned."""
    if channel.kind is chat.ChannelKind.IM:
        other = next((user for user in channel.direct_members if user in speakers), None)
        if other is not None:
            return speakers[other]
    return next((speakers[user] for user in _mentioned(message) if user in speakers), None)


def _may_be_addressed(channel: chat.Channel, message: chat.Message) -> bool:
    return channel.kind is chat.ChannelKind.IM or bool(_mentioned(message))


def _mentioned(message: chat.Message) -> list[str]:
    """The users whom a message mentions, in order."""
    texts = [message.text, *chat.block_texts(message.body)]
    return [user for text in texts for user in chat.find_mentions(text)]


def question_of(message: chat.Message, speaker_id: str) -> str:
    """What is asked: the words after the mention; of many words only the last question."""
    words = words_for(message, speaker_id)
    if len(words) <= MAX_QUESTION_CHARACTERS:
        return " ".join(words.split())
    parts = [part.strip() for part in _QUESTION_END.split(words) if part.strip()]
    asked = [part for part in parts if part.endswith(("?", "？"))]
    return (asked[-1] if asked else words)[:MAX_QUESTION_CHARACTERS]


def words_for(message: chat.Message, speaker_id: str) -> str:
    """All that a message says to the speaker: what follows the mention, else what precedes it."""
    texts = [message.text, *chat.block_texts(message.body)]
    text = next((text for text in texts if speaker_id in chat.find_mentions(text)), message.text)
    before, _, after = text.partition(f"<@{speaker_id}>")
    return chat.to_plain(after).strip(" \t\n,:;-") or chat.to_plain(before).strip()
