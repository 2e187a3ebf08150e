"""Batches: files of requests, answered within a day at a lower price."""

from __future__ import annotations

import msgspec

from volano.services.studio.model.askers import Asker
from volano.services.studio.model.records import Kind, Record

MAX_LINES = 50_000
MAX_LINE_BYTES = 4 * 1024 * 1024
MAX_SHOWN_ERRORS = 100
WINDOW_US = 24 * 3600 * 1_000_000
ENDPOINTS = {
    "/v1/chat/completions": "openai:createChatCompletion",
    "/v1/completions": "openai:createCompletion",
    "/v1/embeddings": "openai:createEmbedding",
    "/v1/responses": "openai:createResponse",
    "/v1/moderations": "openai:createModeration",
}
"""What a batch may ask, and the action that answers it."""
ENDED = ("completed", "failed", "expired", "cancelled")


class BatchError(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with the input file; `line` counts from 1."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    total: int = 0
    completed: int = 0
    failed: int = 0


class Batch(Record, frozen=True, kw_only=True):
    """`state` is validating, in_progress, finalizing, cancelling or one of ENDED.

    `times_us` says when it entered each state; `tokens` are those of its answers, by direction.
    """

    endpoint: str
    input_file_id: str
    window: str
    asker: Asker
    metadata: dict[str, str] | None = None
    output_life_s: int = 0
    ends_us: int = 0
    output_file_id: str = ""
    error_file_id: str = ""
    errors: tuple[BatchError, ...] = ()
    counts: Counts = Counts()
    tokens: dict[str, int] = msgspec.field(default_factory=dict)
    model: str = ""
    times_us: dict[str, int] = msgspec.field(default_factory=dict)


class BatchLine(Record, frozen=True, kw_only=True):
    """An answered line of a batch, kept until its files are written. Its id is its number."""

    custom_id: str
    status: int
    body: dict[str, object]
    request_id: str


BATCH = Kind("batch", Batch, "Batch")
BATCH_LINE = Kind("batch.line", BatchLine, "Batch line")
