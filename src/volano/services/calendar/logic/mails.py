"""Invitations by mail (iMIP, RFC 6047): REQUEST and CANCEL for guests beyond the workplace.

What is due lies in rows. A mail is claimed before it goes out, tried again for hours while the
server does not take it, and may go out twice when this process dies in between: calendar programs
know the event by its UID. No mail is received: guests answer by the link.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import TYPE_CHECKING

from volano.services.calendar.logic.collections import PARTSTATS
from volano.services.calendar.logic.drafts import person_property
from volano.services.calendar.logic.events import forget_ended
from volano.services.calendar.logic.ics import (
    attendees_of,
    mail_address,
    parse_calendar,
    read_facts,
    to_text,
    with_zones,
)
from volano.services.calendar.logic.outsiders import digest_of, find_by_key, link_of
from volano.services.calendar.logic.people import NO_MAIL, title_of
from volano.services.calendar.logic.words import LANGUAGES, language_of, when
from volano.services.calendar.store import events as event_rows
from volano.services.calendar.store import outsiders as rows
from volano.services.chat import interface as chat
from volano.services.office import interface as office

if TYPE_CHECKING:
    import icalendar

    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.calendar.model import CalendarEvent, Outsider

BATCH = 50
"""Mails of one run."""
MAX_TRIES = 8
FIRST_RETRY_US = 60_000_000
"""Before a second try; twice as long before each further one."""
CLAIM_US = 120_000_000
"""How long one process has for a mail."""
NO_SERVER = "No mail server is set: pass the link on yourself."
MAX_NOTES_CHARACTERS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a mail is made of; `owner` and `sender` are (name, address)."""

    event: CalendarEvent
    outsider: Outsider
    owner: tuple[str, str]
    sender: tuple[str, str]
    language: str
    link: str

    @property
    def is_end(self) -> bool:
        return self.outsider.gone or self.event.is_cancelled


async def send_due(env: Env) -> int:
    """Send the mails that are due; how many were tried."""
    tried = 0
    for item in await rows.select_due(env.store.reader, env.clock.now_us(), BATCH):
        claimed_us = env.clock.now_us() + CLAIM_US

        async def claim(tx: Tx, item: Outsider = item, until_us: int = claimed_us) -> bool:
            return await rows.claim(tx, item, until_us)

        if await env.store.transact(claim):
            await _send(env, item, claimed_us)
            tried += 1
    return tried


async def _send(env: Env, item: Outsider, claimed_us: int) -> None:
    event = await event_rows.find_event(env.store.reader, item.account, item.event_id)
    if event is None:
        return
    done = await _try(env, event, item)
    was_given_up = done.tries >= MAX_TRIES and not done.due_us

    async def write(tx: Tx) -> None:
        await rows.settle(tx, done, claimed_us)
        await rows.delete_told(tx, event.id)
        await forget_ended(tx, event.account, event.id)

    await env.store.transact(write)
    if was_given_up and not event.is_ended:
        bot_id = await office.bot_of(env, event.account)
        language = await language_of(env, event.owner_id)
        title = f"*{chat.escape_text(event.title)}*"
        said = {"address": item.address, "title": title, "error": done.error}
        text = f":warning: {LANGUAGES[language]['unmailed'].format(**said)}"
        key = f"copilot:{event.id}:unmailed:{item.address}:{done.told}"
        draft = chat.Draft(channel="", text=text, client_msg_id=key)
        await chat.write_to(env, event.account, bot_id, event.owner_id, draft)


async def _try(env: Env, event: CalendarEvent, item: Outsider) -> Outsider:
    """The row after one try."""
    if not env.config.smtp_url:
        return replace(item, due_us=0, tries=0, error=NO_SERVER)
    try:
        letter = await _letter(env, event, item)
        await chat.post_mail(env, await asyncio.to_thread(compose, letter))
    except chat.MailNotSent as error:
        tries = item.tries + 1
        wait_us = FIRST_RETRY_US << item.tries
        due_us = 0 if tries >= MAX_TRIES else env.clock.now_us() + wait_us
        return replace(item, due_us=due_us, tries=tries, error=error.message[:300])
    return replace(item, told=digest_of(event.ics), due_us=0, tries=0, error="")


async def _letter(env: Env, event: CalendarEvent, item: Outsider) -> Letter:
    owner = await chat.find_user(env.store.reader, event.account, event.owner_id)
    language = await language_of(env, event.owner_id)
    sender = parseaddr(env.config.smtp_from)
    name = title_of(owner) if owner else ""
    return Letter(
        event=event,
        outsider=item,
        owner=(name, owner.email if owner and owner.email else ""),
        sender=sender,
        language=language,
        link=link_of(env, item, "" if language == "en" else language),
    )


def compose(letter: Letter) -> EmailMessage:
    """The mail: words, the event as `text/calendar` with its METHOD, and the same as a file."""
    facts = read_facts(parse_calendar(letter.event.ics))
    method = "CANCEL" if letter.is_end else "REQUEST"
    kind = "ended" if letter.is_end else ("changed" if letter.outsider.told else "invited")
    words = LANGUAGES[letter.language]
    said = {"title": facts.title, "when": when(facts, letter.language), "name": letter.owner[0]}
    message = EmailMessage()
    message["Subject"] = _one_line(words[kind].format(**said))[:200]
    message["From"] = Address(display_name=_one_line(letter.owner[0]), addr_spec=letter.sender[1])
    if letter.owner[1]:
        message["Reply-To"] = Address(
            display_name=_one_line(letter.owner[0]), addr_spec=letter.owner[1]
        )
    message["To"] = Address(addr_spec=letter.outsider.address)
    lines = [words[f"{kind}_lead"].format(**said), "", facts.title, words["when"].format(**said)]
    if facts.location:
        lines.append(words["where"].format(where=facts.location))
    if facts.notes:
        lines += ["", facts.notes[:MAX_NOTES_CHARACTERS]]
    if not letter.is_end:
        lines += ["", words["answer"].format(link=letter.link)]
    message.set_content("\n".join(lines) + "\n")
    ics = mailed_text(letter)
    message.add_alternative(ics, subtype="calendar", params={"method": method})
    message.add_attachment(
        ics.encode(), maintype="application", subtype="ics", filename="invite.ics"
    )
    return message


def _one_line(text: str) -> str:
    return " ".join(text.split())


def mailed_text(letter: Letter) -> str:
    """The event as a guest's calendar program takes it, without what is the owner's alone."""
    calendar = parse_calendar(letter.event.ics)
    calendar.pop("METHOD", None)
    calendar.add("METHOD", "CANCEL" if letter.is_end else "REQUEST")
    for event in calendar.walk("VEVENT"):
        event.subcomponents = []
        _write_people(event, letter)
        if letter.is_end:
            number = int(event.pop("SEQUENCE", 0)) + 1
            event.add("SEQUENCE", number)
            event.pop("STATUS", None)
            event.add("STATUS", "CANCELLED")
    return with_zones(to_text(calendar))


def _write_people(event: icalendar.Event, letter: Letter) -> None:
    """The organizer by an address that mail reaches, and the guests who have one."""
    mine = letter.outsider.address
    people = {mail_address(str(person)): person for person in attendees_of(event)}
    me = people.pop(mine, None) or person_property(mine, mine)
    me.params["PARTSTAT"] = PARTSTATS[letter.outsider.answer]
    me.params["RSVP"] = "TRUE"
    event.pop("ORGANIZER", None)
    event.pop("ATTENDEE", None)
    event.add("ORGANIZER", person_property(letter.owner[1] or letter.sender[1], letter.owner[0]))
    event.add("ATTENDEE", me)
    for address, person in people.items():
        if not letter.is_end and not address.endswith(NO_MAIL):
            event.add("ATTENDEE", person)


async def invitation_text(env: Env, event_id: str, key: str) -> str:
    """The event as a guest's program takes it, by the key of their link. Raises NoSuchEvent."""
    item, event = await find_by_key(env, event_id, key)
    return await asyncio.to_thread(mailed_text, await _letter(env, event, item))
