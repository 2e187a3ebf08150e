"""Approvals over Volano's own API."""

from __future__ import annotations

from typing import Literal

import msgspec

from volano.kernel.call import Call, Env
from volano.services.office.api.forms import FormField, FormStep, to_fields, to_steps
from volano.services.office.logic import approvals
from volano.services.office.model import (
    Approval,
    Forecast,
    Role,
)
from volano.wire.action import action
from volano.wire.rest.pages import TimePage, before_us_of, cut_page, size_of

APPROVALS = "arn:aws:office:{region}:{account}:approval/*"
ONE = "arn:aws:office:{region}:{account}:approval/{id}"


class Id(msgspec.Struct):
    id: str


class Filled(msgspec.Struct, kw_only=True):
    """`form` is an id or a name; values are texts by field name."""

    form: str
    values: dict[str, str] = {}


class FilledAgain(msgspec.Struct, kw_only=True):
    id: str
    values: dict[str, str] = {}


class Foreseen(msgspec.Struct, kw_only=True):
    """Who will decide, step by step; chat users."""

    steps: list[FormStep]
    copies: list[str]


class Remark(msgspec.Struct, kw_only=True):
    id: str
    text: str = ""


class Delegation(msgspec.Struct, kw_only=True):
    id: str
    user: str
    text: str = ""


class TurnView(msgspec.Struct, kw_only=True):
    """`role` is decides or reads; `waiting` while it is the user's turn."""

    user: str
    step: int
    role: str
    waiting: bool


class NoteView(msgspec.Struct, kw_only=True):
    """`kind` is sent, approved, rejected, returned, delegated (to `other`), urged, commented or
    withdrawn.
    """

    user: str
    kind: str
    text: str
    other: str
    step: int
    created_us: int


class ApprovalView(msgspec.Struct, kw_only=True):
    """`state` is running, approved, rejected, returned or withdrawn; users are chat users."""

    id: str
    title: str
    form: str
    fields: list[FormField]
    values: dict[str, str]
    asker: str
    state: str
    step: int
    steps: list[FormStep]
    created_us: int
    updated_us: int


class ApprovalDetails(ApprovalView, kw_only=True):
    turns: list[TurnView]
    notes: list[NoteView]


class ApprovalList(msgspec.Struct):
    items: list[ApprovalView]
    next_cursor: str | None = None


class ApprovalPage(TimePage, kw_only=True):
    """`box` is waiting (for the caller), decided (by them, or a copy) or sent."""

    box: Literal["waiting", "decided", "sent"] = "waiting"


def _view(item: Approval) -> ApprovalView:
    return ApprovalView(
        id=item.id,
        title=item.title,
        form=item.template_id,
        fields=to_fields(item.fields),
        values=item.values,
        asker=item.asker_id,
        state=item.state.value,
        step=item.step,
        steps=to_steps(item.steps),
        created_us=item.created_us,
        updated_us=item.updated_us,
    )


@action(
    "volano:forecastApproval",
    method="POST",
    path="/volano/v1/approvals/forecast",
    permission="office:SendApproval",
    resource=APPROVALS,
    read_only=True,
)
async def forecast_approval(env: Env, call: Call, request: Filled) -> Foreseen:
    """Who will decide about a form filled in like this."""
    found: Forecast = await approvals.foresee(env, call, request.form, request.values)
    return Foreseen(steps=to_steps(found.steps), copies=list(found.copies))


@action(
    "volano:sendApproval",
    method="POST",
    path="/volano/v1/approvals",
    permission="office:SendApproval",
    resource=APPROVALS,
)
async def send_approval(env: Env, call: Call, request: Filled) -> ApprovalView:
    """Send a filled form; whoever decides first gets a card in the chat."""
    return _view(await approvals.send(env, call, request.form, request.values))


@action(
    "volano:listApprovals",
    method="GET",
    path="/volano/v1/approvals",
    permission="office:ListApprovals",
    resource=APPROVALS,
)
async def list_approvals(env: Env, call: Call, request: ApprovalPage) -> ApprovalList:
    """What waits for the caller, what they decided, or what they sent; the newest first."""
    size, before_us = size_of(request), before_us_of(request)
    if request.box == "sent":
        found = await approvals.list_sent(env, call, before_us=before_us, limit=size + 1)
    else:
        waiting = request.box == "waiting"
        found = await approvals.list_received(
            env, call, waiting=waiting, before_us=before_us, limit=size + 1
        )
    shown, more = cut_page(found, size, lambda item: item.created_us)
    return ApprovalList([_view(item) for item in shown], more)


@action(
    "volano:getApproval",
    method="GET",
    path="/volano/v1/approvals/{id}",
    permission="office:GetApproval",
    resource=ONE,
)
async def get_approval(env: Env, call: Call, request: Id) -> ApprovalDetails:
    """An approval that concerns the caller, with its history."""
    seen = await approvals.get_approval(env, call, request.id)
    return ApprovalDetails(
        **msgspec.structs.asdict(_view(seen.approval)),
        turns=[
            TurnView(
                user=turn.user_id,
                step=turn.step,
                role=turn.role.value,
                waiting=turn.waiting and turn.role is Role.DECIDES,
            )
            for turn in seen.turns
        ],
        notes=[
            NoteView(
                user=note.user_id,
                kind=note.kind.value,
                text=note.text,
                other=note.other_id,
                step=note.step,
                created_us=note.created_us,
            )
            for note in seen.notes
        ],
    )


@action(
    "volano:approveApproval",
    method="POST",
    path="/volano/v1/approvals/{id}/approve",
    permission="office:DecideApproval",
    resource=ONE,
)
async def approve_approval(env: Env, call: Call, request: Remark) -> ApprovalView:
    """Say yes."""
    return _view(await approvals.approve(env, call, request.id, request.text))


@action(
    "volano:rejectApproval",
    method="POST",
    path="/volano/v1/approvals/{id}/reject",
    permission="office:DecideApproval",
    resource=ONE,
)
async def reject_approval(env: Env, call: Call, request: Remark) -> ApprovalView:
    """Say no."""
    return _view(await approvals.reject(env, call, request.id, request.text))


@action(
    "volano:returnApproval",
    method="POST",
    path="/volano/v1/approvals/{id}/return",
    permission="office:DecideApproval",
    resource=ONE,
)
async def return_approval(env: Env, call: Call, request: Remark) -> ApprovalView:
    """Give it back to who sent it, to be changed."""
    return _view(await approvals.give_back(env, call, request.id, request.text))


@action(
    "volano:delegateApproval",
    method="POST",
    path="/volano/v1/approvals/{id}/delegate",
    permission="office:DecideApproval",
    resource=ONE,
)
async def delegate_approval(env: Env, call: Call, request: Delegation) -> ApprovalView:
    """Let somebody else decide in the caller's place."""
    return _view(await approvals.delegate(env, call, request.id, request.user, request.text))


@action(
    "volano:sendApprovalAgain",
    method="POST",
    path="/volano/v1/approvals/{id}/send",
    permission="office:SendApproval",
    resource=ONE,
)
async def send_approval_again(env: Env, call: Call, request: FilledAgain) -> ApprovalView:
    """Send what was returned, with other values, from the first step."""
    return _view(await approvals.send_again(env, call, request.id, request.values))


@action(
    "volano:urgeApproval",
    method="POST",
    path="/volano/v1/approvals/{id}/urge",
    permission="office:SendApproval",
    resource=ONE,
)
async def urge_approval(env: Env, call: Call, request: Id) -> ApprovalView:
    """Remind those whose turn it is; once an hour."""
    return _view(await approvals.urge(env, call, request.id))


@action(
    "volano:withdrawApproval",
    method="POST",
    path="/volano/v1/approvals/{id}/withdraw",
    permission="office:SendApproval",
    resource=ONE,
)
async def withdraw_approval(env: Env, call: Call, request: Id) -> ApprovalView:
    """Take it back."""
    return _view(await approvals.withdraw(env, call, request.id))


@action(
    "volano:commentApproval",
    method="POST",
    path="/volano/v1/approvals/{id}/comments",
    permission="office:GetApproval",
    resource=ONE,
)
async def comment_approval(env: Env, call: Call, request: Remark) -> None:
    """Say something about it."""
    await approvals.comment(env, call, request.id, request.text)
