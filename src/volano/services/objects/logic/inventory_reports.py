"""Inventories at work: a report for every day or week, written to the bucket it is for.

A report's keys tell its day, so one that a crash cut short is written over by the next try. The
manifest comes last: a report without it is not one. Rows are read page by page and compressed as
they are written.
"""

from __future__ import annotations

import hashlib
import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from volano.kernel.call import system_call
from volano.kernel.errors import VolanoError
from volano.services.identity import interface as identity
from volano.services.objects.logic.access import bucket_arn, get_bucket, object_arn
from volano.services.objects.logic.encryption_requests import WantedEncryption
from volano.services.objects.logic.errors import AccessDenied
from volano.services.objects.logic.inventory import ALL_VERSIONS, DAYS, parse_inventories
from volano.services.objects.logic.inventory_rows import columns, line
from volano.services.objects.logic.lifecycle import find_lifecycle
from volano.services.objects.logic.objects import PutRequest, put_object
from volano.services.objects.logic.writing import BytesBody, StreamBody
from volano.services.objects.model import Description, EncryptionMode
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import garbage as state_rows
from volano.services.objects.store import inventory as rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import versions as version_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Env
    from volano.services.objects.logic.inventory import Inventory
    from volano.services.objects.logic.writing import IncomingBody
    from volano.services.objects.model import Bucket, StoredObject

SERVICE = "s3.amazonaws.com"
PAGE_ROWS = 1000
PAGE_BUCKETS = 100
LOWEST_RANK = -(2**62)
GZIP = 31
"""zlib's window size for gzip. No time is in its header, so equal rows give equal files."""


@dataclass(slots=True)
class _Counted:
    """What the manifest says of a data file."""

    size_bytes: int = 0
    md5: str = ""


async def report_all(env: Env) -> int:
    """Write every report that is due; returns how many."""
    written, after = 0, ""
    while found := await rows.select_buckets_with_inventories(
        env.store.reader, after=after, limit=PAGE_BUCKETS
    ):
        for bucket_id, document in found:
            bucket = await bucket_rows.select_bucket_by_id(env.store.reader, bucket_id)
            for wanted in parse_inventories(document) if bucket is not None else ():
                if bucket is not None and wanted.enabled:
                    written += await _report_when_due(env, bucket, wanted)
        after = found[-1][0]
    return written


async def _report_when_due(env: Env, bucket: Bucket, wanted: Inventory) -> bool:
    period_us = int(DAYS[wanted.frequency] * env.config.lifecycle_day_s * 1e6)
    number = env.clock.now_us() // period_us
    state = f"inventory {bucket.id} {wanted.id}"
    if await state_rows.select_state(env.store.reader, state) == str(number):
        return False
    try:
        await write_report(env, bucket, wanted, at_us=number * period_us)
    except VolanoError as error:
        # Tried again only for the next day: whoever must let it in has to change something.
        env.log.error("an inventory was not delivered", bucket=bucket.name, cause=error.message)
    await env.store.transact(lambda tx: state_rows.upsert_state(tx, state, str(number)))
    return True


async def write_report(env: Env, bucket: Bucket, wanted: Inventory, *, at_us: int) -> None:
    """One report: data, manifest and its checksum. Raises AccessDenied and what PutObject does."""
    target = await get_bucket(
        env.store.reader, wanted.target.rpartition(":")[2], wanted.target_account or None
    )
    folder = "/".join(part for part in (wanted.target_prefix, bucket.name, wanted.id) if part)
    _require_delivery(env, bucket, target, folder)
    moment = datetime.fromtimestamp(at_us / 1e6, UTC)
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{bucket.id} {wanted.id} {at_us}")
    data_key = f"{folder}/data/{name}.csv.gz"
    counted = _Counted()
    chunks = _compressed(env, bucket, wanted, counted)
    await _put(env, target, wanted, data_key, StreamBody(chunks), "application/gzip")
    manifest = msgspec.json.encode(
        {
            "sourceBucket": bucket.name,
            "destinationBucket": wanted.target,
            "version": "2016-11-30",
            "creationTimestamp": str(at_us // 1000),
            "fileFormat": "CSV",
            "fileSchema": ", ".join(columns(wanted)),
            "files": [{"key": data_key, "size": counted.size_bytes, "MD5checksum": counted.md5}],
        }
    )
    data_uri = f"s3://{target.name}/{data_key}\n".encode()
    place = f"{folder}/{moment:%Y-%m-%dT%H-%MZ}"
    digest = hashlib.md5(manifest, usedforsecurity=False).hexdigest().encode()
    hive = f"{folder}/hive/dt={moment:%Y-%m-%d-%H-%M}/symlink.txt"
    await _put(env, target, wanted, hive, BytesBody(data_uri), "text/plain")
    await _put(env, target, wanted, f"{place}/manifest.checksum", BytesBody(digest), "text/plain")
    await _put(
        env, target, wanted, f"{place}/manifest.json", BytesBody(manifest), "application/json"
    )


def _require_delivery(env: Env, source: Bucket, target: Bucket, folder: str) -> None:
    """The target's policy must let S3 write there for the source (user guide, "Configuring S3
    Inventory", "Destination bucket policy"). Raises AccessDenied."""
    allowed = identity.service_may(
        env,
        SERVICE,
        "s3:PutObject",
        object_arn(target.name, f"{folder}/data/x"),
        policy=target.policy,
        account=str(source.account),
        context={
            "aws:SourceArn": bucket_arn(source.name),
            "s3:x-amz-acl": "bucket-owner-full-control",
        },
    )
    if not allowed:
        raise AccessDenied(
            f"The policy of {target.name} does not let {SERVICE} write the inventory of "
            f"{source.name} there."
        )


async def _put(
    env: Env, target: Bucket, wanted: Inventory, key: str, body: IncomingBody, content_type: str
) -> None:
    encryption = None
    if wanted.encryption:
        mode = EncryptionMode(wanted.encryption)
        encryption = WantedEncryption(mode=mode, kms_key=wanted.kms_key)
    await put_object(
        env,
        system_call(env, target.account),
        PutRequest(
            bucket=target.name,
            key=key,
            body=body,
            description=Description(headers={"ContentType": content_type}),
            encryption=encryption,
        ),
    )


async def _compressed(
    env: Env, bucket: Bucket, wanted: Inventory, counted: _Counted
) -> AsyncIterator[bytes]:
    lifecycle = await find_lifecycle(env, bucket.id)
    packer = zlib.compressobj(wbits=GZIP)
    digest = hashlib.md5(usedforsecurity=False)
    async for page in _pages(env, bucket, wanted):
        lines = [
            line(wanted, bucket, item, lifecycle)
            for item in page
            if item.key.startswith(wanted.prefix or "")
        ]
        packed = packer.compress(b"".join(lines))
        digest.update(packed)
        counted.size_bytes += len(packed)
        if packed:
            yield packed
    packed = packer.flush()
    digest.update(packed)
    counted.size_bytes += len(packed)
    counted.md5 = digest.hexdigest()
    yield packed


async def _pages(env: Env, bucket: Bucket, wanted: Inventory) -> AsyncIterator[list[StoredObject]]:
    """Current objects by key, then all other versions where they are wanted."""
    key = ""
    while True:
        page = await object_rows.select_objects_after(
            env.store.reader, bucket.id, key, limit=PAGE_ROWS
        )
        own = [item for item in page if item.bucket_id == bucket.id]
        yield own
        if len(own) < PAGE_ROWS:
            break
        key = own[-1].key
    if wanted.versions != ALL_VERSIONS:
        return
    key, rank = "", LOWEST_RANK
    while page := await version_rows.select_versions_after(
        env.store.reader, bucket.id, key, rank, limit=PAGE_ROWS
    ):
        yield page
        key, rank = page[-1].key, page[-1].rank
