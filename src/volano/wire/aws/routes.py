"""Which operation of a REST service a request names, from the model's methods and URIs.

Paths are matched raw, segment by segment, and labels are decoded once: a key with `//`, a
trailing slash or `%2F` in it stays what it is. Of several operations on one path the one whose
query keys, required parameters and required headers are all there wins, the most telling first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from volano.wire.aws.scalars import BadValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from botocore.model import OperationModel, ServiceModel


@dataclass(frozen=True, slots=True)
class Candidate:
    """One operation on a path: what must be in the query (`None`: any value) and headers."""

    name: str
    query: tuple[tuple[str, str | None], ...]
    required_query: frozenset[str]
    required_headers: frozenset[str]
    deprecated: bool

    @property
    def weight(self) -> tuple[int, int, bool]:
        telling = len(self.required_query) + len(self.required_headers)
        return (len(self.query), telling, not self.deprecated)


@dataclass(frozen=True, slots=True)
class _Path:
    segments: tuple[str, ...]
    greedy: int | None
    candidates: list[Candidate]


def candidate_of(operation: OperationModel) -> Candidate:
    """What a request must carry to name `operation`."""
    _, _, query = operation.http["requestUri"].partition("?")
    pairs = (piece.partition("=") for piece in query.split("&") if piece)
    literal = tuple((key, value if equals else None) for key, equals, value in pairs)
    shape = operation.input_shape
    required = set() if shape is None else set(shape.required_members)
    by_location: dict[str, set[str]] = {"querystring": set(), "header": set()}
    for key in required:
        traits = shape.members[key].serialization
        by_location.get(traits.get("location", ""), set()).add(traits.get("name", key))
    return Candidate(
        operation.name,
        tuple(pair for pair in literal if pair[0] != "x-id"),
        frozenset(by_location["querystring"]),
        frozenset(name.lower() for name in by_location["header"]),
        bool(operation.deprecated),
    )


def choose(
    candidates: Iterable[Candidate], query: dict[str, str], headers: dict[str, str]
) -> str | None:
    """The best candidate's name; `candidates` come sorted by weight, heaviest first.

    A sub-resource that is named without what it requires is still that sub-resource, so that its
    missing parameter is told instead of another operation being done.
    """
    incomplete: Candidate | None = None
    for candidate in candidates:
        if incomplete is not None and len(candidate.query) < len(incomplete.query):
            break
        if not all(_has(query, key, value) for key, value in candidate.query):
            continue
        if (
            candidate.required_query <= query.keys()
            and candidate.required_headers <= headers.keys()
        ):
            return candidate.name
        incomplete = incomplete or candidate
    return None if incomplete is None else incomplete.name


def _has(query: dict[str, str], key: str, value: str | None) -> bool:
    return key in query if value is None else query.get(key) == value


def decode_label(raw: str) -> str:
    """A part of the path, percent-decoded once; raises BadValue when it is not UTF-8."""
    if "%" not in raw and raw.isascii():
        return raw
    try:
        return unquote_to_bytes(raw.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise BadValue("The path is not percent-encoded UTF-8.") from None


class RestRoutes:
    """All operations of one REST service, by method and number of segments."""

    def __init__(self, model: ServiceModel) -> None:
        self._exact: dict[tuple[str, int], list[_Path]] = {}
        self._greedy: dict[str, list[_Path]] = {}
        for name in model.operation_names:
            self._add(model.operation_model(name))
        for paths in (*self._exact.values(), *self._greedy.values()):
            paths.sort(key=_literalness, reverse=True)
            for path in paths:
                path.candidates.sort(key=lambda each: each.weight, reverse=True)

    def _add(self, operation: OperationModel) -> None:
        method = operation.http.get("method", "POST")
        uri = operation.http["requestUri"].partition("?")[0]
        segments = tuple(uri.strip("/").split("/"))
        greedy = next((i for i, part in enumerate(segments) if part.endswith("+}")), None)
        if greedy is None:
            paths = self._exact.setdefault((method, len(segments)), [])
        else:
            paths = self._greedy.setdefault(method, [])
        found = next((path for path in paths if path.segments == segments), None)
        if found is None:
            found = _Path(segments, greedy, [])
            paths.append(found)
        found.candidates.append(candidate_of(operation))

    def match(
        self, method: str, raw_path: str, query: dict[str, str], headers: dict[str, str]
    ) -> tuple[str, dict[str, str]] | None:
        """The operation's name and its labels, or None."""
        parts = raw_path[1:].split("/")
        found = self._match(method, parts, query, headers)
        if found is None and len(parts) > 1 and not parts[-1]:
            found = self._match(method, parts[:-1], query, headers)
        return found

    def _match(
        self, method: str, parts: list[str], query: dict[str, str], headers: dict[str, str]
    ) -> tuple[str, dict[str, str]] | None:
        for path in (*self._exact.get((method, len(parts)), ()), *self._greedy.get(method, ())):
            labels = _labels(path, parts)
            if labels is None:
                continue
            name = choose(path.candidates, query, headers)
            if name is not None:
                return name, {key: decode_label(value) for key, value in labels.items()}
        return None


def _literalness(path: _Path) -> tuple[int, ...]:
    return tuple(0 if part.startswith("{") else 1 for part in path.segments)


def _labels(path: _Path, parts: list[str]) -> dict[str, str] | None:
    if path.greedy is not None:
        extra = len(parts) - len(path.segments)
        if extra < 0:
            return None
        end = path.greedy + extra + 1
        parts = [*parts[: path.greedy], "/".join(parts[path.greedy : end]), *parts[end:]]
    labels: dict[str, str] = {}
    for pattern, part in zip(path.segments, parts, strict=True):
        if pattern.startswith("{"):
            if not part:
                return None
            labels[pattern.strip("{+}")] = part
        elif pattern != part:
            return None
    return labels
