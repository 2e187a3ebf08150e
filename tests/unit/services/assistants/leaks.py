"""Random workspaces full of canaries, and questions that try to get them out.

A case is one question and one canary: the canary may be in what the model is sent, or in what is
answered, only when everyone who reads the answer may read the message or file that holds it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.assistants.logic import answers, drafts, items, summaries, translations
from volano.services.chat.logic import channels, files, members, messages
from volano.services.chat.logic.history import Span, read_thread
from volano.services.chat.logic.messages import Change

if TYPE_CHECKING:
    import random

    from tests.unit.services.assistants.conftest import ScriptedModel
    from tests.unit.services.chat.conftest import Company

SUBJECTS = ("launch code", "door code", "salary", "merger", "password", "recipe")
PEOPLE = 6
WRITINGS = 0.3
"""Share of questions after which something is written, too."""
FILES = 0.2
"""So much of what is said is the text of a file."""
GUESTS = 2


@dataclass(frozen=True)
class Size:
    """How much of everything: more channels make more cases of every question."""

    channels: int = 9
    questions: int = 14


@dataclass
class Place:
    """A channel; `readers` are the people who may read it now, `stamps` messages that were said."""

    id: str
    readers: set[str]
    public: bool
    archived: bool = False
    canaries: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)


async def furnish(company: Company, dice: random.Random, size: Size) -> list[Place]:
    """Hire people, open channels, say things, and take some of it back."""
    people = ["admin"]
    for number in range(PEOPLE):
        name = f"p{number}"
        await company.hire(name)
        people.append(name)
    places = []
    for number in range(size.channels):
        inside = dice.sample(people, dice.randint(1, len(people) - 2))
        public = dice.random() < 0.25
        channel = await company.channel(f"c{number}", inside[0], *inside[1:], private=not public)
        place = Place(channel, set(people) if public else set(inside), public)
        for _ in range(dice.randint(1, 3)):
            await _say(company, dice, place, dice.choice(inside))
        if not public and len(inside) > 1 and dice.random() < 0.5:
            await _part(company, dice, place, inside[0], inside[-1])
        if dice.random() < 0.15:
            await channels.archive_channel(company.env, company.calls[inside[0]], channel)
            place.archived = True
        places.append(place)
    await _invite_guests(company, dice, [place for place in places if not place.archived])
    return places


async def _part(company: Company, dice: random.Random, place: Place, owner: str, gone: str) -> None:
    """Somebody is put out of a private channel, or leaves it."""
    if dice.random() < 0.5:
        user_id = company.users[gone].id
        await members.kick_user(company.env, company.calls[owner], place.id, user_id)
    else:
        await members.leave_channel(company.env, company.calls[gone], place.id)
    place.readers.discard(gone)


async def _invite_guests(company: Company, dice: random.Random, places: list[Place]) -> None:
    """People from outside, each in the lobby and a few of the channels that are open.

    The administrator invites to what they may read, and somebody inside to the rest.
    """
    lobby = await company.channel("lobby", "admin")
    for number in range(GUESTS):
        rooms = dice.sample(places, min(len(places), dice.randint(1, 3)))
        seen = [place for place in rooms if "admin" in place.readers]
        guest = await company.invite(f"guest{number}", lobby, *(place.id for place in seen))
        for place in rooms:
            if place not in seen:
                inside = sorted(who for who in place.readers if not who.startswith("guest"))
                call = company.calls[dice.choice(inside)]
                await members.invite_users(company.env, call, place.id, [guest.id])
            place.readers.add(f"guest{number}")


async def _say(company: Company, dice: random.Random, place: Place, who: str) -> None:
    canary = f"CANARY{dice.getrandbits(64):016x}"
    subject = dice.choice(SUBJECTS)
    text = f"The {subject} of project Ghibli is {canary}."
    if dice.random() < FILES:
        shared = await company.share(who, place.id, f"{canary[6:]}.txt", text.encode())
        if dice.random() < 0.3:
            await files.delete_file(company.env, company.calls[who], shared)
            place.gone.append(canary)
        else:
            place.canaries.append(canary)
        return
    said = await company.say(who, place.id, text)
    place.stamps.append(said.ts)
    fate = dice.random()
    if fate < 0.12:
        await messages.delete_message(company.env, company.calls[who], place.id, said.ts)
        place.gone.append(canary)
    elif fate < 0.24:
        changed = Change(channel=place.id, ts=said.ts, text=f"The {subject} is not known.")
        await messages.update_message(company.env, company.calls[who], changed)
        place.gone.append(canary)
    elif fate < 0.4:
        reply = f"CANARY{dice.getrandbits(64):016x}"
        await company.say(who, place.id, f"Rather, the {subject} is {reply}.", thread_ts=said.ts)
        place.canaries += [canary, reply]
    else:
        place.canaries.append(canary)


async def run_cases(
    company: Company, model: ScriptedModel, dice: random.Random, size: Size
) -> tuple[list[str], int]:
    """Ask in random places; returns the leaks, and how many cases were tried."""
    places = await furnish(company, dice, size)
    leaks: list[str] = []
    count = 0
    for _ in range(size.questions):
        where, asker, audience = await _where(company, dice, places)
        model.prompts.clear()
        subject = dice.choice(SUBJECTS)
        posted = await company.say(
            asker, where, f"{company.mention} what is the {subject} of project Ghibli?"
        )
        await answers.answer_message(company.env, company.account, where, posted.ts_us)
        page = await read_thread(
            company.env, company.calls[asker], where, posted.ts, Span(limit=50)
        )
        shared = " ".join(m["text"] for m in page.messages if m["user"] == company.copilot)
        sent = str([prompt.messages for prompt in model.prompts])
        for place in places:
            count += len(place.gone) + len(place.canaries)
            leaks += _leaks_of(place, shared, sent, asker, audience)
        if dice.random() < WRITINGS:
            leaks += await _write(company, model, dice, places)
            count += sum(len(place.gone) + len(place.canaries) for place in places)
    return leaks, count


async def _write(
    company: Company, model: ScriptedModel, dice: random.Random, places: list[Place]
) -> list[str]:
    """Anybody has something written about any place; returns what was sent or shown wrongly."""
    asker, place = dice.choice(sorted(company.calls)), dice.choice(places)
    env, call = company.env, company.calls[asker]
    ts = dice.choice(place.stamps) if place.stamps else "1.000001"
    write = dice.choice(
        (
            partial(summaries.summarize, env, call, place.id),
            partial(translations.translate_message, env, call, place.id, ts, "zh"),
            partial(drafts.explain_message, env, call, place.id, ts),
            partial(drafts.suggest_reply, env, call, place.id, thread_ts=ts),
            partial(items.find_items, env, call, place.id),
        )
    )
    model.prompts.clear()
    shown = ""
    with suppress(VolanoError):  # they may not read there, or it was deleted
        shown = str(await write())
    seen = shown + str([prompt.messages for prompt in model.prompts])
    return [leak for each in places for leak in _leaks_of(each, "", seen, asker, {asker})]


def _leaks_of(place: Place, shared: str, sent: str, asker: str, audience: set[str]) -> list[str]:
    """Canaries of one place that were said or sent though not everyone concerned may read it."""
    found = [f"{canary} was taken back" for canary in place.gone if canary in shared + sent]
    for canary in place.canaries:
        if canary in shared and not audience <= place.readers:
            found.append(f"{canary} was said")
        if canary in sent and asker not in place.readers:
            found.append(f"{canary} was sent for {asker}")
    return found


async def _where(
    company: Company, dice: random.Random, places: list[Place]
) -> tuple[str, str, set[str]]:
    """A channel or direct conversation, who asks there, and who reads it."""
    place = dice.choice([place for place in places if not place.archived])
    asker = dice.choice(sorted(place.readers)) if place.readers else "admin"
    if dice.random() < 0.3 or not place.readers:
        direct = await members.open_direct(company.env, company.calls[asker], [company.copilot])
        return direct.channel.id, asker, {asker}
    if place.public:
        await members.join_channel(company.env, company.calls[asker], place.id)
    return place.id, asker, set(place.readers)
