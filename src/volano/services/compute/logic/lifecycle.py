"""What becomes of an instance after what its node says: pure functions, row to row.

Each returns the same object when nothing changes. A status counts only for the generation that is
wanted now: what a node says of an older one is about a run that is over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.fleet import GENERATION_LABEL
from volano.kernel.runtime import WorkloadState
from volano.services.compute.logic.metering import is_due
from volano.services.compute.model import Instance, State, Wanted

if TYPE_CHECKING:
    from volano.kernel.runtime import WorkloadStatus

Change = Callable[[Instance], Instance]
SERVER_ERROR = "Server.InternalError"
MAX_REASON_CHARACTERS = 500
_KILLED = 137


def after_report(it: Instance, status: WorkloadStatus | None, now_us: int) -> Instance:
    """After a status; None says that the node is busy with it and knows nothing for certain."""
    if status is None or it.wanted is Wanted.GONE:
        return it
    here = status.state in (WorkloadState.RUNNING, WorkloadState.STARTING)
    if it.wanted is Wanted.STOPPED:
        if here or it.state is State.STOPPED:
            return it
        return replace(it, state=State.STOPPED, changed_us=now_us)
    if status.labels.get(GENERATION_LABEL) != str(it.generation):
        return it
    if status.state is WorkloadState.RUNNING:
        return _running(it, status, now_us)
    if status.state is WorkloadState.EXITED and status.exit_code is not None:
        began = status.started_us is not None  # else it was cut off in its start, and is repeated
        return _exited(it, status.exit_code, now_us) if began else it
    return it


def after_failed_start(it: Instance, generation: int, reason: str) -> Instance:
    """As in EC2: a new instance ends, one that was started again stays stopped."""
    if it.generation != generation or it.wanted is not Wanted.RUNNING:
        return it
    message = f"{SERVER_ERROR}: {reason}"[:MAX_REASON_CHARACTERS]
    if it.generation == 1 and it.state is State.PENDING:
        return replace(
            it,
            state=State.SHUTTING_DOWN,
            wanted=Wanted.GONE,
            reason_code=SERVER_ERROR,
            reason=message,
        )
    return replace(
        it, state=State.STOPPED, wanted=Wanted.STOPPED, reason_code=SERVER_ERROR, reason=message
    )


def after_interruption(it: Instance) -> Instance:
    """Its zone is lost: what ran there is over; a later generation starts when the zone is back."""
    if it.wanted is not Wanted.RUNNING:
        return it
    return replace(it, generation=it.generation + 1)


def after_removal(it: Instance) -> Instance:
    if it.wanted is not Wanted.GONE or it.state is State.TERMINATED:
        return it
    return replace(it, state=State.TERMINATED)


def _running(it: Instance, status: WorkloadStatus, now_us: int) -> Instance:
    booted_us = status.started_us or it.booted_us or now_us
    if it.state is not State.RUNNING:
        return replace(it, state=State.RUNNING, booted_us=booted_us, changed_us=now_us)
    if booted_us != it.booted_us:  # a reboot, or its zone came back
        return replace(it, booted_us=booted_us)
    return replace(it) if is_due(it, now_us) else it


def _exited(it: Instance, exit_code: int, now_us: int) -> Instance:
    hint = " (killed, perhaps for want of memory)" if exit_code == _KILLED else ""
    return replace(
        it,
        state=State.STOPPED,
        wanted=Wanted.STOPPED,
        reason_code="Server.InstanceExited",
        reason=f"Server.InstanceExited: its first process ended with {exit_code}{hint}",
        changed_us=now_us,
    )
