"""Approvals in the chat: a card for each whose turn it is, rewritten when something happens.

Cards are made from the rows, whatever event woke this up, and posted once for each turn; so
handling an event twice or late does no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.services.chat import interface as chat
from volano.services.office import store as rows
from volano.services.office.logic.attachments import files_of, ids_of, is_files
from volano.services.office.logic.desk import bot_of, name_of
from volano.services.office.logic.words import words_for
from volano.services.office.model import NoteKind, Role, State

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.office.logic.words import Words
    from volano.services.office.model import Approval, Field, Note, Turn

APPROVE, REJECT, RETURN = "office_approve", "office_reject", "office_return"
REMARK = "remark"
MAX_SHOWN_NOTES = 10
_SIGNS = {
    State.RUNNING: ":hourglass_flowing_sand:",
    State.APPROVED: ":white_check_mark:",
    State.REJECTED: ":x:",
    State.RETURNED: ":leftwards_arrow_with_hook:",
    State.WITHDRAWN: ":wastebasket:",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """What every card and message of one approval tells; `names` has everybody in it, by id."""

    approval: Approval
    notes: list[Note]
    names: dict[str, str]


async def tell(env: Env, account: str, approval_id: str) -> None:
    """Post the cards that are missing, rewrite the others, tell the asker of the end."""
    reader = env.store.reader
    approval = await rows.find_approval(reader, account, approval_id)
    if approval is None:
        return
    bot_id = await bot_of(env, account)
    notes = await rows.select_notes(reader, approval_id)
    story = _Story(approval=approval, notes=notes, names=await _names_in(env, approval, notes))
    urged = bool(notes) and notes[-1].kind is NoteKind.URGED
    for turn in await rows.select_turns(reader, approval_id):
        if turn.card_us:
            await _rewrite(env, bot_id, story, turn)
            if urged and turn.waiting:
                await _nudge(env, bot_id, story, turn)
        elif turn.waiting or turn.role is Role.READS:
            await _post(env, bot_id, story, turn)
    if not approval.state.is_open or approval.state is State.RETURNED:
        await _tell_asker(env, bot_id, story)


async def _names_in(env: Env, approval: Approval, notes: list[Note]) -> dict[str, str]:
    """How those are called whom the cards name, as mrkdwn."""
    shown = notes[-MAX_SHOWN_NOTES:]
    others = {note.other_id for note in shown if note.other_id}
    people = {approval.asker_id, *(note.user_id for note in shown), *others}
    return {person: await name_of(env, approval.account, person) for person in people}


async def _post(env: Env, bot_id: str, story: _Story, turn: Turn) -> None:
    approval = story.approval
    words = await words_for(env.store.reader, turn.user_id)
    draft = chat.Draft(
        channel="",
        text=_text(story, words),
        blocks=await _blocks(env, story, turn, words),
        client_msg_id=f"copilot:{approval.id}:{turn.step}:{turn.role.value}:{turn.created_us}",
    )
    channel_id, ts_us = await chat.write_to(env, approval.account, bot_id, turn.user_id, draft)

    async def write(tx: Tx) -> None:
        await rows.update_turn_card(tx, turn, channel_id, ts_us)
        await chat.let_read(tx, files_of(approval), channel_id, ts_us)

    await env.store.transact(write)


async def _rewrite(env: Env, bot_id: str, story: _Story, turn: Turn) -> None:
    words = await words_for(env.store.reader, turn.user_id)
    await chat.rewrite_own(
        env,
        story.approval.account,
        bot_id,
        chat.Rewritten(
            channel=turn.channel_id,
            ts_us=turn.card_us,
            text=_text(story, words),
            blocks=await _blocks(env, story, turn, words),
        ),
    )


async def _nudge(env: Env, bot_id: str, story: _Story, turn: Turn) -> None:
    approval = story.approval
    link = chat.permalink(env, turn.channel_id, turn.card_us).replace("&", "&amp;")
    words = await words_for(env.store.reader, turn.user_id)
    named = f"<{link}|{chat.escape_text(approval.title)}>"
    draft = chat.Draft(
        channel="",
        text=words.nudge.format(who=story.names[approval.asker_id], link=named),
        client_msg_id=f"copilot:{story.notes[-1].id}:{turn.user_id}",
    )
    await chat.write_to(env, approval.account, bot_id, turn.user_id, draft)


async def _tell_asker(env: Env, bot_id: str, story: _Story) -> None:
    approval = story.approval
    words = await words_for(env.store.reader, approval.asker_id)
    draft = chat.Draft(
        channel="",
        text="\n".join([_text(story, words), *_history(story, words, 3)]),
        client_msg_id=f"copilot:{approval.id}:{approval.state.value}:{approval.updated_us}",
    )
    await chat.write_to(env, approval.account, bot_id, approval.asker_id, draft)


def _text(story: _Story, words: Words) -> str:
    approval = story.approval
    sign = f"{_SIGNS[approval.state]} {words.states[approval.state]}"
    return words.headline.format(
        title=chat.escape_text(approval.title), who=story.names[approval.asker_id], sign=sign
    )


def _history(story: _Story, words: Words, most: int = MAX_SHOWN_NOTES) -> list[str]:
    """The last notes, a line each; `most` is at most MAX_SHOWN_NOTES."""
    lines = []
    for note in story.notes[-most:]:
        who, other = story.names[note.user_id], story.names.get(note.other_id, "")
        said = words.said.format(text=chat.escape_text(note.text)) if note.text else ""
        lines.append(words.notes[note.kind].format(who=who, other=other, said=said))
    return lines


async def _blocks(env: Env, story: _Story, turn: Turn, words: Words) -> list[object]:
    approval = story.approval
    values = [
        f"*{chat.escape_text(field.label)}*\n{await _answer(env, approval, field)}"
        for field in approval.fields
        if field.name in approval.values
    ]
    blocks: list[object] = [_section(_text(story, words))]
    for start in range(0, len(values), 10):
        fields = [{"type": "mrkdwn", "text": text[:2000]} for text in values[start : start + 10]]
        blocks.append({"type": "section", "fields": fields})
    history = "\n".join(_history(story, words))
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": history[:3000]}]})
    if turn.waiting and turn.role is Role.DECIDES and approval.state is State.RUNNING:
        blocks += _decision(approval, words)
    return blocks


async def _answer(env: Env, approval: Approval, field: Field) -> str:
    value = approval.values[field.name]
    if not is_files(field):
        return chat.escape_text(value)
    return ", ".join(await chat.links_to_files(env, approval.account, ids_of(value)))


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}


def _decision(approval: Approval, words: Words) -> list[object]:
    def button(text: str, action_id: str, style: str) -> dict[str, object]:
        made: dict[str, object] = {
            "type": "button",
            "text": {"type": "plain_text", "text": text},
            "action_id": action_id,
            "value": approval.id,
        }
        return made | ({"style": style} if style else {})

    remark = {
        "type": "input",
        "block_id": REMARK,
        "optional": True,
        "label": {"type": "plain_text", "text": words.remark},
        "element": {"type": "plain_text_input", "action_id": REMARK},
    }
    buttons = [
        button(words.approve, APPROVE, "primary"),
        button(words.send_back, RETURN, ""),
        button(words.reject, REJECT, "danger"),
    ]
    return [remark, {"type": "actions", "block_id": "decide", "elements": buttons}]
