"""Forms of approvals over Volano's own API."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

import msgspec

from volano.kernel.call import Call, Env
from volano.services.office.logic import templates
from volano.services.office.logic.forms import wrong
from volano.services.office.model import Field, FieldKind, Step, StepKind, Template
from volano.wire.action import action

FORMS = "arn:aws:office:{region}:{account}:form/*"
FORM = "arn:aws:office:{region}:{account}:form/{id}"
Kind = TypeVar("Kind", bound=Enum)


class NoFields(msgspec.Struct):
    pass


class FormId(msgspec.Struct):
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


def to_fields(items: tuple[Field, ...]) -> list[FormField]:
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


def to_steps(items: tuple[Step, ...]) -> list[FormStep]:
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
        fields=to_fields(item.fields),
        steps=to_steps(item.steps),
        copies=list(item.copies),
        enabled=item.enabled,
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
async def delete_form(env: Env, call: Call, request: FormId) -> None:
    """Delete a form; what was sent with it goes on."""
    await templates.delete_template(env, call, request.id)
