"""Notes of a meeting from its transcript: pasted text, or a file of the chat (text, vtt, srt).

With a model: what it was about, decisions, items to do. Without one: who spoke and how much, the
sentences that decide or ask something, and items as people say them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.foreign_json import decode_foreign
from volano.kernel.ids import AccountId
from volano.kernel.inference import Grammar
from volano.services.assistants.logic import recap
from volano.services.assistants.logic.items import LIST_SCHEMA, items_of, spoken_items
from volano.services.assistants.logic.languages import written_in
from volano.services.assistants.logic.transcripts import read_transcript
from volano.services.assistants.logic.wording import clean_list, clean_text, list_sources
from volano.services.assistants.logic.writer import get_settings, write
from volano.services.assistants.model import InvalidAssistant, Item
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.assistants.logic.transcripts import Utterance
    from volano.services.assistants.model import Settings

MAX_TRANSCRIPT_CHARACTERS = 400_000
MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_PART_CHARACTERS = 12_000
MAX_PARTS = 12
MAX_POINTS = 8
MAX_POINT_CHARACTERS = 400
FORMATS = (".txt", ".vtt", ".srt", ".md")
ORDER = (
    "Take the minutes of this part of a meeting's transcript. `points`: what was talked about and "
    "what came of it. `decisions`: what was decided. `items`: what somebody is to do; `title` "
    "begins with a verb, `assignee` is a name or empty, `due` is YYYY-MM-DD or empty, `source` is "
    "the number of the line. Leave lists empty when there is nothing."
)
_TEXTS = {"type": "array", "items": {"type": "string"}, "maxItems": MAX_POINTS}
SCHEMA = {
    "type": "object",
    "properties": {
        "points": _TEXTS,
        "decisions": _TEXTS,
        "items": LIST_SCHEMA,
    },
    "required": ["points", "decisions", "items"],
    "additionalProperties": False,
}
GRAMMAR = Grammar(kind="json_schema", text=json.dumps(SCHEMA))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """`speakers` by how many lines each has; `missing` as in `Answer`."""

    points: list[str]
    decisions: list[str]
    questions: list[str]
    items: list[Item]
    speakers: dict[str, int]
    model: str = ""
    missing: str = ""


async def read_transcript_file(env: Env, call: Call, file_id: str) -> str:
    """A file of the chat that the caller may read, as text. Raises file_not_found."""
    here, file = await chat.get_file(env, call, file_id)
    if not file.name.lower().endswith(FORMATS) or file.size_bytes > MAX_FILE_BYTES:
        raise InvalidAssistant(
            f"A transcript is a file of text ({', '.join(FORMATS)}) with at most 2 MiB.",
            fields={"param": "file"},
        )
    chunks = await chat.open_bytes(env, here.workspace, AccountId(call.account), file)
    data = b"".join([chunk async for chunk in chunks])
    return data.decode("utf-8", "replace")


async def take_notes(
    env: Env, call: Call, transcript: str, *, people: Mapping[str, str], language: str = ""
) -> Notes:
    """Notes of a transcript; `people` are chat users by name. Raises InvalidAssistant."""
    if not 1 <= len(transcript.strip()) <= MAX_TRANSCRIPT_CHARACTERS:
        raise InvalidAssistant(
            f"A transcript has 1 to {MAX_TRANSCRIPT_CHARACTERS} characters.",
            fields={"param": "text"},
        )
    settings = await get_settings(env, call)
    said = read_transcript(transcript)
    if not said:
        raise InvalidAssistant("Nobody says anything in this text.", fields={"param": "text"})
    found, missing = await _written(env, call, settings, said, people, language)
    return found if found is not None else _quoted(env, said, people, missing)


async def _written(
    env: Env,
    call: Call,
    settings: Settings,
    said: Sequence[Utterance],
    people: Mapping[str, str],
    language: str,
) -> tuple[Notes | None, str]:
    """The notes by the model, part by part; None and what is missing."""
    points: list[str] = []
    decisions: list[str] = []
    items: list[Item] = []
    for part in _parts(said):
        sources = list_sources([f"{line.speaker}: {line.text}" for line in part])
        order = f"{ORDER} {written_in(language, 'transcript')}\n\n{sources}"
        made = await write(env, call, settings, order, grammar=GRAMMAR)
        parsed = _parse(made.text)
        if parsed is None:
            return None, made.missing or f"The model {settings.model} did not answer with notes."
        points += _texts(parsed.get("points"))
        decisions += _texts(parsed.get("decisions"))
        items += items_of(parsed.get("items"), part, people, env.clock.now_us())
    notes = Notes(
        points=points,
        decisions=decisions,
        questions=[],
        items=items,
        speakers=_speakers(said),
        model=settings.model,
    )
    return notes, ""


def _parse(text: str) -> dict[str, object] | None:
    try:
        parsed = decode_foreign(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _texts(value: object) -> list[str]:
    cleaned = [clean_text(each, MAX_POINT_CHARACTERS) for each in clean_list(value, MAX_POINTS)]
    return [text for text in cleaned if text]


def _parts(said: Sequence[Utterance]) -> list[list[Utterance]]:
    parts: list[list[Utterance]] = [[]]
    size = 0
    for line in said:
        if size + len(line.text) > MAX_PART_CHARACTERS and parts[-1]:
            parts.append([])
            size = 0
        parts[-1].append(line)
        size += len(line.text)
    return parts[:MAX_PARTS]


def _quoted(env: Env, said: Sequence[Utterance], people: Mapping[str, str], missing: str) -> Notes:
    """Notes of the transcript's own sentences."""
    told = [f"{line.speaker}: {line.text}" if line.speaker else line.text for line in said]
    decisions = [text[:MAX_POINT_CHARACTERS] for text in told if recap.decides(text)]
    questions = [text[:MAX_POINT_CHARACTERS] for text in told if recap.asks(text)]
    return Notes(
        points=[],
        decisions=decisions[:MAX_POINTS],
        questions=questions[:MAX_POINTS],
        items=spoken_items(said, people, env.clock.now_us()),
        speakers=_speakers(said),
        missing=missing,
    )


def _speakers(said: Sequence[Utterance]) -> dict[str, int]:
    counts = Counter(line.speaker for line in said if line.speaker)
    return dict(counts.most_common())
