"""What the object store does later: free, repair, sweep, and hand over its meters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.events import subscribe
from volano.kernel.work import reconciler
from volano.services.objects.logic.access_logs import deliver, write_down
from volano.services.objects.logic.expiring import expire_when_due
from volano.services.objects.logic.hooks import NOTICES, deliver_notices
from volano.services.objects.logic.inventory_reports import report_all
from volano.services.objects.logic.log_images import has_to_tell, tell_changes
from volano.services.objects.logic.metering import hand_over_counts
from volano.services.objects.logic.notifying import notify
from volano.services.objects.logic.put_rows import (
    NOTIFICATIONS_SUBSCRIBER,
    REPLICATION_SUBSCRIBER,
)
from volano.services.objects.logic.replicating import REPLICATION, note_change, replicate_due
from volano.services.objects.logic.storage import meter_storage
from volano.services.objects.logic.upkeep import free_garbage, maintain, want_repair
from volano.services.objects.model import ObjectChanged, ObjectDeleted, ObjectWritten
from volano.services.regions.interface import ZoneRestored

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.events import Event

SWEEP = "objects:sweep"


@reconciler("objects:free", every_s=15.0)
async def free(env: Env) -> None:
    """Delete blobs that were freed a while ago."""
    await free_garbage(env)


@reconciler("objects:log", every_s=1.0)
async def tell_log(env: Env) -> None:
    """Tell the log of the bytes what changed in the rows."""
    if not await has_to_tell(env):
        return
    lease = await env.work.acquire_lease("objects:log", ttl_s=60.0)
    if lease is not None:
        await tell_changes(env)


@reconciler("objects:requests", every_s=5.0)
async def hand_over_requests(env: Env) -> None:
    """Give the counted requests to the journal."""
    hand_over_counts(env)


@reconciler("objects:access-log-lines", every_s=2.0)
async def write_access_logs(env: Env) -> None:
    """Make rows of the access log lines that wait in this process."""
    await write_down(env)


@reconciler("objects:access-logs", every_s=30.0)
async def deliver_access_logs(env: Env) -> None:
    """Write waiting access log lines as objects to the buckets they are for."""
    lease = await env.work.acquire_lease("objects:access-logs", ttl_s=120.0)
    if lease is not None:
        await deliver(env)


@reconciler("objects:storage", every_s=300.0)
async def bill_storage(env: Env) -> None:
    """Bill stored bytes, each bucket once an hour."""
    lease = await env.work.acquire_lease("objects:storage", ttl_s=240.0)
    if lease is not None:
        await meter_storage(env)


@reconciler("objects:lifecycle", every_s=1.0)
async def expire(env: Env) -> None:
    """Remove what lifecycle rules say is too old; most calls find that it is not time yet."""
    await expire_when_due(env)


@reconciler("objects:inventory", every_s=60.0)
async def report(env: Env) -> None:
    """Write the inventories that are due."""
    lease = await env.work.acquire_lease("objects:inventory", ttl_s=300.0)
    if lease is not None:
        await report_all(env)


@reconciler(SWEEP, every_s=600.0)
async def sweep(env: Env) -> None:
    """Repair copies after a zone came back, and remove blobs that no row names."""
    await maintain(env)


@subscribe("objects:zone_restored", ZoneRestored)
async def on_zone_restored(env: Env, event: ZoneRestored) -> None:
    """Blobs written while the zone was away may lack a copy."""
    await want_repair(env, f"{event.zone} {env.clock.now_us()}")
    env.work.wake(SWEEP)


@subscribe(NOTIFICATIONS_SUBSCRIBER, ObjectWritten, ObjectDeleted, ObjectChanged)
async def on_change(env: Env, event: Event) -> None:
    """Tell whom the bucket's rules name."""
    assert isinstance(event, ObjectWritten | ObjectDeleted | ObjectChanged), "no other is heard"
    await notify(env, event)


@reconciler(NOTICES, every_s=1.0)
async def deliver_to_hooks(env: Env) -> None:
    """Send what is due to hooks."""
    await deliver_notices(env)


@subscribe(REPLICATION_SUBSCRIBER, ObjectWritten, ObjectDeleted)
async def on_version(env: Env, event: Event) -> None:
    """Note what the bucket's rules replicate."""
    assert isinstance(event, ObjectWritten | ObjectDeleted), "no other is heard"
    await note_change(env, event)


@reconciler(REPLICATION, every_s=1.0)
async def replicate(env: Env) -> None:
    """Copy versions to where the rules want them."""
    await replicate_due(env)
