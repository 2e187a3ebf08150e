"""Work of assistants: answering, acting on buttons, rewriting cards, ending what ran out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.kernel.events import subscribe
from volano.kernel.work import reconciler
from volano.services.assistants.logic import answers, cards, meanings, proposals, translations
from volano.services.assistants.logic.requests import COMMANDS
from volano.services.assistants.model import ProposalMoved
from volano.services.chat.interface import (
    Commanded,
    MessagePosted,
    OwnCommand,
    Pressed,
    declare_commands,
    find_presser,
    show_to,
)

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


declare_commands(
    *(
        OwnCommand(command=kind.value, usage_hint=hint, description=told)
        for kind, (hint, told) in COMMANDS.items()
    )
)


@subscribe("assistants:commands", Commanded)
async def on_commanded(env: Env, event: Commanded) -> None:
    """Answer one of the copilot's own slash commands."""
    await answers.answer_command(env, event)


@subscribe("assistants:questions", MessagePosted)
async def on_message(env: Env, event: MessagePosted) -> None:
    """Answer what is meant for an assistant."""
    await answers.answer_message(env, event.account, event.channel, event.ts_us)


@subscribe("assistants:buttons", Pressed)
async def on_pressed(env: Env, event: Pressed) -> None:
    """Somebody decided about a proposal; what goes wrong is told to them alone."""
    if event.action_id not in (cards.APPROVE, cards.REFUSE, cards.ASK):
        return
    call = await find_presser(env, event)
    if call is None:
        return
    try:
        if event.action_id == cards.APPROVE:
            await proposals.approve(env, call, event.value, state=event.state)
        elif event.action_id == cards.REFUSE:
            await proposals.refuse(env, call, event.value)
        else:
            await _ask(env, call, event)
    except VolanoError as error:
        await show_to(env, event.account, event.bot_id, event.channel, event.user_id, error.message)


async def _ask(env: Env, call: Call, event: Pressed) -> None:
    proposal_id = str(event.action.get("block_id", "")).removeprefix(cards.ASK_BLOCK)
    user_id = str(event.action.get("selected_user") or "")
    await proposals.ask_to_run(env, call, proposal_id, user_id)
    said = "I asked them. It runs once, as whoever presses Run first."
    await show_to(env, event.account, event.bot_id, event.channel, event.user_id, said)


@subscribe("assistants:cards", ProposalMoved)
async def on_moved(env: Env, event: ProposalMoved) -> None:
    """Make the card say what became of it."""
    await proposals.rewrite_card(env, event.account, event.id)


@reconciler("assistants:expire", every_s=60.0)
async def reconcile_expired(env: Env) -> None:
    """End proposals that nobody decided."""
    await proposals.expire(env)


@reconciler("assistants:meanings", every_s=10.0)
async def reconcile_meanings(env: Env) -> None:
    """Learn to route requests by meaning."""
    await meanings.learn(env)


@reconciler("assistants:translations", every_s=60.0)
async def reconcile_translations(env: Env) -> None:
    """Forget translations of what was edited or deleted."""
    await translations.forget_changed(env)
