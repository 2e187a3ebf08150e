"""IAM Access Analyzer: what is wrong with a policy before it is stored.

The findings about who reaches what are Volano's own (`volano who-can`); there are no analyzers.
"""

from __future__ import annotations

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
    return {"findings": [_shape(text, each) for each in found]}


def _kind(request: Shape) -> PolicyKind:
    if request["policyType"] != "RESOURCE_POLICY":
        return (
            PolicyKind.RESOURCE
            if request["policyType"] == "RESOURCE_CONTROL_POLICY"
            else PolicyKind.IDENTITY
        )
    is_trust = request.get("validatePolicyResourceType") == _TRUST
    return PolicyKind.TRUST if is_trust else PolicyKind.RESOURCE


def _shape(text: str, found: PolicyFinding) -> Shape:
    """ValidatePolicyFinding (Access Analyzer API reference)."""
    path = [{"index": one} if isinstance(one, int) else {"value": one} for one in found.path]
    return {
        "findingType": found.kind.value,
        "issueCode": found.code,
        "findingDetails": found.text,
        "learnMoreLink": GUIDE,
        "locations": [{"path": path, "span": _span(text, found)}],
    }


def _span(text: str, found: PolicyFinding) -> Shape:
    """The statement's span, or the whole document's; columns count from 0."""
    if found.line is not None:
        place = Position(found.line, found.column + 1)
        return {"start": _position(text, place), "end": _position(text, place)}
    if found.path[:1] == ("Statement",):
        number = found.path[1] if len(found.path) > 1 else 0
        spans = statement_spans(text)
        if isinstance(number, int) and number < len(spans):
            span = spans[number]
            return {"start": _position(text, span.start), "end": _position(text, span.end)}
    last = text.rfind("\n")
    end = Position(text.count("\n") + 1, len(text) - last)
    return {"start": _position(text, Position(1, 1)), "end": _position(text, end)}


def _position(text: str, place: Position) -> Shape:
    lines = text.split("\n")[: place.line - 1]
    offset = sum(len(line) + 1 for line in lines) + place.column - 1
    return {"line": place.line, "column": place.column - 1, "offset": offset}
