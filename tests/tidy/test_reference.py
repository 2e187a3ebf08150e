"""The reference pages are what the program says, and every setting is used."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from volano.kernel.config import Config

ROOT = Path(__file__).parents[2]


def test_reference_pages_are_current():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "gen_reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Config)])
def test_a_setting_is_read_somewhere(name):
    pattern = re.compile(rf"\b(config|self)\.{name}\b")
    used = [
        path
        for path in (ROOT / "src" / "volano").rglob("*.py")
        if path.name != "settings.py" and pattern.search(path.read_text())
    ]
    assert used, f"the setting {name} has no effect: delete it"
