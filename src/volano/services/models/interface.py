"""What other services may ask of the models service."""

from __future__ import annotations

from volano.services.models.logic.chat import complete
from volano.services.models.logic.embeddings import embed
from volano.services.models.logic.registry import bootstrap, get_model, list_models
from volano.services.models.model import EMBEDDING_MODEL, TINY_MODEL, Model, Task

__all__ = [
    "EMBEDDING_MODEL",
    "TINY_MODEL",
    "Model",
    "Task",
    "bootstrap",
    "complete",
    "embed",
    "get_model",
    "list_models",
]
