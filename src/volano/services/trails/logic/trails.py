"""Trails: make, change, start and stop, delete; their tags and selectors."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from volano.kernel.errors import NotBuilt
from volano.kernel.ids import parse_arn
from volano.services.trails.logic.delivery import require_bucket
from volano.services.trails.logic.digests import align
from volano.services.trails.logic.errors import (
    InvalidArn,
    InvalidBucketPrefix,
    InvalidCombination,
    InvalidTag,
    InvalidTrailName,
    TagsLimitExceeded,
    TooManyTrails,
    TrailAlreadyExists,
    TrailNotFound,
)
from volano.services.trails.logic.notices import require_topic
from volano.services.trails.logic.selectors import require_advanced, require_selectors
from volano.services.trails.model import MAX_TAGS, MAX_TRAILS, Trail
from volano.services.trails.store import trails as rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx

MIN_NAME, MAX_NAME = 3, 128
_ALNUM = re.compile(r"[A-Za-z0-9]")
_NAME = re.compile(r"[A-Za-z0-9._-]+\Z")
_PREFIX = re.compile(r"[^\x00-\x1f\x7f]{0,200}\Z")


def require_name(name: str) -> None:
    """Raises InvalidTrailName, in CloudTrail's words."""
    if not MIN_NAME <= len(name) <= MAX_NAME:
        word = f"short. Minimum allowed length: {MIN_NAME}"
        if len(name) > MAX_NAME:
            word = f"long. Maximum allowed length: {MAX_NAME}"
        raise InvalidTrailName(
            f"Trail name too {word} characters. Specified name length: {len(name)} characters."
        )
    if not _ALNUM.match(name[0]):
        raise InvalidTrailName("Trail name must starts with a letter or number.")
    if not _ALNUM.match(name[-1]):
        raise InvalidTrailName("Trail name must ends with a letter or number.")
    if not _NAME.match(name):
        raise InvalidTrailName(
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, "
            "periods (.), hyphens (-), and underscores (_)."
        )


def name_of(env: Env, call: Call, name: str) -> str:
    """The trail's name in a name or ARN; raises InvalidArn, InvalidTrailName, TrailNotFound."""
    if not name.startswith("arn:"):
        require_name(name)
        return name
    arn = parse_arn(name)
    local = arn.resource.removeprefix("trail/") if arn else ""
    if arn is None or arn.service != "cloudtrail" or local == arn.resource:
        raise InvalidArn(f"{name[:200]} is not the ARN of a trail.")
    other = arn.region != env.region.name and not env.config.test_mode
    if arn.account != call.account or other:
        raise TrailNotFound(f"Unknown trail: {name[:200]} for the user: {call.account}")
    require_name(local)
    return local


async def get_trail(env: Env, reader: Reader, call: Call, name: str) -> Trail:
    """Raises TrailNotFound, and what `name_of` does."""
    local = name_of(env, call, name)
    found = await rows.find_trail(reader, call.account, local, region=env.region.name)
    if found is None:
        raise TrailNotFound(f"Unknown trail: {name[:200]} for the user: {call.account}")
    return found


async def list_trails(env: Env, call: Call) -> list[Trail]:
    return await rows.select_trails(
        env.store.reader, call.account, limit=MAX_TRAILS, region=env.region.name
    )


def require_built(request: Mapping[str, Any]) -> None:
    """Raises NotBuilt and InvalidCombination for what a trail cannot do."""
    if request.get("IsMultiRegionTrail") and request.get("IncludeGlobalServiceEvents") is False:
        raise InvalidCombination("Multi-Region trail must include global service events.")
    for member, instead in (
        ("CloudWatchLogsLogGroupArn", "files are delivered to the bucket only"),
        ("KmsKeyId", "set the bucket's default encryption"),
        ("IsOrganizationTrail", "a trail is of one account"),
    ):
        if request.get(member):
            raise NotBuilt(f"{member} is not built; {instead}.")


async def create_trail(env: Env, call: Call, trail: Trail) -> Trail:
    """Raises InvalidTrailName, BucketDoesNotExist, InsufficientBucketPolicy,
    InsufficientTopicPolicy, TrailAlreadyExists, TooManyTrails and what tags raise."""
    require_name(trail.name)
    await _require_place(env, trail)
    require_tags(trail.tags)

    async def write(tx: Tx) -> Trail:
        held = await rows.select_trails(tx, call.account, limit=MAX_TRAILS, region=env.region.name)
        if any(other.name == trail.name for other in held):
            raise TrailAlreadyExists(
                f"Trail {trail.name} already exists for customer: {call.account}"
            )
        if len(held) >= MAX_TRAILS:
            raise TooManyTrails(
                f"User: {call.account} already has {MAX_TRAILS} trails in {env.region.name}."
            )
        await rows.insert_trail(tx, trail)
        return trail

    return await env.store.transact(write)


async def _require_place(env: Env, trail: Trail) -> None:
    if not _PREFIX.match(trail.prefix) or trail.prefix.startswith("/"):
        raise InvalidBucketPrefix(f"S3 prefix is invalid: {trail.prefix[:200]}")
    await require_bucket(env, trail)
    await require_topic(env, trail)


async def change_trail(env: Env, call: Call, name: str, change: Callable[[Trail], Trail]) -> Trail:
    """Read, change and write one trail; `change` may raise."""

    async def write(tx: Tx) -> Trail:
        trail = change(await get_trail(env, tx, call, name))
        await rows.update_trail(tx, trail)
        return trail

    return await env.store.transact(write)


async def update_trail(env: Env, call: Call, name: str, changes: Mapping[str, Any]) -> Trail:
    """Change fields of a trail. Raises what `create_trail` does of them."""
    found = await get_trail(env, env.store.reader, call, name)
    await _require_place(env, replace(found, **changes))

    def change(trail: Trail) -> Trail:
        return with_digests(replace(trail, **changes), env.clock.now_us())

    trail = await change_trail(env, call, name, change)
    env.work.wake("trails:delivery")
    return trail


def with_digests(trail: Trail, now_us: int) -> Trail:
    """A trail that logs with validation begins a digest; others end theirs when work comes by."""
    if trail.logging and trail.validation and trail.digest_start_us is None:
        return replace(trail, digest_start_us=align(now_us))
    return trail


async def set_logging(env: Env, call: Call, name: str, *, logging: bool) -> None:
    """Begin or end. What was written until now is delivered also after the end."""
    await env.journal.flush()  # what was done until now belongs to the trail as it was
    now_us = env.clock.now_us()

    def change(trail: Trail) -> Trail:
        if logging:
            return with_digests(replace(trail, logging=True, started_us=now_us), now_us)
        return replace(trail, logging=False, stopped_us=now_us)

    await change_trail(env, call, name, change)
    env.work.wake("trails:delivery")


async def delete_trail(env: Env, call: Call, name: str) -> None:
    """Raises TrailNotFound; what was delivered stays, what was not is forgotten."""

    async def write(tx: Tx) -> None:
        await rows.delete_trail(tx, await get_trail(env, tx, call, name))

    await env.store.transact(write)


async def put_selectors(
    env: Env,
    call: Call,
    name: str,
    *,
    basic: Sequence[dict[str, Any]],
    advanced: Sequence[dict[str, Any]],
) -> Trail:
    """One kind replaces both. Raises InvalidEventSelectors."""
    require_selectors(basic)
    require_advanced(advanced)

    def change(trail: Trail) -> Trail:
        return replace(
            trail,
            selectors=msgspec.json.encode(list(basic)).decode() if basic else "",
            advanced=msgspec.json.encode(list(advanced)).decode() if advanced else "",
        )

    return await change_trail(env, call, name, change)


async def tag_trail(
    env: Env, call: Call, name: str, *, add: Mapping[str, str], remove: Sequence[str] = ()
) -> None:
    require_tags(add)

    def change(trail: Trail) -> Trail:
        tags = {k: v for k, v in {**trail.tags, **add}.items() if k not in remove}
        require_tags(tags)
        return replace(trail, tags=tags)

    await change_trail(env, call, name, change)


def require_tags(tags: Mapping[str, str]) -> None:
    """Raises TagsLimitExceeded and InvalidTag."""
    if len(tags) > MAX_TAGS:
        raise TagsLimitExceeded(f"A trail has at most {MAX_TAGS} tags.")
    for name, value in tags.items():
        if not 1 <= len(name) <= 128 or len(value) > 256 or "\x00" in name + value:
            raise InvalidTag("A tag's key has 1 to 128 characters and its value up to 256.")
        if name.lower().startswith("aws:"):
            raise InvalidTag("Tag keys may not begin with aws:.")
