"""Messages in the reader's language: made once by a model, kept per message and language.

Every request reads the message as the caller first, so a translation is shown to nobody who may not
read the original, and one of a text that has changed is made anew. What was edited or deleted is
forgotten within minutes. People may have a channel translated whenever they read it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from volano.services.assistants.logic.conversations import read_message
from volano.services.assistants.logic.languages import LANGUAGES, require_language
from volano.services.assistants.logic.writer import get_settings, write
from volano.services.assistants.model import Answer, InvalidAssistant, Translation
from volano.services.assistants.store import translations as rows
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_TEXT_CHARACTERS = 12_000
MAX_LANGUAGES = 1000
"""Channels that one person has translated."""
CHECK_EVERY_US = 300 * 1_000_000
CHECK_BATCH = 500
ORDER = (
    "Translate the text between the lines into {language}. Keep names, numbers, code and the "
    "breaks of lines as they are. Answer with the translation alone."
)


async def translate_message(
    env: Env, call: Call, channel_id: str, ts: str, language: str
) -> Answer:
    """The message as the caller may read it, in `language` (a code or name)."""
    code = require_language(language)
    message = await read_message(env, call, channel_id, ts)
    text = chat.to_plain(str(message.get("text") or "")).strip()
    if not text:
        return Answer(text="")
    digest = _digest(text)
    ts_us = chat.parse_ts(ts)
    known = await rows.find_translation(env.store.reader, channel_id, ts_us, code)
    if known is not None and known.digest == digest:
        return Answer(text=known.text, model=known.model)
    answer = await translate_text(env, call, text, code)
    if answer.model:
        made = Translation(
            channel_id=channel_id,
            ts_us=ts_us,
            language=code,
            account=call.account,
            digest=digest,
            text=answer.text,
            model=answer.model,
        )

        async def keep(tx: Tx) -> None:
            await rows.upsert_translation(tx, made, env.clock.now_us())

        await env.store.transact(keep)
    return answer


async def translate_text(env: Env, call: Call, text: str, language: str) -> Answer:
    """Any text in `language`; '' and what is missing without a model."""
    code = require_language(language)
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidAssistant(
            f"A text to translate has at most {MAX_TEXT_CHARACTERS} characters.",
            fields={"param": "text"},
        )
    settings = await get_settings(env, call)
    order = ORDER.format(language=LANGUAGES[code])
    made = await write(env, call, settings, f"{order}\n---\n{text}\n---")
    return Answer(
        text=chat.escape_text(made.text.strip("-\n ")), model=made.model, missing=made.missing
    )


async def put_language(env: Env, call: Call, channel_id: str, language: str) -> None:
    """Have a channel translated for the caller whenever they read it; '' ends it."""
    code = require_language(language) if language else ""
    here = await chat.enter(env, call)
    if code and not await chat.may_read(env, call, channel_id):
        raise InvalidAssistant("There is no such channel for you.", fields={"param": "channel"})

    async def write_row(tx: Tx) -> None:
        if code:
            await rows.upsert_language(tx, call.account, here.me.id, channel_id, code)
        else:
            await rows.delete_language(tx, call.account, here.me.id, channel_id)

    await env.store.transact(write_row)


async def list_languages(env: Env, call: Call) -> dict[str, str]:
    """The caller's channels that are translated, with the language of each."""
    here = await chat.enter(env, call)
    return await rows.select_languages(env.store.reader, call.account, here.me.id, MAX_LANGUAGES)


async def forget_changed(env: Env) -> None:
    """Delete translations of messages that were edited or deleted; may be repeated."""
    now_us = env.clock.now_us()
    for item in await rows.select_unchecked(env.store.reader, now_us - CHECK_EVERY_US, CHECK_BATCH):
        message = await chat.find_message(env.store.reader, item.channel_id, item.ts_us)
        text = chat.to_plain(message.text).strip() if message is not None else ""
        changed = _digest(text) != item.digest

        async def settle(tx: Tx, item: Translation = item, *, changed: bool = changed) -> None:
            if changed:
                await rows.delete_translation(tx, item)
            else:
                await rows.update_checked(tx, item, now_us)

        await env.store.transact(settle)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
