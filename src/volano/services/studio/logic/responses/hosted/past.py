"""Items of tools that ran here: checked as they come in again, and told to the model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.models.interface import invalid
from volano.services.studio.logic.responses.hosted.approvals import REQUEST, RESPONSE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.services.studio.model.responses import Json

PREFIXES = {
    "file_search_call": "fs",
    "web_search_call": "ws",
    "code_interpreter_call": "ci",
    "mcp_list_tools": "mcpl",
    "mcp_call": "mcp",
    REQUEST: "mcpr",
    RESPONSE: "mcpa",
}
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "mcp_list_tools": ("server_label",),
    "mcp_call": ("server_label", "name", "arguments"),
    "code_interpreter_call": ("container_id",),
    REQUEST: ("server_label", "name", "arguments"),
    RESPONSE: ("approval_request_id",),
}


def take_past(item: Json, where: str) -> Json:
    """The item as it is kept; raises Invalid by the place of what is missing."""
    for name in _TEXTS.get(str(item["type"]), ()):
        if not isinstance(item.get(name), str):
            raise invalid(f"{where}.{name}", "it is a text")
    if item["type"] == RESPONSE and not isinstance(item.get("approve"), bool):
        raise invalid(f"{where}.approve", "it is a boolean")
    return {key: value for key, value in item.items() if key not in ("id", "type")}


def exchange_of(item: Json, before: Sequence[Json]) -> tuple[str, str, str, str] | None:
    """Call id, name, arguments and answer of a call that ran here, or was refused by the client.

    `before` are the items up to this one. None for items that the model is not told of.
    """
    kind, id = item["type"], str(item["id"])
    if kind == "mcp_call":
        error = item.get("error")
        answer = f"The tool failed: {json.dumps(error)}" if error else str(item.get("output") or "")
        return id, _name(item), str(item["arguments"]), answer
    if kind == "code_interpreter_call" and item.get("code"):
        outputs = item.get("outputs")
        logs = [
            str(output.get("logs", ""))
            for output in (outputs if isinstance(outputs, list) else ())
            if isinstance(output, dict)
        ]
        code = json.dumps({"code": item["code"]}, ensure_ascii=False)
        return id, "code_interpreter", code, "\n".join(logs) or "It ran."
    if kind == RESPONSE and item.get("approve") is False:
        request = next((one for one in before if one["id"] == item["approval_request_id"]), None)
        if request is not None and request["type"] == REQUEST:
            why = f" {item['reason']}" if item.get("reason") else ""
            answer = f"The user does not allow this call.{why}"
            return str(request["id"]), _name(request), str(request["arguments"]), answer
    return None


def _name(item: Json) -> str:
    return f"{item['server_label']}__{item['name']}"
