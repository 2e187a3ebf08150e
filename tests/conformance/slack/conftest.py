"""A server for apps on this machine, and what an app was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.conftest import Volano, start_volano
from tests.slack_apps import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def open_volano(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volano]:
    """A server whose apps may be on this machine."""
    server = start_volano(tmp_path_factory.mktemp("open"), egress_allow="127.0.0.0/8")
    yield server
    server.stop()


@pytest.fixture
def seen() -> Seen:
    return Seen()
