"""What a function of an app takes and gives: values checked against what its manifest declares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.services.chat.logic.errors import refused
from volano.services.chat.model.functions import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.errors import Invalid
    from volano.services.chat.model import Json

MAX_VALUES_CHARACTERS = 40_000
_USER, _CHANNEL = "slack#/types/user_id", "slack#/types/channel_id"
_CONTEXT, _INTERACTIVITY = "slack#/types/user_context", "slack#/types/interactivity"


def parameters_of(declared: Mapping[str, object]) -> list[Parameter]:
    """The parameters of a manifest in either of its forms."""
    listed = declared.get("required")
    required = set(listed) if isinstance(listed, list) else set()
    properties = declared.get("properties")
    items = properties if isinstance(properties, dict) else declared
    return [
        Parameter(
            name=name,
            type=str(item.get("type") or "string"),
            title=str(item.get("title") or name),
            description=str(item.get("description") or ""),
            is_required=item.get("is_required") is True or name in required,
        )
        for name, item in items.items()
        if isinstance(item, dict)
    ]


def declared_json(declared: Mapping[str, object]) -> list[Json]:
    """Parameters as `function_executed` lists them."""
    return [
        {
            "type": item.type,
            "name": item.name,
            "title": item.title,
            "description": item.description,
            "is_required": item.is_required,
        }
        for item in parameters_of(declared)
    ]


def inputs_of(
    wanted: Sequence[Parameter],
    given: Mapping[str, object],
    *,
    user: str,
    channel: str,
    trigger: str,
) -> Json:
    """The inputs of a run by `user`, typed. Raises parameter_validation_failed.

    Who runs it, where, and a way to open a modal are filled in where they are wanted.
    """
    unknown = sorted(set(given) - {item.name for item in wanted})
    if unknown:
        raise _wrong(f"There is no input {unknown[0][:40]!r}.")
    found: Json = {}
    for item in wanted:
        value = given.get(item.name)
        if value is None:
            value = _own_value(item, user, channel, trigger)
        if value is not None:
            found[item.name] = _fitted(item, value)
        elif item.is_required:
            raise _wrong(f"The input {item.name!r} ({item.type}) is needed.")
    if len(json.dumps(found)) > MAX_VALUES_CHARACTERS:
        raise _wrong(f"All inputs together have at most {MAX_VALUES_CHARACTERS} characters.")
    return found


def _wrong(message: str) -> Invalid:
    return refused("parameter_validation_failed", message)


def _own_value(item: Parameter, user: str, channel: str, trigger: str) -> object:
    if item.type == _CONTEXT:
        return {"id": user, "secret": ""}
    if item.type == _INTERACTIVITY:
        interactor: Json = {"id": user, "secret": ""}
        return {"interactor": interactor, "interactivity_pointer": trigger}
    if item.is_required and item.type == _USER:
        return user
    if item.is_required and item.type == _CHANNEL:
        return channel or None
    return None


def _fitted(item: Parameter, value: object) -> object:
    """A typed text as a value of the parameter's type. Raises parameter_validation_failed."""
    if not isinstance(value, str):
        return value
    if item.type in (_USER, _CHANNEL):
        return value.strip("<>@#").partition("|")[0]
    try:
        if item.type == "integer":
            return int(value)
        if item.type == "number":
            return float(value)
    except ValueError as error:
        raise _wrong(f"The input {item.name!r} is a number.") from error
    if item.type == "boolean":
        return value.lower() in ("true", "yes", "1")
    return value


def require_outputs(declared: Sequence[Parameter], outputs: Json) -> None:
    """Raises parameter_validation_failed."""
    missing = [item.name for item in declared if item.is_required and item.name not in outputs]
    if missing:
        raise _wrong(f"The output {missing[0]!r} is needed.")
    if len(json.dumps(outputs)) > MAX_VALUES_CHARACTERS:
        raise _wrong(f"All outputs together have at most {MAX_VALUES_CHARACTERS} characters.")
