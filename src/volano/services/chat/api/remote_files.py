"""Slack's files.remote.*, files.upload, files.sharedPublicURL and files.revokePublicURL."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.files import FILE, FILES, file_response
from volano.services.chat.api.shapes import CHANNELS
from volano.services.chat.logic import files, remote_files
from volano.services.chat.logic.cursors import (
    page_metadata,
    parse_cursor,
    require_limit,
    to_cursor,
)
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.history import FOREVER_US
from volano.services.chat.logic.names import media_type
from volano.services.chat.logic.remote_files import PUBLIC_PATH, Wanted
from volano.wire.action import action
from volano.wire.form import UploadedFile
from volano.wire.slack.raw import raw_route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json
    from volano.wire.http import Request, Response

UPLOAD = "chat:UploadFile"
PREVIEW_BYTES = 64 * 1024
PREVIEW_LINES = 5
WRITE, READ = ("remote_files:write",), ("remote_files:read",)


class RemoteArguments(msgspec.Struct, kw_only=True):
    file: str = ""
    external_id: str = ""
    external_url: str = ""
    title: str = ""
    filetype: str = ""
    channels: list[str] = msgspec.field(default_factory=list)

    def wanted(self) -> Wanted:
        return Wanted(external_url=self.external_url, title=self.title, filetype=self.filetype)


class ListRemote(msgspec.Struct, kw_only=True):
    channel: str = ""
    cursor: str = ""
    limit: int = 0


class LegacyUpload(msgspec.Struct, kw_only=True):
    file: UploadedFile | None = None
    content: str = ""
    filename: str = ""
    filetype: str = ""
    title: str = ""
    initial_comment: str = ""
    thread_ts: str = ""
    channels: list[str] = msgspec.field(default_factory=list)


class FileArguments(msgspec.Struct, kw_only=True):
    file: str


@action("slack:files.remote.add", permission=UPLOAD, resource=FILES, scopes=WRITE, read_only=False)
async def add_remote_file(env: Env, call: Call, request: RemoteArguments) -> Json:
    made = await remote_files.add_remote_file(env, call, request.external_id, request.wanted())
    return {"file": made}


@action(
    "slack:files.remote.info",
    permission="chat:GetFile",
    resource=FILES,
    scopes=READ,
    read_only=True,
)
async def get_remote_file(env: Env, call: Call, request: RemoteArguments) -> Json:
    here, found = await remote_files.get_remote_file(env, call, request.file, request.external_id)
    return {"file": remote_files.remote_json(env, here, found)}


@action(
    "slack:files.remote.list",
    permission="chat:GetFile",
    resource=FILES,
    scopes=READ,
    read_only=True,
    partial="`channel`, `ts_from` and `ts_to` are ignored.",
)
async def list_remote_files(env: Env, call: Call, request: ListRemote) -> Json:
    position = parse_cursor("remote", request.cursor)
    if position and not position.isdigit():
        raise refused("invalid_cursor", "The cursor is not one that was given out.")
    found, next_us = await remote_files.list_remote_files(
        env,
        call,
        before_us=int(position or FOREVER_US),
        limit=require_limit(request.limit, default=100, maximum=200),
    )
    following = to_cursor("remote", str(next_us) if next_us else "")
    return {"files": found, **page_metadata(following)}


@action(
    "slack:files.remote.remove", permission=UPLOAD, resource=FILES, scopes=WRITE, read_only=False
)
async def remove_remote_file(env: Env, call: Call, request: RemoteArguments) -> None:
    await remote_files.remove_remote_file(env, call, request.file, request.external_id)


@action(
    "slack:files.remote.share",
    permission=UPLOAD,
    resource=CHANNELS,
    scopes=("remote_files:share",),
    read_only=False,
)
async def share_remote_file(env: Env, call: Call, request: RemoteArguments) -> Json:
    shared = await remote_files.share_remote_file(
        env, call, request.file, request.external_id, request.channels
    )
    return {"file": shared}


@action(
    "slack:files.remote.update", permission=UPLOAD, resource=FILES, scopes=WRITE, read_only=False
)
async def update_remote_file(env: Env, call: Call, request: RemoteArguments) -> Json:
    changed = await remote_files.update_remote_file(
        env, call, request.file, request.external_id, request.wanted()
    )
    return {"file": changed}


@action(
    "slack:files.upload",
    permission=UPLOAD,
    resource=CHANNELS,
    scopes=("files:write",),
    read_only=False,
)
async def upload_file(env: Env, call: Call, request: LegacyUpload) -> Json:
    """The upload of before: the bytes are in the call itself."""
    given = request.file
    data = request.content.encode(errors="surrogateescape")
    size_bytes = given.size_bytes if given is not None else len(data)
    if not size_bytes:
        raise refused("no_file_data", "file or content is needed.")
    name = request.filename or (given.filename if given is not None else "") or "untitled"
    file, ticket = await files.get_upload_ticket(env, call, name, size_bytes)
    chunks = given.chunks() if given is not None else _one(data)
    await files.store_upload(env, ticket, chunks)
    wanted = files.Completion(
        files=[(file.id, request.title)],
        channels=request.channels,
        thread_ts=request.thread_ts,
        comment=request.initial_comment,
    )
    shown = (await files.complete_upload(env, call, wanted))[0]
    first = data if given is None else b"".join([c async for c in given.chunks()][:1])
    return {"file": shown | _preview(name, first)}


def _preview(name: str, data: bytes) -> Json:
    """The first lines of a text, as Slack shows snippets."""
    if not media_type(name).startswith("text/"):
        return {}
    lines = data[:PREVIEW_BYTES].decode(errors="replace").splitlines()
    shown = "\n".join(lines[:PREVIEW_LINES])
    return {
        "mode": "snippet",
        "editable": True,
        "preview": shown,
        "preview_highlight": f"<pre>{html.escape(shown)}</pre>",
        "lines": len(lines),
        "lines_more": max(0, len(lines) - PREVIEW_LINES),
        "preview_is_truncated": len(data) > PREVIEW_BYTES,
    }


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data


@action(
    "slack:files.sharedPublicURL",
    permission=UPLOAD,
    resource=FILE,
    scopes=("files:write",),
    read_only=False,
)
async def share_publicly(env: Env, call: Call, request: FileArguments) -> Json:
    """A link with which anybody may read the file."""
    return {"file": await remote_files.share_publicly(env, call, request.file)}


@action(
    "slack:files.revokePublicURL",
    permission=UPLOAD,
    resource=FILE,
    scopes=("files:write",),
    read_only=False,
)
async def revoke_public(env: Env, call: Call, request: FileArguments) -> Json:
    return {"file": await remote_files.revoke_public(env, call, request.file)}


@raw_route("GET", f"{PUBLIC_PATH}/{{place}}/{{secret}}")
async def download_public(env: Env, request: Request, params: dict[str, str]) -> Response:
    """A file's bytes for whoever has its public link."""
    file_id = params["place"].partition("-")[2]
    file, chunks = await remote_files.open_public(env, file_id, params["secret"])
    return file_response(request, file, chunks)
