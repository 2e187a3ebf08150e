"""Zones over Volano's own API: list, fail and restore (drills)."""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.services.regions.logic import zones
from volano.services.regions.model import Zone
from volano.wire.action import SIGNED_IN, action


class NoFields(msgspec.Struct):
    """The request of an action that takes nothing."""


class ZoneFields(msgspec.Struct):
    """`zone` is a letter or a name; `reason` is shown to everyone."""

    zone: str
    reason: str = "drill"


class ZoneView(msgspec.Struct):
    """One zone; `stored_bytes` is what its byte store holds."""

    name: str
    id: str
    region: str
    state: str
    reason: str
    changed_us: int
    stored_bytes: int


class ZoneList(msgspec.Struct):
    region: str
    zones: list[ZoneView]


def _view(env: Env, zone: Zone) -> ZoneView:
    return ZoneView(
        name=zone.name,
        id=zone.id,
        region=zone.region,
        state=zone.state.value,
        reason=zone.reason,
        changed_us=zone.changed_us,
        stored_bytes=env.bytes.used_bytes().get(zone.name, 0),
    )


@action(
    "volano:listZones",
    method="GET",
    path="/volano/v1/zones",
    permission=SIGNED_IN,
    resource="*",
)
async def list_zones(env: Env, call: Call, request: NoFields) -> ZoneList:
    """The region's zones and how they are."""
    found = await zones.list_zones(env.store.reader, env.region)
    return ZoneList(region=env.region.name, zones=[_view(env, zone) for zone in found])


@action(
    "volano:failZone",
    method="POST",
    path="/volano/v1/zones/{zone}/fail",
    permission="operator:FailZone",
    resource="arn:aws:regions:{region}:{account}:zone/{zone}",
)
async def fail_zone(env: Env, call: Call, request: ZoneFields) -> ZoneView:
    """Drill: treat a zone as gone until it is restored."""
    return _view(env, await zones.fail_zone(env, request.zone, reason=request.reason))


@action(
    "volano:restoreZone",
    method="POST",
    path="/volano/v1/zones/{zone}/restore",
    permission="operator:RestoreZone",
    resource="arn:aws:regions:{region}:{account}:zone/{zone}",
)
async def restore_zone(env: Env, call: Call, request: ZoneFields) -> ZoneView:
    """Bring a zone back after a drill."""
    return _view(env, await zones.restore_zone(env, request.zone))
