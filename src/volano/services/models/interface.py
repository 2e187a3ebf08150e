"""What other services may ask of the models service."""

from __future__ import annotations

from volano.services.models.logic.chat import collect, complete, generate
from volano.services.models.logic.collecting import (
    Collected,
    CollectedCall,
    Counts,
    counts_of,
    engine_of,
)
from volano.services.models.logic.custom_tools import InputReader, arguments_of, custom_tool
from volano.services.models.logic.embeddings import embed
from volano.services.models.logic.limits import UNPACED
from volano.services.models.logic.messages import parse_messages, text_of, with_verbosity
from volano.services.models.logic.metering import BATCH_TIER, TIER, USAGE_ID
from volano.services.models.logic.parameters import (
    choice_of,
    grammar_of,
    invalid,
    max_tokens_of,
    padding,
    priority_of,
    reasoning_of,
    require_fields,
    require_retention,
    require_tools,
    tool_of,
    unsupported,
    verbosity_of,
    within,
)
from volano.services.models.logic.registry import (
    FolderModel,
    bootstrap,
    get_model,
    list_models,
    register_folder,
    require_task,
    resolve_name,
)
from volano.services.models.logic.routing import Served, count_prompt, count_tokens
from volano.services.models.logic.stored_chat import require_metadata
from volano.services.models.model import EMBEDDING_MODEL, TINY_MODEL, Model, Task

__all__ = [
    "BATCH_TIER",
    "EMBEDDING_MODEL",
    "TIER",
    "TINY_MODEL",
    "UNPACED",
    "USAGE_ID",
    "Collected",
    "CollectedCall",
    "Counts",
    "FolderModel",
    "InputReader",
    "Model",
    "Served",
    "Task",
    "arguments_of",
    "bootstrap",
    "choice_of",
    "collect",
    "complete",
    "count_prompt",
    "count_tokens",
    "counts_of",
    "custom_tool",
    "embed",
    "engine_of",
    "generate",
    "get_model",
    "grammar_of",
    "invalid",
    "list_models",
    "max_tokens_of",
    "padding",
    "parse_messages",
    "priority_of",
    "reasoning_of",
    "register_folder",
    "require_fields",
    "require_metadata",
    "require_retention",
    "require_task",
    "require_tools",
    "resolve_name",
    "text_of",
    "tool_of",
    "unsupported",
    "verbosity_of",
    "with_verbosity",
    "within",
]
