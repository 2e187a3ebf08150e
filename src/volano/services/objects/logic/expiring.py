"""Lifecycle at work: remove and move what the rules of a bucket say.

Reads every object, version and upload of a bucket that has rules, page by page, and decides each
removal again inside its transaction: what was written anew meanwhile stays. A pass that was cut
short is simply run again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from volano.kernel.errors import VolanoError
from volano.services.objects.logic import lifecycle_due as due
from volano.services.objects.logic.contents import remove_object
from volano.services.objects.logic.lifecycle import parse_lifecycle
from volano.services.objects.logic.locks import require_deletable
from volano.services.objects.logic.transitions import find_again, move_object
from volano.services.objects.logic.versions import FRESH_LENGTH, remove_version
from volano.services.objects.model import LIFECYCLE, Description
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import garbage as garbage_rows
from volano.services.objects.store import lifecycle as rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as upload_rows
from volano.services.objects.store import versions as version_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.journal import Journal
    from volano.kernel.store import Tx
    from volano.services.objects.logic.lifecycle import Lifecycle
    from volano.services.objects.model import Bucket, StoredObject, Upload

PAGE_ROWS = 500
LONGEST_PAUSE_S = 3600.0
LEASE = "objects:lifecycle"
SHORTEST_LEASE_S = 5.0
LONGEST_LEASE_S = 60.0
LOWEST_RANK = -(2**62)
"""Below every rank, so that a page begins with a key's newest version."""
_LAST_PASS_S: WeakKeyDictionary[Journal, float] = WeakKeyDictionary()
"""When the last pass began, on the monotonic clock; one per Env, whose journal is its key."""


class Turn:
    """That this process is the one that applies rules; renewed while it does.

    It is short, so that a process that was killed holds up nobody for long. Two that apply rules at
    once do some work twice and nothing wrong: each change is decided in its own transaction.
    """

    def __init__(self, env: Env) -> None:
        self.ttl_s = min(LONGEST_LEASE_S, max(SHORTEST_LEASE_S, env.config.lifecycle_day_s / 24))
        self._env = env
        self._renewed_s: float | None = None

    async def renew(self) -> bool:
        """Whether it is still this process's turn."""
        now_s = self._env.clock.monotonic_s()
        if self._renewed_s is not None and now_s - self._renewed_s < self.ttl_s / 3:
            return True
        self._renewed_s = now_s
        return await self._env.work.acquire_lease(LEASE, ttl_s=self.ttl_s) is not None


async def expire_when_due(env: Env) -> int:
    """A pass over all rules, 24 times in a lifecycle day; returns how much was changed."""
    pause_s = min(LONGEST_PAUSE_S, env.config.lifecycle_day_s / 24)
    now_s = env.clock.monotonic_s()
    last_s = _LAST_PASS_S.get(env.journal)
    if last_s is not None and now_s - last_s < pause_s:
        return 0
    turn = Turn(env)
    if not await turn.renew():
        _LAST_PASS_S[env.journal] = now_s - pause_s + min(pause_s, turn.ttl_s)
        return 0
    _LAST_PASS_S[env.journal] = now_s
    return await expire_all(env)


async def expire_all(env: Env) -> int:
    """Apply every bucket's rules once."""
    changed, after, turn = 0, "", Turn(env)
    while found := await rows.select_buckets_with_rules(
        env.store.reader, after=after, limit=PAGE_ROWS
    ):
        for bucket_id, document in found:
            bucket = await bucket_rows.select_bucket_by_id(env.store.reader, bucket_id)
            if bucket is not None:
                changed += await _apply(env, turn, bucket, parse_lifecycle(document))
        after = found[-1][0]
    if changed:
        env.log.info("lifecycle rules applied", changed=changed)
    return changed


async def _apply(env: Env, turn: Turn, bucket: Bucket, lifecycle: Lifecycle) -> int:
    changed = 0
    if any(rule.concerns_current for rule in lifecycle.rules):
        changed += await _current_objects(env, turn, bucket, lifecycle)
    if bucket.versioning and any(rule.concerns_versions for rule in lifecycle.rules):
        changed += await _versions(env, turn, bucket, lifecycle)
    if any(rule.enabled and rule.abort_days is not None for rule in lifecycle.rules):
        changed += await _uploads(env, bucket, lifecycle)
    return changed


async def _current_objects(env: Env, turn: Turn, bucket: Bucket, lifecycle: Lifecycle) -> int:
    changed, key, day_s = 0, "", env.config.lifecycle_day_s
    while True:
        page = await object_rows.select_objects_after(
            env.store.reader, bucket.id, key, limit=PAGE_ROWS
        )
        page = [item for item in page if item.bucket_id == bucket.id]
        now_us = env.clock.now_us()
        expired: list[StoredObject] = []
        for item in page:
            if due.is_expired(lifecycle, item, day_s=day_s, now_us=now_us):
                expired.append(item)
                continue
            wanted = due.due_class(lifecycle, item, day_s=day_s, now_us=now_us)
            if wanted is not None and await turn.renew():
                changed += await _move(env, bucket, item, wanted, is_current=True)
        if expired:
            changed += await env.store.transact(
                partial(_remove, env=env, bucket=bucket, due=expired)
            )
        await turn.renew()
        if len(page) < PAGE_ROWS:
            return changed
        key = page[-1].key


async def _move(
    env: Env, bucket: Bucket, item: StoredObject, wanted: str, *, is_current: bool
) -> int:
    """Move one version; one that cannot be read or written now is tried again by the next pass."""
    try:
        return int(await move_object(env, bucket, item, wanted, is_current=is_current))
    except VolanoError as error:
        env.log.error(
            "an object could not change its class", bucket=bucket.name, cause=error.message
        )
        return 0


async def _remove(tx: Tx, env: Env, bucket: Bucket, due: list[StoredObject]) -> int:
    removed = 0
    for item in due:
        if await find_again(tx, item, is_current=True) == item:
            await remove_object(
                tx,
                bucket,
                item.key,
                fresh=env.ids.token(FRESH_LENGTH),
                now_us=env.clock.now_us(),
                description=Description(),
                cause=LIFECYCLE,
            )
            removed += 1
    return removed


async def _versions(env: Env, turn: Turn, bucket: Bucket, lifecycle: Lifecycle) -> int:
    """Versions that are not current, and delete markers, from each key's newest to its oldest."""
    changed, key, rank, newer = 0, "", LOWEST_RANK, 0
    counted = ""
    day_s = env.config.lifecycle_day_s
    while page := await version_rows.select_versions_after(
        env.store.reader, bucket.id, key, rank, limit=PAGE_ROWS
    ):
        now_us = env.clock.now_us()
        expired: list[StoredObject] = []
        for item in page:
            if item.key != counted:
                counted, newer = item.key, 0
            if not item.noncurrent_us:
                if due.is_marker_expired(lifecycle, item, day_s=day_s, now_us=now_us):
                    expired.append(item)
                continue
            if due.is_version_expired(lifecycle, item, newer, day_s=day_s, now_us=now_us):
                expired.append(item)
            elif not item.is_marker:
                wanted = due.due_version_class(lifecycle, item, newer, day_s=day_s, now_us=now_us)
                if wanted is not None and await turn.renew():
                    changed += await _move(env, bucket, item, wanted, is_current=False)
            newer += not item.is_marker
        if expired:
            changed += await env.store.transact(
                partial(_remove_versions, env=env, bucket=bucket, due=expired)
            )
        key, rank = page[-1].key, page[-1].rank
    return changed


async def _remove_versions(tx: Tx, env: Env, bucket: Bucket, due: list[StoredObject]) -> int:
    """Remove versions, the oldest first, so that a marker goes with the last that it hid.

    What object lock keeps stays, and so does a marker that still hides something.
    """
    removed = 0
    now_us = env.clock.now_us()
    for item in reversed(due):
        if await find_again(tx, item, is_current=False) != item or _is_kept(item, now_us):
            continue
        if item.is_marker and not item.noncurrent_us:
            below = await version_rows.select_versions_after(
                tx, bucket.id, item.key, item.rank, limit=1
            )
            if below and below[0].key == item.key:
                continue
        await remove_version(tx, bucket, item, now_us=now_us, cause=LIFECYCLE)
        removed += 1
    return removed


def _is_kept(item: StoredObject, now_us: int) -> bool:
    try:
        require_deletable(item, now_us=now_us, bypass=False)
    except VolanoError:
        return True
    return False


async def _uploads(env: Env, bucket: Bucket, lifecycle: Lifecycle) -> int:
    removed, key, upload_id = 0, "", ""
    while uploads := await upload_rows.select_uploads(
        env.store.reader, bucket.id, key=key, upload_id=upload_id, end=None, limit=PAGE_ROWS
    ):
        now_us, day_s = env.clock.now_us(), env.config.lifecycle_day_s
        given_up = [
            upload
            for upload in uploads
            if due.is_given_up(lifecycle, upload, day_s=day_s, now_us=now_us)
        ]
        if given_up:
            removed += await env.store.transact(partial(_abort, env=env, due=given_up))
        key, upload_id = uploads[-1].key, uploads[-1].id
    return removed


async def _abort(tx: Tx, env: Env, due: list[Upload]) -> int:
    removed = 0
    for upload in due:
        if await upload_rows.select_upload(tx, upload.bucket_id, upload.key, upload.id):
            await garbage_rows.insert_garbage_of_content(tx, upload.id, env.clock.now_us())
            await upload_rows.delete_upload(tx, upload)
            removed += 1
    return removed
