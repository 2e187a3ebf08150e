"""The door of the office for the services above it."""

from __future__ import annotations

from volano.services.office.logic.desk import bot_of, me, name_of
from volano.services.office.logic.tasks import (
    Wanted,
    create_task,
    delete_task,
    list_tasks,
    update_task,
)
from volano.services.office.model import Task

__all__ = [
    "Task",
    "Wanted",
    "bot_of",
    "create_task",
    "delete_task",
    "list_tasks",
    "me",
    "name_of",
    "update_task",
]
