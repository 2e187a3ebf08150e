"""The example shop in the repository is what its generator makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def make_shop(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "make_shop.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_shop_is_what_the_generator_makes():
    done = make_shop("--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_changed_missing_or_left_over_file_is_told(tmp_path):
    assert make_shop("--output", str(tmp_path)).returncode == 0
    (tmp_path / "orders.csv").write_text("Name\n")
    (tmp_path / "pictures" / "uno-city-bicycle.png").unlink()
    (tmp_path / "pictures" / "extra.png").write_bytes(b"")
    done = make_shop("--output", str(tmp_path), "--check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "orders.csv is not what the generator makes",
        "pictures/uno-city-bicycle.png is missing",
        "pictures/extra.png is not made by the generator",
    ]
