"""The console's types are those of the REST API in this tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_consoles_types_are_current():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "gen_web_client.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
