"""What a channel or thread says, in a few points, each with the message that it comes from.

A model writes the points from numbered messages; a point keeps only numbers of messages that were
read. Without a model the points are messages themselves: decisions and deadlines, questions that
nobody answered, what was answered most, and sentences that share most words with the others.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from volano.services.assistants.logic import recap
from volano.services.assistants.logic.citations import link_to
from volano.services.assistants.logic.conversations import read_conversation, words_of
from volano.services.assistants.logic.languages import written_in
from volano.services.assistants.logic.wording import (
    list_sources,
    named_sources,
    without_unknown_sources,
)
from volano.services.assistants.logic.writer import get_settings, write
from volano.services.assistants.model import Answer, Source
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.services.assistants.logic.conversations import Conversation
    from volano.services.assistants.logic.writer import Attempt
    from volano.services.assistants.model import Settings

MAX_PART_CHARACTERS = 12_000
"""Of messages that a model reads at once; longer conversations are read in parts."""
MAX_PARTS = 8
MAX_TELLING = 3
MIN_TELLING_WORDS = 4
NOTHING = "Nothing was said here that you can read."

ORDER = (
    "Summarize this conversation in at most six points, each on a line that begins with '• ', the "
    "most important first: what was decided, what is open, who does what by when. End every point "
    "with the number of the message that it comes from, like [3]."
)
MERGE = (
    "These points summarize the parts of one conversation. Merge them into at most six points, "
    "each on a line that begins with '• ', the most important first, and keep numbers like [3]."
)
_WORD = re.compile(r"[a-z0-9]{3,}|[\u3040-\u9fff\uac00-\ud7af]{2}")


async def summarize(
    env: Env, call: Call, channel_id: str, *, thread_ts: str = "", language: str = ""
) -> Answer:
    """The points as mrkdwn, for the caller. Raises Denied and what reading the channel raises."""
    settings = await get_settings(env, call)
    found = await read_conversation(env, call, channel_id, thread_ts=thread_ts)
    if not found.messages:
        return Answer(text=NOTHING)
    attempt = await _written(env, call, settings, found, language)
    if not attempt.text:
        quoted = _quoted(found)
        return Answer(text=quoted, missing=attempt.missing, sources=sources_of(found, quoted))
    text = chat.escape_text(without_unknown_sources(attempt.text, len(found.messages)))
    return Answer(text=text, model=attempt.model, sources=sources_of(found, text))


async def _written(
    env: Env, call: Call, settings: Settings, found: Conversation, language: str
) -> Attempt:
    """The points by the model; a long conversation part by part, then merged."""
    spoken = written_in(language, "messages")
    parts = _parts(found.lines())
    attempt = await _part(env, call, settings, parts[0], spoken)
    if len(parts) == 1 or not attempt.text:
        return attempt
    texts = [attempt.text]
    for part in parts[1:]:
        attempt = await _part(env, call, settings, part, spoken)
        if not attempt.text:
            return attempt
        texts.append(attempt.text)
    return await write(env, call, settings, "\n\n".join([f"{MERGE} {spoken}", *texts]))


async def _part(
    env: Env, call: Call, settings: Settings, part: tuple[int, list[str]], spoken: str
) -> Attempt:
    first, lines = part
    order = f"{ORDER} {spoken}\n\n{list_sources(lines, first=first)}"
    return await write(env, call, settings, order)


def _parts(lines: Sequence[str]) -> list[tuple[int, list[str]]]:
    """The newest lines in parts that a model can read, each with the number of its first."""
    parts: list[tuple[int, list[str]]] = [(1, [])]
    size = 0
    for number, line in enumerate(lines, 1):
        if size + len(line) > MAX_PART_CHARACTERS and parts[-1][1]:
            parts.append((number, []))
            size = 0
        parts[-1][1].append(line)
        size += len(line)
    return parts[-MAX_PARTS:]


def sources_of(found: Conversation, text: str) -> tuple[Source, ...]:
    """The messages that a text names by number."""
    sources = []
    for number in named_sources(text, len(found.messages)):
        message = found.messages[number - 1]
        ts_us = chat.parse_ts(str(message["ts"]))
        when = datetime.fromtimestamp(ts_us / 1e6, UTC).strftime("%d %b %Y, %H:%M UTC")
        thread = str(message.get("thread_ts") or "")
        sources.append(
            Source(
                number=number,
                channel=found.channel,
                ts_us=ts_us,
                thread_us=chat.parse_ts(thread) if thread else 0,
                label=f"{found.name_of(message)}, {when}",
            )
        )
    return tuple(sources)


def link_sources(env: Env, answer: Answer) -> list[str]:
    """A line of mrkdwn for each source."""
    return [
        f"[{source.number}] <{link_to(env, source.channel, source.ts_us, source.thread_us)}|"
        f"{chat.escape_text(source.label)}>"
        for source in answer.sources
    ]


def _quoted(found: Conversation) -> str:
    """The conversation's own sentences by what they are, as mrkdwn."""
    numbers = {str(message["ts"]): n for n, message in enumerate(found.messages, 1)}
    pairs = [(found.channel, message) for message in found.messages]
    sections = {
        recap.TITLES[name]: [numbers[chat.to_ts(line.ts_us)] for line in lines]
        for name, lines in recap.sort_out(pairs, "").items()
    }
    taken = {number for lines in sections.values() for number in lines}
    telling = [number for number in _telling(found) if number not in taken][:MAX_TELLING]
    if telling:
        sections["Also said"] = sorted(telling)
    return "\n\n".join(
        "\n".join([f"*{title}*", *(_line(found, number) for number in lines)])
        for title, lines in sections.items()
    )


def _line(found: Conversation, number: int) -> str:
    message = found.messages[number - 1]
    words = words_of(message)
    if len(words) > recap.MAX_WORDS_CHARACTERS:
        words = words[: recap.MAX_WORDS_CHARACTERS] + "…"
    return f"• {chat.escape_text(f'{found.name_of(message)}: {words}')} [{number}]"


def _telling(found: Conversation) -> list[int]:
    """Messages by how much their words are those of the conversation, the most telling first."""
    words = [frozenset(_WORD.findall(words_of(message).lower())) for message in found.messages]
    counts = Counter(word for each in words for word in each)
    scores = [
        sum(math.log(counts[word]) for word in each) / math.sqrt(max(len(each), MIN_TELLING_WORDS))
        for each in words
    ]
    order = sorted(range(len(words)), key=lambda n: (-scores[n], n))
    return [n + 1 for n in order]
