"""SimulateCustomPolicy and SimulatePrincipalPolicy: what the policy engine would answer.

Specified in the IAM API reference. The decision is the very function that every door asks
(`policy.decide`); here it gets the statements that matched and what was not given. A key that is
missing is missing, as in a request; the answer names it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import PrincipalId
from volano.services.identity.logic.access import stored_authority
from volano.services.identity.logic.names import parse_count_marker, require_page_size
from volano.services.identity.logic.policy import (
    OF_PRINCIPAL,
    CallFacts,
    Effect,
    Explanation,
    Match,
    PolicyKind,
    Question,
    Source,
    SourceKind,
    compile_policy,
    context_keys,
    explain,
)
from volano.services.identity.logic.policy.context_keys import statement_keys
from volano.services.identity.logic.policy.decide import account_of
from volano.services.identity.logic.subjects import Subject, find_subject
from volano.services.identity.model.errors import InvalidInput, MalformedPolicyDocument

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_SIMULATED = 10_000
"""Pairs of action and resource in one simulation."""
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9.]+\Z")
_TIMES = ("aws:currenttime", "aws:epochtime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What is asked. `context` has the values of each key, in lower case."""

    actions: Sequence[str]
    resources: Sequence[str] = ("*",)
    policies: Sequence[str] = ()
    boundaries: Sequence[str] = ()
    resource_policy: str | None = None
    resource_owner: str | None = None
    caller_arn: str | None = None
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """One action on one resource. `boundary` and `organization` are whether these allow it; None
    when there is none."""

    action: str
    resource: str
    explanation: Explanation
    missing: tuple[str, ...]
    boundary: bool | None = None
    organization: bool | None = None
    cross_account: bool = False

    @property
    def decision(self) -> str:
        verdict = self.explanation.verdict
        if verdict.allowed:
            return "allowed"
        return "explicitDeny" if verdict.explicit else "implicitDeny"


class GivenFacts:
    """The context keys that were given, and what is known of the principal."""

    def __init__(
        self, given: Mapping[str, tuple[str, ...]], base: CallFacts, *, subject: bool
    ) -> None:
        self._given = given
        self._base = base
        self._subject = subject

    def value(self, key: str) -> str | None:
        found = self.values(key)
        return found[0] if found else None

    def values(self, key: str) -> tuple[str, ...] | None:
        if key in self._given:
            return self._given[key]
        if key in _TIMES or (self._subject and is_of_principal(key)):
            return self._base.values(key)
        return None

    def is_known(self, key: str) -> bool:
        return key in _TIMES or (self._subject and is_of_principal(key))


def is_of_principal(key: str) -> bool:
    """Whether a key (in lower case) tells of the asker and not of the request."""
    return key in OF_PRINCIPAL or key.startswith("aws:principaltag/")


async def simulate(
    env: Env, call: Call, wanted: Simulation, *, marker: str | None, max_items: int | None,
    source_arn: str | None = None,
) -> tuple[list[Simulated], str | None]:  # fmt: skip
    """A page of results; with `source_arn` the policies of that user, group or role come too.

    Raises InvalidInput and NoSuchEntity.
    """
    require_simulation(wanted)
    sources = _given_sources(wanted)
    subject = None
    if source_arn is not None:
        subject = await find_subject(env, call.account, source_arn)
        held = await stored_authority(env).sources.of_holder(subject.id)
        org = await stored_authority(env).org_of(call.account)
        if wanted.boundaries:
            held = [one for one in held if one.kind is not SourceKind.BOUNDARY]
        sources = [*held, *sources, *_service_controls(org.sources)]
    who = await _asker(env, call, wanted, subject)
    pairs = [(action, resource) for action in wanted.actions for resource in wanted.resources]
    first, size = parse_count_marker(marker), require_page_size(max_items)
    page = pairs[first : first + size]
    bound = replace(call, principal=who, account=who.account, source_ip="", context={})
    now_us = env.clock.now_us()

    def work() -> list[Simulated]:
        known = subject is not None or wanted.caller_arn is not None
        return [
            _simulate_one(bound, wanted, sources, action, resource, now_us=now_us, known=known)
            for action, resource in page
        ]

    found = await asyncio.to_thread(work)
    end = first + len(page)
    return found, str(end) if end < len(pairs) else None


def require_simulation(wanted: Simulation) -> None:
    """Raises InvalidInput."""
    for action in wanted.actions:
        if not _ACTION.match(action):
            raise InvalidInput(
                f"Invalid Action Name. Please use a valid Action Name: {action[:128]}"
            )
    for resource in wanted.resources:
        if resource != "*" and not resource.startswith("arn:"):
            raise InvalidInput(f"Invalid Resource ARN: {resource[:200]}")
    if not wanted.actions or len(wanted.actions) * len(wanted.resources) > MAX_SIMULATED:
        raise InvalidInput(f"A simulation has 1 to {MAX_SIMULATED} pairs of action and resource.")


def _given_sources(wanted: Simulation) -> list[Source]:
    found = [
        _given(SourceKind.IDENTITY, f"PolicyInputList.{number}", text)
        for number, text in enumerate(wanted.policies, 1)
    ]
    found += [
        _given(SourceKind.BOUNDARY, f"PermissionsBoundaryPolicyInputList.{number}", text)
        for number, text in enumerate(wanted.boundaries, 1)
    ]
    if wanted.resource_policy is not None:
        kind = SourceKind.RESOURCE
        found.append(_given(kind, "ResourcePolicy", wanted.resource_policy, PolicyKind.RESOURCE))
    return found


def _given(
    kind: SourceKind, name: str, text: str, grammar: PolicyKind = PolicyKind.IDENTITY
) -> Source:
    try:
        return Source(kind=kind, name=name, text=text, compiled=compile_policy(text, grammar))
    except MalformedPolicyDocument as error:
        raise InvalidInput(f"Invalid policy document {name}: {error.message}") from error


def _service_controls(sources: Sequence[Source]) -> list[Source]:
    return [one for one in sources if one.kind is SourceKind.SERVICE_CONTROL]


async def _asker(env: Env, call: Call, wanted: Simulation, subject: Subject | None) -> Principal:
    if wanted.caller_arn is not None:
        parts = wanted.caller_arn.split(":")
        if len(parts) < 6 or parts[0] != "arn":
            raise InvalidInput(f"Invalid CallerArn: {wanted.caller_arn[:200]}")
        if parts[4] == call.account:
            return (await find_subject(env, call.account, wanted.caller_arn)).principal
        return replace(_nobody(call), arn=wanted.caller_arn)
    if subject is not None and subject.kind != "group":
        return subject.principal
    if wanted.resource_policy is not None:
        raise InvalidInput("CallerArn is required when a ResourcePolicy is given.")
    return subject.principal if subject is not None else _nobody(call)


def _nobody(call: Call) -> Principal:
    """Somebody of the account, without a name."""
    return Principal(
        kind=PrincipalKind.USER,
        account=call.account,
        id=PrincipalId(""),
        name="",
        arn=f"arn:aws:iam::{call.account}:user/",
    )


def _simulate_one(
    call: Call, wanted: Simulation, sources: Sequence[Source], action: str, resource: str, *,
    now_us: int, known: bool,
) -> Simulated:  # fmt: skip
    owner = account_of(resource) or account_of(wanted.resource_owner or "") or call.account
    base = CallFacts(call, {}, now_us=now_us, resource_account=owner)
    facts = GivenFacts(wanted.context, base, subject=known)
    question = Question(
        who=call.principal,
        permission=action,
        resource=resource,
        same_account=owner == call.account,
        facts=facts,
    )
    found = explain(question, sources, is_known=lambda key: True)
    return Simulated(
        action=action,
        resource=resource,
        explanation=found,
        missing=tuple(_missing(sources, action, facts)),
        boundary=_allows(sources, SourceKind.BOUNDARY, question),
        organization=_allows(sources, SourceKind.SERVICE_CONTROL, question),
        cross_account=not question.same_account,
    )


def _missing(sources: Sequence[Source], action: str, facts: GivenFacts) -> list[str]:
    """The keys that statements about the action ask for and nobody gave."""
    found: dict[str, str] = {}
    for source in sources:
        for statement in source.compiled.for_action(action):
            for key in statement_keys(Match(source=source, statement=statement).element):
                lower = key.lower()
                if not facts.is_known(lower) and facts.values(lower) is None:
                    found.setdefault(lower, key)
    return sorted(found.values(), key=str.lower)


def _allows(sources: Sequence[Source], kind: SourceKind, question: Question) -> bool | None:
    levels: dict[int, list[Source]] = {}
    for source in sources:
        if source.kind is kind:
            levels.setdefault(source.level, []).append(source)
    if not levels:
        return None
    ask = (question.permission, question.resource, question.facts)
    effects = [[one.compiled.evaluate(*ask) for one in level] for level in levels.values()]
    denied = any(Effect.DENY in level for level in effects)
    return not denied and all(Effect.ALLOW in level for level in effects)


def keys_of_policies(documents: Sequence[str]) -> list[str]:
    """The context keys that documents ask for; raises InvalidInput."""
    for number, text in enumerate(documents, 1):
        _given(SourceKind.IDENTITY, f"PolicyInputList.{number}", text)
    return context_keys(documents)


async def keys_of_principal(
    env: Env, call: Call, source_arn: str, documents: Sequence[str]
) -> list[str]:
    """The same, for what a user, group or role holds."""
    keys_of_policies(documents)
    subject = await find_subject(env, call.account, source_arn)
    held = await stored_authority(env).sources.of_holder(subject.id)
    return context_keys([*(one.text for one in held), *documents])
