"""Tasks over Volano's own API."""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.services.chat.interface import to_ts
from volano.services.office.logic import tasks
from volano.services.office.model import Task
from volano.wire.action import action

TASKS = "arn:aws:office:{region}:{account}:task/*"
ONE = "arn:aws:office:{region}:{account}:task/{id}"


class TaskId(msgspec.Struct):
    id: str


class NewTask(msgspec.Struct, kw_only=True):
    """No `assignee` means oneself, `due_us` 0 no date. `channel` and `message_ts` name the message
    that it comes from; its words are the title when none is given.
    """

    title: str = ""
    note: str = ""
    assignee: str = ""
    due_us: int = 0
    channel: str = ""
    message_ts: str = ""


class ChangedTask(msgspec.Struct, kw_only=True):
    id: str
    title: str
    note: str = ""
    assignee: str = ""
    due_us: int = 0
    done: bool | None = None


class TaskView(msgspec.Struct, kw_only=True):
    """Users are chat users; `done_us` is 0 while it is open."""

    id: str
    title: str
    note: str
    creator: str
    assignee: str
    due_us: int
    done_us: int
    channel: str
    message_ts: str
    created_us: int
    updated_us: int


class TaskList(msgspec.Struct):
    items: list[TaskView]
    next_cursor: str | None = None


class Which(msgspec.Struct, kw_only=True):
    """`given` lists what the caller gave to others."""

    done: bool = False
    given: bool = False


def _view(task: Task) -> TaskView:
    return TaskView(
        id=task.id,
        title=task.title,
        note=task.note,
        creator=task.creator_id,
        assignee=task.assignee_id,
        due_us=task.due_us,
        done_us=task.done_us,
        channel=task.channel_id,
        message_ts=to_ts(task.message_us) if task.message_us else "",
        created_us=task.created_us,
        updated_us=task.updated_us,
    )


@action(
    "volano:listTasks",
    method="GET",
    path="/volano/v1/tasks",
    permission="office:ListTasks",
    resource=TASKS,
)
async def list_tasks(env: Env, call: Call, request: Which) -> TaskList:
    """The caller's tasks by date, 500 at most."""
    found = await tasks.list_tasks(env, call, done=request.done, given=request.given)
    return TaskList([_view(task) for task in found])


@action(
    "volano:createTask",
    method="POST",
    path="/volano/v1/tasks",
    permission="office:CreateTask",
    resource=TASKS,
)
async def create_task(env: Env, call: Call, request: NewTask) -> TaskView:
    """Something to do, for oneself or somebody else."""
    wanted = tasks.Wanted(
        title=request.title,
        note=request.note,
        assignee_id=request.assignee,
        due_us=request.due_us,
        channel_id=request.channel,
        message_ts=request.message_ts,
    )
    return _view(await tasks.create_task(env, call, wanted))


@action(
    "volano:updateTask",
    method="PUT",
    path="/volano/v1/tasks/{id}",
    permission="office:UpdateTask",
    resource=ONE,
)
async def update_task(env: Env, call: Call, request: ChangedTask) -> TaskView:
    """Change a task, or mark it as done or open again."""
    wanted = tasks.Wanted(
        title=request.title,
        note=request.note,
        assignee_id=request.assignee,
        due_us=request.due_us,
    )
    return _view(await tasks.update_task(env, call, request.id, wanted=wanted, done=request.done))


@action(
    "volano:deleteTask",
    method="DELETE",
    path="/volano/v1/tasks/{id}",
    permission="office:DeleteTask",
    resource=ONE,
)
async def delete_task(env: Env, call: Call, request: TaskId) -> None:
    """Delete a task that the caller made."""
    await tasks.delete_task(env, call, request.id)
