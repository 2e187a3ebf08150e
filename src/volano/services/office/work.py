"""Work of the office: cards, buttons, reminders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.kernel.events import subscribe
from volano.kernel.work import reconciler
from volano.services.chat.interface import Pressed, find_presser, show_to
from volano.services.office.logic import approvals, cards, tasks
from volano.services.office.model import ApprovalMoved, TaskChanged

if TYPE_CHECKING:
    from volano.kernel.call import Env

_DECISIONS = {
    cards.APPROVE: approvals.approve,
    cards.REJECT: approvals.reject,
    cards.RETURN: approvals.give_back,
}


@subscribe("office:cards", ApprovalMoved)
async def on_moved(env: Env, event: ApprovalMoved) -> None:
    """Send and rewrite cards."""
    await cards.tell(env, event.account, event.id)


@subscribe("office:buttons", Pressed)
async def on_pressed(env: Env, event: Pressed) -> None:
    """Somebody decided on a card; what goes wrong is told to them alone."""
    decide = _DECISIONS.get(event.action_id)
    call = await find_presser(env, event) if decide else None
    if decide is None or call is None:
        return
    try:
        await decide(env, call, event.value, _remark(event.state))
    except VolanoError as error:
        await show_to(env, event.account, event.bot_id, event.channel, event.user_id, error.message)


def _remark(state: dict[str, object]) -> str:
    block = state.get(cards.REMARK)
    element = block.get(cards.REMARK) if isinstance(block, dict) else None
    value = element.get("value") if isinstance(element, dict) else None
    return str(value or "")


@subscribe("office:tasks", TaskChanged)
async def on_task(env: Env, event: TaskChanged) -> None:
    """Tell the other one."""
    await tasks.tell_changed(env, event.account, event.id, event.by, event.kind)


@reconciler("office:due", every_s=30.0)
async def reconcile_due(env: Env) -> None:
    """Remind of tasks."""
    await tasks.remind_due(env)
