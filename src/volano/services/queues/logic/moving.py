"""Moves of dead letters back to their sources or to a chosen queue (StartMessageMoveTask)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.queues.logic.access import find_queue_by_arn, require_access
from volano.services.queues.logic.errors import (
    InvalidParameterValue,
    ResourceNotFound,
    UnsupportedOperation,
)
from volano.services.queues.logic.sending import append_to_group
from volano.services.queues.logic.waiting import wake_receivers
from volano.services.queues.model import MAX_BATCH, MOVE_RATE, Message, MoveTask, Queue
from volano.services.queues.store import groups as group_rows
from volano.services.queues.store import messages as message_rows
from volano.services.queues.store import moves as rows
from volano.services.queues.store import queues as queue_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_RUNNING = 100
"""Moves that advance at the same time; the others wait."""
MAX_STEP = 200
"""Messages moved in one transaction."""


async def start_move(
    env: Env, call: Call, source_arn: str, *, destination: str, rate: int | None
) -> MoveTask:
    """Raises ResourceNotFound, InvalidParameterValue and UnsupportedOperation."""
    source = await _get_source(env, call, source_arn)
    if rate is not None and not 1 <= rate <= MOVE_RATE:
        raise InvalidParameterValue(
            f"MaxNumberOfMessagesPerSecond must be between 1 and {MOVE_RATE}."
        )
    if destination:
        target = await find_queue_by_arn(env, env.store.reader, destination)
        if target is None:
            raise ResourceNotFound(
                "The resource that you specified for the DestinationArn parameter doesn't exist."
            )
        await require_access(env, call, "sqs:SendMessage", target)
        if target.is_fifo != source.is_fifo:
            raise InvalidParameterValue("Source and destination must be queues of the same type.")
    now_us = env.clock.now_us()
    visible, _, _ = await message_rows.count_messages(env.store.reader, source.id, now_us=now_us)
    task = MoveTask(
        id=env.ids.uuid(),
        account=call.account,
        source=source.arn,
        destination=destination,
        rate=rate or 0,
        status=rows.RUNNING,
        wanted=visible,
        started_us=now_us,
        advanced_us=now_us,
    )

    async def write(tx: Tx) -> None:
        others = await rows.select_tasks(tx, source.account, source.arn, limit=MAX_BATCH)
        if any(one.status == rows.RUNNING for one in others):
            raise UnsupportedOperation(
                "There is already a task running. Only one active task is allowed for a source "
                "queue arn at a given time."
            )
        await rows.insert_task(tx, task)

    await env.store.transact(write)
    return task


async def _get_source(env: Env, call: Call, source_arn: str) -> Queue:
    source = await find_queue_by_arn(env, env.store.reader, source_arn)
    if source is None or source.account != call.account:
        raise ResourceNotFound(
            "The resource that you specified for the SourceArn parameter doesn't exist."
        )
    sources = await queue_rows.select_sources(
        env.store.reader, source.arn, after="", limit=1, region=env.region.name
    )
    if not sources:
        raise InvalidParameterValue("Source queue must be configured as a Dead Letter Queue.")
    return source


async def list_moves(env: Env, call: Call, source_arn: str, *, limit: int) -> list[MoveTask]:
    """The newest first. Raises ResourceNotFound."""
    source = await find_queue_by_arn(env, env.store.reader, source_arn)
    if source is None or source.account != call.account:
        raise ResourceNotFound(
            "The resource that you specified for the SourceArn parameter doesn't exist."
        )
    return await rows.select_tasks(env.store.reader, call.account, source.arn, limit=limit)


async def cancel_move(env: Env, call: Call, task_id: str) -> MoveTask:
    """What was moved stays moved. Raises ResourceNotFound."""

    async def write(tx: Tx) -> MoveTask:
        task = await rows.select_task(tx, task_id) if "\x00" not in task_id else None
        if task is None or task.account != call.account:
            raise ResourceNotFound("Task does not exist.")
        if task.status != rows.RUNNING:
            raise UnsupportedOperation(
                "Only message move tasks in RUNNING status can be cancelled."
            )
        cancelled = replace(task, status="CANCELLED")
        await rows.update_task(tx, cancelled)
        return cancelled

    return await env.store.transact(write)


async def advance_moves(env: Env) -> int:
    """Move what each running task may by now; returns how many messages were moved."""
    moved = 0
    for task in await rows.select_running(env.store.reader, limit=MAX_RUNNING):
        moved += await _advance(env, task)
    return moved


async def _advance(env: Env, task: MoveTask) -> int:
    """One step of a task. What it may move grows with the time since its last step."""
    filled: set[str] = set()

    async def step(tx: Tx) -> int:
        filled.clear()
        current = await rows.select_task(tx, task.id)
        if current is None or current.status != rows.RUNNING:
            return 0
        now_us = env.clock.now_us()
        passed_us = max(now_us - current.advanced_us, 0)
        allowed = min((current.rate or MOVE_RATE) * passed_us // 1_000_000, MAX_STEP)
        if not allowed:
            return 0
        return await _move(tx, env, current, int(allowed), now_us, filled)

    moved = await env.store.transact(step)
    for arn in filled:
        wake_receivers(env, arn)
    return moved


async def _move(
    tx: Tx, env: Env, task: MoveTask, allowed: int, now_us: int, filled: set[str]
) -> int:
    source = await find_queue_by_arn(env, tx, task.source)
    if source is None:
        await rows.update_task(tx, replace(task, status="FAILED", failure="QueueDoesNotExist"))
        return 0
    waiting = await message_rows.select_messages(tx, source.id, now_us=now_us, limit=allowed)
    moved, failure = 0, ""
    for message in waiting:
        target = await find_queue_by_arn(env, tx, task.destination or message.source_arn)
        if target is None or target.is_fifo != source.is_fifo:
            failure = "CouldNotDetermineMessageSource"
            break
        await _put(tx, source, target, message, now_us)
        filled.add(target.arn)
        moved += 1
    ended = failure or task.moved + moved >= task.wanted or len(waiting) < allowed
    status = ("FAILED" if failure else "COMPLETED") if ended else task.status
    await rows.update_task(
        tx,
        replace(task, moved=task.moved + moved, status=status, failure=failure, advanced_us=now_us),
    )
    return moved


async def _put(tx: Tx, source: Queue, target: Queue, message: Message, now_us: int) -> None:
    await message_rows.delete_message(tx, source.id, message.id)
    fresh = replace(
        message,
        visible_us=now_us,
        sent_us=now_us,
        receipt="",
        receive_count=0,
        first_received_us=0,
        source_arn="",
    )
    if not target.is_fifo:
        await message_rows.insert_message(tx, target.id, fresh)
        return
    await append_to_group(tx, target.id, fresh, now_us=now_us)
    await group_rows.refresh_group(tx, source.id, message.group_id)
