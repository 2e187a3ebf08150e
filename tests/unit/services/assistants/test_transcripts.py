"""Transcripts in the forms that meeting programs write, and days that people name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from volano.services.assistants.logic.dues import find_due
from volano.services.assistants.logic.items import spoken_items
from volano.services.assistants.logic.transcripts import Utterance, read_transcript

VTT = """WEBVTT

NOTE made by a meeting program

1
00:00:01.000 --> 00:00:04.000
<v Ana Ruiz>We ship on Friday.</v>

2
00:00:04.500 --> 00:00:06.000
<v Ana Ruiz>Bo, can you write the notes?</v>

00:00:07.000 --> 00:00:09.000 align:start
Bo: I will do it.
"""
SRT = (
    "1\n00:00:01,000 --> 00:00:02,000\nAna: Hello\nall.\n\n2\n00:00:03,000 --> 00:00:04,000\nBye.\n"
)
MONDAY_US = int(datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp() * 1e6)


def pairs(text: str) -> list[tuple[str, str]]:
    return [(said.speaker, said.text) for said in read_transcript(text)]


def test_webvtt_names_voices_and_joins_what_one_speaker_says() -> None:
    assert pairs(VTT) == [
        ("Ana Ruiz", "We ship on Friday. Bo, can you write the notes?"),
        ("Bo", "I will do it."),
    ]


def test_subrip_and_plain_lines() -> None:
    assert pairs(SRT) == [("Ana", "Hello all."), ("", "Bye.")]
    assert pairs("[10:02] Ana: Hi\n10:03 - Bo (10:03): Yes\n\nno speaker here") == [
        ("Ana", "Hi"),
        ("Bo", "Yes"),
        ("", "no speaker here"),
    ]
    assert pairs("王芳：我们星期五发布。") == [("王芳", "我们星期五发布。")]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("by Friday", "2026-11-27"),
        ("next Monday please", "2026-11-30"),
        ("tomorrow", "2026-11-24"),
        ("until 2026-12-01", "2026-12-01"),
        ("明天", "2026-11-24"),
        ("周三之前", "2026-11-25"),
        ("星期天", "2026-11-29"),
    ],
)
def test_days_that_are_named(text: str, day: str) -> None:
    assert datetime.fromtimestamp(find_due(text, MONDAY_US) / 1e6, UTC).date().isoformat() == day


@pytest.mark.parametrize("text", ["some day", "2026-13-45", ""])
def test_no_day(text: str) -> None:
    assert find_due(text, MONDAY_US) == 0


def test_items_are_found_by_how_people_say_them() -> None:
    people = {"Ana Ruiz": "U1", "Bo Li": "U2", "Bo Lee": "U3"}
    said = [
        Utterance(speaker="Ana Ruiz", text="I'll call the bank tomorrow. Nice weather!"),
        Utterance(speaker="Bo Li", text="Ana, can you send the invoice by Friday?"),
        Utterance(speaker="Bo Li", text="TODO: order paper\nAna will book a room."),
        Utterance(speaker="Bo Li", text="Bo should look at it. I like tea. The shop will open."),
        Utterance(speaker="王芳", text="待办：更新网站"),
    ]
    found = spoken_items(said, people, MONDAY_US)
    assert [(item.title, item.assignee, item.assignee_id) for item in found] == [
        ("Call the bank tomorrow", "Ana Ruiz", "U1"),
        ("Send the invoice by Friday", "Ana", "U1"),
        ("Order paper", "", ""),
        ("Book a room", "Ana", "U1"),
        ("更新网站", "", ""),
    ]
    assert found[1].due_us == find_due("friday", MONDAY_US)
