"""Slack's reminders.*."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.logic import reminders
from volano.services.chat.logic.reminders import reminder_json
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

REMIND = "chat:Remind"
REMINDERS = "arn:aws:chat:{region}:{account}:reminder/*"
READ, WRITE = ("reminders:read",), ("reminders:write",)


class AddReminder(msgspec.Struct, kw_only=True):
    text: str = ""
    time: str = ""
    user: str = ""
    recurrence: dict[str, Any] | None = None
    team_id: str = ""


class ReminderArguments(msgspec.Struct, kw_only=True):
    reminder: str = ""
    team_id: str = ""


@action("slack:reminders.add", permission=REMIND, resource=REMINDERS, scopes=WRITE, read_only=False)
async def add_reminder(env: Env, call: Call, request: AddReminder) -> Json:
    """Remind oneself or another; words for the time are English, in UTC."""
    frequency = str((request.recurrence or {}).get("frequency") or "")
    recurring = {"daily": "day", "weekly": "week"}.get(frequency, frequency)
    made = await reminders.add_reminder(
        env, call, request.text, request.time, request.user, recurring
    )
    return {"reminder": reminder_json(made)}


@action(
    "slack:reminders.complete", permission=REMIND, resource=REMINDERS, scopes=WRITE, read_only=False
)
async def complete_reminder(env: Env, call: Call, request: ReminderArguments) -> None:
    await reminders.complete_reminder(env, call, request.reminder)


@action(
    "slack:reminders.delete", permission=REMIND, resource=REMINDERS, scopes=WRITE, read_only=False
)
async def delete_reminder(env: Env, call: Call, request: ReminderArguments) -> None:
    await reminders.delete_reminder(env, call, request.reminder)


@action("slack:reminders.info", permission=REMIND, resource=REMINDERS, scopes=READ, read_only=True)
async def get_reminder(env: Env, call: Call, request: ReminderArguments) -> Json:
    found = await reminders.get_reminder(env, call, request.reminder)
    return {"reminder": reminder_json(found)}


@action("slack:reminders.list", permission=REMIND, resource=REMINDERS, scopes=READ, read_only=True)
async def list_reminders(env: Env, call: Call, request: ReminderArguments) -> Json:
    found = await reminders.list_reminders(env, call)
    return {"reminders": [reminder_json(item) for item in found]}
