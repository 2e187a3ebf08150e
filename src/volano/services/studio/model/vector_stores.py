"""Vector stores: sets of files that are searched by meaning and by words."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from volano.services.studio.model.records import Kind, Record

MAX_STORE_FILES = 10_000
MAX_BATCH_FILES = 2000
MAX_FILE_CHUNKS = 20_000
MAX_READ_BYTES = 64 * 1024 * 1024
"""Of a file that is read for a vector store."""
MAX_ATTRIBUTES = 16
MAX_ATTRIBUTE_KEY = 64
MAX_ATTRIBUTE_TEXT = 512
CHUNK_TOKENS = 256
"""What the built-in embedding model reads of a chunk; longer ones are found by their beginning."""
OVERLAP_TOKENS = 64
MIN_CHUNK_TOKENS = 100
MAX_CHUNK_TOKENS = 4096
DAY_US = 86_400 * 1_000_000

Attributes: TypeAlias = dict[str, str | float | bool]


class Chunking(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is cut: tokens of a chunk, and how many of them the next one repeats."""

    size_tokens: int = CHUNK_TOKENS
    overlap_tokens: int = OVERLAP_TOKENS


class VectorStore(Record, frozen=True, kw_only=True):
    """A store; it expires so many days unused."""

    name: str = ""
    description: str = ""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    life_days: int = 0
    last_active_us: int = 0


class StoreFile(Record, frozen=True, kw_only=True):
    """A file in a vector store; its id is the file's.

    `state` is in_progress, completed, failed or cancelled. `pages` says of how many pages text was
    found, `empty_pages` names those (from 1) without, so that scans do not go unnoticed.
    """

    filename: str
    attributes: Attributes = msgspec.field(default_factory=dict)
    chunking: Chunking = Chunking()
    usage_bytes: int = 0
    chunks: int = 0
    pages: int = 0
    empty_pages: tuple[int, ...] = ()
    error_code: str = ""
    error: str = ""
    batch_id: str = ""

    @property
    def used_bytes(self) -> int:
        return self.usage_bytes


class FileBatch(Record, frozen=True, kw_only=True):
    """Files that were put into a vector store together. `state` is '' or cancelled."""

    file_ids: tuple[str, ...]


VECTOR_STORE = Kind("vector_store", VectorStore, "Vector store")
STORE_FILE = Kind("vector_store.file", StoreFile, "Vector store file")
FILE_BATCH = Kind("vector_store.batch", FileBatch, "Vector store file batch")
