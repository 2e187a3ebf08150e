"""Port: the cloud's own actions as tools of language models.

A tool is one API action called with plain JSON: `s3_ListBuckets` is `s3:ListBuckets`. To run one is
to run the action as the caller: authorized, audited and metered as at its own door. Assistants,
the copilot and the MCP server use this port and nothing else to act on the cloud.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolName:
    """What is known of a tool without its schema.

    `service` is the first word of the action (`s3`, `slack`, `volano`), `read_only` whether it
    changes nothing.
    """

    name: str
    action: str
    service: str
    permission: str
    read_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool with all that a model needs to call it; `input_schema` is JSON Schema, an object."""

    head: ToolName
    description: str
    input_schema: dict[str, Any]


class Tools(Protocol):
    """The actions of the registry that take and give JSON."""

    def list_tools(self) -> list[ToolName]:
        """All tools by name."""
        ...

    def find_tool(self, name: str) -> ToolName | None:
        """The tool called `name` (`s3_ListBuckets`) or with that action (`s3:ListBuckets`)."""
        ...

    def search(
        self, words: str, *, service: str = "", read_only: bool = False, limit: int = 20
    ) -> list[ToolName]:
        """Tools whose name or summary has the words, best first."""
        ...

    async def describe(self, head: ToolName) -> Tool:
        """The tool's description and schema."""
        ...

    async def require_allowed(
        self, env: Env, call: Call, head: ToolName, arguments: dict[str, Any]
    ) -> None:
        """Return when the caller may run the action with these arguments, and run nothing.

        Raises Denied, and Invalid for arguments that the action does not take.
        """
        ...

    async def run(self, env: Env, call: Call, head: ToolName, arguments: dict[str, Any]) -> Any:
        """Run the action as the caller; returns plain JSON values. Raises VolanoError."""
        ...
