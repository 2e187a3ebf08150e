"""Encrypted objects: what lies on disk, whose key opens it, and what every path does with it."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from functools import partial

import pytest

from volano.kernel.errors import Denied, Internal, VolanoError
from volano.services.kms import interface as kms
from volano.services.objects.logic.errors import (
    AccessDenied,
    InvalidArgument,
    InvalidEncryptionAlgorithm,
    InvalidRequest,
)
from volano.services.objects.logic.transitions import move_object
from volano.services.objects.logic.upkeep import free_garbage, repair_copies, sweep_orphans
from volano.services.objects.logic.versions import get_item
from volano.services.objects.store import buckets as bucket_rows
from volano.services.objects.store import objects as object_rows
from volano.services.objects.store import uploads as part_rows

SECRET = b"the words that must not lie on disk " * 3000
PART = 5 * 1024**2


def customer(key: bytes, prefix: str = "") -> dict[str, str]:
    return {
        prefix + "SSECustomerAlgorithm": "AES256",
        prefix + "SSECustomerKey": base64.b64encode(key).decode(),
        prefix + "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(key).digest()).decode(),
    }


OWN = customer(b"k" * 32)
OTHER = customer(b"o" * 32)


@pytest.fixture
async def key(env, owner):
    await kms.seed_key(env, owner.account, "key-1", "for tests")
    return f"arn:aws:kms:{env.region.name}:{owner.account}:key/key-1"


async def row(env, name="k"):
    rows = await env.store.reader.rows("SELECT id FROM s3_bucket LIMIT 1")
    return await object_rows.select_object(env.store.reader, rows[0][0], name)


def on_disk(env) -> bytes:
    zones = env.config.data_dir / "zones"
    return b"".join(path.read_bytes() for path in zones.rglob("*") if path.is_file())


MODES = [
    {"ServerSideEncryption": "AES256"},
    {"ServerSideEncryption": "aws:kms"},
    {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key-1"},
    {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "key-1", "BucketKeyEnabled": True},
    OWN,
]
MODE_NAMES = ["s3", "own kms key", "kms", "bucket key", "client"]


@pytest.mark.parametrize("wanted", MODES, ids=MODE_NAMES)
async def test_bytes_lie_sealed_and_come_back(s3, env, key, wanted):
    reads = OWN if wanted is OWN else {}
    for size in (0, 1, 70_000, 3_000_000):
        data = random.Random(size).randbytes(size)
        put = await s3("PutObject", Bucket="shop", Key="k", Body=data, **wanted)
        assert await s3.body("shop", "k", **reads) == data
        head = await s3("HeadObject", Bucket="shop", Key="k", **reads)
        assert head["ContentLength"] == size
        for name, value in wanted.items():
            if name not in ("SSECustomerKey", "SSEKMSKeyId"):
                assert put[name] == head[name] == value
        if "SSEKMSKeyId" in wanted:
            assert head["SSEKMSKeyId"] == key
        is_md5 = head["ETag"].strip('"') == hashlib.md5(data).hexdigest()
        assert is_md5 == (wanted == MODES[0])
        if size < 2:
            continue
        assert (await row(env)).blob.size_bytes > size
        assert data[:64] not in on_disk(env)
        for first, last in ((0, 0), (size - 1, size - 1), (65_535, 65_536), (1, 69_998)):
            got = await s3.body("shop", "k", Range=f"bytes={first}-{last}", **reads)
            assert got == data[first : last + 1]


async def test_client_key_is_stored_nowhere(s3, env):
    await s3("PutObject", Bucket="shop", Key="k", Body=SECRET, **OWN)
    item = await row(env)
    text = item.description.encryption.wrapped
    assert b"k" * 32 not in base64.b64decode(text)
    assert OWN["SSECustomerKey"] not in text
    assert SECRET[:36] not in on_disk(env)


async def test_wrong_and_missing_client_keys_open_nothing(s3):
    await s3("PutObject", Bucket="shop", Key="k", Body=SECRET, **OWN)
    await s3("PutObject", Bucket="shop", Key="plain", Body=b"x")
    for operation in ("GetObject", "HeadObject"):
        with pytest.raises(InvalidRequest, match="must be provided to retrieve"):
            await s3(operation, Bucket="shop", Key="k")
        with pytest.raises(InvalidRequest, match="did not match the ones used originally"):
            await s3(operation, Bucket="shop", Key="k", **OTHER)
        with pytest.raises(InvalidRequest, match="not applicable"):
            await s3(operation, Bucket="shop", Key="plain", **OWN)
    with pytest.raises(InvalidRequest):
        await s3("GetObjectAttributes", Bucket="shop", Key="k", ObjectAttributes=["ETag"])


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (InvalidArgument, OWN | {"SSECustomerKey": "short"}),
        (InvalidArgument, OWN | {"SSECustomerKeyMD5": OTHER["SSECustomerKeyMD5"]}),
        (InvalidArgument, {name: OWN[name] for name in list(OWN)[:2]}),
        (InvalidArgument, {"SSECustomerAlgorithm": "AES256"}),
        (InvalidArgument, {name: OWN[name] for name in list(OWN)[1:]}),
        (InvalidEncryptionAlgorithm, OWN | {"SSECustomerAlgorithm": "AES192"}),
        (InvalidArgument, OWN | {"ServerSideEncryption": "AES256"}),
        (InvalidArgument, {"ServerSideEncryption": "aes:kms"}),
        (InvalidRequest, {"ServerSideEncryption": "aws:kms:dsse"}),
        (InvalidArgument, {"SSEKMSKeyId": "key-1"}),
        (InvalidArgument, {"ServerSideEncryption": "AES256", "SSEKMSKeyId": "key-1"}),
        (InvalidArgument, {"ServerSideEncryption": "aws:kms", "SSEKMSEncryptionContext": "%"}),
    ],
)
async def test_what_does_not_fit_together_is_refused(s3, error, fields):
    with pytest.raises(error):
        await s3("PutObject", Bucket="shop", Key="k", Body=b"x", **fields)
    assert await s3.keys("shop") == []


async def test_kms_says_why_it_refuses(s3, env, key):
    with pytest.raises(VolanoError) as caught:
        await s3(
            "PutObject",
            Bucket="shop",
            Key="k",
            Body=b"x",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId="nothing",
        )
    assert caught.value.wire_code == "KMS.NotFoundException"
    assert caught.value.wire_status == 400


async def test_stranger_whom_the_bucket_lets_in_needs_the_key_too(s3, env, stranger, key):
    from tests.unit.services.objects.conftest import S3

    await s3(
        "PutObject",
        Bucket="shop",
        Key="k",
        Body=b"x",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=key,
    )
    everyone = {
        "Effect": "Allow",
        "Principal": {"AWS": str(stranger.account)},
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everyone]})
    await s3("PutBucketPolicy", Bucket="shop", Policy=policy)
    guest = S3(env, stranger)
    assert (await guest("HeadObject", Bucket="shop", Key="k"))["ContentLength"] == 1
    with pytest.raises(AccessDenied):
        await guest("GetObject", Bucket="shop", Key="k")
    with pytest.raises(Denied):
        await guest(
            "PutObject",
            Bucket="shop",
            Key="k",
            Body=b"x",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=key,
        )


async def test_encryption_context_is_bound_and_repeated(s3, env, key):
    context = base64.b64encode(b'{"team":"ink"}').decode()
    put = await s3(
        "PutObject",
        Bucket="shop",
        Key="k",
        Body=b"words",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=key,
        SSEKMSEncryptionContext=context,
    )
    assert json.loads(base64.b64decode(put["SSEKMSEncryptionContext"])) == {"team": "ink"}
    kept = (await row(env)).description.encryption.kms_context
    assert kept == {"team": "ink", "aws:s3:arn": "arn:aws:s3:::shop/k"}
    assert await s3.body("shop", "k") == b"words"


async def test_bucket_key_spares_kms_but_not_each_object_its_own_key(s3, env, key):
    wanted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, "BucketKeyEnabled": True}
    kept = []
    for name in ("a", "b"):
        await s3("PutObject", Bucket="shop", Key=name, Body=b"x", **wanted)
        kept.append((await row(env, name)).description.encryption)
    assert kept[0].bucket_key == kept[1].bucket_key
    assert kept[0].wrapped != kept[1].wrapped
    assert kept[0].kms_context == {"aws:s3:arn": "arn:aws:s3:::shop"}


@pytest.mark.parametrize("wanted", MODES, ids=MODE_NAMES)
async def test_each_part_is_a_stream_of_its_own(s3, env, key, wanted):
    reads = OWN if wanted is OWN else {}
    upload = await s3("CreateMultipartUpload", Bucket="shop", Key="k", **wanted)
    parts = [random.Random(n).randbytes(size) for n, size in ((1, PART), (2, PART + 1), (3, 7))]
    listed = []
    for number, data in enumerate(parts, 1):
        done = await s3(
            "UploadPart",
            Bucket="shop",
            Key="k",
            UploadId=upload["UploadId"],
            PartNumber=number,
            Body=data,
            **reads,
        )
        listed.append({"PartNumber": number, "ETag": done["ETag"]})
    await s3(
        "CompleteMultipartUpload",
        Bucket="shop",
        Key="k",
        UploadId=upload["UploadId"],
        MultipartUpload={"Parts": listed},
        **reads,
    )
    whole = b"".join(parts)
    assert await s3.body("shop", "k", **reads) == whole
    for first, end in ((PART - 2, PART + 2), (2 * PART - 5, len(whole)), (0, 1), (9, 70_000)):
        got = await s3.body("shop", "k", Range=f"bytes={first}-{end - 1}", **reads)
        assert got == whole[first:end]
    assert await s3.body("shop", "k", PartNumber=2, **reads) == parts[1]
    stored = await part_rows.select_parts(env.store.reader, upload["UploadId"], after=0, limit=10)
    assert len({part.seal for part in stored}) == 3
    assert all(part.blob.size_bytes > part.size_bytes for part in stored)


async def test_part_without_the_key_of_its_upload_is_refused(s3):
    upload = await s3("CreateMultipartUpload", Bucket="shop", Key="k", **OWN)
    plain = await s3("CreateMultipartUpload", Bucket="shop", Key="p")
    wanted = {"Bucket": "shop", "PartNumber": 1, "Body": b"x"}
    for fields in ({}, OTHER):
        with pytest.raises(InvalidRequest):
            await s3("UploadPart", Key="k", UploadId=upload["UploadId"], **wanted, **fields)
    with pytest.raises(InvalidRequest, match="did not request encryption"):
        await s3("UploadPart", Key="p", UploadId=plain["UploadId"], **wanted, **OWN)


@pytest.mark.parametrize("source", [{}, MODES[0], MODES[2], OTHER], ids=["plain", "s3", "kms", "c"])
async def test_copies_between_all_ways_of_encryption(s3, env, key, source):
    await s3("CreateBucket", Bucket="copies")
    opens = customer(b"o" * 32, "CopySource") if source is OTHER else {}
    for target in ({}, *MODES):
        await s3("PutObject", Bucket="shop", Key="k", Body=SECRET, **source)
        await s3("CopyObject", Bucket="copies", Key="c", CopySource="shop/k", **opens, **target)
        await s3("DeleteObject", Bucket="shop", Key="k")
        own = target is OWN
        assert await s3.body("copies", "c", **(OWN if own else {})) == SECRET
        back = customer(b"k" * 32, "CopySource") if own else {}
        await s3("CopyObject", Bucket="copies", Key="d", CopySource="copies/c", **back)
        await s3("DeleteObject", Bucket="copies", Key="c")
        assert await s3.body("copies", "d") == SECRET


async def test_copy_onto_itself_may_change_the_encryption(s3, env, key):
    await s3("PutObject", Bucket="shop", Key="k", Body=SECRET)
    with pytest.raises(InvalidRequest):
        await s3("CopyObject", Bucket="shop", Key="k", CopySource="shop/k")
    await s3("CopyObject", Bucket="shop", Key="k", CopySource="shop/k", **MODES[0])
    assert (await s3("HeadObject", Bucket="shop", Key="k"))["ServerSideEncryption"] == "AES256"
    assert await s3.body("shop", "k") == SECRET
    await s3("PutObject", Bucket="shop", Key="k", Body=SECRET, **MODES[1])
    await s3("CopyObject", Bucket="shop", Key="k", CopySource="shop/k")
    assert "ServerSideEncryption" not in await s3("HeadObject", Bucket="shop", Key="k")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    await s3(
        "PutBucketEncryption", Bucket="shop", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    for _ in range(2):
        copied = await s3("CopyObject", Bucket="shop", Key="k", CopySource="shop/k")
        assert copied["ServerSideEncryption"] == "AES256"
    assert await s3.body("shop", "k") == SECRET


async def test_bucket_default_encrypts_what_says_nothing(s3, env, key):
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
    }
    configuration = {"Rules": [rule]}
    with pytest.raises(VolanoError, match="was not found"):
        await s3("GetBucketEncryption", Bucket="shop")
    await s3("PutBucketEncryption", Bucket="shop", ServerSideEncryptionConfiguration=configuration)
    found = await s3("GetBucketEncryption", Bucket="shop")
    assert found["ServerSideEncryptionConfiguration"] == configuration
    put = await s3("PutObject", Bucket="shop", Key="k", Body=SECRET)
    assert (put["ServerSideEncryption"], put["BucketKeyEnabled"]) == ("aws:kms", True)
    said = await s3("PutObject", Bucket="shop", Key="l", Body=SECRET, **MODES[0])
    assert said["ServerSideEncryption"] == "AES256"
    upload = await s3("CreateMultipartUpload", Bucket="shop", Key="m")
    assert upload["ServerSideEncryption"] == "aws:kms"
    await s3("DeleteBucketEncryption", Bucket="shop")
    await s3("DeleteBucketEncryption", Bucket="shop")
    assert "ServerSideEncryption" not in await s3("PutObject", Bucket="shop", Key="k", Body=b"x")


async def test_bucket_may_block_client_keys(s3):
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    await s3(
        "PutBucketEncryption", Bucket="shop", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    with pytest.raises(AccessDenied, match="SSE-C"):
        await s3("PutObject", Bucket="shop", Key="k", Body=b"x", **OWN)


async def test_policy_can_demand_encryption(s3):
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::shop/*",
        "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    await s3("PutBucketPolicy", Bucket="shop", Policy=policy)
    with pytest.raises(Denied):
        await s3("PutObject", Bucket="shop", Key="k", Body=b"x")
    await s3("PutObject", Bucket="shop", Key="k", Body=b"x", **MODES[0])


async def test_versions_and_upkeep_keep_sealed_objects_whole(s3, env, key):
    enabled = {"Status": "Enabled"}
    await s3("PutBucketVersioning", Bucket="shop", VersioningConfiguration=enabled)
    first = await s3("PutObject", Bucket="shop", Key="k", Body=SECRET, **MODES[2])
    await s3("PutObject", Bucket="shop", Key="k", Body=b"short", **MODES[0])
    assert await s3.body("shop", "k", VersionId=first["VersionId"]) == SECRET
    report = await repair_copies(env)
    assert (report.checked, report.lost) == (2, [])
    assert await sweep_orphans(env, min_age_s=-1.0) == 0
    await s3("DeleteObject", Bucket="shop", Key="k", VersionId=first["VersionId"])
    freed = await env.store.reader.rows("SELECT size_bytes FROM s3_garbage")
    assert [size for (size,) in freed] == [len(SECRET) + 32]
    assert await free_garbage(env, grace_s=-1.0) == 1
    assert await s3.body("shop", "k") == b"short"


async def test_changed_bytes_are_never_delivered(s3, env):
    """Bytes that pass the store's own checksums, but are not what was sealed."""
    await s3("PutObject", Bucket="shop", Key="k", Body=SECRET, **MODES[0])
    await s3("PutObject", Bucket="shop", Key="l", Body=SECRET, **MODES[0])
    mine, other = await row(env, "k"), await row(env, "l")
    await env.store.transact(lambda tx: object_rows.update_blob(tx, mine, other.blob))
    with pytest.raises(Internal, match="were changed"):
        await s3.body("shop", "k")


async def test_new_wrapping_key_leaves_the_bytes(s3, env, key):
    """UpdateObjectEncryption, and what KMS does when its keys rotate."""
    for name, wanted in (("k", MODES[0]), ("l", MODES[1])):
        await s3("PutObject", Bucket="shop", Key=name, Body=SECRET, **wanted)
        before = await row(env, name)
        under = {"SSEKMS": {"KMSKeyArn": key}}
        await s3("UpdateObjectEncryption", Bucket="shop", Key=name, ObjectEncryption=under)
        after = await row(env, name)
        assert (after.blob, after.modified_us) == (before.blob, before.modified_us)
        assert (await s3("HeadObject", Bucket="shop", Key=name))["SSEKMSKeyId"] == key
        assert await s3.body("shop", name) == SECRET
    await s3("PutObject", Bucket="shop", Key="k", Body=SECRET, **OWN)
    with pytest.raises(InvalidRequest):
        await s3("UpdateObjectEncryption", Bucket="shop", Key="k", ObjectEncryption=under)


async def test_moved_objects_stay_sealed_with_all_their_parts(s3, env, key):
    """Between classes the bytes go as they lie; older versions and shared copies too."""
    enabled = {"Status": "Enabled"}
    await s3("PutBucketVersioning", Bucket="shop", VersioningConfiguration=enabled)
    first = await s3("PutObject", Bucket="shop", Key="k", Body=SECRET, **MODES[2])
    upload = await s3("CreateMultipartUpload", Bucket="shop", Key="k", **MODES[0])
    part = await s3(
        "UploadPart", Bucket="shop", Key="k", UploadId=upload["UploadId"], PartNumber=1, Body=SECRET
    )
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    await s3(
        "CompleteMultipartUpload",
        Bucket="shop",
        Key="k",
        UploadId=upload["UploadId"],
        MultipartUpload={"Parts": parts},
    )
    await s3("CopyObject", Bucket="shop", Key="copy", CopySource="shop/k", **MODES[0])
    current = await row(env)
    bucket = await bucket_rows.select_bucket_by_id(env.store.reader, current.bucket_id)
    older = await get_item(env.store.reader, bucket, "k", first["VersionId"])
    for item, is_current in ((current, True), (older, False)):
        moved = partial(move_object, env, bucket, item, is_current=is_current)
        assert await moved(storage_class="ONEZONE_IA")
        assert not await moved(storage_class="STANDARD")  # the row is another one by now
    await free_garbage(env, grace_s=-1.0)
    assert await s3.body("shop", "k") == SECRET
    assert await s3.body("shop", "k", VersionId=first["VersionId"]) == SECRET
    assert await s3.body("shop", "copy") == SECRET
    head = await s3("HeadObject", Bucket="shop", Key="k", VersionId=first["VersionId"])
    assert (head["StorageClass"], head["SSEKMSKeyId"]) == ("ONEZONE_IA", key)
    report = await repair_copies(env)
    assert (report.moved, report.lost) == (0, [])
