"""Days that people name ("by Friday", "tomorrow", "2026-11-30", "明天") as moments. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

END_OF_DAY = time(17, 0, tzinfo=UTC)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CHINESE_DAYS = "一二三四五六日"
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_NAMED = re.compile(
    rf"\b(?:(today|tonight|eod)|(tomorrow)|(?:next |on |by |until )?({'|'.join(_DAYS)}))\b"
    rf"|(今天)|(明天)|(?:周|星期)([{_CHINESE_DAYS}天])",
    re.IGNORECASE,
)


def find_due(text: str, said_us: int) -> int:
    """The end of the working day (17:00 UTC) that a text names, seen from when it was said.

    0 when it names none.
    """
    said = datetime.fromtimestamp(said_us / 1e6, UTC).date()
    day = _find_day(text, said)
    return int(datetime.combine(day, END_OF_DAY).timestamp() * 1_000_000) if day else 0


def _find_day(text: str, said: date) -> date | None:
    iso = _ISO.search(text)
    if iso is not None:
        try:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        except ValueError:
            return None
    named = _NAMED.search(text)
    if named is None:
        return None
    if named[1] or named[4]:
        return said
    if named[2] or named[5]:
        return said + timedelta(days=1)
    if named[3]:
        wanted = _DAYS.index(named[3].lower())
    else:
        wanted = _CHINESE_DAYS.index(named[6].replace("天", "日"))
    return said + timedelta(days=(wanted - said.weekday() - 1) % 7 + 1)
