"""The door of Secrets Manager for app/ and the services above it."""

from __future__ import annotations

from volano.services.secrets.logic.service_values import delete_text, put_text, require_readable
from volano.services.secrets.logic.values import get_value
from volano.services.secrets.model import Secret, Version

__all__ = ["Secret", "Version", "delete_text", "get_value", "put_text", "require_readable"]
