"""Versions and delete markers: what single rules of S3 say that the model does not."""

from __future__ import annotations

import pytest
from tests.unit.services.objects.test_listing import MemoryRows

from volano.kernel.events import parse_event
from volano.services.objects.logic import storage, upkeep
from volano.services.objects.logic.errors import (
    BucketNotEmpty,
    InvalidArgument,
    InvalidRequest,
    MethodNotAllowed,
    NoSuchKey,
    NoSuchVersion,
    PreconditionFailed,
)
from volano.services.objects.logic.version_listing import list_versions

MIB = 1024 * 1024


@pytest.fixture
async def versioned(s3):
    """The bucket `shop` with versioning."""
    await versioning(s3, "Enabled")
    return s3


async def versioning(s3, status):
    await s3("PutBucketVersioning", Bucket="shop", VersioningConfiguration={"Status": status})


async def put(s3, key, body):
    return (await s3("PutObject", Bucket="shop", Key=key, Body=body)).get("VersionId")


async def listed(s3, **request):
    page = await s3("ListObjectVersions", Bucket="shop", **request)
    return [(each["Key"], each["VersionId"], each["IsLatest"]) for each in page["Versions"]]


async def test_versioning_is_told_once_it_was_set(s3):
    assert await s3("GetBucketVersioning", Bucket="shop") == {}
    for status in ("Enabled", "Suspended"):
        await versioning(s3, status)
        assert await s3("GetBucketVersioning", Bucket="shop") == {"Status": status}


async def test_each_version_can_be_read_and_says_its_id(versioned):
    first, second = await put(versioned, "k", b"one"), await put(versioned, "k", b"two!")
    assert await versioned.body("shop", "k") == b"two!"
    for version_id, body in ((first, b"one"), (second, b"two!")):
        assert await versioned.body("shop", "k", VersionId=version_id) == body
        head = await versioned("HeadObject", Bucket="shop", Key="k", VersionId=version_id)
        assert (head["VersionId"], head["ContentLength"]) == (version_id, len(body))
    assert await listed(versioned) == [("k", second, True), ("k", first, False)]


async def test_a_deleted_key_tells_of_its_marker(versioned):
    first = await put(versioned, "k", b"one")
    marker = await versioned("DeleteObject", Bucket="shop", Key="k")
    assert marker["DeleteMarker"]
    with pytest.raises(NoSuchKey) as gone:
        await versioned("GetObject", Bucket="shop", Key="k")
    assert gone.value.fields["header:x-amz-delete-marker"] == "true"
    assert gone.value.fields["header:x-amz-version-id"] == marker["VersionId"]
    with pytest.raises(MethodNotAllowed) as refused:
        await versioned("HeadObject", Bucket="shop", Key="k", VersionId=marker["VersionId"])
    assert refused.value.fields["header:Allow"] == "DELETE"
    assert await versioned.body("shop", "k", VersionId=first) == b"one"
    assert await versioned.keys("shop") == []
    removed = await versioned("DeleteObject", Bucket="shop", Key="k", VersionId=marker["VersionId"])
    assert removed["DeleteMarker"]
    assert await versioned.body("shop", "k") == b"one"


async def test_ids_of_no_version_are_refused(versioned):
    await put(versioned, "k", b"one")
    for wrong in ("abc", "x" * 32, "é" * 32):
        with pytest.raises(InvalidArgument):
            await versioned("GetObject", Bucket="shop", Key="k", VersionId=wrong)
    with pytest.raises(NoSuchVersion):
        await versioned("GetObject", Bucket="shop", Key="k", VersionId="0" * 32)
    with pytest.raises(InvalidArgument):
        await versioned("ListObjectVersions", Bucket="shop", VersionIdMarker="null")


async def test_what_was_there_before_versioning_is_the_null_version(s3):
    await put(s3, "k", b"before")
    await versioning(s3, "Enabled")
    second = await put(s3, "k", b"after")
    assert await listed(s3) == [("k", second, True), ("k", "null", False)]
    assert await s3.body("shop", "k", VersionId="null") == b"before"
    await versioning(s3, "Suspended")
    assert await put(s3, "k", b"suspended") is None
    assert await listed(s3) == [("k", "null", True), ("k", second, False)]
    assert await s3.body("shop", "k", VersionId="null") == b"suspended"


async def test_tags_belong_to_a_version(versioned):
    first, second = await put(versioned, "k", b"one"), await put(versioned, "k", b"two")
    tags = {"TagSet": [{"Key": "a", "Value": "1"}]}
    answer = await versioned(
        "PutObjectTagging", Bucket="shop", Key="k", VersionId=first, Tagging=tags
    )
    assert answer["VersionId"] == first
    for version_id, expected in ((first, tags["TagSet"]), (second, [])):
        found = await versioned("GetObjectTagging", Bucket="shop", Key="k", VersionId=version_id)
        assert found == {"TagSet": expected, "VersionId": version_id}
    await versioned("DeleteObjectTagging", Bucket="shop", Key="k", VersionId=first)
    found = await versioned("GetObjectTagging", Bucket="shop", Key="k", VersionId=first)
    assert found["TagSet"] == []


async def test_a_marker_takes_no_tags_and_is_no_source(versioned):
    await put(versioned, "k", b"one")
    marker = (await versioned("DeleteObject", Bucket="shop", Key="k"))["VersionId"]
    with pytest.raises(MethodNotAllowed) as refused:
        await versioned(
            "PutObjectTagging", Bucket="shop", Key="k", VersionId=marker, Tagging={"TagSet": []}
        )
    assert refused.value.fields["Method"] == "PUT"
    with pytest.raises(InvalidRequest, match="delete marker"):
        await versioned(
            "CopyObject", Bucket="shop", Key="x", CopySource=f"shop/k?versionId={marker}"
        )


async def test_parts_copied_from_a_version_name_it(versioned):
    first = await put(versioned, "k", b"one")
    await put(versioned, "k", b"two")
    named = {"Bucket": "shop", "Key": "m"}
    named["UploadId"] = (await versioned("CreateMultipartUpload", **named))["UploadId"]
    part = await versioned(
        "UploadPartCopy", **named, PartNumber=1, CopySource=f"shop/k?versionId={first}"
    )
    assert part["CopySourceVersionId"] == first
    parts = [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]
    done = await versioned("CompleteMultipartUpload", **named, MultipartUpload={"Parts": parts})
    assert await versioned.body("shop", "m", VersionId=done["VersionId"]) == b"one"


async def test_attributes_and_copies_name_the_version(versioned):
    first = await put(versioned, "k", b"one")
    await put(versioned, "k", b"two!")
    found = await versioned(
        "GetObjectAttributes",
        Bucket="shop",
        Key="k",
        VersionId=first,
        ObjectAttributes=["ObjectSize"],
    )
    assert (found["ObjectSize"], found["VersionId"]) == (3, first)
    copied = await versioned(
        "CopyObject", Bucket="shop", Key="k", CopySource=f"shop/k?versionId={first}"
    )
    assert copied["CopySourceVersionId"] == first
    assert await versioned.body("shop", "k") == b"one"
    assert len(await listed(versioned)) == 3


async def test_delete_objects_answers_for_versions_and_markers(versioned):
    first = await put(versioned, "k", b"one")
    answer = await versioned(
        "DeleteObjects",
        Bucket="shop",
        Delete={"Objects": [{"Key": "k"}, {"Key": "k", "VersionId": first}, {"Key": ""}]},
    )
    made, removed = answer["Deleted"]
    assert made["DeleteMarker"]
    assert removed == {"Key": "k", "VersionId": first}
    assert [each["Code"] for each in answer["Errors"]] == ["InvalidArgument"]
    gone = await versioned(
        "DeleteObjects",
        Bucket="shop",
        Delete={"Objects": [{"Key": "k", "VersionId": made["DeleteMarkerVersionId"]}]},
    )
    assert gone["Deleted"][0]["DeleteMarker"]
    assert await listed(versioned) == []


async def test_conditions_of_a_delete_are_about_the_version_named(versioned):
    first = await put(versioned, "k", b"one")
    await put(versioned, "k", b"two")
    etag = (await versioned("HeadObject", Bucket="shop", Key="k", VersionId=first))["ETag"]
    with pytest.raises(PreconditionFailed):
        await versioned("DeleteObject", Bucket="shop", Key="k", IfMatch=etag)
    await versioned("DeleteObject", Bucket="shop", Key="k", VersionId=first, IfMatch=etag)
    assert len(await listed(versioned)) == 1


async def test_if_none_match_takes_a_deleted_key_for_absent(versioned):
    await put(versioned, "k", b"one")
    await versioned("DeleteObject", Bucket="shop", Key="k")
    await versioned("PutObject", Bucket="shop", Key="k", Body=b"two", IfNoneMatch="*")
    with pytest.raises(PreconditionFailed):
        await versioned("PutObject", Bucket="shop", Key="k", Body=b"x", IfNoneMatch="*")


async def test_a_bucket_with_versions_is_not_deleted(versioned):
    await put(versioned, "k", b"one")
    marker = await versioned("DeleteObject", Bucket="shop", Key="k")
    with pytest.raises(BucketNotEmpty, match="all versions"):
        await versioned("DeleteBucket", Bucket="shop")
    for _, version_id, _ in await listed(versioned):
        await versioned("DeleteObject", Bucket="shop", Key="k", VersionId=version_id)
    await versioned("DeleteObject", Bucket="shop", Key="k", VersionId=marker["VersionId"])
    await versioned("DeleteBucket", Bucket="shop")


async def test_older_versions_keep_their_bytes_through_sweep_repair_and_zones(versioned, env):
    ids = [await put(versioned, "k", bytes([65 + n]) * 70_000) for n in range(3)]
    assert await upkeep.sweep_orphans(env, min_age_s=0) == 0
    await upkeep.free_garbage(env, grace_s=0)
    report = await upkeep.repair_copies(env)
    assert (report.checked, report.lost) == (3, [])
    for zone in env.region.zones:
        env.bytes.fail_zone(zone)
        for index, version_id in enumerate(ids):
            body = await versioned.body("shop", "k", VersionId=version_id)
            assert body == bytes([65 + index]) * 70_000
        env.bytes.restore_zone(zone)
    await versioned("DeleteObject", Bucket="shop", Key="k", VersionId=ids[0])
    assert await upkeep.free_garbage(env, grace_s=0) == 1


async def test_older_versions_are_metered(versioned, env):
    for size in (100, 20, 3):
        await put(versioned, "k", b"x" * size)
    rows = await env.store.reader.rows("SELECT id FROM s3_bucket")
    assert await storage._count_versions(env.store.reader, rows[0][0]) == 120


async def test_events_name_versions_and_markers(versioned, env):
    version_id = await put(versioned, "k", b"one")
    marker = (await versioned("DeleteObject", Bucket="shop", Key="k"))["VersionId"]
    await versioned("DeleteObject", Bucket="shop", Key="k", VersionId=version_id)
    rows = await env.store.reader.rows("SELECT type, payload FROM outbox ORDER BY seq LIMIT 100")
    told = [parse_event(kind, payload) for kind, payload in rows if kind.startswith("objects.obj")]
    assert [(each.name, each.version_id) for each in told] == [
        ("ObjectCreated:Put", version_id),
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", version_id),
    ]


async def test_versions_below_a_prefix_are_one_answer(versioned):
    for key in ("a/1", "a/2", "b", "c/1"):
        for body in (b"one", b"two"):
            await put(versioned, key, body)
    page = await versioned("ListObjectVersions", Bucket="shop", Delimiter="/", MaxKeys=2)
    assert [each["Prefix"] for each in page["CommonPrefixes"]] == ["a/"]
    assert [each["Key"] for each in page["Versions"]] == ["b"]
    page = await versioned(
        "ListObjectVersions",
        Bucket="shop",
        Delimiter="/",
        KeyMarker=page["NextKeyMarker"],
        VersionIdMarker=page["NextVersionIdMarker"],
    )
    assert [(each["Key"], each["IsLatest"]) for each in page["Versions"]] == [("b", False)]
    assert [each["Prefix"] for each in page["CommonPrefixes"]] == ["c/"]


async def test_a_page_goes_on_behind_versions_that_were_deleted_meanwhile(versioned):
    for body in (b"one", b"two", b"three", b"four"):
        await put(versioned, "k", body)
    seen = []
    marker = {}
    while True:
        page = await versioned("ListObjectVersions", Bucket="shop", MaxKeys=1, **marker)
        version_id = page["Versions"][0]["VersionId"]
        assert page["Versions"][0]["IsLatest"]
        seen.append(version_id)
        await versioned("DeleteObject", Bucket="shop", Key="k", VersionId=version_id)
        if not page["IsTruncated"]:
            break
        marker = {"KeyMarker": "k", "VersionIdMarker": page["NextVersionIdMarker"]}
    assert len(set(seen)) == 4
    assert await listed(versioned) == []


async def test_old_versions_cost_a_listing_of_keys_nothing(versioned, env):
    for key in ("a", "b", "c"):
        for _ in range(5):
            await put(versioned, key, b"x")
    await versioned("DeleteObject", Bucket="shop", Key="b")
    rows = await env.store.reader.rows("SELECT key FROM s3_object ORDER BY key LIMIT 10")
    assert [row[0] for row in rows] == ["a", "c"]


class VersionRows(MemoryRows):
    """Rows of both tables in memory, counting what is read."""

    async def rows(self, sql, *values):
        if "FROM s3_version" in sql:
            return []
        found = await super().rows(sql, values[0], values[1], *values[4:])
        return [(row[0], 0, "null", *row[1:], 0) for row in found]


async def test_delimiter_cost_of_versions_does_not_follow_what_lies_below():
    deep = [f"{folder}/{number:05d}" for folder in "abc" for number in range(5000)]
    rows = VersionRows(deep)
    page = await list_versions(rows, "b", delimiter="/", limit=1000)
    assert page.prefixes == ["a/", "b/", "c/"]
    assert rows.rows_read <= 100
