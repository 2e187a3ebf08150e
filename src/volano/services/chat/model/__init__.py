"""The nouns of the workplace: workspace, users, apps, channels, messages, files, and events.

An account is one workspace (Slack's team). A chat user mirrors a principal of identity. A message
is named by its channel and `ts`: microseconds, strictly increasing per channel, written as Slack
does (`1700000000.000100`). A thread is named by the `ts` of its first message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.kernel.events import Event, event

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, object]

MAX_TEXT_CHARACTERS = 40_000
MAX_CHANNEL_NAME_CHARACTERS = 80
MAX_TOPIC_CHARACTERS = 250
MAX_PAGE = 1000
MAX_FILE_BYTES = 1024**3

COPILOT_NAME = "copilot"
CHAT_POLICY = "arn:aws:iam::aws:policy/VolanoChatMember"
GUEST_POLICY = "arn:aws:iam::aws:policy/VolanoChatGuest"
ADMINISTRATOR_POLICY = "arn:aws:iam::aws:policy/VolanoChatAdministrator"

_TS = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?\Z")


def to_ts(ts_us: int) -> str:
    """Slack's form of a message id."""
    return f"{ts_us // 1_000_000}.{ts_us % 1_000_000:06d}"


def parse_ts(text: str, *, name: str = "ts", code: str = "invalid_timestamp") -> int:
    """Microseconds; raises Invalid with `code`."""
    match = _TS.match(text.strip())
    if match is None:
        raise Invalid(f"{name} is not a timestamp.", code=code, fields={"param": name})
    return int(match[1]) * 1_000_000 + int((match[2] or "0").ljust(6, "0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """An account's workplace. `copilot_id` is a chat user, `copilot_principal` who it is; `bucket`
    holds the files, and has a random part so that nobody can take its name first.
    """

    account: str
    team_id: str
    name: str
    general_id: str
    copilot_id: str
    copilot_principal: str
    copilot_enabled: bool = True
    bucket: str
    created_us: int


class Guest(Enum):
    """People who see only the channels that they are in; a single-channel guest is in one."""

    NO = ""
    MULTI = "multi"
    SINGLE = "single"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatUser:
    """A principal in the workplace; `bot_id` and `app_id` are '' for people.

    A guest with `guest_until_us` may sign in until then.
    """

    id: str
    account: str
    principal_id: str
    name: str
    real_name: str
    email: str = ""
    bot_id: str = ""
    app_id: str = ""
    is_admin: bool = False
    deleted: bool = False
    guest: Guest = Guest.NO
    guest_until_us: int = 0
    updated_us: int

    @property
    def is_bot(self) -> bool:
        return self.bot_id != ""

    @property
    def is_guest(self) -> bool:
        return self.guest is not Guest.NO

    @property
    def reads_public(self) -> bool:
        """Whether public channels are open to them without joining; not to bots and guests."""
        return not (self.is_bot or self.is_guest)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A Slack app: its bot is the chat user `user_id`."""

    id: str
    account: str
    name: str
    principal_id: str
    user_id: str
    socket_us: int = 0
    created_us: int


class ChannelKind(Enum):
    """Slack's four kinds of conversation, by the letters of `types`."""

    PUBLIC = "public"
    PRIVATE = "private"
    IM = "im"
    MPIM = "mpim"

    @property
    def is_direct(self) -> bool:
        return self in (ChannelKind.IM, ChannelKind.MPIM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A conversation; `last_ts_us` is the newest `ts` ever given out in it."""

    id: str
    account: str
    kind: ChannelKind
    name: str
    name_key: str
    creator: str
    topic: str = ""
    topic_by: str = ""
    topic_us: int = 0
    purpose: str = ""
    purpose_by: str = ""
    purpose_us: int = 0
    archived: bool = False
    previous_names: tuple[str, ...] = ()
    last_ts_us: int = 0
    created_us: int
    updated_us: int

    @property
    def direct_members(self) -> tuple[str, ...]:
        """Members of a direct conversation, from its key."""
        return tuple(self.name_key.removeprefix("im:").split(",")) if self.kind.is_direct else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user in a channel; what is newer than `last_read_us` is unread."""

    channel_id: str
    user_id: str
    joined_us: int
    last_read_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message. `body` holds what Slack's JSON has besides: blocks, attachments, files ..."""

    channel_id: str
    ts_us: int
    account: str
    user_id: str
    subtype: str = ""
    text: str = ""
    body: Mapping[str, object] = field(default_factory=dict)
    thread_us: int = 0
    in_channel: bool = True
    client_msg_id: str | None = None
    edited_us: int = 0
    edited_by: str = ""
    reply_count: int = 0
    latest_reply_us: int = 0
    indexed: bool = False

    @property
    def ts(self) -> str:
        return to_ts(self.ts_us)

    @property
    def is_reply(self) -> bool:
        return self.thread_us not in (0, self.ts_us)

    @property
    def thread_root_us(self) -> int:
        """The thread that an answer to this message belongs to."""
        return self.thread_us or self.ts_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One emoji on a message, with who gave it in order."""

    ts_us: int
    name: str
    users: tuple[str, ...]


class FileState(Enum):
    WAITING = "waiting"
    STORED = "stored"
    SHARED = "shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An uploaded file; its bytes are an object of the account's file bucket."""

    id: str
    account: str
    user_id: str
    name: str
    title: str
    alt_text: str = ""
    size_bytes: int
    state: FileState
    indexed: bool = False
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Where a file was shared."""

    file_id: str
    channel_id: str
    ts_us: int
    thread_us: int


@event("chat.message_posted")
class MessagePosted(Event, frozen=True, kw_only=True):
    account: str
    channel: str
    ts_us: int


@event("chat.pressed")
class Pressed(Event, frozen=True, kw_only=True):
    """A button or choice on a message of the workplace's own bot `bot_id` (a chat user).

    `value` is a button's; `action` is the whole action and `state` all inputs, as Slack has them.
    """

    account: str
    bot_id: str
    user_id: str
    channel: str
    ts: str
    action_id: str
    value: str
    action: dict[str, object]
    state: dict[str, object]


@event("chat.message_changed")
class MessageChanged(Event, frozen=True, kw_only=True):
    """Its text or blocks changed at `edited_us`; `previous` is the text before."""

    account: str
    channel: str
    ts_us: int
    edited_us: int
    previous: str = ""


@event("chat.message_deleted")
class MessageDeleted(Event, frozen=True, kw_only=True):
    """`user` is who wrote it."""

    account: str
    channel: str
    ts_us: int
    at_us: int
    thread_us: int = 0
    user: str = ""


@event("chat.reaction_changed")
class ReactionChanged(Event, frozen=True, kw_only=True):
    account: str
    channel: str
    ts_us: int
    name: str
    user: str
    item_user: str
    added: bool
    at_us: int


@event("chat.channel_changed")
class ChannelChanged(Event, frozen=True, kw_only=True):
    """`what` is Slack's event: channel_created, channel_rename, channel_archive ..."""

    account: str
    channel: str
    what: str
    user: str
    at_us: int


@event("chat.member_changed")
class MemberChanged(Event, frozen=True, kw_only=True):
    account: str
    channel: str
    user: str
    joined: bool
    inviter: str = ""
    at_us: int


@event("chat.file_shared")
class FileShared(Event, frozen=True, kw_only=True):
    account: str
    channel: str
    file: str
    user: str
    ts_us: int
