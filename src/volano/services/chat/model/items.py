"""Pins, bookmarks, user groups, reminders, scheduled messages and profiles: their nouns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.services.chat.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    channel_id: str
    ts_us: int
    user_id: str
    pinned_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """A link at the top of a channel."""

    id: str
    channel_id: str
    title: str
    link: str
    emoji: str
    rank: int
    created_by: str
    updated_by: str
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserGroup:
    """Slack's user group; `disabled_us` is 0 while it can be mentioned."""

    id: str
    account: str
    name: str
    handle: str
    description: str
    channels: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    created_by: str
    updated_by: str
    created_us: int
    updated_us: int
    disabled_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """`told_us` and `complete_us` are 0 until then."""

    id: str
    account: str
    creator: str
    user_id: str
    text: str
    recurring: str = ""
    due_us: int
    told_us: int = 0
    complete_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A message that is posted later, as its sender; `draft` are the fields of a Draft."""

    id: str
    account: str
    user_id: str
    principal_id: str
    channel_id: str
    post_us: int
    draft: Json
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a person says of themselves; `fields` are those of Slack's profile."""

    user_id: str
    account: str
    fields: Json = field(default_factory=dict)
    away: bool = False
    snooze_until_us: int = 0
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One block of a canvas's Markdown."""

    id: str
    markdown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A simple shared page."""

    id: str
    account: str
    owner: str
    title: str
    channel_id: str = ""
    sections: tuple[Section, ...] = ()
    created_us: int
    updated_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file that lies elsewhere and is shown here by an app."""

    id: str
    account: str
    app_id: str
    user_id: str
    external_id: str
    external_url: str
    title: str
    filetype: str
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCall:
    """A call that takes place elsewhere; `users` are Slack's user objects, `ended_us` 0 while it
    goes on.
    """

    id: str
    account: str
    app_id: str
    external_id: str
    join_url: str
    desktop_url: str = ""
    display_id: str = ""
    title: str = ""
    creator: str
    users: tuple[Json, ...] = ()
    began_us: int
    ended_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A custom emoji's or person's picture."""

    id: str
    account: str
    media_type: str
    content: bytes
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Emoji:
    """A workplace's own emoji: a picture, or another name of the emoji `alias_for`."""

    account: str
    name: str
    picture_id: str = ""
    alias_for: str = ""
    user_id: str
    created_us: int
