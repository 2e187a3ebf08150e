"""State and the events applied to it equal a fresh fetch, after any sequence of actions.

The model client here follows the same few rules as `web/src/chat/cache.ts`. A sequence is made from
a seed that the test's name tells, so that a failure can be run again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass, field

import msgspec
import pytest

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import messages, reactions
from volano.services.chat.logic.history import Span, mark_read, read_history, read_thread
from volano.services.chat.logic.home import get_home
from volano.services.chat.logic.live import topic_of
from volano.services.chat.logic.messages import Change

STEPS = 40
COMPARED = ("ts", "user", "text", "subtype", "thread_ts", "reply_count", "latest_reply", "blocks")
NAMES = ("eyes", "tada", "+1")


@dataclass
class Client:
    """What a page holds of one channel, changed by events only."""

    me: str
    shown: dict[str, dict] = field(default_factory=dict)
    threads: dict[str, dict[str, dict]] = field(default_factory=dict)
    last_read: str = ""

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
        elif kind == "message":
            self.add(event)
        elif kind in ("reaction_added", "reaction_removed"):
            self.react(event, added=kind == "reaction_added")
        elif kind == "channel_marked":
            self.last_read = event["ts"]

    def add(self, message: dict) -> None:
        root = message.get("thread_ts")
        is_reply = root not in (None, message["ts"])
        if not is_reply or message.get("subtype") == "thread_broadcast":
            self.shown[message["ts"]] = message
            if message["user"] == self.me:
                self.last_read = message["ts"]
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
    client = Client(me=company.users[who].id)
    client.shown = {message["ts"]: message for message in page.messages}
    for ts, message in client.shown.items():
        if message.get("reply_count"):
            replies = await read_thread(env, call, channel, ts, Span(limit=999))
            client.threads[ts] = {item["ts"]: item for item in replies.messages}
    home = await get_home(env, call)
    [seat] = [item for item in home.channels if item.channel["id"] == channel]
    client.last_read = str(seat.channel["last_read"])
    return client


class Actor:
    """Does things at random in one channel, as people do."""

    def __init__(self, company, channel: str, chance: random.Random) -> None:
        self.company, self.channel, self.chance = company, channel, chance
        self.sent: list[tuple[str, str]] = []

    async def step(self) -> None:
        name = self.chance.choice(
            ("post", "post", "reply", "reply", "broadcast", "edit", "blocks", "delete", "react",
             "react", "unreact", "mark")
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

    async def mark(self) -> None:
        await mark_read(self.company.env, self.company.calls["ana"], self.channel, self.pick()[1])


@pytest.mark.parametrize("seed", range(6))
async def test_state_and_events_equal_a_fresh_fetch(company, seed):
    await company.hire("ana")
    await company.hire("ben")
    channel = await company.channel("any", "admin", "ana", "ben")
    actor = Actor(company, channel, random.Random(seed))
    for _ in range(5):
        await actor.step()
    client = await fetch(company, channel, "ana")
    stream = company.env.events.listen(topic_of(company.account, company.users["ana"].id))
    heard: list[dict] = []

    async def listen() -> None:
        async for payload in stream:
            heard.append(msgspec.json.decode(payload))

    listener = asyncio.ensure_future(listen())
    await asyncio.sleep(0)
    for _ in range(STEPS):
        await actor.step()
    # The last event of all is one's own: when it is heard, everything before it was.
    last = await company.say("admin", channel, "the last word")
    async with asyncio.timeout(120):
        while not any(event.get("ts") == last.ts for event in heard):
            await asyncio.sleep(0.01)
    listener.cancel()
    for event in heard:
        if event.get("channel") == channel or event.get("item", {}).get("channel") == channel:
            client.apply(event)
    fresh = await fetch(company, channel, "ana")
    assert {ts: compared(item) for ts, item in client.shown.items()} == {
        ts: compared(item) for ts, item in fresh.shown.items()
    }
    for root, replies in client.threads.items():
        if root in fresh.threads:
            assert {ts: compared(item) for ts, item in replies.items()} == {
                ts: compared(item) for ts, item in fresh.threads[root].items()
            }
    assert client.last_read == fresh.last_read
