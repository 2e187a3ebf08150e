"""Passes, times, queries and elements: the small rules beneath apps."""

from __future__ import annotations

import pytest

from volano.kernel.errors import Invalid
from volano.services.chat.logic import passes, reminders, search
from volano.services.chat.logic.block_rules import BLOCKS
from volano.services.chat.logic.blocks import require_blocks
from volano.services.chat.logic.elements import find_element, state_of, taken_action
from volano.services.chat.logic.passes import PassExpired, PassUnknown, PassUsed
from volano.services.chat.model.apps import PassKind
from volano.services.chat.store import passes as rows

NOON_US = 1_700_049_600_000_000  # 15 November 2023, 12:00 UTC: a Wednesday


async def give(company, kind: PassKind, secret: str) -> None:
    async def write(tx):
        await passes.give_pass(
            tx, company.env, kind, secret, account=company.account, app_id="A1", body={}
        )

    await company.env.store.transact(write)


async def take(company, kind: PassKind, secret: str):
    return await company.env.store.transact(
        lambda tx: passes.take_pass(tx, company.env, kind, secret)
    )


async def test_a_pass_is_good_as_often_as_its_kind_says(company):
    await give(company, PassKind.RESPONSE, "five")
    for _ in range(5):
        await take(company, PassKind.RESPONSE, "five")
    with pytest.raises(PassUsed):
        await take(company, PassKind.RESPONSE, "five")
    with pytest.raises(PassUnknown):
        await take(company, PassKind.TRIGGER, "five")
    await give(company, PassKind.TRIGGER, "once")
    await take(company, PassKind.TRIGGER, "once")
    with pytest.raises(PassUsed):
        await take(company, PassKind.TRIGGER, "once")


async def test_a_pass_expires(company):
    await give(company, PassKind.TRIGGER, "late")
    digest = company.env.secrets.digest("late")
    found = await rows.find_pass(company.env.store.reader, digest)
    assert found is not None

    async def age(tx):
        await tx.execute("UPDATE chat_pass SET expires_us = 1 WHERE digest = ?", digest)

    await company.env.store.transact(age)
    with pytest.raises(PassExpired):
        await take(company, PassKind.TRIGGER, "late")
    await passes.remove_old_passes(company.env)
    with pytest.raises(PassUnknown):
        await take(company, PassKind.TRIGGER, "late")


@pytest.mark.parametrize(
    ("words", "seconds", "recurring"),
    [
        ("in 15 minutes", 900, ""),
        ("in an hour", 3600, ""),
        ("90", 90, ""),
        ("at 3pm", 3 * 3600, ""),
        ("9:30", 77_400, ""),
        ("tomorrow", 75_600, ""),
        ("every day at 13:00", 3600, "day"),
        ("1700060000", 1_700_060_000 - 1_700_049_600, ""),
    ],
)
def test_times_of_reminders(words, seconds, recurring):
    assert reminders.parse_time(words, NOON_US) == (NOON_US + seconds * 1_000_000, recurring)


def test_queries_are_read():
    query = search.parse_query('ship -boat "at noon" from:@ann in:#general 部署 sail*', NOON_US)
    assert query.words == ("ship", "部署", "sail*")
    assert (query.without, query.phrases) == (("boat",), ("at noon",))
    assert (query.author, query.place) == ("ann", "#general")
    day = search.parse_query("x on:2023-11-15", NOON_US)
    assert day.after_us < NOON_US < day.before_us
    assert search.parse_query("x before:2023-11-15", NOON_US).before_us < NOON_US


def test_all_block_types_are_known():
    assert len(BLOCKS) >= 21


async def test_elements_are_found_and_what_is_chosen_must_be_offered(env):
    option = {"text": {"type": "plain_text", "text": "One"}, "value": "1"}
    menu = {"type": "static_select", "action_id": "pick", "options": [option]}
    blocks = require_blocks(env, [{"type": "actions", "block_id": "b", "elements": [menu]}])
    element = find_element(blocks, "b", "pick")
    chosen = {"selected_option": {"value": "1", "text": {"type": "plain_text", "text": "lie"}}}
    assert taken_action(element, chosen)["selected_option"] == option
    with pytest.raises(Exception, match="not one of the options"):
        taken_action(element, {"selected_option": {"value": "2"}})
    assert state_of(blocks, {})["b"]["pick"] == {"type": "static_select", "selected_option": None}


@pytest.mark.parametrize("block", [{}, {"type": None}, {"type": ["actions"]}, {"elements": []}, []])
def test_a_block_of_no_type_is_refused_and_not_a_bug(env, block):
    with pytest.raises(Invalid) as caught:
        require_blocks(env, [block])
    assert caught.value.wire_code == "invalid_blocks"
