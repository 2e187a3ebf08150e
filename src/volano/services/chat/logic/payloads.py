"""Slack-shaped JSON of users, channels, messages and files, for answers and for events.

Field names and their presence follow Slack's reference (docs.slack.dev, "Objects"); what Volano
has no notion of has the value that a plain workspace shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.logic.avatars import BOT_SIZES, avatar_urls, color_of
from volano.services.chat.logic.names import media_type, quote_name
from volano.services.chat.model import (
    Channel,
    ChannelKind,
    ChatUser,
    File,
    Guest,
    Json,
    Member,
    Message,
    Reaction,
    Share,
    Workspace,
    to_ts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Env

MAX_REPLY_USERS = 5
THUMB_SIZES = (64, 80, 160, 360, 480, 720, 800, 960, 1024)
"""Small pictures of a picture are the picture itself: whoever shows it scales it."""
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
CHANNEL_TYPES = {
    ChannelKind.PUBLIC: "channel",
    ChannelKind.PRIVATE: "group",
    ChannelKind.IM: "im",
    ChannelKind.MPIM: "mpim",
}


def user_json(workspace: Workspace, user: ChatUser) -> Json:
    """Slack's user object."""
    first_name, _, last_name = user.real_name.partition(" ")
    profile: Json = {
        "title": "",
        "phone": "",
        "skype": "",
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.real_name if user.is_bot else user.name,
        "display_name_normalized": user.real_name if user.is_bot else user.name,
        "status_text": "",
        "status_emoji": "",
        "status_emoji_display_info": [],
        "status_expiration": 0,
        "first_name": first_name,
        "last_name": last_name,
        "pronouns": "",
        "start_date": "",
        "avatar_hash": "",
        "team": workspace.team_id,
    }
    if user.email:
        profile["email"] = user.email
    if user.is_bot:
        profile |= {"bot_id": user.bot_id, "api_app_id": user.app_id, "always_active": True}
    found: Json = {
        "id": user.id,
        "team_id": workspace.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "profile": profile,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": user.updated_us // 1_000_000,
    }
    if user.deleted:
        return found
    return found | {
        "color": color_of(user.id),
        "real_name": user.real_name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "is_admin": user.is_admin,
        "is_owner": user.is_admin,
        "is_primary_owner": user.is_admin,
        "is_restricted": user.is_guest,
        "is_ultra_restricted": user.guest is Guest.SINGLE,
        "is_email_confirmed": bool(user.email),
        "who_can_share_contact_card": "EVERYONE",
    }


def channel_json(
    workspace: Workspace,
    channel: Channel,
    *,
    me: str,
    member: Member | None,
    num_members: int | None = None,
) -> Json:
    """Slack's conversation object as `me` sees it."""
    kind = channel.kind
    found: Json = {
        "id": channel.id,
        "created": channel.created_us // 1_000_000,
        "updated": channel.updated_us // 1000,
        "creator": channel.creator,
        "context_team_id": workspace.team_id,
        "is_channel": kind is ChannelKind.PUBLIC,
        "is_group": kind is ChannelKind.PRIVATE,
        "is_im": kind is ChannelKind.IM,
        "is_mpim": kind is ChannelKind.MPIM,
        "is_private": kind is not ChannelKind.PUBLIC,
        "is_archived": channel.archived,
        "is_org_shared": False,
    }
    if kind is ChannelKind.IM:
        found |= {"user": other_member(channel, me), "is_user_deleted": False, "priority": 0}
    else:
        found |= _named(workspace, channel)
    found["is_member"] = member is not None
    if member is not None:
        found["last_read"] = to_ts(member.last_read_us)
        found["is_open"] = True
    if num_members is not None:
        found["num_members"] = num_members
    return found


def _named(workspace: Workspace, channel: Channel) -> Json:
    return {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_general": channel.id == workspace.general_id,
        "unlinked": 0,
        "is_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "pending_connected_team_ids": [],
        "shared_team_ids": [workspace.team_id],
        "parent_conversation": None,
        "previous_names": list(channel.previous_names),
        "topic": {
            "value": channel.topic,
            "creator": channel.topic_by,
            "last_set": channel.topic_us // 1_000_000,
        },
        "purpose": {
            "value": channel.purpose,
            "creator": channel.purpose_by,
            "last_set": channel.purpose_us // 1_000_000,
        },
    }


def other_member(channel: Channel, me: str) -> str:
    """The other person of a direct conversation, or oneself."""
    others = [user for user in channel.direct_members if user != me]
    return others[0] if others else me


def message_json(
    workspace: Workspace,
    message: Message,
    *,
    reactions: Sequence[Reaction] = (),
    repliers: Sequence[str] = (),
    parent_user: str = "",
) -> Json:
    """Slack's message object."""
    found: Json = {"type": "message"}
    if message.subtype:
        found["subtype"] = message.subtype
    found |= {"user": message.user_id, "text": message.text, "ts": message.ts}
    found["team"] = workspace.team_id
    if message.client_msg_id and not message.client_msg_id.startswith("copilot:"):
        found["client_msg_id"] = message.client_msg_id
    found |= message.body
    if message.thread_us:
        found["thread_ts"] = to_ts(message.thread_us)
    if message.is_reply and parent_user:
        found["parent_user_id"] = parent_user
    if message.reply_count:
        found |= {
            "reply_count": message.reply_count,
            "reply_users_count": len(repliers),
            "latest_reply": to_ts(message.latest_reply_us),
            "reply_users": list(repliers)[:MAX_REPLY_USERS],
            "is_locked": False,
            "subscribed": False,
        }
    if message.edited_us:
        found["edited"] = {"user": message.edited_by, "ts": to_ts(message.edited_us)}
    if reactions:
        found["reactions"] = [reaction_json(item) for item in reactions]
    return found


def reaction_json(item: Reaction) -> Json:
    return {"name": item.name, "users": list(item.users), "count": len(item.users)}


def bot_profile_json(workspace: Workspace, user: ChatUser) -> Json:
    """What a bot's messages carry about it."""
    return {
        "id": user.bot_id,
        "app_id": user.app_id,
        "user_id": user.id,
        "name": user.real_name,
        "icons": {},
        "deleted": user.deleted,
        "updated": user.updated_us // 1_000_000,
        "team_id": workspace.team_id,
    }


def bot_json(env: Env, user: ChatUser) -> Json:
    """Slack's bot object (`bots.info`)."""
    return {
        "id": user.bot_id,
        "deleted": user.deleted,
        "name": user.real_name,
        "updated": user.updated_us // 1_000_000,
        "app_id": user.app_id,
        "user_id": user.id,
        "icons": avatar_urls(env, user.id, BOT_SIZES),
    }


def file_json(
    workspace: Workspace,
    file: File,
    *,
    base_url: str,
    shares: Sequence[Share] = (),
    kinds: Mapping[str, ChannelKind] | None = None,
) -> Json:
    """Slack's file object; only shares whose channel is in `kinds` are shown."""
    known = kinds or {}
    shown = [share for share in shares if share.channel_id in known]
    suffix = file.name.rpartition(".")[2].lower() if "." in file.name else ""
    private = f"{base_url}/slack/files/{workspace.team_id}-{file.id}/{quote_name(file.name)}"
    found: Json = {
        "id": file.id,
        "created": file.created_us // 1_000_000,
        "timestamp": file.created_us // 1_000_000,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": media_type(file.name),
        "filetype": suffix or "binary",
        "pretty_type": suffix.upper() or "Binary",
        "user": file.user_id,
        "user_team": workspace.team_id,
        "editable": False,
        "size": file.size_bytes,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": any(known[share.channel_id] is ChannelKind.PUBLIC for share in shown),
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": private,
        "url_private_download": f"{private}?download=1",
        "permalink": f"{base_url}/files/{file.user_id}/{file.id}/{quote_name(file.name)}",
        "file_access": "visible",
        "has_rich_preview": False,
        "comments_count": 0,
    }
    if file.alt_text:
        found["alt_txt"] = file.alt_text
    if found["mimetype"] in _PICTURES:
        found |= {f"thumb_{size}": private for size in THUMB_SIZES}
    return found | _shares(shown, known)


def _shares(shares: Sequence[Share], kinds: Mapping[str, ChannelKind]) -> Json:
    by_kind: dict[str, list[str]] = {"channels": [], "groups": [], "ims": []}
    places: dict[str, dict[str, list[Json]]] = {}
    for share in shares:
        kind = kinds[share.channel_id]
        lists = {ChannelKind.PUBLIC: "channels", ChannelKind.IM: "ims"}
        ids = by_kind[lists.get(kind, "groups")]
        if share.channel_id not in ids:
            ids.append(share.channel_id)
        place: Json = {"ts": to_ts(share.ts_us)}
        if share.thread_us:
            place["thread_ts"] = to_ts(share.thread_us)
        side = places.setdefault("public" if kind is ChannelKind.PUBLIC else "private", {})
        side.setdefault(share.channel_id, []).append(place)
    return {**by_kind, "shares": places}
