"""The words of messages, and messages by their words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.store import Reader, Tx, Value

LAST = "\U0010ffff"
"""Sorts after every character: the end of the words with a prefix."""


async def replace_words(
    tx: Tx, account: str, channel_id: str, ts_us: int, words: Sequence[str]
) -> None:
    """These are the message's words; none when it is gone."""
    await tx.execute("DELETE FROM chat_word WHERE channel_id = ? AND ts_us = ?", channel_id, ts_us)
    await tx.execute_many(
        "INSERT INTO chat_word (account, word, channel_id, ts_us) VALUES (?, ?, ?, ?)",
        [(account, word, channel_id, ts_us) for word in words],
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
    """
    clauses, values = ["m.account = ?"], [account]
    if words:
        first, *others = words
        where, given = _has(first, "w")
        source = f"chat_word w JOIN chat_message m ON m.channel_id = w.channel_id AND {_SAME}"
        clauses = ["w.account = ?", where]
        values = [account, *given]
        for word in others:
            where, given = _has(word, "o")
            clauses.append(
                "EXISTS (SELECT 1 FROM chat_word o WHERE o.account = w.account AND "
                f"o.channel_id = w.channel_id AND o.ts_us = w.ts_us AND {where})"
            )
            values += given
    else:
        source = "chat_message m"
    marks = ", ".join("?" * len(channels)) or "''"
    clauses += [f"m.channel_id IN ({marks})", "m.ts_us > ?", "m.ts_us < ?"]
    rest: list[Value] = [*values, *channels, after_us, before_us]
    if author:
        clauses.append("m.user_id = ?")
        rest.append(author)
    filters = " AND ".join(clauses)
    rows = await reader.rows(
        f"SELECT DISTINCT m.channel_id, m.ts_us FROM {source} WHERE {filters} "
        "ORDER BY m.ts_us DESC LIMIT ?",
        *rest,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


_SAME = "m.ts_us = w.ts_us"


def _has(word: str, name: str) -> tuple[str, list[str]]:
    """The condition that a row is this word, or begins so."""
    if word.endswith("*"):
        return f"{name}.word >= ? AND {name}.word < ?", [word[:-1], word[:-1] + LAST]
    return f"{name}.word = ?", [word]
