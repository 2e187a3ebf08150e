"""Lifecycle at work: remove what the rules of a bucket say is too old.

Reads every object of a bucket that has rules, page by page, and decides each removal again inside
its transaction: an object written anew meanwhile stays.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from volano.services.objects.logic.contents import remove_object
from volano.services.objects.logic.lifecycle import after_days, first_expiry, parse_rules
from volano.services.objects.logic.versions import FRESH_LENGTH
from volano.services.objects.model import Description
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import garbage as garbage_rows
from volano.services.objects.store import lifecycle as rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as upload_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.journal import Journal
    from volano.kernel.store import Tx
    from volano.services.objects.logic.lifecycle import Rule
    from volano.services.objects.model import Bucket, StoredObject, Upload

PAGE_ROWS = 500
LONGEST_PAUSE_S = 3600.0
_LAST_PASS_S: WeakKeyDictionary[Journal, float] = WeakKeyDictionary()
"""When the last pass began, on the monotonic clock; one per Env, whose journal is its key."""


async def expire_when_due(env: Env) -> int:
    """A pass over all rules, 24 times in a lifecycle day; returns how much was removed."""
    pause_s = min(LONGEST_PAUSE_S, env.config.lifecycle_day_s / 24)
    now_s = env.clock.monotonic_s()
    last_s = _LAST_PASS_S.get(env.journal)
    if last_s is not None and now_s - last_s < pause_s:
        return 0
    _LAST_PASS_S[env.journal] = now_s
    lease = await env.work.acquire_lease("objects:lifecycle", ttl_s=LONGEST_PAUSE_S)
    return 0 if lease is None else await expire_all(env)


async def expire_all(env: Env) -> int:
    """Apply every bucket's rules once."""
    removed, after = 0, ""
    while found := await rows.select_buckets_with_rules(
        env.store.reader, after=after, limit=PAGE_ROWS
    ):
        for bucket_id, document in found:
            bucket = await bucket_rows.select_bucket_by_id(env.store.reader, bucket_id)
            if bucket is not None:
                removed += await _expire_bucket(env, bucket, parse_rules(document))
        after = found[-1][0]
    if removed:
        env.log.info("objects and uploads expired", count=removed)
    return removed


async def _expire_bucket(env: Env, bucket: Bucket, rules: list[Rule]) -> int:
    removed = 0
    if any(rule.expires_objects for rule in rules):
        removed += await _expire_objects(env, bucket, rules)
    aborting = [rule for rule in rules if rule.enabled and rule.abort_days is not None]
    return removed + (await _abort_uploads(env, bucket, aborting) if aborting else 0)


async def _expire_objects(env: Env, bucket: Bucket, rules: list[Rule]) -> int:
    removed, key = 0, ""
    while True:
        page = await object_rows.select_objects_after(
            env.store.reader, bucket.id, key, limit=PAGE_ROWS
        )
        page = [item for item in page if item.bucket_id == bucket.id]
        due = [item for item in page if _is_due(env, item, rules)]
        if due:
            removed += await env.store.transact(partial(_remove, env=env, bucket=bucket, due=due))
        if len(page) < PAGE_ROWS:
            return removed
        key = page[-1].key


def _is_due(env: Env, item: StoredObject, rules: list[Rule]) -> bool:
    found = first_expiry(rules, item, env.config.lifecycle_day_s)
    return found is not None and found[0] <= env.clock.now_us()


async def _remove(tx: Tx, env: Env, bucket: Bucket, due: list[StoredObject]) -> int:
    removed = 0
    for item in due:
        current = await object_rows.select_object(tx, bucket.id, item.key)
        if current is not None and current == item:
            await remove_object(
                tx,
                bucket,
                current.key,
                fresh=env.ids.token(FRESH_LENGTH),
                now_us=env.clock.now_us(),
                description=Description(),
            )
            removed += 1
    return removed


async def _abort_uploads(env: Env, bucket: Bucket, rules: list[Rule]) -> int:
    removed, key, upload_id = 0, "", ""
    while uploads := await upload_rows.select_uploads(
        env.store.reader, bucket.id, key=key, upload_id=upload_id, end=None, limit=PAGE_ROWS
    ):
        due = [upload for upload in uploads if _is_given_up(env, upload, rules)]
        if due:
            removed += await env.store.transact(partial(_abort, env=env, due=due))
        key, upload_id = uploads[-1].key, uploads[-1].id
    return removed


def _is_given_up(env: Env, upload: Upload, rules: list[Rule]) -> bool:
    return any(
        upload.key.startswith(rule.prefix)
        and after_days(upload.created_us, rule.abort_days or 1, env.config.lifecycle_day_s)
        <= env.clock.now_us()
        for rule in rules
    )


async def _abort(tx: Tx, env: Env, due: list[Upload]) -> int:
    removed = 0
    for upload in due:
        if await upload_rows.select_upload(tx, upload.bucket_id, upload.key, upload.id):
            await garbage_rows.insert_garbage_of_content(tx, upload.id, env.clock.now_us())
            await upload_rows.delete_upload(tx, upload)
            removed += 1
    return removed
