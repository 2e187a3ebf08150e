"""Many people in one workplace at once, doing what Mattermost's published load test has them do.

Run: `python bench/chat_load.py [FOLDER] [--people N] [--seconds S]`. Everybody has a live socket
and acts once in 20 seconds: switches channel (history and mark as read), scrolls up, keeps a draft,
looks at what is unread, posts, opens a direct conversation, reacts, looks somebody up, by the
weights of `MIX`. Each is in ten channels of fifty people. The server has one core and this client
the other, where there are two. First all sockets come at once while somebody asks what is unread;
then the actions run for S seconds; then one message is posted to a channel of half of all people.
Times are from before the post to the frame's arrival here, so they contain how long this client
takes to read.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import resource
import sys
import tempfile
import time
import urllib.parse
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop
from chat_fanout import Listener
from machine import ROOT, Figure, cpu_us, main_of, rss_mb, volano

sys.path.insert(0, str(ROOT / "src"))

from volano.app.build import open_process
from volano.kernel.config import Config
from volano.services.chat.logic.users import make_chat_user
from volano.services.chat.model import Channel, ChannelKind, Member
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import users as user_rows
from volano.services.chat.store import workspaces as workspace_rows
from volano.services.identity.logic.quotas import set_quota
from volano.services.identity.logic.tokens import add_token
from volano.services.identity.logic.users import add_user, make_user
from volano.services.identity.model.credentials import TokenKind
from volano.services.identity.store import policies as policy_rows

if TYPE_CHECKING:
    from machine import Volano

    from volano.kernel.call import Env
    from volano.kernel.store import Tx

PEOPLE = 1000
SECONDS = 30
EVERY_S = 20.0
CHANNELS_EACH = 10
CHANNEL_PEOPLE = 50
MIX = {
    "switch": 6.5,
    "scroll": 2.0,
    "draft": 1.9,
    "unread": 1.0,
    "post": 1.0,
    "direct": 1.0,
    "react": 1.0,
    "look": 1.0,
}
"""Weights of 15.4 in all, as in mattermost-load-test-ng; its rarer actions are the last three."""
BATCH = 200
CONNECTIONS = 32
WAIT_S = 300.0
POLICY = "arn:aws:iam::aws:policy/VolanoChatMember"
MARK = b'"text":"load '


@dataclass
class Person:
    """Somebody with a token; `last` is the newest `ts` seen in each channel."""

    id: str
    token: str
    channels: list[str] = field(default_factory=list)


@dataclass
class Town:
    """Who is there, and the channel of half of all people."""

    people: list[Person]
    square: str


async def found_town(folder: Path, count: int) -> Town:
    """People, channels and tokens, written in this process while the server is stopped."""
    config = Config(data_dir=folder, runtime="process", log_level="error")
    async with open_process(config) as process:
        env = process.env
        [account] = await workspace_rows.select_accounts(env.store.reader)
        workspace = await workspace_rows.find_workspace(env.store.reader, account)
        assert workspace is not None
        await set_quota(env, account, "iam.users", count + BATCH)
        people: list[Person] = []
        for start in range(0, count, BATCH):
            numbers = range(start, min(start + BATCH, count))
            people += await env.store.transact(lambda tx, of=numbers: _hire(tx, env, account, of))
        square = await _open_channels(env, account, people, creator=workspace.copilot_id)
    return Town(people=people, square=square)


async def _hire(tx: Tx, env: Env, account: Any, numbers: range) -> list[Person]:
    hired = []
    for number in numbers:
        user = make_user(env, account, f"person-{number:05d}", display_name=f"Person {number}")
        await add_user(tx, user)
        await policy_rows.insert_attachment(tx, user.id, POLICY, account=account, created_us=0)
        chat_user = make_chat_user(env, user)
        await user_rows.upsert_user(tx, chat_user)
        _, plain = await add_token(
            tx, env, user, kind=TokenKind.SLACK_USER, name="load", scopes=None, expires_us=None
        )
        hired.append(Person(id=chat_user.id, token=plain))
    return hired


async def _open_channels(env: Env, account: Any, people: list[Person], *, creator: str) -> str:
    choose = random.Random(7)
    rooms = max(1, len(people) * CHANNELS_EACH // CHANNEL_PEOPLE)
    names = [f"room-{number}" for number in range(rooms)] + ["square"]
    members: dict[str, list[Person]] = {name: [] for name in names}
    for person in people:
        for name in choose.sample(names[:-1], min(CHANNELS_EACH, rooms)):
            members[name].append(person)
    members["square"] = people[: len(people) // 2]

    async def write(tx: Tx, name: str) -> str:
        channel = Channel(
            id=env.ids.slack("C"),
            account=account,
            kind=ChannelKind.PUBLIC,
            name=name,
            name_key=name,
            creator=creator,
            created_us=1,
            updated_us=1,
        )
        await channel_rows.insert_channel(tx, channel)
        for person in members[name]:
            seat = Member(channel_id=channel.id, user_id=person.id, joined_us=1)
            await channel_rows.insert_member(tx, seat)
        return channel.id

    for name in names:
        made = await env.store.transact(lambda tx, name=name: write(tx, name))
        for person in members[name] if name != "square" else ():
            person.channels.append(made)
    return made


class Web:
    """A few connections to the server that everybody shares; requests wait their turn."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._idle: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
        self.refused: Counter[str] = Counter()

    async def open(self, count: int) -> None:
        for _ in range(count):
            self._idle.put_nowait(await self._connect())

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def slack(self, person: Person, method: str, **form: object) -> Any:
        head = f"POST /api/{method} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        answer = await self._ask(person, head, urllib.parse.urlencode(form).encode())
        if not answer.get("ok"):  # now and then somebody reacts a second time: already_reacted
            self.refused[str(answer.get("error"))] += 1
        return answer

    async def rest(self, person: Person, method: str, path: str, body: object = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} /volano/v1{path} HTTP/1.1\r\nContent-Type: application/json\r\n"
        return await self._ask(person, head, data)

    async def _ask(self, person: Person, head: str, body: bytes) -> Any:
        head += f"Host: 127.0.0.1\r\nAuthorization: Bearer {person.token}\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        reader, writer = connection = await self._idle.get()
        try:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):  # it was idle for too long
            reader, writer = connection = await self._connect()
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in answer.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        content = await reader.readexactly(length)
        self._idle.put_nowait(connection)
        return json.loads(content) if content else {}


class Load:
    """The people at work; `delays` of every delivery in seconds."""

    def __init__(self, server: Volano, town: Town) -> None:
        self.server, self.town, self.web = server, town, Web(server.port)
        self.choose = random.Random(1)
        self.delays: list[float] = []
        self.listening = self.done = 0
        self.recent: dict[str, str] = {}

    async def connect(self) -> tuple[float, float]:
        """Everybody at once; how long it took, and the worst of the answers meanwhile (s)."""
        await self.web.open(CONNECTIONS)
        loop, began, worst = asyncio.get_running_loop(), time.monotonic(), 0.0
        address, people = ("127.0.0.1", self.server.port), self.town.people
        opening = asyncio.gather(
            *(loop.create_connection(self._listener(one.token), *address) for one in people)
        )
        while self.listening < len(self.town.people):
            asked = time.monotonic()
            await self.web.rest(self.town.people[0], "GET", "/chat/unread")
            worst = max(worst, time.monotonic() - asked)
            assert time.monotonic() - began < WAIT_S, f"{self.listening} listen"
            await asyncio.sleep(0.05)
        await opening
        return time.monotonic() - began, worst

    def _listener(self, token: str) -> Any:
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET /volano/v1/live HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\n"
            f"Authorization: Bearer {token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        ).encode()
        return lambda: Listener(request, b'{"subscribe":"chat"}', self._hear)

    def _hear(self, payload: bytes) -> None:
        place = payload.find(MARK)
        if place > 0:
            start = place + len(MARK)
            sent_ns = int(payload[start : payload.index(b" ", start)])
            self.delays.append((time.monotonic_ns() - sent_ns) / 1e9)
        elif b'"subscribed":true' in payload:
            self.listening += 1

    async def work(self, seconds: float) -> None:
        """Everybody acts every EVERY_S, each at a moment of their own."""
        end = time.monotonic() + seconds
        await asyncio.gather(*(self._live(person, end) for person in self.town.people))

    async def _live(self, person: Person, end: float) -> None:
        await asyncio.sleep(self.choose.random() * EVERY_S)
        while time.monotonic() < end:
            [name] = self.choose.choices(list(MIX), list(MIX.values()))
            began = time.monotonic()
            await getattr(self, f"_{name}")(person, self.choose.choice(person.channels))
            self.done += 1
            await asyncio.sleep(max(0.0, EVERY_S - (time.monotonic() - began)))

    async def _switch(self, person: Person, channel: str) -> None:
        await self._scroll(person, channel)
        ts = self.recent.get(channel)
        if ts is not None:
            await self.web.slack(person, "conversations.mark", channel=channel, ts=ts)

    async def _scroll(self, person: Person, channel: str) -> None:
        await self.web.slack(person, "conversations.history", channel=channel, limit=60)

    async def _draft(self, person: Person, channel: str) -> None:
        body = {"channel": channel, "thread_ts": "", "text": "half a sentence"}
        await self.web.rest(person, "PUT", "/chat/drafts", body)

    async def _unread(self, person: Person, _channel: str) -> None:
        await self.web.rest(person, "GET", "/chat/unread")

    async def _post(self, person: Person, channel: str) -> None:
        text = f"load {time.monotonic_ns()} {'words ' * 20}"
        answer = await self.web.slack(person, "chat.postMessage", channel=channel, text=text)
        self.recent[channel] = answer.get("ts", "")

    async def _direct(self, person: Person, _channel: str) -> None:
        other = self.choose.choice(self.town.people)
        if other is not person:
            await self.web.slack(person, "conversations.open", users=other.id)

    async def _react(self, person: Person, channel: str) -> None:
        ts = self.recent.get(channel)
        if ts:
            form = {"channel": channel, "timestamp": ts, "name": "eyes"}
            await self.web.slack(person, "reactions.add", **form)

    async def _look(self, person: Person, _channel: str) -> None:
        await self.web.slack(person, "users.info", user=self.choose.choice(self.town.people).id)

    async def tell_square(self) -> list[float]:
        """One message to half of all people; each delivery's seconds."""
        self.delays.clear()
        count = len(self.town.people) // 2
        await self._post(self.town.people[0], self.town.square)
        async with asyncio.timeout(WAIT_S):
            while len(self.delays) < count:
                await asyncio.sleep(0.01)
        return self.delays[:]


async def calm(pid: int) -> None:
    """Return once the server has nothing to do (it tells of all those people at first)."""
    with suppress(TimeoutError):
        async with asyncio.timeout(WAIT_S):
            before = 0.0
            while (used := cpu_us(pid)) - before > 200_000:
                before = used
                await asyncio.sleep(1.0)


async def measure(server: Volano, town: Town, seconds: float) -> list[Figure]:
    load, people = Load(server, town), len(town.people)
    await calm(server.pid)
    empty_mb = rss_mb(server.pid)
    took_s, worst_s = await load.connect()
    full_mb = rss_mb(server.pid)
    await calm(server.pid)
    cpu, began = cpu_us(server.pid), time.monotonic()
    await load.work(seconds)
    passed_s = time.monotonic() - began
    used_ms = (cpu_us(server.pid) - cpu) / 1e3
    delays, done, most_mb = sorted(load.delays), load.done, rss_mb(server.pid, "VmHWM")
    await calm(server.pid)
    told = [await load.tell_square() for _ in range(5)]
    last_ms = sorted(max(times) * 1000 for times in told)[2]
    print(f"{done} actions, {len(delays)} deliveries, refused: {dict(load.web.refused) or 'none'}")
    each_kb = (full_mb - empty_mb) * 1024 / people
    return [
        Figure(name="people connected", value=people, unit="people"),
        Figure(name="all come at once: until the last listens", value=took_s, unit="s"),
        Figure(name="meanwhile, the slowest answer", value=worst_s * 1000, unit="ms"),
        Figure(name="memory of a socket", value=each_kb, unit="kB"),
        Figure(name="actions", value=done / passed_s, unit="1/s"),
        Figure(name="CPU of the server for an action", value=used_ms / done, unit="ms"),
        _goal("send to deliver, p50", delays[len(delays) // 2] * 1000, "ms", 250),
        _goal("send to deliver, p99", delays[int(len(delays) * 0.99)] * 1000, "ms", 250),
        _goal("memory, most", most_mb, "MB", 600),
        _goal(f"one message to {people // 2:,} people, last, median of 5", last_ms, "ms", 100),
    ]


def _goal(name: str, value: float, unit: str, goal: float) -> Figure:
    return Figure(
        name=name, value=value, unit=unit, peer="goal", peer_value=goal, less_is_better=True
    )


def figures(folder: Path, *, people: int = PEOPLE, seconds: float = SECONDS) -> list[Figure]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with volano(folder / "volano"):
        pass  # its first start makes the account and the workplace
    town = asyncio.run(found_town(folder / "volano", people))
    cores = sorted(os.sched_getaffinity(0))
    with volano(folder / "volano") as server:
        if len(cores) > 1:
            os.sched_setaffinity(0, {cores[1]})
        try:
            return uvloop.run(measure(server, town, seconds))
        finally:
            os.sched_setaffinity(0, set(cores))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", help="where the data is kept")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        found = figures(Path(name), people=asked.people, seconds=asked.seconds)
        main_of("chat_load", found)
