"""Tasks of the office as VTODO objects, so that calendar programs show and change them.

A task is the office's; an entry beside it keeps the name and UID that a program gave it. Entries
are made to fit the tasks whenever a program looks (`refresh`), because tasks change elsewhere too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import icalendar

from volano.services.calendar.logic.ics import PRODUCT, moment_us, parse_calendar, wrong
from volano.services.calendar.model import Collection, Entry
from volano.services.calendar.store import events as rows
from volano.services.office import interface as office

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

    Filed = list[tuple[Entry, office.Task]]


async def refresh(env: Env, call: Call) -> Filed:
    """The caller's tasks, 500 open and 500 done at most, with their entries made to fit."""
    mine = await office.me(env, call)
    open_ones = await office.list_tasks(env, call, done=False, given=False)
    done_ones = await office.list_tasks(env, call, done=True, given=False)
    tasks = {task.id: task for task in (*open_ones, *done_ones)}
    entries = await _entries(env, mine.id, call.account)
    if _fits(entries, tasks):
        return [(entry, tasks[entry.target_id]) for entry in entries.values()]

    async def write(tx: Tx) -> dict[str, Entry]:
        kept = await rows.select_entries(tx, call.account, mine.id, Collection.TASKS, after_seq=0)
        known = {entry.target_id: entry for entry in kept}
        for entry in kept:
            if entry.target_id not in tasks:
                await _file(tx, replace(entry, gone=True))
        return {
            task.id: await _fit(tx, known.get(task.id), task, mine.id) for task in tasks.values()
        }

    fitted = await env.store.transact(write)
    return [(fitted[task_id], task) for task_id, task in tasks.items()]


async def _entries(env: Env, user_id: str, account: str) -> dict[str, Entry]:
    found = await rows.select_entries(
        env.store.reader, account, user_id, Collection.TASKS, after_seq=0
    )
    return {entry.target_id: entry for entry in found}


def _fits(entries: dict[str, Entry], tasks: dict[str, office.Task]) -> bool:
    return entries.keys() == tasks.keys() and all(
        entry.etag == _etag(tasks[task_id]) for task_id, entry in entries.items()
    )


def _etag(task: office.Task) -> str:
    return f"{task.updated_us:x}"


async def _fit(tx: Tx, known: Entry | None, task: office.Task, user_id: str) -> Entry:
    if known is not None and known.etag == _etag(task):
        return known
    entry = known or Entry(
        account=task.account,
        user_id=user_id,
        collection=Collection.TASKS,
        name=f"{task.id}.ics",
        target_id=task.id,
        seq=0,
        uid=task.id,
    )
    return await _file(tx, replace(entry, etag=_etag(task)))


async def _file(tx: Tx, entry: Entry) -> Entry:
    entry = replace(entry, seq=await rows.next_seq(tx, entry.account, entry.user_id))
    await rows.upsert_entry(tx, entry)
    return entry


async def find(env: Env, call: Call, name: str) -> tuple[Entry, office.Task] | None:
    """A task by the name that it has in the collection."""
    found = await refresh(env, call)
    return next((pair for pair in found if pair[0].name == name), None)


def to_text(entry: Entry, task: office.Task) -> str:
    """A task as a calendar with a VTODO."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    todo = icalendar.Todo()
    todo.add("uid", entry.uid or task.id)
    todo.add("summary", task.title)
    todo.add("dtstamp", _time(task.updated_us))
    todo.add("created", _time(task.created_us))
    todo.add("last-modified", _time(task.updated_us))
    if task.note:
        todo.add("description", task.note)
    if task.due_us:
        todo.add("due", _time(task.due_us))
    todo.add("status", "COMPLETED" if task.done_us else "NEEDS-ACTION")
    if task.done_us:
        todo.add("completed", _time(task.done_us))
        todo.add("percent-complete", 100)
    calendar.add_component(todo)
    return str(calendar.to_ical().decode())


def _time(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC)


async def put(
    env: Env, call: Call, name: str, text: str, known: tuple[Entry, office.Task] | None
) -> str:
    """Make or change the task that a VTODO describes; returns its ETag. Raises InvalidEvent."""
    todo = _todo(text)
    wanted = office.Wanted(
        title=str(todo.get("SUMMARY", "")) or "Untitled",
        note=str(todo.get("DESCRIPTION", "")),
        due_us=_due(todo),
    )
    done = str(todo.get("STATUS", "")).upper() == "COMPLETED" or "COMPLETED" in todo
    if known is None:
        task = await office.create_task(env, call, wanted)
    else:
        task = known[1]
    if known is not None or done:
        task = await office.update_task(env, call, task.id, wanted=wanted, done=done)
    mine = await office.me(env, call)
    entry = Entry(
        account=call.account,
        user_id=mine.id,
        collection=Collection.TASKS,
        name=name,
        target_id=task.id,
        seq=0,
        uid=str(todo["UID"])[:200],
        etag=_etag(task),
    )

    async def write(tx: Tx) -> None:
        other = await rows.find_entry_of(tx, mine.id, task.id)
        if other is not None and other.name != name:  # somebody looked since it was made
            await _file(tx, replace(other, gone=True))
        await _file(tx, entry)

    await env.store.transact(write)
    return entry.etag


def _todo(text: str) -> icalendar.Todo:
    found = parse_calendar(text).walk("VTODO")
    if len(found) != 1 or not found[0].get("UID"):
        raise wrong("ics", "An object of this collection is one task (VTODO) with a UID.")
    return found[0]


def _due(todo: icalendar.Todo) -> int:
    try:
        due = todo.decoded("DUE") if "DUE" in todo else None
    except (ValueError, TypeError, AttributeError) as error:
        raise wrong("due", "DUE is a date or a time.") from error
    return moment_us(due) if due is not None else 0


async def remove(env: Env, call: Call, entry: Entry, task: office.Task) -> None:
    """Delete a task of one's own; raises InvalidForm for one that somebody else gave."""
    await office.delete_task(env, call, task.id)

    async def write(tx: Tx) -> None:
        await _file(tx, replace(entry, gone=True))

    await env.store.transact(write)
