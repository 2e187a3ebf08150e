"""What somebody said they will do or asked others to do, as items that may become tasks.

A model lists them from numbered lines; without one they are found by how people say such things.
Nothing is made: a card or form shows each item, and a person makes the task.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from volano.kernel.foreign_json import decode_foreign
from volano.kernel.inference import Grammar
from volano.services.assistants.logic.conversations import read_conversation
from volano.services.assistants.logic.dues import find_due
from volano.services.assistants.logic.transcripts import Utterance
from volano.services.assistants.logic.wording import clean_list, clean_text, list_sources
from volano.services.assistants.logic.writer import get_settings, write
from volano.services.assistants.model import Item
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.assistants.logic.conversations import Conversation, Message

MAX_ITEMS = 20
MAX_TITLE_CHARACTERS = 200
MAX_LINES = 120
"""Lines of a conversation that are looked through, the newest."""
ORDER = (
    "List what people in this conversation still have to do: only what somebody promised or was "
    "asked to do and has not done. `title` begins with a verb, `assignee` is the name of who does "
    "it or empty, `due` is a date as YYYY-MM-DD or empty, `source` is the number of the line. "
    "The conversation took place on {day}."
)
LIST_SCHEMA: dict[str, object] = {
    "type": "array",
    "maxItems": MAX_ITEMS,
    "items": {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "assignee": {"type": "string"},
            "due": {"type": "string"},
            "source": {"type": "integer"},
        },
        "required": ["title", "assignee", "due", "source"],
        "additionalProperties": False,
    },
}
"""What a model's list of items looks like, in JSON Schema."""
GRAMMAR = Grammar(
    kind="json_schema",
    text=json.dumps(
        {
            "type": "object",
            "properties": {"items": LIST_SCHEMA},
            "required": ["items"],
            "additionalProperties": False,
        }
    ),
)

_MARKED = re.compile(
    r"^(?:[-*•]\s*)?(?:\[ \]|to-?do|action(?: item)?|待办)\s*[:：-]?\s*(.+)$", re.IGNORECASE
)
_PROMISED = re.compile(
    r"\b(?:i'll|i will|i am going to|i'm going to|let me)\s+(.+)|我(?:来|会)(.+)", re.IGNORECASE
)
_ASKED = re.compile(
    r"^(?:([^\W\d_]\w+)[\s,:]+)?(?:please|can you|could you|will you|would you|请)\s*(.+?)[?？]?$",
    re.IGNORECASE,
)
_NAMED = re.compile(r"^([^\W\d_]\w+) (?:will|has to|needs to|must|should)\s+(.+)$", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*|\n+")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)>")


async def find_items(
    env: Env, call: Call, channel_id: str, *, thread_ts: str = ""
) -> tuple[list[Item], str]:
    """Of a conversation that the caller may read, and what is missing when no model found them."""
    found = await read_conversation(env, call, channel_id, thread_ts=thread_ts, limit=MAX_LINES)
    names = found.names | await _mentioned(env, call, found)
    said = [
        Utterance(
            speaker=found.name_of(message),
            text=_MENTION.sub(lambda match: names.get(match[1], "") + ",", _text(message)),
            user_id=str(message.get("user") or ""),
            ts_us=chat.parse_ts(str(message["ts"])),
        )
        for message in found.messages
    ]
    ids = {name: user for user, name in names.items()}
    return await list_items(env, call, said, ids)


def _text(message: Message) -> str:
    return str(message.get("text") or "")


async def _mentioned(env: Env, call: Call, found: Conversation) -> dict[str, str]:
    """Names of the people whom the conversation mentions."""
    ids = {user for message in found.messages for user in _MENTION.findall(_text(message))}
    users = [await chat.find_user(env.store.reader, call.account, user) for user in sorted(ids)]
    return {user.id: user.real_name for user in users if user is not None and not user.is_bot}


async def list_items(
    env: Env, call: Call, said: Sequence[Utterance], ids: Mapping[str, str]
) -> tuple[list[Item], str]:
    """Of what was said; `ids` are chat users by name."""
    settings = await get_settings(env, call)
    said = said[-MAX_LINES:]
    if not said:
        return [], ""
    now_us = env.clock.now_us()
    at_us = said[-1].ts_us or now_us
    day = datetime.fromtimestamp(at_us / 1e6, UTC).date().isoformat()
    sources = list_sources([f"{line.speaker}: {line.text}" for line in said])
    order = f"{ORDER.format(day=day)}\n\n{sources}"
    made = await write(env, call, settings, order, grammar=GRAMMAR)
    if made.text:
        listed = parse_items(made.text, said, ids, now_us)
        if listed is not None:
            return listed, ""
    missing = made.missing or f"The model {settings.model} did not answer with a list."
    return spoken_items(said, ids, now_us), missing


def parse_items(
    text: str, said: Sequence[Utterance], ids: Mapping[str, str], now_us: int
) -> list[Item] | None:
    """A model's JSON as items; None when it is not what was asked for."""
    try:
        parsed = decode_foreign(text)
    except ValueError:
        return None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("items"), list):
        return None
    return items_of(parsed["items"], said, ids, now_us)


def items_of(
    given: object, said: Sequence[Utterance], ids: Mapping[str, str], now_us: int
) -> list[Item]:
    """Items of a model's list; a line that was not given is no source."""
    found = []
    for each in clean_list(given, MAX_ITEMS):
        if not isinstance(each, dict):
            continue
        title = clean_text(each.get("title"), MAX_TITLE_CHARACTERS)
        number = each.get("source")
        is_known = isinstance(number, int) and 1 <= number <= len(said)
        source = said[number - 1] if is_known and isinstance(number, int) else None
        assignee = clean_text(each.get("assignee"), 80)
        if title:
            found.append(
                Item(
                    title=title,
                    assignee=assignee,
                    assignee_id=_find_person(assignee, ids),
                    due_us=find_due(clean_text(each.get("due"), 40), now_us),
                    ts_us=source.ts_us if source else 0,
                )
            )
    return found


def spoken_items(said: Sequence[Utterance], ids: Mapping[str, str], now_us: int) -> list[Item]:
    """Items by how people say them: `to do: …`, `I'll …`, `Ana, can you …?`, `Ana will …`."""
    found: list[Item] = []
    for line in said:
        for sentence in _SENTENCE.split(line.text):
            item = _spoken_item(" ".join(chat.to_plain(sentence).split()), line, ids)
            if item is None:
                continue
            title, assignee = item
            found.append(
                Item(
                    title=(title[:1].upper() + title[1:])[:MAX_TITLE_CHARACTERS].rstrip(" .。"),
                    assignee=assignee,
                    assignee_id=_find_person(assignee, ids),
                    due_us=find_due(sentence, line.ts_us or now_us),
                    ts_us=line.ts_us,
                )
            )
    return found[:MAX_ITEMS]


def _spoken_item(sentence: str, line: Utterance, ids: Mapping[str, str]) -> tuple[str, str] | None:
    """What is to be done in a sentence, and by whom as far as it says."""
    marked = _MARKED.match(sentence)
    if marked is not None:
        return _spoken_item(marked[1], line, ids) or (marked[1], "")
    promised = _PROMISED.search(sentence)
    if promised is not None:
        return promised[1] or promised[2], line.speaker
    asked = _ASKED.match(sentence)
    if asked is not None and (not asked[1] or _find_person(asked[1], ids)):
        return asked[2], asked[1] or ""
    named = _NAMED.match(sentence)
    if named is not None and _find_person(named[1], ids):
        return named[2], named[1]
    return None


def _find_person(name: str, ids: Mapping[str, str]) -> str:
    """The one person with that name or first name; '' when there is none or several."""
    wanted = name.strip().lower()
    if not wanted:
        return ""
    exact = [user for known, user in ids.items() if known.lower() == wanted]
    first = [user for known, user in ids.items() if known.lower().split()[:1] == [wanted]]
    found = exact or first
    return found[0] if len(found) == 1 else ""
