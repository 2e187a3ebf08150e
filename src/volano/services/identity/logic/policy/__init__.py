"""The policy language: read, compile and decide. Pure: no rows, no clock, no port."""

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
from volano.services.identity.logic.policy.facts import CallFacts
from volano.services.identity.logic.policy.grammar import PolicyKind
from volano.services.identity.logic.policy.statements import (
    Effect,
    PolicySet,
    deny_everything,
    merge,
)

__all__ = [
    "ALLOWED",
    "CallFacts",
    "Effect",
    "Policies",
    "PolicyKind",
    "PolicySet",
    "Question",
    "Verdict",
    "compile_policy",
    "decide",
    "deny_everything",
    "is_placeholder",
    "merge",
    "require_policy",
]
