"""What somebody missed, drawn from their own unread messages."""

from __future__ import annotations

from tests.unit.services.assistants.test_answers import ask

from volano.services.assistants.logic import recap
from volano.services.chat.logic import members
from volano.services.chat.logic.history import Span, mark_read, read_history


async def test_sections_hold_what_matters_once(company):
    ana = await company.hire("ana")
    channel = await company.channel("team", "admin", "ana")
    await mark_read(
        company.env,
        company.calls["ana"],
        channel,
        (await company.say("admin", channel, "Read already?")).ts,
    )
    await company.say("admin", channel, f"<@{ana.id}> can you look at the oven?")
    await company.say("admin", channel, "Where is the flour?")
    await company.say("admin", channel, "We agreed to close on Sundays.")
    await company.say("admin", channel, "It rains.")
    found = await recap.make(company.env, company.calls["ana"], ana.id)
    words = {name: [line.words for line in lines] for name, lines in found.sections.items()}
    assert list(words) == ["mentions", "questions", "decisions"]
    assert words["questions"] == ["Where is the flour?"]
    assert words["decisions"] == ["We agreed to close on Sundays."]
    assert (found.messages, found.channels) == (4, 1)


async def test_it_is_told_with_links_and_to_the_asker_alone(company):
    await company.hire("ana")
    channel = await company.channel("team", "admin", "ana")
    said = await company.say("admin", channel, "Where is the flour? <https://evil.example|x>")
    direct = await members.open_direct(company.env, company.calls["ana"], [company.copilot])
    await ask(company, "ana", direct.channel.id, "what did I miss?")
    page = await read_history(company.env, company.calls["ana"], direct.channel.id, Span(limit=1))
    text = page.messages[0]["text"]
    assert f"/archives/{channel}/p{said.ts_us:016d}" in text
    assert "evil.example" not in text
    question = await ask(company, "ana", channel, "catch me up")
    shared = await read_history(company.env, company.calls["ana"], channel, Span(limit=5))
    assert shared.messages[0]["ts"] == question.ts


async def test_nothing_of_channels_that_one_is_not_in(company):
    ana = await company.hire("ana")
    secret = await company.channel("board", "admin", private=True)
    await company.say("admin", secret, "Who will tell Ana?")
    found = await recap.make(company.env, company.calls["ana"], ana.id)
    assert "tell Ana" not in str(found)
