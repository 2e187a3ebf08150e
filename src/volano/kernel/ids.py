"""Identifiers: how they are made, and Amazon Resource Names.

Random ids come from `Ids`, which a test seeds; nothing else calls `secrets` or `random`.
Formats follow the wire they are seen on: EC2 `i-` + 17 hex digits, IAM `AIDA` + 17, `AKIA` + 16 of
A–Z2–7 (IAM user guide, "Understand unique ID prefixes"), Slack `C`/`U`/`T` + 10 of A–Z0–9.
"""

from __future__ import annotations

import base64
import hashlib
import random
import secrets
from dataclasses import dataclass
from typing import NewType, Protocol

AccountId = NewType("AccountId", str)
"""Twelve digits: the AWS account, the OpenAI organisation and the Slack team."""

PrincipalId = NewType("PrincipalId", str)
RequestId = NewType("RequestId", str)

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def canonical_id(account: str) -> str:
    """The 64 hex digits by which S3 names an account."""
    return hashlib.sha256(f"s3-owner:{account}".encode()).hexdigest()


class Entropy(Protocol):
    """A source of random bytes."""

    def __call__(self, count: int, /) -> bytes: ...


class Ids:
    """Makes identifiers and secrets from one source of entropy."""

    def __init__(self, entropy: Entropy = secrets.token_bytes) -> None:
        self._entropy = entropy

    def bytes(self, count: int) -> bytes:
        return self._entropy(count)

    def hex(self, digits: int) -> str:
        return self._entropy((digits + 1) // 2).hex()[:digits]

    def resource(self, prefix: str) -> str:
        """An EC2-style id: `resource("i")` is `i-` and 17 hex digits."""
        return f"{prefix}-{self.hex(17)}"

    def unique(self, prefix: str, length: int = 16) -> str:
        """An IAM-style unique id: prefix and `length` characters of A–Z2–7."""
        return prefix + "".join(_BASE32[b & 31] for b in self._entropy(length))

    def slack(self, prefix: str) -> str:
        """A Slack-style id: prefix and 10 characters of A–Z0–9."""
        return prefix + "".join(_ALPHANUMERIC[b % 36] for b in self._entropy(10))

    def uuid(self) -> str:
        """A random UUID (RFC 9562 version 4)."""
        text = self._entropy(16).hex()
        variant = "89ab"[int(text[16], 16) & 3]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    def token(self, count: int = 32) -> str:
        """A URL-safe secret of `count` random bytes."""
        return base64.urlsafe_b64encode(self._entropy(count)).rstrip(b"=").decode()

    def request_id(self) -> RequestId:
        return RequestId(self.uuid())


def seeded_ids(seed: int) -> Ids:
    """Ids that repeat from a seed, for tests and fault runs."""
    return Ids(random.Random(seed).randbytes)  # noqa: S311 - repeatable on purpose


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:partition:service:region:account:resource`; partition is always `aws`."""

    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:aws:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn | None:
    """The ARN in `text`, or None when it is not one."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[2] or not parts[5]:
        return None
    return Arn(parts[2], parts[3], parts[4], parts[5])
