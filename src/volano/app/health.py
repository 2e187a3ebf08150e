"""Health and readiness: what `/readyz`, `volano doctor` and the console's home page say."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from volano.kernel.errors import VolanoError

if TYPE_CHECKING:
    from volano.kernel.call import Env

LOW_DISK_FRACTION = 0.1


@dataclass(slots=True)
class Health:
    """Live numbers of this process. `draining` makes it not ready before it stops."""

    started_us: int
    requests: int = 0
    sockets: int = 0
    draining: bool = False
    starting: bool = True

    async def report(self, env: Env) -> dict[str, Any]:
        """Each check is true or false; ready when none of the required ones is false."""
        database = await _database_answers(env)
        usage = shutil.disk_usage(env.config.data_dir)
        zones_up = len(env.bytes.zones_up())
        return {
            "ready": database and not self.draining and not self.starting,
            "draining": self.draining,
            "database": database,
            "zones_up": zones_up,
            "zones": len(env.region.zones),
            "disk_free_fraction": round(usage.free / usage.total, 3),
            "disk_low": usage.free < usage.total * LOW_DISK_FRACTION,
            "requests": self.requests,
            "sockets": self.sockets,
            "uptime_s": (env.clock.now_us() - self.started_us) // 1_000_000,
        }


async def _database_answers(env: Env) -> bool:
    try:
        return await env.store.reader.row("SELECT 1") is not None
    except (VolanoError, OSError):
        return False
