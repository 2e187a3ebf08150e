"""What differs between containers and sandboxed processes; every method blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from volano.backends.runtime.network import Networks
    from volano.backends.runtime.rootfs import Images
    from volano.backends.runtime.state import InstanceFolder
    from volano.kernel.runtime import RuntimeInfo, Workload, WorkloadUsage


class Driver(Protocol):
    """Runs instances that `local.py` has written down."""

    def launch(self, folder: InstanceFolder, workload: Workload) -> None:
        """Start it; on failure nothing of this start is left running."""
        ...

    def clean(self, folder: InstanceFolder, workload: Workload) -> None:
        """Remove what an ended run left outside its folder; may be repeated."""
        ...

    def usage(self, folder: InstanceFolder, pid: int) -> WorkloadUsage | None: ...

    def read_console(self, folder: InstanceFolder, last_bytes: int) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the probe decided for this host."""

    info: RuntimeInfo
    driver: Driver
    images: Images
    networks: Networks
    only_image: str = ""

    def image(self, wanted: str) -> str:
        """The image that will really be used: the process driver has only the host's programs."""
        return self.only_image or wanted
