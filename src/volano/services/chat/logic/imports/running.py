"""The job of an import: open the archive, take in people and places, then message after message.

It is run again after a crash: what is finished is passed over, the part that was under way goes on
behind its last batch. The archive is copied to this machine's disk first, because a zip is read
from its end; memory holds one day of one conversation at most.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import Invalid, VolanoError
from volano.kernel.ids import AccountId
from volano.services.chat.logic.files import open_bytes
from volano.services.chat.logic.imports.archive import BadArchive, open_archive
from volano.services.chat.logic.imports.attached import Shelf, attach_files
from volano.services.chat.logic.imports.forms import read_form
from volano.services.chat.logic.imports.messages import Names, author_of, to_imported
from volano.services.chat.logic.imports.people import take_people, unknown_person
from volano.services.chat.logic.imports.places import take_pins, take_places
from volano.services.chat.logic.imports.reporting import Origin, note_report
from volano.services.chat.logic.imports.writing import Batch, write_batch
from volano.services.chat.logic.workspaces import get_workspace
from volano.services.chat.model import ChannelKind, Json, Workspace
from volano.services.chat.model.transfers import (
    Part,
    PartProgress,
    Person,
    Report,
    Said,
    Transfer,
    TransferState,
)
from volano.services.chat.store import files as file_rows
from volano.services.chat.store import transfers as rows
from volano.services.objects import interface as objects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.kernel.work import JobContext
    from volano.services.chat.logic.imports.archive import Archive
    from volano.services.chat.logic.imports.forms import Form
    from volano.services.chat.logic.imports.messages import Imported

BATCH = 200
"""Messages in one transaction."""
FOLDER = "transfers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Importing:
    """What the steps of one import share. `people` and `places` grow as unknown ones appear."""

    transfer: Transfer
    workspace: Workspace
    origin: Origin
    form: Form
    shelf: Shelf
    people: dict[str, str]
    places: dict[str, str]
    kinds: dict[str, ChannelKind]


async def run_import(env: Env, context: JobContext, account: str, transfer_id: str) -> None:
    """Do the import, or what is left of it. Raises what ends it; then it is marked as failed."""
    transfer = await rows.find_transfer(env.store.reader, account, transfer_id)
    assert transfer is not None, "its row was written before the job"
    if transfer.state is not TransferState.RUNNING:
        return
    try:
        async with _opened(env, context, transfer) as archive:
            await _import(env, context, transfer, archive)
    except VolanoError as error:
        await _end(env, transfer, TransferState.FAILED, error.message)
        raise
    await _end(env, transfer, TransferState.DONE, "")


async def _end(env: Env, transfer: Transfer, state: TransferState, error: str) -> None:
    """Write how it ended; an uploaded archive is not needed any more once it was imported."""

    async def write(tx: Tx) -> None:
        current = await rows.find_transfer(tx, transfer.account, transfer.id)
        assert current is not None
        report = replace(current.report, error=error)
        ended = replace(current, state=state, report=report, ended_us=env.clock.now_us())
        await rows.update_transfer(tx, ended)
        file = await file_rows.find_file(tx, transfer.account, transfer.file_id)
        if file is not None and state is TransferState.DONE:
            await file_rows.delete_file(tx, file)

    await env.store.transact(write)


@asynccontextmanager
async def _opened(env: Env, context: JobContext, transfer: Transfer) -> AsyncIterator[Archive]:
    """The archive on local disk, gone afterwards."""
    folder = env.config.data_dir / FOLDER / transfer.id
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    await asyncio.to_thread(folder.mkdir, parents=True)
    try:
        path = folder / "archive"
        await _copy(env, context, transfer, path)
        archive = await asyncio.to_thread(open_archive, path, folder / "members")
        try:
            yield archive
        finally:
            archive.close()
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _copy(env: Env, context: JobContext, transfer: Transfer, path: Path) -> None:
    account = AccountId(transfer.account)
    await context.progress(0.0, "Reading the archive")
    if transfer.file_id:
        workspace = await get_workspace(env, transfer.account)
        file = await file_rows.find_file(env.store.reader, transfer.account, transfer.file_id)
        if file is None:
            raise BadArchive("The uploaded archive is gone; upload it again.")
        chunks = await open_bytes(env, workspace, account, file)
    else:
        bucket, key = str(transfer.options["bucket"]), str(transfer.options["key"])
        call = system_call(env, account, timeout_s=3600.0)
        _, chunks = await objects.open_object(env, call, bucket, key)
    with path.open("wb") as target:
        async for chunk in chunks:
            await asyncio.to_thread(target.write, chunk)


async def _import(env: Env, context: JobContext, transfer: Transfer, archive: Archive) -> None:
    form = await asyncio.to_thread(read_form, archive)
    origin = Origin(account=transfer.account, source=form.source, transfer_id=transfer.id)
    workspace = await get_workspace(env, transfer.account)
    await context.progress(0.02, "Taking in people")
    everybody = [*form.people, *_strangers(form)]
    people = await take_people(env, origin, everybody)
    await context.progress(0.05, "Taking in channels")
    places = await take_places(env, origin, workspace, form.places, people)
    work = Importing(
        transfer=transfer,
        workspace=workspace,
        origin=origin,
        form=form,
        shelf=Shelf(
            origin=origin,
            workspace=workspace,
            archive=archive,
            fetches=transfer.options.get("files") == "fetch",
            people=people,
        ),
        people=people,
        places=places,
        kinds={place.id: place.kind for place in form.places},
    )
    await _import_parts(env, context, work)
    for place in form.places:
        await take_pins(env, origin, places[place.id], place, people)
    report = Report()
    for name in form.unread:
        report.skip("parts that are not imported", f"{name} is not imported.")
    await note_report(env, origin, report)
    env.work.wake("chat:index")


def _strangers(form: Form) -> list[Person]:
    """Members of conversations who are in no list: people of other workspaces, or long gone."""
    known = {person.id for person in form.people}
    named = {user for place in form.places for user in (*place.members, place.creator) if user}
    return [unknown_person(user, {}) for user in sorted(named - known)]


async def _import_parts(env: Env, context: JobContext, work: Importing) -> None:
    parts = await asyncio.to_thread(lambda: work.form.parts)
    total = sum(part.size_bytes for part in parts) or 1
    read = 0
    for part in parts:
        await context.progress(0.08 + 0.9 * read / total, f"Reading {part.name}")
        await _import_part(env, context, work, part, read / total, part.size_bytes / total)
        read += part.size_bytes


async def _import_part(
    env: Env, context: JobContext, work: Importing, part: Part, base: float, share: float
) -> None:
    """Write what of one part is not written yet."""
    progress = await _progress_of(env, work, part)
    if progress.finished:
        return
    messages = work.form.messages(part)
    try:
        await asyncio.to_thread(_pass_over, messages, progress.done)
        while True:
            said = await asyncio.to_thread(lambda: list(islice(messages, BATCH)))
            done, finished = progress.done + len(said), len(said) < BATCH
            progress = replace(progress, done=done, finished=finished)
            progress = await _write(env, work, said, progress)
            if finished:
                return
            await context.progress(0.08 + 0.9 * (base + share / 2), f"{part.name}: {done} messages")
    except BadArchive as error:
        broken = Report()
        broken.skip("broken parts of the archive", f"{part.name}: {error.message}"[:300])
        await note_report(env, work.origin, broken)


def _pass_over(messages: Iterator[Said], count: int) -> None:
    for _ in islice(messages, count):
        pass


async def _progress_of(env: Env, work: Importing, part: Part) -> PartProgress:
    """Where the part stands; one whose bytes are others is begun behind what is known of it."""
    origin = work.origin
    known = await rows.find_part(env.store.reader, origin.account, origin.source, part.name)
    if known is None:
        return PartProgress(name=part.name, stamp=part.stamp)
    if known.stamp == part.stamp:
        return known
    newest_us = known.last_us if known.finished else known.known_us
    return PartProgress(name=part.name, stamp=part.stamp, known_us=newest_us, last_us=known.last_us)


async def _write(
    env: Env, work: Importing, said: Sequence[Said], progress: PartProgress
) -> PartProgress:
    report = Report()
    await _meet_strangers(env, work, said)
    names = Names(people=work.people, places=work.places)
    moved = names.moved
    items: list[Imported] = []
    files = []
    last_us = progress.last_us
    for one in said:
        item = _read(work, one, names, moved, report)
        if item is None:
            continue
        last_us = max(last_us, item.message.ts_us)
        if item.message.ts_us <= progress.known_us:
            report.skip("here already")
            continue
        kind = work.kinds[one.place]
        item, kept = await attach_files(env, work.shelf, item, kind, report)
        items.append(item)
        files += kept
    after = replace(progress, last_us=last_us)
    batch = Batch(items=items, files=files, after=after, report=report)
    await write_batch(env, work.origin, batch)
    return after


async def _meet_strangers(env: Env, work: Importing, said: Sequence[Said]) -> None:
    unknown: dict[str, Json] = {}
    for one in said:
        author = author_of(one.message)
        if author and author not in work.people:
            unknown.setdefault(author, one.message)
    if unknown:
        strangers = [unknown_person(author, message) for author, message in unknown.items()]
        work.people.update(await take_people(env, work.origin, strangers))


def _read(
    work: Importing, one: Said, names: Names, moved: dict[str, str], report: Report
) -> Imported | None:
    channel_id = work.places.get(one.place)
    if one.problem or channel_id is None:
        report.skip(one.problem or "messages of unknown conversations")
        return None
    try:
        return to_imported(
            one.message,
            account=work.origin.account,
            channel_id=channel_id,
            names=names,
            moved=moved,
        )
    except Invalid as error:
        note = f"A message of {one.place} at {one.message.get('ts')}: {error.message}"
        report.skip("messages that are none", note[:200])
        return None
