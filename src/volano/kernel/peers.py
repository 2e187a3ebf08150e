"""Port `peers`: another region, reached only through its public API."""

from __future__ import annotations

from typing import Protocol

import msgspec


class PeerRegion(msgspec.Struct, frozen=True, kw_only=True):
    """A region we know of: `endpoint` is the base URL of its console port."""

    name: str
    endpoint: str


class Peers(Protocol):
    async def list_peers(self) -> tuple[PeerRegion, ...]:
        """Every other region from the config, reachable or not."""
        ...

    async def is_up(self, peer: PeerRegion) -> bool:
        """Whether its `/healthz` answered within two seconds."""
        ...
