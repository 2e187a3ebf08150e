"""Messages to words, for search: written by work, the same for both databases and every language.

Words are kept whole and in lower case; Chinese, Japanese and Korean have no spaces, so that pairs
of characters stand for words (two are the shortest Chinese word).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.services.chat.logic.blocks import block_texts
from volano.services.chat.logic.mrkdwn import to_plain
from volano.services.chat.store import messages as message_rows
from volano.services.chat.store import words as rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.chat.model import Message

UNSEARCHED = ("channel_", "tombstone")
"""Subtypes that nobody looks for: notices, and what stands for a deleted message."""
MAX_WORDS = 2000
"""Of one message."""
MAX_WORD_CHARACTERS = 64

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_IS_CJK = re.compile(rf"[{_CJK}]")


def words_of(text: str) -> list[str]:
    """Every word of a text once, in order."""
    found: dict[str, None] = {}
    for token in _TOKEN.findall(text.lower()):
        pairs = _pairs(token) if _IS_CJK.match(token) else [token[:MAX_WORD_CHARACTERS]]
        found.update(dict.fromkeys(pairs))
    return list(found)


def _pairs(run: str) -> list[str]:
    """Pairs of characters; the last one alone too, so that a single one is found as a prefix."""
    return [run[at : at + 2] for at in range(len(run))]


def searched_text(message: Message) -> str:
    """All that a search looks at: the text, and what only blocks and attachments say."""
    texts = dict.fromkeys([message.text, *block_texts(message.body)])
    files = message.body.get("files")
    names = [str(item.get("name", "")) for item in files] if isinstance(files, list) else []
    return "\n".join([to_plain(text) for text in texts] + names)


async def keep_words(env: Env, account: str, channel_id: str, ts_us: int) -> None:
    """Bring the words of a message up to date; it may be gone."""
    found = await message_rows.find_message(env.store.reader, channel_id, ts_us)
    words: list[str] = []
    if found is not None and not found.subtype.startswith(UNSEARCHED):
        words = words_of(searched_text(found))[:MAX_WORDS]

    async def write(tx: Tx) -> None:
        await rows.replace_words(tx, account, channel_id, ts_us, words)

    await env.store.transact(write)
