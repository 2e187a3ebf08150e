"""Lists of secrets, filtered as Secrets Manager filters ("Find secrets" in its user guide).

A filter's value is a prefix; `!` in front turns it round. Several values of a filter are
alternatives, several filters must all fit. Name and tags are compared with case, the description
and `all` without, word by word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.services.secrets.logic.errors import InvalidParameter
from volano.services.secrets.store import secrets as rows
from volano.services.secrets.store import versions as version_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.secrets.model import Secret

    Filter = tuple[str, Sequence[str]]

SCAN = 200
MAX_SCANNED = 20_000
"""Secrets looked at for one page; a filter that fits few answers with a shorter page."""
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")


def _words(text: str) -> list[str]:
    """`SecretOne/prod-2` as secret, one, prod, 2."""
    return [word.lower() for word in _WORD.findall(text)]


def _prefix(values: Iterable[str], wanted: str) -> bool:
    return any(value.startswith(wanted) for value in values)


def _by_word(values: Iterable[str], wanted: str) -> bool:
    """Whether each word wanted begins a word of the texts."""
    words = [word for value in values for word in _words(value)]
    parts = _words(wanted)
    return bool(parts) and all(_prefix(words, part) for part in parts)


_MATCHERS: dict[str, Callable[[Secret, str], bool]] = {
    "name": lambda secret, wanted: secret.name.startswith(wanted),
    "description": lambda secret, wanted: _by_word([secret.description], wanted),
    "tag-key": lambda secret, wanted: _prefix(secret.tags, wanted),
    "tag-value": lambda secret, wanted: _prefix(secret.tags.values(), wanted),
    "primary-region": lambda secret, wanted: secret.region.startswith(wanted),
    "owning-service": lambda secret, wanted: False,
    "all": lambda secret, wanted: _by_word(
        [secret.name, secret.description, *secret.tags, *secret.tags.values()], wanted
    ),
}


def _fits(secret: Secret, filters: Sequence[Filter]) -> bool:
    return all(_fits_one(secret, key, values) for key, values in filters)


def _fits_one(secret: Secret, key: str, values: Sequence[str]) -> bool:
    matcher = _MATCHERS[key]
    return any(
        matcher(secret, value.removeprefix("!")) != value.startswith("!") for value in values
    )


def require_filters(filters: Sequence[Filter]) -> None:
    """Raises InvalidParameter."""
    for key, values in filters:
        if key not in _MATCHERS:
            raise InvalidParameter("Invalid filter key")
        if not values:
            raise InvalidParameter(f"Invalid filter values for key: {key}")


async def list_secrets(
    env: Env,
    call: Call,
    *,
    filters: Sequence[Filter],
    deleted: bool,
    sort: str = "created",
    descending: bool = False,
    after: tuple[int, str] | None,
    limit: int,
) -> tuple[list[Secret], tuple[int, str] | None]:
    """A page of the account's secrets, and where the next begins."""
    require_filters(filters)
    found: list[Secret] = []
    for _ in range(MAX_SCANNED // SCAN):
        batch = await rows.select_secrets(
            env.store.reader,
            call.account,
            sort=sort,
            descending=descending,
            after=after,
            limit=SCAN,
            region=env.region.name,
        )
        for secret in batch:
            shown = (deleted or secret.deleted_us is None) and _fits(secret, filters)
            if shown and len(found) == limit:
                return found, after
            if shown:
                found.append(secret)
            after = (_sort_value(secret, sort), secret.name)
        if len(batch) < SCAN:
            return found, None
    return found, after


async def stages_of(env: Env, found: Sequence[Secret]) -> list[dict[str, list[str]]]:
    """Of each secret of one account: version id to stages."""
    if not found:
        return []
    names = [secret.name for secret in found]
    stages = await version_rows.select_stages_of(env.store.reader, found[0].account, names)
    return [stages[name] for name in names]


def _sort_value(secret: Secret, sort: str) -> int:
    if sort == "name":
        return 0
    if sort == "accessed":
        return secret.accessed_us or 0
    return secret.created_us if sort == "created" else secret.changed_us
