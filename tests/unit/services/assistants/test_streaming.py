"""Answers that are shown while they are written: never a link, never what is for the asker alone."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.unit.services.assistants.conftest import ScriptedModel
from tests.unit.services.assistants.test_answers import GROSS, answers_to, ask

from volano.kernel.inference import Delta
from volano.services.assistants.logic import streaming
from volano.services.chat.logic.history import Span, read_thread
from volano.services.chat.logic.own_bots import Grown, grow_own


class Slow(ScriptedModel):
    """Writes its text piece by piece; `look` sees what stands in the chat after each."""

    pieces: tuple[str, ...] = ()
    look = None

    async def generate(self, request):
        for number, piece in enumerate(self.pieces):
            is_last = number == len(self.pieces) - 1
            yield Delta(
                text=piece,
                finish_reason="stop" if is_last else None,
                last=is_last,
                prompt_tokens=10,
                completion_tokens=number + 1,
            )
            if self.look is not None:
                await self.look()


async def test_an_answer_grows_in_one_message_without_links(company, with_model, monkeypatch):
    monkeypatch.setattr(streaming, "EVERY_S", 0.0)
    await with_model(company, lambda _: ["unused"])
    channel = await company.channel("sales", "admin")
    await company.say("admin", channel, GROSS)
    seen: list[str] = []
    model = Slow(lambda _: [])
    model.pieces = (
        "The gross sales were EUR 30,178.98 [1]. ",
        "See [the report](https://evil.exa",
        "mple/collect?d=secret) for <!channel> more.",
    )

    async def look() -> None:
        rows = await company.env.store.reader.rows(
            "SELECT text FROM chat_message WHERE channel_id = ? AND user_id = ? LIMIT 9",
            channel,
            company.copilot,
        )
        seen.extend(row[0] for row in rows)

    model.look = look
    company.env = replace(company.env, inference=model)
    asked = await ask(company, "admin", channel, "what were the gross sales?")
    (answer,) = await answers_to(company, "admin", channel, asked)
    assert "See the report for  more." in answer
    assert answer.count("/archives/") == 1
    assert seen[0].startswith("The gross sales were EUR 30,178.98")
    assert seen[0].endswith(streaming.WRITING)
    assert len(set(seen)) > 1
    assert all("evil" not in text and "<!channel>" not in text for text in seen)
    page = await read_thread(company.env, company.calls["admin"], channel, asked.ts, Span(limit=9))
    message = page.messages[-1]
    assert message["streaming_state"] == "completed"
    assert "edited" not in message


async def test_an_answer_for_the_asker_alone_leaves_a_note(company, with_model, monkeypatch):
    monkeypatch.setattr(streaming, "EVERY_S", 0.0)
    call = ("call_tool", json.dumps({"name": "s3_ListBuckets", "arguments": {}}))
    await with_model(
        company,
        lambda request: (
            ["I look at the buckets now, wait a moment.", call]
            if request.messages[-1]["role"] == "user"
            else ["There are no buckets at all here."]
        ),
    )
    texts: list[str] = []
    grow = streaming.chat.grow_own

    async def noted(env, account, bot_id, grown) -> None:
        texts.append(grown.text)
        await grow(env, account, bot_id, grown)

    monkeypatch.setattr(streaming.chat, "grow_own", noted)
    channel = await company.channel("ops", "admin")
    asked = await ask(company, "admin", channel, "how full is everything that we keep?")
    assert texts == [streaming.FOR_ASKER]  # what came of the tool was never shown here
    assert await answers_to(company, "admin", channel, asked) == [streaming.FOR_ASKER]


async def test_only_ones_own_messages_grow(company):
    channel = await company.channel("ops", "admin")
    said = await company.say("admin", channel, "mine")
    grown = Grown(channel=channel, ts_us=said.ts_us, text="stolen", finished=True)
    await grow_own(company.env, company.account, company.copilot, grown)
    page = await read_thread(company.env, company.calls["admin"], channel, said.ts, Span(limit=9))
    assert page.messages[0]["text"] == "mine"
