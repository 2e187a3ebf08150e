"""OpenAI's POST /v1/moderations, by rules and likeness: basic, and labelled so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.models.logic.moderation import CATEGORIES, MODEL, judge
from volano.services.models.logic.parameters import invalid, unsupported
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env

MAX_INPUTS = 256
NAMES = (
    "omni-moderation-latest",
    "omni-moderation-2024-09-26",
    "text-moderation-latest",
    "text-moderation-stable",
    MODEL,
)


class CreateModeration(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    input: str | list[str | dict[str, Any]]
    model: str | None = None


class ModerationResult(msgspec.Struct, kw_only=True):
    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[str]]


class Moderation(msgspec.Struct, kw_only=True):
    """`model` says what judged, which is none of OpenAI's models."""

    id: str
    model: str
    results: list[ModerationResult]


@action(
    "openai:createModeration",
    method="POST",
    path="/v1/moderations",
    permission="models:Moderate",
    resource="arn:aws:models:{region}:{account}:model/basic-moderation",
    read_only=True,
    partial="Basic: word rules in English and Chinese, and likeness to examples; no images.",
)
async def create_moderation(env: Env, call: Call, request: CreateModeration) -> Moderation:
    """Whether texts are harmful, as far as rules can tell."""
    if request.model is not None and request.model not in NAMES:
        raise invalid("model", f"it is one of {', '.join(NAMES)}")
    verdicts = await judge(env, call, _texts(request.input))
    return Moderation(
        id=f"modr-{env.ids.hex(32)}",
        model=MODEL,
        results=[
            ModerationResult(
                flagged=any(score >= 0.5 for score in scores.values()),
                categories={name: scores[name] >= 0.5 for name in CATEGORIES},
                category_scores=scores,
                category_applied_input_types={name: ["text"] for name in CATEGORIES},
            )
            for scores in verdicts
        ],
    )


def _texts(given: str | list[str | dict[str, Any]]) -> list[str]:
    """One text, several, or the text parts of one message."""
    items = [given] if isinstance(given, str) else given
    if not 1 <= len(items) <= MAX_INPUTS:
        raise invalid("input", f"it is 1 to {MAX_INPUTS} texts")
    texts: list[str] = []
    for at, item in enumerate(items):
        if isinstance(item, str):
            texts.append(item)
        elif item.get("type") == "text" and isinstance(item.get("text"), str):
            texts.append(item["text"])
        else:
            raise unsupported(f"input[{at}].type", "only text is judged")
    return texts
