"""Writing a batch of imported messages: rows, words, reactions, threads, files and how far it got,
in one transaction, so that a crash anywhere leaves nothing half done and nothing is done twice.

No events are published: what was said years ago calls nobody, tells no app and previews no link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat.logic.imports.reporting import add_to_report
from volano.services.chat.logic.messages import TOMBSTONE
from volano.services.chat.logic.words import MAX_WORDS, UNSEARCHED, searched_text, words_of
from volano.services.chat.model import File, Message, Share
from volano.services.chat.model.transfers import PartProgress, Report
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import files as file_rows
from volano.services.chat.store import imports as import_rows
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import transfers as rows
from volano.services.chat.store import words as word_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.chat.logic.imports.messages import Imported
    from volano.services.chat.logic.imports.reporting import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Messages of one part, in order, and where the part stands after them."""

    items: Sequence[Imported]
    files: Sequence[tuple[File, Share]]
    after: PartProgress
    report: Report
    """What was skipped while it was read."""


async def write_batch(env: Env, origin: Origin, batch: Batch) -> None:
    """Write what is not here yet; what the channel has at the same `ts` stays."""
    by_channel: dict[str, dict[int, Imported]] = {}
    for item in batch.items:
        by_channel.setdefault(item.message.channel_id, {}).setdefault(item.message.ts_us, item)

    async def write(tx: Tx) -> None:
        report = Report()
        report.merge(batch.report)
        twice = len(batch.items) - sum(len(found) for found in by_channel.values())
        if twice:
            report.skip("there twice", number=twice)
        for channel_id, found in by_channel.items():
            await _write_channel(tx, channel_id, found, report)
        for file, share in batch.files:
            await _write_file(tx, file, share, report)
        await rows.upsert_part(tx, origin.account, origin.source, batch.after)
        await add_to_report(tx, origin, report)

    await env.store.transact(write)


async def _write_channel(
    tx: Tx, channel_id: str, found: dict[int, Imported], report: Report
) -> None:
    present = await import_rows.select_present(tx, channel_id, sorted(found))
    if present:
        report.skip("here already", number=len(present))
    fresh = [found[ts_us] for ts_us in sorted(found) if ts_us not in present]
    if not fresh:
        return
    for item in fresh:
        await message_rows.insert_message(tx, item.message)
    await _write_words(tx, [item.message for item in fresh])
    report.add("messages", len(fresh))
    for item in fresh:
        report.add("reactions", await _write_reactions(tx, item))
    replies = [item.message for item in fresh if item.message.is_reply]
    report.add("replies", len(replies))
    for thread_us in sorted({message.thread_us for message in replies}):
        await _require_root(tx, channel_id, thread_us, replies, report)
        await message_rows.recount_replies(tx, channel_id, thread_us)
    await channel_rows.raise_last_ts(tx, channel_id, fresh[-1].message.ts_us)


async def _require_root(
    tx: Tx, channel_id: str, thread_us: int, replies: Sequence[Message], report: Report
) -> None:
    """A thread whose first message the archive lacks begins with a tombstone."""
    if await message_rows.find_message(tx, channel_id, thread_us) is not None:
        return
    first = next(message for message in replies if message.thread_us == thread_us)
    grave = Message(
        channel_id=channel_id,
        ts_us=thread_us,
        account=first.account,
        user_id=first.user_id,
        subtype="tombstone",
        text=TOMBSTONE,
        body={"hidden": True},
        thread_us=thread_us,
        indexed=True,
    )
    await message_rows.insert_message(tx, grave)
    report.add("threads without their first message")


async def _write_words(tx: Tx, messages: Sequence[Message]) -> None:
    words = [
        (message.account, word, message.channel_id, message.ts_us)
        for message in messages
        if not message.subtype.startswith(UNSEARCHED)
        for word in words_of(searched_text(message))[:MAX_WORDS]
    ]
    await word_rows.insert_words(tx, words)


async def _write_reactions(tx: Tx, item: Imported) -> int:
    given = 0
    for name, users in item.reactions:
        for user in users:
            given += 1
            added_us = item.message.ts_us + given  # keeps the order in which they are listed
            await message_rows.insert_reaction(
                tx, item.message.channel_id, item.message.ts_us, name, user, added_us
            )
    return given


async def _write_file(tx: Tx, file: File, share: Share, report: Report) -> None:
    if await message_rows.find_message(tx, share.channel_id, share.ts_us) is None:
        return
    if await file_rows.find_file(tx, file.account, file.id) is None:
        await file_rows.insert_stored_file(tx, file)
        report.add("files")
    await file_rows.insert_share(tx, share)
