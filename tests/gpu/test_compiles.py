"""Kernels compile for a card, by Triton's own compiler, on a machine without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_kernel_compiles_for_capability_9():
    # In a process of its own: here Triton interprets.
    done = subprocess.run(
        [sys.executable, "-m", "tests.gpu.compile_kernels"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert {line.split(":")[0] for line in done.stdout.splitlines()} == {
        "_add_norm", "_activate", "_rotate_store", "_attend", "_merge", "_product", "_choose",
        "_adjust", "_mask",
    }  # fmt: skip
