"""Tasks: things to do, one's own or given to somebody, with a date and a reminder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from volano.services.chat import interface as chat
from volano.services.office import store as rows
from volano.services.office.logic.desk import bot_of, me, name_of
from volano.services.office.logic.forms import wrong
from volano.services.office.model import (
    MAX_TEXT_CHARACTERS,
    NoSuchTask,
    Task,
    TaskChanged,
)

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_TITLE = 300
MAX_LISTED = 500
DUE_BATCH = 200
GIVEN, DONE = "given", "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A task as somebody describes it; no `assignee_id` means oneself.

    `channel_id` and `message_ts` name the message that it comes from.
    """

    title: str = ""
    note: str = ""
    assignee_id: str = ""
    due_us: int = 0
    channel_id: str = ""
    message_ts: str = ""


async def create_task(env: Env, call: Call, wanted: Wanted) -> Task:
    """A new task; without a title it gets the words of its message."""
    mine = await me(env, call)
    title, message_us = wanted.title.strip(), 0
    if wanted.channel_id:
        message_us = chat.parse_ts(wanted.message_ts)
        message = None
        if await chat.may_read(env, call, wanted.channel_id):
            message = await chat.find_message(env.store.reader, wanted.channel_id, message_us)
        if message is None:
            raise wrong("message_ts", "There is no such message for you.")
        title = title or " ".join(chat.to_plain(message.text).split())[:MAX_TITLE]
    _check(title, wanted.note)
    assignee = await _assignee(env, call, wanted.assignee_id or mine.id)
    now_us = env.clock.now_us()
    task = Task(
        id="task_" + env.ids.hex(20),
        account=call.account,
        title=title,
        note=wanted.note,
        creator_id=mine.id,
        assignee_id=assignee,
        due_us=max(wanted.due_us, 0),
        channel_id=wanted.channel_id,
        message_us=message_us,
        created_us=now_us,
        updated_us=now_us,
    )

    async def write(tx: Tx) -> None:
        await rows.upsert_task(tx, task)
        if assignee != mine.id:
            tx.publish(TaskChanged(account=call.account, id=task.id, by=mine.id, kind=GIVEN))

    await env.store.transact(write)
    return task


def _check(title: str, note: str) -> None:
    if not 1 <= len(title) <= MAX_TITLE or "\x00" in title:
        raise wrong("title", f"A task's title has 1 to {MAX_TITLE} characters.")
    if len(note) > MAX_TEXT_CHARACTERS or "\x00" in note:
        raise wrong("note", f"A note has at most {MAX_TEXT_CHARACTERS} characters.")


async def _assignee(env: Env, call: Call, user_id: str) -> str:
    found = await chat.find_user(env.store.reader, call.account, user_id)
    if found is None or found.is_bot or found.deleted:
        raise wrong("assignee_id", "There is no such person in the workplace.")
    return found.id


async def update_task(
    env: Env, call: Call, task_id: str, *, wanted: Wanted, done: bool | None = None
) -> Task:
    """Change a task of one's own or that one gave; `done` None leaves that as it is."""
    mine, known = await _get(env, call, task_id)
    _check(wanted.title.strip(), wanted.note)
    assignee = await _assignee(env, call, wanted.assignee_id or known.assignee_id)
    now_us = env.clock.now_us()
    done_us = known.done_us
    if done is not None:
        done_us = (known.done_us or now_us) if done else 0
    due_us = max(wanted.due_us, 0)
    task = replace(
        known,
        title=wanted.title.strip(),
        note=wanted.note,
        assignee_id=assignee,
        due_us=due_us,
        reminded=known.reminded and due_us == known.due_us,
        done_us=done_us,
        updated_us=now_us,
    )

    async def write(tx: Tx) -> None:
        await rows.upsert_task(tx, task)
        if assignee not in (known.assignee_id, mine):
            tx.publish(TaskChanged(account=call.account, id=task.id, by=mine, kind=GIVEN))
        elif task.done_us and not known.done_us and task.creator_id != mine:
            tx.publish(TaskChanged(account=call.account, id=task.id, by=mine, kind=DONE))

    await env.store.transact(write)
    return task


async def delete_task(env: Env, call: Call, task_id: str) -> None:
    """Only who made it deletes it. Raises NoSuchTask."""
    mine, known = await _get(env, call, task_id)
    if known.creator_id != mine:
        raise wrong("id", "Only who made a task deletes it; mark it as done instead.")

    async def write(tx: Tx) -> None:
        await rows.delete_task(tx, task_id)

    await env.store.transact(write)


async def _get(env: Env, call: Call, task_id: str) -> tuple[str, Task]:
    mine = (await me(env, call)).id
    known = await rows.find_task(env.store.reader, call.account, task_id)
    if known is None or mine not in (known.creator_id, known.assignee_id):
        raise NoSuchTask("There is no such task, or it is not yours.")
    return mine, known


async def list_tasks(env: Env, call: Call, *, done: bool, given: bool) -> list[Task]:
    """The caller's, or those that they gave to others (`given`)."""
    mine = await me(env, call)
    return await rows.select_tasks(
        env.store.reader, call.account, mine.id, done=done, given=given, limit=MAX_LISTED
    )


async def tell_changed(env: Env, account: str, task_id: str, by: str, kind: str) -> None:
    """Tell the other one of a task that was given or done; may be repeated."""
    task = await rows.find_task(env.store.reader, account, task_id)
    if task is None:
        return
    who = await name_of(env, account, by)
    to, said = (
        (task.assignee_id, f"{who} gave you a task")
        if kind == GIVEN
        else (task.creator_id, f"{who} did what you asked for")
    )
    await _write(env, task, to, f"{said}: {_shown(env, task)}", f"{kind}:{task.updated_us}")


async def remind_due(env: Env) -> None:
    """Remind people of tasks whose time has come, once."""
    for task in await rows.select_due(env.store.reader, env.clock.now_us(), DUE_BATCH):
        text = f":alarm_clock: Due: {_shown(env, task)}"
        await _write(env, task, task.assignee_id, text, f"due:{task.due_us}")

        async def write(tx: Tx, task: Task = task) -> None:
            current = await rows.find_task(tx, task.account, task.id)
            if current is not None and current.due_us == task.due_us:
                await rows.upsert_task(tx, replace(current, reminded=True))

        await env.store.transact(write)


def _shown(env: Env, task: Task) -> str:
    text = f"*{chat.escape_text(task.title)}*"
    if task.due_us:
        day = datetime.fromtimestamp(task.due_us / 1e6, UTC).strftime("%d %b %Y, %H:%M UTC")
        text += f", {day}"
    if task.channel_id:
        link = chat.permalink(env, task.channel_id, task.message_us).replace("&", "&amp;")
        text += f" (<{link}|message>)"
    return text


async def _write(env: Env, task: Task, user_id: str, text: str, key: str) -> None:
    bot_id = await bot_of(env, task.account)
    draft = chat.Draft(channel="", text=text, client_msg_id=f"copilot:{task.id}:{key}")
    await chat.write_to(env, task.account, bot_id, user_id, draft)
