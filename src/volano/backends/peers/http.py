"""Other regions from the config, asked over HTTP whether they are up."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volano.kernel.peers import PeerRegion

TIMEOUT_S = 2.0


class HttpPeers:
    def __init__(self, peers: tuple[PeerRegion, ...]) -> None:
        self._peers = peers

    async def list_peers(self) -> tuple[PeerRegion, ...]:
        return self._peers

    async def is_up(self, peer: PeerRegion) -> bool:
        return await asyncio.to_thread(_answers, peer.endpoint)


def _answers(endpoint: str) -> bool:
    if not endpoint.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(f"{endpoint}/healthz", timeout=TIMEOUT_S) as reply:  # noqa: S310
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False
