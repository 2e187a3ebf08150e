"""Who can do this here, and by which statement: an access analyzer of the account's own policies.

Each principal's policies, the resource's policy and the organization's are decided together by the
code that every door asks. Nobody has asked yet, so what only a request can tell (its address, tags
in it) is not known: then a principal may, if the conditions that are named hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid
from volano.kernel.ids import parse_arn
from volano.services.identity.logic.access import (
    OPERATOR,
    RESOURCE_ACCOUNT,
    RESOURCE_DECIDES,
    RESOURCE_POLICY,
    is_operator,
    stored_authority,
)
from volano.services.identity.logic.names import parse_marker, to_marker
from volano.services.identity.logic.policy import (
    CallFacts,
    Explanation,
    Match,
    PolicyKind,
    Question,
    Source,
    SourceKind,
    explain,
)
from volano.services.identity.logic.policy.decide import account_of
from volano.services.identity.logic.policy.principals import PrincipalElement
from volano.services.identity.logic.resource_policies import (
    declare_resource_policy,
    resource_context,
)
from volano.services.identity.logic.simulate import is_of_principal
from volano.services.identity.logic.subjects import (
    Subject,
    find_subject,
    subject_of_role,
    subject_of_user,
)
from volano.services.identity.store import roles as role_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one principal may do, and why. `note` tells what no policy says (root, operator)."""

    subject: Subject
    explanation: Explanation
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """Somebody of another account, a service or everyone, whom the resource's policy names."""

    principal: str
    match: Match


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The question without its asker."""

    permission: str
    resource: str
    owner: str
    context: Mapping[str, str]
    shared: tuple[Source, ...]
    trust: bool


async def explain_access(env: Env, call: Call, arn: str, permission: str, resource: str) -> Access:
    """Why a user or role of the account may do something, or may not; raises NoSuchEntity."""
    subject = await find_subject(env, call.account, arn)
    asked = await _ask(env, call, permission, resource)
    return (await _decide_all(env, call, asked, [subject]))[0]


async def list_access(
    env: Env, call: Call, permission: str, resource: str, *, cursor: str, limit: int
) -> tuple[list[Access], list[Outsider], str]:
    """A page of the account's principals with what each may do; roles come after users.

    The first page has the outsiders too.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"limit is from 1 to {MAX_PAGE}, not {limit}.")
    asked = await _ask(env, call, permission, resource)
    subjects, following = await _page(env, call, cursor, limit)
    outsiders = [] if cursor else _outsiders(asked, call.account)
    return await _decide_all(env, call, asked, subjects), outsiders, following


async def _ask(env: Env, call: Call, permission: str, resource: str) -> _Asked:
    if ":" not in permission or not (resource == "*" or resource.startswith("arn:")):
        raise Invalid("Ask for an action such as s3:GetObject, on an ARN or on *.")
    context = await resource_context(env, resource)
    owner = context.get(RESOURCE_ACCOUNT) or account_of(resource) or call.account
    authority = stored_authority(env)
    mine, theirs = await authority.org_of(call.account), await authority.org_of(owner)
    shared = [one for one in mine.sources if one.kind is SourceKind.SERVICE_CONTROL]
    shared += [one for one in theirs.sources if one.kind is SourceKind.RESOURCE_CONTROL]
    trust = permission.startswith("sts:AssumeRole") and ":role/" in resource
    text = context.get(RESOURCE_POLICY)
    if text and owner == call.account:
        shared.append(
            authority.sources.source(
                SourceKind.RESOURCE,
                "trust policy" if trust else "resource policy",
                text,
                arn=resource,
                grammar=PolicyKind.TRUST if trust else PolicyKind.RESOURCE,
            )
        )
    keys = {**mine.keys("aws:Principal"), **theirs.keys("aws:Resource")}
    return _Asked(
        permission=permission,
        resource=resource,
        owner=owner,
        context={**context, **keys},
        shared=tuple(shared),
        trust=trust,
    )


async def _page(env: Env, call: Call, cursor: str, limit: int) -> tuple[list[Subject], str]:
    reader = env.store.reader
    kind, _, after = parse_marker(cursor or None).partition(":")
    found: list[tuple[str, Subject]] = []
    if kind in ("", "user"):
        if not kind:
            root = await user_rows.find_user(reader, call.account)
            found += [("user:", subject_of_user(root))] if root is not None else []
        users = await user_rows.select_users(
            reader, call.account, path_prefix="/", after=after, limit=limit + 1
        )
        found += [(f"user:{one.name.lower()}", subject_of_user(one)) for one in users]
    if len(found) <= limit:
        after = after if kind == "role" else ""
        roles = await role_rows.select_roles(
            reader, call.account, path_prefix="/", after=after, limit=limit + 1
        )
        found += [(f"role:{one.name.lower()}", subject_of_role(one)) for one in roles]
    following = to_marker(found[limit - 1][0]) if len(found) > limit else ""
    return [subject for _, subject in found[:limit]], following


async def _decide_all(
    env: Env, call: Call, asked: _Asked, subjects: Sequence[Subject]
) -> list[Access]:
    sources = stored_authority(env).sources
    operators = await is_operator(env, call.account)
    held = [
        [] if subject.kind == "root" else await sources.of_holder(subject.id)
        for subject in subjects
    ]
    now_us = env.clock.now_us()
    base = replace(call, source_ip="", context={})

    def work() -> list[Access]:
        return [
            _decide(base, asked, subject, own, now_us=now_us, operators=operators)
            for subject, own in zip(subjects, held, strict=True)
        ]

    return await asyncio.to_thread(work)


def _decide(
    call: Call,
    asked: _Asked,
    subject: Subject,
    own: Sequence[Source],
    *,
    now_us: int,
    operators: bool,
) -> Access:
    call = call.acting_as(subject.principal)
    facts = CallFacts(call, asked.context, now_us=now_us, resource_account=asked.owner)
    known = _Known(facts)
    question = Question(
        who=subject.principal,
        permission=asked.permission,
        resource=asked.resource,
        same_account=asked.owner == call.account,
        facts=known,
        resource_must_allow=asked.trust or RESOURCE_DECIDES in asked.context,
    )
    found = explain(question, [*own, *asked.shared], is_known=known.is_known)
    note = ""
    if asked.permission.startswith(OPERATOR) and not operators:
        note = "Only the account that runs this cloud may do this, whatever policies say."
    elif subject.kind == "root" and found.verdict.allowed:
        note = "The root of the account may do everything that no policy denies."
    elif asked.owner != call.account:
        note = "The resource is another account's: its policy must allow it, too."
    return Access(subject=subject, explanation=found, note=note)


class _Known:
    """Facts of a principal and a resource while there is no request."""

    _OF_REQUESTS = frozenset({"aws:sourceip", "aws:useragent", "aws:requestedregion"})

    def __init__(self, facts: CallFacts) -> None:
        self._facts = facts

    def value(self, key: str) -> str | None:
        found = self.values(key)
        return found[0] if found else None

    def values(self, key: str) -> tuple[str, ...] | None:
        if key in self._OF_REQUESTS or key == "volano:door":
            return None
        return self._facts.values(key)

    def is_known(self, key: str) -> bool:
        return is_of_principal(key)


def _outsiders(asked: _Asked, account: str) -> list[Outsider]:
    """Whom the resource's policy lets in beside the account's own principals."""
    found = []
    for source in asked.shared:
        if source.kind is not SourceKind.RESOURCE:
            continue
        for statement in source.compiled.for_action(asked.permission):
            if statement.deny or statement.principal is None:
                continue
            facts = _NoFacts()
            covers = statement.resources is None or statement.resources.matches(
                asked.resource, facts
            )
            if not covers:
                continue
            match = Match(source=source, statement=statement, unknown=tuple(statement.keys))
            found += [
                Outsider(principal=name, match=match)
                for name in _others(statement.principal, account)
            ]
    return found


class _NoFacts:
    """Nobody asks."""

    def value(self, key: str) -> str | None:
        return None

    def values(self, key: str) -> tuple[str, ...] | None:
        return None


def _others(element: PrincipalElement, account: str) -> list[str]:
    named = sorted(element.aws | element.services | element.federated | element.canonical)
    outside = [name for name in named if name != account and account_of(name) != account]
    return ["everyone", *outside] if element.anyone else outside


async def _role_trust(env: Env, arn: str) -> Mapping[str, str] | None:
    """A role's trust policy is the policy of the role."""
    parsed = parse_arn(arn)
    if parsed is None or not parsed.resource.startswith("role/"):
        return None
    name = parsed.resource.rpartition("/")[2]
    role = await role_rows.find_role_by_name(env.store.reader, parsed.account, name)
    if role is None:
        return None
    return {RESOURCE_ACCOUNT: role.account, RESOURCE_POLICY: role.trust}


declare_resource_policy("iam", _role_trust)
