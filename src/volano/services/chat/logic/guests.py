"""Guests: people from outside who see only the channels that they were invited to.

A multi-channel guest is in some channels, a single-channel guest in one. They know of nobody with
whom they share no channel; who may read what is decided in `access.py`. Their time may end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import NotFound
from volano.kernel.ids import AccountId
from volano.services.chat.logic.access import find_readable
from volano.services.chat.logic.errors import UserNotFound, conflict, refused
from volano.services.chat.logic.mail import MailNotSent, send_mail
from volano.services.chat.logic.users import get_user, make_chat_user
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.model import (
    CHAT_POLICY,
    GUEST_POLICY,
    ChannelKind,
    ChatUser,
    Guest,
    Member,
    MemberChanged,
)
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import users as rows
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.chat.logic.workspaces import Here

MAX_CHANNELS = 100
LINK_VALID_S = 3600
EXPIRED_BATCH = 100
_ROOMS = (ChannelKind.PUBLIC, ChannelKind.PRIVATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Whom to invite: as what, to which channels, until when (0 for no end)."""

    email: str
    real_name: str
    guest: Guest
    channels: Sequence[str]
    until_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Somebody who was invited; `login_url` signs them in once within the hour."""

    user: ChatUser
    login_url: str
    mailed: bool


async def invite(env: Env, call: Call, wanted: Invitation) -> Invited:
    """Make a user of the account for somebody and mail them a link where mail is set up.

    Raises already_in_team, invalid_email, channel_not_found, ura_max_channels and others.
    """
    here = await enter(env, call)
    email = wanted.email.strip().lower()
    name, at, domain = email.partition("@")
    if not (name and at and "." in domain) or len(email) > 250:
        raise refused("invalid_email", f"{email[:80]!r} is no e-mail address.")
    _require_time(env, wanted.until_us)

    async def write(tx: Tx) -> tuple[ChatUser, str]:
        if await rows.find_user_by_email(tx, call.account, email) is not None:
            raise conflict("already_in_team", "Somebody with this address is here already.")
        rooms = await _rooms(tx, here.me, wanted.guest, wanted.channels)
        policy = GUEST_POLICY if wanted.guest is not Guest.NO else CHAT_POLICY
        principal = await identity.add_person(
            tx,
            env,
            call.account,
            email[:64],
            display_name=wanted.real_name or name,
            email=email,
            policy_arns=[policy],
        )
        made = replace(
            make_chat_user(env, principal), guest=wanted.guest, guest_until_us=wanted.until_us
        )
        await rows.upsert_user(tx, made)
        if wanted.guest is Guest.NO:
            rooms = [here.workspace.general_id, *rooms]
        await _join(tx, env, made, rooms)
        return made, principal.name

    user, principal_name = await env.store.transact(write)
    token = await identity.create_login_link(
        env, call.account, principal_name, valid_s=LINK_VALID_S
    )
    login_url = f"{env.config.console_url}/login?token={token}"
    return Invited(
        user=user, login_url=login_url, mailed=await _mail(env, here.me, email, login_url)
    )


def _require_time(env: Env, until_us: int) -> None:
    if until_us and until_us <= env.clock.now_us():
        raise refused("expiration_in_past", "The end of a guest's time lies in the future.")


async def _rooms(
    tx: Tx, by: ChatUser, guest: Guest, channels: Sequence[str], *, present: Container[str] = ()
) -> list[str]:
    """The channels checked: those that `by` may read, who could look in as the guest otherwise, or
    where the guest is `present`. Raises channel_not_found, too_many_channels, ura_max_channels.
    """
    rooms = list(dict.fromkeys(channels))
    if guest is not Guest.NO and not rooms:
        raise refused("no_channels_provided", "A guest is invited to a channel.")
    if len(rooms) > MAX_CHANNELS:
        raise refused("too_many_channels", f"At most {MAX_CHANNELS} channels.")
    if guest is Guest.SINGLE and len(rooms) > 1:
        raise conflict("ura_max_channels", "A single-channel guest is in one channel.")
    for room in rooms:
        channel = await channel_rows.find_channel(tx, by.account, room)
        is_there = channel is not None and not (channel.kind.is_direct or channel.archived)
        may_read = room in present or await find_readable(tx, by, room) is not None
        if not (is_there and may_read):
            raise refused("channel_not_found", f"There is no channel {room[:40]} to invite to.")
    return rooms


async def _join(tx: Tx, env: Env, user: ChatUser, rooms: Sequence[str]) -> None:
    now_us = env.clock.now_us()
    for room in rooms:
        member = Member(channel_id=room, user_id=user.id, joined_us=now_us)
        if await channel_rows.insert_member(tx, member):
            _publish(tx, env, user, room, joined=True)


def _publish(tx: Tx, env: Env, user: ChatUser, channel_id: str, *, joined: bool) -> None:
    tx.publish(
        MemberChanged(
            account=user.account,
            channel=channel_id,
            user=user.id,
            joined=joined,
            at_us=env.clock.now_us(),
        )
    )


async def _mail(env: Env, inviter: ChatUser, to: str, login_url: str) -> bool:
    """Whether the link was mailed; where mail is not set up the inviter passes it on."""
    text = (
        f"{inviter.real_name} invites you to a workplace on {env.config.public_host}.\n\n"
        f"{login_url}\n\nThe link signs you in once, within the hour. Ask for another if it is "
        "too old."
    )
    subject = f"{inviter.real_name} invites you"
    try:
        await send_mail(env, to=to, subject=subject, text=text)
    except MailNotSent as error:
        env.log.info("invitation not mailed", error=error.message)
        return False
    return True


async def set_guest(
    env: Env,
    call: Call,
    user_id: str,
    *,
    guest: Guest,
    channels: Sequence[str] | None = None,
    until_us: int = 0,
) -> ChatUser:
    """Make somebody a guest of these channels and no others, or a member again (`Guest.NO`).

    Without `channels` a guest stays in the present ones, but not in #general.

    Raises user_not_found, cant_restrict_user, and what inviting a guest raises.
    """
    here = await enter(env, call)
    _require_time(env, until_us)

    async def write(tx: Tx) -> ChatUser:
        user = await get_user(tx, call.account, user_id)
        if user.is_bot or user.is_admin:
            raise refused("cant_restrict_user", "Bots and administrators are never guests.")
        changed = replace(user, guest=guest, guest_until_us=until_us)
        if guest is not Guest.NO:
            await _move(tx, env, changed, channels, here)
        await rows.upsert_user(tx, replace(changed, updated_us=env.clock.now_us()))
        await _exchange_policy(tx, env, user, guest)
        return changed

    changed = await env.store.transact(write)
    identity.forget_caches(env)
    return changed


async def _exchange_policy(tx: Tx, env: Env, user: ChatUser, guest: Guest) -> None:
    policies = (GUEST_POLICY, CHAT_POLICY)
    old_arn, new_arn = policies if guest is Guest.NO else policies[::-1]
    try:
        principal = await identity.get_person(tx, user.principal_id)
    except NotFound as error:
        raise UserNotFound(f"{user.name} cannot sign in here.") from error
    await identity.exchange_policy(tx, env, principal, old_arn=old_arn, new_arn=new_arn)


async def _move(tx: Tx, env: Env, user: ChatUser, wanted: Sequence[str] | None, here: Here) -> None:
    """Into these channels and out of all others that are no direct conversations."""
    joined = await channel_rows.select_of_member(
        tx, user.id, kinds=_ROOMS, archived=True, after="", limit=10_000
    )
    if wanted is None:
        rooms = [channel.id for channel in joined if channel.id != here.workspace.general_id]
        if user.guest is Guest.SINGLE and len(rooms) > 1:
            raise conflict("ura_max_channels", "Name the one channel of a single-channel guest.")
    else:
        present = {channel.id for channel in joined}
        rooms = await _rooms(tx, here.me, user.guest, wanted, present=present)
    for channel in joined:
        if channel.id not in rooms:
            await channel_rows.delete_member(tx, channel.id, user.id)
            _publish(tx, env, user, channel.id, joined=False)
    await _join(tx, env, user, rooms)


async def set_expiration(env: Env, call: Call, user_id: str, until_us: int) -> ChatUser:
    """When a guest's time ends; 0 for no end. Raises user_not_found and user_must_be_restricted."""
    await enter(env, call)
    _require_time(env, until_us)

    async def write(tx: Tx) -> ChatUser:
        user = await get_user(tx, call.account, user_id)
        if not user.is_guest:
            raise refused("user_must_be_restricted", "Only a guest's time ends.")
        changed = replace(
            user, guest_until_us=until_us, deleted=False, updated_us=env.clock.now_us()
        )
        await rows.upsert_user(tx, changed)
        return changed

    changed = await env.store.transact(write)
    principal = await identity.get_person(env.store.reader, changed.principal_id)
    if principal.disabled:  # the time was over already
        await identity.set_user_disabled(env, call, principal.name, disabled=False)
    return changed


async def end_expired(env: Env) -> None:
    """Switch off guests whose time is over; the access function refuses them at once already."""
    for user in await rows.select_expired_guests(
        env.store.reader, env.clock.now_us(), EXPIRED_BATCH
    ):
        call = system_call(env, AccountId(user.account))
        try:
            principal = await identity.get_person(env.store.reader, user.principal_id)
        except NotFound:
            principal = None
        if principal is not None and not principal.disabled:
            await identity.set_user_disabled(env, call, principal.name, disabled=True)

        async def write(tx: Tx, user_id: str = user.id, account: str = user.account) -> None:
            current = await get_user(tx, account, user_id)
            await rows.upsert_user(tx, replace(current, deleted=True))

        await env.store.transact(write)
