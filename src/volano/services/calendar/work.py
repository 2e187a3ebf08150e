"""Work of calendars: cards, buttons, mails, reminders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.kernel.events import subscribe
from volano.kernel.work import reconciler
from volano.services.calendar.logic import cards, events, mails
from volano.services.calendar.logic.outsiders import MAILS
from volano.services.calendar.model import Answer, EventChanged
from volano.services.chat.interface import Pressed, find_presser, show_to

if TYPE_CHECKING:
    from volano.kernel.call import Env

_ANSWERS = {cards.YES: Answer.YES, cards.MAYBE: Answer.MAYBE, cards.NO: Answer.NO}


@subscribe("calendar:cards", EventChanged)
async def on_changed(env: Env, event: EventChanged) -> None:
    """Send and rewrite cards."""
    await cards.tell(env, event)


@subscribe("calendar:buttons", Pressed)
async def on_pressed(env: Env, event: Pressed) -> None:
    """Somebody answered on a card; what goes wrong is told to them alone."""
    said = _ANSWERS.get(event.action_id)
    call = await find_presser(env, event) if said else None
    if said is None or call is None:
        return
    try:
        await events.answer(env, call, event.value, said)
    except VolanoError as error:
        await show_to(env, event.account, event.bot_id, event.channel, event.user_id, error.message)


@reconciler("calendar:reminders", every_s=15.0)
async def reconcile_reminders(env: Env) -> None:
    """Remind of events."""
    await cards.remind(env)


@reconciler(MAILS, every_s=15.0)
async def reconcile_mails(env: Env) -> None:
    """Tell guests beyond the workplace."""
    await mails.send_due(env)
