"""Words to terms: light English stems, CJK bigrams, numbers without separators.

The same function runs when a text is indexed and when a question is asked, so both databases find
the same. Two characters are the shortest Chinese word, hence bigrams (research/chat.md, 6).
"""

from __future__ import annotations

import re
from functools import lru_cache

MAX_TERM_CHARACTERS = 40

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]+|\d+(?:[.,:]\d+)*|[^\W\d_{_CJK}]+(?:['’][^\W\d_]+)?|[^\W_]+")
_IS_CJK = re.compile(rf"[{_CJK}]")

_EVERYDAY_WORDS = (
    "a about after all am an and any are as at be been before but by can could did do does for "
    "from get go going had has have he her here him his how i if in into is it its just me my no "
    "not of on one or our please she should so some tell than that the their them then there these "
    "they this to up us was we were what when where which who whose why will with would you your "
    "anyone anybody someone know says said many much use uses used using long often"
)
EVERYDAY = frozenset(_EVERYDAY_WORDS.split())
_CJK_EVERYDAY_WORDS = "什么 怎么 是多 多少 请问 哪里 如何 的是 是什 何时 几点 です ます ですか"
_CJK_EVERYDAY = frozenset(_CJK_EVERYDAY_WORDS.split())


def terms_of(text: str) -> dict[str, int]:
    """Every term of a text and how often it occurs."""
    counts: dict[str, int] = {}
    for term in _terms(text):
        counts[term] = counts.get(term, 0) + 1
    return counts


def question_terms(text: str) -> list[str]:
    """The terms of a question that carry meaning, in order, each once."""
    meaning = [term for term in _terms(text) if term not in _CJK_EVERYDAY]
    return list(dict.fromkeys(meaning))


def _terms(text: str) -> list[str]:
    found: list[str] = []
    for token in _TOKEN.findall(text.lower()):
        if _IS_CJK.match(token):
            found += _bigrams(token)
        elif token[0].isdigit():
            found.append(token.replace(",", "")[:MAX_TERM_CHARACTERS])
        elif token not in EVERYDAY:
            found.append(stem(token.partition("'")[0].partition("’")[0])[:MAX_TERM_CHARACTERS])
    return [term for term in found if term]


def _bigrams(run: str) -> list[str]:
    return [run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)]


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """An English word without its commonest endings; other words mostly stay as they are."""
    if len(word) <= 3:
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            cut = word[: -len(ending)] + instead
            return _without_double(cut) if ending in ("ing", "ed") else cut
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


_ENDINGS = (
    ("ies", "y"),
    ("sses", "ss"),
    ("ves", "v"),
    ("ing", ""),
    ("ed", ""),
    ("ly", ""),
    ("es", ""),
    ("ss", "ss"),
    ("us", "us"),
    ("s", ""),
)


def _without_double(word: str) -> str:
    """`stopp` of stopped is `stop`."""
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz" else word
