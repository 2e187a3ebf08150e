"""How a proposal looks in chat: the exact call, what it does and costs, inputs, two buttons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.assistants.logic import card_inputs
from volano.services.assistants.model import ProposalState
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from volano.kernel.tools import Tool, ToolName
    from volano.services.assistants.logic.effects import Effect
    from volano.services.assistants.model import Proposal

APPROVE, REFUSE, ASK = "assistants_approve", "assistants_refuse", "assistants_ask"
ASK_BLOCK = "ask:"
"""Before the proposal's id in the name of the block that asks somebody else."""
MAX_SHOWN_CHARACTERS = 2500
_WORDS = {
    ProposalState.RUNNING: "is running",
    ProposalState.DONE: "was done",
    ProposalState.FAILED: "failed",
    ProposalState.REFUSED: "was refused",
    ProposalState.EXPIRED: "was not approved in time",
}


def card_blocks(proposal: Proposal, tool: Tool, effect: Effect, *, note: str = "") -> list[object]:
    """The card while it waits; `note` stands above its buttons."""
    head = tool.head
    told = (
        f"{effect.does} {effect.costs} It runs with the rights of whoever presses Run, and is "
        "written to the audit trail."
    )
    blocks: list[object] = [
        _section(f"*Shall I run* `{head.action}`*?* {chat.escape_text(_first_sentence(tool))}"),
        _section(f"```{_shown(proposal.arguments)}```"),
        *card_inputs.inputs_of(proposal.arguments, tool),
        _context(told),
    ]
    if note:
        blocks.append(_context(note))
    run: dict[str, object] = _button("Run", APPROVE, proposal.id, "primary")
    if effect.is_destructive:
        run["style"] = "danger"
        run["confirm"] = {
            "title": _plain("This cannot be undone"),
            "text": _plain(f"Run {head.action} now?"),
            "confirm": _plain("Run"),
            "deny": _plain("Not now"),
            "style": "danger",
        }
    buttons = [run, _button("Refuse", REFUSE, proposal.id, "")]
    ask = {
        "type": "users_select",
        "action_id": ASK,
        "placeholder": _plain("Ask somebody else to run it"),
    }
    return [
        *blocks,
        {"type": "actions", "block_id": "decide", "elements": buttons},
        {"type": "actions", "block_id": ASK_BLOCK + proposal.id, "elements": [ask]},
    ]


def card_text(proposal: Proposal, head: ToolName) -> str:
    """For notifications and clients without blocks."""
    return f"Shall I run {head.action}? {_shown(proposal.arguments)}"


def decided_text(proposal: Proposal, head: ToolName, who: str) -> str:
    """The card when it was decided."""
    by = f" by {chat.escape_text(who)}" if who else ""
    text = f"`{head.action}` {_WORDS[proposal.state]}{by}."
    if proposal.result:
        text += f"\n```{chat.escape_text(proposal.result[:MAX_SHOWN_CHARACTERS])}```"
    return text


def decided_blocks(text: str) -> list[object]:
    return [_section(text)]


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}


def _context(text: str) -> dict[str, object]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text[:3000]}]}


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text}


def _button(text: str, action_id: str, value: str, style: str) -> dict[str, object]:
    button: dict[str, object] = {
        "type": "button",
        "text": _plain(text),
        "action_id": action_id,
        "value": value,
    }
    return button | ({"style": style} if style else {})


def _first_sentence(tool: Tool) -> str:
    text = " ".join(tool.description.split())
    end = text.find(". ")
    return (text if end < 0 else text[: end + 1])[:300]


def _shown(arguments: dict[str, object]) -> str:
    told = {name: card_inputs.show_argument(name, value) for name, value in arguments.items()}
    text = json.dumps(told, indent=1, ensure_ascii=False)
    return chat.escape_text(text.replace("```", "'''")[:MAX_SHOWN_CHARACTERS])
