"""Random programs against S3's rules: buckets, versions, markers, locks, uploads, copies, lists.

Hypothesis writes programs out of the steps below; each step is done to Volano and to `rules.py`,
which must agree on the answer or on the error's code. A program that goes wrong is told as it was
written. The machine runs in a thread, Volano in the test's event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.unit.services.objects.conftest import S3, call_as_root
from tests.unit.services.objects.rules import (
    COMPLIANCE,
    GOVERNANCE,
    MIN_PART_BYTES,
    Refused,
    S3Rules,
    Upload,
    Version,
)

from volano.kernel.clock import ManualClock
from volano.kernel.errors import VolanoError
from volano.services.objects.logic import upkeep

OWNER, STRANGER = "111111111111", "222222222222"
KEYS = ("a", "a/b", "b")
FULL_PART = bytes(MIN_PART_BYTES)

buckets = st.sampled_from(("one", "one", "two", "two", "three"))
keys = st.sampled_from(KEYS)
bodies = st.sampled_from((b"", b"small", b"large" * 20_000))
parts = st.sampled_from((b"part", b"other part", b"part", b"part", FULL_PART))
seconds = st.sampled_from((10, 1000, 100_000))
modes = st.sampled_from((GOVERNANCE, COMPLIANCE))
conditions = st.sampled_from(("", "", "", "*", "current", "wrong"))


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


def attempt(step):
    """(what `step` returns, '') or (None, the code of its refusal)."""
    try:
        return step(), ""
    except Refused as refused:
        return None, refused.code
    except VolanoError as error:
        return None, error.wire_code


class Programs(RuleBasedStateMachine):
    """What one account does to three buckets."""

    def __init__(self, env, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop = loop
        self.clock = env.clock
        self.env = env
        self.salt = env.ids.hex(10)
        self.rules = S3Rules(self.clock.now_us() // 1_000_000)

    # Doing a step on both sides

    def call(self, operation: str, *, account: str = OWNER, **request):
        """The answer; raises VolanoError."""
        if "Bucket" in request:
            request["Bucket"] = self.name(request["Bucket"])
        client = S3(self.env, call_as_root(self.env, account))
        running = asyncio.run_coroutine_threadsafe(client(operation, **request), self.loop)
        return running.result(60)

    def same(self, expect, operation: str, **request):
        """(what the rules say, what Volano says); (None, None) when both refuse alike."""
        expected, wanted = attempt(expect)
        answer, code = attempt(lambda: self.call(operation, **request))
        assert code == wanted, (operation, request)
        return (None, None) if wanted else (expected or True, answer)

    def name(self, bucket: str) -> str:
        return f"{bucket}-{self.salt}"

    def condition(self, bucket: str, key: str, wanted: str) -> tuple[str, dict[str, str]]:
        """What a condition means to the rules, and the request's members for it."""
        if not wanted:
            return "", {}
        if wanted == "*":
            return "*", {"IfNoneMatch": "*"}
        held = self.rules.buckets.get(bucket)
        there = held.current(key) if held else None
        etag = there.etag if there is not None and wanted == "current" else md5(b"never written")
        return etag, {"IfMatch": f'"{etag}"'}

    def wrote(self, bucket: str, key: str, version: Version, answer) -> None:
        assert answer.get("ETag", f'"{version.etag}"') == f'"{version.etag}"'
        status = self.rules.buckets[bucket].status
        version.id = answer["VersionId"] if status == "Enabled" else "null"
        self.rules.write(bucket, key, version)

    # Buckets

    @initialize(lock=st.booleans())
    def begin(self, lock):
        """Most programs have where to write from the start."""
        self.create_bucket("one", lock)
        self.create_bucket("two", False)

    @rule(bucket=buckets, lock=st.booleans())
    def create_bucket(self, bucket, lock):
        self.same(
            lambda: self.rules.create_bucket(bucket, lock=lock),
            "CreateBucket", Bucket=bucket, ObjectLockEnabledForBucket=lock,
            CreateBucketConfiguration={"LocationConstraint": self.env.region.name},
        )  # fmt: skip

    @rule(bucket=buckets)
    def delete_bucket(self, bucket):
        if not any(upload.bucket == bucket for upload in self.rules.uploads.values()):
            self.same(lambda: self.rules.delete_bucket(bucket), "DeleteBucket", Bucket=bucket)

    @rule(bucket=buckets, status=st.sampled_from(("Enabled", "Suspended")))
    def set_versioning(self, bucket, status):
        self.same(
            lambda: self.rules.set_versioning(bucket, status),
            "PutBucketVersioning", Bucket=bucket, VersioningConfiguration={"Status": status},
        )  # fmt: skip

    # Writing and reading

    @rule(bucket=buckets, key=keys, body=bodies, condition=conditions, colour=st.booleans())
    def put(self, bucket, key, body, condition, colour):
        version = Version("", body, md5(body), {"colour": "blue"} if colour else {})
        told, members = self.condition(bucket, key, condition)
        if colour:
            members["Tagging"] = "colour=blue"
        done, answer = self.same(
            lambda: self.rules.require_write(bucket, key, condition=told, wanted=version),
            "PutObject", Bucket=bucket, Key=key, Body=body, **members,
        )  # fmt: skip
        if done:
            self.wrote(bucket, key, version, answer)

    @rule(bucket=buckets, key=keys, mode=modes, ahead_s=seconds, hold=st.booleans())
    def put_kept(self, bucket, key, mode, ahead_s, hold):
        until_s = self.rules.now_s + ahead_s
        version = Version("", b"kept", md5(b"kept"), {}, mode, until_s, hold)
        done, answer = self.same(
            lambda: self.rules.require_write(bucket, key, condition="", wanted=version),
            "PutObject", Bucket=bucket, Key=key, Body=b"kept", ObjectLockMode=mode,
            ObjectLockRetainUntilDate=datetime.fromtimestamp(until_s, UTC),
            ObjectLockLegalHoldStatus="ON" if hold else "OFF",
        )  # fmt: skip
        if done:
            self.wrote(bucket, key, version, answer)

    @rule(source=buckets, from_key=keys, bucket=buckets, key=keys)
    def copy(self, source, from_key, bucket, key):
        def expect() -> Version:
            self.rules.bucket(bucket)
            return self.rules.require_source(source, from_key)

        itself = (source, from_key) == (bucket, key)
        found, answer = self.same(
            expect,
            "CopyObject", Bucket=bucket, Key=key, CopySource=f"{self.name(source)}/{from_key}",
            MetadataDirective="REPLACE" if itself else "COPY",
        )  # fmt: skip
        if found:
            made = Version("", found.body, md5(found.body), dict(found.tags))
            assert answer["CopyObjectResult"]["ETag"] == f'"{made.etag}"'
            self.wrote(bucket, key, made, answer)

    @rule(bucket=buckets, key=keys, first=st.integers(0, 6))
    def read_range(self, bucket, key, first):
        found, answer = self.same(
            lambda: self.rules.require_source(bucket, key), "HeadObject", Bucket=bucket, Key=key
        )
        if not found:
            return
        assert answer["ContentLength"] == len(found.body)
        assert answer["ETag"] == f'"{found.etag}"'
        if first < len(found.body):
            ranged = {"Range": f"bytes={first}-{first + 2}"}
            assert self.body(bucket, key, **ranged) == found.body[first : first + 3]

    def body(self, bucket: str, key: str, **request) -> bytes:
        client = S3(self.env, call_as_root(self.env, OWNER))
        reading = client.body(self.name(bucket), key, **request)
        return asyncio.run_coroutine_threadsafe(reading, self.loop).result(60)

    @rule(bucket=buckets, key=keys)
    def a_stranger_is_refused(self, bucket, key):
        wanted = "AccessDenied" if bucket in self.rules.buckets else "NoSuchBucket"
        for operation, request in (("GetObject", {}), ("PutObject", {"Body": b"mine"})):
            members = {"account": STRANGER, "Bucket": bucket, "Key": key, **request}
            _, code = attempt(lambda: self.call(operation, **members))  # noqa: B023 - called here
            assert code == wanted, operation

    # Deleting

    @rule(bucket=buckets, key=keys)
    def delete(self, bucket, key):
        done, answer = self.same(
            lambda: self.rules.bucket(bucket) and None, "DeleteObject", Bucket=bucket, Key=key
        )
        if done:
            status = self.rules.buckets[bucket].status
            assert bool(answer.get("DeleteMarker")) == bool(status)
            self.rules.write(bucket, key, Version(answer.get("VersionId") or "null", None))

    @precondition(lambda self: self._all_versions())
    @rule(data=st.data(), bypass=st.booleans())
    def delete_version(self, data, bypass):
        bucket, key, version_id = self._some_version(data)
        gone, answer = self.same(
            lambda: self.rules.delete_version(bucket, key, version_id, bypass=bypass),
            "DeleteObject", Bucket=bucket, Key=key, VersionId=version_id,
            BypassGovernanceRetention=bypass,
        )  # fmt: skip
        if gone:
            assert bool(answer.get("DeleteMarker")) == (gone.body is None)

    @precondition(lambda self: self._all_versions())
    @rule(data=st.data(), many=st.integers(2, 4))
    def delete_many_versions(self, data, many):
        """Each version alone goes or stays, in one request."""
        chosen = {self._some_version(data) for _ in range(many)}
        bucket = min(bucket for bucket, _, _ in chosen)
        named = sorted(each[1:] for each in chosen if each[0] == bucket)
        objects = [{"Key": key, "VersionId": version_id} for key, version_id in named]
        answer = self.call("DeleteObjects", Bucket=bucket, Delete={"Objects": objects})
        refused = {(each["Key"], each["VersionId"]): each["Code"] for each in answer["Errors"]}
        for key, version_id in named:
            _, code = attempt(
                lambda: self.rules.delete_version(bucket, key, version_id, bypass=False)  # noqa: B023
            )
            assert refused.pop((key, version_id), "") == code
        assert not refused

    def _all_versions(self) -> list[tuple[str, str, str]]:
        """(bucket, key, version id) of all there are."""
        return [
            (bucket, key, version.id)
            for bucket, held in self.rules.buckets.items()
            for key, version, _ in held.versions()
        ]

    def _some_version(self, data) -> tuple[str, str, str]:
        there = self._all_versions()
        return there[data.draw(st.integers(0, len(there) - 1))]

    # Locks

    @precondition(lambda self: self._all_versions())
    @rule(data=st.data(), mode=modes, ahead_s=seconds, bypass=st.booleans())
    def retain(self, data, mode, ahead_s, bypass):
        bucket, key, version_id = self._some_version(data)
        until_s = self.rules.now_s + ahead_s
        self.same(
            lambda: self.rules.retain(bucket, key, version_id, mode, until_s, bypass=bypass),
            "PutObjectRetention", Bucket=bucket, Key=key, VersionId=version_id,
            BypassGovernanceRetention=bypass,
            Retention={"Mode": mode, "RetainUntilDate": datetime.fromtimestamp(until_s, UTC)},
        )  # fmt: skip

    @precondition(lambda self: self._all_versions())
    @rule(data=st.data(), hold=st.booleans())
    def hold(self, data, hold):
        bucket, key, version_id = self._some_version(data)
        self.same(
            lambda: self.rules.hold(bucket, key, version_id, hold=hold),
            "PutObjectLegalHold", Bucket=bucket, Key=key, VersionId=version_id,
            LegalHold={"Status": "ON" if hold else "OFF"},
        )  # fmt: skip

    @rule(ahead_s=seconds)
    def time_passes(self, ahead_s):
        self.loop.call_soon_threadsafe(self.clock.advance, ahead_s)
        self.rules.now_s += ahead_s

    # Uploads

    @rule(bucket=buckets, key=keys)
    def begin_upload(self, bucket, key):
        done, answer = self.same(
            lambda: self.rules.bucket(bucket) and None,
            "CreateMultipartUpload", Bucket=bucket, Key=key,
        )  # fmt: skip
        if done:
            self.rules.uploads[answer["UploadId"]] = Upload(bucket, key)

    @precondition(lambda self: self.rules.uploads)
    @rule(data=st.data(), number=st.integers(1, 3), body=parts)
    def upload_part(self, data, number, body):
        upload_id, upload, named = self._some_upload(data)
        answer = self.call("UploadPart", **named, UploadId=upload_id, PartNumber=number, Body=body)
        assert answer["ETag"] == f'"{md5(body)}"'
        upload.parts[number] = body

    @precondition(lambda self: self.rules.uploads)
    @rule(
        data=st.data(),
        numbers=st.lists(st.integers(1, 3), max_size=3, unique=True),
        condition=conditions,
    )
    def complete_upload(self, data, numbers, condition):
        upload_id, upload, named = self._some_upload(data)
        # Of two faults at once nobody says which one S3 tells.
        if condition and upload.parts:
            numbers = [min(upload.parts)]
        elif condition or (numbers != sorted(numbers) and not set(numbers) <= set(upload.parts)):
            return
        told, members = self.condition(upload.bucket, upload.key, condition)
        listed = [
            {"PartNumber": number, "ETag": md5(upload.parts.get(number, b"not there"))}
            for number in numbers
        ]
        made, answer = self.same(
            lambda: self.rules.require_complete(upload_id, numbers, condition=told),
            "CompleteMultipartUpload", **named, **members, UploadId=upload_id,
            MultipartUpload={"Parts": listed},
        )  # fmt: skip
        if made:
            del self.rules.uploads[upload_id]
            self.wrote(upload.bucket, upload.key, made, answer)

    @precondition(lambda self: self.rules.uploads)
    @rule(data=st.data())
    def abort_upload(self, data):
        upload_id, _, named = self._some_upload(data)
        self.call("AbortMultipartUpload", **named, UploadId=upload_id)
        del self.rules.uploads[upload_id]
        self.same(lambda: self.rules.upload(upload_id), "ListParts", **named, UploadId=upload_id)

    def _some_upload(self, data) -> tuple[str, Upload, dict[str, str]]:
        at = data.draw(st.integers(0, len(self.rules.uploads) - 1))
        upload_id, upload = list(self.rules.uploads.items())[at]
        return upload_id, upload, {"Bucket": upload.bucket, "Key": upload.key}

    # Looking

    @rule(
        bucket=buckets,
        prefix=st.sampled_from(("", "a", "a/", "a/b", "b", "c")),
        delimiter=st.sampled_from(("", "/")),
        limit=st.integers(1, 4),
    )
    def list_objects(self, bucket, prefix, delimiter, limit):
        if bucket not in self.rules.buckets:
            return
        found: tuple[list[str], list[str]] = ([], [])
        request = {"Prefix": prefix, "MaxKeys": limit} | ({"Delimiter": "/"} if delimiter else {})
        token: dict[str, str] = {}
        while True:
            page = self.call("ListObjectsV2", Bucket=bucket, **request, **token)
            assert page["KeyCount"] <= limit
            found[0].extend(each["Key"] for each in page["Contents"])
            found[1].extend(each["Prefix"] for each in page.get("CommonPrefixes") or ())
            if not page["IsTruncated"]:
                break
            token = {"ContinuationToken": page["NextContinuationToken"]}
        assert found == self.rules.buckets[bucket].listed(prefix, delimiter)

    def teardown(self) -> None:
        """All versions, bodies, tags and locks agree; then nothing can be left behind."""
        for bucket in list(self.rules.buckets):
            self._check_versions(bucket)
        for upload_id, upload in self.rules.uploads.items():
            self.call(
                "AbortMultipartUpload", Bucket=upload.bucket, Key=upload.key, UploadId=upload_id
            )
        self.time_passes(1_000_000)
        for bucket, held in self.rules.buckets.items():
            for key, version, _ in held.versions():
                named = {"Bucket": bucket, "Key": key, "VersionId": version.id}
                if version.hold:
                    self.call("PutObjectLegalHold", **named, LegalHold={"Status": "OFF"})
                self.call("DeleteObject", **named)
            self.call("DeleteBucket", Bucket=bucket)

    def _check_versions(self, bucket: str) -> None:
        held = self.rules.buckets[bucket]
        page = self.call("ListObjectVersions", Bucket=bucket)
        told = {
            (each["Key"], each["VersionId"]): (each["IsLatest"], hidden)
            for member, hidden in (("Versions", False), ("DeleteMarkers", True))
            for each in page[member]
        }
        expected = {
            (key, version.id): (latest, version.body is None)
            for key, version, latest in held.versions()
        }
        assert told == expected
        for key, version, _ in held.versions():
            if version.body is not None:
                self._check_version(bucket, key, version, locked=held.lock)

    def _check_version(self, bucket: str, key: str, version: Version, *, locked: bool) -> None:
        named = {"Bucket": bucket, "Key": key, "VersionId": version.id}
        assert self.body(bucket, key, VersionId=version.id) == version.body
        tags = self.call("GetObjectTagging", **named)["TagSet"]
        assert {each["Key"]: each["Value"] for each in tags} == version.tags
        head = self.call("HeadObject", **named)
        until = head.get("ObjectLockRetainUntilDate")
        assert (head.get("ObjectLockMode") or "") == version.mode
        if version.mode:
            assert locked
            assert until == version.until_s
        assert (head.get("ObjectLockLegalHoldStatus") == "ON") == version.hold


async def test_programs_keep_to_the_rules_of_s3(env, store_kind):
    clock = ManualClock(env.clock.now_us())
    timed = replace(env, clock=clock)
    loop = asyncio.get_running_loop()
    bounded = settings(
        max_examples=8 if store_kind == "sqlite" else 4,
        stateful_step_count=30,
        phases=[Phase.reuse, Phase.generate],  # to shrink a program takes longer than a test may
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(
        run_state_machine_as_test, lambda: Programs(timed, loop), settings=bounded
    )
    await upkeep.free_garbage(timed, grace_s=0)
    assert await upkeep.sweep_orphans(timed, min_age_s=0) == 0
    for table in ("s3_object", "s3_version", "s3_part", "s3_shared", "s3_garbage"):
        assert await env.store.reader.row(f"SELECT * FROM {table} LIMIT 1") is None, table
