"""IAM Access Analyzer: what is wrong with a policy before it is stored.

The findings about who reaches what are Volano's own (`volano who-can`); there are no analyzers.
"""

from __future__ import annotations

from itertools import accumulate

from volano.kernel.call import Call, Env
from volano.kernel.errors import Invalid
from volano.services.identity.api.shapes import Shape
from volano.services.identity.logic.policy import PolicyFinding, PolicyKind, find_in_policy
from volano.services.identity.logic.policy.positions import Position, statement_spans
from volano.wire.action import action

GUIDE = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
)
MAX_CHARACTERS = 65536
_TRUST = "AWS::IAM::AssumeRolePolicyDocument"


class ValidationException(Invalid):
    code = "ValidationException"


@action(
    "accessanalyzer:ValidatePolicy",
    permission="access-analyzer:ValidatePolicy",
    resource="*",
    read_only=True,
    partial="Elements, operators and risky grants; action names of AWS are not looked up.",
)
async def validate_policy(env: Env, call: Call, request: Shape) -> Shape:
    """Mistakes and risks of a policy, each with its place."""
    text = request["policyDocument"]
    if len(text) > MAX_CHARACTERS:
        raise ValidationException(f"policyDocument has at most {MAX_CHARACTERS} characters.")
    found = find_in_policy(text, _kind(request))
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    return {"findings": [_shape(text, starts, each) for each in found]}


def _kind(request: Shape) -> PolicyKind:
    if request["policyType"] != "RESOURCE_POLICY":
        return (
            PolicyKind.RESOURCE
            if request["policyType"] == "RESOURCE_CONTROL_POLICY"
            else PolicyKind.IDENTITY
        )
    is_trust = request.get("validatePolicyResourceType") == _TRUST
    return PolicyKind.TRUST if is_trust else PolicyKind.RESOURCE


def _shape(text: str, starts: list[int], found: PolicyFinding) -> Shape:
    """ValidatePolicyFinding (Access Analyzer API reference); `starts` are the lines' offsets."""
    path = [{"index": one} if isinstance(one, int) else {"value": one} for one in found.path]
    return {
        "findingType": found.kind.value,
        "issueCode": found.code,
        "findingDetails": found.text,
        "learnMoreLink": GUIDE,
        "locations": [{"path": path, "span": _span(text, starts, found)}],
    }


def _span(text: str, starts: list[int], found: PolicyFinding) -> Shape:
    """The statement's span, or the whole document's; columns count from 0."""
    if found.line is not None:
        start = end = Position(found.line, found.column + 1)
    elif found.path[:1] == ("Statement",):
        number = found.path[1] if len(found.path) > 1 else 0
        span = statement_spans(text)[number if isinstance(number, int) else 0]
        start, end = span.start, span.end
    else:
        last = len(starts) - 2
        start, end = Position(1, 1), Position(last + 1, len(text) - starts[last] + 1)
    return {"start": _position(starts, start), "end": _position(starts, end)}


def _position(starts: list[int], place: Position) -> Shape:
    offset = starts[place.line - 1] + place.column - 1
    return {"line": place.line, "column": place.column - 1, "offset": offset}
