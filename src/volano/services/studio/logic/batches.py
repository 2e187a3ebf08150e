"""Batches as their owners see them: created, read, listed, cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from volano.kernel.errors import Conflict
from volano.services.models.interface import invalid, require_metadata
from volano.services.studio.logic import records
from volano.services.studio.logic.acting import asker_of
from volano.services.studio.model.batches import BATCH, ENDED, ENDPOINTS, WINDOW_US, Batch
from volano.services.studio.model.files import FILE, MAX_LIFE_S, MIN_LIFE_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.model.records import Listed, Paging

JOB = "studio:batch"


async def create_batch(
    env: Env,
    call: Call,
    *,
    input_file_id: str,
    endpoint: str,
    window: str,
    metadata: Mapping[str, str] | None = None,
    output_life_s: int = 0,
) -> Batch:
    """Have every line of a file answered; a job reads and checks it. Raises Invalid."""
    if endpoint not in ENDPOINTS:
        raise invalid("endpoint", f"it is one of {', '.join(ENDPOINTS)}")
    if window != "24h":
        raise invalid("completion_window", "it is `24h`")
    if output_life_s and not MIN_LIFE_S <= output_life_s <= MAX_LIFE_S:
        raise invalid("output_expires_after.seconds", f"it is {MIN_LIFE_S} to {MAX_LIFE_S}")
    file = await records.get(
        env.store.reader, FILE, call.account, input_file_id, param="input_file_id"
    )
    if file.purpose != "batch":
        raise invalid("input_file_id", f"the file is for '{file.purpose}', not for 'batch'")
    now_us = env.clock.now_us()
    batch = Batch(
        id=f"batch_{env.ids.hex(32)}",
        created_us=now_us,
        state="validating",
        endpoint=endpoint,
        input_file_id=file.id,
        window=window,
        asker=asker_of(call),
        metadata=None if metadata is None else require_metadata(metadata),
        output_life_s=output_life_s,
        ends_us=now_us + WINDOW_US,
    )
    await save_batch(env, call.account, batch)
    payload = msgspec.json.encode([call.account, batch.id]).decode()
    await env.work.submit(JOB, key=batch.id, account=call.account, payload=payload)
    return batch


async def get_batch(env: Env, call: Call, batch_id: str) -> Batch:
    """Raises RecordNotFound."""
    return await records.get(env.store.reader, BATCH, call.account, batch_id, param="batch_id")


async def list_batches(env: Env, call: Call, paging: Paging) -> Listed[Batch]:
    return await records.page(env.store.reader, BATCH, call.account, paging)


async def cancel_batch(env: Env, call: Call, batch_id: str) -> Batch:
    """Stop a batch soon; what is answered already is kept and paid. Raises Conflict."""

    async def write(tx: Tx) -> Batch:
        batch = await records.get(tx, BATCH, call.account, batch_id, param="batch_id")
        if batch.state in ENDED:
            raise Conflict(f"Cannot cancel a batch with status '{batch.state}'.")
        if batch.state == "cancelling":
            return batch
        times = {**batch.times_us, "cancelling": env.clock.now_us()}
        stopping = replace(batch, state="cancelling", times_us=times)
        await records.save(tx, BATCH, call.account, stopping)
        return stopping

    return await env.store.transact(write)


async def save_batch(env: Env, account: str, batch: Batch) -> None:
    async def write(tx: Tx) -> None:
        await records.save(tx, BATCH, account, batch)

    await env.store.transact(write)
