"""Look-ups of the workplace's rows for the services above; who may read is asked elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.model import ChannelKind
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import desk as desk_rows
from volano.services.chat.store import directory as directory_rows
from volano.services.chat.store import files as file_rows
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import users as user_rows
from volano.services.chat.store import workspaces as workspace_rows

if TYPE_CHECKING:
    from volano.kernel.store import Reader
    from volano.services.chat.model import Channel, ChatUser, File, Message, Workspace

MAX_PEOPLE = 1000
"""Of the workplace, looked through for an administrator or a name."""


async def find_workspace(reader: Reader, account: str) -> Workspace | None:
    return await workspace_rows.find_workspace(reader, account)


async def list_accounts(reader: Reader) -> list[str]:
    """The accounts that have a workspace."""
    return await workspace_rows.select_accounts(reader)


async def find_message(reader: Reader, channel_id: str, ts_us: int) -> Message | None:
    return await message_rows.find_message(reader, channel_id, ts_us)


async def find_channel(reader: Reader, account: str, channel_id: str) -> Channel | None:
    return await channel_rows.find_channel(reader, account, channel_id)


async def find_channel_named(reader: Reader, account: str, name: str) -> Channel | None:
    """By its name, with or without `#`."""
    key = name.removeprefix("#").lower()
    return await channel_rows.find_channel_by_key(reader, account, key)


async def find_user(reader: Reader, account: str, user_id: str) -> ChatUser | None:
    return await user_rows.find_user(reader, account, user_id)


async def find_user_by_email(reader: Reader, account: str, email: str) -> ChatUser | None:
    return await user_rows.find_user_by_email(reader, account, email)


async def find_language(reader: Reader, user_id: str) -> str:
    """The code of the language that somebody chose (en, zh), "" where they chose none."""
    return (await desk_rows.find_preferences(reader, user_id)).language


async def find_file(reader: Reader, account: str, file_id: str) -> File | None:
    return await file_rows.find_file(reader, account, file_id)


async def list_readers(reader: Reader, channel: Channel, *, limit: int) -> list[ChatUser] | None:
    """Everyone who may read the channel, None when they are more than `limit`.

    A public channel is read by every person, and by the bots and guests that are in it.
    """
    ids = await channel_rows.select_members(reader, channel.id, after="", limit=limit + 1)
    members = await user_rows.select_users_by_id(reader, channel.account, ids)
    users = list(members.values())
    if channel.kind is ChannelKind.PUBLIC:
        everyone = await user_rows.select_users(reader, channel.account, after="", limit=limit + 1)
        users = [user for user in everyone if user.reads_public or user.id in members]
    return None if len(users) > limit else [user for user in users if not user.deleted]


async def find_manager(reader: Reader, account: str, user_id: str) -> str:
    """The chat user above a person in the directory; '' where it names nobody."""
    return await directory_rows.find_manager(reader, account, user_id)


async def find_administrator(reader: Reader, account: str, *, besides: str) -> str | None:
    """An administrator of the workplace, the one who was there first."""
    people = await list_people(reader, account)
    return next((user.id for user in people if user.is_admin and user.id != besides), None)


async def list_people(reader: Reader, account: str) -> list[ChatUser]:
    """The people of the workplace, MAX_PEOPLE at most."""
    everyone = await user_rows.select_users(reader, account, after="", limit=MAX_PEOPLE)
    return [user for user in everyone if not user.is_bot and not user.deleted]
