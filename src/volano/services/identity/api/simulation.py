"""IAM's policy simulator."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.shapes import Shape, page_shape, paging
from volano.services.identity.logic import simulate
from volano.services.identity.logic.policy import Match, SourceKind
from volano.wire.action import action

SOURCE = "{PolicySourceArn}"


@action("iam:SimulateCustomPolicy", permission="iam:SimulateCustomPolicy", resource="*")
async def simulate_custom_policy(env: Env, call: Call, request: Shape) -> Shape:
    found, marker = await simulate.simulate(env, call, _wanted(request), **paging(request))
    return page_shape("EvaluationResults", [_result_shape(one, request) for one in found], marker)


@action("iam:SimulatePrincipalPolicy", permission="iam:SimulatePrincipalPolicy", resource=SOURCE)
async def simulate_principal_policy(env: Env, call: Call, request: Shape) -> Shape:
    found, marker = await simulate.simulate(
        env, call, _wanted(request), source_arn=request["PolicySourceArn"], **paging(request)
    )
    return page_shape("EvaluationResults", [_result_shape(one, request) for one in found], marker)


@action(
    "iam:GetContextKeysForCustomPolicy",
    permission="iam:GetContextKeysForCustomPolicy",
    resource="*",
)
async def get_context_keys_for_custom_policy(env: Env, call: Call, request: Shape) -> Shape:
    return {"ContextKeyNames": simulate.keys_of_policies(request["PolicyInputList"])}


@action(
    "iam:GetContextKeysForPrincipalPolicy",
    permission="iam:GetContextKeysForPrincipalPolicy",
    resource=SOURCE,
)
async def get_context_keys_for_principal_policy(env: Env, call: Call, request: Shape) -> Shape:
    found = await simulate.keys_of_principal(
        env, call, request["PolicySourceArn"], request.get("PolicyInputList") or ()
    )
    return {"ContextKeyNames": found}


def _wanted(request: Shape) -> simulate.Simulation:
    context = {
        entry["ContextKeyName"].lower(): tuple(entry.get("ContextKeyValues") or ())
        for entry in request.get("ContextEntries") or ()
        if entry.get("ContextKeyName")
    }
    return simulate.Simulation(
        actions=tuple(request["ActionNames"]),
        resources=tuple(request.get("ResourceArns") or ("*",)),
        policies=tuple(request.get("PolicyInputList") or ()),
        boundaries=tuple(request.get("PermissionsBoundaryPolicyInputList") or ()),
        resource_policy=request.get("ResourcePolicy"),
        resource_owner=request.get("ResourceOwner"),
        caller_arn=request.get("CallerArn"),
        context=context,
    )


def _result_shape(found: simulate.Simulated, request: Shape) -> Shape:
    matched = [_match_shape(match) for match in found.explanation.deciding()]
    shape: Shape = {
        "EvalActionName": found.action,
        "EvalResourceName": found.resource,
        "EvalDecision": found.decision,
        "MatchedStatements": matched,
        "MissingContextValues": list(found.missing),
    }
    if found.cross_account or request.get("ResourcePolicy"):
        shape["EvalDecisionDetails"] = _details(found)
    if found.boundary is not None:
        shape["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": found.boundary
        }
    if found.organization is not None:
        shape["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": found.organization}
    if request.get("ResourceArns"):
        shape["ResourceSpecificResults"] = [_specific(found, shape)]
    return shape


def _specific(found: simulate.Simulated, shape: Shape) -> Shape:
    specific: Shape = {
        "EvalResourceName": found.resource,
        "EvalResourceDecision": found.decision,
        "MatchedStatements": shape["MatchedStatements"],
        "MissingContextValues": shape["MissingContextValues"],
    }
    for name in ("EvalDecisionDetails", "PermissionsBoundaryDecisionDetail"):
        if name in shape:
            specific[name] = shape[name]
    return specific


def _details(found: simulate.Simulated) -> Shape:
    """What each side says by itself."""

    def said(kinds: tuple[SourceKind, ...]) -> str:
        effects = [m.statement.deny for m in found.explanation.matches if m.source.kind in kinds]
        if True in effects:
            return "explicitDeny"
        return "allowed" if effects else "implicitDeny"

    return {
        "IAM Policy": said((SourceKind.IDENTITY,)),
        "Resource Policy": said((SourceKind.RESOURCE,)),
    }


def _match_shape(match: Match) -> Shape:
    source, span = match.source, match.span
    return {
        "SourcePolicyId": source.name,
        "SourcePolicyType": _policy_type(match),
        "StartPosition": {"Line": span.start.line, "Column": span.start.column},
        "EndPosition": {"Line": span.end.line, "Column": span.end.column},
    }


def _policy_type(match: Match) -> str:
    source = match.source
    if source.kind is SourceKind.RESOURCE:
        return "resource"
    if source.arn.startswith("arn:aws:iam::aws:"):
        return "aws-managed"
    if source.arn.startswith("arn:aws:iam::"):
        return "user-managed"
    if ":group/" in source.through:
        return "group"
    return source.holder or "IAM Policy"
