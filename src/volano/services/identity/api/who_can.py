"""Who can do what, and why: the access analyzer over Volano's own API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from volano.kernel.call import Call, Env
from volano.services.identity.logic import who_can as logic
from volano.services.identity.logic.policy import Match, missing_keys
from volano.wire.action import action


class WhoCan(msgspec.Struct, kw_only=True):
    """`action` is a permission (`s3:GetObject`), `resource` an ARN or `*`."""

    action: str
    resource: str = "*"
    limit: int = 100
    cursor: str = ""


class ExplainAccess(msgspec.Struct, kw_only=True):
    """`principal` is the ARN of a user, role or root of the account."""

    principal: str
    action: str
    resource: str = "*"


class StatementView(msgspec.Struct, kw_only=True):
    """A statement about the request. `kind` says what its policy does: identity, boundary, session,
    resource, service-control or resource-control. `through` is the group or unit that it hangs on.
    `number` counts statements from 1; `waits_for` are the condition keys that only a request has.
    """

    effect: str
    kind: str
    policy: str
    policy_arn: str
    through: str
    sid: str
    number: int
    line: int
    column: int
    end_line: int
    end_column: int
    statement: Mapping[str, Any]
    waits_for: list[str]


class AccessView(msgspec.Struct, kw_only=True):
    """`outcome` is allowed, conditional (if the conditions in `waits_for` hold) or denied.

    `reason` says why not; `statements` are those that decided, `others` the rest that matched.
    """

    principal: str
    name: str
    kind: str
    outcome: str
    reason: str
    note: str
    waits_for: list[str]
    statements: list[StatementView]
    others: list[StatementView]


class OutsiderView(msgspec.Struct, kw_only=True):
    """Somebody outside of the account whom the resource's policy lets in."""

    principal: str
    statement: StatementView


class AccessList(msgspec.Struct, kw_only=True):
    action: str
    resource: str
    items: list[AccessView]
    outsiders: list[OutsiderView]
    next_cursor: str | None = None


class AccessAnswer(msgspec.Struct, kw_only=True):
    action: str
    resource: str
    access: AccessView


@action(
    "volano:whoCan",
    method="GET",
    path="/volano/v1/access/who-can",
    permission="iam:SimulatePrincipalPolicy",
    resource="arn:aws:iam::{account}:*",
)
async def who_can(env: Env, call: Call, request: WhoCan) -> AccessList:
    """Who may do an action on a resource, by which statement, and who may not."""
    found, outsiders, cursor = await logic.list_access(
        env, call, request.action, request.resource, cursor=request.cursor, limit=request.limit
    )
    return AccessList(
        action=request.action,
        resource=request.resource,
        items=[_access(one) for one in found],
        outsiders=[
            OutsiderView(principal=one.principal, statement=_statement(one.match))
            for one in outsiders
        ],
        next_cursor=cursor or None,
    )


@action(
    "volano:explainAccess",
    method="GET",
    path="/volano/v1/access/explain",
    permission="iam:SimulatePrincipalPolicy",
    resource="{principal}",
)
async def explain_access(env: Env, call: Call, request: ExplainAccess) -> AccessAnswer:
    """Why a principal may do an action on a resource, or why not."""
    found = await logic.explain_access(
        env, call, request.principal, request.action, request.resource
    )
    return AccessAnswer(action=request.action, resource=request.resource, access=_access(found))


def _access(found: logic.Access) -> AccessView:
    explanation = found.explanation
    deciding = explanation.deciding()
    others = [match for match in explanation.matches if match not in deciding]
    outcome = explanation.outcome.value
    return AccessView(
        principal=found.subject.arn,
        name=found.subject.name,
        kind=found.subject.kind,
        outcome=outcome,
        reason="" if explanation.verdict.allowed else explanation.verdict.reason,
        note=found.note,
        waits_for=missing_keys(explanation.matches) if outcome == "conditional" else [],
        statements=[_statement(match) for match in deciding],
        others=[_statement(match) for match in others],
    )


def _statement(match: Match) -> StatementView:
    source, span = match.source, match.span
    return StatementView(
        effect="Deny" if match.statement.deny else "Allow",
        kind=source.kind.value,
        policy=source.name,
        policy_arn=source.arn,
        through=source.through,
        sid=match.statement.sid,
        number=match.statement.number + 1,
        line=span.start.line,
        column=span.start.column,
        end_line=span.end.line,
        end_column=span.end.column,
        statement=match.element,
        waits_for=missing_keys([match]),
    )
