"""Urgent messages: acknowledge, escalate by e-mail and webhook, recall; and the directory."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.smtp import MailServer

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import directory, reminders, urgent
from volano.services.chat.model.directory import Position
from volano.services.chat.model.items import Reminder
from volano.services.chat.model.urgent import Step
from volano.services.chat.store import later as later_rows
from volano.services.chat.store import users as user_rows


async def call_people(company, *names: str, steps=(), text="The line stands still") -> str:
    made = await urgent.send_urgent(
        company.env,
        company.calls["admin"],
        channel_id="",
        ts="",
        text=text,
        users=[company.users[name].id for name in names],
        steps=steps,
    )
    return made.id


async def receivers(company) -> dict:
    [(_, found)] = await urgent.list_urgent(company.env, company.calls["admin"])
    return {receiver.user_id: receiver for receiver in found}


async def test_who_is_called_acknowledges_and_the_sender_sees_it(company):
    await company.hire("ana")
    await company.hire("ben")
    made = await call_people(company, "ana", "ben")
    await urgent.acknowledge(company.env, company.calls["ana"], made)
    await urgent.acknowledge(company.env, company.calls["ana"], made)
    found = await receivers(company)
    assert found[company.users["ana"].id].acknowledged_us > 0
    assert found[company.users["ben"].id].acknowledged_us == 0
    with pytest.raises(VolanoError, match="for you"):
        await urgent.acknowledge(company.env, company.calls["admin"], made)


async def test_who_is_silent_gets_an_email_and_who_answered_does_not(company):
    for name in ("ana", "ben"):
        person = replace(await company.hire(name), email=f"{name}@example.org")
        await company.env.store.transact(
            lambda tx, person=person: user_rows.upsert_user(tx, person)
        )
    steps = [Step(way="email", after_s=0), Step(way="email", after_s=3600)]
    made = await call_people(company, "ana", "ben", steps=steps)
    await urgent.acknowledge(company.env, company.calls["ben"], made)
    async with MailServer() as mail:
        env = replace(company.env, config=replace(company.env.config, smtp_url=mail.url))
        assert await urgent.escalate(env) == 1
        assert await urgent.escalate(env) == 0
        assert len(mail.taken) == 1
        assert "To: ana@example.org" in mail.taken[0]
        assert "The line stands still" in mail.taken[0]
    told = (await receivers(company))[company.users["ana"].id].told
    assert [(item.way, item.error) for item in told] == [("app", ""), ("email", "")]


async def test_two_processes_try_a_way_once(company):
    ana = replace(await company.hire("ana"), email="ana@example.org")
    await company.env.store.transact(lambda tx: user_rows.upsert_user(tx, ana))
    await call_people(company, "ana", steps=[Step(way="email", after_s=0)])
    async with MailServer() as mail:
        env = replace(company.env, config=replace(company.env.config, smtp_url=mail.url))
        tried = await asyncio.gather(urgent.escalate(env), urgent.escalate(env))
        assert (sum(tried), len(mail.taken)) == (1, 1)


async def test_two_processes_remind_once(company):
    ana = await company.hire("ana")
    due = Reminder(
        id="Rm1", account=ana.account, creator=ana.id, user_id=ana.id, text="Tea", due_us=1
    )
    await company.env.store.transact(lambda tx: later_rows.upsert_reminder(tx, due))
    await asyncio.gather(reminders.tell_due(company.env), reminders.tell_due(company.env))
    await reminders.tell_due(company.env)
    told = await company.env.store.reader.rows(
        "SELECT text FROM chat_message WHERE text LIKE 'Reminder%' LIMIT 5"
    )
    assert told == [("Reminder: Tea",)]


async def test_a_way_that_fails_is_written_down_and_the_next_is_tried(company):
    await company.hire("ana")
    steps = [
        Step(way="webhook", after_s=120, url="http://192.0.2.1:9/hook"),
        Step(way="email", after_s=0),
    ]
    with pytest.raises(VolanoError):
        await call_people(company, "ana", steps=steps)  # the address is not public
    await call_people(company, "ana", steps=steps[1:])
    assert await urgent.escalate(company.env) == 1
    found = (await receivers(company))[company.users["ana"].id]
    assert "e-mail address" in found.told[-1].error
    assert found.due_us == 0


async def test_only_the_sender_recalls_and_then_nobody_is_called(company):
    await company.hire("ana")
    made = await call_people(company, "ana", steps=[Step(way="email", after_s=0)])
    with pytest.raises(VolanoError, match="sender"):
        await urgent.recall(company.env, company.calls["ana"], made)
    await urgent.recall(company.env, company.calls["admin"], made)
    assert await urgent.escalate(company.env) == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"text": " "}, "invalid_arguments"),
        ({"steps": [Step(way="pigeon", after_s=1)]}, "invalid_arguments"),
        ({"steps": [Step(way="email", after_s=-1)]}, "invalid_arguments"),
        ({"users": []}, "invalid_arguments"),
        ({"users": ["U0NOBODY"]}, "user_not_found"),
        ({"channel_id": "C0NONE", "ts": "1.000000"}, "channel_not_found"),
    ],
)
async def test_wrong_urgent_messages_are_refused(company, fields, code):
    ana = await company.hire("ana")
    good = {"channel_id": "", "ts": "", "text": "now", "users": [ana.id], "steps": []}
    with pytest.raises(VolanoError) as caught:
        await urgent.send_urgent(company.env, company.calls["admin"], **{**good, **fields})
    assert caught.value.wire_code == code


async def put(company, name: str, parent: str = "", department_id: str = "") -> str:
    made = await directory.put_department(
        company.env,
        company.calls["admin"],
        department_id=department_id,
        name=name,
        parent_id=parent,
    )
    return made.id


async def test_departments_are_a_tree_without_rings(company):
    ana = await company.hire("ana")
    top = await put(company, "Works")
    shop = await put(company, "Shop", top)
    night = await put(company, "Night shift", shop)
    with pytest.raises(VolanoError, match="below itself"):
        await put(company, "Works", night, top)
    with pytest.raises(VolanoError, match="no department"):
        await put(company, "Lost", "D0NONE")
    position = Position(user_id=ana.id, account=company.account, department_id=shop, title="Turner")
    await directory.put_position(company.env, company.calls["admin"], position)
    await directory.delete_department(company.env, company.calls["admin"], shop)
    departments, positions = await directory.read_directory(company.env, company.calls["admin"])
    assert {item.id: item.parent_id for item in departments} == {top: "", night: top}
    assert [(item.department_id, item.title) for item in positions] == [(top, "Turner")]


async def test_nobody_manages_themselves(company):
    ana = await company.hire("ana")
    own = Position(user_id=ana.id, account=company.account, manager_id=ana.id)
    with pytest.raises(VolanoError, match="own manager"):
        await directory.put_position(company.env, company.calls["admin"], own)
