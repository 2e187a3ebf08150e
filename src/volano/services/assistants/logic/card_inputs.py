"""The fields of a card: an action's arguments as inputs to correct before it runs, and back.

An argument gets the input that fits its schema: a choice, a number, a moment (`*_us`), a person, a
text; a list of texts is a text with commas. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.kernel.foreign_json import decode_foreign

if TYPE_CHECKING:
    from volano.kernel.tools import Tool

PREFIX = "argument:"
MAX_INPUTS = 8
MAX_CHOICES = 100
PEOPLE = ("assignee",)
"""Arguments that hold a chat user."""

Schema = Mapping[str, object]
Arguments = dict[str, object]


def inputs_of(arguments: Mapping[str, object], tool: Tool) -> list[object]:
    """Input blocks for the required and the given arguments that one field can hold."""
    properties = _properties(tool.input_schema)
    required = _required(tool.input_schema)
    names = [name for name in dict.fromkeys([*required, *arguments]) if name in properties]
    found: list[object] = []
    for name in names:
        element = _element(name, properties[name], arguments.get(name))
        if element is not None and len(found) < MAX_INPUTS:
            found.append(
                {
                    "type": "input",
                    "block_id": PREFIX + name,
                    "optional": name not in required,
                    "label": _plain(_label(name)),
                    "element": element | {"action_id": "value"},
                }
            )
    return found


def _properties(schema: Schema) -> dict[str, Schema]:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _required(schema: Schema) -> list[str]:
    required = schema.get("required")
    return [str(name) for name in required] if isinstance(required, list) else []


def _label(name: str) -> str:
    return name.removesuffix("_us")


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text[:75]}


def _element(name: str, schema: Schema, value: object) -> dict[str, object] | None:
    """The input for one argument, None when no field can hold it."""
    kind, choices = schema.get("type"), schema.get("enum")
    if kind == "boolean":
        choices = ["true", "false"]
    if isinstance(choices, list) and 0 < len(choices) <= MAX_CHOICES:
        return _select([str(choice) for choice in choices], value)
    if kind == "integer" and name.endswith("_us"):
        element: dict[str, object] = {"type": "datetimepicker"}
        return element | ({"initial_date_time": value // 10**6} if isinstance(value, int) else {})
    if kind in ("integer", "number"):
        element = {"type": "number_input", "is_decimal_allowed": kind == "number"}
        return element | ({"initial_value": str(value)} if value is not None else {})
    if name in PEOPLE and kind == "string":
        return {"type": "users_select"} | ({"initial_user": value} if value else {})
    if kind == "array" and not _is_of_texts(schema, value):
        return None
    if kind not in ("string", "array"):
        return None
    text = ", ".join(map(str, value)) if isinstance(value, list) else value
    element = {"type": "plain_text_input"}
    return element | ({"initial_value": str(text)} if text else {})


def _is_of_texts(schema: Schema, value: object) -> bool:
    items = schema.get("items")
    return isinstance(items, dict) and items.get("type") == "string"


def _select(choices: list[str], value: object) -> dict[str, object]:
    options = [{"text": _plain(choice), "value": choice} for choice in choices]
    told = str(value).lower() if isinstance(value, bool) else str(value)
    chosen = next((option for option in options if option["value"] == told), None)
    return {"type": "static_select", "options": options} | (
        {"initial_option": chosen} if chosen else {}
    )


def edited_arguments(
    arguments: Mapping[str, object], state: Mapping[str, object], schema: Schema
) -> Arguments:
    """The arguments with what the card's inputs hold; an emptied input leaves its argument out.

    Raises Invalid for a field that must be filled, or that holds what it cannot.
    """
    properties = _properties(schema)
    edited = dict(arguments)
    for block_id, elements in state.items():
        name = block_id.removeprefix(PREFIX)
        if name == block_id or name not in properties:
            continue
        chosen = elements.get("value") if isinstance(elements, dict) else None
        given = _chosen(chosen) if isinstance(chosen, dict) else None
        if given in (None, ""):
            edited.pop(name, None)
        else:
            edited[name] = _typed(name, given, properties[name])
    return edited


def _chosen(state: Mapping[str, object]) -> object:
    """What one input holds, in Slack's form."""
    option = state.get("selected_option")
    if isinstance(option, dict):
        return option.get("value")
    for name in ("value", "selected_user", "selected_date_time"):
        if state.get(name) not in (None, ""):
            return state[name]
    return None


def _typed(name: str, given: object, schema: Schema) -> object:
    """The input as the argument's type. Raises Invalid."""
    kind = schema.get("type")
    if kind == "integer" and name.endswith("_us"):
        return int(str(given)) * 10**6 if str(given).isdigit() else _refuse(name, "a moment")
    if kind == "array":
        return [part.strip() for part in str(given).split(",") if part.strip()]
    if kind == "string":
        return str(given)
    try:
        value = decode_foreign(str(given).lower())
    except ValueError:
        value = None
    wanted: dict[object, tuple[type, ...]] = {
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
    }
    types = wanted.get(kind, (object,))
    if not isinstance(value, types) or (kind != "boolean" and isinstance(value, bool)):
        return _refuse(name, f"a value of type {kind}")
    return value


def _refuse(name: str, wanted: str) -> object:
    raise Invalid(f"{name} must be {wanted}.", fields={"param": name})


def require_whole(arguments: Mapping[str, object], schema: Schema) -> None:
    """Raises Invalid when an argument is missing that the action needs."""
    missing = [name for name in _required(schema) if name not in arguments]
    if missing:
        raise Invalid(
            f"Fill in {', '.join(missing)} on the card first.", fields={"param": missing[0]}
        )


def show_argument(name: str, value: object) -> object:
    """A value as people read it: a moment (`*_us`) as a day and time."""
    if name.endswith("_us") and isinstance(value, int) and value:
        return datetime.fromtimestamp(value / 1e6, UTC).strftime("%d %b %Y, %H:%M UTC")
    return value
