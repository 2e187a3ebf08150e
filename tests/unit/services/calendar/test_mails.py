"""Guests beyond the workplace: mails they get, links they answer by, what programs make of it."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace

import icalendar
import pytest
from tests.smtp import MailServer
from tests.unit.services.calendar.test_events import told, wanted

from volano.kernel.clock import ManualClock
from volano.services.calendar.logic import cards, collections, events, mails, outsiders
from volano.services.calendar.model import (
    Answer,
    Collection,
    EventChanged,
    InvalidEvent,
    NoSuchEvent,
)
from volano.services.calendar.store import events as store
from volano.services.chat.logic import desk
from volano.services.chat.model.desk import Preferences

EVE = "eve@elsewhere.example"


class Post:
    """A company with a mail server; `env` sends to it."""

    def __init__(self, team, server: MailServer) -> None:
        self.team, self.server = team, server
        config = replace(team.env.config, smtp_url=server.url, smtp_from="cal@volano.example")
        self.env = replace(team.env, config=config)

    async def read(self) -> list[tuple[email.message.EmailMessage, icalendar.Calendar]]:
        """What has come since the last time: each mail with its event."""
        await mails.send_due(self.env)
        taken, self.server.taken[:] = self.server.taken[:], []
        found = [email.message_from_string(text, policy=email.policy.default) for text in taken]
        return [(mail, icalendar.Calendar.from_ical(_part(mail).get_content())) for mail in found]


def _part(mail: email.message.EmailMessage) -> email.message.EmailMessage:
    (found,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    return found


@pytest.fixture
async def post(team):
    async with MailServer() as server:
        yield Post(team, server)


async def test_somebody_outside_is_invited_answers_by_the_link_and_is_told_of_the_end(post):
    team = post.team
    made = await events.create_event(
        team.env,
        team.calls["ana"],
        wanted(outsiders=(EVE.upper(),), guests=(team.users["ben"].id,)),
    )
    ((mail, calendar),) = await post.read()
    (event,) = calendar.walk("VEVENT")
    assert (mail["to"], _part(mail)["content-type"].params["method"]) == (EVE, "REQUEST")
    assert calendar["METHOD"] == "REQUEST"
    assert (event["UID"], event["SUMMARY"]) == (made.event.uid, "Tasting")
    assert [str(one) for one in [event["ATTENDEE"]]] == [f"mailto:{EVE}"]
    assert str(event["ORGANIZER"]) == "mailto:cal@volano.example"
    assert "BEGIN:VTIMEZONE" in _part(mail).get_content()
    words = mail.get_body(("plain",)).get_content()
    assert "10:00 – 11:00 (Europe/Berlin)" in words
    assert mail["date"]
    assert mail["message-id"]
    assert await post.read() == []

    key = words.rpartition("/")[2].strip()
    await outsiders.answer(team.env, made.event.id, key, Answer.YES)
    await cards.tell(team.env, EventChanged(account=team.account, id=made.event.id, answered=EVE))
    assert any(f"{EVE} comes" in text for text in await told(team, "ana"))
    items = await collections.list_items(team.env, team.calls["ana"], Collection.EVENTS, text=True)
    assert "PARTSTAT=ACCEPTED:mailto:eve@" in items[0].text.replace("\r\n ", "")
    with pytest.raises(NoSuchEvent):
        await outsiders.answer(team.env, made.event.id, key[::-1], Answer.NO)

    await events.delete_event(team.env, team.calls["ana"], made.event.id)
    ((mail, calendar),) = await post.read()
    (event,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], event["STATUS"], event["UID"]) == (
        "CANCEL",
        "CANCELLED",
        made.event.uid,
    )
    assert mail["subject"].startswith("Called off: Tasting")
    with pytest.raises(NoSuchEvent):
        await outsiders.answer(team.env, made.event.id, key, Answer.NO)
    assert await store.find_event(team.env.store.reader, team.account, made.event.id) is not None
    await cards.tell(team.env, EventChanged(account=team.account, id=made.event.id))
    assert await store.find_event(team.env.store.reader, team.account, made.event.id) is None


async def test_a_change_asks_anew_and_who_is_left_out_is_told(post):
    team, ana = post.team, post.team.calls["ana"]
    other = "finn@elsewhere.example"
    made = await events.create_event(team.env, ana, wanted(outsiders=(EVE, other)))
    assert len(await post.read()) == 2
    item = next(one for one in made.outsiders if one.address == EVE)
    key = outsiders.link_of(team.env, item).rpartition("/")[2]
    await outsiders.answer(team.env, made.event.id, key, Answer.NO)

    later = {"start": "2026-11-23T12:00", "end": "2026-11-23T13:00"}
    seen = await events.update_event(team.env, ana, made.event.id, wanted(**later))
    assert [one.answer for one in seen.outsiders] == [Answer.NONE] * 2
    found = await post.read()
    assert {mail["subject"].partition(":")[0] for mail, _ in found} == {"Changed"}
    assert {int(calendar.walk("VEVENT")[0]["SEQUENCE"]) for _, calendar in found} == {1}

    await events.update_event(
        team.env, ana, made.event.id, wanted(**later, outsiders=(EVE,), remind_minutes=5)
    )
    ((mail, calendar),) = await post.read()
    assert (mail["to"], calendar["METHOD"]) == (other, "CANCEL")
    assert str(calendar.walk("VEVENT")[0]["ATTENDEE"]) == f"mailto:{other}"
    seen = await events.get_event(team.env, ana, made.event.id)
    assert [one.address for one in seen.outsiders] == [EVE]


async def test_a_program_tells_what_it_learned_and_may_leave_inviting_to_the_server(post):
    team, ana = post.team, post.team.calls["ana"]
    made = await events.create_event(team.env, ana, wanted(outsiders=(EVE,)))
    await post.read()
    text = (
        made.event.ics.replace("\r\n ", "")
        .replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=TENTATIVE")
        .replace(
            "END:VEVENT",
            "ATTENDEE;SCHEDULE-AGENT=SERVER:mailto:finn@elsewhere.example\r\n"
            "ATTENDEE:mailto:gus@elsewhere.example\r\nEND:VEVENT",
        )
    )
    name = f"{made.event.id}.ics"
    await collections.put_item(
        team.env, ana, Collection.EVENTS, name, text, collections.Condition()
    )
    assert {str(mail["to"]) for mail, _ in await post.read()} == {"finn@elsewhere.example"}
    seen = await events.get_event(team.env, ana, made.event.id)
    assert {one.address: one.answer for one in seen.outsiders} == {
        EVE: Answer.MAYBE,
        "finn@elsewhere.example": Answer.NONE,
    }


async def test_a_server_that_is_away_is_tried_again_and_the_owner_hears_of_the_last_time(team):
    made = await events.create_event(team.env, team.calls["ana"], wanted(outsiders=(EVE,)))
    await mails.send_due(team.env)
    (item,) = (await events.get_event(team.env, team.calls["ana"], made.event.id)).outsiders
    assert (item.due_us, item.error) == (0, mails.NO_SERVER)

    config = replace(team.env.config, smtp_url="smtp://127.0.0.1:1")
    clock = ManualClock(team.env.clock.now_us())
    env = replace(team.env, config=config, clock=clock)
    await events.update_event(env, team.calls["ana"], made.event.id, wanted(title="Baking"))
    for _ in range(mails.MAX_TRIES):
        assert await mails.send_due(env) == 1
        assert await mails.send_due(env) == 0
        clock.advance((mails.FIRST_RETRY_US << mails.MAX_TRIES) / 1_000_000)
    assert any(f"{EVE} could not be told" in text for text in await told(team, "ana"))


async def test_addresses_are_checked_and_people_of_the_workplace_are_guests(team):
    ana = team.calls["ana"]
    for bad in ("eve", "eve@", "Eve <eve@elsewhere.example>", "a@b.example\nBcc: c@d.example"):
        with pytest.raises(InvalidEvent):
            await events.create_event(team.env, ana, wanted(outsiders=(bad,)))
    many = tuple(f"p{number}@elsewhere.example" for number in range(101))
    with pytest.raises(InvalidEvent):
        await events.create_event(team.env, ana, wanted(outsiders=many))
    ben = f"{team.users['ben'].id.lower()}@volano.invalid"
    seen = await events.create_event(team.env, ana, wanted(outsiders=(ben,)))
    assert ([one.user_id for one in seen.guests], seen.outsiders) == ([team.users["ben"].id], [])


async def test_cards_speak_the_language_of_their_reader(team):
    await desk.put_preferences(team.env, team.calls["ben"], Preferences(language="zh"))
    guests = (team.users["ben"].id, team.users["cleo"].id)
    made = await events.create_event(team.env, team.calls["ana"], wanted(guests=guests))
    await cards.tell(team.env, EventChanged(account=team.account, id=made.event.id))
    assert "Ana 邀请您：*Tasting*，2026年11月23日 周一" in (await told(team, "ben"))[0]
    assert "Ana invites you: *Tasting*, Mon 23 Nov 2026" in (await told(team, "cleo"))[0]


async def test_mails_speak_the_language_of_the_owner(post):
    team = post.team
    await desk.put_preferences(team.env, team.calls["ana"], Preferences(language="zh"))
    await events.create_event(team.env, team.calls["ana"], wanted(title="品尝会", outsiders=(EVE,)))
    ((mail, _),) = await post.read()
    assert mail["subject"] == "邀请：品尝会，2026年11月23日 周一 10:00 – 11:00 (Europe/Berlin)"
    assert "?lang=zh" in mail.get_body(("plain",)).get_content()
