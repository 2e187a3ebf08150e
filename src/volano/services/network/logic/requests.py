"""What every EC2 operation shares: filters, pages and the dry run.

Source: the EC2 API reference, "Filter", "Pagination" and "Common parameters". A filter that an
operation does not know is refused with InvalidParameterValue, so that a query never answers more
than was asked for.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import Invalid, VolanoError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Values = Callable[[Any], Sequence[str]]

MAX_PAGE = 1000
MAX_FILTERS = 50
MAX_FILTER_VALUES = 200


class DryRunOperation(VolanoError):
    """The caller may do it; nothing was done (EC2's answer to DryRun)."""

    code = "DryRunOperation"
    status = 412


def end_dry_run(request: Mapping[str, Any]) -> None:
    """Raise DryRunOperation when only the permission was to be tried."""
    if request.get("DryRun"):
        raise DryRunOperation("Request would have succeeded, but DryRun flag is set.")


def matching(
    items: list[Any], filters: list[dict[str, Any]] | None, fields: Mapping[str, Values]
) -> list[Any]:
    """The items that pass every filter. `fields` gives an item's values of each filter's name;
    `tag:`, `tag-key` and `tag-value` go through the fields `tag` (as `key=value`)."""
    kept = items
    if len(filters or []) > MAX_FILTERS:
        raise Invalid(f"At most {MAX_FILTERS} filters.", code="FilterLimitExceeded")
    for given in filters or []:
        read = _reader(given.get("Name", ""), fields)
        patterns = _patterns(given.get("Values", []))
        kept = [item for item in kept if _passes(read(item), patterns)]
    return kept


def page_of(
    items: list[Any], request: Mapping[str, Any], key: Callable[[Any], str]
) -> tuple[list[Any], str]:
    """A page by MaxResults and NextToken of items that are in order of `key`.

    The token is the key of the page's last item, so that what comes and goes between two pages
    shifts nothing.
    """
    limit = request.get("MaxResults") or MAX_PAGE
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"MaxResults is 1 to {MAX_PAGE}.", code="InvalidParameterValue")
    token = request.get("NextToken")
    after = _parse_token(token) if token else ""
    rest = [item for item in items if key(item) > after] if token else items
    page = rest[: int(limit)]
    return page, _to_token(key(page[-1])) if len(rest) > len(page) else ""


def _to_token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _parse_token(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise Invalid("The NextToken is not valid.", code="InvalidNextToken") from None


def _reader(name: str, fields: Mapping[str, Values]) -> Values:
    if name in fields and name != "tag":
        return fields[name]
    tags = fields.get("tag")
    if tags is not None and name.startswith("tag:"):
        prefix = name[4:] + "="
        return lambda item: [t[len(prefix) :] for t in tags(item) if t.startswith(prefix)]
    if tags is not None and name == "tag-key":
        return lambda item: [tag.partition("=")[0] for tag in tags(item)]
    if tags is not None and name == "tag-value":
        return lambda item: [tag.partition("=")[2] for tag in tags(item)]
    raise Invalid(f"The filter '{name}' is invalid", code="InvalidParameterValue")


def _patterns(values: list[str]) -> list[re.Pattern[str]]:
    if len(values) > MAX_FILTER_VALUES:
        raise Invalid(f"At most {MAX_FILTER_VALUES} filter values.", code="FilterLimitExceeded")
    return [_pattern(value) for value in values]


def _pattern(text: str) -> re.Pattern[str]:
    r"""`*` is any text, `?` one character, a backslash takes the next one literally."""
    parts: list[str] = []
    rest = iter(text)
    for character in rest:
        if character == "\\":
            parts.append(re.escape(next(rest, "\\")))
        elif character == "*":
            parts.append("" if parts[-1:] == [".*"] else ".*")
        else:
            parts.append("." if character == "?" else re.escape(character))
    return re.compile("".join(parts), re.DOTALL)


def _passes(values: Sequence[str], patterns: list[re.Pattern[str]]) -> bool:
    return any(pattern.fullmatch(value) for value in values for pattern in patterns)
