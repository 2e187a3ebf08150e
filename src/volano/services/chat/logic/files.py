"""Files: a ticket to upload with, bytes in the account's own bucket, shares in channels.

The bytes are objects of a bucket that only this service reads (its policy denies everyone else),
because who may read a file is decided here: its uploader, and whoever may read a channel where it
is shared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import Invalid
from volano.kernel.ids import AccountId
from volano.services.chat.logic.access import find_readable, readable_channels
from volano.services.chat.logic.errors import FileNotFound, denied, refused
from volano.services.chat.logic.indexing import forget_share
from volano.services.chat.logic.messages import Draft, compose, find_target, post_in
from volano.services.chat.logic.mrkdwn import escape_text
from volano.services.chat.logic.names import media_type, require_file_name
from volano.services.chat.logic.payloads import file_json
from volano.services.chat.logic.posting import Posted, announce
from volano.services.chat.logic.workspaces import Here, enter, get_workspace
from volano.services.chat.model import (
    MAX_FILE_BYTES,
    ChannelKind,
    File,
    FileShared,
    FileState,
    Json,
    Share,
    Workspace,
    to_ts,
)
from volano.services.chat.model.apps import WorkspaceTold
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import files as rows
from volano.services.chat.store import messages as message_rows
from volano.services.objects import interface as objects
from volano.services.studio.interface import find_format

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.chat.model import ChatUser

MAX_FILES = 20
"""Files completed at once."""
MAX_FILE_CHANNELS = 100
MAX_TITLE_CHARACTERS = 255
ABANDONED_US = 24 * 3600 * 1_000_000
REMOVE_BATCH = 100


async def get_upload_ticket(
    env: Env,
    call: Call,
    name: str,
    size_bytes: int,
    *,
    alt_text: str = "",
    limit_bytes: int = MAX_FILE_BYTES,
) -> tuple[File, str]:
    """A new file and the ticket with which its bytes are sent, once.

    Raises `invalid_arguments` for a size of 0 or less, `file_uploads_size_too_large` for more than
    `limit_bytes`.
    """
    here = await enter(env, call)
    name = require_file_name(name)
    if size_bytes < 1:
        raise refused("invalid_arguments", "length is the file's size in bytes, at least 1.")
    if size_bytes > limit_bytes:
        raise refused("file_uploads_size_too_large", f"A file has at most {limit_bytes} bytes.")
    ticket = env.ids.token(32)
    file = File(
        id=env.ids.slack("F"),
        account=call.account,
        user_id=here.me.id,
        name=name,
        title="",
        alt_text=alt_text.replace("\x00", "")[:1000],
        size_bytes=size_bytes,
        state=FileState.WAITING,
        indexed=True,
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        await rows.insert_file(tx, file, env.secrets.digest(ticket))

    await env.store.transact(write)
    return file, ticket


async def require_ticket(env: Env, ticket: str) -> File:
    """The file that waits for its bytes. Raises file_not_found for a ticket unknown or used."""
    file = await rows.find_file_by_ticket(env.store.reader, env.secrets.digest(ticket))
    if file is None or file.state is not FileState.WAITING:
        raise FileNotFound("There is no upload with this address.")
    return file


async def store_upload(env: Env, ticket: str, chunks: AsyncIterator[bytes]) -> File:
    """Keep the bytes of a ticket's file; durable when this returns.

    Raises file_not_found for a ticket that is unknown or used, Invalid when the size is not the
    one that was announced; then nothing is kept and the ticket is still good.
    """
    file = await require_ticket(env, ticket)
    workspace = await get_workspace(env, file.account)
    call = system_call(env, AccountId(file.account), timeout_s=3600.0)
    await require_bucket(env, call, workspace)
    stored = await objects.put_object(
        env,
        call,
        workspace.bucket,
        file.id,
        _limited(chunks, file.size_bytes),
        content_type=media_type(file.name),
    )
    if stored.size_bytes != file.size_bytes:
        await objects.delete_object(env, call, workspace.bucket, file.id)
        raise _wrong_size(file.size_bytes)
    kept = replace(file, state=FileState.STORED)

    async def write(tx: Tx) -> None:
        await rows.update_file(tx, kept)

    await env.store.transact(write)
    return kept


async def _limited(chunks: AsyncIterator[bytes], limit_bytes: int) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > limit_bytes:
            raise _wrong_size(limit_bytes)
        yield chunk


def _wrong_size(size_bytes: int) -> Invalid:
    return refused("invalid_length", f"The file was announced with {size_bytes} bytes.")


async def require_bucket(env: Env, call: Call, workspace: Workspace) -> None:
    """The bucket of this workspace's files; made with its policy at the first upload."""
    try:
        await objects.get_bucket(env.store.reader, workspace.bucket)
    except objects.NoSuchBucket:
        await objects.ensure_bucket(env, call, workspace.bucket)
    statement = {
        "Sid": "OnlyTheWorkplaceReads",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        "Resource": f"arn:aws:s3:::{workspace.bucket}/*",
    }
    bucket = await objects.get_bucket(env.store.reader, workspace.bucket)
    if not bucket.policy:
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        await objects.put_bucket_policy(env, call, workspace.bucket, policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What `files.completeUploadExternal` is asked: files with titles, and where to share them."""

    files: Sequence[tuple[str, str]]
    channels: Sequence[str] = ()
    thread_ts: str = ""
    comment: str = ""
    blocks: Sequence[object] | None = None


async def complete_upload(env: Env, call: Call, wanted: Completion) -> list[Json]:
    """Finish one's uploads and share them; returns them as Slack's JSON.

    Raises file_not_found, and what posting raises; then nothing is shared.
    """
    if not 1 <= len(wanted.files) <= MAX_FILES:
        raise refused("invalid_arguments", f"files has 1 to {MAX_FILES} entries.")
    if len(wanted.channels) > MAX_FILE_CHANNELS:
        raise refused("invalid_channel", f"At most {MAX_FILE_CHANNELS} channels.")
    here = await enter(env, call)
    targets = [await find_target(env, call, here, channel) for channel in wanted.channels]

    async def write(tx: Tx) -> tuple[list[File], list[Posted]]:
        files = [await _finish(tx, call, here, *entry) for entry in wanted.files]
        posted = [
            await _share(tx, env, call, here, wanted, files, target)
            for target in dict.fromkeys(targets)
        ]
        return files, posted

    files, posted = await env.store.transact(write)
    for item in posted:
        await announce(env, item)
    return [await to_json(env, here, file) for file in files]


async def _finish(tx: Tx, call: Call, here: Here, file_id: str, title: str) -> File:
    file = await rows.find_file(tx, call.account, file_id)
    if file is None or file.user_id != here.me.id or file.state is FileState.WAITING:
        raise FileNotFound(f"There is no uploaded file {file_id[:40]} of yours.")
    done = replace(
        file,
        state=FileState.SHARED,
        title=title.replace("\x00", "")[:MAX_TITLE_CHARACTERS] or file.name,
        indexed=find_format(file.name, file.size_bytes) is None,
    )
    await rows.update_file(tx, done)
    return done


async def _share(
    tx: Tx,
    env: Env,
    call: Call,
    here: Here,
    wanted: Completion,
    files: Sequence[File],
    target: str,
) -> Posted:
    """Post the files to one channel in the caller's transaction."""
    channel = await channel_rows.find_channel(tx, call.account, target)
    kind = channel.kind if channel is not None else ChannelKind.PRIVATE
    shown = [_snapshot(env, here, file, kind) for file in files]
    draft = Draft(
        channel=target,
        text=wanted.comment,
        blocks=wanted.blocks,
        thread_ts=wanted.thread_ts,
        subtype="file_share",
        body={"files": shown, "upload": True, "display_as_bot": False},
    )
    composed = replace(compose(env, here, draft), channel_id=target)
    posted = await post_in(tx, env, call, here, draft, composed)
    for file in files:
        share = Share(
            file_id=file.id,
            channel_id=target,
            ts_us=posted.message.ts_us,
            thread_us=posted.message.thread_us,
        )
        await rows.insert_share(tx, share)
        tx.publish(
            FileShared(
                account=call.account,
                channel=target,
                file=file.id,
                user=here.me.id,
                ts_us=posted.message.ts_us,
            )
        )
    return posted


def _snapshot(env: Env, here: Here, file: File, kind: ChannelKind) -> Json:
    """The file as its message shows it."""
    shown = file_json(here.workspace, file, base_url=env.config.console_url)
    return shown | {"is_public": kind is ChannelKind.PUBLIC}


async def to_json(env: Env, here: Here, file: File) -> Json:
    """The file with those of its shares that the caller may know of."""
    shares = await rows.select_shares(env.store.reader, file.id)
    kinds: dict[str, ChannelKind] = {}
    for share in shares:
        if share.channel_id not in kinds:
            found = await find_readable(env.store.reader, here.me, share.channel_id)
            if found is not None:
                kinds[share.channel_id] = found[0].kind
    return file_json(
        here.workspace, file, base_url=env.config.console_url, shares=shares, kinds=kinds
    )


async def file_link(env: Env, call: Call, file_id: str) -> str:
    """The address of a file's bytes; '' where the caller may not read it or it is gone."""
    here = await enter(env, call)
    file = await find_visible(env.store.reader, here.me, file_id)
    return "" if file is None else str((await to_json(env, here, file))["url_private_download"])


async def links_to_files(env: Env, account: str, file_ids: Sequence[str]) -> list[str]:
    """Links for a message of an own bot; files that are gone are left out."""
    workspace = await get_workspace(env, account)
    links = []
    for file_id in file_ids:
        file = await rows.find_file(env.store.reader, account, file_id)
        if file is not None:
            shown = file_json(workspace, file, base_url=env.config.console_url)
            links.append(f"<{shown['url_private']}|{escape_text(file.title)}>")
    return links


async def let_read(tx: Tx, file_ids: Sequence[str], channel_id: str, ts_us: int) -> None:
    """Whoever is in the conversation of an own bot's message may read these files from now on."""
    for file_id in file_ids:
        share = Share(file_id=file_id, channel_id=channel_id, ts_us=ts_us, thread_us=0)
        await rows.insert_share(tx, share)


async def find_visible(reader: Reader, user: ChatUser, file_id: str) -> File | None:
    """A completed file that the user may read, or None."""
    file = await rows.find_file(reader, user.account, file_id)
    if file is None or file.state is not FileState.SHARED:
        return None
    if file.user_id == user.id:
        return file
    for share in await rows.select_shares(reader, file_id):
        if await find_readable(reader, user, share.channel_id) is not None:
            return file
    return None


async def get_file(env: Env, call: Call, file_id: str) -> tuple[Here, File]:
    """Raises file_not_found."""
    here = await enter(env, call)
    file = await find_visible(env.store.reader, here.me, file_id)
    if file is None:
        raise FileNotFound(f"There is no file {file_id[:40]}.")
    return here, file


async def open_file(
    env: Env, call: Call, file_id: str, *, start_byte: int = 0
) -> tuple[File, AsyncIterator[bytes]]:
    """A file and its bytes from `start_byte` on as chunks. Raises file_not_found."""
    here, file = await get_file(env, call, file_id)
    account = AccountId(call.account)
    return file, await open_bytes(env, here.workspace, account, file, start_byte=start_byte)


async def open_bytes(
    env: Env, workspace: Workspace, account: AccountId, file: File, *, start_byte: int = 0
) -> AsyncIterator[bytes]:
    """A file's bytes for whoever was found to be allowed. Raises file_not_found."""
    reading = system_call(env, account, timeout_s=3600.0)
    try:
        _, chunks = await objects.open_object(
            env, reading, workspace.bucket, file.id, start_byte=start_byte
        )
    except (objects.NoSuchKey, objects.NoSuchBucket) as error:
        raise FileNotFound(f"The bytes of {file.id} are gone.") from error
    return chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class FileQuery:
    """Which files: of a channel, of a user, created before; `page` counts from 1."""

    channel: str = ""
    user: str = ""
    before_us: int
    count: int
    page: int


async def list_files(env: Env, call: Call, query: FileQuery) -> list[Json]:
    """A page of the files that the caller may read, newest first."""
    here = await enter(env, call)
    reader = env.store.reader
    channels = await readable_channels(reader, here.me)
    if query.channel:
        channels = [channel for channel in channels if channel == query.channel]
        if not channels:
            raise FileNotFound("There is no such channel.", code="channel_not_found")
    found = await rows.select_visible(
        reader,
        call.account,
        "" if query.channel else here.me.id,
        channels=channels,
        owner=query.user,
        before_us=query.before_us,
        limit=query.count,
        offset=(query.page - 1) * query.count,
    )
    return [await to_json(env, here, file) for file in found]


async def delete_file(env: Env, call: Call, file_id: str) -> None:
    """Delete one's own file everywhere. Raises file_not_found and cant_delete_file."""
    here, file = await get_file(env, call, file_id)
    if file.user_id != here.me.id:
        raise denied("cant_delete_file", "Only who uploaded a file can delete it.")

    async def write(tx: Tx) -> None:
        shares = await rows.select_shares(tx, file.id)
        _tell_deleted(tx, env, file, [share.channel_id for share in shares])
        for share in shares:
            await forget_share(tx, file.account, share)
            message = await message_rows.find_message(tx, share.channel_id, share.ts_us)
            if message is not None:
                body = {**message.body, "files": _without(message.body.get("files"), file.id)}
                await message_rows.update_message(tx, replace(message, body=body))
        await rows.delete_file(tx, file)

    await env.store.transact(write)


def _tell_deleted(tx: Tx, env: Env, file: File, channels: Sequence[str]) -> None:
    """`file_deleted`, to apps in the channels where it was."""
    places = list(dict.fromkeys(channels))
    told: Json = {
        "type": "file_deleted",
        "file_id": file.id,
        "channel_ids": places,
        "event_ts": to_ts(env.clock.now_us()),
    }
    for place in places:
        tx.publish(WorkspaceTold(account=file.account, channel=place, what=json.dumps(told)))


def _without(files: object, file_id: str) -> list[object]:
    """The files of a message, with a tombstone in place of the deleted one."""
    shown = files if isinstance(files, list) else []
    return [
        {"id": file_id, "mode": "tombstone"}
        if isinstance(item, dict) and item.get("id") == file_id
        else item
        for item in shown
    ]


async def remove_bytes(env: Env) -> None:
    """Delete the objects of deleted files and of uploads that nobody completed in a day."""
    before_us = env.clock.now_us() - ABANDONED_US
    abandoned = await rows.select_abandoned(env.store.reader, before_us, REMOVE_BATCH)
    for file in abandoned:

        async def forget(tx: Tx, item: File = file) -> None:
            await rows.delete_file(tx, item)

        await env.store.transact(forget)
    for file_id, account in await rows.select_removals(env.store.reader, REMOVE_BATCH):
        workspace = await get_workspace(env, account)
        call = system_call(env, AccountId(account))
        try:
            await objects.delete_object(env, call, workspace.bucket, file_id)
        except objects.NoSuchBucket:
            env.log.debug("no bucket of files", account=account)

        async def done(tx: Tx, name: str = file_id) -> None:
            await rows.delete_removal(tx, name)

        await env.store.transact(done)
