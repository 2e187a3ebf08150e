"""Zones: how they are, and drills that take one away and bring it back.

The row is the truth; `apply_zone_states` makes the byte store agree with it at every start and
after every change, also when another process made the change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Conflict, NotFound
from volano.kernel.place import zone_id
from volano.services.regions import store as rows
from volano.services.regions.model import Zone, ZoneFailed, ZoneHealth, ZoneRestored

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.place import Region, ZoneName
    from volano.kernel.store import Reader, Tx

MAX_REASON_CHARACTERS = 200


class NoSuchZone(NotFound):
    code = "NoSuchZone"


class LastZone(Conflict):
    code = "LastZone"


async def list_zones(reader: Reader, region: Region) -> list[Zone]:
    """Every zone of the region, in order."""
    states = await rows.select_states(reader)
    zones: list[Zone] = []
    for name in region.zones:
        state, reason, changed_us = states.get(name, (ZoneHealth.AVAILABLE.value, "", 0))
        zones.append(
            Zone(
                name=name,
                id=zone_id(name),
                region=region.name,
                state=ZoneHealth(state),
                reason=reason,
                changed_us=changed_us,
            )
        )
    return zones


def require_zone(region: Region, letter_or_name: str) -> ZoneName:
    """The zone called `b` or `eu-home-1b`; raises NoSuchZone."""
    zone = region.zone(letter_or_name)
    if zone is None:
        raise NoSuchZone(
            f"There is no zone {letter_or_name[:80]} in {region.name}; its zones are "
            f"{', '.join(region.zones)}."
        )
    return zone


async def zones_up(reader: Reader, region: Region) -> tuple[ZoneName, ...]:
    """The zones that no drill has taken away."""
    return tuple(zone.name for zone in await list_zones(reader, region) if zone.is_up)


async def fail_zone(env: Env, letter_or_name: str, *, reason: str = "drill") -> Zone:
    """Treat a zone as gone until `restore_zone`; repeating changes nothing.

    Raises NoSuchZone, and LastZone when no other zone would be left.
    """
    name = require_zone(env.region, letter_or_name)

    async def write(tx: Tx) -> None:
        up = await zones_up(tx, env.region)
        if name not in up:
            return
        if len(up) == 1:
            raise LastZone(f"{name} is the last zone that is up; restore another one first.")
        await _change(tx, env, name, ZoneHealth.IMPAIRED, reason[:MAX_REASON_CHARACTERS])
        tx.publish(ZoneFailed(zone=name))

    await env.store.transact(write)
    await apply_zone_states(env)
    return await get_zone(env, name)


async def restore_zone(env: Env, letter_or_name: str) -> Zone:
    """Bring a zone back; repeating changes nothing. Raises NoSuchZone."""
    name = require_zone(env.region, letter_or_name)

    async def write(tx: Tx) -> None:
        if name in await zones_up(tx, env.region):
            return
        await _change(tx, env, name, ZoneHealth.AVAILABLE, "")
        tx.publish(ZoneRestored(zone=name))

    await env.store.transact(write)
    await apply_zone_states(env)
    return await get_zone(env, name)


async def _change(tx: Tx, env: Env, name: ZoneName, state: ZoneHealth, reason: str) -> None:
    await rows.upsert_state(tx, name, state.value, reason=reason, changed_us=env.clock.now_us())


async def get_zone(env: Env, letter_or_name: str) -> Zone:
    name = require_zone(env.region, letter_or_name)
    zones = await list_zones(env.store.reader, env.region)
    return next(zone for zone in zones if zone.name == name)


async def apply_zone_states(env: Env) -> None:
    """Make the byte store of this process agree with the rows; repeating is harmless."""
    up_now = set(env.bytes.zones_up())
    for zone in await list_zones(env.store.reader, env.region):
        if zone.is_up and zone.name not in up_now:
            env.bytes.restore_zone(zone.name)
        elif not zone.is_up and zone.name in up_now:
            env.bytes.fail_zone(zone.name)
