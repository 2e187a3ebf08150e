"""The job of an export: Slack's lists, a folder of days for each conversation, and files' bytes.

Written member by member into a zip on this machine's disk, then kept as a file of who asked for it.
It is made anew after a crash. Memory holds one day of one conversation.
"""

from __future__ import annotations

import asyncio
import shutil
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.call import system_call
from volano.kernel.errors import NotFound, VolanoError
from volano.kernel.ids import AccountId
from volano.services.chat.logic.exports.lists import direct_json, place_json, user_records
from volano.services.chat.logic.files import open_bytes, require_bucket
from volano.services.chat.logic.payloads import message_json
from volano.services.chat.logic.workspaces import get_workspace
from volano.services.chat.model import (
    Channel,
    ChannelKind,
    File,
    FileState,
    Json,
    Message,
    Workspace,
    to_ts,
)
from volano.services.chat.model.transfers import Report, Transfer, TransferState
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import files as file_rows
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import transfers as rows
from volano.services.objects import interface as objects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.kernel.work import JobContext

FOLDER = "transfers"
PAGE = 500
CHUNK_BYTES = 1024 * 1024
MAX_CHANNELS = 100_000
_LISTS = {
    ChannelKind.PUBLIC: "channels.json",
    ChannelKind.PRIVATE: "groups.json",
    ChannelKind.IM: "dms.json",
    ChannelKind.MPIM: "mpims.json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """What the steps of one export share."""

    workspace: Workspace
    archive: zipfile.ZipFile
    after_us: int
    before_us: int
    with_files: bool
    report: Report
    files: set[str]
    """Whose bytes are in the archive already."""


async def run_export(env: Env, context: JobContext, account: str, transfer_id: str) -> None:
    """Make the archive. Raises what ends it; then it is marked as failed."""
    transfer = await rows.find_transfer(env.store.reader, account, transfer_id)
    assert transfer is not None, "its row was written before the job"
    if transfer.state is not TransferState.RUNNING:
        return
    folder = env.config.data_dir / FOLDER / transfer.id
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    await asyncio.to_thread(folder.mkdir, parents=True)
    try:
        path = folder / "export.zip"
        report = await _write_archive(env, context, transfer, path)
        await context.progress(0.95, "Keeping the archive")
        file = await _keep(env, transfer, path)
        await _end(env, replace(transfer, file_id=file.id, report=report), file)
    except VolanoError as error:
        failed = replace(transfer, state=TransferState.FAILED, report=Report(error=error.message))
        await _end(env, failed, None)
        raise
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _end(env: Env, transfer: Transfer, file: File | None) -> None:
    done = TransferState.FAILED if file is None else TransferState.DONE
    ended = replace(transfer, state=done, ended_us=env.clock.now_us())

    async def write(tx: Tx) -> None:
        current = await rows.find_transfer(tx, transfer.account, transfer.id)
        assert current is not None
        if file is not None:
            await file_rows.insert_stored_file(tx, file)
        await rows.update_transfer(tx, replace(ended, job_id=current.job_id))

    await env.store.transact(write)


async def _write_archive(env: Env, context: JobContext, transfer: Transfer, path: Path) -> Report:
    options = msgspec.convert(transfer.options, Options)
    kinds = tuple(ChannelKind) if options.everything else (ChannelKind.PUBLIC,)
    channels = await channel_rows.select_all(
        env.store.reader,
        transfer.account,
        kinds=kinds,
        containing="",
        after="",
        limit=MAX_CHANNELS,
    )
    archive = await asyncio.to_thread(zipfile.ZipFile, path, "w", zipfile.ZIP_DEFLATED)
    try:
        work = Exporting(
            workspace=await get_workspace(env, transfer.account),
            archive=archive,
            after_us=options.after_us,
            before_us=options.before_us,
            with_files=options.files,
            report=Report(),
            files=set(),
        )
        await _write_lists(env, work, channels, kinds)
        for number, channel in enumerate(channels):
            await context.progress(0.9 * number / len(channels), f"Writing {_folder(channel)}")
            await _write_channel(env, work, channel)
        return work.report
    finally:
        await asyncio.to_thread(archive.close)


class Options(msgspec.Struct, kw_only=True):
    """What was asked: everything or public channels, between two moments, with files' bytes."""

    everything: bool
    after_us: int
    before_us: int
    files: bool


async def _add(work: Exporting, name: str, content: object) -> None:
    raw = msgspec.json.format(msgspec.json.encode(content), indent=2)
    await asyncio.to_thread(work.archive.writestr, name, raw)


async def _write_lists(
    env: Env, work: Exporting, channels: Sequence[Channel], kinds: Sequence[ChannelKind]
) -> None:
    users = await user_records(env, work.workspace)
    work.report.add("people", len(users))
    await _add(work, "users.json", users)
    await _add(work, "integration_logs.json", [])
    for kind in kinds:
        shown = [
            direct_json(channel)
            if kind is ChannelKind.IM
            else await place_json(env, work.workspace, channel)
            for channel in channels
            if channel.kind is kind
        ]
        await _add(work, _LISTS[kind], shown)
        work.report.add("direct conversations" if kind.is_direct else "channels", len(shown))


def _folder(channel: Channel) -> str:
    return channel.id if channel.kind is ChannelKind.IM else channel.name


def _day(message: Message) -> str:
    return datetime.fromtimestamp(message.ts_us // 1_000_000, UTC).date().isoformat()


async def _write_channel(env: Env, work: Exporting, channel: Channel) -> None:
    """One member for each day on which something was said."""
    pending: list[Message] = []
    async for page in _pages(env, work, channel):
        pending += page
        days = [(day, list(found)) for day, found in groupby(pending, _day)]
        for day, found in days[:-1]:
            await _write_day(env, work, channel, day, found)
        pending = days[-1][1] if days else []
    if pending:
        await _write_day(env, work, channel, _day(pending[0]), pending)


async def _pages(env: Env, work: Exporting, channel: Channel) -> AsyncIterator[list[Message]]:
    after_us = work.after_us - 1
    while True:
        page = await message_rows.select_between(
            env.store.reader, channel.id, after_us=after_us, before_us=work.before_us, limit=PAGE
        )
        if not page:
            return
        yield page
        after_us = page[-1].ts_us


async def _write_day(
    env: Env, work: Exporting, channel: Channel, day: str, messages: Sequence[Message]
) -> None:
    shown: list[Json] = []
    for start in range(0, len(messages), PAGE):
        shown += await _shown(env, work, channel, messages[start : start + PAGE])
    await _add(work, f"{_folder(channel)}/{day}.json", shown)
    work.report.add("messages", len(messages))
    if work.with_files:
        for message in messages:
            await _write_files(env, work, message)


async def _shown(
    env: Env, work: Exporting, channel: Channel, messages: Sequence[Message]
) -> list[Json]:
    """Messages as Slack's export has them: with reactions and, in threads, their replies."""
    reader = env.store.reader
    stamps = [message.ts_us for message in messages]
    reactions = await message_rows.select_reactions(reader, channel.id, stamps)
    roots = [message.ts_us for message in messages if message.reply_count]
    repliers = await message_rows.select_repliers(reader, channel.id, roots)
    replies = await message_rows.select_reply_stamps(reader, channel.id, roots)
    found = []
    for message in messages:
        shown = message_json(
            work.workspace,
            message,
            reactions=reactions.get(message.ts_us, ()),
            repliers=repliers.get(message.ts_us, ()),
        )
        if message.ts_us in replies:
            shown["replies"] = [
                {"user": user, "ts": to_ts(ts_us)} for user, ts_us in replies[message.ts_us]
            ]
        found.append(shown)
    return found


async def _write_files(env: Env, work: Exporting, message: Message) -> None:
    """The bytes of a message's files, where importers of Slack's exports look for them."""
    shares = await file_rows.select_shares_of_message(
        env.store.reader, message.channel_id, message.ts_us
    )
    for share in shares:
        file = await file_rows.find_file(env.store.reader, message.account, share.file_id)
        if file is None or file.id in work.files:
            continue
        work.files.add(file.id)
        try:
            chunks = await open_bytes(env, work.workspace, AccountId(message.account), file)
        except NotFound:
            work.report.skip("files without bytes", f"{file.name} has no bytes any more.")
            continue
        await _write_bytes(work.archive, f"__uploads/{file.id}/{file.name}", chunks)
        work.report.add("files")


async def _write_bytes(archive: zipfile.ZipFile, name: str, chunks: AsyncIterator[bytes]) -> None:
    with archive.open(name, "w", force_zip64=True) as member:
        async for chunk in chunks:
            await asyncio.to_thread(member.write, chunk)


async def _keep(env: Env, transfer: Transfer, path: Path) -> File:
    """The archive as a file that only who asked for it may read."""
    workspace = await get_workspace(env, transfer.account)
    call = system_call(env, AccountId(transfer.account), timeout_s=3600.0)
    await require_bucket(env, call, workspace)
    now_us = env.clock.now_us()
    file = File(
        id=env.ids.slack("F"),
        account=transfer.account,
        user_id=transfer.user_id,
        name=f"{workspace.name} export {_stamp(now_us)}.zip",
        title="",
        size_bytes=0,
        state=FileState.SHARED,
        indexed=True,
        created_us=now_us,
    )
    stored = await objects.put_object(
        env, call, workspace.bucket, file.id, _chunks(path), content_type="application/zip"
    )
    return replace(file, size_bytes=stored.size_bytes)


def _stamp(now_us: int) -> str:
    return datetime.fromtimestamp(now_us // 1_000_000, UTC).strftime("%Y-%m-%d %H%M")


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as source:
        while chunk := await asyncio.to_thread(source.read, CHUNK_BYTES):
            yield chunk
