"""What the probe decides, and what it says when nothing works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from volano.backends.runtime import commands, open_runtime
from volano.kernel.clock import SystemClock
from volano.kernel.errors import Invalid, Unavailable
from volano.kernel.log import StreamLog

if TYPE_CHECKING:
    from pathlib import Path

    from volano.kernel.runtime import Runtime


async def test_containers_say_that_limits_hold(containers: Runtime) -> None:
    info = await containers.probe()
    assert info.kind == "container"
    assert info.engine in {"crun", "runc"}
    assert info.limits
    assert info is await containers.probe()


async def test_the_sandbox_says_what_it_does_not_do(reopen: Any) -> None:
    runtime = reopen("process")
    info = await runtime.probe()
    await runtime.close()
    assert (info.kind, info.limits, info.internet) == ("process", False, False)
    assert "NOT limited" in info.isolation
    assert any("not the internet" in note for note in info.notes)


async def test_refuses_an_unknown_choice(tmp_path: Path) -> None:
    clock = SystemClock()
    runtime = open_runtime(tmp_path, StreamLog(clock), clock, choice="podman")
    with pytest.raises(Invalid, match="podman"):
        await runtime.probe()
    await runtime.close()


async def test_says_what_to_install_when_the_host_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workload: Any
) -> None:
    commands.find_program.cache_clear()
    monkeypatch.setattr(commands, "SEARCH_PATH", str(tmp_path))
    clock = SystemClock()
    runtime = open_runtime(tmp_path / "runtime", StreamLog(clock), clock)
    try:
        with pytest.raises(Unavailable, match="install crun"):
            await runtime.start(workload())
    finally:
        commands.find_program.cache_clear()
        await runtime.close()
