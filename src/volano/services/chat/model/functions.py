"""The nouns of apps' functions ("custom steps"): what a manifest declares, and a run of one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.services.chat.model import Json


class Function(msgspec.Struct, kw_only=True):
    """One of `functions` of a manifest; its key there is the callback id.

    Parameters are objects by name, or such an object as `properties` beside a list `required`.
    """

    title: str = ""
    description: str = ""
    input_parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    output_parameters: dict[str, Any] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """`type` is Slack's: `string`, `number`, `slack#/types/user_id` ..."""

    name: str
    type: str
    title: str
    description: str
    is_required: bool


class RunState(Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRun:
    """`channel_id` is where the result is told to `user_id`; '' for nowhere."""

    id: str
    account: str
    app_id: str
    callback_id: str
    user_id: str
    channel_id: str
    inputs: Json
    outputs: Json
    state: RunState
    error: str
    began_us: int
    ended_us: int


EXECUTION = "function_execution_id"
"""Where a message or view names the run that it belongs to."""
RUN_SCOPE = "function:"


def scope_of(run_id: str) -> str:
    """The scope that a run's own token has beside those of the app."""
    return RUN_SCOPE + run_id


def execution_of(scopes: Iterable[str] | None) -> str:
    """The run whose token has these scopes; '' for any other token."""
    found = [scope for scope in scopes or () if scope.startswith(RUN_SCOPE)]
    return found[0].removeprefix(RUN_SCOPE) if found else ""
