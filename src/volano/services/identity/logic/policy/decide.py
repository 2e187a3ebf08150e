"""The decision: all policies that concern one request, put together as AWS does.

Order (IAM user guide, "Policy evaluation logic"): an explicit deny anywhere refuses. Within one
account either an identity policy or the resource's policy may allow; across accounts both must.
A permissions boundary and a session's policy limit what identity policies allow. They limit a
grant of the resource's policy only where that grant is made to the role (or account) and not to
the very user or session. Nothing allowed means refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from volano.kernel.identity import Principal, PrincipalKind
from volano.services.identity.logic.policy.conditions import Facts
from volano.services.identity.logic.policy.principals import Named
from volano.services.identity.logic.policy.statements import Effect, PolicySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request. `same_account` is whether the resource belongs to the asker's account.

    `resource_must_allow` is for things that no identity policy alone opens (roles).
    """

    who: Principal
    permission: str
    resource: str
    same_account: bool
    facts: Facts
    resource_must_allow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What concerns the asker and the resource; None means that there is no such policy."""

    identity: PolicySet | None = None
    boundary: PolicySet | None = None
    session: PolicySet | None = None
    resource: PolicySet | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` completes AWS's sentence after "on resource: …" when refused."""

    allowed: bool
    reason: str = ""


ALLOWED = Verdict(allowed=True)

_ALWAYS_ROOT = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
"""What a root may do to its own bucket whatever the bucket's policy says (S3 API, PutBucketPolicy),
so that nobody can lock themselves out."""


def decide(question: Question, policies: Policies) -> Verdict:
    """Whether the request may be done."""
    who, permission, resource = question.who, question.permission, question.resource
    facts = question.facts
    is_root = who.kind is PrincipalKind.ROOT
    if is_root and question.same_account and permission in _ALWAYS_ROOT:
        return ALLOWED
    identity = _effect(policies.identity, question)
    boundary = _effect(policies.boundary, question)
    session = _effect(policies.session, question)
    granted, named = Effect.NONE, Named.NOT
    if policies.resource is not None:
        granted, named = policies.resource.evaluate_for(who, permission, resource, facts)
    denied = _denied_by(identity, granted, boundary, session)
    if denied:
        return Verdict(False, f"with an explicit deny in {denied}")  # noqa: FBT003
    if is_root:
        identity = Effect.ALLOW
    limited = _limit(question, policies, boundary, session)
    own = identity is Effect.ALLOW and not limited
    if question.same_account:
        return _within_account(question, own=own, granted=granted, named=named, limited=limited)
    if own and granted is Effect.ALLOW:
        return ALLOWED
    if who.kind in (PrincipalKind.ANONYMOUS, PrincipalKind.SYSTEM) and granted is Effect.ALLOW:
        return ALLOWED
    if identity is Effect.ALLOW and not limited:
        return _refused("resource-based", permission)
    return _refused(limited if identity is Effect.ALLOW else "identity-based", permission)


def _effect(policy: PolicySet | None, question: Question) -> Effect:
    if policy is None:
        return Effect.NONE
    return policy.evaluate(question.permission, question.resource, question.facts)


def _denied_by(identity: Effect, granted: Effect, boundary: Effect, session: Effect) -> str:
    if identity is Effect.DENY:
        return "an identity-based policy"
    if granted is Effect.DENY:
        return "a resource-based policy"
    if boundary is Effect.DENY:
        return "a permissions boundary"
    return "a session policy" if session is Effect.DENY else ""


def _limit(question: Question, policies: Policies, boundary: Effect, session: Effect) -> str:
    """Which limit does not let the request through; empty when none stands in the way."""
    if policies.boundary is not None and boundary is not Effect.ALLOW:
        return "permissions boundary"
    if policies.session is not None and session is not Effect.ALLOW:
        return "session"
    return ""


def _within_account(
    question: Question, *, own: bool, granted: Effect, named: Named, limited: str
) -> Verdict:
    # A grant to the account only lets the account's own policies decide; one to a role, or to
    # everyone, still ends at the limits; one to the very user or session does not.
    direct = granted is Effect.ALLOW and (
        named is Named.EXACT or (named in (Named.ROLE, Named.ANYONE) and not limited)
    )
    if direct or (own and (granted is Effect.ALLOW or not question.resource_must_allow)):
        return ALLOWED
    if own:
        return _refused("resource-based", question.permission)
    return _refused(limited or "identity-based", question.permission)


def _refused(kind: str, permission: str) -> Verdict:
    word = kind if kind == "permissions boundary" else f"{kind} policy"
    return Verdict(False, f"because no {word} allows the {permission} action")  # noqa: FBT003
