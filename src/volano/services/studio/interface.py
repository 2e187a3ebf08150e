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
    is_model_ready,
    prepare,
    remove_source,
)
from volano.services.studio.logic.mcp_client import (
    Connection,
    open_connection,
)
from volano.services.studio.logic.mcp_client import call_tool as call_remote_tool
from volano.services.studio.logic.mcp_client import list_tools as list_remote_tools
from volano.services.studio.logic.retrieval import find_passages
from volano.services.studio.model.passages import Document, Format, Passage
from volano.services.studio.model.remote_tools import ServerFailed

__all__ = [
    "OBJECT",
    "SERVICE_BUCKETS",
    "Connection",
    "Document",
    "Format",
    "Passage",
    "Prepared",
    "ServerFailed",
    "best_passages",
    "call_remote_tool",
    "document_scopes",
    "embed_waiting",
    "find_format",
    "find_passages",
    "index_document",
    "is_model_ready",
    "list_remote_tools",
    "may_read_object",
    "open_connection",
    "parse_object_source",
    "prepare",
    "remove_source",
]
