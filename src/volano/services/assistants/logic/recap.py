"""What somebody missed, without any model: sorted by kind, each line a link to its message.

Drawn from the caller's own unread messages, so nothing is shown that they could not open. What is
told of a message are its own first words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from volano.services.assistants.logic.citations import label, link_to, name_channel
from volano.services.assistants.logic.saying import Said
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.assistants.logic.questions import Question

MAX_LINES = 5
"""Of a section."""
MAX_WORDS_CHARACTERS = 160
LIVELY = 2
"""Answers and reactions together that make a message worth a line."""

_ASKED = re.compile(
    r"\b(catch(?:ing)? me up|catch ?up|what (?:did|have) i miss(?:ed)?|recap|my unread)\b"
    r"|错过了什么|我错过|帮我补课|未读(?:消息)?(?:总结|摘要)",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[?？]\s*$|[?？]\s", re.MULTILINE)
_DECISION = re.compile(
    r"\b(decided|decision|agreed|approved|signed off|go ahead|final(?:ly|ised|ized)?|"
    r"we(?:'ll| will| are going to)|let's|to-?do|action items?|deadline|due|must be done|by "
    r"(?:monday|tuesday|wednesday|thursday|friday|tomorrow|tonight|eod|end of))\b"
    r"|决定|同意|批准|截止|待办|务必",
    re.IGNORECASE,
)
_CALLS_ALL = re.compile(r"<!(?:here|channel|everyone)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message; `words` are its first words as plain text."""

    channel: str
    ts_us: int
    thread_us: int
    user: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recap:
    """`sections` by name, in the order of what matters most; a message stands in the first that
    takes it.
    """

    messages: int
    channels: int
    more: bool
    sections: dict[str, list[Line]] = field(default_factory=dict)


TITLES = {
    "mentions": "You were mentioned",
    "questions": "Questions without an answer",
    "decisions": "Decisions and deadlines",
    "lively": "Most answered",
}


def is_asked(text: str) -> bool:
    """Whether a request is for a recap."""
    return _ASKED.search(text) is not None


def asks(text: str) -> bool:
    """Whether a text asks a question."""
    return _QUESTION.search(text) is not None


def decides(text: str) -> bool:
    """Whether a text decides something or sets a date."""
    return _DECISION.search(text) is not None


async def make(env: Env, call: Call, me: str) -> Recap:
    """The recap of the caller's unread messages; `me` is their chat user."""
    unread = await chat.list_unread(env, call)
    items = [(one.channel_id, message) for one in unread for message in one.messages]
    others = [(channel, message) for channel, message in items if message.get("user") != me]
    return Recap(
        messages=len(others),
        channels=len({channel for channel, _ in others}),
        more=any(one.more for one in unread),
        sections=sort_out(others, me),
    )


def sort_out(items: Sequence[tuple[str, Mapping[str, object]]], me: str) -> dict[str, list[Line]]:
    """The lines of a recap from messages with their channels; `me` '' when nobody is mentioned."""
    sections: dict[str, list[Line]] = {}
    taken: set[tuple[str, str]] = set()
    for name, wanted in _wanted(me).items():
        found = [item for item in items if _key(item) not in taken and wanted(item[1])]
        if name == "lively":
            found.sort(key=lambda item: -_liveliness(item[1]))
        shown = found[:MAX_LINES]
        taken.update(_key(item) for item in shown)
        if shown:
            sections[name] = [_line(channel, message) for channel, message in shown]
    return sections


def _key(item: tuple[str, Mapping[str, object]]) -> tuple[str, str]:
    return item[0], str(item[1].get("ts"))


def _wanted(me: str) -> dict[str, Callable[[Mapping[str, object]], bool]]:
    def is_question(message: Mapping[str, object]) -> bool:
        return asks(_text(message)) and not message.get("reply_count")

    return {
        "mentions": lambda message: (
            bool(me) and (f"<@{me}>" in _text(message) or bool(_CALLS_ALL.search(_text(message))))
        ),
        "questions": is_question,
        "decisions": lambda message: decides(_text(message)),
        "lively": lambda message: _liveliness(message) >= LIVELY,
    }


def _text(message: Mapping[str, object]) -> str:
    return str(message.get("text") or "")


def _liveliness(message: Mapping[str, object]) -> int:
    replies = message.get("reply_count")
    reactions = message.get("reactions")
    given: Iterable[object] = reactions if isinstance(reactions, list) else []
    counts = [int(item["count"]) for item in given if isinstance(item, dict)]
    return (replies if isinstance(replies, int) else 0) + sum(counts)


def _line(channel: str, message: Mapping[str, object]) -> Line:
    words = " ".join(chat.to_plain(_text(message)).split())
    return Line(
        channel=channel,
        ts_us=chat.parse_ts(str(message["ts"])),
        thread_us=chat.parse_ts(str(message["thread_ts"])) if message.get("thread_ts") else 0,
        user=str(message.get("user") or ""),
        words=words if len(words) <= MAX_WORDS_CHARACTERS else words[:MAX_WORDS_CHARACTERS] + "…",
    )


async def compose(env: Env, question: Question) -> Said:
    """The recap as a message for the asker."""
    found = await make(env, question.call, question.asker.id)
    if not found.messages:
        text = "You are caught up: there is nothing that you have not read."
        return Said(text=text, only_asker=not question.is_private)
    more = " or more" if found.more else ""
    parts = [
        f"*{found.messages}{more} unread {_plural(found.messages, 'message')} in "
        f"{found.channels} {_plural(found.channels, 'conversation')}*"
    ]
    for name, lines in found.sections.items():
        told = [await _told(env, question, line) for line in lines]
        parts.append("\n".join([f"*{TITLES[name]}*", *told]))
    if not found.sections:
        parts.append("Nothing in them mentions you, asks or decides something.")
    return Said(text="\n\n".join(parts), only_asker=not question.is_private)


async def _told(env: Env, question: Question, line: Line) -> str:
    account = question.call.account
    author = await chat.find_user(env.store.reader, account, line.user)
    link = link_to(env, line.channel, line.ts_us, line.thread_us)
    name = label(author.real_name if author else "somebody")
    where = await name_channel(env, account, line.channel)
    return f"• <{link}|{name}> in {where}: {chat.escape_text(line.words)}"


def _plural(count: int, word: str) -> str:
    return word if count == 1 else word + "s"
