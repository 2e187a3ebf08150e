"""Port `runtime`: containers by crun or runc, else sandboxed processes by bubblewrap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.backends.runtime.local import LocalRuntime

if TYPE_CHECKING:
    from pathlib import Path

    from volano.kernel.clock import Clock
    from volano.kernel.log import Log
    from volano.kernel.runtime import Runtime

__all__ = ["open_runtime"]


def open_runtime(
    state_dir: Path, log: Log, clock: Clock, *, choice: str = "auto", mirror: str = ""
) -> Runtime:
    """The runtime of this host; nothing is run before the first call.

    `choice` is auto, container, crun, runc or process; `mirror` is a Debian mirror for the image
    (default: the host's own package sources).
    """
    return LocalRuntime(state_dir, log, clock, choice=choice, mirror=mirror)
