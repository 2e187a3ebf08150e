"""Files of imported messages: bytes from the archive or, when that is asked, from the other
workplace through the egress guard; else the message keeps a link to where the file is.

Whoever made the archive chose the ids in it, so an id that is known here says nothing: a file that
is here is attached only where its bytes are those that came, which gives nobody what they had not.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.kernel.ids import AccountId
from volano.services.chat.logic.errors import FileNotFound, refused
from volano.services.chat.logic.files import open_bytes, require_bucket
from volano.services.chat.logic.imports.archive import CHUNK_BYTES, READ_ERRORS, BadArchive
from volano.services.chat.logic.names import media_type, require_file_name
from volano.services.chat.logic.payloads import file_json
from volano.services.chat.model import (
    MAX_FILE_BYTES,
    ChannelKind,
    File,
    FileState,
    Json,
    Share,
    Workspace,
)
from volano.services.chat.store import files as file_rows
from volano.services.chat.store import imports as import_rows
from volano.services.objects import interface as objects
from volano.services.studio.interface import find_format

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from volano.kernel.call import Env
    from volano.services.chat.logic.imports.archive import Archive
    from volano.services.chat.logic.imports.messages import Imported
    from volano.services.chat.logic.imports.reporting import Origin
    from volano.services.chat.model.transfers import Report

MAX_FETCHED_BYTES = 64 * 1024**2
FETCH_TIMEOUT_S = 120.0
MAX_FILES = 100
"""Of one message."""
_OWN_ID = re.compile(r"F[A-Z0-9]{6,14}\Z")
_LINK = (
    "id",
    "name",
    "title",
    "mimetype",
    "filetype",
    "pretty_type",
    "size",
    "created",
    "timestamp",
    "url_private",
    "url_private_download",
    "permalink",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where files come from and go to; `fetches`: what the archive lacks is asked for outside."""

    origin: Origin
    workspace: Workspace
    archive: Archive
    fetches: bool
    people: Mapping[str, str]


async def attach_files(
    env: Env, shelf: Shelf, item: Imported, kind: ChannelKind, report: Report
) -> tuple[Imported, list[tuple[File, Share]]]:
    """The message with its files as it will show them, and their rows."""
    kept: list[tuple[File, Share]] = []
    shown: list[Json] = []
    for given in item.files[:MAX_FILES]:
        file = await _keep(env, shelf, item, given, report)
        if file is None:
            shown.append(_link(given, report))
            continue
        share = Share(
            file_id=file.id,
            channel_id=item.message.channel_id,
            ts_us=item.message.ts_us,
            thread_us=item.message.thread_us,
        )
        kept.append((file, share))
        snapshot = file_json(shelf.workspace, file, base_url=env.config.console_url)
        shown.append(snapshot | {"is_public": kind is ChannelKind.PUBLIC})
    if not shown:
        return item, kept
    message = replace(item.message, body={**item.message.body, "files": shown})
    return replace(item, message=message), kept


def _link(given: Json, report: Report) -> Json:
    """The file as a link to where it is, or as a tombstone."""
    url = given.get("url_private")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        report.skip("files without bytes")
        return {"id": str(given.get("id") or ""), "mode": "tombstone"}
    report.add("file links")
    known = {name: given[name] for name in _LINK if isinstance(given.get(name), str | int)}
    return {**known, "mode": "external", "is_external": True, "external_type": "import"}


async def _keep(env: Env, shelf: Shelf, item: Imported, given: Json, report: Report) -> File | None:
    """The file once its bytes are here; None when nobody has them."""
    member = given.get("in_archive")
    url = given.get("url_private_download") or given.get("url_private")
    if not (isinstance(member, str) or (shelf.fetches and isinstance(url, str))):
        return None
    foreign_id = str(given.get("id") or member or url)
    try:
        name = require_file_name(str(given.get("name") or given.get("title") or "file"))
        fetched = b"" if isinstance(member, str) else await _fetch(env, str(url))

        def chunks() -> AsyncIterator[bytes]:
            if isinstance(member, str):
                return _from_archive(shelf.archive, member)
            return _all_at_once(fetched)

        file_id, known = await _own_id(env, shelf, foreign_id, chunks)
        if known is not None:
            return known
        size_bytes = await _store(env, shelf, file_id, name, chunks())
    except (BadArchive, EgressFailed, EgressRefused) as error:
        report.skip("files that could not be read", f"{given.get('name')}: {error.message}"[:200])
        return None
    return File(
        id=file_id,
        account=shelf.origin.account,
        user_id=shelf.people.get(str(given.get("user") or ""), item.message.user_id),
        name=name,
        title=str(given.get("title") or name).replace("\x00", "")[:255],
        alt_text=str(given.get("alt_txt") or "").replace("\x00", "")[:1000],
        size_bytes=size_bytes,
        state=FileState.SHARED,
        indexed=find_format(name, size_bytes) is None,
        created_us=item.message.ts_us,
    )


async def _own_id(
    env: Env, shelf: Shelf, foreign_id: str, chunks: Callable[[], AsyncIterator[bytes]]
) -> tuple[str, File | None]:
    """The archive's own id where it may be kept, else one that is the same for the same bytes; and
    the file of that id which is here already.
    """
    origin = shelf.origin
    digest = await _digest(chunks())
    if _OWN_ID.match(foreign_id):
        here = await file_rows.find_file(env.store.reader, origin.account, foreign_id)
        if here is not None and await _digest_of(env, shelf.workspace, here) == digest:
            return foreign_id, here
        if not await import_rows.is_file_id_taken(env.store.reader, foreign_id):
            return foreign_id, None
    seed = f"{origin.account}\n{origin.source}\n{foreign_id}\n".encode() + digest
    file_id = "F" + base64.b32encode(hashlib.sha256(seed).digest()).decode()[:12]
    return file_id, await file_rows.find_file(env.store.reader, origin.account, file_id)


async def _digest_of(env: Env, workspace: Workspace, file: File) -> bytes:
    """Of the bytes of a file that is here; empty while it has none."""
    try:
        return await _digest(await open_bytes(env, workspace, AccountId(file.account), file))
    except FileNotFound:
        return b""


async def _digest(chunks: AsyncIterator[bytes]) -> bytes:
    found = hashlib.sha256()
    async for chunk in chunks:
        found.update(chunk)
    return found.digest()


async def _store(
    env: Env, shelf: Shelf, file_id: str, name: str, chunks: AsyncIterator[bytes]
) -> int:
    call = system_call(env, AccountId(shelf.origin.account), timeout_s=3600.0)
    await require_bucket(env, call, shelf.workspace)
    stored = await objects.put_object(
        env, call, shelf.workspace.bucket, file_id, chunks, content_type=media_type(name)
    )
    return stored.size_bytes


async def _from_archive(archive: Archive, member: str) -> AsyncIterator[bytes]:
    """The member's bytes, read in threads. Raises BadArchive, for more than a file may have too."""
    if member not in archive.members:
        raise BadArchive(f"{member} is not in the archive.")
    try:
        file = await asyncio.to_thread(archive.open, member)
        with file:
            read = 0
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                read += len(chunk)
                if read > MAX_FILE_BYTES:
                    raise BadArchive(f"{member} has more than {MAX_FILE_BYTES} bytes.")
                yield chunk
    except READ_ERRORS as error:
        raise BadArchive(f"{member} cannot be read: {error}") from error


async def _all_at_once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _fetch(env: Env, url: str) -> bytes:
    """Raises EgressRefused and EgressFailed, for an answer that is no file too."""
    request = EgressRequest(
        method="GET",
        url=url,
        headers={"user-agent": "Volano (import)"},
        timeout_s=FETCH_TIMEOUT_S,
        max_bytes=MAX_FETCHED_BYTES,
        max_redirects=5,
    )
    reply = await env.egress.fetch(request)
    is_page = reply.headers.get("content-type", "").startswith("text/html")
    if reply.status != 200 or not reply.body or is_page:
        raise EgressFailed(f"The other side answered {reply.status} without the file.")
    return reply.body


def require_files_choice(choice: str) -> str:
    """`links` or `fetch`; raises invalid_arguments."""
    if choice not in ("links", "fetch"):
        raise refused("invalid_arguments", "files is links (the default) or fetch.")
    return choice
