"""Who decides, in which order, and that nobody decides twice or for others."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.unit.services.office.conftest import staff

from volano.kernel.clock import ManualClock
from volano.kernel.errors import VolanoError
from volano.services.chat.logic import desk as chat_desk
from volano.services.chat.logic import interactions, members
from volano.services.chat.logic.history import Span, read_history
from volano.services.chat.logic.interactions import Press
from volano.services.chat.model.desk import Preferences
from volano.services.office import store
from volano.services.office.logic import approvals, cards, deputies, desk, templates
from volano.services.office.model import (
    ApprovalClosed,
    Field,
    FieldKind,
    InvalidForm,
    NoSuchApproval,
    NotYourTurn,
    State,
    Step,
    StepKind,
    Template,
    UrgedAlready,
)

LEAVE = {"kind": "Holiday", "from": "2026-12-21", "to": "2026-12-31", "days": "8"}


def expense(amount: str) -> dict[str, str]:
    return {"purpose": "An oven", "amount": amount, "day": "2026-11-20", "category": "Equipment"}


async def send(company, who: str = "ana", form: str = "leave", values=None):
    return await approvals.send(company.env, company.calls[who], form, values or LEAVE)


async def deciders(company, approval) -> set[str]:
    turns = await store.select_turns(company.env.store.reader, approval.id)
    names = {user.id: name for name, user in company.users.items()}
    return {names[turn.user_id] for turn in turns if turn.waiting}


async def test_leave_goes_to_the_manager_and_is_approved(staffed):
    approval = await send(staffed)
    assert await deciders(staffed, approval) == {"ben"}
    done = await approvals.approve(staffed.env, staffed.calls["ben"], approval.id, "Enjoy!")
    assert done.state is State.APPROVED
    seen = await approvals.get_approval(staffed.env, staffed.calls["ana"], approval.id)
    assert [note.kind.value for note in seen.notes] == ["sent", "approved"]
    assert seen.notes[1].text == "Enjoy!"


@pytest.mark.parametrize(("amount", "steps"), [("999.50", 1), ("1000", 1), ("1000.01", 2)])
async def test_large_expenses_need_the_next_manager_too(staffed, amount, steps):
    way = await approvals.foresee(staffed.env, staffed.calls["ana"], "expense", expense(amount))
    assert len(way.steps) == steps
    approval = await send(staffed, form="expense", values=expense(amount))
    after = await approvals.approve(staffed.env, staffed.calls["ben"], approval.id)
    if steps == 1:
        assert after.state is State.APPROVED
        return
    assert after.state is State.RUNNING
    assert await deciders(staffed, approval) == {"cleo"}
    last = await approvals.approve(staffed.env, staffed.calls["cleo"], approval.id)
    assert last.state is State.APPROVED


async def test_who_has_no_manager_is_decided_by_an_administrator(staffed):
    approval = await send(staffed, "dan")
    assert await deciders(staffed, approval) == {"admin"}


async def test_only_whose_turn_it_is_decides_and_once(staffed):
    approval = await send(staffed)
    with pytest.raises(NotYourTurn):
        await approvals.approve(staffed.env, staffed.calls["ana"], approval.id)
    with pytest.raises(NoSuchApproval):
        await approvals.approve(staffed.env, staffed.calls["dan"], approval.id)
    results = await asyncio.gather(
        *(approvals.approve(staffed.env, staffed.calls["ben"], approval.id) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(not isinstance(result, VolanoError) for result in results) == 1
    with pytest.raises(ApprovalClosed):
        await approvals.reject(staffed.env, staffed.calls["ben"], approval.id)


async def test_rejected_is_the_end(staffed):
    approval = await send(staffed, form="expense", values=expense("5000"))
    ended = await approvals.reject(staffed.env, staffed.calls["ben"], approval.id, "Too much.")
    assert ended.state is State.REJECTED
    assert await deciders(staffed, approval) == set()


async def test_returned_is_changed_and_sent_again_from_the_first_step(staffed):
    approval = await send(staffed, form="expense", values=expense("5000"))
    await approvals.approve(staffed.env, staffed.calls["ben"], approval.id)
    back = await approvals.give_back(staffed.env, staffed.calls["cleo"], approval.id, "Which oven?")
    assert back.state is State.RETURNED
    with pytest.raises(NotYourTurn):
        await approvals.send_again(staffed.env, staffed.calls["ben"], approval.id, expense("1"))
    again = await approvals.send_again(
        staffed.env, staffed.calls["ana"], approval.id, expense("900")
    )
    assert (again.state, again.step, len(again.steps)) == (State.RUNNING, 0, 1)
    assert await deciders(staffed, approval) == {"ben"}
    done = await approvals.approve(staffed.env, staffed.calls["ben"], approval.id)
    assert done.state is State.APPROVED


async def test_delegated_turns_are_the_others(staffed):
    approval = await send(staffed)
    users = staffed.users
    for wrong in ("ben", "ana"):
        with pytest.raises(InvalidForm):
            await approvals.delegate(
                staffed.env, staffed.calls["ben"], approval.id, users[wrong].id
            )
    await approvals.delegate(staffed.env, staffed.calls["ben"], approval.id, users["dan"].id)
    assert await deciders(staffed, approval) == {"dan"}
    with pytest.raises(NotYourTurn):
        await approvals.approve(staffed.env, staffed.calls["ben"], approval.id)
    done = await approvals.approve(staffed.env, staffed.calls["dan"], approval.id)
    assert done.state is State.APPROVED


async def test_steps_of_several_people_and_copies(staffed):
    users = staffed.users
    form = Template(
        id="",
        account=staffed.account,
        name="purchase",
        title="Purchase",
        about="",
        fields=(Field(name="what", label="What", kind=FieldKind.TEXT),),
        steps=(
            Step(kind=StepKind.PEOPLE, people=(users["ben"].id, users["cleo"].id), everyone=True),
            Step(kind=StepKind.PEOPLE, people=(users["cleo"].id, users["dan"].id)),
        ),
        copies=(users["admin"].id,),
        updated_us=0,
    )
    await templates.put_template(staffed.env, staffed.calls["admin"], form)
    approval = await send(staffed, form="purchase", values={"what": "Flour"})
    first = await approvals.approve(staffed.env, staffed.calls["ben"], approval.id)
    assert first.step == 0
    second = await approvals.approve(staffed.env, staffed.calls["cleo"], approval.id)
    assert second.step == 1
    assert await deciders(staffed, approval) == {"cleo", "dan"}
    with pytest.raises(NoSuchApproval):
        await approvals.get_approval(staffed.env, staffed.calls["admin"], approval.id)
    done = await approvals.approve(staffed.env, staffed.calls["dan"], approval.id)
    assert done.state is State.APPROVED
    seen = await approvals.get_approval(staffed.env, staffed.calls["admin"], approval.id)
    assert seen.approval.values == {"what": "Flour"}


async def test_who_asks_never_decides_about_themselves(staffed):
    form = Template(
        id="",
        account=staffed.account,
        name="self",
        title="Self",
        about="",
        fields=(Field(name="what", label="What", kind=FieldKind.TEXT),),
        steps=(Step(kind=StepKind.PEOPLE, people=(staffed.users["ana"].id,)),),
        updated_us=0,
    )
    await templates.put_template(staffed.env, staffed.calls["admin"], form)
    with pytest.raises(InvalidForm, match="Nobody is left"):
        await send(staffed, form="self", values={"what": "x"})


async def test_urging_once_an_hour_and_withdrawing(staffed):
    staffed.env = replace(staffed.env, clock=ManualClock(staffed.env.clock.now_us()))
    approval = await send(staffed)
    await approvals.urge(staffed.env, staffed.calls["ana"], approval.id)
    with pytest.raises(UrgedAlready):
        await approvals.urge(staffed.env, staffed.calls["ana"], approval.id)
    staffed.env.clock.advance(3601)
    await approvals.urge(staffed.env, staffed.calls["ana"], approval.id)
    with pytest.raises(NotYourTurn):
        await approvals.withdraw(staffed.env, staffed.calls["ben"], approval.id)
    gone = await approvals.withdraw(staffed.env, staffed.calls["ana"], approval.id)
    assert gone.state is State.WITHDRAWN
    with pytest.raises(ApprovalClosed):
        await approvals.approve(staffed.env, staffed.calls["ben"], approval.id)


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"kind": "Sleep"}, "kind"),
        ({"from": "tomorrow"}, "from"),
        ({"days": "many"}, "days"),
        ({"days": "NaN"}, "days"),
        ({"to": ""}, "to"),
        ({"boss": "yes"}, "boss"),
        ({"reason": "x" * 5000}, "reason"),
    ],
)
async def test_wrong_values_are_named_and_nothing_is_sent(staffed, changed, param):
    with pytest.raises(InvalidForm) as caught:
        await send(staffed, values=LEAVE | changed)
    assert caught.value.fields == {"param": param}
    assert (
        await approvals.list_sent(staffed.env, staffed.calls["ana"], before_us=1 << 62, limit=10)
        == []
    )


async def test_the_card_is_decided_in_the_chat_and_says_so(live_company):
    company = await staff(live_company)
    approval = await send(company)
    await company.env.events.settle()
    bot = await desk.bot_of(company.env, company.account)
    direct = await members.open_direct(company.env, company.calls["ben"], [bot])
    page = await read_history(company.env, company.calls["ben"], direct.channel.id, Span(limit=5))
    (card,) = page.messages
    assert "Leave" in card["text"]
    pressed = Press(
        channel=direct.channel.id,
        message_ts=card["ts"],
        block_id="decide",
        action_id=cards.APPROVE,
        state={cards.REMARK: {cards.REMARK: {"type": "plain_text_input", "value": "Fine."}}},
    )
    await interactions.press(company.env, company.calls["ben"], pressed)
    await company.env.events.settle()
    page = await read_history(company.env, company.calls["ben"], direct.channel.id, Span(limit=5))
    (card,) = page.messages
    assert "approved" in card["text"]
    assert "actions" not in [block["type"] for block in card["blocks"]]
    told = await members.open_direct(company.env, company.calls["ana"], [bot])
    page = await read_history(company.env, company.calls["ana"], told.channel.id, Span(limit=5))
    assert "Fine." in page.messages[0]["text"]
    for _ in range(2):  # an event that comes again changes nothing
        await cards.tell(company.env, company.account, approval.id)
    page = await read_history(company.env, company.calls["ana"], told.channel.id, Span(limit=5))
    assert len(page.messages) == 1


async def test_each_reader_gets_the_card_in_the_language_they_chose(live_company):
    company = await staff(live_company)
    chinese = Preferences(language="zh")
    await chat_desk.put_preferences(company.env, company.calls["ben"], chinese)
    approval = await send(company)
    await company.env.events.settle()
    bot = await desk.bot_of(company.env, company.account)
    direct = await members.open_direct(company.env, company.calls["ben"], [bot])
    page = await read_history(company.env, company.calls["ben"], direct.channel.id, Span(limit=5))
    (card,) = page.messages
    assert "审批中" in card["text"]
    (actions,) = (block for block in card["blocks"] if block["type"] == "actions")
    named = [button["text"]["text"] for button in actions["elements"]]
    assert named == ["同意", "退回", "拒绝"]
    await approvals.approve(company.env, company.calls["ben"], approval.id, "Fine.")
    await company.env.events.settle()
    told = await members.open_direct(company.env, company.calls["ana"], [bot])
    page = await read_history(company.env, company.calls["ana"], told.channel.id, Span(limit=5))
    assert "approved: Fine." in page.messages[0]["text"]


async def test_a_deputy_decides_about_what_is_sent_meanwhile(staffed):
    staffed.env = replace(staffed.env, clock=ManualClock(staffed.env.clock.now_us()))
    env, ben, now_us = staffed.env, staffed.calls["ben"], staffed.env.clock.now_us()
    dan = staffed.users["dan"].id
    before = await send(staffed)
    week = {"from_us": now_us, "until_us": now_us + 7 * 86_400_000_000}
    await deputies.put_deputy(env, ben, dan, **week)
    meanwhile = await send(staffed)
    assert await deciders(staffed, before) == {"ben"}
    assert await deciders(staffed, meanwhile) == {"dan"}
    own = await send(staffed, "dan")
    assert "dan" not in await deciders(staffed, own)
    env.clock.advance(8 * 86_400)
    assert await deciders(staffed, await send(staffed)) == {"ben"}
    await deputies.put_deputy(env, ben, "", from_us=0, until_us=0)
    assert await deputies.find_deputy(env, ben) is None
    for wrong in (staffed.users["ben"].id, "U0"):
        with pytest.raises(InvalidForm):
            await deputies.put_deputy(env, ben, wrong, **week)
