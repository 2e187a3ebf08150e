"""Random passwords (GetRandomPassword)."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.secrets.logic.errors import InvalidParameter

if TYPE_CHECKING:
    from volano.kernel.call import Env

MIN_LENGTH, DEFAULT_LENGTH, MAX_LENGTH = 4, 32, 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRules:
    length: int = DEFAULT_LENGTH
    exclude: str = ""
    lowercase: bool = True
    uppercase: bool = True
    numbers: bool = True
    punctuation: bool = True
    space: bool = False
    each: bool = True


def random_password(env: Env, rules: PasswordRules) -> str:
    """Every character is drawn evenly from those allowed; with `each`, one of every kind is in it.

    Raises InvalidParameter.
    """
    if not MIN_LENGTH <= rules.length <= MAX_LENGTH:
        raise InvalidParameter(
            f"PasswordLength must be between {MIN_LENGTH} and {MAX_LENGTH} characters."
        )
    kinds = [
        "".join(char for char in kind if char not in rules.exclude)
        for kind, wanted in (
            (" ", rules.space),
            (string.ascii_lowercase, rules.lowercase),
            (string.ascii_uppercase, rules.uppercase),
            (string.digits, rules.numbers),
            (string.punctuation, rules.punctuation),
        )
        if wanted
    ]
    kinds = [kind for kind in kinds if kind]
    if not kinds:
        raise InvalidParameter("No characters are left to make a password of.")
    letters = "".join(kinds)
    first = [_draw(env, kind) for kind in kinds[: rules.length]] if rules.each else []
    chosen = first + [_draw(env, letters) for _ in range(rules.length - len(first))]
    for index in range(len(chosen) - 1, 0, -1):  # Fisher-Yates, so that no place tells a kind
        other = _below(env, index + 1)
        chosen[index], chosen[other] = chosen[other], chosen[index]
    return "".join(chosen)


def _draw(env: Env, letters: str) -> str:
    return letters[_below(env, len(letters))]


def _below(env: Env, bound: int) -> int:
    """An even number from 0 to `bound` - 1, at most 65,536."""
    limit = 65_536 - 65_536 % bound
    while True:
        drawn = int.from_bytes(env.ids.bytes(2), "big")
        if drawn < limit:
            return drawn % bound
