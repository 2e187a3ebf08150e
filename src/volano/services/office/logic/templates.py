"""Templates of approvals; leave and expenses are there from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import QuotaExceeded
from volano.services.office import store as rows
from volano.services.office.logic.forms import check_template, wrong
from volano.services.office.model import (
    MAX_TEMPLATES,
    Field,
    FieldKind,
    NoSuchTemplate,
    Step,
    StepKind,
    Template,
)

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

_MANAGER = Step(kind=StepKind.MANAGER)
_LEAVE = (
    Field(
        name="kind",
        label="Kind of leave",
        kind=FieldKind.CHOICE,
        choices=("Holiday", "Sick leave", "Parental leave", "Unpaid leave", "Other"),
    ),
    Field(name="from", label="First day", kind=FieldKind.DATE),
    Field(name="to", label="Last day", kind=FieldKind.DATE),
    Field(name="days", label="Working days", kind=FieldKind.NUMBER),
    Field(name="reason", label="Reason", kind=FieldKind.LONG_TEXT, required=False),
)
_EXPENSE = (
    Field(name="purpose", label="What it was for", kind=FieldKind.TEXT),
    Field(name="amount", label="Amount", kind=FieldKind.MONEY),
    Field(name="day", label="Day", kind=FieldKind.DATE),
    Field(
        name="category",
        label="Category",
        kind=FieldKind.CHOICE,
        choices=("Travel", "Meals", "Equipment", "Software", "Training", "Other"),
    ),
    Field(name="receipt", label="Receipts", kind=FieldKind.FILES, required=False),
)
READY = {
    "leave": ("Leave", "Days off; your manager decides.", _LEAVE, (_MANAGER,)),
    "expense": (
        "Expense",
        "Money spent for the company; over 1,000 the next manager decides too.",
        _EXPENSE,
        (
            _MANAGER,
            Step(kind=StepKind.MANAGER, level=2, over_field="amount", over="1000"),
        ),
    ),
}


async def list_templates(env: Env, call: Call) -> list[Template]:
    """All of the account, by title; the ready ones are made at the first look."""
    found = await rows.select_templates(env.store.reader, call.account)
    if found:
        return found

    async def write(tx: Tx) -> None:
        for name, (title, about, fields, steps) in READY.items():
            await rows.upsert_template(
                tx,
                Template(
                    id=f"form_{call.account}_{name}",
                    account=call.account,
                    name=name,
                    title=title,
                    about=about,
                    fields=fields,
                    steps=steps,
                    updated_us=env.clock.now_us(),
                ),
            )

    await env.store.transact(write)
    return await rows.select_templates(env.store.reader, call.account)


async def get_template(env: Env, call: Call, template_id: str) -> Template:
    """By id or name."""
    found = next(
        (t for t in await list_templates(env, call) if template_id in (t.id, t.name)), None
    )
    if found is None:
        raise NoSuchTemplate(f"There is no form {template_id[:40]}.")
    return found


async def put_template(env: Env, call: Call, wanted: Template) -> Template:
    """Make a form, or change the one of that name; what was sent keeps its own."""
    known = {template.name: template for template in await list_templates(env, call)}
    old = known.get(wanted.name)
    if old is None and len(known) >= MAX_TEMPLATES:
        raise QuotaExceeded(f"An account has at most {MAX_TEMPLATES} forms.")
    item = Template(
        id=old.id if old else "form_" + env.ids.hex(20),
        account=call.account,
        name=wanted.name,
        title=wanted.title,
        about=wanted.about,
        fields=wanted.fields,
        steps=wanted.steps,
        copies=wanted.copies,
        enabled=wanted.enabled,
        updated_us=env.clock.now_us(),
    )
    await check_template(env.store.reader, item)

    async def write(tx: Tx) -> None:
        await rows.upsert_template(tx, item)

    await env.store.transact(write)
    return item


async def delete_template(env: Env, call: Call, template_id: str) -> None:
    """Nobody can send it any more; the last form stays, switched off instead."""
    found = await get_template(env, call, template_id)
    if len(await list_templates(env, call)) == 1:
        raise wrong("id", "The last form cannot be deleted; switch it off.")

    async def write(tx: Tx) -> None:
        await rows.delete_template(tx, found.id)

    await env.store.transact(write)
