"""Old messages, messages of deleted and purged queues, and what FIFO queues need not remember."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from volano.services.queues.logic.sending import SEQ_PER_US
from volano.services.queues.model import DEDUP_US
from volano.services.queues.store import groups as group_rows
from volano.services.queues.store import messages as message_rows
from volano.services.queues.store import moves as move_rows
from volano.services.queues.store import queues as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.queues.model import Queue

BATCH = 500
PAGE = 200
KEEP_TASKS_US = 30 * 86_400 * 1_000_000


async def expire_messages(env: Env) -> int:
    """Delete what is older than its queue keeps; returns how many."""
    deleted, after = 0, ("", "")
    while page := await rows.select_all_queues(
        env.store.reader, after=after, limit=PAGE, region=env.region.name
    ):
        for queue in page:
            deleted += await _expire(env, queue)
        after = (page[-1].account, page[-1].name)
    return deleted


async def _expire(env: Env, queue: Queue) -> int:
    now_us = env.clock.now_us()
    before_us = now_us - queue.seconds("MessageRetentionPeriod") * 1_000_000
    deleted = 0
    while old := await message_rows.select_sent_before(
        env.store.reader, queue.id, before_us=before_us, limit=BATCH
    ):
        await env.store.transact(partial(_delete_old, queue=queue, old=old, now_us=now_us))
        deleted += len(old)
    return deleted


async def _delete_old(tx: Tx, *, queue: Queue, old: list[tuple[str, str]], now_us: int) -> None:
    for message_id, _ in old:
        await message_rows.delete_message(tx, queue.id, message_id)
    if queue.is_fifo:
        for group_id in {group_id for _, group_id in old}:
            await group_rows.refresh_group(tx, queue.id, group_id)


async def delete_gone(env: Env) -> int:
    """Delete the messages of deleted and purged queues, batch by batch; returns how many."""
    deleted = 0
    while gone := await rows.select_gone(env.store.reader, limit=PAGE):
        for queue_id in gone:
            deleted += await _delete_all(env, queue_id)
    return deleted


async def _delete_all(env: Env, queue_id: str) -> int:
    async def remove(tx: Tx) -> int:
        count = await message_rows.delete_some(tx, queue_id, limit=BATCH)
        if count < BATCH:
            await group_rows.delete_groups_of(tx, queue_id)
            await rows.delete_gone(tx, queue_id)
        return count

    deleted = 0
    while True:
        count = await env.store.transact(remove)
        deleted += count
        if count < BATCH:
            return deleted


async def forget_old(env: Env) -> None:
    """Forget deduplication ids that are over, groups that are long empty, old moves."""
    now_us = env.clock.now_us()
    idle = await group_rows.select_empty_groups(
        env.store.reader, before_seq=(now_us - DEDUP_US) * SEQ_PER_US, limit=BATCH
    )

    async def forget(tx: Tx) -> None:
        await group_rows.delete_expired_seen(tx, now_us=now_us)
        await group_rows.delete_groups(tx, idle)
        await move_rows.delete_old_tasks(tx, before_us=now_us - KEEP_TASKS_US)

    await env.store.transact(forget)
