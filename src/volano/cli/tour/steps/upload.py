"""Step upload: two buckets, every file of the shop in them, each byte accounted for."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.cli.tour.outcome import Note, require

if TYPE_CHECKING:
    from pathlib import Path

    from volano.cli.tour.day import Day

PART_BYTES = 8 * 1024 * 1024  # boto3's default threshold and part size of multipart uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    size_bytes: int
    etag: str
    sha256: str


def run(day: Day) -> Note:
    """Create, upload, then list and compare size, ETag and SHA-256 of every object."""
    for bucket in (day.catalogue_bucket, day.office_bucket):
        day.say(f"create bucket {bucket}")
        _create_bucket(day, bucket)
    expected: dict[str, dict[str, _Expected]] = {day.catalogue_bucket: {}, day.office_bucket: {}}
    for number, key in enumerate(day.shop.uploads, 1):
        day.say(f"upload {number} of {len(day.shop.uploads)}: {key}")
        bucket = day.office_bucket if key == "orders.csv" else day.catalogue_bucket
        path = day.shop.folder / key
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        extra = {"ContentType": kind, "ChecksumAlgorithm": "SHA256"}
        day.clients.s3.upload_file(str(path), bucket, key, ExtraArgs=extra)
        expected[bucket][key] = _expect(path)
    total = 0
    for bucket, objects in expected.items():
        _check_listing(day, bucket, objects)
        total += sum(item.size_bytes for item in objects.values())
    return Note(
        summary=f"{len(day.shop.uploads)} files, {total:,} bytes, sizes, ETags and SHA-256 agree",
        lines=tuple(
            f"s3://{bucket}: {len(objects)} objects" for bucket, objects in expected.items()
        ),
        facts={"buckets": list(expected), "objects": len(day.shop.uploads), "bytes": total},
    )


def _create_bucket(day: Day, bucket: str) -> None:
    s3 = day.clients.s3
    if day.clients.region == "us-east-1":
        s3.create_bucket(Bucket=bucket)
    else:
        place = {"LocationConstraint": day.clients.region}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    day.remember("bucket", bucket, lambda: _empty_and_delete(day, bucket))


def _empty_and_delete(day: Day, bucket: str) -> None:
    for page in day.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
        if keys:
            day.clients.s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    day.clients.s3.delete_bucket(Bucket=bucket)


def _check_listing(day: Day, bucket: str, objects: dict[str, _Expected]) -> None:
    day.say(f"list and compare {bucket}")
    pages = day.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    listed = {item["Key"]: item for page in pages for item in page.get("Contents", [])}
    todo = "look at the bucket in the console; the server lost or changed an upload"
    lost, extra = sorted(set(objects) - set(listed)), sorted(set(listed) - set(objects))
    require(
        not lost and not extra,
        expected=f"{len(objects)} keys in {bucket}",
        got=f"missing {lost}, extra {extra}",
        todo=todo,
    )
    for key, item in objects.items():
        got = (listed[key]["Size"], listed[key]["ETag"].strip('"'))
        want = (item.size_bytes, item.etag)
        require(got == want, expected=f"{key} listed with {want}", got=got, todo=todo)
        head = day.clients.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        found = head.get("ChecksumSHA256")
        require(
            found == item.sha256, expected=f"{key} with SHA-256 {item.sha256}", got=found, todo=todo
        )


def _expect(path: Path) -> _Expected:
    """What S3 must say about a file: plain digests, or those of multipart uploads."""
    content = path.read_bytes()
    if len(content) < PART_BYTES:
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return _Expected(size_bytes=len(content), etag=etag, sha256=sha256)
    parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
    md5s = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    sha256s = b"".join(hashlib.sha256(part).digest() for part in parts)
    whole = base64.b64encode(hashlib.sha256(sha256s).digest()).decode()
    return _Expected(
        size_bytes=len(content),
        etag=f"{hashlib.md5(md5s, usedforsecurity=False).hexdigest()}-{len(parts)}",
        sha256=f"{whole}-{len(parts)}",
    )
