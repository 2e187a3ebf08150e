"""Signals from process to process: numbered frames over a carrier that may lose them.

Each process numbers its frames, and a frame says who sent it. Who hears a number that does not
follow the one before has missed something and says so (`lose`): listeners are closed and fetch
what they missed from the rows. So neither the carrier nor a connection need be reliable, and
nothing has to be known about when either broke.

A process that hears of no other sends nothing but a beat every BEAT_S; what it did not send leaves
a hole in its numbers, which whoever comes later hears. A process hears its own beats too: when they
stay away for SILENT_S, the connection is dead, and it opens another.

Nothing here ever waits for the carrier but the one task of `run`: `send` puts into a bounded queue,
and what comes together goes together.
"""

from __future__ import annotations

import asyncio
import struct
import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.kernel.log import Log

BEAT_S = 5.0
SILENT_S = 20.0
"""A process that was not heard of for so long counts as gone; so does a connection."""
FORGOTTEN_S = 3600.0
"""How long the numbers of a process that is gone are remembered."""
RETRY_S = 0.5
MAX_PROCESSES = 1000
MAX_WAITING_BYTES = 8 * 1024 * 1024
"""What waits for the carrier; when there is more, all of it is lost."""
FRAME_BYTES = 64 * 1024
"""A frame takes signals until it is so large; a larger signal has one for itself."""
SENDER_BYTES = 16
_ITEM_BYTES = 32
_HEAD = struct.Struct(">16sQHH")
"""Of a piece: the sender, the frame's number, which piece it is, and of how many."""


class CarrierLost(Exception):
    """The carrier does not carry at the moment."""


class Kind(IntEnum):
    """What is to be done with an item."""

    SIGNAL = 0
    CALL = 1
    """For the function that is registered under the topic."""
    WAKE = 2
    """Events were committed. It may be lost: who delivers also looks by itself."""


class Carrier(Protocol):
    """What brings pieces to every process of the region, this one included, in their order."""

    max_piece_bytes: int

    async def open(self, on_piece: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        """Connect and hear from now on. Raises CarrierLost."""
        ...

    async def send(self, pieces: Sequence[bytes]) -> None:
        """Return when they are on their way. Raises CarrierLost."""
        ...

    async def close(self) -> None:
        """Let go of the connection, whatever state it is in."""
        ...


class _Frame(msgspec.Struct, array_like=True, frozen=True):
    leaving: bool
    items: list[tuple[int, str, bytes]]


@dataclass(slots=True)
class _Peer:
    """Another process: the last frame of it that was heard, and what came of the next."""

    heard_s: float
    number: int = 0
    coming: int = 0
    parts: list[bytes] = field(default_factory=list)
    is_gone: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Frame).decode


class Relay:
    """One process's end of the carrier."""

    def __init__(self, carrier: Carrier, sender: bytes, log: Log) -> None:
        """`sender` is SENDER_BYTES that no other process has, nor this one after a restart."""
        assert len(sender) == SENDER_BYTES
        self._carrier = carrier
        self._sender = sender
        self._log = log
        self._hear: Callable[[Kind, str, bytes], None] | None = None
        self._lose: Callable[[], None] | None = None
        self._peers: dict[bytes, _Peer] = {}
        self._alive_until_s = time.monotonic() + SILENT_S
        """Until when there may be another process; one that has just begun does not know."""
        self._waiting: dict[int, tuple[int, str, bytes]] = {}
        """By their order; those that say nothing but their topic are there once."""
        self._wakes: set[tuple[int, str]] = set()
        self._order = 0
        self._waiting_bytes = 0
        self._number = 0
        self._unsent: list[bytes] = []
        """The pieces of the frame that is being sent."""
        self._wanted = asyncio.Event()
        self._greet = False
        self._is_lost = False
        self._echoed_s = 0.0

    @property
    def peers(self) -> int:
        """Other processes that were heard of lately."""
        since_s = time.monotonic() - SILENT_S
        return sum(peer.heard_s > since_s for peer in self._peers.values())

    def send(self, kind: Kind, topic: str, payload: bytes) -> None:
        """Tell every other process; what the carrier cannot take soon is lost, and they hear so."""
        if time.monotonic() > self._alive_until_s:
            self._number += kind is not Kind.WAKE
            return
        if not payload and (kind, topic) in self._wakes:
            return
        size = len(payload) + len(topic) + _ITEM_BYTES
        if self._waiting_bytes + size > MAX_WAITING_BYTES:
            self._drop_waiting()
        if not payload:
            self._wakes.add((kind, topic))
        self._order += 1
        self._waiting[self._order] = (kind, topic, payload)
        self._waiting_bytes += size
        self._wanted.set()

    def _drop_waiting(self) -> None:
        self._log.warning("too many signals wait for other processes", lost=len(self._waiting))
        self._number += 1
        self._waiting.clear()
        self._wakes.clear()
        self._waiting_bytes = 0

    async def run(self, hear: Callable[[Kind, str, bytes], None], lose: Callable[[], None]) -> None:
        """Send and hear until cancelled; `hear` and `lose` never wait."""
        self._hear, self._lose = hear, lose
        was_lost = False
        try:
            while True:
                try:
                    await self._open()
                    if was_lost:
                        self._log.info("signals cross between processes again")
                    was_lost = False
                    await self._write()
                except CarrierLost as error:
                    if not was_lost:
                        self._log.warning("signals do not cross to others", error=str(error))
                    was_lost = True
                await self._carrier.close()
                await asyncio.sleep(RETRY_S)
        finally:
            await self._leave()

    async def _open(self) -> None:
        self._is_lost = False
        await self._carrier.open(self._take, self._on_lost)
        self._echoed_s = time.monotonic()
        self._greet = True

    def _on_lost(self) -> None:
        self._is_lost = True
        self._wanted.set()

    async def _write(self) -> None:
        """Send what waits, and a beat at its time. Raises CarrierLost."""
        beat_s = 0.0
        while True:
            now_s = time.monotonic()
            if self._is_lost:
                raise CarrierLost("the connection is lost")
            if now_s - self._echoed_s > SILENT_S:
                raise CarrierLost("own signals do not come back (is there a pooler between?)")
            if self._unsent or self._waiting or self._greet or now_s >= beat_s:
                self._greet = False
                if not self._unsent:
                    self._unsent = self._pieces(self._next_items())
                await self._carrier.send(self._unsent)
                self._unsent = []
                beat_s = now_s + BEAT_S
                continue
            self._miss(now_s)
            await _wait(self._wanted, beat_s - now_s)
            self._wanted.clear()

    async def _leave(self) -> None:
        """Say goodbye if that can be said at once."""
        try:
            if not self._is_lost and self._hear is not None:
                async with asyncio.timeout(1.0):
                    await self._carrier.send(self._pieces(self._next_items(), leaving=True))
        except (CarrierLost, TimeoutError):
            pass  # they find out
        finally:
            await self._carrier.close()

    def _next_items(self) -> list[tuple[int, str, bytes]]:
        items: list[tuple[int, str, bytes]] = []
        taken = 0
        for order in list(self._waiting):
            kind, topic, payload = self._waiting[order]
            size = len(payload) + len(topic) + _ITEM_BYTES
            if items and taken + size > FRAME_BYTES:
                break
            del self._waiting[order]
            if not payload:
                self._wakes.discard((kind, topic))
            self._waiting_bytes -= size
            taken += size
            items.append((kind, topic, payload))
        return items

    def _pieces(self, items: list[tuple[int, str, bytes]], *, leaving: bool = False) -> list[bytes]:
        """The next frame, cut to what the carrier takes."""
        self._number += 1
        frame = _encode(_Frame(leaving, items))
        size = self._carrier.max_piece_bytes - _HEAD.size
        count = -(-len(frame) // size)
        return [
            _HEAD.pack(self._sender, self._number, index, count)
            + frame[index * size : (index + 1) * size]
            for index in range(count)
        ]

    def _take(self, piece: bytes) -> None:
        """A piece came in."""
        try:
            sender, number, index, count = _HEAD.unpack_from(piece)
        except struct.error:
            return  # not one of ours
        now_s = time.monotonic()
        if sender == self._sender:
            self._echoed_s = now_s
            return
        peer = self._peers.get(sender) or self._meet(sender, now_s)
        if peer.is_gone:
            self._call_back()  # it hears by our number what we did not send meanwhile
        peer.heard_s, peer.is_gone = now_s, False
        self._alive_until_s = max(self._alive_until_s, now_s + SILENT_S)
        if number <= peer.number:
            return  # it was sent twice
        if index == 0:
            peer.coming, peer.parts = number, []
        elif number != peer.coming or index != len(peer.parts):
            return  # its beginning is missing, which the next frame shows
        peer.parts.append(piece[_HEAD.size :])
        if len(peer.parts) == count:
            self._take_frame(sender, peer)

    def _meet(self, sender: bytes, now_s: float) -> _Peer:
        if len(self._peers) >= MAX_PROCESSES:
            self._peers.clear()
        peer = self._peers[sender] = _Peer(now_s)
        self._call_back()
        return peer

    def _call_back(self) -> None:
        self._greet = True
        self._wanted.set()

    def _take_frame(self, sender: bytes, peer: _Peer) -> None:
        assert self._hear is not None
        assert self._lose is not None
        missed = peer.coming != peer.number + 1
        peer.number = peer.coming
        joined, peer.parts = b"".join(peer.parts), []
        try:
            frame = _decode(joined)
            items = [(Kind(kind), topic, payload) for kind, topic, payload in frame.items]
        except (msgspec.MsgspecError, ValueError):  # of another version
            self._lose()
            return
        if missed:
            self._lose()
        for kind, topic, payload in items:
            self._hear(kind, topic, payload)
        if frame.leaving:
            del self._peers[sender]

    def _miss(self, now_s: float) -> None:
        """A process that fell silent without a goodbye may have died before it told its last."""
        assert self._lose is not None
        for sender, peer in list(self._peers.items()):
            if peer.heard_s < now_s - FORGOTTEN_S:
                del self._peers[sender]
            elif peer.heard_s < now_s - SILENT_S and not peer.is_gone:
                peer.is_gone = True
                self._lose()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
