"""`volano tour` as a command: exit codes and messages when it cannot do its work."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

VARIABLES = ("AWS_", "OPENAI_", "SLACK_", "VOLANO_")


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tour(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(VARIABLES)}
    return subprocess.run(
        [sys.executable, "-m", "volano", "tour", "--data", str(tmp_path / "data"), *arguments],
        env=clean | variables,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )


def client_variables(port: int) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": "sk-test",
        "SLACK_API_URL": f"{url}/api/",
        "SLACK_USER_TOKEN": "xoxp-test",
    }


def test_without_keys_it_says_how_to_get_them(tmp_path):
    done = tour(tmp_path)
    assert done.returncode != 0
    assert "volano up" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_input_is_refused_before_anything_is_made(tmp_path, closed_port):
    (tmp_path / "products.csv").write_text("Handle\nmug\n")
    done = tour(tmp_path, "--input", str(tmp_path), **client_variables(closed_port))
    assert done.returncode == 2
    assert "products.csv row 1: no column Title" in done.stderr


def test_a_server_that_is_not_there_fails_the_first_step_and_the_command(tmp_path, closed_port):
    result = tmp_path / "result.json"
    done = tour(tmp_path, "--json", str(result), **client_variables(closed_port))
    assert done.returncode == 1, done.stderr
    assert "volano up" in done.stdout
    assert "Traceback" not in done.stderr
    written = json.loads(result.read_text())
    assert written["ok"] is False
    assert written["steps"][0]["state"] == "failed"
    assert {step["state"] for step in written["steps"][1:]} == {"skipped"}


def test_an_unknown_step_is_refused(tmp_path):
    done = tour(tmp_path, "--only", "dinner")
    assert done.returncode == 2
    assert "invalid choice: 'dinner'" in done.stderr
