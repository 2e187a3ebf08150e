"""The request's context: global condition keys, computed when a condition first asks for them.

Keys are those of the IAM user guide, "AWS global condition context keys". What the principal is
cannot be overridden by what a service passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from volano.kernel.call import Call
from volano.kernel.identity import Principal, PrincipalKind

LIST_SEPARATOR = "\n"
"""Between the values of a key that has several (`aws:TagKeys`)."""

MFA_TIME = "volano:mfa-us"
"""Fact of a session: when it was opened with a second factor, in microseconds since 1970."""
ROLE_ARN = "volano:role-arn"
"""Fact of a role's session: the role's ARN, with its path."""

LIST_KEYS = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:resourceorgpaths",
        "aws:tagkeys",
        "sts:transitivetagkeys",
        "aws:principalservicenameslist",
        "kms:encryptioncontextkeys",
        "kms:resourcealiases",
    }
)


class CallFacts:
    """Condition keys of one call. `context` holds what the service passed beside it."""

    __slots__ = ("_call", "_context", "_lowered", "_now_us", "_resource_account")

    def __init__(
        self, call: Call, context: Mapping[str, str], *, now_us: int, resource_account: str
    ) -> None:
        self._call = call
        self._context = context
        self._lowered: dict[str, str] | None = None
        self._now_us = now_us
        self._resource_account = resource_account

    def value(self, key: str) -> str | None:
        found = self.values(key)
        return found[0] if found else None

    def values(self, key: str) -> tuple[str, ...] | None:
        computed = _COMPUTED.get(key)
        if computed is not None:
            one = computed(self)
            return None if one is None else (one,)
        if key.startswith("aws:principaltag/"):
            return self._principal_tag(key[len("aws:principaltag/") :])
        given = self._given().get(key)
        if given is None:
            return None
        if key in LIST_KEYS:
            return tuple(given.split(LIST_SEPARATOR)) if given else ()
        return (given,)

    def _given(self) -> dict[str, str]:
        if self._lowered is None:
            merged = {**self._call.context, **self._context, **self._call.principal.facts}
            self._lowered = {key.lower(): value for key, value in merged.items()}
        return self._lowered

    def _principal_tag(self, name: str) -> tuple[str, ...] | None:
        for key, value in self._call.principal.tags.items():
            if key.lower() == name:
                return (value,)
        return None

    @property
    def who(self) -> Principal:
        return self._call.principal

    @property
    def call(self) -> Call:
        return self._call

    @property
    def now_us(self) -> int:
        return self._now_us

    @property
    def resource_account(self) -> str | None:
        return self._resource_account or None


def _username(facts: CallFacts) -> str | None:
    is_user = facts.who.kind in (PrincipalKind.USER, PrincipalKind.SERVICE_ACCOUNT)
    return facts.who.name if is_user and not _is_federated(facts.who) else None


def _is_federated(who: Principal) -> bool:
    return ":federated-user/" in who.arn


def _principal_arn(facts: CallFacts) -> str | None:
    """For a role session the role's ARN, as AWS has it."""
    who = facts.who
    if who.kind is PrincipalKind.ANONYMOUS:
        return None
    if who.kind is PrincipalKind.ROLE_SESSION:
        return who.facts.get(ROLE_ARN) or f"arn:aws:iam::{who.account}:role/{who.name}"
    return who.arn


def _mfa_age(facts: CallFacts) -> str | None:
    """Seconds since the second factor was shown."""
    opened_us = facts.who.facts.get(MFA_TIME)
    return None if opened_us is None else str((facts.now_us - int(opened_us)) // 1_000_000)


def _principal_type(facts: CallFacts) -> str:
    if _is_federated(facts.who):
        return "FederatedUser"
    return {
        PrincipalKind.ROOT: "Account",
        PrincipalKind.ROLE_SESSION: "AssumedRole",
        PrincipalKind.ANONYMOUS: "Anonymous",
        PrincipalKind.SYSTEM: "Service",
    }.get(facts.who.kind, "User")


def _known(facts: CallFacts, text: str) -> str | None:
    return None if facts.who.kind is PrincipalKind.ANONYMOUS else text


def _current_time(facts: CallFacts) -> str:
    return datetime.fromtimestamp(facts.now_us / 1e6, UTC).isoformat()


_COMPUTED: dict[str, Callable[[CallFacts], str | None]] = {
    "aws:username": _username,
    "aws:userid": lambda facts: facts.who.id,
    "aws:principalarn": _principal_arn,
    "aws:principalaccount": lambda facts: _known(facts, facts.who.account),
    "aws:principaltype": _principal_type,
    "aws:principalisawsservice": lambda facts: (
        "true" if facts.who.kind is PrincipalKind.SYSTEM else "false"
    ),
    "aws:sourceip": lambda facts: facts.call.source_ip or None,
    "aws:useragent": lambda facts: facts.call.user_agent,
    "aws:requestedregion": lambda facts: facts.call.region,
    "aws:resourceaccount": lambda facts: facts.resource_account,
    "aws:multifactorauthage": _mfa_age,
    "aws:viaawsservice": lambda facts: (
        "true" if facts.who.kind is PrincipalKind.SYSTEM else "false"
    ),
    "aws:currenttime": _current_time,
    "aws:epochtime": lambda facts: str(facts.now_us // 1_000_000),
    "volano:door": lambda facts: facts.call.door,
}

OF_PRINCIPAL = frozenset(
    {
        "aws:username",
        "aws:userid",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principaltype",
        "aws:principalisawsservice",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:resourceaccount",
        "aws:viaawsservice",
        "aws:currenttime",
        "aws:epochtime",
    }
)
"""Keys that are known of any asker without a request, also when they have no value."""
