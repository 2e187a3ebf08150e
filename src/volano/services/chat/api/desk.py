"""The console's chat beyond Slack's API: a person's desk, what is unread, who has read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.api.shapes import CHANNEL, CHANNELS
from volano.services.chat.logic import catch_up, desk
from volano.services.chat.logic import revisions as revision_logic
from volano.services.chat.model import to_ts
from volano.services.chat.model.desk import Preferences
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

READ = "chat:ReadMessages"
KEEP = "chat:KeepDesk"


class NoFields(msgspec.Struct):
    pass


class Done(msgspec.Struct, kw_only=True):
    ok: bool = True


class ChatDraft(msgspec.Struct, kw_only=True):
    """`thread_ts` is '' for the channel itself; `updated` is in seconds."""

    channel: str
    thread_ts: str
    text: str
    updated: int


class SavedPlace(msgspec.Struct, kw_only=True):
    channel: str
    ts: str
    done: bool


class ChatDesk(msgspec.Struct, kw_only=True):
    drafts: list[ChatDraft]
    saved: list[SavedPlace]
    unread_threads: int
    preferences: Preferences


@action(
    "volano:getChatDesk",
    method="GET",
    path="/volano/v1/chat/desk",
    permission=READ,
    resource=CHANNELS,
)
async def get_desk(env: Env, call: Call, request: NoFields) -> ChatDesk:
    """The caller's drafts, saved messages, unread threads and settings."""
    found = await desk.get_desk(env, call)
    return ChatDesk(
        drafts=[msgspec.convert(desk.draft_json(item), ChatDraft) for item in found.drafts],
        saved=[
            SavedPlace(channel=item.channel_id, ts=to_ts(item.ts_us), done=item.done_us > 0)
            for item in found.saved
        ],
        unread_threads=found.unread_threads,
        preferences=found.preferences,
    )


class DraftText(msgspec.Struct, kw_only=True):
    channel: str
    text: str
    thread_ts: str = ""


@action(
    "volano:putChatDraft",
    method="PUT",
    path="/volano/v1/chat/drafts",
    permission=KEEP,
    resource=CHANNEL,
)
async def put_draft(env: Env, call: Call, request: DraftText) -> Done:
    """Keep what the caller is writing; an empty text takes it away."""
    await desk.put_draft(env, call, request.channel, request.thread_ts, request.text)
    return Done()


class SavedMark(msgspec.Struct, kw_only=True):
    channel: str
    ts: str
    saved: bool = True
    done: bool = False


@action(
    "volano:saveChatMessage",
    method="PUT",
    path="/volano/v1/chat/saved",
    permission=KEEP,
    resource=CHANNEL,
)
async def save_message(env: Env, call: Call, request: SavedMark) -> Done:
    """Put a message on the caller's list for later, tick it off, or take it from there."""
    await desk.save_message(
        env, call, request.channel, request.ts, saved=request.saved, done=request.done
    )
    return Done()


class NotedMessage(msgspec.Struct, kw_only=True):
    """A message in Slack's shape, where it stands, and what is noted of it."""

    channel: str
    message: dict[str, Any]
    note: dict[str, Any]


class NotedMessages(msgspec.Struct, kw_only=True):
    items: list[NotedMessage]


def _noted(found: list[desk.Shown]) -> NotedMessages:
    return NotedMessages(
        items=[
            NotedMessage(channel=item.channel_id, message=item.message, note=item.note)
            for item in found
        ]
    )


@action(
    "volano:listSavedMessages",
    method="GET",
    path="/volano/v1/chat/saved",
    permission=READ,
    resource=CHANNELS,
)
async def list_saved(env: Env, call: Call, request: NoFields) -> NotedMessages:
    """The caller's messages for later, the newest first; the note says when and whether done."""
    return _noted(await desk.list_saved(env, call))


class Before(msgspec.Struct, kw_only=True):
    before: str = ""


@action(
    "volano:listMentions",
    method="GET",
    path="/volano/v1/chat/mentions",
    permission=READ,
    resource=CHANNELS,
)
async def list_mentions(env: Env, call: Call, request: Before) -> NotedMessages:
    """Messages that call the caller, newest first; the note says by what."""
    return _noted(await desk.list_mentions(env, call, request.before))


@action(
    "volano:listThreads",
    method="GET",
    path="/volano/v1/chat/threads",
    permission=READ,
    resource=CHANNELS,
)
async def list_threads(env: Env, call: Call, request: NoFields) -> NotedMessages:
    """Threads that the caller follows, the one answered last first."""
    return _noted(await desk.list_threads(env, call))


class FollowMark(msgspec.Struct, kw_only=True):
    channel: str
    thread_ts: str
    following: bool


class ThreadPlace(msgspec.Struct, kw_only=True):
    channel: str
    thread_ts: str


@action(
    "volano:getThreadFollow",
    method="GET",
    path="/volano/v1/chat/follows",
    permission=READ,
    resource=CHANNEL,
)
async def get_follow(env: Env, call: Call, request: ThreadPlace) -> FollowMark:
    """Whether the caller follows a thread."""
    following = await desk.is_following(env, call, request.channel, request.thread_ts)
    return FollowMark(channel=request.channel, thread_ts=request.thread_ts, following=following)


@action(
    "volano:followThread",
    method="PUT",
    path="/volano/v1/chat/follows",
    permission=KEEP,
    resource=CHANNEL,
)
async def follow_thread(env: Env, call: Call, request: FollowMark) -> Done:
    """Hear of a thread's replies from now on, or no more."""
    await desk.follow_thread(
        env, call, request.channel, request.thread_ts, following=request.following
    )
    return Done()


class ThreadMark(msgspec.Struct, kw_only=True):
    channel: str
    thread_ts: str
    ts: str


@action(
    "volano:markThread",
    method="PUT",
    path="/volano/v1/chat/threads/read",
    permission=READ,
    resource=CHANNEL,
)
async def mark_thread(env: Env, call: Call, request: ThreadMark) -> Done:
    """Replies of a thread up to `ts` are read."""
    await desk.mark_thread(env, call, request.channel, request.thread_ts, request.ts)
    return Done()


class UnreadChannel(msgspec.Struct, kw_only=True):
    """Unread messages in Slack's shape, oldest first; 30 at most, `more` when there are others."""

    channel: str
    messages: list[dict[str, Any]]
    more: bool


class UnreadChannels(msgspec.Struct, kw_only=True):
    channels: list[UnreadChannel]


@action(
    "volano:listUnread",
    method="GET",
    path="/volano/v1/chat/unread",
    permission=READ,
    resource=CHANNELS,
)
async def list_unread(env: Env, call: Call, request: NoFields) -> UnreadChannels:
    """What the caller has not read yet, by channel; 60 channels at most."""
    found = await catch_up.list_unread(env, call)
    return UnreadChannels(
        channels=[
            UnreadChannel(channel=item.channel_id, messages=item.messages, more=item.more)
            for item in found
        ]
    )


@action(
    "volano:markAllRead",
    method="POST",
    path="/volano/v1/chat/unread/read",
    permission=READ,
    resource=CHANNELS,
)
async def mark_all_read(env: Env, call: Call, request: NoFields) -> Done:
    """Every channel and followed thread of the caller is read."""
    await desk.mark_everything(env, call)
    return Done()


class ChannelPlace(msgspec.Struct, kw_only=True):
    channel: str


class ChannelReader(msgspec.Struct, kw_only=True):
    user: str
    last_read: str


class ChannelReaders(msgspec.Struct, kw_only=True):
    readers: list[ChannelReader]


@action(
    "volano:listReaders",
    method="GET",
    path="/volano/v1/chat/channels/{channel}/readers",
    permission=READ,
    resource=CHANNEL,
)
async def list_readers(env: Env, call: Call, request: ChannelPlace) -> ChannelReaders:
    """Who is in a channel and how far each has read: a message up to there was read."""
    found = await catch_up.list_readers(env, call, request.channel)
    return ChannelReaders(
        readers=[ChannelReader(user=user, last_read=to_ts(ts_us)) for user, ts_us in found]
    )


class MessagePlace(msgspec.Struct, kw_only=True):
    channel: str
    ts: str


class MessageRevision(msgspec.Struct, kw_only=True):
    """What a message said until `at` (seconds)."""

    at: float
    user: str
    text: str


class MessageRevisions(msgspec.Struct, kw_only=True):
    revisions: list[MessageRevision]


@action(
    "volano:listRevisions",
    method="GET",
    path="/volano/v1/chat/channels/{channel}/messages/{ts}/revisions",
    permission=READ,
    resource=CHANNEL,
)
async def list_revisions(env: Env, call: Call, request: MessagePlace) -> MessageRevisions:
    """What a message said before it was edited, the newest first."""
    found = await revision_logic.list_revisions(env, call, request.channel, request.ts)
    return MessageRevisions(
        revisions=[
            MessageRevision(at=item.revised_us / 1e6, user=item.user_id, text=item.text)
            for item in found
        ]
    )


@action(
    "volano:putChatPreferences",
    method="PUT",
    path="/volano/v1/chat/preferences",
    permission=KEEP,
    resource=CHANNELS,
)
async def put_preferences(env: Env, call: Call, request: Preferences) -> Preferences:
    """Set all of the caller's chat settings."""
    return await desk.put_preferences(env, call, request)
