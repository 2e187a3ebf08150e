"""Slack's files.*, and the raw routes for their bytes.

A download is sent so that a browser never runs it: only pictures, sound, video, PDF and plain text
are shown in place, everything in a sandbox without origin (files come from anybody).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Unauthenticated
from volano.services.chat.api.shapes import CHANNELS
from volano.services.chat.logic import files, remote_files
from volano.services.chat.logic.cursors import require_limit
from volano.services.chat.logic.errors import FileNotFound, refused
from volano.services.chat.logic.history import FOREVER_US
from volano.services.chat.logic.names import media_type, quote_name
from volano.services.chat.model import parse_ts
from volano.wire.action import action
from volano.wire.credential import call_of, find_principal
from volano.wire.form import read_multipart
from volano.wire.http import Response
from volano.wire.slack.raw import raw_route
from volano.wire.typed import SPOOL_FOLDER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.services.chat.model import File, Json
    from volano.wire.http import Request

FILE = "arn:aws:chat:{region}:{account}:file/{file}"
FILES = "arn:aws:chat:{region}:{account}:file/*"
MAX_PAGES = 1000
_IN_PLACE = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain")
_IN_PLACE_KINDS = ("audio/", "video/")
_OPEN_RANGE = re.compile(r"bytes=(\d{1,18})-")


class UploadArguments(msgspec.Struct, kw_only=True):
    filename: str = ""
    length: int = 0
    alt_text: str = ""
    alt_txt: str = ""
    snippet_type: str = ""


class CompletedFile(msgspec.Struct):
    id: str
    title: str | None = None


class CompleteArguments(msgspec.Struct, kw_only=True):
    files: list[CompletedFile]
    channel_id: str = ""
    channels: list[str] = msgspec.field(default_factory=list)
    thread_ts: str = ""
    initial_comment: str = ""
    blocks: list[object] | None = None


class FileArguments(msgspec.Struct, kw_only=True):
    file: str
    count: int = 0
    page: int = 0
    cursor: str = ""
    limit: int = 0


class ListFiles(msgspec.Struct, kw_only=True):
    channel: str = ""
    user: str = ""
    ts_from: str = ""
    ts_to: str = ""
    types: str = ""
    count: int = 0
    page: int = 1
    show_files_hidden_by_limit: bool = False


@action(
    "slack:files.getUploadURLExternal",
    permission="chat:UploadFile",
    resource=FILES,
    scopes=("files:write",),
    read_only=False,
)
async def get_upload_url(env: Env, call: Call, request: UploadArguments) -> Json:
    """An address that takes the file's bytes by POST, once."""
    file, ticket = await files.get_upload_ticket(
        env,
        call,
        request.filename,
        request.length,
        alt_text=request.alt_txt or request.alt_text,
    )
    url = f"{env.config.console_url}/slack/upload/{ticket}"
    return {"upload_url": url, "file_id": file.id}


@action(
    "slack:files.completeUploadExternal",
    permission="chat:UploadFile",
    resource=CHANNELS,
    scopes=("files:write",),
    read_only=False,
)
async def complete_upload(env: Env, call: Call, request: CompleteArguments) -> Json:
    """Finish uploads and post them to channels."""
    channels = [*([request.channel_id] if request.channel_id else []), *request.channels]
    wanted = files.Completion(
        files=[(item.id, item.title or "") for item in request.files],
        channels=channels,
        thread_ts=request.thread_ts,
        comment=request.initial_comment,
        blocks=request.blocks,
    )
    return {"files": await files.complete_upload(env, call, wanted)}


@action(
    "slack:files.info",
    permission="chat:GetFile",
    resource=FILE,
    scopes=("files:read",),
    read_only=True,
)
async def get_file(env: Env, call: Call, request: FileArguments) -> Json:
    here, file = await files.get_file(env, call, request.file)
    shown = await remote_files.show_file(env, here, file)
    return {"file": shown, "comments": [], "response_metadata": {"next_cursor": ""}}


@action(
    "slack:files.list",
    permission="chat:ListFiles",
    resource=FILES,
    scopes=("files:read",),
    read_only=True,
    partial="`types` is ignored.",
)
async def list_files(env: Env, call: Call, request: ListFiles) -> Json:
    """Files that the caller may read, newest first; `paging` counts up to the page after."""
    count = require_limit(request.count, default=100, maximum=200)
    page = request.page or 1
    if not 1 <= page <= MAX_PAGES:
        raise refused("invalid_arguments", f"page is 1 to {MAX_PAGES}.")
    before = FOREVER_US
    if request.ts_to and request.ts_to != "now":
        before = parse_ts(request.ts_to, name="ts_to", code="invalid_arguments")
    query = files.FileQuery(
        channel=request.channel, user=request.user, before_us=before, count=count, page=page
    )
    found = await files.list_files(env, call, query)
    total = (page - 1) * count + len(found)
    pages = page + (1 if len(found) == count else 0)
    return {
        "files": found,
        "paging": {"count": count, "total": total, "page": page, "pages": pages},
    }


@action(
    "slack:files.delete",
    permission="chat:DeleteFile",
    resource=FILE,
    scopes=("files:write",),
    read_only=False,
)
async def delete_file(env: Env, call: Call, request: FileArguments) -> None:
    await files.delete_file(env, call, request.file)


@raw_route("POST", "/slack/upload/{ticket}")
async def upload(env: Env, request: Request, params: dict[str, str]) -> Response:
    """The bytes of a ticket's file, raw or as the first file of a multipart form."""
    await files.require_ticket(env, params["ticket"])  # before a form is read
    file = await files.store_upload(env, params["ticket"], await _content(env, request))
    headers = [("content-type", "text/plain; charset=utf-8")]
    return Response(headers=headers, body=f"OK - {file.size_bytes}".encode())


async def _content(env: Env, request: Request) -> AsyncIterator[bytes]:
    header = request.headers.get("content-type", "").lower()
    if not header.startswith("multipart/form-data"):
        return aiter(request.body)
    form = await read_multipart(request, env.config.data_dir / SPOOL_FOLDER)
    if not form.files:
        raise refused("no_file_data", "The form holds no file.")
    return form.files[0][1].chunks()


@raw_route("GET", "/slack/files/{place}/{name}")
async def download(env: Env, request: Request, params: dict[str, str]) -> Response:
    """A file's bytes for a token or a console session; `place` is team and file."""
    principal = await find_principal(env, request)
    if principal is None:
        raise Unauthenticated("A file needs a token or a console session.", code="not_authed")
    call = call_of(env, request, principal, door="slack")
    team, _, file_id = params["place"].partition("-")
    arn = f"arn:aws:chat:{call.region}:{call.account}:file/{file_id}"
    await env.authority.authorize(call, "chat:GetFile", arn, {})
    if principal.scopes is not None and "files:read" not in principal.scopes:
        raise FileNotFound("The token has no files:read scope.", code="missing_scope")
    here, known = await files.get_file(env, call, file_id)
    if team != here.workspace.team_id:
        raise FileNotFound(f"There is no file {file_id[:40]}.")
    start = _start_byte(request, known.size_bytes)
    file, chunks = await files.open_file(env, call, file_id, start_byte=start or 0)
    response = file_response(request, file, chunks)
    response.headers.append(("accept-ranges", "bytes"))
    if start is not None:
        size = file.size_bytes
        response.headers.append(("content-range", f"bytes {start}-{size - 1}/{size}"))
        response.status, response.length = 206, size - start
    return response


def _start_byte(request: Request, size_bytes: int) -> int | None:
    """Where a player wants to go on (`Range: bytes=N-`); other ranges get the whole file."""
    wanted = _OPEN_RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None or int(wanted[1]) >= size_bytes:
        return None
    return int(wanted[1])


def file_response(request: Request, file: File, chunks: AsyncIterator[bytes]) -> Response:
    """The bytes with headers that keep a browser from running them."""
    headers = _file_headers(file.name, attachment="download" in dict(request.query))
    return Response(headers=headers, body=chunks, length=file.size_bytes)


def _file_headers(name: str, *, attachment: bool) -> list[tuple[str, str]]:
    media = media_type(name)
    shown = "text/plain" if media.startswith("text/") else media
    in_place = shown in _IN_PLACE or shown.startswith(_IN_PLACE_KINDS)
    how = "inline" if in_place and not attachment else "attachment"
    charset = "; charset=utf-8" if shown == "text/plain" else ""
    return [
        ("content-type", (shown if in_place else media) + charset),
        ("content-disposition", f"{how}; filename*=UTF-8''{quote_name(name)}"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'"),
        ("cache-control", "private, max-age=3600"),
    ]
