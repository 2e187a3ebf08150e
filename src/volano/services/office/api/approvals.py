"""Forms and approvals over Volano's own API."""

from __future__ import annotations

from enum import Enum
from typing import Literal, TypeVar

import msgspec

from volano.kernel.call import Call, Env
from volano.services.office.logic import approvals, templates
from volano.services.office.logic.forms import wrong
from volano.services.office.model import (
    Approval,
    Field,
    FieldKind,
    Forecast,
    Role,
    Step,
    StepKind,
    Template,
)
from volano.wire.action import action
from volano.wire.rest.pages import TimePage, before_us_of, cut_page, size_of

FORMS = "arn:aws:office:{region}:{account}:form/*"
FORM = "arn:aws:office:{region}:{account}:form/{id}"
APPROVALS = "arn:aws:office:{region}:{account}:approval/*"
ONE = "arn:aws:office:{region}:{account}:approval/{id}"
Kind = TypeVar("Kind", bound=Enum)


class NoFields(msgspec.Struct):
    pass


class Id(msgspec.Struct):
    id: str


class FormField(msgspec.Struct, kw_only=True):
    """`kind` is text, long-text, number, money, date (`2026-11-22`) or choice."""

    name: str
    label: str
    kind: str = "text"
    required: bool = True
    choices: list[str] = []


class FormStep(msgspec.Struct, kw_only=True):
    """`kind` is people (chat users) or manager (the asker's; `level` 2 is that one's manager).

    `everyone` must agree, else one is enough. With `over_field` the step counts only when that
    number is over `over`.
    """

    kind: str
    people: list[str] = []
    level: int = 1
    everyone: bool = False
    over_field: str = ""
    over: str = "0"


class FormFields(msgspec.Struct, kw_only=True):
    """A form and its way; `copies` are chat users who get a copy of what was approved."""

    name: str
    title: str
    about: str = ""
    fields: list[FormField]
    steps: list[FormStep]
    copies: list[str] = []
    enabled: bool = True


class Form(FormFields, kw_only=True):
    id: str
    updated_us: int


class FormList(msgspec.Struct):
    items: list[Form]
    next_cursor: str | None = None


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


def _fields(items: tuple[Field, ...]) -> list[FormField]:
    return [
        FormField(
            name=item.name,
            label=item.label,
            kind=item.kind.value,
            required=item.required,
            choices=list(item.choices),
        )
        for item in items
    ]


def _steps(items: tuple[Step, ...]) -> list[FormStep]:
    return [
        FormStep(
            kind=item.kind.value,
            people=list(item.people),
            level=item.level,
            everyone=item.everyone,
            over_field=item.over_field,
            over=item.over,
        )
        for item in items
    ]


def _form(item: Template) -> Form:
    return Form(
        id=item.id,
        name=item.name,
        title=item.title,
        about=item.about,
        fields=_fields(item.fields),
        steps=_steps(item.steps),
        copies=list(item.copies),
        enabled=item.enabled,
        updated_us=item.updated_us,
    )


def _view(item: Approval) -> ApprovalView:
    return ApprovalView(
        id=item.id,
        title=item.title,
        form=item.template_id,
        fields=_fields(item.fields),
        values=item.values,
        asker=item.asker_id,
        state=item.state.value,
        step=item.step,
        steps=_steps(item.steps),
        created_us=item.created_us,
        updated_us=item.updated_us,
    )


@action(
    "volano:listForms",
    method="GET",
    path="/volano/v1/forms",
    permission="office:ListForms",
    resource=FORMS,
)
async def list_forms(env: Env, call: Call, request: NoFields) -> FormList:
    """The forms that can be sent for approval, by title."""
    return FormList([_form(item) for item in await templates.list_templates(env, call)])


@action(
    "volano:putForm",
    method="PUT",
    path="/volano/v1/forms/{name}",
    permission="office:PutForm",
    resource="arn:aws:office:{region}:{account}:form/{name}",
)
async def put_form(env: Env, call: Call, request: FormFields) -> Form:
    """Make a form, or change the one of that name."""
    wanted = Template(
        id="",
        account=call.account,
        name=request.name,
        title=request.title,
        about=request.about,
        fields=tuple(
            Field(
                name=item.name,
                label=item.label,
                kind=_kind(FieldKind, item.kind),
                required=item.required,
                choices=tuple(item.choices),
            )
            for item in request.fields
        ),
        steps=tuple(
            Step(
                kind=_kind(StepKind, item.kind),
                people=tuple(item.people),
                level=item.level,
                everyone=item.everyone,
                over_field=item.over_field,
                over=item.over,
            )
            for item in request.steps
        ),
        copies=tuple(request.copies),
        enabled=request.enabled,
        updated_us=0,
    )
    return _form(await templates.put_template(env, call, wanted))


def _kind(kinds: type[Kind], name: str) -> Kind:
    """The kind by its wire name. Raises InvalidForm."""
    try:
        return kinds(name)
    except ValueError as error:
        known = ", ".join(item.value for item in kinds)
        raise wrong("kind", f"'{name[:40]}' is none of {known}.") from error


@action(
    "volano:deleteForm",
    method="DELETE",
    path="/volano/v1/forms/{id}",
    permission="office:DeleteForm",
    resource=FORM,
)
async def delete_form(env: Env, call: Call, request: Id) -> None:
    """Delete a form; what was sent with it goes on."""
    await templates.delete_template(env, call, request.id)


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
    return Foreseen(steps=_steps(found.steps), copies=list(found.copies))


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
