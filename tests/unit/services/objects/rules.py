"""S3's rules for buckets, versions, locks and uploads, as small as they can be said.

Written from the S3 user guide and API reference alone (chapters on versioning, Object Lock,
conditional requests, multipart uploads and prefixes); shares no code with Volano. A key is a list
of versions, the newest first; a body of None is a delete marker. What S3 refuses raises Refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

GOVERNANCE, COMPLIANCE = "GOVERNANCE", "COMPLIANCE"
MIN_PART_BYTES = 5 * 1024 * 1024


class Refused(Exception):
    """S3 answers with this error code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Version:
    id: str
    body: bytes | None
    etag: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    mode: str = ""
    until_s: int = 0
    hold: bool = False

    def is_kept(self, now_s: float, *, bypass: bool) -> bool:
        running = bool(self.mode) and self.until_s > now_s
        return self.hold or (running and not (bypass and self.mode == GOVERNANCE))


@dataclass
class Upload:
    bucket: str
    key: str
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Bucket:
    status: str = ""
    lock: bool = False
    keys: dict[str, list[Version]] = field(default_factory=dict)

    def versions(self) -> list[tuple[str, Version, bool]]:
        """(key, version, is latest), as ListObjectVersions has them in order."""
        return [
            (key, version, index == 0)
            for key in sorted(self.keys)
            for index, version in enumerate(self.keys[key])
        ]

    def current(self, key: str) -> Version | None:
        newest = next(iter(self.keys.get(key, ())), None)
        return None if newest is None or newest.body is None else newest

    def listed(self, prefix: str, delimiter: str) -> tuple[list[str], list[str]]:
        """(keys, common prefixes) of ListObjectsV2."""
        keys, common = [], set()
        for key in sorted(self.keys):
            if self.current(key) is None or not key.startswith(prefix):
                continue
            head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if found:
                common.add(prefix + head + delimiter)
            else:
                keys.append(key)
        return keys, sorted(common)


class S3Rules:
    """All buckets of one account; `now_s` is moved by the test."""

    def __init__(self, now_s: int) -> None:
        self.now_s = now_s
        self.buckets: dict[str, Bucket] = {}
        self.uploads: dict[str, Upload] = {}

    def bucket(self, name: str) -> Bucket:
        if name not in self.buckets:
            raise Refused("NoSuchBucket")
        return self.buckets[name]

    def create_bucket(self, name: str, *, lock: bool) -> None:
        if name in self.buckets:
            raise Refused("BucketAlreadyOwnedByYou")
        self.buckets[name] = Bucket(status="Enabled" if lock else "", lock=lock)

    def delete_bucket(self, name: str) -> None:
        if any(self.bucket(name).keys.values()):
            raise Refused("BucketNotEmpty")
        del self.buckets[name]

    def set_versioning(self, name: str, status: str) -> None:
        if self.bucket(name).lock and status == "Suspended":
            raise Refused("InvalidBucketState")
        self.bucket(name).status = status

    # Writing

    def require_write(self, name: str, key: str, *, condition: str, wanted: Version) -> None:
        """`condition` is '' or what If-None-Match (`*`) or If-Match (an ETag) says."""
        bucket = self.bucket(name)
        if (wanted.mode or wanted.hold) and not bucket.lock:
            raise Refused("InvalidRequest")
        there = bucket.current(key)
        if condition == "*":
            if there is not None:
                raise Refused("PreconditionFailed")
        elif condition:
            if there is None:
                raise Refused("NoSuchKey")
            if there.etag != condition:
                raise Refused("PreconditionFailed")

    def write(self, name: str, key: str, version: Version) -> None:
        bucket = self.bucket(name)
        versions = bucket.keys.setdefault(key, [])
        if bucket.status != "Enabled":
            version.id = "null"
            versions[:] = [each for each in versions if each.id != "null"]
        if version.body is not None or bucket.status:
            versions.insert(0, version)

    def require_source(self, name: str, key: str) -> Version:
        found = self.bucket(name).current(key)
        if found is None:
            raise Refused("NoSuchKey")
        return found

    # Versions

    def find(self, name: str, key: str, version_id: str) -> Version:
        found = [each for each in self.bucket(name).keys.get(key, ()) if each.id == version_id]
        if not found:
            raise Refused("NoSuchVersion")
        return found[0]

    def read(self, name: str, key: str, version_id: str) -> Version:
        found = self.find(name, key, version_id)
        if found.body is None:
            raise Refused("MethodNotAllowed")
        return found

    def delete_version(self, name: str, key: str, version_id: str, *, bypass: bool) -> Version:
        found = self.find(name, key, version_id)
        if found.is_kept(self.now_s, bypass=bypass):
            raise Refused("AccessDenied")
        self.bucket(name).keys[key].remove(found)
        return found

    def retain(
        self, name: str, key: str, version_id: str, mode: str, until_s: int, *, bypass: bool
    ) -> None:
        if not self.bucket(name).lock:
            raise Refused("InvalidRequest")
        found = self.read(name, key, version_id)
        running = bool(found.mode) and found.until_s > self.now_s
        less = mode != found.mode or until_s < found.until_s
        if running and less and (found.mode == COMPLIANCE or not bypass):
            raise Refused("AccessDenied")
        found.mode, found.until_s = mode, until_s

    def hold(self, name: str, key: str, version_id: str, *, hold: bool) -> None:
        if not self.bucket(name).lock:
            raise Refused("InvalidRequest")
        self.read(name, key, version_id).hold = hold

    # Uploads

    def upload(self, upload_id: str) -> Upload:
        if upload_id not in self.uploads:
            raise Refused("NoSuchUpload")
        return self.uploads[upload_id]

    def require_complete(self, upload_id: str, numbers: list[int], *, condition: str) -> Version:
        """The version that the parts make."""
        upload = self.upload(upload_id)
        if not numbers:
            raise Refused("MalformedXML")
        if numbers != sorted(numbers):
            raise Refused("InvalidPartOrder")
        if any(number not in upload.parts for number in numbers):
            raise Refused("InvalidPart")
        bodies = [upload.parts[number] for number in numbers]
        if any(len(body) < MIN_PART_BYTES for body in bodies[:-1]):
            raise Refused("EntityTooSmall")
        digests = b"".join(hashlib.md5(body).digest() for body in bodies)
        etag = f"{hashlib.md5(digests).hexdigest()}-{len(bodies)}"
        made = Version("", b"".join(bodies), etag)
        self.require_write(upload.bucket, upload.key, condition=condition, wanted=made)
        return made
