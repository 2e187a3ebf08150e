"""The engine's protocol over a local stream socket.

A frame is four bytes of length, big-endian, then a MessagePack map. The client numbers its requests
with `id` and may have many open on one connection; every reply repeats the id. `op` names the
request and `event` the reply:

    ping          -> pong
    load          -> loaded
    generate      -> delta, delta, ... the last with `last`
    cancel        -> cancelled            (`target` is the id to stop; its replies cease)
    embed         -> embeddings           (vectors as little-endian float32, row after row)
    count_tokens  -> count
    count_prompt  -> count                (of what `generate` would read for the same request)
    status        -> status
    pin           -> pinned               (a pinned model is never put out by another)
    unload        -> unloaded

Any request may be answered by `error` with `kind` (invalid, bad_model, busy, out_of_memory,
deadline, internal), a `code` that may be empty, and a message for the caller. A closed connection
cancels all that it had open. Models are loaded by the first request that names them.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, TypeAlias

import msgspec

FRAME_BYTES_MAX = 64 * 1024 * 1024
EMBED_INPUTS_MAX = 4096
STOP_STRINGS_MAX = 16
STOP_IDS_MAX = 64
CHOICES_MAX = 128
TOOLS_MAX = 128
TOP_LOGPROBS_MAX = 20

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ModelRef(msgspec.Struct, frozen=True, kw_only=True):
    """`source` is `builtin:NAME` or a folder; `task` is `generate` or `embed`."""

    name: str
    source: str
    task: str


class Ping(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="ping"):
    id: _Id


class Load(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="load"):
    id: _Id
    model: ModelRef


class AdapterRef(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of LoRA weights as PEFT writes them."""

    name: str
    source: str


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function the model may call; see kernel/inference.py for what each field means."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    description: str = ""
    parameters: dict[str, object] = {}
    strict: bool = False
    input_grammar: str = ""


class GrammarRef(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is json_schema, json_object, regex, lark or choice."""

    kind: str
    text: str = ""
    choices: list[str] = []


class Generate(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="generate"):
    """Field by field the port's `Generate`; see kernel/inference.py for what each means."""

    id: _Id
    model: ModelRef
    adapter: AdapterRef | None = None
    messages: list[dict[str, object]] | None = None
    prompt: str | None = None
    prompt_ids: list[int] | None = None
    suffix: str = ""
    truncate: Annotated[int, msgspec.Meta(ge=0)] | None = None
    echo: bool = False
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = 512
    n: Annotated[int, msgspec.Meta(ge=1, le=CHOICES_MAX)] = 1
    temperature: Annotated[float, msgspec.Meta(ge=0, le=100)] = 1.0
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    top_k: Annotated[int, msgspec.Meta(ge=0)] = 0
    min_p: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    stop: Annotated[list[str], msgspec.Meta(max_length=STOP_STRINGS_MAX)] = []
    stop_ids: Annotated[list[int], msgspec.Meta(max_length=STOP_IDS_MAX)] = []
    ignore_eos: bool = False
    seed: int | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=TOP_LOGPROBS_MAX)] | None = None
    prompt_logprobs: Annotated[int, msgspec.Meta(ge=0, le=TOP_LOGPROBS_MAX)] | None = None
    logit_bias: dict[int, Annotated[float, msgspec.Meta(ge=-1000, le=1000)]] = {}
    frequency_penalty: Annotated[float, msgspec.Meta(ge=-100, le=100)] = 0.0
    presence_penalty: Annotated[float, msgspec.Meta(ge=-100, le=100)] = 0.0
    repetition_penalty: Annotated[float, msgspec.Meta(gt=0, le=100)] = 1.0
    grammar: GrammarRef | None = None
    tools: Annotated[list[Tool], msgspec.Meta(max_length=TOOLS_MAX)] = []
    tool_choice: str = "auto"
    parallel_tool_calls: bool = True
    reasoning: bool | None = None
    reasoning_tokens_max: Annotated[int, msgspec.Meta(ge=0)] | None = None
    priority: Annotated[int, msgspec.Meta(ge=-1000, le=1000)] = 0
    deadline_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    cache_scope: str = ""


class CountPrompt(Generate, frozen=True, kw_only=True, tag_field="op", tag="count_prompt"):
    """The request whose prompt is counted."""


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="cancel"):
    id: _Id
    target: str


class Embed(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="embed"):
    id: _Id
    model: ModelRef
    inputs: Annotated[list[str | list[int]], msgspec.Meta(max_length=EMBED_INPUTS_MAX)]


class CountTokens(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="count_tokens"):
    id: _Id
    model: ModelRef
    text: str


class Status(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="status"):
    id: _Id


class Pin(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="pin"):
    id: _Id
    name: str
    pinned: bool


class Unload(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="unload"):
    id: _Id
    name: str


Request: TypeAlias = (
    Ping | Load | Generate | CountPrompt | Cancel | Embed | CountTokens | Status | Pin | Unload
)
Reply: TypeAlias = dict[str, object]

_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_encoder = msgspec.msgpack.Encoder()


def parse_request(frame: bytes) -> Request:
    """The typed request; raises msgspec.DecodeError naming the field that is wrong."""
    return _decoder.decode(frame)


def find_id(frame: bytes) -> str | None:
    """The id of a frame that could not be parsed, to answer it; None if it has none."""
    try:
        value = msgspec.msgpack.decode(frame)
    except msgspec.DecodeError:
        return None
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def to_frame(message: Reply) -> bytes:
    """A frame with its length in front."""
    body = _encoder.encode(message)
    return len(body).to_bytes(4, "big") + body


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The next frame's body; None when the stream has ended or a frame is over the limit."""
    try:
        size = int.from_bytes(await reader.readexactly(4), "big")
        if size > FRAME_BYTES_MAX:
            return None
        return await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
