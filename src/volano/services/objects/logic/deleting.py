"""DeleteObject and DeleteObjects: delete markers, versions for good, conditions and locks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.conditions import (
    NO_WRITE_CONDITIONS,
    WriteConditions,
    require_writable,
)
from volano.services.objects.logic.contents import (
    cause_of,
    remove_object,
    require_bucket_still_there,
)
from volano.services.objects.logic.locks import require_deletable
from volano.services.objects.logic.metering import WRITE, count_request
from volano.services.objects.logic.names import require_key
from volano.services.objects.logic.versions import FRESH_LENGTH, find_version, remove_version
from volano.services.objects.model import NO_CAUSE, Bucket, Cause, Description

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What is to be deleted. `bypass`: the caller may pass by governance, and asked for it.
    `description` has the owner of a delete marker.
    """

    key: str
    version_id: str | None = None
    conditions: WriteConditions = NO_WRITE_CONDITIONS
    bypass: bool = False
    description: Description = field(default_factory=Description)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What a deletion did. `marker_id` is the id of the delete marker that was made or deleted;
    `version_id` is that of the version that was named, '' for none.
    """

    version_id: str = ""
    marker_id: str = ""


async def delete_object(
    env: Env,
    call: Call,
    bucket_name: str,
    wanted: Deletion,
    *,
    expected_owner: str | None = None,
) -> Deleted:
    """Delete a key or a version; one that is not there is no error.

    Raises PreconditionFailed, and AccessDenied for a version that a lock keeps.
    """
    bucket = await open_bucket(env, bucket_name, expected_owner)
    count_request(env, bucket, WRITE)
    outcome = (await delete_keys(env, bucket, [wanted], cause=cause_of(call)))[0]
    if isinstance(outcome, VolanoError):
        raise outcome
    return outcome


async def delete_keys(
    env: Env, bucket: Bucket, wanted: Sequence[Deletion], *, cause: Cause = NO_CAUSE
) -> list[Deleted | VolanoError]:
    """Delete in one transaction; the answer has what was done or an error for each."""
    freshes = [env.ids.token(FRESH_LENGTH) for _ in wanted]

    async def remove(tx: Tx) -> list[Deleted | VolanoError]:
        now_us = env.clock.now_us()
        found = await require_bucket_still_there(tx, bucket)
        results: list[Deleted | VolanoError] = []
        for each, fresh in zip(wanted, freshes, strict=True):
            try:
                results.append(
                    await _delete(tx, found, each, fresh=fresh, now_us=now_us, cause=cause)
                )
            except VolanoError as error:
                if error.wire_status >= 500:
                    raise
                results.append(error)
        return results

    return await env.store.transact(remove)


async def _delete(
    tx: Tx, bucket: Bucket, wanted: Deletion, *, fresh: str, now_us: int, cause: Cause
) -> Deleted:
    """Every check comes before the first write: an error leaves the key as it was."""
    require_key(wanted.key)
    if not wanted.conditions.is_empty or wanted.version_id is not None:
        item = await find_version(tx, bucket, wanted.key, wanted.version_id)
        if not wanted.conditions.is_empty:
            require_writable(wanted.conditions, item, key=wanted.key)
        if wanted.version_id is not None:
            if item is None:
                return Deleted(version_id=wanted.version_id if bucket.versioning else "")
            require_deletable(item, now_us=now_us, bypass=wanted.bypass)
            await remove_version(tx, bucket, item, now_us=now_us, cause=cause)
            return Deleted(
                version_id=item.version_id if bucket.versioning else "",
                marker_id=item.version_id if item.is_marker else "",
            )
    marker = await remove_object(
        tx,
        bucket,
        wanted.key,
        fresh=fresh,
        now_us=now_us,
        description=replace(Description(), acl=wanted.description.acl),
        cause=cause,
    )
    return Deleted(marker_id=marker.version_id if marker is not None else "")
