from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.unit.backends.bytes.stores import open_store

from volano.backends.bytes.disk import DiskStore


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[DiskStore]:
    opened = open_store(tmp_path)
    yield opened
    await opened.close()
