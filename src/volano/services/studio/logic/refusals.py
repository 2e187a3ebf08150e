"""Refusals in OpenAI's words: which parameter, and what it may be."""

from __future__ import annotations

from volano.kernel.errors import Invalid


def invalid(param: str, why: str) -> Invalid:
    """The error for a value that cannot be."""
    return Invalid(
        f"Invalid value for '{param}': {why}.", code="invalid_value", fields={"param": param}
    )


def unsupported(param: str, why: str) -> Invalid:
    """The error for what is not offered here; it is never ignored in silence."""
    return Invalid(
        f"Unsupported parameter: '{param}': {why}.",
        code="unsupported_parameter",
        fields={"param": param},
    )
