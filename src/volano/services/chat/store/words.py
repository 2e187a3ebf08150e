"""The words of messages, and messages by their words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx, Value

COUNTED = 500
"""So many messages are looked at to tell a rare word from a common one."""
LAST = "\U0010ffff"
"""Sorts after every character: the end of the words with a prefix."""


async def replace_words(
    tx: Tx, account: str, channel_id: str, ts_us: int, words: Sequence[str]
) -> None:
    """These are the message's words; none when it is gone."""
    await tx.execute("DELETE FROM chat_word WHERE channel_id = ? AND ts_us = ?", channel_id, ts_us)
    await insert_words(tx, [(account, word, channel_id, ts_us) for word in words])


async def insert_words(tx: Tx, places: Sequence[tuple[str, str, str, int]]) -> None:
    """Account, word, channel and `ts` of words of messages that have none yet."""
    await tx.execute_many(
        "INSERT INTO chat_word (account, word, channel_id, ts_us) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        places,
    )


async def select_matches(
    reader: Reader,
    account: str,
    words: Sequence[str],
    *,
    channels: Sequence[str],
    author: str,
    after_us: int,
    before_us: int,
    limit: int,
) -> list[tuple[str, int]]:
    """Messages of these channels with all of these words, the newest first: channel and `ts`.

    A word that ends in `*` stands for all that begin so. Without words: the author's messages.
    The rarest word is followed from its newest message on, so that a search stops at `limit`.
    """
    if not words:
        return await _select_of_author(
            reader,
            account,
            author,
            channels=channels,
            after_us=after_us,
            before_us=before_us,
            limit=limit,
        )
    first, *others = await _rarest_first(reader, account, words)
    where, given = _has(first, "w")
    clauses, values = ["w.account = ?", where], [account, *given]
    for word in others:
        where, given = _has(word, "o")
        clauses.append(
            "EXISTS (SELECT 1 FROM chat_word o WHERE o.account = w.account AND "
            f"o.channel_id = w.channel_id AND o.ts_us = w.ts_us AND {where})"
        )
        values += given
    if author:
        clauses.append(
            "EXISTS (SELECT 1 FROM chat_message m WHERE m.channel_id = w.channel_id "
            "AND m.ts_us = w.ts_us AND m.user_id = ?)"
        )
        values.append(author)
    # Not the column itself: by the index of channels all matches would have to be sorted.
    clauses += [f"(w.channel_id || '') IN ({_marks(channels)})", "w.ts_us > ?", "w.ts_us < ?"]
    distinct = "DISTINCT " if first.endswith("*") else ""
    rows = await reader.rows(
        f"SELECT {distinct}w.channel_id, w.ts_us FROM chat_word w WHERE {' AND '.join(clauses)} "
        "ORDER BY w.ts_us DESC LIMIT ?",
        *values,
        *channels,
        after_us,
        before_us,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def _select_of_author(
    reader: Reader,
    account: str,
    author: str,
    *,
    channels: Sequence[str],
    after_us: int,
    before_us: int,
    limit: int,
) -> list[tuple[str, int]]:
    """What somebody wrote, or everybody when there is no author."""
    clauses: list[str] = ["account = ?"]
    values: list[Value] = [account]
    if author:
        clauses.append("user_id = ?")
        values.append(author)
    clauses += [f"(channel_id || '') IN ({_marks(channels)})", "ts_us > ?", "ts_us < ?"]
    clauses += ["subtype NOT LIKE 'channel_%'", "subtype <> 'tombstone'"]
    rows = await reader.rows(
        f"SELECT channel_id, ts_us FROM chat_message WHERE {' AND '.join(clauses)} "
        "ORDER BY ts_us DESC LIMIT ?",
        *values,
        *channels,
        after_us,
        before_us,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


def _marks(channels: Sequence[str]) -> str:
    return ", ".join("?" * len(channels)) or "''"


async def _rarest_first(reader: Reader, account: str, words: Sequence[str]) -> list[str]:
    """The words by how many messages hold them, counted up to COUNTED."""
    if len(words) == 1:
        return list(words)
    counts = {}
    for word in words:
        where, given = _has(word, "w")
        row = await reader.row(
            f"SELECT count(*) FROM (SELECT 1 FROM chat_word w WHERE w.account = ? AND {where} "
            "LIMIT ?) AS counted",
            account,
            *given,
            COUNTED,
        )
        counts[word] = row[0] if row else 0
    return sorted(counts, key=lambda word: (counts[word], word.endswith("*")))


def _has(word: str, name: str) -> tuple[str, list[str]]:
    """The condition that a row is this word, or begins so."""
    if word.endswith("*"):
        return f"{name}.word >= ? AND {name}.word < ?", [word[:-1], word[:-1] + LAST]
    return f"{name}.word = ?", [word]
