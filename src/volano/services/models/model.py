"""The nouns of the models service."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
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
    def upstream(self) -> tuple[str, str] | None:
        """The upstream that serves it and the model's name there; None for other models."""
        if not self.source.startswith(UPSTREAM):
            return None
        name, _, remote = self.source.removeprefix(UPSTREAM).partition("/")
        return name, remote

    @property
    def is_route(self) -> bool:
        return self.source.startswith(ROUTE)

    @property
    def is_local(self) -> bool:
        """Whether our own engine serves it."""
        return self.upstream is None and not self.is_route

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


UPSTREAM = "upstream:"
"""A model's `source` when an upstream serves it: `upstream:NAME/REMOTE-MODEL`."""
ROUTE = "route:"
"""The `source` of what is asked like a model and stands for several: `route:NAME`."""
LOCAL_ENGINE = "volano"
UPSTREAM_KINDS = ("openai", "dashscope", "vllm", "sglang", "llama-server", "volano", "other")
NANO = 1_000_000_000
"""Money in rows is in billionths of the price list's currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A service with OpenAI's API. `secret` names the secret with its key ('' for none), which
    `owns_secret` says was made with it; `kind` is one of UPSTREAM_KINDS and names the engine."""

    account: str
    name: str
    kind: str
    base_url: str
    secret: str
    owns_secret: bool
    timeout_s: float
    retries: int
    created_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """For a million tokens."""

    input: Decimal
    output: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A model of a route and its share: `weight` of the sum of all weights."""

    model: str
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A version on trial: `percent` of the requests go to it since `since_us`."""

    model: str
    percent: int
    since_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A name that stands for models.

    One of `targets` is chosen by weight (for `sticky`, always the same for the same asker); when it
    fails `retries` more times, the others follow and then `fallbacks` in order. What failed rests
    for `rest_s`. `cache_ttl_s` over 0 keeps answers at temperature 0 for exact repeats. `previous`
    are the targets before the last promotion, to roll back to.
    """

    account: str
    name: str
    task: Task
    targets: tuple[Target, ...]
    fallbacks: tuple[str, ...] = ()
    retries: int = 0
    rest_s: float = 30.0
    sticky: bool = False
    cache_ttl_s: int = 0
    canary: Canary | None = None
    previous: tuple[Target, ...] = ()
    changed_us: int = 0

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that may answer, in the order of choice."""
        trial = (self.canary.model,) if self.canary else ()
        named = (*trial, *(target.model for target in self.targets), *self.fallbacks)
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer or failed attempt. `first_us` is the time to the first token."""

    account: str
    id: str
    at_us: int
    principal: str
    route: str
    model: str
    engine: str
    error: str = ""
    cached: bool = False
    first_us: int = 0
    took_us: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0


LIMIT_SCOPES = ("key", "person", "project", "account")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What `subject` may use; 0 is no limit.

    The subject of `key` is an API key's or access key's id, of `person` a user's or role's name, of
    `project` the tag `project` of whoever asks, of `account` the account itself.
    """

    account: str
    scope: str
    subject: str
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    day_nano: int = 0
    month_nano: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How many replicas a model has: as many as its queue needs, between two bounds.

    With `replicas_min` 0 it leaves memory after `idle_s` without a request. `deadline_ms` over 0 is
    the time to the first token that nearly all answers must keep.
    """

    account: str
    model: str
    replicas_min: int = 0
    replicas_max: int = 1
    queue_per_replica: int = 8
    deadline_ms: int = 0
    idle_s: int = 900
    pinned: bool = False


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


def _known(name: str, parameters: float, licence: str, task: Task = Task.GENERATE) -> Model:
    """A model of the public hub by its billions of parameters, two bytes each."""
    return Model(
        account="",
        name=name,
        task=task,
        source="",
        licence=licence,
        note=f"{parameters:g} billion parameters. Pull it with `volano models pull {name}`.",
        size_bytes=int(parameters * 2e9),
        created_us=0,
        owned_by=name.partition("/")[0],
    )


AVAILABLE = (
    _known("Qwen/Qwen3-0.6B", 0.6, "apache-2.0"),
    _known("Qwen/Qwen3-1.7B", 1.7, "apache-2.0"),
    _known("Qwen/Qwen3-4B", 4.0, "apache-2.0"),
    _known("Qwen/Qwen3-8B", 8.2, "apache-2.0"),
    _known("Qwen/Qwen3-14B", 14.8, "apache-2.0"),
    _known("Qwen/Qwen3-32B", 32.8, "apache-2.0"),
    _known("Qwen/Qwen3-30B-A3B", 30.5, "apache-2.0"),
    _known("Qwen/Qwen2.5-0.5B-Instruct", 0.49, "apache-2.0"),
    _known("Qwen/Qwen2.5-1.5B-Instruct", 1.54, "apache-2.0"),
    _known("Qwen/Qwen2.5-7B-Instruct", 7.6, "apache-2.0"),
    _known("Qwen/Qwen3-Embedding-0.6B", 0.6, "apache-2.0", Task.EMBED),
)
"""What the catalogue offers to pull; any other model of the hub can be named as well."""
