"""EC2's `Filters`: values with `*` and `?` wildcards, all filters must match.

Source: the EC2 API reference, "Filter". A filter that an operation does not know is refused with
InvalidParameterValue, so that a query never answers more than was asked for.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Values = Callable[[Any], Sequence[str]]


def matching(
    items: list[Any], filters: list[dict[str, Any]] | None, fields: Mapping[str, Values]
) -> list[Any]:
    """The items that pass every filter. `fields` gives an item's values of each filter's name;
    `tag:` and `tag-key` go through the fields `tag` (as `key=value`)."""
    kept = items
    for given in filters or []:
        name, wanted = given.get("Name", ""), given.get("Values", [])
        read = _reader(name, fields)
        kept = [item for item in kept if _passes(read(item), wanted)]
    return kept


def _reader(name: str, fields: Mapping[str, Values]) -> Values:
    if name in fields:
        return fields[name]
    tags = fields.get("tag")
    if tags is not None and name.startswith("tag:"):
        prefix = name[4:] + "="
        return lambda item: [t[len(prefix) :] for t in tags(item) if t.startswith(prefix)]
    if tags is not None and name == "tag-key":
        return lambda item: [tag.partition("=")[0] for tag in tags(item)]
    raise Invalid(f"The filter '{name}' is invalid", code="InvalidParameterValue")


def _passes(values: Sequence[str], wanted: list[str]) -> bool:
    patterns = [text.replace("[", "[[]") for text in wanted]
    return any(fnmatchcase(value, pattern) for value in values for pattern in patterns)
