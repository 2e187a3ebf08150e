"""The kernel's own words: errors, ids, places, clocks, logs, metrics, registries."""

import asyncio
import io
import json
import re

import pytest

from volano.kernel import events
from volano.kernel.clock import ManualClock, SystemClock
from volano.kernel.errors import Denied, Invalid, Unavailable, VolanoError
from volano.kernel.events import Event, event, parse_event, subscribe, to_payload
from volano.kernel.ids import Arn, Ids, parse_arn, seeded_ids
from volano.kernel.log import StreamLog
from volano.kernel.metrics import MAX_SERIES, Metrics
from volano.kernel.place import region_with_zones
from volano.kernel.work import job_kind, reconciler


def test_an_error_has_the_wires_code_and_status_unless_it_says_otherwise():
    assert (Denied("no").wire_code, Denied("no").wire_status) == ("AccessDenied", 403)
    own = Invalid("x", code="NoSuch", status=422, fields={"param": "p"}, facts={"a": 1})
    assert (own.wire_code, own.wire_status, own.fields, own.facts) == (
        "NoSuch",
        422,
        {"param": "p"},
        {"a": 1},
    )
    assert str(own) == own.message == "x"
    assert issubclass(Unavailable, VolanoError)


def test_ids_have_the_forms_of_their_wires_and_repeat_from_a_seed():
    ids = Ids()
    assert re.fullmatch(r"i-[0-9a-f]{17}", ids.resource("i"))
    assert re.fullmatch(r"AIDA[A-Z2-7]{16}", ids.unique("AIDA"))
    assert re.fullmatch(r"C[A-Z0-9]{10}", ids.slack("C"))
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", ids.uuid()
    )
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", ids.token())
    assert len(ids.hex(5)) == 5
    one, two = seeded_ids(7), seeded_ids(7)
    assert [one.uuid() for _ in range(3)] == [two.uuid() for _ in range(3)]
    assert len({ids.uuid() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("arn:aws:s3:::bucket/a:b", Arn("s3", "", "", "bucket/a:b")),
        ("arn:aws:iam::111111111111:user/x", Arn("iam", "", "111111111111", "user/x")),
        ("arn:aws:s3:::", None),
        ("s3:::bucket", None),
        ("", None),
        ("arn:aws:::1:x", None),
    ],
)
def test_arns(text, parsed):
    assert parse_arn(text) == parsed
    if parsed is not None:
        assert str(parsed) == text


def test_a_region_has_one_to_six_zones_found_by_letter_or_name():
    region = region_with_zones("eu-home-1", 3)
    assert region.zones == ("eu-home-1a", "eu-home-1b", "eu-home-1c")
    assert region.zone("b") == region.zone("eu-home-1b") == "eu-home-1b"
    assert region.zone("d") is None
    for count in (0, 7):
        with pytest.raises(ValueError, match="1 to 6"):
            region_with_zones("r", count)


async def test_sleepers_of_a_manual_clock_wake_in_order_of_their_time():
    clock, woken = ManualClock(), []

    async def sleep(seconds):
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleep(s)) for s in (3, 1, 2, 9)]
    await asyncio.sleep(0)
    start = clock.now_us()
    clock.advance(5)
    await asyncio.gather(*tasks[:3])
    assert woken == [1, 2, 3]
    assert clock.now_us() - start == 5_000_000
    tasks[3].cancel()
    clock.advance(10)  # a cancelled sleeper is no trouble
    before = SystemClock().monotonic_s()
    await SystemClock().sleep(0)
    assert SystemClock().monotonic_s() >= before


def test_a_log_line_is_one_line_whatever_is_in_it():
    out = io.StringIO()
    log = StreamLog(ManualClock(), level="info", json=True, stream=out)
    log.debug("not shown")
    log.error("said", text='a"\nb', error=ValueError("x"), path={"n": 1})
    (line,) = out.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["message"], entry["text"], entry["error"]) == (
        "error",
        "said",
        'a"\nb',
        "x",
    )
    plain = io.StringIO()
    StreamLog(ManualClock(), json=False, stream=plain).warning("said", text="a\nb")
    assert len(plain.getvalue().splitlines()) == 1


def test_metrics_are_prometheus_text_with_a_bounded_number_of_series():
    metrics = Metrics()
    metrics.describe("a_total", "Things.")
    metrics.count("a_total", (("who", 'x"\n\\'),))
    metrics.count("a_total", (("who", 'x"\n\\'),), 2)
    metrics.gauge("b", lambda: {(): 1.5})
    metrics.gauge("d", lambda: {(): float("inf")})
    metrics.observe("c_seconds", 0.02)
    metrics.observe("c_seconds", 100)
    text = metrics.render()
    assert '# HELP a_total Things.\n# TYPE a_total counter\na_total{who="x\\"\\n\\\\"} 3\n' in text
    assert "b 1.5\n" in text
    assert 'c_seconds_bucket{le="0.025"} 1\n' in text
    assert 'c_seconds_bucket{le="+Inf"} 2\n' in text
    assert "c_seconds_count 2\n" in text
    for number in range(MAX_SERIES + 10):
        metrics.count("many_total", (("n", str(number)),))
    assert 'many_total{other="true"} 10' in metrics.render()


def test_a_large_count_is_not_rounded():
    metrics = Metrics()
    metrics.count("big_total", (), 123_456_789)
    assert "big_total 123456789\n" in metrics.render()


@event("probe.kernel")
class Probed(Event, frozen=True, kw_only=True):
    name: str


def test_events_are_known_by_a_name_of_their_own():
    assert parse_event("probe.kernel", to_payload(Probed(name="ä"))) == Probed(name="ä")
    assert parse_event("probe.unknown", b"{}") is None
    with pytest.raises(ValueError, match="two event types"):
        event("probe.kernel")(Probed)


def test_a_name_is_registered_once(monkeypatch):
    monkeypatch.setattr(events, "_SUBSCRIPTIONS", {})

    async def nothing(env, happened):
        return

    subscribe("probe:twice", Probed)(nothing)
    with pytest.raises(ValueError, match="two subscribers"):
        subscribe("probe:twice", Probed)(nothing)
    from volano.kernel import work

    monkeypatch.setattr(work, "_RECONCILERS", {})
    monkeypatch.setattr(work, "_JOBS", {})
    reconciler("r", every_s=1)(nothing)
    job_kind("k")(nothing)
    with pytest.raises(ValueError, match="two reconcilers"):
        reconciler("r", every_s=1)(nothing)
    with pytest.raises(ValueError, match="two job kinds"):
        job_kind("k")(nothing)
