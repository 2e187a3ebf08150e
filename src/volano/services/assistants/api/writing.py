"""What a model writes for one person: summaries, translations, drafts, notes, items to do.

Everything is read as the caller and shown to the caller alone. Without a model `missing` says what
is missing and how to get it, and `text` holds quotations where there are any.
"""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.services.assistants.logic import (
    drafts,
    items,
    languages,
    notes,
    summaries,
    translations,
)
from volano.services.assistants.model import Answer, Item, Source
from volano.services.chat.interface import list_people, to_ts
from volano.wire.action import action

READ = "chat:ReadMessages"
CHANNEL = "arn:aws:chat:{region}:{account}:channel/{channel}"
USE = "assistants:UseAssistant"
COPILOT = "arn:aws:assistants:{region}:{account}:assistant/copilot"


class WrittenSource(msgspec.Struct, kw_only=True):
    """A message that the text names as `[number]`."""

    number: int
    channel: str
    ts: str
    thread_ts: str
    label: str


class WrittenAnswer(msgspec.Struct, kw_only=True):
    """`text` is mrkdwn. `model` '' means that nothing was generated, and `missing` says why."""

    text: str
    model: str
    missing: str
    sources: list[WrittenSource]


class SummaryFields(msgspec.Struct, kw_only=True):
    """Of a channel, or of the thread `thread_ts`; `language` '' is that of the messages."""

    channel: str
    thread_ts: str = ""
    language: str = ""


class TranslationFields(msgspec.Struct, kw_only=True):
    """`language` is a code such as `en` or `zh`."""

    channel: str
    ts: str
    language: str


class ReplyFields(msgspec.Struct, kw_only=True):
    """`hint` is what the caller wants to say."""

    channel: str
    thread_ts: str = ""
    hint: str = ""


class RewriteFields(msgspec.Struct, kw_only=True):
    """`tone` is clear, fix, formal, friendly or short."""

    text: str
    tone: str


class ExplanationFields(msgspec.Struct, kw_only=True):
    channel: str
    ts: str
    language: str = ""


class ItemFields(msgspec.Struct, kw_only=True):
    channel: str
    thread_ts: str = ""


class NotesFields(msgspec.Struct, kw_only=True):
    """A transcript as `text`, or as `file`, the id of a file in the chat (txt, md, vtt, srt)."""

    text: str = ""
    file: str = ""
    language: str = ""


class ItemView(msgspec.Struct, kw_only=True):
    """`assignee` is a name as it was said, `assignee_id` the chat user when it is sure who it is;
    `ts` is the message that says it, '' in a transcript; `due_us` 0 is no date.
    """

    title: str
    assignee: str
    assignee_id: str
    due_us: int
    ts: str


class ItemList(msgspec.Struct, kw_only=True):
    items: list[ItemView]
    missing: str
    next_cursor: str | None = None


class NotesView(msgspec.Struct, kw_only=True):
    """`questions` are only filled without a model; `speakers` counts what each said."""

    points: list[str]
    decisions: list[str]
    questions: list[str]
    items: list[ItemView]
    speakers: dict[str, int]
    model: str
    missing: str


class LanguageFields(msgspec.Struct, kw_only=True):
    """`language` '' ends it."""

    channel: str
    language: str = ""


class LanguageChoices(msgspec.Struct, kw_only=True):
    """`channels` maps channels to the languages chosen for them; `languages` names all."""

    channels: dict[str, str]
    languages: dict[str, str]


class NoFields(msgspec.Struct):
    pass


def _answer(found: Answer) -> WrittenAnswer:
    return WrittenAnswer(
        text=found.text,
        model=found.model,
        missing=found.missing,
        sources=[_source(source) for source in found.sources],
    )


def _source(source: Source) -> WrittenSource:
    return WrittenSource(
        number=source.number,
        channel=source.channel,
        ts=to_ts(source.ts_us),
        thread_ts=to_ts(source.thread_us) if source.thread_us else "",
        label=source.label,
    )


def _item(item: Item) -> ItemView:
    return ItemView(
        title=item.title,
        assignee=item.assignee,
        assignee_id=item.assignee_id,
        due_us=item.due_us,
        ts=to_ts(item.ts_us) if item.ts_us else "",
    )


def _language(text: str) -> str:
    return languages.require_language(text) if text else ""


@action(
    "volano:summarizeConversation",
    method="POST",
    path="/volano/v1/writing/summaries",
    permission=READ,
    resource=CHANNEL,
    read_only=True,
    timeout_s=300.0,
)
async def summarize_conversation(env: Env, call: Call, request: SummaryFields) -> WrittenAnswer:
    """A channel or thread in a few points, each with the message that it comes from."""
    found = await summaries.summarize(
        env,
        call,
        request.channel,
        thread_ts=request.thread_ts,
        language=_language(request.language),
    )
    return _answer(found)


@action(
    "volano:translateMessage",
    method="POST",
    path="/volano/v1/writing/translations",
    permission=READ,
    resource=CHANNEL,
    read_only=True,
    timeout_s=300.0,
)
async def translate_message(env: Env, call: Call, request: TranslationFields) -> WrittenAnswer:
    """A message in another language; made once and kept until the message changes."""
    found = await translations.translate_message(
        env, call, request.channel, request.ts, request.language
    )
    return _answer(found)


@action(
    "volano:listTranslatedChannels",
    method="GET",
    path="/volano/v1/writing/languages",
    permission=USE,
    resource=COPILOT,
)
async def list_translated_channels(env: Env, call: Call, request: NoFields) -> LanguageChoices:
    """The caller's channels that are translated for them, and the languages that there are."""
    found = await translations.list_languages(env, call)
    return LanguageChoices(channels=found, languages=dict(languages.LANGUAGES))


@action(
    "volano:putTranslatedChannel",
    method="PUT",
    path="/volano/v1/writing/languages",
    permission=READ,
    resource=CHANNEL,
)
async def put_translated_channel(env: Env, call: Call, request: LanguageFields) -> None:
    """Have a channel translated for the caller whenever they read it, or no longer."""
    await translations.put_language(env, call, request.channel, request.language)


@action(
    "volano:draftReply",
    method="POST",
    path="/volano/v1/writing/replies",
    permission=READ,
    resource=CHANNEL,
    read_only=True,
    timeout_s=300.0,
)
async def draft_reply(env: Env, call: Call, request: ReplyFields) -> WrittenAnswer:
    """What the caller could answer to a conversation; nothing is posted."""
    found = await drafts.suggest_reply(
        env, call, request.channel, thread_ts=request.thread_ts, hint=request.hint
    )
    return _answer(found)


@action(
    "volano:rewriteText",
    method="POST",
    path="/volano/v1/writing/rewrites",
    permission=USE,
    resource=COPILOT,
    read_only=True,
    timeout_s=300.0,
)
async def rewrite_text(env: Env, call: Call, request: RewriteFields) -> WrittenAnswer:
    """The caller's own text in another tone."""
    return _answer(await drafts.rewrite_text(env, call, request.text, request.tone))


@action(
    "volano:explainMessage",
    method="POST",
    path="/volano/v1/writing/explanations",
    permission=READ,
    resource=CHANNEL,
    read_only=True,
    timeout_s=300.0,
)
async def explain_message(env: Env, call: Call, request: ExplanationFields) -> WrittenAnswer:
    """What a message means, from the conversation and from what the caller may read elsewhere."""
    found = await drafts.explain_message(
        env, call, request.channel, request.ts, language=_language(request.language)
    )
    return _answer(found)


@action(
    "volano:findItems",
    method="POST",
    path="/volano/v1/writing/items",
    permission=READ,
    resource=CHANNEL,
    read_only=True,
    timeout_s=300.0,
)
async def find_items(env: Env, call: Call, request: ItemFields) -> ItemList:
    """What is to be done after a conversation; each may become a task (`volano:createTask`)."""
    found, missing = await items.find_items(env, call, request.channel, thread_ts=request.thread_ts)
    return ItemList(items=[_item(item) for item in found], missing=missing)


@action(
    "volano:takeNotes",
    method="POST",
    path="/volano/v1/writing/notes",
    permission=USE,
    resource=COPILOT,
    read_only=True,
    timeout_s=600.0,
)
async def take_notes(env: Env, call: Call, request: NotesFields) -> NotesView:
    """The minutes of a meeting: points, decisions and items to do."""
    text = request.text
    if request.file:
        text = await notes.read_transcript_file(env, call, request.file)
    people = await list_people(env.store.reader, call.account)
    found = await notes.take_notes(
        env,
        call,
        text,
        people={person.real_name: person.id for person in people},
        language=_language(request.language),
    )
    return NotesView(
        points=found.points,
        decisions=found.decisions,
        questions=found.questions,
        items=[_item(item) for item in found.items],
        speakers=found.speakers,
        model=found.model,
        missing=found.missing,
    )
