"""Finds every service's api and work modules and its migrations by walking the folders."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import volano.console.aws_calls
import volano.console.security
import volano.services
from volano.backends.store.migrations import Migration, find_migrations

PACKAGE = Path(volano.__path__[0])


def load_services() -> list[str]:
    """Import each `services/*/api/*` and `services/*/work*`; importing registers what they hold.

    The console's own action is among what is registered.
    """
    loaded = [volano.console.aws_calls.__name__, volano.console.security.__name__]
    for info in pkgutil.walk_packages(volano.services.__path__, "volano.services."):
        parts = info.name.split(".")
        if len(parts) >= 4 and parts[3] in ("api", "work"):
            importlib.import_module(info.name)
            loaded.append(info.name)
    return loaded


def migrations() -> list[Migration]:
    return find_migrations(PACKAGE)
