"""People as calendars name them: a chat user's mail address, or one made of their id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.calendar.logic.ics import wrong
from volano.services.calendar.model import MAX_GUESTS
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader

NO_MAIL = "@volano.invalid"
"""Ends the address of somebody without mail; the name is reserved and leads nowhere (RFC 2606)."""


def address_of(user: chat.ChatUser) -> str:
    """Small letters, without `mailto:`; calendar programs do not keep the case of an address."""
    is_usable = user.email and user.email == user.email.lower()
    return user.email if is_usable else user.id.lower() + NO_MAIL


def title_of(user: chat.ChatUser) -> str:
    return user.real_name or user.name


async def find_person(reader: Reader, account: str, address: str) -> chat.ChatUser | None:
    """Who of the workplace has that address."""
    if address.endswith(NO_MAIL):
        found = await chat.find_user(reader, account, address.removesuffix(NO_MAIL).upper())
    else:
        found = await chat.find_user_by_email(reader, account, address)
    return None if found is None or found.is_bot or found.deleted else found


async def invite(
    env: Env, call: Call, guests: Sequence[str], channels: Iterable[str], *, besides: str
) -> dict[str, chat.ChatUser]:
    """People by id, with those who are in the channels now. Raises InvalidEvent."""
    reader = env.store.reader
    found: dict[str, chat.ChatUser] = {}
    for user_id in guests:
        user = await chat.find_user(reader, call.account, user_id)
        if user is None or user.is_bot or user.deleted:
            raise wrong("guests", f"There is no person {user_id[:40]} in the workplace.")
        found[user.id] = user
    for channel_id in channels:
        found.update({user.id: user for user in await _members(env, call, channel_id)})
    found.pop(besides, None)
    if len(found) > MAX_GUESTS:
        raise wrong("guests", f"An event has at most {MAX_GUESTS} guests.")
    return found


async def _members(env: Env, call: Call, channel_id: str) -> list[chat.ChatUser]:
    channel = None
    if await chat.may_read(env, call, channel_id):
        channel = await chat.find_channel(env.store.reader, call.account, channel_id)
    if channel is None:
        raise wrong("channels", f"There is no channel {channel_id[:40]} for you.")
    found = await chat.list_readers(env.store.reader, channel, limit=MAX_GUESTS)
    if found is None:
        raise wrong("channels", f"#{channel.name} has more than {MAX_GUESTS} people.")
    return [user for user in found if not user.is_bot]
