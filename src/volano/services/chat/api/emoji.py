"""Slack's emoji.list and admin.emoji.*, users.setPhoto, and the pictures themselves."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.logic import avatars, emoji, pictures
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.profiles import set_photo
from volano.wire.action import action
from volano.wire.form import UploadedFile
from volano.wire.http import Response
from volano.wire.slack.raw import raw_route

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json
    from volano.wire.http import Request

TEAM = "arn:aws:chat:{region}:{account}:team"
MANAGE = "chat:ManageEmoji"
WRITE = ("admin.teams:write", "emoji:write")


class ListArguments(msgspec.Struct, kw_only=True):
    include_categories: bool = False


class AddArguments(msgspec.Struct, kw_only=True):
    name: str
    url: str


class AliasArguments(msgspec.Struct, kw_only=True):
    name: str
    alias_for: str


class NameArguments(msgspec.Struct, kw_only=True):
    name: str


class RenameArguments(msgspec.Struct, kw_only=True):
    name: str
    new_name: str


class PhotoArguments(msgspec.Struct, kw_only=True):
    image: UploadedFile | None = None
    crop_x: int = 0
    crop_y: int = 0
    crop_w: int = 0


class NoArguments(msgspec.Struct):
    pass


@action(
    "slack:emoji.list",
    permission="chat:GetTeam",
    resource=TEAM,
    scopes=("emoji:read",),
    read_only=True,
    partial="`categories` is empty: clients know the emoji of Unicode.",
)
async def list_emoji(env: Env, call: Call, request: ListArguments) -> Json:
    """The workplace's own emoji: names and addresses of pictures."""
    known = await emoji.list_emoji(env, call)
    newest_us = max((item.created_us for item in known.values()), default=0)
    found: Json = {
        "emoji": {name: emoji.emoji_value(env, item) for name, item in known.items()},
        "cache_ts": f"{newest_us // 1_000_000}.{newest_us % 1_000_000:06d}",
    }
    return found | ({"categories": []} if request.include_categories else {})


@action("slack:admin.emoji.list", permission=MANAGE, resource=TEAM, scopes=WRITE, read_only=True)
async def admin_list(env: Env, call: Call, request: NoArguments) -> Json:
    """The same with who added them and when."""
    known = await emoji.list_emoji(env, call)
    return {
        "emoji": {
            name: {
                "url": emoji.emoji_value(env, item),
                "date_created": item.created_us // 1_000_000,
                "uploaded_by": item.user_id,
            }
            for name, item in known.items()
        },
        "response_metadata": {"next_cursor": ""},
    }


@action("slack:admin.emoji.add", permission=MANAGE, resource=TEAM, scopes=WRITE, read_only=False)
async def add_emoji(env: Env, call: Call, request: AddArguments) -> None:
    """From a picture's address, fetched once through the egress guard."""
    content = await pictures.fetch_picture(env, request.url, limit_bytes=pictures.MAX_EMOJI_BYTES)
    await emoji.add_emoji(env, call, request.name, content)


@action(
    "slack:admin.emoji.addAlias", permission=MANAGE, resource=TEAM, scopes=WRITE, read_only=False
)
async def add_alias(env: Env, call: Call, request: AliasArguments) -> None:
    await emoji.add_alias(env, call, request.name, request.alias_for)


@action("slack:admin.emoji.remove", permission=MANAGE, resource=TEAM, scopes=WRITE, read_only=False)
async def remove_emoji(env: Env, call: Call, request: NameArguments) -> None:
    await emoji.remove_emoji(env, call, request.name)


@action("slack:admin.emoji.rename", permission=MANAGE, resource=TEAM, scopes=WRITE, read_only=False)
async def rename_emoji(env: Env, call: Call, request: RenameArguments) -> None:
    await emoji.rename_emoji(env, call, request.name, request.new_name)


class NewEmoji(msgspec.Struct, kw_only=True):
    """`image` is the picture's bytes in base64."""

    name: str
    image: str


class ChatEmoji(msgspec.Struct, kw_only=True):
    name: str
    url: str


@action(
    "volano:addChatEmoji",
    method="POST",
    path="/volano/v1/chat/emoji",
    permission=MANAGE,
    resource=TEAM,
)
async def add_own_emoji(env: Env, call: Call, request: NewEmoji) -> ChatEmoji:
    """Add an emoji from a picture's bytes."""
    try:
        content = base64.b64decode(request.image, validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused("invalid_arguments", "image is not base64.") from error
    made = await emoji.add_emoji(env, call, request.name, content)
    return ChatEmoji(name=made.name, url=emoji.emoji_value(env, made))


@action(
    "slack:users.setPhoto",
    permission="chat:SetProfile",
    resource="arn:aws:chat:{region}:{account}:user/*",
    scopes=("users.profile:write",),
    read_only=False,
    partial="The picture is kept whole; `crop_x`, `crop_y` and `crop_w` are ignored.",
)
async def set_user_photo(env: Env, call: Call, request: PhotoArguments) -> Json:
    """One's own picture."""
    if request.image is None:
        raise refused("bad_image", "image holds the picture.")
    if request.image.size_bytes > pictures.MAX_FACE_BYTES:
        raise refused("too_large", f"A picture has at most {pictures.MAX_FACE_BYTES} bytes.")
    content = b"".join([chunk async for chunk in request.image.chunks()])
    return {"profile": await set_photo(env, call, content)}


@action(
    "slack:users.deletePhoto",
    permission="chat:SetProfile",
    resource="arn:aws:chat:{region}:{account}:user/*",
    scopes=("users.profile:write",),
    read_only=False,
)
async def delete_user_photo(env: Env, call: Call, request: NoArguments) -> None:
    await set_photo(env, call, b"")


@raw_route("GET", pictures.PATH + "/{id}")
async def show_picture(env: Env, request: Request, params: dict[str, str]) -> Response:
    """A picture for whoever has its address; it never changes."""
    found = await pictures.get_picture(env, params["id"])
    return _picture(found.media_type, found.content)


@raw_route("GET", avatars.PATH + "/{name}")
async def show_avatar(env: Env, request: Request, params: dict[str, str]) -> Response:
    """The square of those who have set no picture."""
    content = avatars.find_avatar(params["name"])
    if content is None:
        raise pictures.PictureNotFound("There is no such picture.")
    return _picture("image/png", content)


def _picture(media_type: str, content: bytes) -> Response:
    headers = [
        ("content-type", media_type),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("cache-control", "public, max-age=31536000, immutable"),
    ]
    return Response(headers=headers, body=content)
