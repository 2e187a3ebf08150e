"""How a proposal looks in chat: the exact call, what it does and costs, inputs, two buttons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.assistants.model import ProposalState
from volano.services.billing import interface as billing
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.tools import Tool, ToolName
    from volano.services.assistants.model import Proposal

APPROVE, REFUSE = "assistants_approve", "assistants_refuse"
INPUT_PREFIX = "argument:"
MAX_INPUTS = 8
MAX_SHOWN_CHARACTERS = 2500
_SIMPLE = ("string", "integer", "number", "boolean")
_REMOVES = ("delete", "terminate", "remove", "revoke", "purge", "deactivate", "disable")
_WORDS = {
    ProposalState.RUNNING: "is running",
    ProposalState.DONE: "was done",
    ProposalState.FAILED: "failed",
    ProposalState.REFUSED: "was refused",
    ProposalState.EXPIRED: "was not approved in time",
}


def is_destructive(head: ToolName) -> bool:
    return any(word in head.action.lower() for word in _REMOVES)


def card_blocks(env: Env, proposal: Proposal, tool: Tool) -> list[object]:
    """The card while it waits."""
    head = tool.head
    effect = "It *deletes or ends* something." if is_destructive(head) else "It changes something."
    blocks: list[object] = [
        _section(f"*Shall I run* `{head.action}`*?* {chat.escape_text(_first_sentence(tool))}"),
        _section(f"```{_shown(proposal.arguments)}```"),
        *_inputs(proposal, tool),
        {
            "type": "context",
            "elements": [
                {
                    "type": "mrkdwn",
                    "text": f"{effect} {cost_of(env, proposal)} It runs with the rights of whoever "
                    "presses Run, and is written to the audit trail.",
                }
            ],
        },
    ]
    run: dict[str, object] = _button("Run", APPROVE, proposal.id, "primary")
    if is_destructive(head):
        run["style"] = "danger"
        run["confirm"] = {
            "title": {"type": "plain_text", "text": "This cannot be undone"},
            "text": {"type": "plain_text", "text": f"Run {head.action} now?"},
            "confirm": {"type": "plain_text", "text": "Run"},
            "deny": {"type": "plain_text", "text": "Not now"},
            "style": "danger",
        }
    buttons = [run, _button("Refuse", REFUSE, proposal.id, "")]
    return [*blocks, {"type": "actions", "block_id": "decide", "elements": buttons}]


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


def _button(text: str, action_id: str, value: str, style: str) -> dict[str, object]:
    button: dict[str, object] = {
        "type": "button",
        "text": {"type": "plain_text", "text": text},
        "action_id": action_id,
        "value": value,
    }
    return button | ({"style": style} if style else {})


def _first_sentence(tool: Tool) -> str:
    text = " ".join(tool.description.split())
    end = text.find(". ")
    return (text if end < 0 else text[: end + 1])[:300]


def _shown(arguments: dict[str, object]) -> str:
    text = json.dumps(arguments, indent=1, ensure_ascii=False)
    return chat.escape_text(text.replace("```", "'''")[:MAX_SHOWN_CHARACTERS])


def _inputs(proposal: Proposal, tool: Tool) -> list[object]:
    """Fields for the required and the given simple arguments, to be changed before running."""
    properties = tool.input_schema.get("properties", {})
    required = tool.input_schema.get("required", [])
    names = [name for name in dict.fromkeys([*required, *proposal.arguments]) if name in properties]
    found: list[object] = []
    for name in names[:MAX_INPUTS]:
        if properties[name].get("type") not in _SIMPLE:
            continue
        element: dict[str, object] = {"type": "plain_text_input", "action_id": "value"}
        if name in proposal.arguments:
            element["initial_value"] = str(proposal.arguments[name])
        found.append(
            {
                "type": "input",
                "block_id": INPUT_PREFIX + name,
                "optional": name not in required,
                "label": {"type": "plain_text", "text": name},
                "element": element,
            }
        )
    return found


def edited_arguments(
    arguments: dict[str, object], state: dict[str, object], schema: dict[str, object]
) -> dict[str, object]:
    """The arguments with what the card's inputs hold; an emptied input leaves its argument out."""
    properties = schema.get("properties")
    edited = dict(arguments)
    for block_id, elements in state.items():
        name = block_id.removeprefix(INPUT_PREFIX)
        if name == block_id or not isinstance(properties, dict) or name not in properties:
            continue
        element = elements.get("value") if isinstance(elements, dict) else None
        text = element.get("value") if isinstance(element, dict) else None
        if text in (None, ""):
            edited.pop(name, None)
        else:
            edited[name] = _typed(str(text), properties[name].get("type"))
    return edited


def _typed(text: str, kind: str) -> object:
    """The text as its type; what does not fit stays text, and the action says what is wrong."""
    if kind == "string":
        return text
    try:
        return json.loads(text.lower() if kind == "boolean" else text)
    except ValueError:
        return text


def cost_of(env: Env, proposal: Proposal) -> str:
    """What is known of the price before the call."""
    arguments = proposal.arguments
    prices = billing.price_list(env.config)
    if proposal.tool == "ec2_RunInstances":
        price = prices.price(
            f"ec2.instance.{arguments.get('InstanceType', '')}", billing.day_of(env.clock.now_us())
        )
        count = arguments.get("MaxCount", 1)
        if price is not None and isinstance(count, int):
            total = price.amount * count
            return f"It costs {total} {prices.currency} for each {price.unit} that it runs."
    return "What it costs, if anything, is on the bill by what is used."
