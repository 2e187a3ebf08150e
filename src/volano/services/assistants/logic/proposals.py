"""Calls that wait for a person: proposing, approving, refusing, running out.

Nothing that changes the cloud happens before somebody presses the button, and then it is the
presser's call: authorized, audited and metered as theirs. A proposal is taken once; when the
process dies while it runs, it is told as failed with an unknown outcome and never run again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.errors import Denied, NotFound, VolanoError
from volano.services.assistants.logic import card_inputs, cards
from volano.services.assistants.logic.effects import tell_effect
from volano.services.assistants.logic.retrieval import may_read_channel
from volano.services.assistants.logic.saying import Said, say
from volano.services.assistants.model import (
    PROPOSAL_LIFE_S,
    InvalidAssistant,
    NoSuchProposal,
    Proposal,
    ProposalDecided,
    ProposalMoved,
    ProposalState,
)
from volano.services.assistants.store import proposals as rows
from volano.services.assistants.store import settings as settings_rows
from volano.services.chat import interface as chat
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.kernel.tools import ToolName
    from volano.services.assistants.logic.questions import Question

RUN_LIFE_S = 120
MAX_RESULT_CHARACTERS = 20_000
DUE_BATCH = 100
MAX_ASKED = 10
"""People who are asked to run one proposal."""


async def propose(
    env: Env,
    question: Question,
    head: ToolName,
    arguments: dict[str, object],
    *,
    number: int = 0,
    only_asker: bool = False,
) -> Proposal:
    """Ask in chat whether a call may be made; the same question proposes the same call once."""
    message = question.message
    seed = f"{question.speaker.user_id}:{message.channel_id}:{message.ts_us}:{number}"
    now_us = env.clock.now_us()
    proposal = Proposal(
        id="prop_" + hashlib.sha256(seed.encode()).hexdigest()[:24],
        account=question.call.account,
        asker_principal=question.call.principal.id,
        asker_id=question.asker.id,
        speaker_id=question.speaker.user_id,
        channel_id=message.channel_id,
        question_us=message.ts_us,
        only_asker=question.is_command or (only_asker and not question.is_private),
        tool=head.name,
        arguments=arguments,
        state=ProposalState.WAITING,
        created_us=now_us,
        expires_us=now_us + PROPOSAL_LIFE_S * 1_000_000,
    )

    async def write(tx: Tx) -> bool:
        return await rows.insert_proposal(tx, proposal)

    if not await env.store.transact(write):
        found = await rows.find_proposal(env.store.reader, proposal.account, proposal.id)
        assert found is not None
        proposal = found
    if not proposal.card_us and proposal.state is ProposalState.WAITING:
        await _post_card(env, question, proposal, head, number)
    return proposal


async def _post_card(
    env: Env, question: Question, proposal: Proposal, head: ToolName, number: int
) -> None:
    note = ""
    if not await _is_allowed(env, question.call, head, proposal.arguments):
        name = chat.escape_text(question.asker.real_name)
        note = f":lock: {name} may not run this; somebody who may presses Run."
    said = Said(
        text=cards.card_text(proposal, head),
        blocks=await _card(env, question.call, proposal, head, note=note),
        only_asker=proposal.only_asker,
        part=f":card{number}",
    )
    ts = await say(env, question, said)
    if not ts:
        return

    async def write(tx: Tx) -> None:
        await rows.update_proposal_card(tx, proposal.id, chat.parse_ts(ts))

    await env.store.transact(write)


async def _card(
    env: Env, call: Call, proposal: Proposal, head: ToolName, *, note: str
) -> list[object]:
    """The card as the caller sees it; facts are looked up when nobody else does."""
    tool = await env.tools.describe(head)
    channel = await chat.find_channel(env.store.reader, proposal.account, proposal.channel_id)
    is_alone = proposal.only_asker or (channel is not None and channel.kind is chat.ChannelKind.IM)
    effect = await tell_effect(env, call, head, proposal.arguments, may_look=is_alone)
    return cards.card_blocks(proposal, tool, effect, note=note)


async def _is_allowed(env: Env, call: Call, head: ToolName, arguments: dict[str, object]) -> bool:
    """Whether the caller may run it, as far as that shows before it runs."""
    try:
        await env.tools.require_allowed(env, call, head, arguments)
    except Denied:
        return False
    except VolanoError:
        return True  # what is wrong with the arguments can be corrected on the card
    return True


async def get_proposal(env: Env, call: Call, proposal_id: str) -> Proposal:
    """One that the caller may see: their own, or one whose card stands where they read."""
    found = await rows.find_proposal(env.store.reader, call.account, proposal_id)
    if found is None or not await _may_see(env, call, found):
        raise NoSuchProposal("There is no such proposal, or it is not for you.")
    return found


async def _may_see(env: Env, call: Call, proposal: Proposal) -> bool:
    if proposal.asker_principal == call.principal.id:
        return True
    if await _was_asked(env, call, proposal):
        return True
    if proposal.only_asker or not await may_read_channel(env, call, proposal.channel_id):
        return False
    return await chat.may_read(env, call, proposal.channel_id)


async def _was_asked(env: Env, call: Call, proposal: Proposal) -> bool:
    """Whether somebody asked the caller to run it."""
    asked = await rows.select_requests(env.store.reader, proposal.id, MAX_ASKED)
    if not asked:
        return False
    me = (await chat.enter(env, call)).me.id
    return any(user_id == me for user_id, _, _ in asked)


async def list_proposals(env: Env, call: Call, *, before_us: int, limit: int) -> list[Proposal]:
    """What the caller asked for, the newest first."""
    return await rows.select_proposals(
        env.store.reader, call.account, call.principal.id, before_us=before_us, limit=limit
    )


async def approve(
    env: Env, call: Call, proposal_id: str, *, state: dict[str, object] | None = None
) -> Proposal:
    """Run the call as the caller, with what the card's inputs hold (`state`, Slack's values).

    Raises ProposalDecided when somebody was faster, Denied while tools are switched off or when the
    caller may not run it, and Invalid for inputs that the action cannot take: then it still waits.
    What the action itself says is the result of the proposal.
    """
    proposal = await get_proposal(env, call, proposal_id)
    head = _head(env, proposal)
    settings = await settings_rows.find_settings(env.store.reader, call.account)
    if not settings.may_act:
        raise Denied("An administrator switched the assistants' actions off.")
    if state:
        tool = await env.tools.describe(head)
        edited = card_inputs.edited_arguments(proposal.arguments, state, tool.input_schema)
        card_inputs.require_whole(edited, tool.input_schema)
        proposal = replace(proposal, arguments=edited)
    try:
        await env.tools.require_allowed(env, call, head, dict(proposal.arguments))
    except Denied as error:
        raise Denied(
            f"You may not run {head.action}: {error.message} It still waits; choose somebody who "
            "may under “Ask somebody else to run it”."
        ) from error
    running = await _take(env, call, proposal, ProposalState.RUNNING)
    try:
        result = await env.tools.run(env, call, head, dict(running.arguments))
        ended, text = ProposalState.DONE, _text_of(result)
    except VolanoError as error:
        ended, text = ProposalState.FAILED, f"{error.wire_code}: {error.message}"
    return await _end(env, running, ended, text)


async def ask_to_run(env: Env, call: Call, proposal_id: str, user_id: str) -> Proposal:
    """Send the card to somebody else who may run it; it still runs once, as whoever presses.

    Raises InvalidAssistant when they cannot be asked or may not run it either.
    """
    proposal = await get_proposal(env, call, proposal_id)
    if proposal.state is not ProposalState.WAITING:
        raise ProposalDecided("This was decided already, or nobody decided in time.")
    reader = env.store.reader
    asked = await rows.select_requests(reader, proposal.id, MAX_ASKED)
    user = await chat.find_user(reader, call.account, user_id)
    principal = await identity.find_principal(reader, user.principal_id) if user else None
    if user is None or principal is None or user.is_bot or user.deleted:
        raise InvalidAssistant("There is no such person here.", fields={"param": "user"})
    if len(asked) >= MAX_ASKED:
        raise InvalidAssistant(f"At most {MAX_ASKED} people are asked.", fields={"param": "user"})
    head = _head(env, proposal)
    if not await _is_allowed(env, call.acting_as(principal), head, proposal.arguments):
        raise InvalidAssistant(
            f"{user.real_name} may not run {head.action} either.", fields={"param": "user"}
        )
    asker = (await chat.enter(env, call)).me
    note = f":raising_hand: {chat.escape_text(asker.real_name)} asks you to run this."
    draft = chat.Draft(
        channel="",
        text=cards.card_text(proposal, head),
        blocks=await _card(env, call.acting_as(principal), proposal, head, note=note),
        client_msg_id=f"copilot:{proposal.id}:{user.id}",
    )
    channel_id, card_us = await chat.write_to(
        env, call.account, proposal.speaker_id, user.id, draft
    )

    async def write(tx: Tx) -> None:
        await rows.upsert_request(tx, proposal.id, user.id, channel_id=channel_id, card_us=card_us)

    await env.store.transact(write)
    return proposal


async def refuse(env: Env, call: Call, proposal_id: str) -> Proposal:
    """Never run it. Raises ProposalDecided."""
    proposal = await get_proposal(env, call, proposal_id)
    return await _take(env, call, proposal, ProposalState.REFUSED)


async def _take(env: Env, call: Call, proposal: Proposal, state: ProposalState) -> Proposal:
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> bool:
        if proposal.expires_us <= now_us:
            return False
        taken = await rows.take_proposal(
            tx,
            proposal,
            state,
            decided_by=call.principal.name,
            decided_us=now_us,
            expires_us=now_us + RUN_LIFE_S * 1_000_000,
        )
        if taken:
            tx.publish(ProposalMoved(account=proposal.account, id=proposal.id))
        return taken

    if not await env.store.transact(write):
        raise ProposalDecided("This was decided already, or nobody decided in time.")
    return replace(proposal, state=state, decided_by=call.principal.name, decided_us=now_us)


async def _end(env: Env, proposal: Proposal, state: ProposalState, result: str) -> Proposal:
    result = result[:MAX_RESULT_CHARACTERS]

    async def write(tx: Tx) -> None:
        await rows.update_proposal_result(tx, proposal.id, state, result)
        tx.publish(ProposalMoved(account=proposal.account, id=proposal.id))

    await env.store.transact(write)
    return replace(proposal, state=state, result=result)


def _head(env: Env, proposal: Proposal) -> ToolName:
    head = env.tools.find_tool(proposal.tool)
    if head is None:
        raise NotFound(f"There is no action {proposal.tool} any more.")
    return head


def _text_of(result: object) -> str:
    if result in (None, {}, []):
        return ""
    return json.dumps(msgspec.to_builtins(result), indent=1, ensure_ascii=False)


async def rewrite_card(env: Env, account: str, proposal_id: str) -> None:
    """Make the card in chat say what became of it; may be repeated."""
    proposal = await rows.find_proposal(env.store.reader, account, proposal_id)
    if proposal is None or proposal.state is ProposalState.WAITING or not proposal.card_us:
        return
    head = env.tools.find_tool(proposal.tool)
    if head is None:
        return
    text = cards.decided_text(proposal, head, proposal.decided_by)
    asked = await rows.select_requests(env.store.reader, proposal.id, MAX_ASKED)
    only_for = proposal.asker_id if proposal.only_asker else ""
    places = [(proposal.channel_id, proposal.card_us, only_for)]
    places += [(channel_id, card_us, "") for _, channel_id, card_us in asked]
    for channel_id, card_us, only in places:
        rewritten = chat.Rewritten(
            channel=channel_id,
            ts_us=card_us,
            text=text,
            blocks=cards.decided_blocks(text),
            only_for=only,
        )
        await chat.rewrite_own(env, account, proposal.speaker_id, rewritten)


async def expire(env: Env) -> None:
    """End what nobody decided, and say that the outcome of a run cut off by a crash is unknown."""
    for proposal in await rows.select_due(env.store.reader, env.clock.now_us(), DUE_BATCH):
        if proposal.state is ProposalState.RUNNING:
            text = "The cloud was restarted while this ran; look whether it was done."
            await _end(env, proposal, ProposalState.FAILED, text)
        else:
            await _end(env, proposal, ProposalState.EXPIRED, "")
