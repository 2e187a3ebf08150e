"""Whether a bucket policy is public (S3 user guide, "The meaning of public")."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any

import msgspec

MAX_REMEMBERED = 1024
_NARROWING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:username",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
"""Keys whose fixed values keep a statement for everyone from being public."""
_MIN_PREFIX_V4 = 8
_MIN_PREFIX_V6 = 32


@lru_cache(maxsize=MAX_REMEMBERED)
def is_public_policy(policy: str) -> bool:
    """Whether a statement of the policy (JSON text, '' for none) lets in everyone."""
    if not policy:
        return False
    statements = msgspec.json.decode(policy).get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    return any(_is_public(statement) for statement in listed)


def _is_public(statement: dict[str, Any]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    if "NotPrincipal" in statement:
        return True
    if not _names_everyone(statement.get("Principal")):
        return False
    conditions = statement.get("Condition") or {}
    return not any(_narrows(name, condition) for name, condition in conditions.items())


def _names_everyone(principal: Any) -> bool:
    if principal == "*":
        return True
    named = principal.get("AWS", []) if isinstance(principal, dict) else []
    return named == "*" or "*" in named


def _narrows(operator: str, condition: dict[str, Any]) -> bool:
    word = operator.rpartition(":")[2].lower()
    if "not" in word or word == "null" or word.endswith("ifexists"):
        return False
    for key, values in condition.items():
        texts = [str(value) for value in (values if isinstance(values, list) else [values])]
        if key.lower() not in _NARROWING:
            continue
        if all(_is_fixed(key.lower(), text) for text in texts):
            return True
    return False


def _is_fixed(key: str, text: str) -> bool:
    if key != "aws:sourceip":
        return "*" not in text and "?" not in text and "${" not in text
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= (_MIN_PREFIX_V4 if network.version == 4 else _MIN_PREFIX_V6)
