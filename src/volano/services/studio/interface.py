"""The door of retrieval for the services above it."""

from __future__ import annotations

from volano.services.studio.logic.documents import (
    OBJECT,
    SERVICE_BUCKETS,
    document_scopes,
    find_format,
    may_read_object,
    parse_object_source,
)
from volano.services.studio.logic.extract import best_passages
from volano.services.studio.logic.indexing import (
    Prepared,
    embed_waiting,
    index_document,
    prepare,
    remove_source,
)
from volano.services.studio.logic.retrieval import find_passages
from volano.services.studio.model.passages import Document, Format, Passage

__all__ = [
    "OBJECT",
    "SERVICE_BUCKETS",
    "Document",
    "Format",
    "Passage",
    "Prepared",
    "best_passages",
    "document_scopes",
    "embed_waiting",
    "find_format",
    "find_passages",
    "index_document",
    "may_read_object",
    "parse_object_source",
    "prepare",
    "remove_source",
]
