"""Inviting people, guests among them: Slack's admin.users.* that do so, and our own with a link."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.logic import administrators, guests
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.guests import Invitation
from volano.services.chat.model import Guest
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import ChatUser

USERS = "arn:aws:chat:{region}:{account}:user/*"
USER = "arn:aws:chat:{region}:{account}:user/{user}"
SLACK_USER = "arn:aws:chat:{region}:{account}:user/{user_id}"
INVITE = "chatadmin:InviteUsers"
RESTRICT = "chatadmin:RestrictUsers"
WRITE = ("admin.users:write",)


class InviteArguments(msgspec.Struct, kw_only=True):
    email: str
    channel_ids: list[str] = msgspec.field(default_factory=list)
    team_id: str = ""
    real_name: str = ""
    custom_message: str = ""
    guest_expiration_ts: str = ""
    is_restricted: bool = False
    is_ultra_restricted: bool = False


class RegularArguments(msgspec.Struct, kw_only=True):
    user_id: str
    team_id: str = ""


class ExpirationArguments(msgspec.Struct, kw_only=True):
    user_id: str
    expiration_ts: int = 0
    team_id: str = ""


@action(
    "slack:admin.users.invite",
    permission=INVITE,
    resource=USERS,
    scopes=WRITE,
    read_only=False,
    partial="`custom_message` and `resend` are ignored; the address is the person's user name.",
)
async def invite_user(env: Env, call: Call, request: InviteArguments) -> None:
    """Invite a member or guest; the link goes out by e-mail where a mail server is set."""
    guest = Guest.MULTI if request.is_restricted else Guest.NO
    seconds = request.guest_expiration_ts.partition(".")[0]
    if seconds and not seconds.isdecimal():
        raise refused("invalid_arguments", "guest_expiration_ts is a time in seconds.")
    wanted = Invitation(
        email=request.email,
        real_name=request.real_name,
        guest=Guest.SINGLE if request.is_ultra_restricted else guest,
        channels=request.channel_ids,
        until_us=int(seconds or 0) * 1_000_000,
    )
    await guests.invite(env, call, wanted)


@action(
    "slack:admin.users.setRegular",
    permission=RESTRICT,
    resource=SLACK_USER,
    scopes=WRITE,
    read_only=False,
    partial="Policies that an administrator has besides the workplace's stay.",
)
async def set_regular(env: Env, call: Call, request: RegularArguments) -> None:
    """A guest becomes a member who reads public channels; so does an administrator."""
    await administrators.set_regular(env, call, request.user_id)


@action(
    "slack:admin.users.setExpiration",
    permission=RESTRICT,
    resource=SLACK_USER,
    scopes=WRITE,
    read_only=False,
)
async def set_expiration(env: Env, call: Call, request: ExpirationArguments) -> None:
    """When a guest's time ends; 0 takes the end away."""
    await guests.set_expiration(env, call, request.user_id, request.expiration_ts * 1_000_000)


class NewGuest(msgspec.Struct, kw_only=True):
    """`guest` is multi or single, `until` the end of their time in seconds (0 for none)."""

    email: str
    channels: list[str]
    real_name: str = ""
    guest: str = "multi"
    until: int = 0


class ChatGuest(msgspec.Struct, kw_only=True):
    """A person as guests are described; `guest` is '' for members. `login_url` is shown once."""

    user: str
    email: str
    guest: str
    until: int
    login_url: str = ""
    mailed: bool = False


def _shown(user: ChatUser, *, login_url: str = "", mailed: bool = False) -> ChatGuest:
    return ChatGuest(
        user=user.id,
        email=user.email,
        guest=user.guest.value,
        until=user.guest_until_us // 1_000_000,
        login_url=login_url,
        mailed=mailed,
    )


def _guest(name: str) -> Guest:
    if name not in [guest.value for guest in Guest]:
        raise refused("invalid_arguments", "guest is multi, single or ''.")
    return Guest(name)


@action(
    "volano:inviteGuest",
    method="POST",
    path="/volano/v1/chat/guests",
    permission=INVITE,
    resource=USERS,
)
async def invite_guest(env: Env, call: Call, request: NewGuest) -> ChatGuest:
    """Invite a guest to channels; answers a link that signs them in once, to pass on."""
    wanted = Invitation(
        email=request.email,
        real_name=request.real_name,
        guest=_guest(request.guest),
        channels=request.channels,
        until_us=request.until * 1_000_000,
    )
    invited = await guests.invite(env, call, wanted)
    return _shown(invited.user, login_url=invited.login_url, mailed=invited.mailed)


class GuestChange(msgspec.Struct, kw_only=True):
    """`channels` null leaves a guest in the present ones."""

    user: str
    guest: str
    channels: list[str] | None = None
    until: int = 0


@action(
    "volano:setGuest",
    method="PUT",
    path="/volano/v1/chat/guests/{user}",
    permission=RESTRICT,
    resource=USER,
)
async def set_guest(env: Env, call: Call, request: GuestChange) -> ChatGuest:
    """Make somebody a guest, or a member again."""
    changed = await guests.set_guest(
        env,
        call,
        request.user,
        guest=_guest(request.guest),
        channels=request.channels,
        until_us=request.until * 1_000_000,
    )
    return _shown(changed)
