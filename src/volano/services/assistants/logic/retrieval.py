"""What may be used for an answer: passages that everyone who will see it may read.

One function decides what a person may read (chat's `readable_channels`), inside the query, for each
question; documents are asked for one by one through the policy engine. An answer that others see
uses only what every one of them may read, else it is for the asker alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied
from volano.services.chat import interface as chat
from volano.services.identity import interface as identity
from volano.services.studio import interface as studio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.identity import Principal
    from volano.services.assistants.logic.questions import Question
    from volano.services.studio.interface import Passage

READ = "chat:ReadMessages"
MAX_PASSAGES = 20
MAX_AUDIENCE = 500
"""Principals asked whether they may read a document; with more of them no document is quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Passages that may be used; `only_asker` when the others here may not read them all.

    `best` are those that answer by themselves; `passages` also what a model may draw on.
    """

    best: Sequence[Passage] = ()
    passages: Sequence[Passage] = ()
    only_asker: bool = False


async def find_readable(env: Env, question: Question) -> Found:
    """What everyone who sees the answer may read, else what only the asker may."""
    reader = env.store.reader
    mine = await chat.readable_channels(reader, question.asker)
    audience = frozenset(
        await chat.channels_for_audience(
            reader, question.channel, besides=[question.speaker.user_id]
        )
    )
    documents = await studio.document_scopes(env, question.call.account)
    shared = [channel for channel in mine if channel in audience]
    passages = await _passages(env, question, [*shared, *documents], with_audience=True)
    best = studio.best_passages(question.text, passages)
    if best or question.is_private:
        return Found(best=best, passages=passages)
    own = [channel for channel in mine if channel not in audience]
    private = await _passages(env, question, [*own, *documents], with_audience=False)
    best = studio.best_passages(question.text, private)
    if best:
        return Found(best=best, passages=private, only_asker=True)
    return Found(passages=passages)


async def _passages(
    env: Env, question: Question, scopes: Sequence[str], *, with_audience: bool
) -> list[Passage]:
    here = chat.message_source(question.channel.id, question.message.ts_us)
    passages = await studio.find_passages(
        env,
        question.call,
        question.text,
        scopes=_within_knowledge(question, scopes),
        without=[here],
        limit=MAX_PASSAGES,
    )
    others: list[Principal] | None = []
    if with_audience and any(is_object(item) for item in passages):
        others = await _others(env, question)
    allowed: dict[str, bool] = {}
    for passage in passages:
        if passage.source not in allowed:
            allowed[passage.source] = await _may_use(env, question, passage, others)
    return [passage for passage in passages if allowed[passage.source]]


async def find_for_person(
    env: Env, call: Call, words: str, *, without: Sequence[tuple[str, str]] = ()
) -> list[Passage]:
    """Passages about `words` that the caller alone may read; not of messages `without`."""
    here = await chat.enter(env, call)
    mine = await chat.readable_channels(env.store.reader, here.me)
    documents = await studio.document_scopes(env, call.account)
    left_out = [chat.message_source(channel, chat.parse_ts(ts)) for channel, ts in without]
    passages = await studio.find_passages(
        env, call, words, scopes=[*mine, *documents], without=left_out, limit=MAX_PASSAGES
    )
    allowed: dict[str, bool] = {}
    for passage in passages:
        if passage.source not in allowed:
            allowed[passage.source] = await _may_read(env, call, passage)
    return [passage for passage in passages if allowed[passage.source]]


async def _may_read(env: Env, call: Call, passage: Passage) -> bool:
    if is_object(passage):
        return await studio.may_read_object(env, call, passage.source)
    return await may_read_channel(env, call, passage.scope)


def _within_knowledge(question: Question, scopes: Sequence[str]) -> list[str]:
    """Of what may be read, what the assistant was given; everything when it was given nothing."""
    knowledge = question.speaker.knowledge
    if not knowledge:
        return list(scopes)
    buckets = {item.removeprefix("s3://").partition("/")[0] for item in knowledge if "://" in item}
    wanted = {*knowledge, *(f"{studio.OBJECT}:{bucket}" for bucket in buckets)}
    return [scope for scope in scopes if scope in wanted]


def is_object(passage: Passage) -> bool:
    return passage.source.startswith(f"{studio.OBJECT}:")


async def _may_use(
    env: Env, question: Question, passage: Passage, others: Sequence[Principal] | None
) -> bool:
    """Whether policies let the asker, and for documents the others here, read the source."""
    if not is_object(passage):
        return await _may_read(env, question.call, passage)
    if others is None or not _in_prefix(question, passage):
        return False
    for call in (question.call, *(question.call.acting_as(other) for other in others)):
        if not await _may_read(env, call, passage):
            return False
    return True


def _in_prefix(question: Question, passage: Passage) -> bool:
    """Whether a document lies in a folder that the assistant was given."""
    given = [item for item in question.speaker.knowledge if item.startswith("s3://")]
    bucket, key = studio.parse_object_source(passage.source)
    return not question.speaker.knowledge or any(
        f"s3://{bucket}/{key}".startswith(item if "/" in item[5:] else item + "/") for item in given
    )


async def may_read_channel(env: Env, call: Call, channel_id: str) -> bool:
    """Whether policies let the caller read; membership is asked by `readable_channels`."""
    try:
        arn = chat.channel_arn(call.region, call.account, channel_id)
        await env.authority.authorize(call, READ, arn, {})
    except Denied:
        return False
    return True


async def _others(env: Env, question: Question) -> list[Principal] | None:
    """Everyone who sees an answer here but asker and speaker; None when they are too many."""
    reader = env.store.reader
    users = await chat.list_readers(reader, question.channel, limit=MAX_AUDIENCE)
    if users is None:
        return None
    left_out = (question.asker.id, question.speaker.user_id)
    found = [
        await identity.find_principal(reader, user.principal_id)
        for user in users
        if user.id not in left_out
    ]
    return [principal for principal in found if principal is not None]
