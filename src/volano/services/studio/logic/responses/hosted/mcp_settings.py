"""The settings of one MCP server in a request's `tools`: checked, with its rules of approval."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.models.interface import invalid, unsupported

if TYPE_CHECKING:
    from volano.services.studio.model.remote_tools import RemoteTool
    from volano.services.studio.model.responses import Json

FIELDS = frozenset(
    (
        "type",
        "server_label",
        "server_url",
        "server_description",
        "authorization",
        "headers",
        "allowed_tools",
        "require_approval",
        "connector_id",
        "tunnel_id",
        "defer_loading",
        "allowed_callers",
    )
)
MAX_HEADERS = 20
MAX_SECRET_CHARACTERS = 8192
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}\Z")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
_OWN_HEADERS = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "mcp-session-id")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which tools are meant: by name, by being read-only, or both. None means any."""

    names: frozenset[str] | None = None
    read_only: bool | None = None

    def holds(self, tool: RemoteTool) -> bool:
        """Whether the tool is meant."""
        named = self.names is None or tool.name in self.names
        return named and (self.read_only is None or tool.is_read_only == self.read_only)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One server: where it is, what it is sent along, which tools may be called and how."""

    label: str
    url: str
    description: str
    authorization: str
    headers: dict[str, str]
    allowed: Filter | None
    always: Filter | None
    never: Filter | None

    def is_allowed(self, tool: RemoteTool) -> bool:
        """Whether the model may see the tool."""
        return self.allowed is None or self.allowed.holds(tool)

    def needs_approval(self, tool: RemoteTool) -> bool:
        """Whether the client is asked before each call: so it is where nothing else was said."""
        if self.always is not None and self.always.holds(tool):
            return True
        return self.never is None or not self.never.holds(tool)


def settings_of(item: Json, where: str) -> Settings:
    """Raises Invalid by the place of what is wrong."""
    for name in ("connector_id", "tunnel_id"):
        if item.get(name) is not None:
            raise unsupported(f"{where}.{name}", "give the `server_url` of the server")
    if item.get("defer_loading"):
        raise unsupported(f"{where}.defer_loading", "tools are always listed at once")
    if item.get("allowed_callers") not in (None, ["direct"]):
        raise unsupported(f"{where}.allowed_callers", "tools are called directly")
    label, url = item.get("server_label"), item.get("server_url")
    if not isinstance(label, str) or not _LABEL.match(label):
        raise invalid(
            f"{where}.server_label", "a letter and up to 31 letters, digits, hyphens, underscores"
        )
    if not isinstance(url, str):
        raise invalid(f"{where}.server_url", "it is the address of an MCP server")
    always, never = _approval(item.get("require_approval"), f"{where}.require_approval")
    return Settings(
        label=label,
        url=url,
        description=str(item.get("server_description") or ""),
        authorization=_authorization(item.get("authorization"), f"{where}.authorization"),
        headers=_headers(item.get("headers"), f"{where}.headers"),
        allowed=_filter(item.get("allowed_tools"), f"{where}.allowed_tools"),
        always=always,
        never=never,
    )


def _authorization(given: object, where: str) -> str:
    if given is None:
        return ""
    if not isinstance(given, str) or len(given) > MAX_SECRET_CHARACTERS or not given.isprintable():
        raise invalid(where, "it is an access token")
    return given


def _headers(given: object, where: str) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > MAX_HEADERS:
        raise invalid(where, f"at most {MAX_HEADERS} names with texts")
    for name, value in given.items():
        sane = isinstance(value, str) and value.isprintable() and value.isascii()
        if not _HEADER.match(name) or not sane or name.lower() in _OWN_HEADERS:
            raise invalid(f"{where}.{name[:64]}", "this header cannot be sent along")
    return {name.lower(): value for name, value in given.items()}


def _approval(given: object, where: str) -> tuple[Filter | None, Filter | None]:
    """The tools that always and those that never need approval."""
    if given is None or given == "always":
        return Filter(), None
    if given == "never":
        return None, Filter()
    if not isinstance(given, dict) or set(given) - {"always", "never"}:
        raise invalid(where, "it is `always`, `never`, or an object with filters of these names")
    return (
        _filter(given.get("always"), f"{where}.always"),
        _filter(given.get("never"), f"{where}.never"),
    )


def _filter(given: object, where: str) -> Filter | None:
    if given is None:
        return None
    if isinstance(given, list):
        return Filter(names=_names(given, where))
    if not isinstance(given, dict) or set(given) - {"tool_names", "read_only"}:
        raise invalid(where, "it is a list of names, or an object with `tool_names`, `read_only`")
    names, read_only = given.get("tool_names"), given.get("read_only")
    if read_only is not None and not isinstance(read_only, bool):
        raise invalid(f"{where}.read_only", "it is a boolean")
    return Filter(
        names=None if names is None else _names(names, f"{where}.tool_names"), read_only=read_only
    )


def _names(given: object, where: str) -> frozenset[str]:
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise invalid(where, "it is a list of names")
    return frozenset(given)
