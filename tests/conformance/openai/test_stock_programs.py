"""Frameworks that bring an environment of their own: agents, chains, indexes, the Vercel AI SDK.

Each program in `programs/` is run as its user would run it, against the tiny test model: grammars
make it call tools and fill schemas, so that everything but the sense of the answers is real.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.conformance.aws import stock

pytestmark = pytest.mark.timeout(1200)  # they are installed first, and a registry may be slow

PROGRAMS = Path(__file__).parent / "programs"
JAVASCRIPT_PACKAGES = {"ai": "6.0.326", "@ai-sdk/openai": "3.0.141", "zod": "4.6.7"}


@pytest.fixture
def run(volano_sqlite, tmp_path):
    """Runs a program with only what a user would set."""

    def start(*command: object) -> None:
        environment = {
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "LLM_USER_PATH": str(tmp_path / "llm"),
            "OPENAI_BASE_URL": f"{volano_sqlite.url}/v1",
            "OPENAI_API_KEY": volano_sqlite.credentials["OPENAI_API_KEY"],
        }
        done = subprocess.run(
            [str(part) for part in command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            timeout=240,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"

    return start


@pytest.mark.parametrize("program", sorted(path.name for path in PROGRAMS.glob("*.py")))
def test_python_program(run, program):
    run(stock.python_environment(PROGRAMS), PROGRAMS / program)


@pytest.mark.parametrize("program", sorted(path.name for path in PROGRAMS.glob("*.mjs")))
def test_javascript_program(run, program):
    folder = stock.javascript_folder(JAVASCRIPT_PACKAGES, PROGRAMS)
    run("node", folder / program)
