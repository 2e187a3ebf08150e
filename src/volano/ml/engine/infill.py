"""Filling in the middle: the marks by which a model is asked for what stands between two texts.

Models of code learn it, each family with marks of its own in its vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.ml.engine.tokenizer import Tokenizer

# Before the text in front, before the text behind, and where the model begins. Qwen and CodeGemma,
# StarCoder and Granite, Code Llama, DeepSeek.
_FORMS = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("▁<PRE>", "▁<SUF>", "▁<MID>"),
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
)
# Mistral's: the text behind comes first, and the model goes on with the text in front.
_SUFFIX, _PREFIX = "[SUFFIX]", "[PREFIX]"
_ENDS = (
    "<|endoftext|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<|file_separator|>",
    "<fim_pad>",
    "<file_sep>",
    "▁<EOT>",
)
"""Beside the end of the text: here another file would begin."""


@dataclass(frozen=True, slots=True)
class Infill:
    """The marks of one tokenizer as ids: before each text, and at the end (-1 for none)."""

    prefix_id: int
    suffix_id: int
    middle_id: int
    ends: frozenset[int]

    def prompt(self, prefix: list[int], suffix: list[int]) -> list[int]:
        """The prompt that asks for what stands between two texts."""
        before = [self.prefix_id, *prefix]
        after = [self.suffix_id, *suffix]
        return [*after, *before] if self.middle_id < 0 else [*before, *after, self.middle_id]


def find_infill(tokenizer: Tokenizer) -> Infill | None:
    """The marks that a vocabulary has; None when its model does not fill in the middle."""
    for form in _FORMS:
        ids = [id for mark in form if (id := tokenizer.token_id(mark)) is not None]
        if len(ids) == len(form):
            prefix, suffix, middle = ids
            return Infill(prefix, suffix, middle, ends=_ends(tokenizer, ids))
    last, first = tokenizer.token_id(_SUFFIX), tokenizer.token_id(_PREFIX)
    if last is None or first is None:
        return None
    return Infill(first, last, -1, ends=_ends(tokenizer, [first, last]))


def _ends(tokenizer: Tokenizer, marks: list[int]) -> frozenset[int]:
    found = (tokenizer.token_id(text) for text in _ENDS)
    return frozenset([*marks, *(id for id in found if id is not None)])
