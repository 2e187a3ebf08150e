"""The engine's process when it will not start or will not stop."""

from __future__ import annotations

import io
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from volano.backends.inference import worker as module
from volano.backends.inference.engine import EngineInference
from volano.backends.inference.worker import WorkerSettings, start_worker
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Unavailable
from volano.kernel.log import StreamLog

if TYPE_CHECKING:
    from pathlib import Path


def program(tmp_path: Path, body: str) -> WorkerSettings:
    """Settings whose Python is a shell script."""
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return settings(tmp_path, str(script))


def settings(tmp_path: Path, python: str = sys.executable) -> WorkerSettings:
    source = EngineInference(tmp_path, LOG, CLOCK)._settings.import_paths[0]
    return WorkerSettings(
        python=python, cache=tmp_path / "c", run_dir=tmp_path / "r", import_paths=(source,)
    )


CLOCK = SystemClock()
LOG = StreamLog(CLOCK, stream=io.StringIO())


async def test_a_process_that_ends_at_once_reports_its_last_line(tmp_path: Path):
    with pytest.raises(Unavailable, match="did not start: no module named sense"):
        await start_worker(program(tmp_path, "echo no module named sense >&2; exit 1"), LOG)
    assert list((tmp_path / "r").iterdir()) == []


async def test_a_process_that_says_ready_but_does_not_listen_is_ended(tmp_path: Path):
    with pytest.raises(Unavailable, match="did not start"):
        await start_worker(program(tmp_path, "echo ready; exec cat"), LOG)


async def test_a_process_that_never_gets_ready_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "START_S_MAX", 0.2)
    with pytest.raises(Unavailable, match="did not start"):
        await start_worker(program(tmp_path, "exec cat"), LOG)


async def test_a_process_that_does_not_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # The real engine, but deaf to the end of its standard input.
    deaf = 'for a; do shift; [ "$a" = --exit-with-stdin ] || set -- "$@" "$a"; done'
    worker = await start_worker(program(tmp_path, f'{deaf}; exec {sys.executable} "$@"'), LOG)
    monkeypatch.setattr(module, "STOP_S_MAX", 0.2)
    await worker.stop()
    assert worker._process.returncode == -signal.SIGKILL
    await worker.stop()


async def test_the_process_gets_no_secret_from_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    worker = await start_worker(settings(tmp_path), LOG)
    with open(f"/proc/{worker.pid}/environ", encoding="utf-8") as file:
        names = {entry.split("=")[0] for entry in file.read().split("\0") if entry}
    assert names == {
        "LANG", "OPENBLAS_NUM_THREADS", "PATH", "PYTHONPATH", "TOKENIZERS_PARALLELISM",
        "XDG_CACHE_HOME",
    }  # fmt: skip
    await worker.stop()
