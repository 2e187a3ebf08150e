"""File batches: files put into a vector store together, and followed as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.services.studio.logic import records
from volano.services.studio.logic.vector_files import add_files
from volano.services.studio.logic.vector_stores import STATES
from volano.services.studio.model.records import Listed
from volano.services.studio.model.vector_stores import FILE_BATCH, STORE_FILE, FileBatch, StoreFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.model.records import Paging
    from volano.services.studio.model.vector_stores import Chunking


async def create_file_batch(
    env: Env,
    call: Call,
    store_id: str,
    wanted: Sequence[tuple[str, Mapping[str, object] | None, Chunking]],
) -> FileBatch:
    """Put files into a store; raises what adding them raises."""
    batch_id = f"vsfb_{env.ids.hex(24)}"
    added = await add_files(env, call, store_id, wanted, batch_id=batch_id)
    batch = FileBatch(
        id=batch_id, created_us=env.clock.now_us(), file_ids=tuple(file.id for file in added)
    )
    await _save(env, call.account, store_id, batch)
    return batch


async def get_file_batch(env: Env, call: Call, store_id: str, batch_id: str) -> FileBatch:
    return await records.get(
        env.store.reader, FILE_BATCH, call.account, batch_id, parent=store_id, param="batch_id"
    )


async def batch_files(env: Env, account: str, store_id: str, batch: FileBatch) -> list[StoreFile]:
    """Its files that are still in the store as the batch put them there."""
    found = await records.some(
        env.store.reader, STORE_FILE, account, batch.file_ids, parent=store_id
    )
    order = {id: at for at, id in enumerate(batch.file_ids)}
    mine = [file for file in found if file.batch_id == batch.id]
    return sorted(mine, key=lambda file: order[file.id])


def count_of(batch: FileBatch, files: Sequence[StoreFile]) -> dict[str, int]:
    """Files by state; those taken out since count as cancelled."""
    counts = dict.fromkeys(STATES, 0)
    for file in files:
        counts[file.state] += 1
    counts["cancelled"] += len(batch.file_ids) - len(files)
    return counts


def status_of(batch: FileBatch, counts: Mapping[str, int]) -> str:
    if batch.state == "cancelled":
        return "cancelled"
    if counts["in_progress"]:
        return "in_progress"
    return "failed" if counts["failed"] == len(batch.file_ids) else "completed"


async def list_batch_files(
    env: Env,
    call: Call,
    store_id: str,
    batch_id: str,
    paging: Paging,
    *,
    state: str | None = None,
) -> Listed[StoreFile]:
    """One page of the batch's files."""
    batch = await get_file_batch(env, call, store_id, batch_id)
    files = await batch_files(env, call.account, store_id, batch)
    files = [file for file in files if state in (None, file.state)]
    if paging.newest_first:
        files.reverse()
    ids = [file.id for file in files]
    start = _at(ids, paging.after, "after") + 1 if paging.after else 0
    end = _at(ids, paging.before, "before") if paging.before else len(files)
    window = files[start:end]
    return Listed(window[: paging.limit], len(window) > paging.limit)


def _at(ids: Sequence[str], id: str, param: str) -> int:
    if id not in ids:
        raise records.missing(STORE_FILE, id, param=param)
    return ids.index(id)


async def cancel_file_batch(env: Env, call: Call, store_id: str, batch_id: str) -> FileBatch:
    """Stop what of the batch has not been read yet."""
    batch = await get_file_batch(env, call, store_id, batch_id)
    files = await batch_files(env, call.account, store_id, batch)
    if not any(file.state == "in_progress" for file in files):
        return batch

    async def write(tx: Tx) -> None:
        for file in files:
            now = await records.find(tx, STORE_FILE, call.account, file.id, parent=store_id)
            if now is not None and now.state == "in_progress":
                stopped = replace(now, state="cancelled")
                await records.save(tx, STORE_FILE, call.account, stopped, parent=store_id)

    await env.store.transact(write)
    cancelled = replace(batch, state="cancelled")
    await _save(env, call.account, store_id, cancelled)
    return cancelled


async def _save(env: Env, account: str, store_id: str, batch: FileBatch) -> None:
    async def write(tx: Tx) -> None:
        await records.save(tx, FILE_BATCH, account, batch, parent=store_id)

    await env.store.transact(write)
