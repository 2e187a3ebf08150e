"""Forms: checking templates and values, and who decides about a filled form."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from volano.services.chat import interface as chat
from volano.services.office import store as rows
from volano.services.office.model import (
    MAX_CHOICES,
    MAX_COPIES,
    MAX_DECIDERS,
    MAX_FIELDS,
    MAX_NAME_CHARACTERS,
    MAX_STEPS,
    MAX_TEXT_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    Field,
    FieldKind,
    Forecast,
    InvalidForm,
    Step,
    StepKind,
    Template,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.store import Reader

MAX_LEVEL = 5
_NAME = re.compile(r"[a-z][a-z0-9_-]*\Z")
_NUMBERS = (FieldKind.NUMBER, FieldKind.MONEY)


def wrong(param: str, message: str) -> InvalidForm:
    return InvalidForm(message, fields={"param": param})


async def check_template(reader: Reader, item: Template) -> None:
    """Raises InvalidForm with the part's name."""
    if not _NAME.match(item.name) or len(item.name) > MAX_NAME_CHARACTERS:
        raise wrong("name", "A template's name has small letters, digits and hyphens.")
    if not 1 <= len(item.title) <= MAX_TITLE_CHARACTERS:
        raise wrong("title", f"A title has 1 to {MAX_TITLE_CHARACTERS} characters.")
    if not 1 <= len(item.fields) <= MAX_FIELDS:
        raise wrong("fields", f"A form has 1 to {MAX_FIELDS} fields.")
    if not 1 <= len(item.steps) <= MAX_STEPS:
        raise wrong("steps", f"An approval has 1 to {MAX_STEPS} steps.")
    if len(item.copies) > MAX_COPIES:
        raise wrong("copies", f"At most {MAX_COPIES} people get a copy.")
    if len({field.name for field in item.fields}) < len(item.fields):
        raise wrong("fields", "Two fields have the same name.")
    for field in item.fields:
        _check_field(field)
    for number, step in enumerate(item.steps):
        _check_step(f"steps[{number}]", step, item)
    for user_id in {*item.copies, *(user for step in item.steps for user in step.people)}:
        found = await chat.find_user(reader, item.account, user_id)
        if found is None or found.is_bot or found.deleted:
            raise wrong("steps", f"There is no person {user_id[:40]} in the workplace.")


def _check_field(field: Field) -> None:
    if not _NAME.match(field.name) or not 1 <= len(field.label) <= MAX_TITLE_CHARACTERS:
        raise wrong(f"fields.{field.name[:40]}", "A field has a name and a label.")
    if (field.kind is FieldKind.CHOICE) != bool(field.choices):
        raise wrong(f"fields.{field.name}", "A choice has choices, and nothing else has.")
    if len(field.choices) > MAX_CHOICES or any(len(item) > 75 for item in field.choices):
        raise wrong(f"fields.{field.name}", f"At most {MAX_CHOICES} choices of 75 characters.")


def _check_step(param: str, step: Step, item: Template) -> None:
    if step.kind is StepKind.PEOPLE and not 1 <= len(step.people) <= MAX_DECIDERS:
        raise wrong(param, f"A step has 1 to {MAX_DECIDERS} people.")
    if step.kind is StepKind.MANAGER and (step.people or not 1 <= step.level <= MAX_LEVEL):
        raise wrong(param, f"A manager's step has a level of 1 to {MAX_LEVEL} and no people.")
    if not step.over_field:
        return
    known = {field.name for field in item.fields if field.kind in _NUMBERS}
    if step.over_field not in known:
        raise wrong(param, f"{step.over_field[:40]} is no number of this form.")
    if _number(step.over) is None:
        raise wrong(param, f"'{step.over[:40]}' is no number.")


def check_values(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """The values as they are kept: known, of their kind, the required ones there."""
    known = {field.name: field for field in template.fields}
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise wrong(unknown[:40], f"The form has no field {unknown[:40]}.")
    kept = {}
    for name, field in known.items():
        text = str(given.get(name, "")).strip()
        if not text:
            if field.required:
                raise wrong(name, f"{field.label} is needed.")
            continue
        kept[name] = _checked(field, text)
    return kept


def _checked(field: Field, text: str) -> str:
    if len(text) > MAX_TEXT_CHARACTERS:
        raise wrong(field.name, f"{field.label} is over {MAX_TEXT_CHARACTERS} characters.")
    if field.kind in _NUMBERS:
        number = _number(text)
        if number is None:
            raise wrong(field.name, f"{field.label} is a number, such as 12.50.")
        return str(number)
    if field.kind is FieldKind.DATE:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError as error:
            raise wrong(field.name, f"{field.label} is a date, such as 2026-11-22.") from error
    if field.kind is FieldKind.CHOICE and text not in field.choices:
        raise wrong(field.name, f"{field.label} is one of {', '.join(field.choices)}.")
    return text


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal(10) ** 15 else None


async def forecast(
    reader: Reader, template: Template, asker_id: str, values: Mapping[str, str], now_us: int
) -> Forecast:
    """Who will decide, by what was filled in so far. Raises InvalidForm without a manager.

    People who left are left out, who is away is replaced by their deputy; whoever asks does not
    decide about themselves.
    """
    steps = []
    for step in template.steps:
        if step.over_field and not _is_over(step, values):
            continue
        people = step.people
        if step.kind is StepKind.MANAGER:
            people = (await _manager(reader, template.account, asker_id, step.level),)
        present = [user for user in dict.fromkeys(people) if user != asker_id]
        present = [user for user in present if await _is_here(reader, template.account, user)]
        deciding = [
            await _deciding(reader, template.account, user, asker_id, now_us) for user in present
        ]
        present = list(dict.fromkeys(deciding))
        if not present:
            raise wrong("steps", "Nobody is left to decide a step; ask who made the form.")
        steps.append(replace(step, people=tuple(present)))
    copies = tuple(user for user in template.copies if user != asker_id)
    return Forecast(steps=tuple(steps), copies=copies)


def _is_over(step: Step, values: Mapping[str, str]) -> bool:
    given, least = _number(values.get(step.over_field, "0")), _number(step.over)
    return given is not None and least is not None and given > least


async def _is_here(reader: Reader, account: str, user_id: str) -> bool:
    found = await chat.find_user(reader, account, user_id)
    return found is not None and not found.deleted


async def _deciding(reader: Reader, account: str, user_id: str, asker_id: str, now_us: int) -> str:
    """The deputy, while there is one who is here and does not ask for themselves."""
    deputy = await rows.find_deputy(reader, account, user_id)
    if deputy is None or not deputy.stands_in(now_us) or deputy.deputy_id == asker_id:
        return user_id
    return deputy.deputy_id if await _is_here(reader, account, deputy.deputy_id) else user_id


async def _manager(reader: Reader, account: str, user_id: str, level: int) -> str:
    """The manager, or the manager's manager; an administrator where the directory names nobody."""
    found = user_id
    for _ in range(level):
        above = await chat.find_manager(reader, account, found)
        if not above:
            break
        found = above
    if found != user_id:
        return found
    administrator = await chat.find_administrator(reader, account, besides=user_id)
    if administrator is None:
        raise wrong("steps", "The directory names no manager for you; ask an administrator.")
    return administrator
