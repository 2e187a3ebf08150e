"""From what a node says to what a row says, whatever the order and however often."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from volano.kernel.fleet import GENERATION_LABEL
from volano.kernel.runtime import WorkloadState, WorkloadStatus
from volano.services.compute.logic import lifecycle
from volano.services.compute.model import Instance, State, Wanted

NOW = 1_000_000_000_000

BASE = Instance(
    account="1", id="i-1", reservation_id="r-1", launch_index=0, client_token="", type="u1.nano",
    image_id="ami-1", zone="z", vpc_id="v", vpc_cidr="", subnet_id="s", subnet_cidr="", address="a",
    gateway="g", mac="m", interface_id="eni-1", key_name="", profile="", profile_id="", profile_arn="",
    tokens_required=False, state=State.PENDING, wanted=Wanted.RUNNING, generation=1, reason_code="",
    reason="", node="n", launched_us=1, changed_us=1, booted_us=0, metered_us=0,
)  # fmt: skip
RUNNING = replace(BASE, state=State.RUNNING, booted_us=NOW - 10)


def found(state: WorkloadState, *, generation: int = 1, **more) -> WorkloadStatus:
    return WorkloadStatus(id="i-1", state=state, labels={GENERATION_LABEL: str(generation)}, **more)


def test_running_makes_pending_running():
    after = lifecycle.after_report(BASE, found(WorkloadState.RUNNING, started_us=5), NOW)
    assert (after.state, after.booted_us) == (State.RUNNING, 5)


def test_an_older_generation_says_nothing():
    waiting = replace(BASE, generation=2)
    assert lifecycle.after_report(waiting, found(WorkloadState.RUNNING), NOW) is waiting
    exited = found(WorkloadState.EXITED, exit_code=0, started_us=1)
    rebooting = replace(RUNNING, generation=2)
    assert lifecycle.after_report(rebooting, exited, NOW) is rebooting


def test_a_busy_node_says_nothing():
    stopping = replace(RUNNING, state=State.STOPPING, wanted=Wanted.STOPPED)
    assert lifecycle.after_report(stopping, None, NOW) is stopping


def test_stopping_ends_when_nothing_is_here():
    stopping = replace(RUNNING, state=State.STOPPING, wanted=Wanted.STOPPED)
    assert lifecycle.after_report(stopping, found(WorkloadState.RUNNING), NOW) is stopping
    for state in (WorkloadState.EXITED, WorkloadState.MISSING):
        assert lifecycle.after_report(stopping, found(state), NOW).state is State.STOPPED


def test_a_process_that_ended_by_itself_stops_its_instance():
    ended = found(WorkloadState.EXITED, exit_code=3, started_us=1)
    after = lifecycle.after_report(RUNNING, ended, NOW)
    assert (after.state, after.wanted) == (State.STOPPED, Wanted.STOPPED)
    assert "ended with 3" in after.reason


def test_what_went_down_with_its_host_or_in_its_start_is_still_wanted():
    for ended in (found(WorkloadState.EXITED), found(WorkloadState.EXITED, exit_code=137)):
        assert lifecycle.after_report(RUNNING, ended, NOW) is RUNNING


def test_a_start_that_failed():
    new = lifecycle.after_failed_start(BASE, 1, "no")
    assert (new.state, new.wanted) == (State.SHUTTING_DOWN, Wanted.GONE)
    assert new.reason == "Server.InternalError: no"
    again = lifecycle.after_failed_start(replace(BASE, generation=2), 2, "no")
    assert (again.state, again.wanted) == (State.STOPPED, Wanted.STOPPED)
    late = replace(BASE, generation=3)
    assert lifecycle.after_failed_start(late, 2, "no") is late


STATUSES = st.one_of(
    st.none(),
    st.builds(
        found,
        st.sampled_from(WorkloadState),
        generation=st.integers(1, 2),
        exit_code=st.sampled_from([None, 0, 137]),
        started_us=st.sampled_from([None, NOW - 5]),
    ),
)
ROWS = st.builds(
    lambda pair, generation: replace(BASE, state=pair[0], wanted=pair[1], generation=generation),
    st.sampled_from([
        (State.PENDING, Wanted.RUNNING), (State.RUNNING, Wanted.RUNNING),
        (State.STOPPING, Wanted.STOPPED), (State.STOPPED, Wanted.STOPPED),
        (State.SHUTTING_DOWN, Wanted.GONE), (State.TERMINATED, Wanted.GONE),
    ]),
    st.integers(1, 2),
)  # fmt: skip
ALLOWED = {
    (State.PENDING, State.RUNNING), (State.PENDING, State.STOPPED), (State.RUNNING, State.STOPPED),
    (State.STOPPING, State.STOPPED),
}  # fmt: skip


@given(ROWS, STATUSES)
def test_reports_make_only_transitions_that_ec2_has_and_repeat(it, status):
    after = lifecycle.after_report(it, status, NOW)
    if after.state is not it.state:
        assert (it.state, after.state) in ALLOWED
    again = lifecycle.after_report(after, status, NOW)
    assert again.state is after.state
    assert after.generation == it.generation
