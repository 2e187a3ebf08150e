"""Method and path to action, for the protocols that route by path.

A template is literal segments and `{name}` for one segment; `{name:path}` takes any number of
segments, for names with slashes in them (model ids). Literal segments win over parameters, and
one segment wins over many. Values are percent-decoded after the path was split.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from volano.kernel.errors import Invalid, NotFound, VolanoError
from volano.wire.action import find_action, list_actions, registry_generation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.wire.action import Action

_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


class MethodNotAllowed(VolanoError):
    """The path exists, with other methods; `fields["allow"]` lists them."""

    code = "method_not_allowed"
    status = 405


class UnknownRoute(NotFound):
    """No route has this path."""

    code = "unknown_url"


@dataclass(frozen=True, slots=True)
class _Template:
    name: str
    pattern: re.Pattern[str]
    rank: tuple[int, ...]


class RouteTable:
    """Templates by method; `find` answers the route's name and the decoded path parameters."""

    def __init__(self, routes: Iterable[tuple[str, str, str]]) -> None:
        """`routes` are (method, template, name); raises ValueError when two are the same."""
        self._literal: dict[tuple[str, str], str] = {}
        self._templates: dict[str, list[_Template]] = {}
        for method, template, name in routes:
            if "{" not in template:
                other = self._literal.setdefault((method, template), name)
                if other != name:
                    raise ValueError(f"{other} and {name} have the same route {method} {template}")
            else:
                compiled = _Template(name, _pattern_of(template), _rank_of(template))
                self._templates.setdefault(method, []).append(compiled)
        for templates in self._templates.values():
            templates.sort(key=lambda template: template.rank)

    def find(self, method: str, raw_path: str) -> tuple[str, dict[str, str]] | None:
        """The route of a still percent-encoded path, or None. HEAD is served by GET."""
        method = "GET" if method == "HEAD" else method
        name = self._literal.get((method, raw_path))
        if name is not None:
            return name, {}
        for template in self._templates.get(method, ()):
            match = template.pattern.fullmatch(raw_path)
            if match is not None:
                return template.name, {k: _decoded(k, v) for k, v in match.groupdict().items()}
        return None

    def require(self, method: str, raw_path: str) -> tuple[str, dict[str, str]]:
        """As `find`; raises MethodNotAllowed or UnknownRoute instead of answering None."""
        found = self.find(method, raw_path)
        if found is not None:
            return found
        allowed = self.methods_of(raw_path)
        if allowed:
            raise MethodNotAllowed(
                f"{method} is not allowed here; use {', '.join(allowed)}.",
                fields={"allow": ", ".join(allowed)},
            )
        raise UnknownRoute(f"Unknown request URL: {method} {raw_path[:200]}")

    def methods_of(self, raw_path: str) -> list[str]:
        """Methods under which the path is routed."""
        methods = {method for method, _ in self._literal} | set(self._templates)
        return sorted(method for method in methods if self.find(method, raw_path) is not None)


def _pattern_of(template: str) -> re.Pattern[str]:
    parts, end = [], 0
    for match in _PARAMETER.finditer(template):
        parts.append(re.escape(template[end : match.start()]))
        parts.append(f"(?P<{match[1]}>{'.+' if match[2] else '[^/]+'})")
        end = match.end()
    parts.append(re.escape(template[end:]))
    return re.compile("".join(parts))


def _rank_of(template: str) -> tuple[int, ...]:
    """Lower is tried first: literal 0, one segment 1, many 2; a shorter prefix of ranks later."""
    ranks = [_segment_rank(segment) for segment in template.split("/")]
    return (*ranks, 3)


def _segment_rank(segment: str) -> int:
    if ":path}" in segment:
        return 2
    return 1 if "{" in segment else 0


def _decoded(name: str, value: str) -> str:
    try:
        text = unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise Invalid(f"'{name}' in the path is not UTF-8.", fields={"param": name}) from error
    if "\x00" in text:
        raise Invalid(f"'{name}' in the path holds a NUL.", fields={"param": name})
    return text


class ActionRoutes:
    """The routes of one protocol's actions, rebuilt when actions were added to the registry."""

    def __init__(self, protocol: str, *, slashed: tuple[str, ...] = ()) -> None:
        """Parameters named in `slashed` take any number of segments."""
        self._protocol = protocol
        self._slashed = slashed
        self._generation = -1
        self._table = RouteTable(())

    def table(self) -> RouteTable:
        if self._generation != registry_generation():
            self._generation = registry_generation()
            self._table = RouteTable(
                (found.method, self._widened(found.path), found.name)
                for found in list_actions(self._protocol)
                if found.path
            )
        return self._table

    def _widened(self, path: str) -> str:
        for name in self._slashed:
            path = path.replace(f"{{{name}}}", f"{{{name}:path}}")
        return path

    def find(self, method: str, raw_path: str) -> tuple[Action, dict[str, str]] | None:
        """The action and its path parameters, or None."""
        routed = self.table().find(method, raw_path)
        return None if routed is None else _action_of(routed)

    def require(self, method: str, raw_path: str) -> tuple[Action, dict[str, str]]:
        """As `find`; raises MethodNotAllowed or UnknownRoute instead of answering None."""
        return _action_of(self.table().require(method, raw_path))


def _action_of(routed: tuple[str, dict[str, str]]) -> tuple[Action, dict[str, str]]:
    found = find_action(routed[0])
    assert found is not None, routed[0]
    return found, routed[1]
