"""Requests to write something, answered in the chat: by a mention of the copilot or a command.

What comes of a command is for the asker alone. After a mention, a summary of the conversation that
everyone there reads is posted for all; one of another channel only when everyone there may read it.
Everything else is the asker's. Items to do become cards: a press makes the task.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.assistants.logic import (
    conversations,
    drafts,
    items,
    notes,
    recap,
    summaries,
    translations,
)
from volano.services.assistants.logic.commands import NOT_GIVEN, OFF, may_use
from volano.services.assistants.logic.drafts import TONES
from volano.services.assistants.logic.languages import LANGUAGES
from volano.services.assistants.logic.proposals import propose
from volano.services.assistants.logic.requests import Kind, Request
from volano.services.assistants.logic.saying import Said
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Env
    from volano.services.assistants.logic.questions import Question
    from volano.services.assistants.model import Answer, Item

MAKE_TASK = "volano_createTask"
MAX_CARDS = 5
"""Items that are shown as cards at once."""
NEAR = 20
"""Messages before the request among which the one that is meant is looked for."""
NOTHING_SAID = "There is nothing above to do this with."
NO_ITEMS = "I found nothing that somebody promised or was asked to do."


async def answer(env: Env, question: Question, request: Request) -> list[Said]:
    """What is said to the request; what goes wrong is told to the asker alone."""
    try:
        if request.kind is Kind.RECAP:
            return [await recap.compose(env, question)]
        if request.kind is Kind.ITEMS:
            return await _items(env, question)
        if request.kind is Kind.SUMMARY:
            return [await _summary(env, question, request)]
        return [Said(text=await _written(env, question, request), only_asker=_is_shared(question))]
    except VolanoError as error:
        text = chat.escape_text(error.message)
        return [Said(text=text, only_asker=_is_shared(question))]


def _is_shared(question: Question) -> bool:
    return not question.is_private


async def _summary(env: Env, question: Question, request: Request) -> Said:
    channel_id, thread_ts = question.channel.id, _thread(question)
    is_for_all = not question.is_command
    if request.channel:
        reader = env.store.reader
        named = await chat.find_channel_named(reader, question.call.account, request.channel)
        channel_id, thread_ts = named.id if named else request.channel, ""
        besides = [question.speaker.user_id]
        audience = await chat.channels_for_audience(reader, question.channel, besides=besides)
        is_for_all = is_for_all and channel_id in audience
    found = await summaries.summarize(
        env, question.call, channel_id, thread_ts=thread_ts, language=request.language
    )
    only_asker = _is_shared(question) and not is_for_all
    return Said(text=_told(found, summaries.link_sources(env, found)), only_asker=only_asker)


def _thread(question: Question) -> str:
    """The thread in which was asked, '' outside of threads."""
    return chat.to_ts(question.message.thread_us) if question.message.thread_us else ""


def _told(found: Answer, lines: Sequence[str] = ()) -> str:
    """An answer as message text: its words, its sources, who wrote it or what is missing."""
    model = chat.escape_text(found.model)
    signed = f"_Written by {model}; check it before you rely on it._" if model else ""
    missing = f"_{chat.escape_text(found.missing)}_" if found.missing else ""
    return "\n".join(part for part in (found.text, *lines, signed, missing) if part)


async def _written(env: Env, question: Question, request: Request) -> str:
    call, channel_id = question.call, question.channel.id
    if request.kind is Kind.REWRITE:
        if request.tone not in TONES or not request.text:
            return f"Say a tone and the text: {', '.join(TONES)}. `/rewrite short We are ...`"
        return _plain(await drafts.rewrite_text(env, call, request.text, request.tone))
    if request.kind is Kind.REPLY:
        thread_ts = _thread(question)
        drafted = await drafts.suggest_reply(
            env, call, channel_id, thread_ts=thread_ts, hint=request.text
        )
        return _plain(drafted) if drafted.model else _told(drafted)
    if request.kind is Kind.NOTES:
        return await _notes(env, question, request)
    if request.kind is Kind.TRANSLATION and not request.language:
        return f"Into which language? One of {', '.join(LANGUAGES)}: `/translate zh Good morning`"
    if request.kind is Kind.TRANSLATION and request.text:
        return _told(await translations.translate_text(env, call, request.text, request.language))
    ts = await _message_meant(env, question)
    if not ts:
        return NOTHING_SAID
    if request.kind is Kind.TRANSLATION:
        translated = await translations.translate_message(
            env, call, channel_id, ts, request.language
        )
        return _told(translated)
    return _told(await drafts.explain_message(env, call, channel_id, ts))


def _plain(found: Answer) -> str:
    """A draft, in which nothing of the text is markup yet."""
    draft = f"```{chat.escape_text(found.text)}```" if found.text else ""
    return "\n".join(part for part in (draft, _told(replace(found, text=""))) if part)


async def _message_meant(env: Env, question: Question) -> str:
    """The `ts` of what was said last before the request, in its thread or channel; '' for none."""
    found = await conversations.read_conversation(
        env, question.call, question.channel.id, thread_ts=_thread(question), limit=NEAR
    )
    before = [message for message in found.messages if str(message["ts"]) < question.message.ts]
    return str(before[-1]["ts"]) if before else ""


async def _notes(env: Env, question: Question, request: Request) -> str:
    transcript = request.text
    files = question.message.body.get("files")
    if not transcript and isinstance(files, list) and files:
        transcript = await notes.read_transcript_file(env, question.call, str(files[0]["id"]))
    if not transcript:
        return "Put the transcript behind it, or attach it as a file (txt, md, vtt, srt)."
    people = await chat.list_people(env.store.reader, question.call.account)
    found = await notes.take_notes(
        env, question.call, transcript, people={user.real_name: user.id for user in people}
    )
    return render_notes(found)


def render_notes(found: notes.Notes) -> str:
    """Notes as message text."""
    who = ", ".join(found.speakers)
    parts = [f"*Who spoke*: {chat.escape_text(who)}"] if who else []
    sections = {
        "Points": found.points,
        "Decisions": found.decisions,
        "Questions": found.questions,
        "To do": [
            f"{item.title} ({item.assignee})" if item.assignee else item.title
            for item in found.items
        ],
    }
    for title, lines in sections.items():
        if lines:
            parts.append("\n".join([f"*{title}*", *(f"• {chat.escape_text(x)}" for x in lines)]))
    signed = f"_Written by {found.model}; check it before you rely on it._" if found.model else ""
    return "\n\n".join([*parts, signed or f"_{chat.escape_text(found.missing)}_"])


async def _items(env: Env, question: Question) -> list[Said]:
    """A card for each item; what makes a task is the press of its button."""
    only_asker = _is_shared(question)
    if not question.settings.may_act:
        return [Said(text=OFF, only_asker=only_asker)]
    head = env.tools.find_tool(MAKE_TASK)
    if head is None or not may_use(question, head):
        return [Said(text=NOT_GIVEN.format(action=MAKE_TASK), only_asker=only_asker)]
    found, missing = await items.find_items(
        env, question.call, question.channel.id, thread_ts=_thread(question)
    )
    for number, item in enumerate(found[:MAX_CARDS]):
        arguments = _task_of(question, item)
        await propose(env, question, head, arguments, number=number, only_asker=True)
    said = [] if found else [Said(text=NO_ITEMS, only_asker=only_asker)]
    if missing:
        text = f"_{chat.escape_text(missing)} These are found by how people word such things._"
        said.append(Said(text=text, only_asker=only_asker, part=":missing"))
    return said


def _task_of(question: Question, item: Item) -> dict[str, object]:
    task: dict[str, object] = {"title": item.title}
    if item.assignee_id:
        task["assignee"] = item.assignee_id
    if item.due_us:
        task["due_us"] = item.due_us
    if item.ts_us:
        task |= {"channel": question.channel.id, "message_ts": chat.to_ts(item.ts_us)}
    return task
