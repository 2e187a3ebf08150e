"""What retrieval knows of messages and files: taken out in the transaction that changes them, put
in later.

Rows say what is to be done: a message or file with `indexed` 0 is not in the index yet. So a crash
loses nothing, and what is edited, deleted or unshared is gone from answers with its commit. What
the copilot wrote is never indexed: it would quote itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import NotFound
from volano.kernel.ids import AccountId
from volano.services.chat.logic.blocks import block_texts
from volano.services.chat.logic.mrkdwn import to_plain
from volano.services.chat.model import File, Message, Share
from volano.services.chat.store import files as file_rows
from volano.services.chat.store import messages as rows
from volano.services.chat.store import workspaces as workspace_rows
from volano.services.objects import interface as objects
from volano.services.studio import interface as studio

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

BATCH = 50
"""Messages indexed in one transaction."""
MAX_BATCHES = 40
FILE_BATCH = 10
MESSAGE, FILE = "message", "file"


def message_source(channel_id: str, ts_us: int) -> str:
    """The name of a message in the index."""
    return f"{MESSAGE}:{channel_id}:{ts_us}"


def file_source(file_id: str, channel_id: str) -> str:
    """The name in the index of a file as it is shared in one channel."""
    return f"{FILE}:{file_id}:{channel_id}"


def message_words(message: Message, copilot_id: str) -> str:
    """The message as plain lines: its text, then what only its blocks say.

    What is said to the copilot, after its mention, is a question and answers nothing.
    """
    lines: dict[str, None] = {}
    for whole in (message.text, *block_texts(message.body)):
        text = whole.partition(f"<@{copilot_id}>")[0]
        for line in to_plain(text).splitlines():
            if line.strip():
                lines.setdefault(line.strip(), None)
    return "\n".join(lines)


async def forget_message(tx: Tx, message: Message) -> None:
    """Take a message out of the index in the caller's transaction."""
    source = message_source(message.channel_id, message.ts_us)
    await studio.remove_source(tx, message.account, source)


async def forget_share(tx: Tx, account: str, share: Share) -> None:
    """Take a file's text out of the index for the channel where it was shared."""
    source = file_source(share.file_id, share.channel_id)
    await studio.remove_source(tx, account, source)


async def unshare_files(tx: Tx, message: Message) -> None:
    """The message goes: its files are not shared by it any more.

    A file that is shared in the channel a second time is put into the index again.
    """
    for share in await file_rows.select_shares_of_message(tx, message.channel_id, message.ts_us):
        await forget_share(tx, message.account, share)
        await file_rows.delete_share(tx, share)
        file = await file_rows.find_file(tx, message.account, share.file_id)
        if file is not None:
            await file_rows.update_file(tx, replace(file, indexed=False))


async def index_waiting(env: Env, account: str) -> None:
    """Put in what is waiting, messages first; repeating and running twice is harmless."""
    for _ in range(MAX_BATCHES):
        messages = await rows.select_unindexed(env.store.reader, account, BATCH)
        if not messages:
            break
        await _index_messages(env, messages)
    for file in await file_rows.select_unindexed(env.store.reader, account, FILE_BATCH):
        await _index_file(env, file)


async def _index_messages(env: Env, messages: list[Message]) -> None:
    workspace = await workspace_rows.find_workspace(env.store.reader, messages[0].account)
    assert workspace is not None
    documents = [_document(message, workspace.copilot_id) for message in messages]
    prepared = [studio.prepare(document) for document in documents]

    async def write(tx: Tx) -> None:
        for message, document, sentences in zip(messages, documents, prepared, strict=True):
            if await rows.mark_indexed(tx, message):
                await studio.index_document(tx, document, sentences)

    await env.store.transact(write)


def _document(message: Message, copilot_id: str) -> studio.Document:
    return studio.Document(
        account=message.account,
        source=message_source(message.channel_id, message.ts_us),
        scope=message.channel_id,
        kind=MESSAGE,
        title="",
        text=message_words(message, copilot_id),
        format=studio.Format.MESSAGE,
        ts_us=message.ts_us,
    )


async def _index_file(env: Env, file: File) -> None:
    format = studio.find_format(file.name, file.size_bytes)
    text = "" if format is None else await _read_text(env, file)
    shares = await file_rows.select_shares(env.store.reader, file.id)
    prepared: list[tuple[studio.Document, studio.Prepared]] = []
    for channel_id in {share.channel_id for share in shares} if format and text else ():
        document = studio.Document(
            account=file.account,
            source=file_source(file.id, channel_id),
            scope=channel_id,
            kind=FILE,
            title=file.title or file.name,
            text=text,
            format=format or studio.Format.PLAIN,
            ts_us=file.created_us,
        )
        prepared.append((document, await asyncio.to_thread(studio.prepare, document)))

    async def write(tx: Tx) -> None:
        current = await file_rows.find_file(tx, file.account, file.id)
        now = await file_rows.select_shares(tx, file.id)
        if current is None or now != shares:
            return  # deleted or shared elsewhere meanwhile: the next run sees the rows as they are
        for document, sentences in prepared:
            await studio.index_document(tx, document, sentences)
        await file_rows.update_file(tx, replace(current, indexed=True))

    await env.store.transact(write)


async def _read_text(env: Env, file: File) -> str:
    workspace = await workspace_rows.find_workspace(env.store.reader, file.account)
    assert workspace is not None
    call = system_call(env, AccountId(file.account))
    try:
        data = await objects.read_object(
            env, call, workspace.bucket, file.id, limit_bytes=file.size_bytes
        )
    except NotFound:
        return ""
    return data.decode("utf-8", "replace")
