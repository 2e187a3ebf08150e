"""Replication at work: a version written here is written there, under the same version id.

Each change makes a row for every destination; work copies the bytes and names them in one
transaction with the row's end, so that a crash repeats a copy and never doubles a version. A
version that came later does not wait for one that came before: each takes its place in the order of
the key's versions.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from volano.kernel.call import system_call
from volano.kernel.errors import Conflict, Denied, VolanoError
from volano.services.objects.logic.access import (
    bucket_facts,
    get_bucket,
    object_arn,
    open_bucket,
)
from volano.services.objects.logic.contents import publish_written, require_bucket_still_there
from volano.services.objects.logic.copying_bytes import write_copy
from volano.services.objects.logic.encryption import new_key, with_encryption, with_seal
from volano.services.objects.logic.errors import NoSuchBucket
from volano.services.objects.logic.objects import drop_unnamed
from volano.services.objects.logic.replication import (
    PENDING,
    REPLICA,
    SERVICE,
    find_replication,
    role_session,
    rules_for,
)
from volano.services.objects.logic.replication_targets import (
    find_target,
    is_target,
    write_to_target,
)
from volano.services.objects.logic.versions import FRESH_LENGTH, find_version, name_by_parts
from volano.services.objects.model import (
    ENABLED,
    NO_RETENTION,
    Cause,
    Description,
    ObjectDeleted,
    ReplicationTask,
    StoredObject,
)
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import replication as rows
from volano.services.objects.store import versions as version_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.store import Tx
    from volano.services.objects.logic.replication import Replication, Rule
    from volano.services.objects.model import Bucket, ObjectWritten

REPLICATION = "objects:replication"
BATCH = 50
MAX_ATTEMPTS = 10
LONGEST_PAUSE_S = 600.0
LEASE_S = 120.0
CAUSE = Cause(by=SERVICE)


async def note_change(env: Env, event: ObjectWritten | ObjectDeleted) -> None:
    """Make a row for every destination of a change; repeating it copies again at most."""
    if not event.version_id:
        return
    try:
        bucket = await open_bucket(env, event.bucket)
    except NoSuchBucket:
        return
    found = await find_replication(env.store.reader, bucket)
    if found is None:
        if isinstance(event, ObjectDeleted):
            await _forget_version(env, bucket, event)
        return
    item = await find_version(env.store.reader, bucket, event.key, event.version_id)
    if item is None:
        await _forget_version(env, bucket, event)
        return
    status = await rows.select_status(env.store.reader, bucket.id, event.key, event.version_id)
    if status:
        return  # a replica itself, or noted before
    tasks = [_task(env, item, rule) for rule in rules_for(found, item)]
    if not tasks:
        return

    async def write(tx: Tx) -> None:
        for task in tasks:
            await rows.insert_task(tx, task)
        await rows.upsert_status(tx, bucket.id, item.key, item.version_id, PENDING)

    await env.store.transact(write)
    env.work.wake(REPLICATION)


async def _forget_version(env: Env, bucket: Bucket, event: ObjectWritten | ObjectDeleted) -> None:
    status = await rows.select_status(env.store.reader, bucket.id, event.key, event.version_id)
    if status:
        await env.store.transact(
            partial(
                rows.delete_status,
                bucket_id=bucket.id,
                key=event.key,
                version_id=event.version_id,
            )
        )


def _task(env: Env, item: StoredObject, rule: Rule) -> ReplicationTask:
    now_us = env.clock.now_us()
    return ReplicationTask(
        id=env.ids.uuid(),
        bucket_id=item.bucket_id,
        key=item.key,
        version_id=item.version_id,
        kind="marker" if item.is_marker else "object",
        rule_id=rule.id,
        attempts=0,
        due_us=now_us,
        created_us=now_us,
    )


async def replicate_due(env: Env) -> int:
    """Replicate until nothing is due; returns how many were tried."""
    tried = 0
    while await env.work.acquire_lease(REPLICATION, ttl_s=LEASE_S) is not None:
        due = await rows.select_due_tasks(env.store.reader, now_us=env.clock.now_us(), limit=BATCH)
        if not due:
            break
        for task in due:
            await _attempt(env, task)
            tried += 1
    return tried


async def _attempt(env: Env, task: ReplicationTask) -> None:
    try:
        await _replicate(env, task)
    except VolanoError as error:
        await _try_again(env, task, error)


async def _try_again(env: Env, task: ReplicationTask, error: VolanoError) -> None:
    """Once more after a while; what is refused is tried a few times, in case rights come later."""
    if task.attempts + 1 >= MAX_ATTEMPTS or isinstance(error, Conflict):
        env.log.error("a version was not replicated", key=task.key, error=error.message)
        await env.store.transact(partial(_end, task=task, status="FAILED"))
        return
    pause_s = min(2.0**task.attempts, LONGEST_PAUSE_S)
    due_us = env.clock.now_us() + int(pause_s * 1e6)

    async def write(tx: Tx) -> None:
        await rows.update_task(tx, task.id, attempts=task.attempts + 1, due_us=due_us)

    await env.store.transact(write)


async def _end(tx: Tx, *, task: ReplicationTask, status: str) -> None:
    """The task is over; the version's status follows the last of its destinations, and one that
    failed stays failed."""
    await rows.delete_task(tx, task.id)
    known = await rows.select_status(tx, task.bucket_id, task.key, task.version_id)
    waiting = await rows.has_tasks(tx, task.bucket_id, task.key, task.version_id)
    if known and known != "FAILED" and (status == "FAILED" or not waiting):
        await rows.upsert_status(tx, task.bucket_id, task.key, task.version_id, status)


async def _replicate(env: Env, task: ReplicationTask) -> None:
    """Copy one version to the destination of its rule. Raises what reading, writing and deciding
    do, and Conflict for another version of the same place."""
    source = await bucket_rows.select_bucket_by_id(env.store.reader, task.bucket_id)
    found = None if source is None else await find_replication(env.store.reader, source)
    item = None
    if source is not None:
        item = await find_version(env.store.reader, source, task.key, task.version_id)
    rule = _rule_of(found, task.rule_id)
    if source is None or found is None or item is None or rule is None:
        await env.store.transact(partial(rows.delete_task, task_id=task.id))
        return
    if is_target(rule.bucket):
        await _send(env, task, source, item, rule, found.role)
        return
    target = await get_bucket(env.store.reader, rule.bucket)
    if target.versioning != ENABLED:
        raise Denied("Destination bucket must have versioning enabled.")
    await _require_rights(env, source, target, found.role, task)
    if item.is_marker:
        marker = replace(item, bucket_id=target.id, description=Description(), noncurrent_us=0)
        await env.store.transact(
            partial(_place, env=env, task=task, target=target, item=marker, fresh=_fresh(env))
        )
        return
    await _copy(env, task, target, item, rule)


async def _send(
    env: Env, task: ReplicationTask, source: Bucket, item: StoredObject, rule: Rule, role: str
) -> None:
    """The same to another store, which judges by its own keys; a crash may write it twice."""
    await _require_rights(env, source, None, role, task)
    target = await find_target(env, str(source.account), rule.bucket)
    if target is None:
        raise Denied("The replication target is gone.")
    await write_to_target(env, system_call(env, source.account), target, item)
    await env.store.transact(partial(_end, task=task, status="COMPLETED"))


def _rule_of(found: Replication | None, rule_id: str) -> Rule | None:
    if found is None:
        return None
    return next((rule for rule in found.rules if rule.id == rule_id and rule.enabled), None)


def _fresh(env: Env) -> str:
    return env.ids.token(FRESH_LENGTH)


async def _require_rights(
    env: Env, source: Bucket, target: Bucket | None, role: str, task: ReplicationTask
) -> None:
    """The role may read the version here and write it to a bucket here; raises Denied."""
    try:
        principal = await role_session(env, source, role)
    except VolanoError:
        if env.config.test_mode:
            return  # the role of a public suite, which was let through when the rules were put
        raise
    call = system_call(env, source.account).acting_as(principal)
    wanted = (
        ("s3:GetObjectVersionForReplication", source),
        ("s3:ReplicateDelete" if task.kind == "marker" else "s3:ReplicateObject", target),
    )
    for permission, bucket in wanted:
        if bucket is None:
            continue
        facts = await bucket_facts(env, call, bucket)
        await env.authority.authorize(call, permission, object_arn(bucket.name, task.key), facts)


async def _copy(
    env: Env, task: ReplicationTask, target: Bucket, item: StoredObject, rule: Rule
) -> None:
    call = system_call(env, target.account)
    storage_class = rule.storage_class or item.description.storage_class
    sealing = await new_key(env, call, target, item.key, None)
    written = await write_copy(
        env,
        call,
        target,
        item,
        customer=None,
        sealing=sealing,
        key=item.key,
        storage_class=storage_class,
        algorithm=None,
    )
    description = replace(item.description, storage_class=storage_class, acl=None, encryption=None)
    replica = with_encryption(
        replace(
            item,
            bucket_id=target.id,
            description=description,
            blob=written.blob,
            content_id="",
            part_count=0,
            retention=NO_RETENTION,
            noncurrent_us=0,
        ),
        with_seal(sealing, written.seal),
    )
    try:
        named = await env.store.transact(
            partial(_place, env=env, task=task, target=target, item=replica, fresh=_fresh(env))
        )
    except VolanoError as error:
        await drop_unnamed(env, [written.blob], error)
        raise
    if not named and written.blob is not None:
        await env.bytes.delete([written.blob])


async def _place(
    tx: Tx, *, env: Env, task: ReplicationTask, target: Bucket, item: StoredObject, fresh: str
) -> bool:
    """Put a version into the order of its key's versions; False when it is there already."""
    target = await require_bucket_still_there(tx, target)
    present = await find_version(tx, target, item.key, item.version_id)
    if present is None:
        await _insert(tx, target, item, fresh=fresh, now_us=env.clock.now_us())
        await rows.upsert_status(tx, target.id, item.key, item.version_id, REPLICA)
    await _end(tx, task=task, status="COMPLETED")
    return present is None


async def _insert(tx: Tx, target: Bucket, item: StoredObject, *, fresh: str, now_us: int) -> None:
    current = await object_rows.select_object(tx, target.id, item.key)
    newest = current or await version_rows.select_newest(tx, target.id, item.key)
    if newest is not None and newest.rank == item.rank:
        raise Conflict("Another version has its place.")
    if newest is not None and newest.rank < item.rank:
        older = await name_by_parts(tx, item, content_id="r" + fresh) if item.blob else item
        await version_rows.insert_version(tx, replace(older, noncurrent_us=now_us))
    else:
        if current is not None:
            aside = await name_by_parts(tx, current, content_id="v" + fresh)
            await version_rows.insert_version(tx, replace(aside, noncurrent_us=now_us))
        elif newest is not None:
            await version_rows.update_noncurrent(tx, newest, now_us)
        if item.is_marker:
            await object_rows.delete_object(tx, target.id, item.key)
            await version_rows.insert_version(tx, item)
        else:
            await object_rows.upsert_object(tx, item)
    _publish(tx, target, item, now_us=now_us)


def _publish(tx: Tx, target: Bucket, item: StoredObject, *, now_us: int) -> None:
    if not item.is_marker:
        publish_written(tx, target, item, name="ObjectCreated:Put", cause=CAUSE)
        return
    tx.publish(
        ObjectDeleted(
            account=target.account,
            bucket=target.name,
            key=item.key,
            time_us=now_us,
            name="ObjectRemoved:DeleteMarkerCreated",
            version_id=item.version_id,
            by=SERVICE,
        )
    )
