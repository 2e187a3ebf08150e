"""The policy language: read, compile and decide. Pure: no rows, no clock, no port."""

from volano.services.identity.logic.policy.context_keys import context_keys
from volano.services.identity.logic.policy.decide import (
    ALLOWED,
    Policies,
    Question,
    Verdict,
    decide,
)
from volano.services.identity.logic.policy.document import (
    compile_policy,
    is_placeholder,
    require_policy,
)
from volano.services.identity.logic.policy.explain import (
    Explanation,
    Match,
    Outcome,
    Source,
    SourceKind,
    explain,
    missing_keys,
)
from volano.services.identity.logic.policy.facts import MFA_TIME, OF_PRINCIPAL, CallFacts
from volano.services.identity.logic.policy.findings import (
    FindingKind,
    PolicyFinding,
    find_in_policy,
)
from volano.services.identity.logic.policy.grammar import PolicyKind
from volano.services.identity.logic.policy.statements import (
    Effect,
    PolicySet,
    deny_everything,
    merge,
)

__all__ = [
    "ALLOWED",
    "MFA_TIME",
    "OF_PRINCIPAL",
    "CallFacts",
    "Effect",
    "Explanation",
    "FindingKind",
    "Match",
    "Outcome",
    "Policies",
    "PolicyFinding",
    "PolicyKind",
    "PolicySet",
    "Question",
    "Source",
    "SourceKind",
    "Verdict",
    "compile_policy",
    "context_keys",
    "decide",
    "deny_everything",
    "explain",
    "find_in_policy",
    "is_placeholder",
    "merge",
    "missing_keys",
    "require_policy",
]
