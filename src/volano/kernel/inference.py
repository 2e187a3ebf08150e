"""Port `inference`: generate tokens and embeddings from a model, on whatever engine serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path


class ModelFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model is. `source` is `builtin:NAME` or a local folder of safetensors and config.

    `task` is `generate` or `embed`.
    """

    name: str
    source: str
    task: str


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """LoRA weights on top of a model, as PEFT writes them; `source` is a local folder."""

    name: str
    source: str


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the model may call; `parameters` is a JSON schema.

    A `strict` tool's arguments always follow its schema, whatever `tool_choice` is. With an
    `input_grammar` (Lark, in the dialect of llguidance) its one argument is the text `input`, of
    that form.
    """

    name: str
    description: str = ""
    parameters: dict[str, object] = {}
    strict: bool = False
    input_grammar: str = ""


class Grammar(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer must look like.

    `kind` is `json_schema` (`text` is the schema as JSON), `json_object`, `regex`, `lark` (the
    dialect of llguidance) or `choice` (`choices` are the possible answers, `text` is unused).
    """

    kind: str
    text: str = ""
    choices: tuple[str, ...] = ()


class Generate(msgspec.Struct, frozen=True, kw_only=True):
    """One request of text generation; `messages` go through the model's own chat template.

    Exactly one of `messages`, `prompt` and `prompt_ids` is given. Messages have the form of
    OpenAI's chat, tool calls and tool results included. With a `suffix` the model writes what
    stands between the prompt and it.

    Sampling: `seed` None means a random one; choice `i` of `n` uses `seed + i`. `top_logprobs` None
    means no logprobs, `prompt_logprobs` likewise for the prompt's tokens. `logit_bias` maps token
    id to an addend. `top_k` 0 and `min_p` 0 keep every token, `repetition_penalty` 1 changes
    nothing. `ignore_eos` goes on to `max_tokens` (None: to the end of the context). `echo` repeats
    the prompt in front of the answer. `truncate` keeps the last that many tokens of the prompt, 0
    as many as fit.

    Shape: `grammar` holds for the answer, not for the reasoning before it nor for a tool call in
    its place. `tool_choice` is `auto`, `none`, `required` or the name of a tool. `reasoning` None
    leaves it to the model; `reasoning_tokens_max` ends it there.

    Serving: a higher `priority` goes first; after `deadline_s` seconds the request fails with
    DeadlineExceeded. `cache_scope` names who may profit from whose prompts in the prefix cache.
    """

    request_id: str
    model: ModelFiles
    adapter: Adapter | None = None
    messages: tuple[Mapping[str, object], ...] | None = None
    prompt: str | None = None
    prompt_ids: tuple[int, ...] | None = None
    suffix: str = ""
    truncate: int | None = None
    echo: bool = False
    max_tokens: int | None = 512
    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    stop: tuple[str, ...] = ()
    stop_ids: tuple[int, ...] = ()
    ignore_eos: bool = False
    seed: int | None = None
    top_logprobs: int | None = None
    prompt_logprobs: int | None = None
    logit_bias: dict[int, float] = {}
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0
    grammar: Grammar | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    parallel_tool_calls: bool = True
    reasoning: bool | None = None
    reasoning_tokens_max: int | None = None
    priority: int = 0
    deadline_s: float | None = None
    cache_scope: str = ""


class TokenLogprob(msgspec.Struct, frozen=True, kw_only=True):
    """A token of the output, or of the prompt, whose first follows nothing: its `logprob` is None.

    `top` are the likeliest in its place, each with its log probability and bytes.
    """

    token: str
    logprob: float | None
    bytes: tuple[int, ...] = ()
    top: tuple[tuple[str, float, tuple[int, ...]], ...] = ()


class ToolCallDelta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the answer's call number `index`: the first has its `id` and `name`.

    The `arguments` of all pieces, joined, are the call's arguments as JSON.
    """

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the output of choice `index`.

    A choice's last piece has `finish_reason` (`stop`, `length` or `tool_calls`), `stopped_by` (the
    stop string, when one ended it) and the counts; the request's last piece has `last`. Reasoning
    tokens are part of `completion_tokens`; `cached_tokens` of `prompt_tokens` were not computed
    again. The first piece has `prompt_logprobs` when they were asked for.
    """

    text: str
    index: int = 0
    reasoning: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    prompt_logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: str | None = None
    stopped_by: str | None = None
    last: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    seed: int | None = None
    engine: str = ""


class Embeddings(msgspec.Struct, frozen=True, kw_only=True):
    vectors: tuple[tuple[float, ...], ...]
    prompt_tokens: int


class PulledModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model whose files are in `folder`, complete and checked.

    `task` is `generate` or `embed`; `licence` is what the model's card says ('' when silent);
    `origin` is where it came from, for people to read.
    """

    folder: str
    task: str
    licence: str
    size_bytes: int
    origin: str


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a model where it is kept now. `name` is relative to the model.

    `version` changes with the content; what an earlier pull left of another version is dropped.
    `digest` is `sha256:HEX` of the content, `crc64nvme:HEX` or the like, or '' when none is known.
    """

    name: str
    size_bytes: int
    version: str
    digest: str = ""


class ModelSource(Protocol):
    """Where a model's files are read from when that is neither a hub nor a folder."""

    @property
    def text(self) -> str:
        """What people call it (`s3://bucket/prefix`)."""
        ...

    async def list_files(self) -> list[SourceFile]:
        """Every file there. Raises NotFound when there is none, and Denied."""
        ...

    def read(self, file: SourceFile, start_byte: int) -> AsyncIterator[bytes]:
        """The bytes of a file from `start_byte` on. Raises Conflict when it was replaced."""
        ...


class LoadedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model the engine holds. `tier` is `resident` (serving) or `host` (packed, soon ready).

    Tokens count since it was loaded; `late_tokens` came after the time limits of the engine, and of
    the `drafted_tokens` that were guessed ahead `accepted_tokens` were right. With more `replicas`
    than one, numbers are sums of all; `zones` has the zone of each.
    """

    name: str
    task: str
    tier: str = "resident"
    pinned: bool = False
    size_bytes: int = 0
    running: int = 0
    waiting: int = 0
    blocks_total: int = 0
    blocks_free: int = 0
    context_tokens: int = 0
    generated_tokens: int = 0
    cached_tokens: int = 0
    prompt_tokens: int = 0
    late_tokens: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    replicas: int = 1
    zones: tuple[str, ...] = ()


class InferenceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is off, installing, starting, ready or failed; `text` says more.

    `switches` counts weights that came back into memory, with their bytes and seconds; `pauses`
    how often a busy model had to make room. `memory_bytes` is the machine's, of which
    `memory_free_bytes` can be had (0 where the system does not say).
    """

    state: str
    fraction: float
    text: str
    loaded: tuple[str, ...] = ()
    models: tuple[LoadedModel, ...] = ()
    resident_bytes: int = 0
    switches: int = 0
    switch_bytes: int = 0
    switch_s: float = 0.0
    pauses: int = 0
    memory_bytes: int = 0
    memory_free_bytes: int = 0


class Inference(Protocol):
    def generate(self, request: Generate) -> AsyncIterator[Delta]:
        """Tokens as they come. Closing the iterator aborts the request and frees its memory.

        Starts the engine when needed (installing the `ml` extra the first time). Raises Invalid
        for a prompt over the context or a grammar that cannot be, Throttled when too many wait,
        Unavailable when the engine cannot be had, DeadlineExceeded.
        """
        ...

    async def embed(self, model: ModelFiles, inputs: Sequence[str | tuple[int, ...]]) -> Embeddings:
        """One unit-length vector per input: a text, or token ids of the model's own tokenizer.

        Raises Invalid for an id that the tokenizer does not have.
        """
        ...

    async def count_tokens(self, model: ModelFiles, text: str) -> int: ...

    async def count_prompt(self, request: Generate) -> int:
        """The tokens that the model would read for a request, template and tools included, also
        where they are more than its context."""
        ...

    async def status(self) -> InferenceStatus: ...

    async def pull(
        self,
        name: str,
        folder: Path,
        source: str | ModelSource,
        progress: Callable[[float, str], Awaitable[None]],
    ) -> PulledModel:
        """Bring a model's files into `folder`, resuming what is there, and check them.

        `source` is '' (the public hub), the base URL of a mirror, a local folder, or an object that
        reads them. Raises Unavailable when the hub cannot be reached, NotFound, Invalid for files
        that do not check.
        """
        ...

    async def load(self, model: ModelFiles) -> None:
        """Have a model in memory. Raises Conflict for damaged files, Unavailable for no room."""
        ...

    async def pin(self, name: str, *, pinned: bool) -> None:
        """Keep a model in memory whatever else is asked for, or no longer."""
        ...

    async def unload(self, name: str) -> None:
        """Free the memory of a model; the next request loads it again."""
        ...

    async def scale(self, model: ModelFiles, replicas: int) -> int:
        """Have so many engines serve a model, each with its own copy; 0 frees its memory.

        What is one too many ends when its last request does. Returns how many there are: fewer
        when no more fit.
        """
        ...

    async def use_zones(self, zones: Sequence[str]) -> None:
        """Have engines in these zones only, one at least: those of another end at once.

        What they had not begun to answer is answered by others. A new replica goes to the zone
        with the fewest.
        """
        ...

    async def quantise(
        self, model: ModelFiles, form: str, progress: Callable[[float, str], Awaitable[None]]
    ) -> int:
        """Keep a model's weights as `bf16`, `int8` or `int4` from now on; their bytes.

        The model is unloaded and serves in that form from its next request on. Raises Conflict for
        files that cannot be packed.
        """
        ...

    async def close(self) -> None: ...
