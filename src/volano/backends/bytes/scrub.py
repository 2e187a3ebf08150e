"""Walking over blobs that rows name and repairing each, at a bounded rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from volano.kernel.bytes import ScrubReport
from volano.kernel.errors import Internal, Unavailable

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncIterator, Awaitable, Callable

    from volano.kernel.bytes import Blob
    from volano.kernel.clock import Clock


class Repair(Protocol):
    """`ByteStore.repair`."""

    async def __call__(self, blob: Blob, *, copies: int) -> Blob: ...


MAX_LOST = 1000
"""Ids of lost blobs that a report carries; the rest are only logged."""


async def scrub_blobs(
    blobs: AsyncIterator[Blob],
    repair: Repair,
    *,
    copies: int | Callable[[Blob], int],
    on_moved: Callable[[Blob, Blob], Awaitable[None]],
    bytes_per_s: int | None,
    clock: Clock,
    counts: Counter[str],
) -> ScrubReport:
    """See `ByteStore.scrub`."""
    report = ScrubReport()
    mended_before = counts["copies_mended"]
    began_s = clock.monotonic_s()
    async for blob in blobs:
        try:
            whole = await repair(blob, copies=copies(blob) if callable(copies) else copies)
        except Internal:
            counts["blobs_lost"] += 1
            if len(report.lost) < MAX_LOST:
                report.lost.append(blob.id)
        except Unavailable:
            report.unavailable += 1
        else:
            if whole != blob:
                report.moved += 1
                await on_moved(blob, whole)
        report.checked += 1
        report.checked_bytes += blob.size_bytes * len(blob.zones)
        if bytes_per_s:
            ahead_s = report.checked_bytes / bytes_per_s - (clock.monotonic_s() - began_s)
            if ahead_s > 0:
                await clock.sleep(ahead_s)
    report.mended = counts["copies_mended"] - mended_before
    return report
