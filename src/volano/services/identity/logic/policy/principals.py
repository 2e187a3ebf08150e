"""The Principal element of trust and resource policies.

How a principal is named decides what the statement grants (IAM user guide, "Policy evaluation
logic"): the account delegates to the account's own policies, a role is still limited by the
session's policy and boundary, a session or user is granted directly. A federated user's session is
to the user who opened it what a role's session is to the role.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import canonical_id

if TYPE_CHECKING:
    from volano.kernel.ids import AccountId


class Named(IntEnum):
    """How closely a Principal element names someone; higher is closer."""

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    ANYONE = 3
    EXACT = 4


@dataclass(frozen=True, slots=True)
class PrincipalElement:
    """`aws` holds ARNs, account ids or `*`; `services` names like `ec2.amazonaws.com`."""

    anyone: bool
    aws: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    federated: frozenset[str] = frozenset()
    canonical: frozenset[str] = frozenset()

    def names(self, who: Principal) -> Named:
        """How the element names `who`.

        SYSTEM principals are services, or people of a federated provider, named by `name`.
        """
        if who.kind is PrincipalKind.SYSTEM:
            named = self.anyone or who.name in self.services or who.name in self.federated
            return Named.EXACT if named else Named.NOT
        if who.kind is PrincipalKind.ANONYMOUS:
            return Named.ANYONE if self.anyone else Named.NOT
        if who.arn in self.aws or who.id in self.aws:
            return Named.EXACT
        if self.anyone:
            return Named.ANYONE
        if who.holder_arn in self.aws or self._names_role(who):
            return Named.ROLE
        if self._names_account(who.account):
            return Named.EXACT if who.kind is PrincipalKind.ROOT else Named.ACCOUNT
        return Named.NOT

    def _names_account(self, account: AccountId) -> bool:
        return (
            account in self.aws
            or f"arn:aws:iam::{account}:root" in self.aws
            or (bool(self.canonical) and canonical_id(account) in self.canonical)
        )

    def _names_role(self, who: Principal) -> bool:
        if who.kind is not PrincipalKind.ROLE_SESSION:
            return False
        head, tail = f"arn:aws:iam::{who.account}:role/", f"/{who.name}"
        return any(
            arn.startswith(head) and ("/" + arn[len(head) :]).endswith(tail) for arn in self.aws
        )


def parse_principal(element: object) -> PrincipalElement | None:
    """The element, or None when it has not the form of one."""
    if element == "*":
        return PrincipalElement(anyone=True)
    if not isinstance(element, Mapping) or not element:
        return None
    named: dict[str, frozenset[str]] = {}
    for kind, value in element.items():
        names = [value] if isinstance(value, str) else value
        if kind not in _KINDS or not isinstance(names, Sequence):
            return None
        if not all(isinstance(name, str) for name in names):
            return None
        named[kind] = frozenset(names)
    aws = named.get("AWS", frozenset())
    return PrincipalElement(
        anyone="*" in aws,
        aws=aws - {"*"},
        services=named.get("Service", frozenset()),
        federated=named.get("Federated", frozenset()),
        canonical=named.get("CanonicalUser", frozenset()),
    )


_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
