"""Approvals on their way: sending, deciding, returning, delegating, urging.

Every change is one transaction: the turn is taken, the note written, the next step opened and the
event published together, so that two people who press at once decide once. Cards are work.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from volano.services.chat import interface as chat
from volano.services.office import store as rows
from volano.services.office.logic.attachments import require_own
from volano.services.office.logic.desk import me
from volano.services.office.logic.forms import check_values, forecast, wrong
from volano.services.office.logic.templates import get_template
from volano.services.office.model import (
    MAX_TEXT_CHARACTERS,
    URGE_EVERY_S,
    Approval,
    ApprovalClosed,
    ApprovalMoved,
    Forecast,
    NoSuchApproval,
    Note,
    NoteKind,
    NotYourTurn,
    Role,
    State,
    Turn,
    UrgedAlready,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An approval as its people see it."""

    approval: Approval
    turns: list[Turn]
    notes: list[Note]


async def foresee(env: Env, call: Call, template_id: str, values: Mapping[str, str]) -> Forecast:
    """Who would decide, before it is sent."""
    template = await get_template(env, call, template_id)
    mine = await me(env, call)
    return await forecast(env.store.reader, template, mine.id, values, env.clock.now_us())


async def send(env: Env, call: Call, template_id: str, values: Mapping[str, str]) -> Approval:
    """Send a filled form on its way. Raises InvalidForm with the field's name."""
    template = await get_template(env, call, template_id)
    if not template.enabled:
        raise wrong("template", "This form is switched off.")
    kept = check_values(template, values)
    await require_own(env, call, template.fields, kept)
    mine = await me(env, call)
    way = await forecast(env.store.reader, template, mine.id, kept, env.clock.now_us())
    now_us = env.clock.now_us()
    approval = Approval(
        id="appr_" + env.ids.hex(20),
        account=call.account,
        template_id=template.id,
        title=template.title,
        fields=template.fields,
        values=kept,
        asker_id=mine.id,
        state=State.RUNNING,
        step=0,
        steps=way.steps,
        copies=way.copies,
        created_us=now_us,
        updated_us=now_us,
    )

    async def write(tx: Tx) -> None:
        await rows.upsert_approval(tx, approval)
        await _note(tx, env, approval, mine.id, NoteKind.SENT)
        await _open_step(tx, env, approval)

    await env.store.transact(write)
    return approval


async def send_again(env: Env, call: Call, approval_id: str, values: Mapping[str, str]) -> Approval:
    """Send a returned approval from the beginning, with other values."""
    mine, known = await _mine(env, call, approval_id)
    if known.state is not State.RETURNED:
        raise ApprovalClosed("Only what was returned to you can be sent again.")
    template = await get_template(env, call, known.template_id)
    kept = check_values(replace(template, fields=known.fields), values)
    await require_own(env, call, known.fields, kept)
    way = await forecast(env.store.reader, template, mine, kept, env.clock.now_us())

    async def write(tx: Tx) -> Approval:
        approval = await _locked(tx, known, State.RETURNED)
        approval = replace(
            approval,
            values=kept,
            steps=way.steps,
            copies=way.copies,
            state=State.RUNNING,
            step=0,
            updated_us=env.clock.now_us(),
        )
        await rows.upsert_approval(tx, approval)
        await _note(tx, env, approval, mine, NoteKind.SENT)
        await _open_step(tx, env, approval)
        return approval

    return await env.store.transact(write)


async def _open_step(tx: Tx, env: Env, approval: Approval) -> None:
    """It is the turn of those of the present step."""
    for user_id in approval.steps[approval.step].people:
        await _give_turn(tx, env, approval, user_id, Role.DECIDES)
    tx.publish(ApprovalMoved(account=approval.account, id=approval.id))


async def _give_turn(tx: Tx, env: Env, approval: Approval, user_id: str, role: Role) -> None:
    await rows.insert_turn(
        tx,
        Turn(
            approval_id=approval.id,
            user_id=user_id,
            account=approval.account,
            step=approval.step,
            role=role,
            waiting=role is Role.DECIDES,
            created_us=env.clock.now_us(),
        ),
    )


async def _note(
    tx: Tx,
    env: Env,
    approval: Approval,
    user_id: str,
    kind: NoteKind,
    text: str = "",
    other_id: str = "",
) -> None:
    await rows.insert_note(
        tx,
        Note(
            id="note_" + env.ids.hex(20),
            approval_id=approval.id,
            user_id=user_id,
            kind=kind,
            text=text,
            other_id=other_id,
            step=approval.step,
            created_us=env.clock.now_us(),
        ),
    )


async def _locked(tx: Tx, known: Approval, *states: State) -> Approval:
    """The row as it is inside the transaction. Raises ApprovalClosed in another state."""
    found = await rows.find_approval(tx, known.account, known.id)
    if found is None or found.state not in states:
        raise ApprovalClosed("This was decided already.")
    return found


def _text(text: str) -> str:
    if len(text) > MAX_TEXT_CHARACTERS or "\x00" in text:
        raise wrong("text", f"A comment has at most {MAX_TEXT_CHARACTERS} characters.")
    return text.strip()


async def approve(env: Env, call: Call, approval_id: str, text: str = "") -> Approval:
    """Say yes; the next step opens when this one has what it needs."""
    return await _decide(env, call, approval_id, NoteKind.APPROVED, text)


async def reject(env: Env, call: Call, approval_id: str, text: str = "") -> Approval:
    """Say no: that is the end of it."""
    return await _decide(env, call, approval_id, NoteKind.REJECTED, text)


async def give_back(env: Env, call: Call, approval_id: str, text: str = "") -> Approval:
    """Return it to the asker, who may change it and send it again."""
    return await _decide(env, call, approval_id, NoteKind.RETURNED, text)


async def _decide(env: Env, call: Call, approval_id: str, kind: NoteKind, text: str) -> Approval:
    text = _text(text)
    seen = await get_approval(env, call, approval_id)
    mine = (await me(env, call)).id

    async def write(tx: Tx) -> Approval:
        approval = await _locked(tx, seen.approval, State.RUNNING)
        if not await rows.end_turn(tx, approval.id, mine, approval.step):
            raise NotYourTurn("It is not your turn to decide this.")
        await _note(tx, env, approval, mine, kind, text)
        return await _after(tx, env, approval, kind)

    return await env.store.transact(write)


async def _after(tx: Tx, env: Env, approval: Approval, kind: NoteKind) -> Approval:
    """What a decision means for the approval as a whole."""
    approval = replace(approval, updated_us=env.clock.now_us())
    if kind is not NoteKind.APPROVED:
        state = State.REJECTED if kind is NoteKind.REJECTED else State.RETURNED
        return await _close(tx, replace(approval, state=state))
    step = approval.steps[approval.step]
    if step.everyone and await rows.count_waiting(tx, approval.id, approval.step):
        await rows.upsert_approval(tx, approval)
        tx.publish(ApprovalMoved(account=approval.account, id=approval.id))
        return approval
    await rows.end_turns(tx, approval.id)
    if approval.step + 1 < len(approval.steps):
        approval = replace(approval, step=approval.step + 1)
        await rows.upsert_approval(tx, approval)
        await _open_step(tx, env, approval)
        return approval
    for user_id in approval.copies:
        await _give_turn(tx, env, approval, user_id, Role.READS)
    return await _close(tx, replace(approval, state=State.APPROVED))


async def _close(tx: Tx, approval: Approval) -> Approval:
    await rows.end_turns(tx, approval.id)
    await rows.upsert_approval(tx, approval)
    tx.publish(ApprovalMoved(account=approval.account, id=approval.id))
    return approval


async def delegate(
    env: Env, call: Call, approval_id: str, to_user_id: str, text: str = ""
) -> Approval:
    """Let somebody else decide in one's place."""
    text = _text(text)
    seen = await get_approval(env, call, approval_id)
    mine = (await me(env, call)).id
    other = await chat.find_user(env.store.reader, call.account, to_user_id)
    if other is None or other.is_bot or other.deleted:
        raise wrong("user", "There is no such person in the workplace.")
    if other.id in (mine, seen.approval.asker_id):
        raise wrong("user", "Delegate to somebody else than yourself or who asks.")

    async def write(tx: Tx) -> Approval:
        approval = await _locked(tx, seen.approval, State.RUNNING)
        if not await rows.end_turn(tx, approval.id, mine, approval.step):
            raise NotYourTurn("It is not your turn to decide this.")
        await _note(tx, env, approval, mine, NoteKind.DELEGATED, text, other.id)
        await _give_turn(tx, env, approval, other.id, Role.DECIDES)
        tx.publish(ApprovalMoved(account=approval.account, id=approval.id))
        return approval

    return await env.store.transact(write)


async def urge(env: Env, call: Call, approval_id: str) -> Approval:
    """Remind those whose turn it is; once an hour. Raises UrgedAlready."""
    mine, known = await _mine(env, call, approval_id)
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> Approval:
        approval = await _locked(tx, known, State.RUNNING)
        wait_us = approval.urged_us + URGE_EVERY_S * 1_000_000 - now_us
        if approval.urged_us and wait_us > 0:
            raise UrgedAlready(
                "You reminded them within the last hour.", retry_after_s=wait_us / 1e6
            )
        approval = replace(approval, urged_us=now_us)
        await rows.upsert_approval(tx, approval)
        await _note(tx, env, approval, mine, NoteKind.URGED)
        tx.publish(ApprovalMoved(account=approval.account, id=approval.id))
        return approval

    return await env.store.transact(write)


async def withdraw(env: Env, call: Call, approval_id: str) -> Approval:
    """Take back what one sent, while it is open."""
    mine, known = await _mine(env, call, approval_id)

    async def write(tx: Tx) -> Approval:
        approval = await _locked(tx, known, State.RUNNING, State.RETURNED)
        await _note(tx, env, approval, mine, NoteKind.WITHDRAWN)
        approval = replace(approval, state=State.WITHDRAWN, updated_us=env.clock.now_us())
        return await _close(tx, approval)

    return await env.store.transact(write)


async def comment(env: Env, call: Call, approval_id: str, text: str) -> None:
    """Add a remark, at any time, by anybody who may see it."""
    text = _text(text)
    if not text:
        raise wrong("text", "Write what you want to say.")
    seen = await get_approval(env, call, approval_id)
    mine = (await me(env, call)).id

    async def write(tx: Tx) -> None:
        await _note(tx, env, seen.approval, mine, NoteKind.COMMENTED, text)
        tx.publish(ApprovalMoved(account=call.account, id=seen.approval.id))

    await env.store.transact(write)


async def get_approval(env: Env, call: Call, approval_id: str) -> Seen:
    """One that the caller sent, decides, decided, or got a copy of. Raises NoSuchApproval."""
    reader = env.store.reader
    mine = (await me(env, call)).id
    found = await rows.find_approval(reader, call.account, approval_id)
    turns = await rows.select_turns(reader, approval_id) if found else []
    if found is None or mine not in (found.asker_id, *(turn.user_id for turn in turns)):
        raise NoSuchApproval("There is no such approval, or it does not concern you.")
    return Seen(approval=found, turns=turns, notes=await rows.select_notes(reader, approval_id))


async def _mine(env: Env, call: Call, approval_id: str) -> tuple[str, Approval]:
    """The caller and an approval that they sent."""
    seen = await get_approval(env, call, approval_id)
    mine = (await me(env, call)).id
    if seen.approval.asker_id != mine:
        raise NotYourTurn("Only who sent it may do this.")
    return mine, seen.approval


async def list_sent(env: Env, call: Call, *, before_us: int, limit: int) -> list[Approval]:
    mine = await me(env, call)
    return await rows.select_sent(
        env.store.reader, call.account, mine.id, before_us=before_us, limit=limit
    )


async def list_received(
    env: Env, call: Call, *, waiting: bool, before_us: int, limit: int
) -> list[Approval]:
    """What the caller is to decide, or decided or got a copy of."""
    mine = await me(env, call)
    return await rows.select_of_turns(
        env.store.reader,
        call.account,
        mine.id,
        waiting=waiting,
        before_us=before_us,
        limit=limit,
    )
