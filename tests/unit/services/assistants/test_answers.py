"""The copilot: it quotes what the people present may read, once, and nothing else."""

from __future__ import annotations

import asyncio
import random

import msgspec
import pytest

from volano.kernel.call import system_call
from volano.kernel.ids import AccountId
from volano.services.assistants.logic import answers, questions
from volano.services.chat.logic import members, messages, workspaces
from volano.services.chat.logic.history import Span, permalink, read_history, read_thread
from volano.services.chat.logic.live import topic_of
from volano.services.chat.logic.messages import Change, Draft
from volano.services.objects import interface as objects
from volano.services.studio.logic.documents import index_object

GROSS = "Gross sales of the month were EUR 30,178.98 from 216 orders."


async def ask(company, who: str, channel: str, text: str, **more):
    """Post a question and let the copilot handle it; returns the question."""
    posted = await company.say(who, channel, f"{company.mention} {text}", **more)
    await answers.answer_message(company.env, company.account, channel, posted.ts_us)
    return posted


async def answers_to(company, who: str, channel: str, question) -> list[str]:
    page = await read_thread(company.env, company.calls[who], channel, question.ts, Span(limit=100))
    return [m["text"] for m in page.messages if m["user"] == company.copilot]


async def test_an_answer_quotes_the_sentence_with_its_source(company):
    channel = await company.channel("sales", "admin")
    said = await company.say("admin", channel, f"Good morning! {GROSS}")
    question = await ask(company, "admin", channel, "what were the gross sales of the month?")
    (answer,) = await answers_to(company, "admin", channel, question)
    assert answer.startswith(f"&gt; *{GROSS}*\n")
    assert f"<{permalink(company.env, channel, said.ts_us)}|Admin, " in answer
    assert answer.endswith("in #sales")


async def test_the_mention_itself_is_never_the_source(company):
    channel = await company.channel("sales", "admin")
    posted = await company.say(
        "admin", channel, f"{GROSS} {company.mention} what were the gross sales of the month?"
    )
    await answers.answer_message(company.env, company.account, channel, posted.ts_us)
    assert await answers_to(company, "admin", channel, posted) == [answers.NOT_FOUND_HERE]


async def test_total_sales_are_found_in_a_report(company):
    channel = await company.channel("sales", "admin")
    await company.say("admin", channel, "The weather is fine.")
    await company.say("admin", channel, "Total sales: EUR 1,234.50")
    question = await ask(company, "admin", channel, "what were the total sales?")
    (answer,) = await answers_to(company, "admin", channel, question)
    assert "EUR 1,234.50" in answer


@pytest.mark.parametrize(
    "text", ["is there a car park near the moon?", "who painted the ceiling?", "sales?"]
)
async def test_what_has_no_answer_is_said_plainly(company, text):
    channel = await company.channel("sales", "admin")
    await company.say("admin", channel, "The car needs new tyres on Monday.")
    question = await ask(company, "admin", channel, text)
    assert await answers_to(company, "admin", channel, question) == [answers.NOT_FOUND_HERE]


async def test_chinese_is_found(company):
    channel = await company.channel("销售", "admin")
    await company.say("admin", channel, "本月销售总额为三万欧元。明天开会。")
    question = await ask(company, "admin", channel, "本月销售总额是多少？")
    (answer,) = await answers_to(company, "admin", channel, question)
    assert "本月销售总额为三万欧元。" in answer


async def test_an_event_handled_twice_is_answered_once(company):
    channel = await company.channel("sales", "admin")
    await company.say("admin", channel, GROSS)
    question = await ask(company, "admin", channel, "what were the gross sales?")
    for _ in range(3):
        await answers.answer_message(company.env, company.account, channel, question.ts_us)
    assert len(await answers_to(company, "admin", channel, question)) == 1


async def test_answers_come_by_events_and_only_for_mentions(live_company):
    company = live_company
    channel = await company.channel("sales", "admin")
    await company.say("admin", channel, GROSS)
    plain = await company.say("admin", channel, "what were the gross sales?")
    asked = await company.say("admin", channel, f"{company.mention} what were the gross sales?")
    await company.env.events.settle()
    (answer,) = await answers_to(company, "admin", channel, asked)
    assert "30,178.98" in answer
    assert await answers_to(company, "admin", channel, plain) == []


async def test_a_direct_message_is_a_question(company):
    ana = await company.hire("ana")
    channel = await company.channel("sales", "admin", private=True)
    await company.say("admin", channel, GROSS)
    del ana
    for who, expected in (("admin", "30,178.98"), ("ana", answers.NOT_FOUND)):
        direct = await members.open_direct(company.env, company.calls[who], [company.copilot])
        posted = await company.say(who, direct.channel.id, "What were the gross sales?")
        await answers.answer_message(company.env, company.account, direct.channel.id, posted.ts_us)
        page = await read_history(company.env, company.calls[who], direct.channel.id, Span())
        assert expected in page.messages[0]["text"]


async def test_what_not_everyone_here_may_read_is_shown_to_the_asker_alone(company):
    ana = await company.hire("ana")
    secret = await company.channel("board", "admin", private=True)
    await company.say("admin", secret, "The merger with Fornaio closes in March.")
    shared = await company.channel("lobby", "admin", "ana", private=True)
    own = company.env.events.listen(topic_of(company.account, company.users["admin"].id))
    other = company.env.events.listen(topic_of(company.account, ana.id))
    mine, hers = asyncio.ensure_future(collect(own)), asyncio.ensure_future(collect(other))
    await asyncio.sleep(0)
    question = await ask(company, "admin", shared, "when does the merger with Fornaio close?")
    assert await answers_to(company, "admin", shared, question) == []
    await asyncio.sleep(0)
    mine.cancel(), hers.cancel()
    seen = await asyncio.gather(mine, hers)
    shown = [e for e in seen[0] if e.get("is_ephemeral")]
    assert "closes in March" in shown[0]["text"]
    assert shown[0]["text"].startswith(answers.ONLY_YOU)
    assert "March" not in msgspec.json.encode(seen[1]).decode()


async def collect(stream) -> list[dict]:
    events: list[dict] = []
    try:
        async for payload in stream:
            events.append(msgspec.json.decode(payload))
    except asyncio.CancelledError:
        pass
    return events


async def test_a_public_channel_is_read_by_everyone(company):
    """All members of a public channel may read the private one; those who join later may not."""
    secret = await company.channel("board", "admin", private=True)
    await company.say("admin", secret, "The merger with Fornaio closes in March.")
    public = await company.channel("open", "admin")
    question = await ask(company, "admin", public, "when does the merger with Fornaio close?")
    assert await answers_to(company, "admin", public, question) == []


async def test_who_left_does_not_read_any_more(company):
    await company.hire("ana")
    secret = await company.channel("board", "admin", "ana", private=True)
    await company.say("admin", secret, "The merger with Fornaio closes in March.")
    direct = await members.open_direct(company.env, company.calls["ana"], [company.copilot])
    await members.kick_user(company.env, company.calls["admin"], secret, company.users["ana"].id)
    posted = await company.say("ana", direct.channel.id, "when does the merger close?")
    await answers.answer_message(company.env, company.account, direct.channel.id, posted.ts_us)
    page = await read_history(company.env, company.calls["ana"], direct.channel.id, Span())
    assert page.messages[0]["text"] == answers.NOT_FOUND


async def test_edited_and_deleted_words_are_gone(company):
    channel = await company.channel("facts", "admin")
    env, admin = company.env, company.calls["admin"]
    first = await company.say("admin", channel, "The door code of the depot is 4711.")
    second = await company.say("admin", channel, "The door code of the office is 9042.")
    question = await ask(company, "admin", channel, "what is the door code of the depot?")
    assert "4711" in (await answers_to(company, "admin", channel, question))[0]
    change = Change(channel=channel, ts=first.ts, text="Never mind about the depot.")
    await messages.update_message(env, admin, change)
    await messages.delete_message(env, admin, channel, second.ts)
    question = await ask(company, "admin", channel, "what is the door code of the office?")
    assert await answers_to(company, "admin", channel, question) == [answers.NOT_FOUND_HERE]


async def test_a_disabled_copilot_is_silent(company):
    from volano.services.identity.logic import users as identity_users

    channel = await company.channel("sales", "admin")
    await company.say("admin", channel, GROSS)
    await identity_users.set_user_disabled(
        company.env, company.calls["admin"], "copilot", disabled=True
    )
    question = await ask(company, "admin", channel, "what were the gross sales?")
    assert await answers_to(company, "admin", channel, question) == []


async def test_a_switched_off_copilot_is_silent_until_it_is_on_again(company):
    channel = await company.channel("sales", "admin")
    await company.say("admin", channel, GROSS)
    for enabled in (False, True):
        await workspaces.set_copilot(company.env, company.calls["admin"], enabled=enabled)
        question = await ask(company, "admin", channel, "what were the gross sales?")
        assert len(await answers_to(company, "admin", channel, question)) == int(enabled)


async def test_a_person_without_permission_to_read_gets_nothing_by_asking(company):
    """A policy that denies reading a channel holds for the copilot's answers too."""
    from volano.services.identity.store import policies as policy_rows

    ana = await company.hire("ana")
    channel = await company.channel("sales", "admin")
    await company.say("admin", channel, GROSS)
    deny = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": "chat:ReadMessages",
                "Resource": f"arn:aws:chat:*:*:channel/{channel}",
            }
        ],
    }

    async def write(tx):
        await policy_rows.upsert_inline(
            tx, ana.principal_id, "deny", msgspec.json.encode(deny).decode()
        )

    await company.env.store.transact(write)
    direct = await members.open_direct(company.env, company.calls["ana"], [company.copilot])
    posted = await company.say("ana", direct.channel.id, "What were the gross sales?")
    await answers.answer_message(company.env, company.account, direct.channel.id, posted.ts_us)
    page = await read_history(company.env, company.calls["ana"], direct.channel.id, Span())
    assert page.messages[0]["text"] == answers.NOT_FOUND


async def test_documents_in_buckets_need_permission_of_everyone_here(company):
    env = company.env
    await company.hire("ana")
    await company.hire("bob", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    system = system_call(env, AccountId(company.account))
    bucket = f"handbook-{company.account}"
    await objects.ensure_bucket(env, system, bucket)
    text = b"# Leave\n\nEveryone has thirty days of leave a year.\n"
    await objects.put_object(env, system, bucket, "leave.md", text)
    await index_object(env, company.account, bucket, "leave.md", len(text))
    with_bob = await company.channel("with-bob", "admin", "bob", private=True)
    question = await ask(company, "bob", with_bob, "how many days of leave do I have?")
    (answer,) = await answers_to(company, "bob", with_bob, question)
    assert "thirty days of leave" in answer
    assert f"/objects/{bucket}/leave.md|" in answer
    with_ana = await company.channel("with-ana", "admin", "ana", "bob", private=True)
    question = await ask(company, "bob", with_ana, "how many days of leave do I have?")
    assert await answers_to(company, "bob", with_ana, question) == []
    question = await ask(company, "ana", with_ana, "how many days of leave do I have?")
    assert await answers_to(company, "ana", with_ana, question) == [answers.NOT_FOUND_HERE]


async def test_its_words_and_links_cannot_be_made_by_a_source(company):
    channel = await company.channel("tricks", "admin")
    await company.say(
        "admin", channel, "The holiday plan <https://evil.example/x|is here> and |<b>* everywhere."
    )
    question = await ask(company, "admin", channel, "where is the holiday plan?")
    (answer,) = await answers_to(company, "admin", channel, question)
    assert "evil.example" not in answer
    assert "<b>" not in answer


def test_the_question_is_what_follows_the_mention():
    from volano.services.chat.model import Message

    def asked(text: str, **body) -> str:
        message = Message(channel_id="C1", ts_us=1, account="1", user_id="U1", text=text, body=body)
        return questions.question_of(message, "U0COPILOT")

    assert asked("Sales were 5. <@U0COPILOT> how much?") == "how much?"
    assert asked("<@U0COPILOT>, hi. What is it? Thanks.") == "hi. What is it? Thanks."
    assert asked("<@U0COPILOT> " + "Well. " * 100 + "What is it? Thanks.") == "What is it?"
    assert asked("What is it <@U0COPILOT>") == "What is it"
    assert asked("<@U0COPILOT>") == ""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "<@U0COPILOT> who?"}}]
    assert asked("fallback", blocks=blocks) == "who?"


@pytest.mark.parametrize("seed", range(4))
async def test_no_canary_reaches_anyone_who_may_not_read_it(company, seed):
    """Random channels, members and questions: what an asker or an audience may not read stays out."""
    dice = random.Random(seed)
    names = [f"p{number}" for number in range(5)]
    for name in names:
        await company.hire(name)
    people = ["admin", *names]
    places: dict[str, set[str]] = {}
    canaries: dict[str, str] = {}
    public: set[str] = set()
    for number in range(6):
        inside = dice.sample(people, dice.randint(1, 4))
        private = dice.random() < 0.7
        place = await company.channel(f"c{number}", inside[0], *inside[1:], private=private)
        places[place] = set(inside)
        if not private:
            public.add(place)
        canaries[place] = f"canary{seed}x{number}{dice.getrandbits(40):x}"
        kept = await company.say(
            dice.choice(inside), place, f"The launch code of project Ghibli is {canaries[place]}."
        )
        if dice.random() < 0.2:
            author = next(n for n in people if company.users[n].id == kept.user_id)
            await messages.delete_message(company.env, company.calls[author], place, kept.ts)
            canaries[place] = "deleted" + canaries[place]
        if private and len(inside) > 2 and dice.random() < 0.5:
            gone = inside[-1]
            await members.kick_user(
                company.env, company.calls[inside[0]], place, company.users[gone].id
            )
            places[place].discard(gone)
    leaks: list[str] = []
    for place, inside in places.items():
        for asker in sorted(inside)[:2]:
            question = await ask(
                company, asker, place, "what is the launch code of project Ghibli?"
            )
            text = " ".join(await answers_to(company, asker, place, question))
            audience = set(people) if place in public else inside
            for other, canary in canaries.items():
                may = other == place or other in public or audience <= places[other]
                if canary in text and not may:
                    leaks.append(f"{canary} of {other} in {place}")
                if canary.startswith("deleted") and canary[7:] in text:
                    leaks.append(f"deleted {canary}")
    assert leaks == []


async def test_an_unread_draft_never_posts(company):
    """A question that was deleted before it was handled is not answered."""
    channel = await company.channel("sales", "admin")
    await company.say("admin", channel, GROSS)
    posted = await company.say("admin", channel, f"{company.mention} gross sales?")
    await messages.delete_message(company.env, company.calls["admin"], channel, posted.ts)
    await answers.answer_message(company.env, company.account, channel, posted.ts_us)
    page = await read_history(company.env, company.calls["admin"], channel, Span())
    assert [message["text"] for message in page.messages] == [GROSS]


async def test_the_copilot_does_not_answer_itself(company):
    channel = await company.channel("sales", "admin")
    await company.say("admin", channel, GROSS)
    question = await ask(company, "admin", channel, "what were the gross sales?")
    page = await read_thread(
        company.env, company.calls["admin"], channel, question.ts, Span(limit=10)
    )
    answer = page.messages[-1]
    assert (
        await questions.find_question(
            company.env, company.account, channel, int(answer["ts"].replace(".", ""))
        )
        is None
    )
    assert Draft(channel=channel).client_msg_id is None
