"""What the first start prints works by copy and paste, indented as it stands in the terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import start_volano

LABELS = ("aws-cli", "boto3", "openai", "slack_sdk")


def test_the_snippets_of_the_first_start_work_as_printed(tmp_path):
    volano = start_volano(tmp_path)
    try:
        printed = (tmp_path / "volano.log").read_text()
        block = printed.partition("  aws-cli    ")[2].partition("The same variables")[0]
        script = re.sub(rf"^  ({'|'.join(LABELS)}) +", " " * 13, block, flags=re.MULTILINE)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-e"],
            input=script,
            env={"PATH": path, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "make_bucket: hello" in done.stdout
        assert "['hello', 'world']" in done.stdout
        assert "volano-tiny-qwen3" in done.stdout
        assert done.stdout.rstrip().endswith("True")
    finally:
        volano.stop()
