"""What is known of the tools of an outside MCP server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from volano.kernel.errors import Unavailable


class ServerFailed(Unavailable):
    """An outside server did not answer as MCP says."""

    code: ClassVar[str] = "ServerFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTool:
    """A tool as its server describes it; `annotations` are its own hints about itself."""

    name: str
    description: str
    schema: dict[str, object]
    annotations: dict[str, object]

    @property
    def is_read_only(self) -> bool:
        """Whether it says that it changes nothing."""
        return self.annotations.get("readOnlyHint") is True


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteAnswer:
    """What a call gave: its text, the parts as they came, and whether the tool says it failed."""

    text: str
    content: list[object]
    is_error: bool
