"""What the calendar says to people in cards, reminders and mails, by language."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from volano.services.calendar.model import Answer
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from volano.kernel.call import Env
    from volano.services.calendar.logic.ics import Facts

ENGLISH = {
    "invited": "Invitation: {title}, {when}",
    "changed": "Changed: {title}, {when}",
    "ended": "Called off: {title}, {when}",
    "invited_lead": "{name} invites you to an event.",
    "changed_lead": "{name} changed an event that you are invited to.",
    "ended_lead": "{name} called this event off, or you are not invited to it any more.",
    "removed": "You are not invited any more: {title}, {when}",
    "card": "{name} invites you: {title}, {when}",
    "when": "When: {when}",
    "where": "Where: {where}",
    "answer": "Say whether you come: {link}",
    "repeats": " (repeats)",
    Answer.YES.value: "Yes",
    Answer.MAYBE.value: "Maybe",
    Answer.NO.value: "No",
    "said_yes": "{name} comes: {title}, {when}",
    "said_maybe": "{name} may come: {title}, {when}",
    "said_no": "{name} does not come: {title}, {when}",
    "said_none": "{name} has not answered: {title}, {when}",
    "unmailed": "{address} could not be told of {title} by mail: {error}",
}
CHINESE = {
    "invited": "邀请：{title}，{when}",
    "changed": "已更改：{title}，{when}",
    "ended": "已取消：{title}，{when}",
    "invited_lead": "{name} 邀请您参加一项日程。",
    "changed_lead": "{name} 更改了您受邀参加的日程。",
    "ended_lead": "{name} 取消了此日程，或不再邀请您参加。",
    "removed": "您不再受邀参加：{title}，{when}",
    "card": "{name} 邀请您：{title}，{when}",
    "when": "时间：{when}",
    "where": "地点：{where}",
    "answer": "请答复是否参加：{link}",
    "repeats": "（重复）",
    Answer.YES.value: "参加",
    Answer.MAYBE.value: "待定",
    Answer.NO.value: "不参加",
    "said_yes": "{name} 将参加：{title}，{when}",
    "said_maybe": "{name} 可能参加：{title}，{when}",
    "said_no": "{name} 不参加：{title}，{when}",
    "said_none": "{name} 尚未答复：{title}，{when}",
    "unmailed": "无法通过邮件将 {title} 通知 {address}：{error}",
}
LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "zh": CHINESE}
_WEEKDAYS_ZH = "一二三四五六日"


async def language_of(env: Env, user_id: str) -> str:
    """The language that somebody chose where there are words in it, else English."""
    chosen = await chat.find_language(env.store.reader, user_id)
    return chosen if chosen in LANGUAGES else "en"


def when(facts: Facts, language: str) -> str:
    """The first time of an event in its own zone, in words of a language."""
    start, end = facts.start, facts.end
    repeats = LANGUAGES[language]["repeats"] if facts.is_recurring else ""
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        last = end - timedelta(days=1)
        until = f" – {_day(last, language)}" if last > start else ""
        return _day(start, language) + until + repeats
    until = f"{end:%H:%M}" if end.date() == start.date() else f"{_day(end, language)} {end:%H:%M}"
    return f"{_day(start, language)} {start:%H:%M} – {until} ({facts.zone}){repeats}"


def _day(day: date, language: str) -> str:
    if language == "zh":
        return f"{day:%Y}年{day:%m}月{day:%d}日 周{_WEEKDAYS_ZH[day.weekday()]}"
    return f"{day:%a %d %b %Y}"
