"""The decision: all policies that concern one request, put together as AWS does.

Order (IAM user guide, "Policy evaluation logic"): an explicit deny anywhere refuses. Then every
level of the organization (root, units, account) must allow: service control policies for the
asker's account, resource control policies for the resource's. Within one account either an
identity policy or the resource's policy may allow; across accounts both must. A permissions
boundary and a session's policy limit what identity policies allow. They limit a grant of the
resource's policy only where that grant is made to the role (or account) and not to the very user
or session. Nothing allowed means refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from volano.kernel.identity import Principal, PrincipalKind
from volano.services.identity.logic.policy.conditions import Facts
from volano.services.identity.logic.policy.principals import Named
from volano.services.identity.logic.policy.statements import Effect, PolicySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request. `same_account` is whether the resource belongs to the asker's account.

    `resource_must_allow` is for things that no identity policy alone opens (roles).
    `resource_only_denies` is for things in a place of another owner, whose policy cannot open them.
    `listed` is how the resource's access list names the asker, if it does.
    """

    who: Principal
    permission: str
    resource: str
    same_account: bool
    facts: Facts
    resource_must_allow: bool = False
    resource_only_denies: bool = False
    listed: Named = Named.NOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What concerns the asker and the resource; None means that there is no such policy.

    `service_control` and `resource_control` have one set for each level of an organization, from
    its root down to the account; they are empty outside of organizations.
    """

    identity: PolicySet | None = None
    boundary: PolicySet | None = None
    session: PolicySet | None = None
    resource: PolicySet | None = None
    service_control: tuple[PolicySet, ...] = ()
    resource_control: tuple[PolicySet, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` completes AWS's sentence after "on resource: …" when refused.

    `kind` is the kind of policy that decided ("identity-based", "service control" …), and
    `explicit` tells a deny that is written from a permission that is missing.
    """

    allowed: bool
    reason: str = ""
    kind: str = ""
    explicit: bool = False


ALLOWED = Verdict(allowed=True)

_ALWAYS_ROOT = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
"""What a root may do to its own bucket whatever the bucket's policy says (S3 API, PutBucketPolicy),
so that nobody can lock themselves out."""


def decide(question: Question, policies: Policies) -> Verdict:
    """Whether the request may be done."""
    who, permission = question.who, question.permission
    is_root = who.kind is PrincipalKind.ROOT
    if policies.service_control or policies.resource_control:
        refused = _controls(question, policies)
        if refused is not None:
            return refused
    unlimited = is_root and policies.session is None
    if unlimited and question.same_account and permission in _ALWAYS_ROOT:
        return ALLOWED
    identity = _effect(policies.identity, question)
    boundary = _effect(policies.boundary, question)
    session = _effect(policies.session, question)
    granted, named = _granted(question, policies.resource)
    denied = _denied_by(identity, granted, boundary, session)
    if denied:
        return _denied(denied)
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


def _granted(question: Question, policy: PolicySet | None) -> tuple[Effect, Named]:
    """What the resource's policy and its access list say together."""
    granted, named = Effect.NONE, Named.NOT
    if policy is not None:
        granted, named = policy.evaluate_for(
            question.who, question.permission, question.resource, question.facts
        )
    if granted is Effect.ALLOW and question.resource_only_denies:
        granted, named = Effect.NONE, Named.NOT
    if question.listed is Named.NOT or granted is Effect.DENY:
        return granted, named
    return Effect.ALLOW, max(named, question.listed) if granted is Effect.ALLOW else question.listed


def _effect(policy: PolicySet | None, question: Question) -> Effect:
    if policy is None:
        return Effect.NONE
    return policy.evaluate(question.permission, question.resource, question.facts)


def _controls(question: Question, policies: Policies) -> Verdict | None:
    """What the organizations of asker and resource refuse; None when they let it through."""
    permission, resource, facts = question.permission, question.resource, question.facts
    service = [s.evaluate(permission, resource, facts) for s in policies.service_control]
    if Effect.DENY in service:
        return _denied("service control")
    who = question.who
    guarded = [
        s.evaluate_control(who, permission, resource, facts) for s in policies.resource_control
    ]
    if Effect.DENY in guarded:
        return _denied("resource control")
    missing = "resource control" if Effect.NONE in guarded else ""
    missing = missing or ("service control" if Effect.NONE in service else "")
    if not missing:
        return None
    # A deny elsewhere is told first, as it would stay when the control policy is mended.
    rest = decide(question, replace(policies, service_control=(), resource_control=()))
    return rest if rest.explicit else _refused(missing, permission)


def _denied_by(identity: Effect, granted: Effect, boundary: Effect, session: Effect) -> str:
    if identity is Effect.DENY:
        return "identity-based"
    if granted is Effect.DENY:
        return "resource-based"
    if boundary is Effect.DENY:
        return "permissions boundary"
    return "session" if session is Effect.DENY else ""


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
    reason = f"because no {_named(kind)} allows the {permission} action"
    return Verdict(allowed=False, reason=reason, kind=kind)


def _denied(kind: str) -> Verdict:
    article = "an" if kind == "identity-based" else "a"
    reason = f"with an explicit deny in {article} {_named(kind)}"
    return Verdict(allowed=False, reason=reason, kind=kind, explicit=True)


def _named(kind: str) -> str:
    return kind if kind == "permissions boundary" else f"{kind} policy"


def account_of(arn: str) -> str:
    """The account in an ARN; empty when there is none, as for what the cloud keeps for all accounts
    (`arn:aws:iam::aws:policy/ReadOnlyAccess`)."""
    if not arn.startswith("arn:"):
        return ""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4] not in ("*", "aws") else ""
