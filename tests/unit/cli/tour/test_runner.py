"""Running steps: dependencies, failures of every kind, progress lines and the table."""

from __future__ import annotations

import io

import pytest
from botocore.exceptions import ClientError

from volano.cli.tour import STEP_CHOICES
from volano.cli.tour.day import Day
from volano.cli.tour.outcome import Note, StepFailed, require
from volano.cli.tour.progress import Progress
from volano.cli.tour.runner import STEP_NAMES, Step, choose_steps, run_steps
from volano.cli.tour.sales import count_sales
from volano.cli.tour.shop import example_folder, read_shop


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def day(out) -> Day:
    """A day whose steps here need no client."""
    shop = read_shop(example_folder())
    sales = count_sales(shop.products, shop.orders)
    return Day(clients=None, shop=shop, sales=sales, progress=Progress(out), suffix="abc123")


def fine(day: Day) -> Note:
    return Note(summary="all well", lines=("a detail",))


def broken(day: Day) -> Note:
    require(False, expected="a wheel", got="a square", todo="sand the corners")
    raise AssertionError


def refused(day: Day) -> Note:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")


def unreadable(day: Day) -> Note:
    return Note(summary={}["missing"])


def test_a_failure_names_what_was_expected_what_came_and_what_to_do(day, out):
    (result,) = run_steps(day, [Step(name="a", title="A", run=broken)])
    assert result.state == "failed"
    assert "expected: a wheel" in out.getvalue()
    assert "got:      a square" in out.getvalue()
    assert "try:      sand the corners" in out.getvalue()


def test_a_failure_skips_only_the_steps_that_need_it(day, out):
    steps = [
        Step(name="a", title="A", run=broken),
        Step(name="b", title="B", run=fine, needs=("a",)),
        Step(name="c", title="C", run=fine),
    ]
    assert [result.state for result in run_steps(day, steps)] == ["failed", "skipped", "ok"]
    assert "not run, because a failed" in out.getvalue()
    assert day.steps_done == {"c"}


def test_an_error_of_a_client_is_a_failure_that_names_operation_and_code(day):
    (result,) = run_steps(day, [Step(name="a", title="A", run=refused)])
    assert result.failure is not None
    assert "AccessDenied" in result.failure.got
    assert "PutObject" in result.failure.got


def test_an_answer_of_another_shape_is_a_failure_and_no_traceback(day):
    (result,) = run_steps(day, [Step(name="a", title="A", run=unreadable)])
    assert isinstance(result.failure, StepFailed)
    assert "KeyError" in result.failure.got


def test_only_takes_what_a_step_needs_with_it():
    assert [step.name for step in choose_steps(["presign"])] == ["connect", "upload", "presign"]
    assert [step.name for step in choose_steps([])] == list(STEP_NAMES)


def test_the_command_line_knows_every_step():
    assert STEP_CHOICES == STEP_NAMES


def test_plain_progress_has_no_control_characters(day, out):
    run_steps(day, [Step(name="a", title="A step", run=fine)])
    assert "\x1b" not in out.getvalue()
    assert "\r" not in out.getvalue()
    assert "a detail" in out.getvalue()


def test_live_progress_shows_what_happens_and_clears_its_line(monkeypatch, out):
    monkeypatch.delenv("NO_COLOR", raising=False)
    progress = Progress(out, live=True)
    progress.begin("1/1 a", "begins")
    progress.end("ok", "done")
    assert out.getvalue().rstrip().endswith("done")
    assert "\x1b[32m✔\x1b[0m" in out.getvalue()


def test_no_color_is_respected(monkeypatch, out):
    monkeypatch.setenv("NO_COLOR", "1")
    progress = Progress(out, live=True)
    progress.begin("1/1 a", "begins")
    progress.end("failed", "oh")
    assert "\x1b[3" not in out.getvalue()


def test_the_table_aligns_numbers_to_the_right(out):
    Progress(out).table(("step", "s"), [("a", "1.5"), ("long", "10.25")], right="1")
    assert out.getvalue().splitlines() == ["step      s", "a       1.5", "long  10.25"]
