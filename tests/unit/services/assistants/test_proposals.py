"""What is asked to be done: reading at once, changing only after a button, once, as the presser."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.unit.services.assistants.test_answers import ask

from volano.kernel.clock import ManualClock
from volano.kernel.errors import Denied, Invalid
from volano.kernel.tools import Tool, ToolName
from volano.services.assistants.logic import (
    assistants,
    card_inputs,
    cards,
    commands,
    proposals,
)
from volano.services.assistants.model import (
    InvalidAssistant,
    NoSuchProposal,
    ProposalDecided,
    ProposalState,
)
from volano.services.assistants.store import proposals as proposal_rows
from volano.services.chat.logic import interactions, members
from volano.services.chat.logic.history import Span, read_history, read_thread
from volano.services.chat.logic.interactions import Press
from volano.services.identity.logic import users as identity_users

S3 = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


@pytest.fixture
def clocked(company):
    """The company with a clock that the test moves."""
    company.env = replace(company.env, clock=ManualClock(company.env.clock.now_us()))
    return company


async def buckets(company) -> list[str]:
    head = company.env.tools.find_tool("s3_ListBuckets")
    found = await company.env.tools.run(company.env, company.calls["admin"], head, {})
    return [bucket["Name"] for bucket in found["Buckets"]]


async def replies(company, who: str, channel: str, question) -> list[dict]:
    page = await read_thread(company.env, company.calls[who], channel, question.ts, Span(limit=100))
    return [m for m in page.messages if m["user"] == company.copilot]


async def propose(company, who: str, channel: str, text: str):
    """Ask for something to be done; returns the card and what waits."""
    question = await ask(company, who, channel, text)
    (card,) = await replies(company, who, channel, question)
    (found, *_) = await proposals.list_proposals(
        company.env, company.calls[who], before_us=1 << 62, limit=10
    )
    return question, card, found


async def test_reading_runs_at_once_and_is_the_askers_alone(company):
    direct = await members.open_direct(company.env, company.calls["admin"], [company.copilot])
    head = company.env.tools.find_tool("s3_CreateBucket")
    await company.env.tools.run(
        company.env, company.calls["admin"], head, {"Bucket": "tables-and-chairs"}
    )
    await ask(company, "admin", direct.channel.id, "list my buckets")
    page = await read_history(company.env, company.calls["admin"], direct.channel.id, Span(limit=1))
    assert "tables-and-chairs" in page.messages[0]["text"]
    shared = await company.channel("shared", "admin")
    question = await ask(company, "admin", shared, "list my buckets")
    assert await replies(company, "admin", shared, question) == []


async def test_a_change_waits_for_a_button_and_runs_once(company):
    channel = await company.channel("ops", "admin")
    _, card, waiting = await propose(company, "admin", channel, "create a bucket called by-card")
    assert waiting.state is ProposalState.WAITING
    assert "s3:CreateBucket" in json.dumps(card["blocks"])
    assert "by-card" not in await buckets(company)
    done = await proposals.approve(company.env, company.calls["admin"], waiting.id)
    assert done.state is ProposalState.DONE
    assert "by-card" in await buckets(company)
    for decide in (proposals.approve, proposals.refuse):
        with pytest.raises(ProposalDecided):
            await decide(company.env, company.calls["admin"], waiting.id)


async def test_the_button_in_chat_runs_it_and_the_card_says_so(live_company):
    company = live_company
    channel = await company.channel("ops", "admin")
    posted = await company.say(
        "admin", channel, f"{company.mention} create a bucket called by-button"
    )
    await company.env.events.settle()
    (card,) = await replies(company, "admin", channel, posted)
    pressed = Press(
        channel=channel,
        message_ts=card["ts"],
        block_id="decide",
        action_id=cards.APPROVE,
        state={"argument:Bucket": {"value": {"type": "plain_text_input", "value": "by-edit"}}},
    )
    await interactions.press(company.env, company.calls["admin"], pressed)
    await company.env.events.settle()
    assert "by-edit" in await buckets(company)
    (card,) = await replies(company, "admin", channel, posted)
    assert "was done by admin" in card["text"]
    assert "actions" not in [block["type"] for block in card["blocks"]]


async def test_it_runs_with_the_rights_of_whoever_presses(company):
    await company.hire("ana")
    await company.hire("bob", S3)
    channel = await company.channel("ops", "admin", "ana", "bob", private=True)
    _, _, waiting = await propose(company, "ana", channel, "create a bucket called for-ana")
    with pytest.raises(Denied, match="It still waits"):
        await proposals.approve(company.env, company.calls["ana"], waiting.id)
    done = await proposals.approve(company.env, company.calls["bob"], waiting.id)
    assert (done.state, done.decided_by) == (ProposalState.DONE, "bob")


async def test_somebody_else_is_asked_to_run_what_the_asker_may_not(live_company):
    company = live_company
    await company.hire("ana")
    bob, eve = await company.hire("bob", S3), await company.hire("eve")
    direct = await members.open_direct(company.env, company.calls["ana"], [company.copilot])
    posted = await company.say("ana", direct.channel.id, "create a bucket called asked-for")
    await company.env.events.settle()
    page = await read_history(company.env, company.calls["ana"], direct.channel.id, Span(limit=1))
    card = page.messages[0]
    assert "Ana may not run this" in json.dumps(card["blocks"])
    (waiting,) = await proposals.list_proposals(
        company.env, company.calls["ana"], before_us=1 << 62, limit=10
    )
    assert waiting.question_us == posted.ts_us
    with pytest.raises(NoSuchProposal):
        await proposals.approve(company.env, company.calls["bob"], waiting.id)
    for nobody in (eve.id, company.copilot, "U0"):
        with pytest.raises(InvalidAssistant):
            await proposals.ask_to_run(company.env, company.calls["ana"], waiting.id, nobody)
    pressed = Press(
        channel=direct.channel.id,
        message_ts=card["ts"],
        block_id=cards.ASK_BLOCK + waiting.id,
        action_id=cards.ASK,
        choice={"selected_user": bob.id},
        state={},
    )
    await interactions.press(company.env, company.calls["ana"], pressed)
    await company.env.events.settle()
    done = await proposals.approve(company.env, company.calls["bob"], waiting.id)
    assert (done.state, done.decided_by) == (ProposalState.DONE, "bob")
    await company.env.events.settle()
    his = await members.open_direct(company.env, company.calls["bob"], [company.copilot])
    for who, channel in (("ana", direct.channel.id), ("bob", his.channel.id)):
        page = await read_history(company.env, company.calls[who], channel, Span(limit=9))
        assert any("was done by bob" in message["text"] for message in page.messages)


async def test_what_is_wrong_on_the_card_is_said_and_it_still_waits(company):
    channel = await company.channel("ops", "admin")
    _, _, waiting = await propose(company, "admin", channel, "create a bucket called filled-in")
    empty = {"argument:Bucket": {"value": {"type": "plain_text_input", "value": ""}}}
    with pytest.raises(Invalid, match="Fill in Bucket"):
        await proposals.approve(company.env, company.calls["admin"], waiting.id, state=empty)
    done = await proposals.approve(company.env, company.calls["admin"], waiting.id)
    assert done.state is ProposalState.DONE


async def test_a_card_tells_cost_and_effect_and_facts_only_to_the_asker(company):
    env, admin = company.env, company.calls["admin"]
    made = env.tools.find_tool("s3_CreateBucket")
    await env.tools.run(env, admin, made, {"Bucket": "counted-bucket"})
    direct = await members.open_direct(env, admin, [company.copilot])
    channel = await company.channel("ops", "admin")
    told = {}
    for place in (direct.channel.id, channel):
        posted = await ask(company, "admin", place, "delete the bucket counted-bucket")
        page = (
            await read_history(env, admin, place, Span(limit=1))
            if place == direct.channel.id
            else await read_thread(env, admin, place, posted.ts, Span(limit=9))
        )
        told[place] = json.dumps(page.messages[-1]["blocks"])
    assert "It holds 0 objects now" in told[direct.channel.id]
    assert "It holds" not in told[channel]
    assert "*deletes* the bucket" in told[channel]
    posted = await ask(company, "admin", channel, "launch 3 servers of type g1.small")
    (card,) = await replies(company, "admin", channel, posted)
    assert "It costs 0.0690 USD an hour, about 50.37 USD a month." in json.dumps(card["blocks"])


async def test_only_those_who_see_the_card_may_decide(company):
    await company.hire("ana")
    await company.hire("eve", S3)
    channel = await company.channel("ops", "admin", "ana", private=True)
    _, _, waiting = await propose(company, "ana", channel, "create a bucket called not-eves")
    with pytest.raises(NoSuchProposal):
        await proposals.approve(company.env, company.calls["eve"], waiting.id)


async def test_a_refused_and_an_old_proposal_never_run(clocked):
    company = clocked
    channel = await company.channel("ops", "admin")
    _, _, waiting = await propose(company, "admin", channel, "create a bucket called never-made")
    refused = await proposals.refuse(company.env, company.calls["admin"], waiting.id)
    assert refused.state is ProposalState.REFUSED
    with pytest.raises(ProposalDecided):
        await proposals.approve(company.env, company.calls["admin"], waiting.id)
    company.env.clock.advance(1)
    _, _, waiting = await propose(company, "admin", channel, "make a new bucket called too-late")
    company.env.clock.advance(25 * 3600)
    with pytest.raises(ProposalDecided):
        await proposals.approve(company.env, company.calls["admin"], waiting.id)
    await proposals.expire(company.env)
    found = await proposals.get_proposal(company.env, company.calls["admin"], waiting.id)
    assert found.state is ProposalState.EXPIRED
    assert {"never-made", "too-late"}.isdisjoint(await buckets(company))


async def test_a_question_handled_twice_proposes_once(company):
    from volano.services.assistants.logic import answers

    channel = await company.channel("ops", "admin")
    question, _, _ = await propose(company, "admin", channel, "create a bucket called once-only")
    for _ in range(3):
        await answers.answer_message(company.env, company.account, channel, question.ts_us)
    assert len(await replies(company, "admin", channel, question)) == 1
    found = await proposals.list_proposals(
        company.env, company.calls["admin"], before_us=1 << 62, limit=10
    )
    assert len(found) == 1


async def test_the_kill_switch_stops_everything_that_acts(company):
    channel = await company.channel("ops", "admin")
    _, _, waiting = await propose(company, "admin", channel, "create a bucket called killed")
    await assistants.put_settings(
        company.env, company.calls["admin"], model="", may_act=False, tokens_per_day=1000
    )
    with pytest.raises(Denied):
        await proposals.approve(company.env, company.calls["admin"], waiting.id)
    question = await ask(company, "admin", channel, "make a new bucket called killed-too")
    (said,) = await replies(company, "admin", channel, question)
    assert said["text"] == commands.OFF


async def test_a_disabled_person_cannot_have_it_run_any_more(company):
    """The presser's principal is looked up when the press is handled."""
    await company.hire("ana", S3)
    channel = await company.channel("ops", "admin", "ana", private=True)
    _, card, waiting = await propose(company, "ana", channel, "create a bucket called by-ana")
    await identity_users.set_user_disabled(
        company.env, company.calls["admin"], "ana", disabled=True
    )
    from volano.services.assistants.work import on_pressed
    from volano.services.chat.interface import Pressed

    await on_pressed(
        company.env,
        Pressed(
            account=company.account,
            bot_id=company.copilot,
            user_id=company.users["ana"].id,
            channel=channel,
            ts=card["ts"],
            action_id=cards.APPROVE,
            value=waiting.id,
            action={},
            state={},
        ),
    )
    found = await proposals.get_proposal(company.env, company.calls["admin"], waiting.id)
    assert found.state is ProposalState.WAITING


async def test_a_run_cut_off_by_a_crash_is_told_and_not_repeated(clocked):
    company = clocked
    channel = await company.channel("ops", "admin")
    _, _, waiting = await propose(company, "admin", channel, "create a bucket called cut-off")
    now_us = company.env.clock.now_us()

    async def write(tx):
        await proposal_rows.take_proposal(
            tx,
            waiting,
            ProposalState.RUNNING,
            decided_by="admin",
            decided_us=now_us,
            expires_us=now_us + 1,
        )

    await company.env.store.transact(write)
    company.env.clock.advance(1)
    await proposals.expire(company.env)
    found = await proposals.get_proposal(company.env, company.calls["admin"], waiting.id)
    assert found.state is ProposalState.FAILED
    assert "restarted" in found.result
    assert "cut-off" not in await buckets(company)


def test_inputs_of_a_card_become_arguments_of_their_type():
    schema = {
        "properties": {
            "Name": {"type": "string"},
            "Count": {"type": "integer"},
            "Dry": {"type": "boolean"},
        }
    }
    state = {
        "argument:Name": {"value": {"value": "12"}},
        "argument:Count": {"value": {"value": "3"}},
        "argument:Dry": {"value": {"value": "True"}},
        "argument:Unknown": {"value": {"value": "x"}},
        "other": {"value": {"value": "x"}},
    }
    edited = card_inputs.edited_arguments({"Tags": [1]}, state, schema)
    assert edited == {"Tags": [1], "Name": "12", "Count": 3, "Dry": True}
    emptied = {"argument:Name": {"value": {"value": ""}}}
    assert card_inputs.edited_arguments({"Name": "x"}, emptied, schema) == {}


def test_answers_of_tools_are_shown_as_tables():
    result = {
        "Reservations": [
            {"Instances": [{"InstanceId": "i-1", "State": {"Code": 16, "Name": "running"}}]},
            {"Instances": [{"InstanceId": "i-2", "State": {"Code": 80, "Name": "stopped"}}]},
        ]
    }
    shown = commands.show(result)
    assert "i-1         running" in shown
    assert commands.show({"Buckets": []}) == "There is nothing."
    assert "&lt;b&gt;" in commands.show({"A": "<b>```"})
    assert commands.show({}) == commands.NOTHING
    bill = {
        "total": "0.10333333333333",
        "lines": [{"service": "Workplace", "cost": "0.1"}],
        "days": [{"day": "2026-11-22", "services": {"x": 1}}],
    }
    assert commands.show(bill) == "```total: 0.1033\n\nservice    cost\nWorkplace  0.1```"


def test_each_argument_gets_the_input_that_fits_it():
    head = ToolName(name="x", action="x:X", service="x", permission="x:X", read_only=False)
    schema = {
        "properties": {
            "due_us": {"type": "integer"},
            "assignee": {"type": "string"},
            "Class": {"type": "string", "enum": ["GOLD", "SILVER"]},
            "Dry": {"type": "boolean"},
            "Ids": {"type": "array", "items": {"type": "string"}},
            "Deep": {"type": "object"},
        },
        "required": ["Class"],
    }
    arguments = {
        "due_us": 1_700_000_000_000_000,
        "assignee": "U1",
        "Dry": True,
        "Ids": ["i-1", "i-2"],
        "Deep": {},
    }
    blocks = card_inputs.inputs_of(arguments, Tool(head=head, description="", input_schema=schema))
    kinds = {block["block_id"].removeprefix("argument:"): block["element"] for block in blocks}
    assert {name: element["type"] for name, element in kinds.items()} == {
        "Class": "static_select",
        "due_us": "datetimepicker",
        "assignee": "users_select",
        "Dry": "static_select",
        "Ids": "plain_text_input",
    }
    assert kinds["Dry"]["initial_option"]["value"] == "true"
    assert kinds["due_us"]["initial_date_time"] == 1_700_000_000
    state = {
        "argument:due_us": {"value": {"selected_date_time": 1_800_000_000}},
        "argument:assignee": {"value": {"selected_user": "U2"}},
        "argument:Class": {"value": {"selected_option": {"value": "GOLD"}}},
        "argument:Dry": {"value": {"selected_option": {"value": "false"}}},
        "argument:Ids": {"value": {"value": "i-3, i-4"}},
    }
    assert card_inputs.edited_arguments({}, state, schema) == {
        "due_us": 1_800_000_000_000_000,
        "assignee": "U2",
        "Class": "GOLD",
        "Dry": False,
        "Ids": ["i-3", "i-4"],
    }
    for wrong in ("soon", "1.5", "true"):
        bad = {"argument:Count": {"value": {"value": wrong}}}
        with pytest.raises(Invalid, match="Count must be"):
            card_inputs.edited_arguments({}, bad, {"properties": {"Count": {"type": "integer"}}})
