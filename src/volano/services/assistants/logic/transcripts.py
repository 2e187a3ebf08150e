"""Transcripts of meetings as who said what: WebVTT, SubRip, or plain lines `Name: words`.

Pure. Cues of the same speaker that follow one another are one utterance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

MAX_UTTERANCES = 2000
_TIME = re.compile(r"(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}\s+-->\s+")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>(.*?)(?:</v>|$)", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_SPEAKER = re.compile(
    r"^\[?([^\W\d_][\w .'-]{0,40}?)\]?\s*(?:\(\d[\d:.]*\))?(?:\s*:\s+|\uff1a\s*)(.+)$"
)
_STAMP = re.compile(r"^\[?\(?\d{1,2}:\d{2}(?::\d{2})?\)?\]?\s*[-–]?\s*")
_SKIPPED = ("WEBVTT", "NOTE", "STYLE", "REGION", "Kind:", "Language:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """`speaker` '' when nobody is named; `user_id` and `ts_us` when it is a message."""

    speaker: str
    text: str
    user_id: str = ""
    ts_us: int = 0


def read_transcript(text: str) -> list[Utterance]:
    """What was said, in order; the form is told by the text itself."""
    lines = text.lstrip("\ufeff").replace("\r", "").splitlines()
    has_cues = any(_TIME.match(line) for line in lines)
    said = _cues(lines) if has_cues else [line.strip() for line in lines]
    found: list[Utterance] = []
    for part in said:
        utterance = _utterance(part)
        if not utterance.text:
            continue
        last = found[-1] if found else None
        if has_cues and last is not None and last.speaker == utterance.speaker:
            found[-1] = replace(last, text=f"{last.text} {utterance.text}")
        else:
            found.append(utterance)
    return found[:MAX_UTTERANCES]


def _cues(lines: list[str]) -> list[str]:
    """The text of each cue on one line, without numbers, times and comments."""
    cues: list[str] = []
    is_open = False
    for line in lines:
        if _TIME.match(line):
            cues.append("")
            is_open = True
        elif not line.strip():
            is_open = False
        elif is_open and not line.startswith(_SKIPPED):
            cues[-1] = f"{cues[-1]} {line.strip()}".strip()
    return cues


def _utterance(part: str) -> Utterance:
    voice = _VOICE.search(part)
    if voice is not None:
        return Utterance(speaker=_words(voice[1]), text=_words(_TAG.sub(" ", voice[2])))
    plain = _words(_TAG.sub(" ", _STAMP.sub("", part)))
    named = _SPEAKER.match(plain)
    if named is not None:
        return Utterance(speaker=named[1].strip(), text=named[2])
    return Utterance(speaker="", text=plain)


def _words(text: str) -> str:
    return " ".join(text.split())
