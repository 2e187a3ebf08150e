"""Runs the steps in order: each depends on few others, and a failure stops only those."""

from __future__ import annotations

import urllib.error
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from openai import OpenAIError
from slack_sdk.errors import SlackClientError

from volano.cli.tour.outcome import Note, StepFailed
from volano.cli.tour.steps import (
    answers,
    bill,
    chat,
    connect,
    instance,
    presign,
    upload,
    workplace,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.cli.tour.day import Day

CLIENT_ERRORS = (ClientError, BotoCoreError, OpenAIError, SlackClientError, urllib.error.URLError)
# An answer without the fields that the client's own documentation promises.
SHAPE_ERRORS = (LookupError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    name: str
    title: str
    run: Callable[[Day], Note]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a step went; `state` is ok, failed or skipped."""

    name: str
    state: str
    took_s: float
    note: Note | None = None
    failure: StepFailed | None = None


STEPS = (
    Step(name="connect", title="Three doors, one identity", run=connect.run),
    Step(name="upload", title="Files into buckets", run=upload.run, needs=("connect",)),
    Step(name="presign", title="A link to share", run=presign.run, needs=("upload",)),
    Step(name="instance", title="Sales report on a machine", run=instance.run, needs=("upload",)),
    Step(name="answers", title="Customers' questions", run=answers.run, needs=("connect",)),
    Step(name="chat", title="A streamed completion", run=chat.run, needs=("connect",)),
    Step(name="workplace", title="Report and copilot", run=workplace.run, needs=("connect",)),
    Step(name="bill", title="The bill", run=bill.run, needs=("connect",)),
)
STEP_NAMES = tuple(step.name for step in STEPS)


def choose_steps(only: Sequence[str]) -> tuple[Step, ...]:
    """All steps, or those named with everything they need."""
    if not only:
        return STEPS
    wanted = set(only)
    for step in reversed(STEPS):
        if step.name in wanted:
            wanted.update(step.needs)
    return tuple(step for step in STEPS if step.name in wanted)


def run_steps(day: Day, steps: Sequence[Step]) -> list[Result]:
    """Run each step whose needs were met; never raises for what a step finds."""
    results: list[Result] = []
    for number, step in enumerate(steps, 1):
        label = f"{number}/{len(steps)} {step.name:<10}"
        day.progress.begin(label, step.title)
        unmet = [name for name in step.needs if name not in day.steps_done]
        if unmet:
            took_s = day.progress.end("skipped", f"not run, because {' and '.join(unmet)} failed")
            results.append(Result(name=step.name, state="skipped", took_s=took_s))
            continue
        results.append(_run_step(day, step))
    return results


def _run_step(day: Day, step: Step) -> Result:
    try:
        note = step.run(day)
    except StepFailed as failure:
        return _failed(day, step, failure)
    except CLIENT_ERRORS as error:
        return _failed(day, step, _explain(error))
    except SHAPE_ERRORS as error:
        unreadable = StepFailed(
            expected="an answer in the documented form",
            got=f"one that could not be read: {error!r}",
            todo="report it with the request id from the server's log",
        )
        return _failed(day, step, unreadable)
    except BaseException:
        day.progress.end("failed", "interrupted")
        raise
    day.steps_done.add(step.name)
    took_s = day.progress.end("ok", note.summary, note.lines)
    return Result(name=step.name, state="ok", took_s=took_s, note=note)


def _failed(day: Day, step: Step, failure: StepFailed) -> Result:
    lines = [
        f"expected: {failure.expected}",
        f"got:      {failure.got}",
        f"try:      {failure.todo}",
    ]
    took_s = day.progress.end(
        "failed", "failed", [part for text in lines for part in text.split("\n")]
    )
    return Result(name=step.name, state="failed", took_s=took_s, failure=failure)


def _explain(error: Exception) -> StepFailed:
    operation = getattr(error, "operation_name", "")
    what = f"{operation}: {error}" if operation and operation not in str(error) else str(error)
    refused = "Connection" in type(error).__name__ or isinstance(error, urllib.error.URLError)
    return StepFailed(
        expected="the call to succeed",
        got=f"{type(error).__name__}: {what}"[:800],
        todo="is Volano running there? start it with: volano up"
        if refused
        else "look the error up in the server's log; it carries the request id",
    )
