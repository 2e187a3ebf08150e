"""Approvals of calls to MCP servers: which calls a client approved and that were not made yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.services.studio.model.responses import Json

REQUEST = "mcp_approval_request"
RESPONSE = "mcp_approval_response"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A call that may be made: what the model asked for, and the id of the request for it."""

    id: str
    server_label: str
    name: str
    arguments: str


def approvals_in(items: Sequence[Json]) -> list[Approval]:
    """The calls among `items` that are approved and have no answer, in the order asked for."""
    given = {item["approval_request_id"] for item in items if is_approval(item)}
    made = {item.get("approval_request_id") for item in items if item["type"] == "mcp_call"}
    return [
        Approval(
            id=str(item["id"]),
            server_label=str(item["server_label"]),
            name=str(item["name"]),
            arguments=str(item["arguments"]),
        )
        for item in items
        if item["type"] == REQUEST and item["id"] in given - made
    ]


def is_approval(item: Json) -> bool:
    """Whether it is a client's yes."""
    return item["type"] == RESPONSE and item.get("approve") is True
