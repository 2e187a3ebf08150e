"""Port `inference`: generate tokens and embeddings from a model, on whatever engine serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path


class ModelFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model is. `source` is `builtin:NAME` or a local folder of safetensors and config.

    `task` is `generate` or `embed`.
    """

    name: str
    source: str
    task: str


class Generate(msgspec.Struct, frozen=True, kw_only=True):
    """One request of text generation; `messages` go through the model's own chat template.

    Exactly one of `messages` and `prompt` is given. `seed` None means a random one. `top_logprobs`
    None means no logprobs. `logit_bias` maps token id to an addend.
    """

    request_id: str
    model: ModelFiles
    messages: tuple[dict[str, str], ...] | None = None
    prompt: str | None = None
    max_tokens: int = 512
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    top_logprobs: int | None = None
    logit_bias: dict[int, float] = {}
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0


class TokenLogprob(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    logprob: float
    bytes: tuple[int, ...] = ()
    top: tuple[tuple[str, float, tuple[int, ...]], ...] = ()


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of output. The last has `finish_reason` (`stop` or `length`) and the counts."""

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seed: int | None = None


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


class InferenceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is off, installing, starting, ready or failed; `text` says more."""

    state: str
    fraction: float
    text: str
    loaded: tuple[str, ...] = ()


class Inference(Protocol):
    def generate(self, request: Generate) -> AsyncIterator[Delta]:
        """Tokens as they come. Closing the iterator aborts the request and frees its memory.

        Starts the engine when needed (installing the `ml` extra the first time). Raises Invalid
        for a prompt over the context, Unavailable when the engine cannot be had, DeadlineExceeded.
        """
        ...

    async def embed(self, model: ModelFiles, inputs: Sequence[str]) -> Embeddings:
        """One unit-length vector per input."""
        ...

    async def count_tokens(self, model: ModelFiles, text: str) -> int: ...

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

    async def unload(self, name: str) -> None:
        """Free the memory of a model; the next request loads it again."""
        ...

    async def close(self) -> None: ...
