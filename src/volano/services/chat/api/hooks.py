"""Addresses that apps post to: incoming webhooks and response URLs, and how webhooks are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import VolanoError
from volano.kernel.foreign_json import decode_foreign
from volano.services.chat.logic import hooks, responses
from volano.services.chat.logic.dialects import FILES
from volano.services.chat.logic.errors import refused
from volano.wire.action import action
from volano.wire.decode import read_body
from volano.wire.form import parse_urlencoded, read_multipart
from volano.wire.http import Response
from volano.wire.slack.arguments import MAX_SLACK_BODY_BYTES
from volano.wire.slack.errors import error_word
from volano.wire.slack.raw import raw_route
from volano.wire.typed import SPOOL_FOLDER

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json
    from volano.wire.http import Request

MAX_HOOK_BYTES = 1024 * 1024
_TEXT = ("content-type", "text/html")


class HookFields(msgspec.Struct, kw_only=True):
    app_id: str
    channel: str


class NewHook(msgspec.Struct, kw_only=True):
    """`url` is shown once."""

    id: str
    url: str
    channel: str


class ChatHook(msgspec.Struct, kw_only=True):
    id: str
    app_id: str
    channel: str
    created_by: str
    created: int


class ChatHooks(msgspec.Struct, kw_only=True):
    hooks: list[ChatHook]


class HookName(msgspec.Struct, kw_only=True):
    hook_id: str


class NoFields(msgspec.Struct):
    pass


@action(
    "volano:createChatHook",
    method="POST",
    path="/volano/v1/chat/apps/{app_id}/hooks",
    permission="chat:ManageApps",
    resource="arn:aws:chat:{region}:{account}:channel/{channel}",
)
async def create_chat_hook(env: Env, call: Call, request: HookFields) -> NewHook:
    """An incoming webhook of an app into one channel."""
    hook, url = await hooks.create_hook(env, call, request.app_id, request.channel)
    return NewHook(id=hook.id, url=url, channel=hook.channel_id)


@action(
    "volano:listChatHooks",
    method="GET",
    path="/volano/v1/chat/hooks",
    permission="chat:ManageApps",
    resource="arn:aws:chat:{region}:{account}:app/*",
)
async def list_chat_hooks(env: Env, call: Call, request: NoFields) -> ChatHooks:
    """The workspace's incoming webhooks (1,000 at most)."""
    found = await hooks.list_hooks(env, call)
    return ChatHooks(
        hooks=[
            ChatHook(
                id=item.id,
                app_id=item.app_id,
                channel=item.channel_id,
                created_by=item.created_by,
                created=item.created_us // 1_000_000,
            )
            for item in found
        ]
    )


@action(
    "volano:deleteChatHook",
    method="DELETE",
    path="/volano/v1/chat/hooks/{hook_id}",
    permission="chat:ManageApps",
    resource="arn:aws:chat:{region}:{account}:app/*",
)
async def delete_chat_hook(env: Env, call: Call, request: HookName) -> None:
    """Remove a webhook; its address is good no more."""
    await hooks.delete_hook(env, call, request.hook_id)


@raw_route("POST", "/services/{team}/{hook}/{secret}")
async def use_hook(env: Env, request: Request, params: dict[str, str]) -> Response:
    """Post to a webhook: Slack's form, or DingTalk's, Feishu's, Teams' or Discord's."""
    try:
        body = await _read_form(env, request) or await _read(request)
        waits = dict(request.query).get("wait", "").lower() in ("true", "1")
        said = await hooks.use_hook(
            env, params["team"], params["hook"], params["secret"], body, waits=waits
        )
    except VolanoError as error:
        return _refusal(error)
    return Response(
        status=said.status, headers=[("content-type", said.content_type)], body=said.reply.encode()
    )


@raw_route("POST", f"{responses.PATH}/{{team}}/{{secret}}")
async def use_response_url(env: Env, request: Request, params: dict[str, str]) -> Response:
    """Answer a command, button or shortcut."""
    try:
        body = await _read(request)
        await responses.use_response_url(env, params["secret"], body)
    except VolanoError as error:
        return _refusal(error)
    return Response(headers=[_TEXT], body=b"ok")


async def _read_form(env: Env, request: Request) -> Json:
    """Discord's form with files, which has the JSON as `payload_json`; {} for no such form."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return {}
    spool = env.config.data_dir / SPOOL_FOLDER
    form = await read_multipart(request, spool, max_file_bytes=MAX_SLACK_BODY_BYTES)
    names = [{"filename": file.filename} for _, file in form.files]
    text = dict(form.fields).get("payload_json", "{}")
    return {"content": "", **_parsed(text.encode()), FILES: names}


async def _read(request: Request) -> Json:
    """JSON, also as the field `payload` of a form. Raises invalid_payload."""
    data = await read_body(request, MAX_HOOK_BYTES)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "application/x-www-form-urlencoded" and not data.lstrip().startswith(b"{"):
        text = dict(parse_urlencoded(data)).get("payload", "")
        data = text.encode()
    return _parsed(data)


def _parsed(data: bytes) -> Json:
    try:
        body = decode_foreign(data)
    except ValueError as error:
        raise refused("invalid_payload", "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise refused("invalid_payload", "The body must be an object.")
    return body


def _refusal(error: VolanoError) -> Response:
    """Slack's: the word alone."""
    word = error_word(error)
    status = 410 if word == "channel_is_archived" else error.wire_status
    return Response(status=status, headers=[_TEXT], body=word.encode())
