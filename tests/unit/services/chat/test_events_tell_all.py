"""State and the events applied to it equal a fresh fetch, after any sequence of actions.

The model client here follows the same few rules as `web/src/chat/cache.ts` and `api/live.ts`; it
is cut off and comes back, and signals to it are lost and repeated. A sequence is made from a seed
that the test's name tells, so that a failure can be run again.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
from dataclasses import dataclass, field

import msgspec
import pytest

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import channels, live, members, messages, pins, reactions
from volano.services.chat.logic.history import Span, mark_read, read_history, read_thread
from volano.services.chat.logic.home import get_home
from volano.services.chat.logic.live import resume, topic_of
from volano.services.chat.logic.messages import Change

STEPS = 40
COMPARED = ("ts", "user", "text", "subtype", "thread_ts", "reply_count", "latest_reply", "blocks")
NAMES = ("eyes", "tada", "+1")


@dataclass
class Client:
    """What a page holds of one channel, changed by events only."""

    shown: dict[str, dict] = field(default_factory=dict)
    threads: dict[str, dict[str, dict]] = field(default_factory=dict)
    last_read: str = ""
    pinned: set[str] = field(default_factory=set)
    topic: str = ""

    def everywhere(self, ts: str) -> list[dict[str, dict]]:
        return [held for held in (self.shown, *self.threads.values()) if ts in held]

    def apply(self, event: dict) -> None:
        kind, subtype = event["type"], event.get("subtype")
        if kind == "message" and subtype == "message_changed":
            self.change(event["message"])
        elif kind == "message" and subtype == "message_replied":
            for held in self.everywhere(event["message"]["ts"]):
                held[event["message"]["ts"]] = event["message"]
        elif kind == "message" and subtype == "message_deleted":
            self.remove(event["deleted_ts"])
            self.pinned.discard(event["deleted_ts"])
        elif kind == "message":
            self.add(event)
        elif kind in ("reaction_added", "reaction_removed"):
            self.react(event, added=kind == "reaction_added")
        elif kind == "channel_marked":
            self.last_read = event["ts"]
        elif kind == "pin_added":
            self.pinned.add(event["item"]["message"]["ts"])
        elif kind == "pin_removed":
            self.pinned.discard(event["item"]["message"]["ts"])
        elif kind == "channel_changed":
            self.topic = event["conversation"]["topic"]["value"]

    def add(self, message: dict) -> None:
        root = message.get("thread_ts")
        is_reply = root not in (None, message["ts"])
        if not is_reply or message.get("subtype") == "thread_broadcast":
            self.shown[message["ts"]] = message
        if not is_reply:
            return
        if root in self.threads:
            self.threads[root][message["ts"]] = message
        for held in self.everywhere(root):
            item = held[root]
            users = item.get("reply_users", [])
            users = [user for user in users if user != message["user"]]
            held[root] = item | {
                "thread_ts": root,
                "reply_count": item.get("reply_count", 0) + 1,
                "latest_reply": message["ts"],
                "reply_users": [*users, message["user"]],
            }

    def change(self, message: dict) -> None:
        for held in self.everywhere(message["ts"]):
            old = held[message["ts"]]
            kept = {key: old[key] for key in ("reactions", "reply_users") if key in old}
            held[message["ts"]] = message | kept

    def remove(self, ts: str) -> None:
        for held in self.everywhere(ts):
            old = held[ts]
            if not old.get("reply_count"):
                del held[ts]
                continue
            kept = ("ts", "user", "thread_ts", "reply_count", "reply_users", "latest_reply")
            grave = {key: old[key] for key in kept if key in old}
            held[ts] = grave | {"subtype": "tombstone", "text": "This message was deleted."}

    def react(self, event: dict, *, added: bool) -> None:
        ts, name, user = event["item"]["ts"], event["reaction"], event["user"]
        for held in self.everywhere(ts):
            known = {item["name"]: list(item["users"]) for item in held[ts].get("reactions", [])}
            users = [other for other in known.get(name, []) if other != user]
            known[name] = [*users, user] if added else users
            found = [
                {"name": name, "users": users, "count": len(users)}
                for name, users in known.items()
                if users
            ]
            held[ts] = held[ts] | {"reactions": found}


def compared(message: dict) -> dict:
    found = {key: message[key] for key in COMPARED if message.get(key)}
    found["reactions"] = {item["name"]: item["users"] for item in message.get("reactions", [])}
    found["reply_users"] = sorted(message.get("reply_users", []))
    found["edited"] = bool(message.get("edited"))
    return found


async def fetch(company, channel: str, who: str) -> Client:
    """The channel as it is read afresh."""
    env, call = company.env, company.calls[who]
    page = await read_history(env, call, channel, Span(limit=999))
    client = Client()
    client.shown = {message["ts"]: message for message in page.messages}
    for ts, message in client.shown.items():
        if message.get("reply_count"):
            replies = await read_thread(env, call, channel, ts, Span(limit=999))
            client.threads[ts] = {item["ts"]: item for item in replies.messages}
    home = await get_home(env, call)
    [seat] = [item for item in home.channels if item.channel["id"] == channel]
    client.last_read = str(seat.channel["last_read"])
    client.topic = seat.channel["topic"]["value"]
    found = await pins.list_pins(env, call, channel)
    client.pinned = {item["message"]["ts"] for item in found}
    return client


class Page:
    """A page of ana's that is cut off at times; `lossy` is the part of the signals it misses."""

    def __init__(self, company, channel: str, chance: random.Random, *, lossy: float) -> None:
        self.company, self.channel, self.chance, self.lossy = company, channel, chance, lossy
        self.env, self.call = company.env, company.calls["ana"]
        self.address = topic_of(company.account, company.users["ana"].id)
        self.places: dict[str, int] = {}
        self.heard: list[dict] = []
        self.told: list[dict] = []
        self.resyncs = 0
        self.client = Client()

    async def open(self) -> None:
        self.env.events.attach(self.address, self.hear)
        self.places, _ = await resume(self.env, self.call, {})
        self.client = await fetch(self.company, self.channel, "ana")

    def hear(self, payload: bytes) -> None:
        if self.chance.random() >= self.lossy:
            self.heard += [msgspec.json.decode(payload)] * self.chance.choice((1, 1, 2))

    def cut_off(self) -> None:
        self.env.events.detach(self.address, self.hear)

    async def come_back(self) -> None:
        """What was signalled before counts as lost in between."""
        self.heard.clear()
        self.env.events.attach(self.address, self.hear)
        await self.catch_up()

    async def catch_up(self) -> None:
        places, missed = await resume(self.env, self.call, self.places)
        for payload in missed:
            await self.take(msgspec.json.decode(payload))
        self.places |= places

    async def look(self) -> None:
        """Apply what came, in the order in which it came."""
        heard, self.heard = self.heard, []
        for event in heard:
            await self.take(event)

    async def take(self, event: dict) -> None:
        stream, seq = event["stream"], event["seq"]
        place = self.places.get(stream, seq - 1)
        if event["type"] == "resync":
            self.resyncs += 1
            self.client = await fetch(self.company, self.channel, "ana")
        elif seq <= place:
            return
        elif seq > place + 1:
            await self.catch_up()
            return
        else:
            about = event.get("channel") or event.get("item", {}).get("channel")
            if about == self.channel:
                self.client.apply(event)
        self.places[stream] = seq


class Actor:
    """Does things at random in one channel, as people do."""

    def __init__(self, company, channel: str, chance: random.Random) -> None:
        self.company, self.channel, self.chance = company, channel, chance
        self.sent: list[tuple[str, str]] = []

    async def step(self) -> None:
        name = self.chance.choice(
            ("post", "post", "reply", "reply", "broadcast", "edit", "blocks", "delete", "react",
             "react", "unreact", "mark", "pin", "unpin", "describe", "turn", "come_and_go")
        )  # fmt: skip
        with contextlib.suppress(VolanoError):  # refused: nothing changed, and nothing is told
            await getattr(self, name)()

    def who(self) -> str:
        return self.chance.choice(("admin", "ana", "ben"))

    def pick(self) -> tuple[str, str]:
        return self.chance.choice(self.sent) if self.sent else ("admin", "1.000000")

    async def say(self, **more: object) -> None:
        who = self.who()
        text = f"words {self.chance.random()}"
        message = await self.company.say(who, self.channel, text, **more)
        self.sent.append((who, message.ts))

    async def post(self) -> None:
        await self.say()

    async def reply(self) -> None:
        await self.say(thread_ts=self.pick()[1])

    async def broadcast(self) -> None:
        await self.say(thread_ts=self.pick()[1], reply_broadcast=True)

    async def edit(self) -> None:
        who, ts = self.pick()
        change = Change(channel=self.channel, ts=ts, text=f"other {self.chance.random()}")
        await messages.update_message(self.company.env, self.company.calls[who], change)

    async def blocks(self) -> None:
        who, ts = self.pick()
        change = Change(channel=self.channel, ts=ts, text="lines", blocks=[{"type": "divider"}])
        await messages.update_message(self.company.env, self.company.calls[who], change)

    async def delete(self) -> None:
        who, ts = self.pick()
        await messages.delete_message(self.company.env, self.company.calls[who], self.channel, ts)

    async def react(self) -> None:
        call, ts = self.company.calls[self.who()], self.pick()[1]
        name = self.chance.choice(NAMES)
        await reactions.add_reaction(self.company.env, call, self.channel, ts, name)

    async def unreact(self) -> None:
        call, ts = self.company.calls[self.who()], self.pick()[1]
        name = self.chance.choice(NAMES)
        await reactions.remove_reaction(self.company.env, call, self.channel, ts, name)

    async def pin(self) -> None:
        await pins.add_pin(self.company.env, self.company.calls["ben"], *self.place())

    async def unpin(self) -> None:
        await pins.remove_pin(self.company.env, self.company.calls["ana"], *self.place())

    def place(self) -> tuple[str, str]:
        return self.channel, self.pick()[1]

    async def describe(self) -> None:
        call, topic = self.company.calls[self.who()], f"about {self.chance.random()}"
        await channels.set_topic(self.company.env, call, self.channel, topic)

    async def turn(self) -> None:
        """Several at once: their signals may come in another order than their commits."""
        said = await asyncio.gather(*(self.say() for _ in range(3)), return_exceptions=True)
        assert all(error is None or isinstance(error, VolanoError) for error in said)

    async def come_and_go(self) -> None:
        call = self.company.calls["ben"]
        if not await members.leave_channel(self.company.env, call, self.channel):
            await members.join_channel(self.company.env, call, self.channel)

    async def mark(self) -> None:
        await mark_read(self.company.env, self.company.calls["ana"], self.channel, self.pick()[1])


def require_same(client: Client, fresh: Client) -> None:
    assert {ts: compared(item) for ts, item in client.shown.items()} == {
        ts: compared(item) for ts, item in fresh.shown.items()
    }
    for root, replies in client.threads.items():
        if root in fresh.threads:
            assert {ts: compared(item) for ts, item in replies.items()} == {
                ts: compared(item) for ts, item in fresh.threads[root].items()
            }
    assert client.last_read == fresh.last_read
    assert client.pinned == fresh.pinned
    assert client.topic == fresh.topic


async def begin(company, seed: int, *, lossy: float) -> tuple[Actor, Page]:
    await company.hire("ana")
    await company.hire("ben")
    channel = await company.channel("any", "admin", "ana", "ben")
    chance = random.Random(seed)
    actor, page = Actor(company, channel, chance), Page(company, channel, chance, lossy=lossy)
    for _ in range(5):
        await actor.step()
    await page.open()
    return actor, page


@pytest.mark.parametrize("seed", range(6))
async def test_state_and_events_equal_a_fresh_fetch(company, seed):
    actor, page = await begin(company, seed, lossy=0)
    for _ in range(STEPS):
        await actor.step()
    await page.look()
    require_same(page.client, await fetch(company, actor.channel, "ana"))
    assert page.resyncs == 0


@pytest.mark.parametrize("seed", range(10, 14))
async def test_so_they_do_after_breaks_losses_and_repeats(company, seed):
    actor, page = await begin(company, seed, lossy=0.2)
    for _ in range(STEPS):
        page.cut_off()
        for _ in range(page.chance.choice((0, 0, 1, 4))):
            await actor.step()
        await page.come_back()
        for _ in range(page.chance.choice((0, 1, 3))):
            await actor.step()
        await page.look()
    await page.catch_up()
    require_same(page.client, await fetch(company, actor.channel, "ana"))
    assert page.resyncs == 0


async def test_so_they_do_where_the_log_does_not_reach_back(company, monkeypatch):
    monkeypatch.setattr(live, "MAX_REPLAYED", 5)
    monkeypatch.setattr(live, "MAX_KEPT", 8)
    monkeypatch.setattr(live, "TRIM_EVERY", 4)
    actor, page = await begin(company, 20, lossy=0)
    for missed in (3, 30, 2, 12):
        page.cut_off()
        for _ in range(missed):
            await actor.step()
        await page.come_back()
        await actor.step()
        await page.look()
        require_same(page.client, await fetch(company, actor.channel, "ana"))
    assert page.resyncs > 0


async def test_old_events_are_forgotten_whatever_the_clock_does(company, monkeypatch):
    """A client that missed them reads anew; a clock that went back takes nothing away."""
    env = company.env
    actor, page = await begin(company, 30, lossy=0)
    clock = ShiftedClock(env.clock)
    shifted = dataclasses.replace(env, clock=clock)
    clock.shift_us = -2 * live.KEEP_US
    await company.say("admin", actor.channel, "said before")
    page.cut_off()
    company.env = shifted
    late = await company.say("admin", actor.channel, "said when the clock had gone back")
    assert late.ts == max(page.client.shown | {late.ts: {}}, key=float)
    await live.forget_old(shifted)
    await page.come_back()
    require_same(page.client, await fetch(company, actor.channel, "ana"))
    assert page.resyncs == 0
    page.cut_off()
    await company.say("admin", actor.channel, "missed for long")
    clock.shift_us = 2 * live.KEEP_US
    await live.forget_old(shifted)
    await page.come_back()
    require_same(page.client, await fetch(company, actor.channel, "ana"))
    assert page.resyncs > 0


class ShiftedClock:
    """The clock of the computer, put forward or back."""

    def __init__(self, clock) -> None:
        self._clock, self.shift_us = clock, 0

    def now_us(self) -> int:
        return self._clock.now_us() + self.shift_us

    def __getattr__(self, name: str):
        return getattr(self._clock, name)


async def test_nobody_is_told_of_channels_that_they_are_not_in(company):
    await company.hire("ana")
    secret = await company.channel("secret", "admin", private=True)
    ana = company.calls["ana"]
    places, _ = await resume(company.env, ana, {})
    await company.say("admin", secret, "for us alone")
    now, missed = await resume(company.env, ana, places | {secret: 0})
    assert secret not in now
    assert all(b"for us alone" not in payload for payload in missed)
