"""Tasks of one's own and of others, with dates and reminders."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.services.office.conftest import staff

from volano.kernel.clock import ManualClock
from volano.services.chat.logic import members
from volano.services.chat.logic.history import Span, read_history
from volano.services.office.logic import desk, tasks
from volano.services.office.logic.tasks import Wanted
from volano.services.office.model import InvalidForm, NoSuchTask


async def told(company, who: str) -> list[str]:
    """What the office's bot wrote to somebody, the newest first."""
    bot = await desk.bot_of(company.env, company.account)
    direct = await members.open_direct(company.env, company.calls[who], [bot])
    page = await read_history(company.env, company.calls[who], direct.channel.id, Span(limit=20))
    return [message["text"] for message in page.messages]


async def test_ones_own_tasks_by_date(staffed):
    env, ana = staffed.env, staffed.calls["ana"]
    for title, due_us in (("later", 3_000_000), ("someday", 0), ("soon", 1_000_000)):
        await tasks.create_task(env, ana, Wanted(title=title, due_us=due_us))
    found = await tasks.list_tasks(env, ana, done=False, given=False)
    assert [task.title for task in found] == ["soon", "later", "someday"]
    await tasks.update_task(env, ana, found[0].id, wanted=Wanted(title="soon"), done=True)
    assert len(await tasks.list_tasks(env, ana, done=False, given=False)) == 2
    (done,) = await tasks.list_tasks(env, ana, done=True, given=False)
    assert done.done_us > 0
    assert await tasks.list_tasks(env, staffed.calls["ben"], done=False, given=False) == []


async def test_a_message_becomes_a_task_with_its_words(staffed):
    channel = await staffed.channel("shop", "admin", "ana")
    said = await staffed.say("admin", channel, "Please order *flour* <https://x.example|here>")
    task = await tasks.create_task(
        staffed.env, staffed.calls["ana"], Wanted(channel_id=channel, message_ts=said.ts)
    )
    assert task.title.startswith("Please order flour")
    assert task.message_us == said.ts_us
    secret = await staffed.channel("board", "admin", private=True)
    said = await staffed.say("admin", secret, "The merger is in March.")
    with pytest.raises(InvalidForm):
        await tasks.create_task(
            staffed.env, staffed.calls["ana"], Wanted(channel_id=secret, message_ts=said.ts)
        )


async def test_given_tasks_are_told_and_so_is_their_end(live_company):
    company = await staff(live_company)
    ben = company.users["ben"].id
    task = await tasks.create_task(
        company.env, company.calls["ana"], Wanted(title="Bake", assignee_id=ben)
    )
    await company.env.events.settle()
    assert "gave you a task" in (await told(company, "ben"))[0]
    with pytest.raises(InvalidForm):
        await tasks.delete_task(company.env, company.calls["ben"], task.id)
    await tasks.update_task(
        company.env, company.calls["ben"], task.id, wanted=Wanted(title="Bake"), done=True
    )
    await company.env.events.settle()
    assert "did what you asked for" in (await told(company, "ana"))[0]
    with pytest.raises(NoSuchTask):
        await tasks.delete_task(company.env, company.calls["dan"], task.id)
    await tasks.delete_task(company.env, company.calls["ana"], task.id)


async def test_due_tasks_are_reminded_once_and_again_after_a_new_date(staffed):
    staffed.env = replace(staffed.env, clock=ManualClock(staffed.env.clock.now_us()))
    env, ana = staffed.env, staffed.calls["ana"]
    due_us = env.clock.now_us() + 60_000_000
    task = await tasks.create_task(env, ana, Wanted(title="Call Fornaio", due_us=due_us))
    await tasks.remind_due(env)
    assert await told(staffed, "ana") == []
    env.clock.advance(61)
    for _ in range(3):
        await tasks.remind_due(env)
    assert len(await told(staffed, "ana")) == 1
    later = Wanted(title="Call Fornaio", due_us=due_us + 60_000_000)
    await tasks.update_task(env, ana, task.id, wanted=later)
    env.clock.advance(61)
    await tasks.remind_due(env)
    assert len(await told(staffed, "ana")) == 2


@pytest.mark.parametrize("title", ["", "x" * 301, "a\x00b"])
async def test_wrong_titles_are_refused(staffed, title):
    with pytest.raises(InvalidForm):
        await tasks.create_task(staffed.env, staffed.calls["ana"], Wanted(title=title))
