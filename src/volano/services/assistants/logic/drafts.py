"""Words for somebody to send: an answer to a conversation, their text in another tone, what a
message means. Nothing is posted; the person sends it or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.assistants.logic.citations import cite
from volano.services.assistants.logic.conversations import (
    read_conversation,
    read_message,
    words_of,
)
from volano.services.assistants.logic.languages import written_in
from volano.services.assistants.logic.retrieval import find_for_person
from volano.services.assistants.logic.wording import list_sources
from volano.services.assistants.logic.writer import get_settings, write
from volano.services.assistants.model import Answer, InvalidAssistant
from volano.services.chat import interface as chat
from volano.services.studio import interface as studio

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_TEXT_CHARACTERS = 8000
MAX_HINT_CHARACTERS = 500
CONTEXT = 30
"""Messages of the conversation that a model is shown."""
MAX_PASSAGES = 4
TONES = {
    "clear": "clearer and simpler",
    "fix": "without mistakes of spelling and grammar, and otherwise as it is",
    "formal": "formal and polite",
    "friendly": "friendly and warm",
    "short": "as short as it can be without losing facts",
}
REPLY = (
    "Write the next message that {name} could send in this conversation: an answer to what was "
    "said last. Answer with the message alone, without a signature."
)
REWRITE = (
    "Rewrite the text between the lines so that it is {tone}. Keep its language and all its facts. "
    "Answer with the text alone."
)
EXPLAIN = (
    "Explain message [1] in three sentences at most to somebody who just joined: what it means, "
    "and what its words and abbreviations stand for as far as the other sources say. When they "
    "do not say it, say that."
)


async def suggest_reply(
    env: Env, call: Call, channel_id: str, *, thread_ts: str = "", hint: str = ""
) -> Answer:
    """What the caller could answer; `hint` says what they want to say."""
    if len(hint) > MAX_HINT_CHARACTERS:
        raise InvalidAssistant(
            f"A hint has at most {MAX_HINT_CHARACTERS} characters.", fields={"param": "hint"}
        )
    settings = await get_settings(env, call)
    here = await chat.enter(env, call)
    found = await read_conversation(env, call, channel_id, thread_ts=thread_ts, limit=CONTEXT)
    if not found.messages:
        return Answer(text="", missing="There is nothing to answer here.")
    order = REPLY.format(name=here.me.real_name)
    wish = f" It says: {hint}" if hint else ""
    sources = list_sources(found.lines()[-CONTEXT:])
    made = await write(env, call, settings, f"{order}{wish}\n\n{sources}")
    if made.text:
        return Answer(text=made.text, model=made.model)
    quoted = await _where_it_stands(env, call, words_of(found.messages[-1]), channel_id)
    return Answer(text=quoted, missing=made.missing)


async def rewrite_text(env: Env, call: Call, text: str, tone: str) -> Answer:
    """The caller's text in another tone, one of TONES."""
    if tone not in TONES:
        raise InvalidAssistant(f"A tone is one of {', '.join(TONES)}.", fields={"param": "tone"})
    if not 1 <= len(text.strip()) <= MAX_TEXT_CHARACTERS:
        raise InvalidAssistant(
            f"A text has 1 to {MAX_TEXT_CHARACTERS} characters.", fields={"param": "text"}
        )
    settings = await get_settings(env, call)
    order = REWRITE.format(tone=TONES[tone])
    made = await write(env, call, settings, f"{order}\n---\n{text.strip()}\n---")
    return Answer(text=made.text.strip("-\n "), model=made.model, missing=made.missing)


async def explain_message(
    env: Env, call: Call, channel_id: str, ts: str, *, language: str = ""
) -> Answer:
    """What a message means; without a model, sentences elsewhere that speak of the same."""
    settings = await get_settings(env, call)
    message = await read_message(env, call, channel_id, ts)
    words = words_of(message)
    if not words:
        return Answer(text="", missing="This message has no words to explain.")
    thread_ts = str(message.get("thread_ts") or "")
    around = await read_conversation(env, call, channel_id, thread_ts=thread_ts, limit=CONTEXT)
    passages = await find_for_person(env, call, words, without=[(channel_id, ts)])
    told = [words, *around.lines(), *(passage.text for passage in passages[:MAX_PASSAGES])]
    order = f"{EXPLAIN} {written_in(language, 'message')}\n\n{list_sources(told)}"
    made = await write(env, call, settings, order)
    if made.text:
        return Answer(text=chat.escape_text(made.text), model=made.model)
    quoted = await _where_it_stands(env, call, words, channel_id, without=ts)
    return Answer(text=quoted, missing=made.missing)


async def _where_it_stands(
    env: Env, call: Call, words: str, channel_id: str, without: str = ""
) -> str:
    """Sentences that the caller may read and that speak of the same, with links, as mrkdwn."""
    left_out = [(channel_id, without)] if without else []
    passages = await find_for_person(env, call, words, without=left_out)
    best = [item for item in studio.best_passages(words, passages) if item.text != words]
    parts = []
    for passage in best[:MAX_PASSAGES]:
        said = chat.escape_text(" ".join(passage.text.split()))
        parts.append(f"• {said}\n{await cite(env, call.account, passage.source)}")
    return "\n".join(["*What stands elsewhere about it*", *parts]) if parts else ""
