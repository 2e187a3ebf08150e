"""Live events: kept in the transaction that made them true, sent right after the commit.

Every event that changes what a page shows is kept in the log of its stream: a channel's, or the
person's whom alone it concerns. `keep_in_channel` and `keep_for` give it the stream's next number
in the caller's transaction, and `send` tells those who listen, in the order of the numbers. When a
process dies in between, or a client is away, nothing is lost: a client that comes back says where
it stood (`resume`) and is told the rest, or `resync` for a stream whose log does not reach back so
far (an hour, or MAX_KEPT events), and then reads that anew.

What is over in a moment (somebody types) is not kept: `tell_channel` and `tell_users`.
A person's topic in the feed is `chat:ACCOUNT:USER`; only that person listens to it, as `chat`.

Each process tells its own listeners. Others are told of the stream, not of the persons, once: they
find out for themselves who listens, and put what several processes sent in the stream's order.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec

from volano.services.chat.logic.payloads import CHANNEL_TYPES
from volano.services.chat.logic.workspaces import enter
from volano.services.chat.store import channels as channel_rows
from volano.services.chat.store import streams as rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.events import EventFeed
    from volano.kernel.store import Tx
    from volano.services.chat.model import Channel, Json

TOPIC = "chat"
"""What a page subscribes to at `/volano/v1/live`: everything for the person who looks."""
MAX_LISTENERS = 10_000
"""Members of one channel that are told live; the others see it at their next look."""
MAX_KEPT = 1000
"""Events of one stream in the log; trimmed once in TRIM_EVERY events."""
TRIM_EVERY = 100
KEEP_US = 3600 * 1_000_000
MAX_FORGOTTEN = 2000
"""Old events that `forget_old` takes out of the log in one transaction, about 15 ms."""
MAX_REPLAYED = 500
"""Events of one stream that are told again; a client that missed more reads anew."""
MAX_REPLAYED_IN_ALL = 2000
MAX_STREAMS = 5000
"""Streams of one person whose places are told."""
MAX_PLACES = 100_000
"""Streams of which a process knows how far it has sent."""

SENT, SAID = "chat.sent", "chat.said"
"""What other processes are called for: an event that is kept, and one that is not."""


@dataclass(slots=True)
class _Sent:
    """The number of the last event that this process sent of each stream."""

    losses: int
    """Of the feed; when there are more, clients were told to come again, and places are void."""
    places: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def note(self, stream: str, seq: int) -> None:
        self.places[stream] = seq
        self.places.move_to_end(stream)
        if len(self.places) > MAX_PLACES:
            self.places.popitem(last=False)


_SENT: WeakKeyDictionary[EventFeed, _Sent] = WeakKeyDictionary()
"""By the process's feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event that is kept: to be sent after the commit."""

    account: str
    stream: str
    seq: int
    payload: str
    is_personal: bool


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is not kept, for these users or for the members of a channel."""

    account: str
    users: list[str]
    channel: str = ""
    event: msgspec.Raw


def topic_of(account: str, user_id: str) -> str:
    return f"{TOPIC}:{account}:{user_id}"


async def keep_in_channel(tx: Tx, env: Env, channel: Channel, event: Json) -> Told:
    """Keep an event for every member; `channel` and `channel_type` are filled in."""
    return await _keep(tx, env, channel.account, channel.id, _of_channel(channel, event))


async def keep_for(tx: Tx, env: Env, account: str, user_id: str, event: Json) -> Told:
    """Keep an event for one person."""
    return await _keep(tx, env, account, user_id, event, is_personal=True)


async def _keep(
    tx: Tx, env: Env, account: str, stream: str, event: Json, *, is_personal: bool = False
) -> Told:
    seq = await rows.take_seq(tx, stream)
    payload = msgspec.json.encode(event | {"stream": stream, "seq": seq}).decode()
    await rows.insert_event(tx, stream, seq, env.clock.now_us(), payload)
    if seq % TRIM_EVERY == 0:
        await rows.delete_events(tx, stream, through=seq - MAX_KEPT)
    return Told(account=account, stream=stream, seq=seq, payload=payload, is_personal=is_personal)


async def send(env: Env, *told: Told) -> None:
    """Tell those who listen now, in every process; call it after the commit."""
    for item in told:
        env.events.relay(SENT, item)
    for item in told:
        await _send_here(env, item)


async def hear_sent(env: Env, payload: bytes) -> None:
    """Another process called `send`."""
    await _send_here(env, msgspec.json.decode(payload, type=Told))


async def _send_here(env: Env, item: Told) -> None:
    """Tell listeners of this process, those events first that others overtook on the way."""
    topics = await _topics_of(env, item)
    sent = _sent_of(env)
    before = sent.places.get(item.stream, item.seq - 1)
    known: Sequence[tuple[int, str]] = [(item.seq, item.payload)]
    if before < item.seq - 1:
        found = await rows.select_events(
            env.store.reader, item.stream, after=before, limit=MAX_REPLAYED
        )
        known = found or known
    # (Nothing waits from here on, so that no other event comes between.)
    before = sent.places.get(item.stream, before)
    for seq, payload in known:
        if seq > before:
            env.events.signal_here(topics, payload.encode())
    sent.note(item.stream, max(before, known[-1][0]))


def _sent_of(env: Env) -> _Sent:
    sent = _SENT.get(env.events)
    if sent is None or sent.losses != env.events.losses:
        sent = _SENT[env.events] = _Sent(env.events.losses)
    return sent


async def _topics_of(env: Env, item: Told) -> list[str]:
    if item.is_personal:
        return [topic_of(item.account, item.stream)]
    members = await channel_rows.select_members(
        env.store.reader, item.stream, after="", limit=MAX_LISTENERS
    )
    prefix = topic_of(item.account, "")
    return [prefix + user for user in members]


def tell_users(env: Env, account: str, users: Iterable[str], event: Json) -> None:
    """Send one event that is not kept to each of these users."""
    said = Said(account=account, users=list(users), event=_raw(event))
    env.events.relay(SAID, said)
    _say_here(env, said, said.users)


async def tell_channel(env: Env, channel: Channel, event: Json) -> None:
    """Send an event that is not kept to every member."""
    raw = _raw(_of_channel(channel, event))
    said = Said(account=channel.account, users=[], channel=channel.id, event=raw)
    env.events.relay(SAID, said)
    await _say_in_channel(env, said)


async def hear_said(env: Env, payload: bytes) -> None:
    """Another process called `tell_users` or `tell_channel`."""
    said = msgspec.json.decode(payload, type=Said)
    if said.channel:
        await _say_in_channel(env, said)
    else:
        _say_here(env, said, said.users)


async def _say_in_channel(env: Env, said: Said) -> None:
    members = await channel_rows.select_members(
        env.store.reader, said.channel, after="", limit=MAX_LISTENERS
    )
    _say_here(env, said, members)


def _say_here(env: Env, said: Said, users: Iterable[str]) -> None:
    prefix = topic_of(said.account, "")
    env.events.signal_here([prefix + user for user in users], bytes(said.event))


def _raw(event: Json) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(event))


def _of_channel(channel: Channel, event: Json) -> Json:
    return {"channel": channel.id, "channel_type": CHANNEL_TYPES[channel.kind], **event}


async def resume(
    env: Env, call: Call, since: Mapping[str, int]
) -> tuple[dict[str, int], list[bytes]]:
    """Where the caller's streams stand, and what happened in them after `since`.

    A stream that `since` does not name is new to the client, and told as `resync`; when it names
    none, the client reads everything anyway.
    """
    here = await enter(env, call)
    reader = env.store.reader
    sent = _sent_of(env)
    places = await rows.select_places(reader, here.me.id, limit=MAX_STREAMS)
    for stream, seq in places.items():  # the client is told the rest from here on
        if stream not in sent.places:
            sent.note(stream, seq)
    missed: list[bytes] = []
    for stream, seq in places.items() if since else ():
        seen = since.get(stream, -1)
        if seen == seq:
            continue
        left = min(MAX_REPLAYED, MAX_REPLAYED_IN_ALL - len(missed))
        found: list[tuple[int, str]] = []
        if 0 <= seen < seq <= seen + left:
            found = await rows.select_events(reader, stream, after=seen, limit=left)
        if found and found[0][0] == seen + 1:
            missed += [payload.encode() for _, payload in found]
            places[stream] = found[-1][0]
            continue
        again: Json = {"type": "resync", "channel": stream, "stream": stream, "seq": seq}
        missed.append(msgspec.json.encode(again))
    return places, missed


async def forget_old(env: Env) -> None:
    """Take events out of the log that are older than KEEP_US."""
    before_us = env.clock.now_us() - KEEP_US

    async def write(tx: Tx) -> int:
        return await rows.delete_events_before(tx, before_us, limit=MAX_FORGOTTEN)

    while await env.store.transact(write) >= MAX_FORGOTTEN:
        pass
