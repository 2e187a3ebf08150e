"""Requests to do something: what only reads runs at once, what changes waits for a button.

What a tool answers is the asker's to see; in a channel it is shown to them alone.
"""

from __future__ import annotations

import fnmatch
import json
import re
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.assistants.logic.meanings import find_meant
from volano.services.assistants.logic.proposals import propose
from volano.services.assistants.logic.routes import find_route, near_routes
from volano.services.assistants.logic.saying import Said
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Env
    from volano.kernel.tools import ToolName
    from volano.services.assistants.logic.questions import Question
    from volano.services.assistants.logic.route_table import Routed

OFF = "An administrator switched my actions off, so I only answer questions."
NOT_SURE = "I am not sure what to do. Did you mean one of these? Ask me in such words:"
NOT_GIVEN = "I was not given the action `{action}`; ask whoever made me."
NOTHING = "There is nothing."
MAX_ROWS = 10
MAX_COLUMNS = 4
MAX_CELL_CHARACTERS = 40
MAX_SHOWN_CHARACTERS = 2500

_ORDERS = re.compile(
    r"^(?:please |can you |could you |请|帮我)?(?:create|delete|remove|terminate|launch|start|stop|"
    r"reboot|restart|shut down|spin up|add|destroy|enable|disable|创建|删除|启动|停止)\b",
    re.IGNORECASE,
)


async def answer(env: Env, question: Question) -> list[Said] | None:
    """What is said to a request to do something, nothing where a card was posted; None when it is
    no such request, or a model is to decide.
    """
    routed = find_route(question.text) or await find_meant(env, question.call, question.text)
    if routed is None:
        if question.speaker.model or not _ORDERS.match(question.text):
            return None
        near = near_routes(question.text)
        return [Said(text=_suggest(env, near))] if near else None
    head = env.tools.find_tool(routed.tool)
    if head is None:
        return None
    if not question.settings.may_act:
        return [Said(text=OFF)]
    if not may_use(question, head):
        return [Said(text=NOT_GIVEN.format(action=head.action))]
    if head.read_only:
        return [await _read(env, question, head, routed)]
    await propose(env, question, head, dict(routed.arguments))
    return []


def may_use(question: Question, head: ToolName) -> bool:
    """Whether the speaker was given the tool."""
    return any(fnmatch.fnmatchcase(head.name, pattern) for pattern in question.speaker.tools)


async def _read(env: Env, question: Question, head: ToolName, routed: Routed) -> Said:
    try:
        result = await env.tools.run(env, question.call, head, dict(routed.arguments))
        text = f"`{head.action}`\n{show(result)}"
    except VolanoError as error:
        text = f"`{head.action}` was refused: {chat.escape_text(error.message)}"
    return Said(text=text, only_asker=not question.is_private)


def _suggest(env: Env, near: list[Routed]) -> str:
    heads = [env.tools.find_tool(routed.tool) for routed in near]
    lines = [f"• `{head.action}`" for head in heads if head is not None]
    return "\n".join([NOT_SURE, *lines])


def show(result: object) -> str:
    """A tool's answer for people: its single values, then the list in it as a table."""
    if not isinstance(result, dict):
        return _block(_json(result)) if result else NOTHING
    facts = _scalars(result)
    rows = _main_list(result)
    if rows is None and len(facts) < len(result):
        return _block(_json(result))
    lines = ["  ".join(f"{name}: {value}" for name, value in facts.items())] if facts else []
    if rows:
        lines += ["", _table(rows[:MAX_ROWS])] if lines else [_table(rows[:MAX_ROWS])]
    if not lines:
        return NOTHING
    more = f"\n… and {len(rows) - MAX_ROWS} more" if rows and len(rows) > MAX_ROWS else ""
    return _block("\n".join(lines)) + more


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _block(text: str) -> str:
    cut = text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "\n…"
    return f"```{chat.escape_text(cut.replace('```', chr(39) * 3))}```"


def _main_list(result: Mapping[str, object]) -> list[object] | None:
    """The first list of objects in an answer, whatever it is called and however it is nested."""
    lists = [value for value in result.values() if isinstance(value, list)]
    if not lists:
        return None
    first = lists[0]
    nested = [
        inner
        for item in first
        if isinstance(item, dict)
        for inner in item.values()
        if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner)
    ]
    has_scalars = any(_scalars(item) for item in first if isinstance(item, dict))
    if nested and not has_scalars:
        return [one for inner in nested for one in inner]
    return first


def _scalars(item: Mapping[str, object]) -> dict[str, str]:
    """What fits into cells; `State: {Name: running}` counts as `running`."""
    found = {}
    for name, value in item.items():
        if isinstance(value, dict) and isinstance(value.get("Name"), str):
            found[name] = value["Name"]
        elif isinstance(value, str | int | float) and value != "":
            found[name] = _short(str(value))
    return found


def _short(text: str) -> str:
    """A long decimal fraction with four places."""
    whole, point, places = text.partition(".")
    is_number = point and whole.lstrip("-").isdigit() and places.isdigit()
    return f"{whole}.{places[:4]}" if is_number else text


def _table(rows: list[object]) -> str:
    cells = [_scalars(row) if isinstance(row, dict) else {"": str(row)} for row in rows]
    names = list(dict.fromkeys(name for row in cells for name in row))[:MAX_COLUMNS]
    lines = [names, *([row.get(name, "") for name in names] for row in cells)]
    cut = [[cell[:MAX_CELL_CHARACTERS] for cell in line] for line in lines]
    widths = [max(len(line[n]) for line in cut) for n in range(len(names))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cut
    )
