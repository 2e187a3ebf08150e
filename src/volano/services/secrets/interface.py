"""The door of Secrets Manager for app/ and the services above it."""

from __future__ import annotations

from volano.services.secrets.logic.values import get_value
from volano.services.secrets.model import Secret, Version

__all__ = ["Secret", "Version", "get_value"]
