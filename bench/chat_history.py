"""A page of history and a search over 300,000 messages, in the process, on embedded SQLite.

Run: `python bench/chat_history.py [FOLDER]`. Half of the messages are Chinese. The page is the
newest 60 messages of a channel of 3,000; searches are two words, a two-character Chinese word, a
word with an operator and a very common word, by somebody who reads all 100 channels. Figures are
medians.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from machine import ROOT, Figure, main_of

sys.path.insert(0, str(ROOT / "src"))

from volano.app.build import open_process
from volano.kernel.call import Call
from volano.kernel.config import Config
from volano.kernel.ids import RequestId
from volano.services.chat.logic import channels, search
from volano.services.chat.logic.history import Span, read_history
from volano.services.chat.logic.words import searched_text, words_of
from volano.services.chat.logic.workspaces import ensure_workspace, enter
from volano.services.chat.model import Message
from volano.services.identity import interface as identity

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx

MESSAGES = 300_000
CHANNELS = 100
BATCH = 5_000
PAGE = 60
RUNS = 60
PAGE_OF_SEARCH = search.Page(count=20)
ENGLISH = tuple(f"word{rank}" for rank in range(1, 5001))
CHINESE = tuple(chr(0x4E00 + 17 * rank) + chr(0x5200 + 13 * rank) for rank in range(1, 1001))
"""Words by rank: as in real text, the n-th is used 1/n as often as the first."""
QUERIES = (f"{ENGLISH[40]} {ENGLISH[90]}", CHINESE[60], f"from:me {ENGLISH[400]}", ENGLISH[5])
MESSAGE = (
    "INSERT INTO chat_message (channel_id, ts_us, account, user_id, subtype, text, body, "
    "thread_us, in_channel, edited_us, edited_by, reply_count, latest_reply_us, indexed) "
    "VALUES (?, ?, ?, ?, '', ?, '{}', 0, 1, 0, '', 0, 0, 1)"
)
WORD = "INSERT INTO chat_word (account, word, channel_id, ts_us) VALUES (?, ?, ?, ?)"


def figures(folder: Path, *, count: int = MESSAGES) -> list[Figure]:
    return asyncio.run(_figures(folder, count))


async def _figures(folder: Path, count: int) -> list[Figure]:
    config = Config(data_dir=folder, runtime="process", log_level="warning")
    async with open_process(config) as process:
        env = process.env
        first = await identity.bootstrap(env)
        await ensure_workspace(env, first.account)
        principal = await identity.find_principal(env.store.reader, first.user_id)
        assert principal is not None
        call = Call(
            principal=principal,
            account=principal.account,
            region=env.region.name,
            request_id=RequestId("bench"),
            deadline_s=env.clock.monotonic_s() + 3600,
            door="slack",
        )
        places = [
            (
                await channels.create_channel(env, call, f"room-{number}", is_private=False)
            ).channel.id
            for number in range(CHANNELS)
        ]
        await _fill(env, call, places, count)
        pages = [
            await _timed(read_history(env, call, places[run % 7], Span(limit=PAGE)))
            for run in range(RUNS)
        ]
        found = {
            query: [
                await _timed(search.search_messages(env, call, query, page=PAGE_OF_SEARCH))
                for _ in range(RUNS // 4)
            ]
            for query in QUERIES
        }
    times = [
        Figure(
            name=f"history page of {PAGE}, {count:,} messages",
            value=statistics.median(pages),
            unit="ms",
            peer="goal",
            peer_value=5,
            less_is_better=True,
        )
    ]
    times += [
        Figure(
            name=f"search {query!r}, {count:,} messages",
            value=statistics.median(runs),
            unit="ms",
            peer="goal",
            peer_value=10,
            less_is_better=True,
        )
        for query, runs in found.items()
    ]
    return times


async def _timed(work) -> float:
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1000


async def _fill(env: Env, call: Call, places: list[str], count: int) -> None:
    me = (await enter(env, call)).me
    chance = random.Random(7)
    now_us = env.clock.now_us()
    for start in range(0, count, BATCH):
        made = [
            Message(
                channel_id=places[number % len(places)],
                ts_us=now_us - (count - number) * 1_000_000,
                account=call.account,
                user_id=me.id,
                text=_text(chance, number),
                indexed=True,
            )
            for number in range(start, min(start + BATCH, count))
        ]

        async def write(tx: Tx, made: list[Message] = made) -> None:
            await tx.execute_many(MESSAGE, [_message_row(message) for message in made])
            words = [
                (message.account, word, message.channel_id, message.ts_us)
                for message in made
                for word in set(words_of(searched_text(message)))
            ]
            await tx.execute_many(WORD, words)

        await env.store.transact(write)


def _message_row(item: Message) -> tuple[str | int, ...]:
    """A person's plain message, as the store writes it."""
    return (item.channel_id, item.ts_us, item.account, item.user_id, item.text)


def _text(chance: random.Random, number: int) -> str:
    words = CHINESE if number % 2 else ENGLISH
    picked = [words[int(len(words) ** chance.random()) - 1] for _ in range(9)]
    return ("" if number % 2 else " ").join(picked)


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as made:
        main_of("chat_history", figures(given or Path(made)))
