"""The nouns of the models service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from volano.kernel.inference import ModelFiles


class Task(Enum):
    GENERATE = "generate"
    EMBED = "embed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that can be asked for by name.

    `account` is empty for the built-in models, which everyone sees. `source` is what the engine
    loads (`builtin:NAME` or a folder). `note` says plainly what the model is good for.
    """

    account: str
    name: str
    task: Task
    source: str
    licence: str
    note: str
    size_bytes: int
    created_us: int
    owned_by: str

    @property
    def files(self) -> ModelFiles:
        return ModelFiles(name=self.name, source=self.source, task=self.task.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChat:
    """A chat completion that was kept: the answer and the messages it answers, as sent."""

    account: str
    id: str
    model: str
    created_us: int
    metadata: dict[str, str]
    answer: dict[str, object]
    messages: list[dict[str, object]]


TINY_MODEL = "volano-tiny-qwen3"
EMBEDDING_MODEL = "all-minilm-l6-v2"

BUILT_IN = (
    Model(
        account="",
        name=TINY_MODEL,
        task=Task.GENERATE,
        source=f"builtin:{TINY_MODEL}",
        licence="Apache-2.0",
        note=(
            "A tiny test model with random weights: its text is not useful. "
            "Pull a real one with `volano models pull Qwen/Qwen3-0.6B`."
        ),
        size_bytes=0,
        created_us=1_763_769_600_000_000,
        owned_by="volano",
    ),
    Model(
        account="",
        name=EMBEDDING_MODEL,
        task=Task.EMBED,
        source=f"builtin:{EMBEDDING_MODEL}",
        licence="Apache-2.0",
        note="Sentence embeddings of 384 numbers; good for English, not for other languages.",
        size_bytes=0,
        created_us=1_763_769_600_000_000,
        owned_by="sentence-transformers",
    ),
)

ALIASES = {
    "text-embedding-3-small": EMBEDDING_MODEL,
    "text-embedding-ada-002": EMBEDDING_MODEL,
}
"""Names that stock programs ask for by default, and what answers them."""
