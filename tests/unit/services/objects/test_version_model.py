"""A bucket with versions against a small model of S3's rules, on random histories.

The model is the user guide's chapter on versioning in twenty lines: a key is a list of versions,
the newest first; a body of None is a delete marker.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volano.services.objects.logic import upkeep
from volano.services.objects.logic.errors import InvalidRequest

KEYS = ("a", "a/b", "a/c", "b")


@dataclass
class Model:
    """What the bucket must hold: per key (version id, body)."""

    status: str = ""
    keys: dict[str, list[tuple[str, bytes | None]]] = field(default_factory=dict)

    def write(self, key: str, version_id: str, body: bytes | None) -> None:
        versions = self.keys.setdefault(key, [])
        if self.status != "Enabled":
            versions[:] = [each for each in versions if each[0] != "null"]
        if body is not None or self.status:
            versions.insert(0, (version_id if self.status == "Enabled" else "null", body))

    def remove(self, key: str, version_id: str) -> None:
        self.keys[key] = [each for each in self.keys.get(key, []) if each[0] != version_id]

    def current(self, key: str) -> bytes | None:
        versions = self.keys.get(key) or [("", None)]
        return versions[0][1]

    def listed(self) -> list[tuple[str, str, bool, bool]]:
        return [
            (key, version_id, body is None, index == 0)
            for key in sorted(self.keys)
            for index, (version_id, body) in enumerate(self.keys[key])
        ]


key = st.sampled_from(KEYS)
step = st.one_of(
    st.tuples(st.just("put"), key, st.binary(max_size=4)),
    st.tuples(st.just("put"), key, st.just(b"large" * 20_000)),
    st.tuples(st.just("multipart"), key, st.binary(min_size=1, max_size=4)),
    st.tuples(st.just("delete"), key),
    st.tuples(st.just("delete_version"), key, st.integers(0, 3)),
    st.tuples(st.just("copy"), key, st.integers(0, 3), key),
    st.tuples(st.just("versioning"), st.sampled_from(["Enabled", "Suspended"])),
)


class Bucket:
    """The same steps done to a real bucket and to the model."""

    def __init__(self, s3, name: str) -> None:
        self.s3 = s3
        self.name = name
        self.model = Model()

    async def put(self, key: str, body: bytes) -> None:
        answer = await self.s3("PutObject", Bucket=self.name, Key=key, Body=body)
        self.model.write(key, answer.get("VersionId", "null"), body)

    async def multipart(self, key: str, body: bytes) -> None:
        where = {"Bucket": self.name, "Key": key}
        where["UploadId"] = (await self.s3("CreateMultipartUpload", **where))["UploadId"]
        part = await self.s3("UploadPart", **where, PartNumber=1, Body=body)
        answer = await self.s3(
            "CompleteMultipartUpload",
            **where,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
        )
        self.model.write(key, answer.get("VersionId", "null"), body)

    async def delete(self, key: str) -> None:
        answer = await self.s3("DeleteObject", Bucket=self.name, Key=key)
        assert bool(answer.get("DeleteMarker")) == bool(self.model.status)
        self.model.write(key, answer.get("VersionId") or "null", None)

    async def delete_version(self, key: str, index: int) -> None:
        versions = self.model.keys.get(key, [])
        if index < len(versions):
            version_id, body = versions[index]
            answer = await self.s3("DeleteObject", Bucket=self.name, Key=key, VersionId=version_id)
            assert bool(answer.get("DeleteMarker")) == (body is None)
            self.model.remove(key, version_id)

    async def copy(self, key: str, index: int, target: str) -> None:
        versions = self.model.keys.get(key, [])
        if index >= len(versions) or versions[index][1] is None:
            return
        version_id, body = versions[index]
        try:
            answer = await self.s3(
                "CopyObject",
                Bucket=self.name,
                Key=target,
                CopySource=f"{self.name}/{key}?versionId={version_id}",
            )
        except InvalidRequest:
            assert key == target
            assert not self.model.status
            return
        self.model.write(target, answer.get("VersionId", "null"), body)

    async def versioning(self, status: str) -> None:
        await self.s3(
            "PutBucketVersioning", Bucket=self.name, VersioningConfiguration={"Status": status}
        )
        self.model.status = status

    async def check(self) -> None:
        assert await self.versions() == self.model.listed()
        current = [key for key in sorted(self.model.keys) if self.model.current(key) is not None]
        assert await self.s3.keys(self.name) == current
        for key, versions in self.model.keys.items():
            for version_id, body in versions:
                if body is not None:
                    found = await self.s3.body(self.name, key, VersionId=version_id)
                    assert found == body

    async def versions(self) -> list[tuple[str, str, bool, bool]]:
        """All versions through pages of three, each as the model lists it."""
        found: list[tuple[str, str, bool, bool]] = []
        marker: dict[str, str] = {}
        while True:
            page = await self.s3("ListObjectVersions", Bucket=self.name, MaxKeys=3, **marker)
            rows = [(each, False) for each in page["Versions"]]
            rows += [(each, True) for each in page["DeleteMarkers"]]
            entries = [
                (each["Key"], each["VersionId"], hidden, each["IsLatest"]) for each, hidden in rows
            ]
            found += sorted(entries, key=self.place)
            if not page["IsTruncated"]:
                return found
            marker = {
                "KeyMarker": page["NextKeyMarker"],
                "VersionIdMarker": page["NextVersionIdMarker"],
            }

    def place(self, entry: tuple[str, str, bool, bool]) -> tuple[str, int]:
        """Where the model has a version: the two lists of a page come without their order."""
        ids = [version_id for version_id, _ in self.model.keys.get(entry[0], [])]
        return entry[0], ids.index(entry[1])

    async def empty(self) -> None:
        for key, versions in list(self.model.keys.items()):
            for version_id, _ in list(versions):
                await self.s3("DeleteObject", Bucket=self.name, Key=key, VersionId=version_id)
        await self.s3("DeleteBucket", Bucket=self.name)


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(step, max_size=14))
async def test_bucket_with_versions_does_what_the_model_does(s3, env, history):
    name = f"model-{env.ids.hex(12)}"
    await s3("CreateBucket", Bucket=name)
    bucket = Bucket(s3, name)
    for kind, *values in history:
        await getattr(bucket, kind)(*values)
    await bucket.check()
    await bucket.empty()
    await upkeep.free_garbage(env, grace_s=0)
    assert await upkeep.sweep_orphans(env, min_age_s=0) == 0
    for table in ("s3_object", "s3_version", "s3_part", "s3_shared", "s3_garbage"):
        assert await env.store.reader.row(f"SELECT * FROM {table} LIMIT 1") is None, table
