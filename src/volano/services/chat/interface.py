"""The door of the workplace for `app/`."""

from __future__ import annotations

from volano.services.chat.logic.seats import forget as forget_caches
from volano.services.chat.logic.workspaces import bootstrap

__all__ = ["bootstrap", "forget_caches"]
