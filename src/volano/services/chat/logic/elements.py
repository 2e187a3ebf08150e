"""Interactive elements of blocks: finding one, what was done with it, the state of inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.chat.logic.errors import refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from volano.services.chat.model import Json

_KEPT = ("type", "text", "value", "style", "url", "confirm", "placeholder")
_CHOICES = (
    "selected_option",
    "selected_options",
    "selected_user",
    "selected_users",
    "selected_channel",
    "selected_channels",
    "selected_conversation",
    "selected_conversations",
    "selected_date",
    "selected_time",
    "selected_date_time",
    "rich_text_value",
    "files",
    "value",
)
"""What a person can choose or type; everything else of an action is the app's."""
_BUTTONS = ("button", "workflow_button", "icon_button")


def _elements(blocks: object, block_id: str = "") -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every element with an `action_id`, with the id of its block."""
    if isinstance(blocks, list):
        for item in blocks:
            yield from _elements(item, block_id)
    if not isinstance(blocks, dict):
        return
    block_id = str(blocks.get("block_id") or block_id)
    if blocks.get("action_id"):
        yield block_id, blocks
    for name in ("elements", "element", "accessory", "actions", "blocks"):
        yield from _elements(blocks.get(name), block_id)


def find_element(blocks: list[object], block_id: str, action_id: str) -> Json:
    """The element with its `block_id`. Raises invalid_arguments."""
    for found_id, element in _elements(blocks):
        if element["action_id"] == action_id and block_id in ("", found_id):
            return {**element, "block_id": found_id}
    raise refused("invalid_arguments", f"There is no element {action_id[:80]} here.")


def taken_action(element: Mapping[str, object], choice: Mapping[str, object]) -> Json:
    """One entry of `actions`."""
    found: Json = {"action_id": element["action_id"], "block_id": element["block_id"]}
    found |= {name: element[name] for name in _KEPT if element.get(name) is not None}
    if element["type"] not in _BUTTONS:
        found.pop("text", None)
        found |= _chosen(element, choice)
    if element["type"] == "feedback_buttons":
        found |= {"value": choice.get("value"), "text": choice.get("text")}
    return found


def _chosen(element: Mapping[str, object], choice: Mapping[str, object]) -> Json:
    """What was chosen; an option is one that the element offers."""
    found = {name: choice[name] for name in _CHOICES if name in choice}
    offered = _options(element)
    if offered is None:
        return found
    option = found.get("selected_option")
    if isinstance(option, dict):
        found["selected_option"] = _offered(offered, option)
    options = found.get("selected_options")
    if isinstance(options, list):
        found["selected_options"] = [
            _offered(offered, item) for item in options if isinstance(item, dict)
        ]
    return found


def _options(element: Mapping[str, object]) -> list[Json] | None:
    """The options of an element that lists them."""
    options, groups = element.get("options"), element.get("option_groups")
    if isinstance(options, list):
        return [item for item in options if isinstance(item, dict)]
    if not isinstance(groups, list):
        return None
    return [
        item
        for group in groups
        if isinstance(group, dict) and isinstance(group.get("options"), list)
        for item in group["options"]
    ]


def _offered(offered: list[Json], option: Mapping[str, object]) -> Json:
    for item in offered:
        if item.get("value") == option.get("value"):
            return item
    raise refused("invalid_arguments", "That is not one of the options.")


def state_of(blocks: list[object], given: Mapping[str, object]) -> Json:
    """`state.values` of Slack: what is in every input, by block and action.

    `given` has the same form, from the person's screen; what it leaves out has its initial value.
    """
    values: dict[str, dict[str, object]] = {}
    for block_id, element in _elements(blocks):
        kind = str(element.get("type"))
        if kind in (*_BUTTONS, "overflow", "feedback_buttons"):
            continue
        typed = given.get(block_id)
        choice = typed.get(element["action_id"]) if isinstance(typed, dict) else None
        entry: Json = {"type": kind}
        if isinstance(choice, dict):
            entry |= _chosen(element, choice)
        else:
            entry |= _initial(kind, element)
        values.setdefault(block_id, {})[str(element["action_id"])] = entry
    return dict(values)


_FIELDS = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", ""),
}


def _initial(kind: str, element: Mapping[str, object]) -> Json:
    name, initial = _FIELDS.get(kind, ("value", "initial_value"))
    empty: object = [] if name in ("selected_options", "files") or name.endswith("s") else None
    return {name: element.get(initial, empty)}
