"""How people word what is to be written, and the copilot's slash commands."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.unit.services.assistants.test_answers import answers_to, ask

from volano.kernel.errors import VolanoError
from volano.services.assistants import work
from volano.services.assistants.logic import proposals
from volano.services.assistants.logic.requests import Kind, Request, find_request, read_command
from volano.services.chat.logic import commands, members
from volano.services.chat.logic.own_commands import list_own_commands
from volano.services.office.logic import tasks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("summarize this thread", Request(kind=Kind.SUMMARY)),
        ("please sum up the discussion.", Request(kind=Kind.SUMMARY)),
        ("tl;dr", Request(kind=Kind.SUMMARY)),
        ("Summarise #sales in German", Request(kind=Kind.SUMMARY, channel="#sales", language="de")),
        ("帮我总结一下这个讨论", Request(kind=Kind.SUMMARY)),
        ("translate this to Chinese", Request(kind=Kind.TRANSLATION, language="zh")),
        (
            "translate to de: Good morning, all!",
            Request(kind=Kind.TRANSLATION, language="de", text="Good morning, all!"),
        ),
        (
            'translate "Good morning" into French',
            Request(kind=Kind.TRANSLATION, language="fr", text="Good morning"),
        ),
        ("翻译成英文", Request(kind=Kind.TRANSLATION, language="en")),
        ("draft a reply saying that we agree", Request(kind=Kind.REPLY, text="that we agree")),
        ("rewrite formal: we come", Request(kind=Kind.REWRITE, tone="formal", text="we come")),
        ("explain this message", Request(kind=Kind.EXPLANATION)),
        ("what are the action items from this thread?", Request(kind=Kind.ITEMS)),
        ("整理待办事项", Request(kind=Kind.ITEMS)),
        ("meeting notes: Ana: hi", Request(kind=Kind.NOTES, text="Ana: hi")),
    ],
)
def test_what_is_asked_for(text: str, expected: Request) -> None:
    assert find_request(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "summarize the third quarter report",
        "who translated the menu to Chinese?",
        "list my tasks",
        "explain how the oven works",
        "what did the notes of Monday say?",
        "create a bucket called summary",
    ],
)
def test_other_questions_are_left_alone(text: str) -> None:
    assert find_request(text) is None


def test_commands_are_read_by_their_own_rules() -> None:
    assert read_command("/translate", "zh Good day") == Request(
        kind=Kind.TRANSLATION, language="zh", text="Good day"
    )
    assert read_command("/rewrite", "short We are late") == Request(
        kind=Kind.REWRITE, tone="short", text="We are late"
    )
    assert read_command("/summarize", "#sales").channel == "#sales"
    assert work.COMMANDS.keys() == set(Kind)
    assert {item.command for item in list_own_commands()} >= {kind.value for kind in Kind}


async def shown_to(company, who: str, channel: str) -> list[str]:
    """Texts that one person alone is shown in a channel."""
    rows = await company.env.store.reader.rows(
        "SELECT message FROM chat_ephemeral WHERE channel_id = ? AND user_id = ? "
        "ORDER BY ts_us LIMIT 50",
        channel,
        company.users[who].id,
    )
    return [json.loads(row[0])["text"] for row in rows]


async def test_a_mention_posts_a_summary_of_what_all_here_read(company):
    await company.hire("ana")
    secret = await company.channel("board", "admin", private=True)
    await company.say("admin", secret, "We decided to merge with Fornaio.")
    channel = await company.channel("lobby", "admin", "ana", private=True)
    await company.say("ana", channel, "We decided to paint the lobby.")
    asked = await ask(company, "admin", channel, "summarize this channel")
    (answer,) = await answers_to(company, "admin", channel, asked)
    assert "paint the lobby. [1]" in answer
    assert "[1] <http" in answer
    asked = await ask(company, "admin", channel, "summarize #board")
    assert await answers_to(company, "admin", channel, asked) == []
    (shown,) = await shown_to(company, "admin", channel)
    assert "merge with Fornaio" in shown
    asked = await ask(company, "ana", channel, "summarize #board")
    assert await answers_to(company, "ana", channel, asked) == []
    assert "Fornaio" not in str(await shown_to(company, "ana", channel))


async def test_a_command_answers_its_caller_alone_even_where_the_copilot_is_not(live_company):
    company = live_company
    await company.hire("eve")
    channel = await company.channel("bakery", "admin", private=True, copilot=False)
    await company.say("admin", channel, "We decided to buy an oven.")
    call = company.calls["admin"]
    await commands.run_command(company.env, call, channel, "/summarize", "")
    await company.env.events.settle()
    (shown,) = await shown_to(company, "admin", channel)
    assert "buy an oven" in shown
    with pytest.raises(VolanoError):
        await commands.run_command(company.env, company.calls["eve"], channel, "/summarize", "")
    with pytest.raises(VolanoError, match="no command /dance"):
        await commands.run_command(company.env, call, channel, "/dance", "")


async def test_items_become_tasks_when_their_cards_are_pressed(company):
    ana = await company.hire("ana")
    channel = await company.channel("bakery", "admin", "ana", private=True)
    await company.say("admin", channel, f"<@{ana.id}>, can you order flour by Friday?")
    await ask(company, "admin", channel, "list the action items")
    call = company.calls["admin"]
    (waiting,) = await proposals.list_proposals(company.env, call, before_us=1 << 62, limit=9)
    assert waiting.only_asker
    assert waiting.arguments["title"] == "Order flour by Friday"
    assert waiting.arguments["assignee"] == ana.id
    assert await tasks.list_tasks(company.env, company.calls["ana"], done=False, given=False) == []
    await proposals.approve(company.env, call, waiting.id)
    (task,) = await tasks.list_tasks(company.env, company.calls["ana"], done=False, given=False)
    assert (task.title, task.channel_id, task.due_us > 0) == (
        "Order flour by Friday",
        channel,
        True,
    )


async def test_each_command_says_plainly_what_it_needs(live_company):
    company = live_company
    direct = await members.open_direct(company.env, company.calls["admin"], [company.copilot])
    channel = await company.channel("quiet", "admin")
    call = company.calls["admin"]
    del direct
    for line in ("/translate klingon hello", "/rewrite", "/notes", "/explain", "/items", "/reply"):
        await commands.run_command(company.env, call, channel, line, "")
        await company.env.events.settle()
        await asyncio.sleep(0)
    shown = await shown_to(company, "admin", channel)
    for text in ("Into which language", "Say a tone", "Put the transcript", "nothing above"):
        assert any(text in each for each in shown), (text, shown)
    assert any("promised or was asked" in each for each in shown)
