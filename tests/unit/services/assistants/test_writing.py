"""Summaries, translations, drafts, notes and items: as the caller reads, honest without a model."""

from __future__ import annotations

import json

import pytest

from volano.kernel.errors import Denied, NotFound
from volano.services.assistants.logic import (
    assistants,
    drafts,
    items,
    notes,
    summaries,
    translations,
    writer,
)
from volano.services.assistants.model import InvalidAssistant
from volano.services.chat.logic import members, messages, workspaces
from volano.services.chat.logic.indexing import index_waiting
from volano.services.chat.logic.messages import Change

TALK = (
    ("admin", "What shall we do about the oven?"),
    ("ana", "The oven of the bakery is broken again."),
    ("admin", "We decided to buy a new oven by Friday."),
    ("ana", "I'll call the shop tomorrow."),
)


@pytest.fixture
async def bakery(company):
    await company.hire("ana")
    await company.hire("eve")
    channel = await company.channel("bakery", "admin", "ana", private=True)
    for who, text in TALK:
        await company.say(who, channel, text)
    return channel


async def test_a_summary_names_only_messages_that_were_read(company, with_model, bakery):
    model = await with_model(
        company,
        lambda _: [
            "• A new oven is bought [3], see https://evil.example/x [99] <!here> [1](http://e)"
        ],
    )
    found = await summaries.summarize(company.env, company.calls["ana"], bakery)
    assert [source.number for source in found.sources] == [3]
    assert "evil.example" not in found.text
    assert "[99]" not in found.text
    assert "<!here>" not in found.text
    assert "http" not in found.text
    assert found.model
    assert not found.missing
    assert "We decided to buy a new oven" in str(model.prompts[0].messages)


async def test_a_long_channel_is_read_in_parts(company, with_model):
    model = await with_model(company, lambda _: ["• It went on [1]"])
    channel = await company.channel("long", "admin")
    for number in range(16):
        await company.say("admin", channel, f"Report {number}: " + "many words " * 100)
    await summaries.summarize(company.env, company.calls["admin"], channel)
    assert len(model.prompts) == 3
    assert "Merge" in str(model.prompts[-1].messages)


async def test_without_a_model_a_summary_quotes_and_says_what_is_missing(company, bakery):
    found = await summaries.summarize(company.env, company.calls["ana"], bakery)
    assert found.missing == writer.NO_MODEL
    assert "*Decisions and deadlines*\n• Admin: We decided to buy a new oven by Friday. [3]" in (
        found.text
    )
    assert "Questions without an answer" in found.text
    assert {source.number for source in found.sources} == {1, 2, 3, 4}


async def test_a_thread_is_summarized_alone(company, bakery):
    root = await company.say("admin", bakery, "Which colour?")
    await company.say("ana", bakery, "Let's take red.", thread_ts=root.ts)
    call = company.calls["ana"]
    found = await summaries.summarize(company.env, call, bakery, thread_ts=root.ts)
    assert "red" in found.text
    assert "oven" not in found.text


async def test_nobody_gets_words_of_what_they_may_not_read(company, with_model, bakery):
    model = await with_model(company, lambda request: [str(request.messages)])
    env, eve = company.env, company.calls["eve"]
    said = await company.say("admin", bakery, "The secret is 4711.")
    with pytest.raises(NotFound):
        await summaries.summarize(env, eve, bakery)
    with pytest.raises(NotFound):
        await translations.translate_message(env, eve, bakery, said.ts, "zh")
    with pytest.raises(NotFound):
        await drafts.suggest_reply(env, eve, bakery)
    with pytest.raises(NotFound):
        await drafts.explain_message(env, eve, bakery, said.ts)
    with pytest.raises(NotFound):
        await items.find_items(env, eve, bakery)
    assert model.prompts == []


async def test_a_translation_is_made_once_and_follows_the_message(company, with_model, bakery):
    model = await with_model(company, lambda request: [f"第{len(model.prompts)}次"])
    env, ana = company.env, company.calls["ana"]
    said = await company.say("admin", bakery, "Good morning")
    first = await translations.translate_message(env, ana, bakery, said.ts, "Chinese")
    again = await translations.translate_message(env, company.calls["admin"], bakery, said.ts, "zh")
    assert (first.text, again.text, len(model.prompts)) == ("第1次", "第1次", 1)
    change = Change(channel=bakery, ts=said.ts, text="Good evening")
    await messages.update_message(env, company.calls["admin"], change)
    changed = await translations.translate_message(env, ana, bakery, said.ts, "zh")
    assert changed.text == "第2次"
    await members.kick_user(env, company.calls["admin"], bakery, company.users["ana"].id)
    with pytest.raises(NotFound):
        await translations.translate_message(env, ana, bakery, said.ts, "zh")


async def test_translations_of_deleted_messages_are_forgotten(company, with_model, bakery):
    await with_model(company, lambda _: ["早上好"])
    env, admin = company.env, company.calls["admin"]
    kept = await company.say("admin", bakery, "Good morning")
    gone = await company.say("admin", bakery, "Good night")
    for said in (kept, gone):
        await translations.translate_message(env, admin, bakery, said.ts, "zh")
    await messages.delete_message(env, admin, bakery, gone.ts)

    async def age(tx) -> None:
        await tx.execute("UPDATE assistants_translation SET checked_us = 0")

    await env.store.transact(age)
    await translations.forget_changed(env)
    rows = await env.store.reader.rows("SELECT ts_us FROM assistants_translation LIMIT 10")
    assert [row[0] for row in rows] == [kept.ts_us]


async def test_a_channel_is_translated_for_who_chose_it(company, bakery):
    env, ana, eve = company.env, company.calls["ana"], company.calls["eve"]
    await translations.put_language(env, ana, bakery, "zh")
    assert await translations.list_languages(env, ana) == {bakery: "zh"}
    assert await translations.list_languages(env, company.calls["admin"]) == {}
    with pytest.raises(InvalidAssistant):
        await translations.put_language(env, eve, bakery, "zh")
    with pytest.raises(InvalidAssistant, match="klingon"):
        await translations.put_language(env, ana, bakery, "klingon")
    await translations.put_language(env, ana, bakery, "")
    assert await translations.list_languages(env, ana) == {}


async def test_drafts_are_written_and_never_posted(company, with_model, bakery):
    await with_model(company, lambda _: ["Fine, I order it. [click](https://evil.example)"])
    env, ana = company.env, company.calls["ana"]
    drafted = await drafts.suggest_reply(env, ana, bakery, hint="yes")
    assert drafted.text == "Fine, I order it. click"
    rewritten = await drafts.rewrite_text(env, ana, "we buy oven", "formal")
    assert "evil.example" not in rewritten.text
    page = await env.store.reader.rows(
        "SELECT text FROM chat_message WHERE channel_id = ? LIMIT 50", bakery
    )
    assert not any("order it" in row[0] for row in page)
    with pytest.raises(InvalidAssistant, match="tone"):
        await drafts.rewrite_text(env, ana, "x", "rude")


async def test_without_a_model_drafts_and_translations_say_what_is_missing(company, bakery):
    env, ana = company.env, company.calls["ana"]
    said = await company.say("ana", bakery, "What happened to the oven of the bakery?")
    assert (await drafts.rewrite_text(env, ana, "hello", "short")).missing == writer.NO_MODEL
    translated = await translations.translate_message(env, ana, bakery, said.ts, "zh")
    assert (translated.text, translated.missing) == ("", writer.NO_MODEL)
    await index_waiting(env, company.account)
    reply = await drafts.suggest_reply(env, ana, bakery)
    assert "The oven of the bakery is broken again." in reply.text
    assert reply.missing == writer.NO_MODEL


async def test_an_explanation_draws_on_what_the_caller_reads(company, with_model, bakery):
    model = await with_model(company, lambda _: ["An oven bakes bread."])
    call = company.calls["ana"]
    said = await company.say("admin", bakery, "The oven needs a new igniter.")
    found = await drafts.explain_message(company.env, call, bakery, said.ts)
    assert found.text == "An oven bakes bread."
    prompt = str(model.prompts[0].messages)
    assert "[1] The oven needs a new igniter." in prompt


async def test_items_come_from_a_model_as_json_and_from_words_without_one(
    company, with_model, bakery
):
    env, ana = company.env, company.calls["ana"]
    found, missing = await items.find_items(env, ana, bakery)
    assert [(item.title, item.assignee_id) for item in found] == [
        ("Call the shop tomorrow", company.users["ana"].id)
    ]
    assert missing == writer.NO_MODEL
    listed = [
        {
            "title": "Buy an oven https://evil.example",
            "assignee": "Ana",
            "due": "2030-01-02",
            "source": 3,
        },
        {"title": "", "assignee": "", "due": "", "source": 1},
        {"title": "Two", "assignee": "Nobody", "due": "soon", "source": 77},
    ]
    await with_model(company, lambda _: [json.dumps({"items": listed})])
    found, missing = await items.find_items(company.env, ana, bakery)
    assert [(item.title, item.assignee_id, bool(item.ts_us)) for item in found] == [
        ("Buy an oven", company.users["ana"].id, True),
        ("Two", "", False),
    ]
    assert missing == ""
    await with_model(company, lambda _: ["no JSON at all"])
    found, missing = await items.find_items(company.env, ana, bakery)
    assert found
    assert "did not answer with a list" in missing


async def test_notes_of_a_meeting(company, with_model):
    transcript = "Ana: We decided to move in May.\nBo: Who pays?\nAna: I'll ask the bank."
    call = company.calls["admin"]
    quoted = await notes.take_notes(company.env, call, transcript, people={"Ana": "U1"})
    assert quoted.decisions == ["Ana: We decided to move in May."]
    assert quoted.questions == ["Bo: Who pays?"]
    assert [(item.title, item.assignee_id) for item in quoted.items] == [("Ask the bank", "U1")]
    assert quoted.speakers == {"Ana": 2, "Bo": 1}
    assert quoted.missing == writer.NO_MODEL
    made = {"points": ["Moving ![x](https://e.example)"], "decisions": ["May"], "items": []}
    await with_model(company, lambda _: [json.dumps(made)])
    written = await notes.take_notes(company.env, call, transcript, people={})
    assert (written.points, written.decisions, written.missing) == (["Moving"], ["May"], "")
    with pytest.raises(InvalidAssistant):
        await notes.take_notes(company.env, call, "   ", people={})


async def test_a_switched_off_copilot_writes_nothing(company, bakery):
    await workspaces.set_copilot(company.env, company.calls["admin"], enabled=False)
    with pytest.raises(Denied, match="switched the copilot off"):
        await summaries.summarize(company.env, company.calls["ana"], bakery)


async def test_a_spent_budget_is_said_and_the_extract_is_given(company, with_model, bakery):
    model = await with_model(company, lambda _: ["• x [1]"])
    settings = await assistants.get_settings(company.env, company.calls["admin"])
    await assistants.put_settings(
        company.env, company.calls["admin"], model=settings.model, may_act=True, tokens_per_day=0
    )
    found = await summaries.summarize(company.env, company.calls["ana"], bakery)
    assert "tokens" in found.missing
    assert "decided" in found.text
    assert model.prompts == []
