"""A question in, an answer out: a recap, an action, or sentences with their sources.

Without a model nothing is generated: an answer is sentences that stand in the sources. With one,
the model writes from numbered passages, and its links are dropped but for those passages'. What is
asked to be *done* goes the way of proposals. Whatever it says, it posts once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.assistants.logic import agent, commands, recap, writing_desk
from volano.services.assistants.logic.citations import cite
from volano.services.assistants.logic.questions import find_question, question_of_command
from volano.services.assistants.logic.requests import find_request, read_command
from volano.services.assistants.logic.retrieval import find_readable
from volano.services.assistants.logic.saying import Said, say
from volano.services.assistants.logic.streaming import Stream
from volano.services.chat import interface as chat

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.services.assistants.logic.questions import Question
    from volano.services.assistants.logic.retrieval import Found

NOT_FOUND_HERE = "I did not find an answer in what everyone here can read."
NOT_FOUND = "I did not find an answer in what you can read."
ONLY_YOU = "Only you see this: the answer stands where not everyone here can read."
SWITCHED_OFF = "An administrator switched the copilot off in this workspace."
ASK_ME = (
    "Ask me a question, and I look for the answer in the channels and documents that you can "
    "read. I quote what I find and say where it stands. Say *catch me up* for what you missed, or "
    "tell me what to do, such as _list my buckets_."
)


async def answer_message(env: Env, account: str, channel_id: str, ts_us: int) -> None:
    """Answer the message if it is a question for an assistant; may be repeated."""
    question = await find_question(env, account, channel_id, ts_us)
    if question is None:
        return
    await chat.index_waiting(env, account)
    said = await compose(env, question)
    if said is None:
        await _look_up(env, question)
        return
    for each in said:
        await say(env, question, each)


async def answer_command(env: Env, event: chat.Commanded) -> None:
    """Answer a slash command to whoever ran it."""
    question = await question_of_command(env, event)
    if question is None:
        bot_id = (await chat.get_workspace(env, event.account)).copilot_id
        await chat.show_to(env, event.account, bot_id, event.channel, event.user_id, SWITCHED_OFF)
        return
    request = read_command(event.command, event.text)
    for said in await writing_desk.answer(env, question, request):
        await say(env, question, said)


async def compose(env: Env, question: Question) -> list[Said] | None:
    """What the speaker says, in order; None when the answer is to be looked up."""
    if not question.text:
        return [Said(text=ASK_ME)]
    if recap.is_asked(question.text):
        return [await recap.compose(env, question)]
    request = find_request(question.full_text) if question.is_for_copilot else None
    if request is not None:
        return await writing_desk.answer(env, question, request)
    return await commands.answer(env, question)


async def _look_up(env: Env, question: Question) -> None:
    """Answer from what may be read: by a model, shown while it writes, else by quotations."""
    found = await find_readable(env, question)
    stream = Stream(env, question, is_open=not found.only_asker)
    if not question.speaker.model:
        quoted = await render(env, question, found)
        await stream.finish(Said(text=quoted, only_asker=found.only_asker))
        return
    try:
        said = await agent.answer(env, question, found, stream.hear)
    except VolanoError as error:
        env.log.warning("a model did not answer", error=error.message)
        told = f"The model did not answer ({chat.escape_text(error.message)})"
        quoted = await render(env, question, found)
        text = f"_{told}; here is what I found without it._\n{quoted}"
        said = Said(text=text, only_asker=found.only_asker)
    await stream.finish(said)


async def render(env: Env, question: Question, found: Found) -> str:
    """The answer as message text: quoted sentences in bold, each with its source as a link."""
    if not found.best:
        return NOT_FOUND if question.is_private else NOT_FOUND_HERE
    parts = [ONLY_YOU] if found.only_asker else []
    for passage in found.best:
        sentence = " ".join(passage.text.replace("*", "").split())
        source = await cite(env, question.call.account, passage.source)
        parts.append(f"> *{chat.escape_text(sentence)}*\n{source}")
    return "\n".join(parts)
