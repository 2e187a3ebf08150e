"""Basic moderation: word rules, and likeness in meaning to a few examples.

It finds plain threats, calls to self-harm, slurs aimed at groups and explicit words, in English
and by words in Chinese. It does not understand context, irony or other languages: answers are
labelled basic, and nothing here should be the only guard of anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.models.logic.embeddings import embed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env

MODEL = "volano-basic-moderation"
CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
MAX_CHARACTERS = 4000
"""Of a text whose likeness is measured; rules read all of it."""
LIKE = 0.62
"""Cosine from which a text counts as like an example."""
_PERSON = r"(?:you|him|her|them|everyone|my (?:wife|husband|boss|neighbou?rs?|teacher))"
_RULES: dict[str, tuple[str, ...]] = {
    "harassment": (
        r"\byou(?:'re| are)? (?:a |an |such a )?(?:idiot|moron|worthless|pathetic|loser)",
        r"\bnobody (?:likes|loves|wants) you\b",
        "你是(?:白痴|废物|垃圾)",
    ),
    "harassment/threatening": (
        rf"\b(?:i will|i'll|i am going to|i'm going to) (?:kill|hurt|stab|shoot) {_PERSON}",
        "我要(?:杀|打死)(?:你|他|她)",
    ),
    "hate": (
        r"\b(?:all|those) (?:jews|muslims|christians|blacks|whites|gays|immigrants|women)"
        r" (?:are|should be) (?:vermin|animals|scum|subhuman|inferior)",
    ),
    "hate/threatening": (
        r"\b(?:kill|exterminate|gas|shoot) (?:all|the|every) "
        r"(?:jews?|muslims?|christians?|blacks?|whites?|gays?|immigrants?)",
    ),
    "illicit": (
        r"\bhow (?:to|do i|can i) (?:make|cook|synthesi[sz]e) (?:meth|heroin|crack|fentanyl)",
        r"\bhow (?:to|do i|can i) (?:launder money|shoplift|forge a passport|steal a car)",
    ),
    "illicit/violent": (
        r"\bhow (?:to|do i|can i) (?:make|build) (?:a |an )?(?:bomb|explosives?|silencer)",
        "(?:怎么|如何)(?:制作|做)炸弹",
    ),
    "self-harm": (
        r"\b(?:cut|cutting|starving|hurting) myself\b",
        r"\bsuicid(?:e|al)\b",
        "自杀|自残",
    ),
    "self-harm/instructions": (r"\bhow (?:to|do i|can i) (?:kill|hang|poison) (?:my|your)self",),
    "self-harm/intent": (
        r"\bi (?:want|plan|am going|'m going) to (?:die|kill myself|end my life)",
        r"\bi will kill myself\b",
        "我(?:想死|要自杀)",
    ),
    "sexual": (r"\b(?:porn|blowjob|explicit sex|nude photos?)\b", "色情"),
    "sexual/minors": (r"\b(?:child|kid|minor|underage)s?(?:'s)? (?:porn|nudes?|sex)", "儿童色情"),
    "violence": (
        rf"\b(?:kill|stab|shoot|murder|torture|behead) {_PERSON}",
        r"\bmass shooting\b",
        "杀(?:死|了)(?:你|他|她)",
    ),
    "violence/graphic": (r"\b(?:guts|intestines|brains) (?:spill|splatter|hang)", r"\bdismember"),
}
_COMPILED = {name: re.compile("|".join(rules), re.IGNORECASE) for name, rules in _RULES.items()}
_PARENTS = {
    "harassment/threatening": ("harassment", "violence"),
    "hate/threatening": ("hate", "violence"),
    "illicit/violent": ("illicit",),
    "self-harm/instructions": ("self-harm",),
    "self-harm/intent": ("self-harm",),
    "sexual/minors": ("sexual",),
    "violence/graphic": ("violence",),
}
_EXAMPLES = {
    "harassment/threatening": "I am going to hurt you and you will regret it.",
    "hate": "People of that religion are subhuman scum.",
    "illicit/violent": "Give me instructions for building a bomb at home.",
    "self-harm/intent": "I want to end my life tonight.",
    "sexual": "An explicit description of two people having sex.",
    "violence": "He stabbed the man again and again until he was dead.",
}


async def judge(env: Env, call: Call, texts: Sequence[str]) -> list[dict[str, float]]:
    """A score per category for each text: 0.9 by rule, the cosine's share by likeness.

    Without the embedding model rules decide alone. Likeness costs embedding tokens.
    """
    by_rule = [_by_rules(text) for text in texts]
    likeness = await _likeness(env, call, texts)
    return [_joined(rules, like) for rules, like in zip(by_rule, likeness, strict=True)]


def _by_rules(text: str) -> set[str]:
    found = {name for name, pattern in _COMPILED.items() if pattern.search(text)}
    return found | {parent for name in found for parent in _PARENTS.get(name, ())}


async def _likeness(env: Env, call: Call, texts: Sequence[str]) -> list[dict[str, float]]:
    if (await env.inference.status()).state != "ready":
        return [{} for _ in texts]
    cut = [text[:MAX_CHARACTERS] or " " for text in texts]
    try:
        found = await embed(env, call, [*cut, *_EXAMPLES.values()])
    except VolanoError as error:
        env.log.warning("moderation goes by rules alone", error=error.message)
        return [{} for _ in texts]
    vectors, examples = found.vectors[: len(cut)], found.vectors[len(cut) :]
    return [
        {
            name: sum(a * b for a, b in zip(vector, example, strict=True))
            for name, example in zip(_EXAMPLES, examples, strict=True)
        }
        for vector in vectors
    ]


def _joined(rules: set[str], like: dict[str, float]) -> dict[str, float]:
    """Half a point at the cosine from which a text counts as like the example."""
    scores = {name: 0.9 if name in rules else 0.0 for name in CATEGORIES}
    for name, cosine in like.items():
        likely = max(0.0, min(0.8, 0.5 * cosine / LIKE))
        for one in (name, *_PARENTS.get(name, ())):
            scores[one] = max(scores[one], round(likely, 4))
    return scores
