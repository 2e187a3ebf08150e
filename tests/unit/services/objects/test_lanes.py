"""The fast lane answers as the gateway does, and never from yesterday's knowledge."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hashlib
import hmac
import json
import time
import zlib
from email.utils import formatdate
from functools import partial

import pytest
from botocore.credentials import Credentials
from tests.unit.services.objects.conftest import S3, call_as_root
from tests.unit.services.objects.lane_client import LaneClient

from volano.app.build import open_process
from volano.kernel.call import system_call
from volano.kernel.config import Config
from volano.services.identity import interface as identity
from volano.services.identity.logic.audit import list_audit
from volano.services.identity.store.audit import AuditFilter
from volano.services.identity.work import reconcile_uses
from volano.services.objects.api.lane_buckets import SETTING_TABLES
from volano.services.objects.logic.metering import hand_over_counts, waiting_counts
from volano.services.objects.store import objects as object_rows
from volano.wire.action import find_action, run_action
from volano.wire.aws.sigv4 import signing_key

ALL = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
MD5 = hashlib.md5(b"hello").hexdigest()
CRC = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()


@pytest.fixture
def store_kind():
    return "sqlite"


class World:
    """An administrator's account with a bucket, its lane, and a user called `bob`."""

    def __init__(self, env, admin):
        self.env = env
        self.call = call_as_root(env, admin.account)
        self.s3 = S3(env, self.call)
        self.admin = admin
        self.lane = LaneClient(env, admin)
        self.bob: LaneClient = self.lane

    async def iam(self, operation, **request):
        action = find_action(f"iam:{operation}")
        return await run_action(self.env, self.call, action, request)

    async def policy(self, *statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        await self.iam("PutUserPolicy", UserName="bob", PolicyName="p", PolicyDocument=document)

    async def read(self, client=None, key="key", method="GET", **headers):
        """What the lane answers (None: nothing), which must be what the gateway answers."""
        client = client or self.lane
        asked, _ = client.signed(method, f"/shop/{key}", headers=headers)
        got = await client.by_lane(asked)
        expected = await client.by_gateway(asked)
        assert got is None or got == expected
        return got, expected

    async def warm(self, client=None, key="key"):
        """Read until the lane answers: codecs and segments are opened by the gateway's reads."""
        for _ in range(3):
            got, expected = await self.read(client, key)
        assert got is not None, expected
        return got


@pytest.fixture
async def world(env):
    admin = await identity.bootstrap(env)
    made = World(env, admin)
    await made.s3("CreateBucket", Bucket="shop")
    await made.s3("PutObject", Bucket="shop", Key="key", Body=b"hello", ContentType="text/plain")
    await made.iam("CreateUser", UserName="bob")
    key = (await made.iam("CreateAccessKey", UserName="bob"))["AccessKey"]
    made.bob = LaneClient(env, admin)
    made.bob.keys = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    made.bob_key = key["AccessKeyId"]
    await made.policy(ALL)
    return made


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("mode", [{}, {"x-amz-checksum-mode": "ENABLED"}])
@pytest.mark.parametrize("key", ["key", "empty", "described"])
async def test_reads_are_answered_as_by_the_gateway(world, method, mode, key):
    await world.s3("PutObject", Bucket="shop", Key="empty", Body=b"")
    await world.s3(
        "PutObject",
        Bucket="shop",
        Key="described",
        Body=b"x" * 60_000,
        Metadata={"a": "b"},
        CacheControl="no-cache",
        Tagging="a=1&b=2",
        WebsiteRedirectLocation="/there",
    )
    for _ in range(3):
        got, expected = await world.read(key=key, method=method, **mode)
    assert expected.status == 200, expected.body
    assert got == expected
    assert len(got.body) == (0 if method == "HEAD" or key == "empty" else len(expected.body))


@pytest.mark.parametrize(
    "headers",
    [
        {"range": "bytes=5-"},
        {"range": ""},
        {"if-none-match": '"x",' * 80},
        {"if-match": "*"},
        {"if-range": '"x"', "range": "bytes=0-1"},
        {"if-unmodified-since": "Sun, 22 Nov 2099 09:00:00 GMT"},
        {"x-amz-server-side-encryption-customer-algorithm": "AES256"},
        {"x-amz-request-payer": "requester"},
        {"origin": "https://example.com"},
        {"x-amz-checksum-mode": "DISABLED"},
        {"x-amz-content-sha256": "0" * 64},
        {"x-amz-expected-bucket-owner": "000000000000"},
    ],
)
async def test_what_the_lane_does_not_know_goes_the_ordinary_way(world, headers):
    await world.warm()
    got, _ = await world.read(**headers)
    assert got is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"range": "bytes=1-2"}, 206),
        ({"range": "bytes=3-99"}, 206),
        ({"range": "bytes=-2", "x-amz-checksum-mode": "ENABLED"}, 206),
        ({"range": "bytes=0-4", "x-amz-checksum-mode": "ENABLED"}, 206),
        ({"range": "bytes=0-1,3-4"}, 200),
        ({"range": "lines=1-2"}, 200),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": f'"other", "{MD5}"'}, 304),
        ({"if-none-match": f'W/"{MD5}"', "range": "bytes=1-2"}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-none-match": '"other"', "range": "bytes=1-2"}, 206),
        ({"if-modified-since": "Sun, 22 Nov 2099 09:00:00 GMT"}, 200),  # not yet: ignored
        ({"if-modified-since": "Sun, 22 Nov 2020 09:00:00 GMT"}, 200),
        ({"if-modified-since": "Sun, 22 Nov 2099 09:00:00 GMT", "if-none-match": '"x"'}, 200),
    ],
)
async def test_ranges_and_conditions_are_answered_as_by_the_gateway(world, method, headers, status):
    await world.warm()
    await world.read(method=method)
    for _ in range(3):
        before = waiting_counts(world.env)
        got, expected = await world.read(method=method, **headers)
        assert expected.status == status
        assert got == expected
        added = {k: n - before.get(k, 0) for k, n in waiting_counts(world.env).items()}
        assert all(n % 2 == 0 for n in added.values()), "the lane counts what the gateway counts"
    await world.s3("PutObject", Bucket="shop", Key="key", Body=b"other", ContentType="text/plain")
    got, expected = await world.read(method=method, **headers)
    assert got is None or got == expected
    assert (await world.warm()).body == b"other"


async def test_reader_whose_copy_is_as_new_is_told_so(world):
    await world.warm()
    since = formatdate(world.env.clock.now_us() // 10**6, usegmt=True)
    for _ in range(3):
        got, expected = await world.read(**{"if-modified-since": since})
        assert expected.status == 304
        assert got == expected


@pytest.mark.parametrize(
    "path",
    ["/shop/nothing", "/shop", "/shop/key?versionId=null", "/shop/k%65y", "/nobucket/key", "/"],
)
async def test_other_paths_go_the_ordinary_way(world, path):
    await world.warm()
    asked, _ = world.lane.signed("GET", path)
    assert await world.lane.by_lane(asked) is None


async def test_signatures_are_verified(world):
    await world.warm()
    asked, _ = world.lane.signed("GET", "/shop/key")
    assert await world.lane.by_lane(asked) is not None
    authorization = asked.headers[b"authorization"]
    changed = {
        "signature": authorization[:-1] + (b"0" if authorization[-1:] != b"0" else b"1"),
        "key": authorization.replace(b"Credential=A", b"Credential=B"),
        "region": authorization.replace(b"eu-home-1", b"eu-away-1"),
        "none": b"",
    }
    for value in changed.values():
        forged = asked._replace(headers=asked.headers | {b"authorization": value})
        assert await world.lane.by_lane(forged) is None
        assert (await world.lane.by_gateway(forged)).status in (400, 403)
    for forged in (
        asked._replace(path=b"/shop/other"),
        asked._replace(method=b"HEAD"),
        asked._replace(headers=asked.headers | {b"x-amz-checksum-mode": b"ENABLED"}),
        asked._replace(headers=asked.headers | {b"host": b"elsewhere:9000"}),
    ):
        assert await world.lane.by_lane(forged) is None
        assert (await world.lane.by_gateway(forged)).status == 403


async def test_old_and_future_signatures_are_refused(world, monkeypatch):
    await world.warm()
    for shift_s in (-16 * 60, 16 * 60, -24 * 3600):
        now = time.time() + shift_s
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        with monkeypatch.context() as patched:
            patched.setattr("botocore.auth.get_current_datetime", partial(_Moment, stamp))
            asked, _ = world.lane.signed("GET", "/shop/key")
        assert asked.headers[b"x-amz-date"].decode() == stamp
        assert await world.lane.by_lane(asked) is None
        assert (await world.lane.by_gateway(asked)).status == 403


class _Moment:
    def __init__(self, stamp):
        self._stamp = stamp

    def strftime(self, _format):
        return self._stamp


async def test_an_overwritten_or_deleted_object_is_seen_at_once(world):
    await world.warm()
    await world.s3("PutObject", Bucket="shop", Key="key", Body=b"other")
    got = await world.warm()
    assert got.body == b"other"
    await world.s3("PutObjectTagging", Bucket="shop", Key="key", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})  # fmt: skip
    assert (await world.warm()).header("x-amz-tagging-count") == "1"
    await world.s3("DeleteObject", Bucket="shop", Key="key")
    got, expected = await world.read()
    assert got is None
    assert expected.status == 404


async def test_a_deleted_bucket_is_seen_at_once(world):
    await world.warm()
    await world.s3("DeleteObject", Bucket="shop", Key="key")
    await world.s3("DeleteBucket", Bucket="shop")
    got, expected = await world.read()
    assert got is None
    assert expected.status == 404
    asked, body = world.lane.signed("PUT", "/shop/key", b"hello")
    assert await world.lane.by_lane(asked, body) is None


@pytest.mark.parametrize(
    "revoke", ["key", "delete key", "policy", "deny", "boundary", "condition", "other bucket"]
)
async def test_revoking_is_seen_by_the_very_next_request(world, revoke):
    await world.warm(world.bob)
    named = {"UserName": "bob", "AccessKeyId": world.bob_key}
    if revoke == "key":
        await world.iam("UpdateAccessKey", **named, Status="Inactive")
    elif revoke == "delete key":
        await world.iam("DeleteAccessKey", **named)
    elif revoke == "policy":
        await world.iam("DeleteUserPolicy", UserName="bob", PolicyName="p")
    elif revoke == "deny":
        await world.policy(ALL, {**ALL, "Effect": "Deny", "Resource": "arn:aws:s3:::shop/k*"})
    elif revoke == "boundary":
        arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
        await world.iam("PutUserPermissionsBoundary", UserName="bob", PermissionsBoundary=arn)
    elif revoke == "condition":
        await world.policy({**ALL, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}})
    else:
        await world.policy({**ALL, "Resource": "arn:aws:s3:::shop2/*"})
    got, expected = await world.read(world.bob)
    assert got is None
    assert expected.status == 403


@pytest.mark.parametrize(
    "resource", ["*", "arn:aws:s3:::*", "arn:aws:s3:::shop/*", "arn:aws:s3:::sh*"]
)
async def test_whole_buckets_are_decided_once(world, resource):
    await world.policy({**ALL, "Resource": resource})
    assert (await world.warm(world.bob)).status == 200


@pytest.mark.parametrize("resource", ["arn:aws:s3:::shop/key", "arn:aws:s3:::*/key", "arn:aws:s3:::shop/k*"])  # fmt: skip
async def test_parts_of_buckets_are_decided_the_ordinary_way(world, resource):
    await world.policy({**ALL, "Resource": resource})
    got, expected = await world.read(world.bob)
    assert got is None
    assert expected.status == 200


@pytest.mark.parametrize("setting", ["policy", "versions", "encryption", "lists"])
async def test_buckets_with_settings_are_left_to_the_gateway(world, setting):
    await world.warm()
    if setting == "policy":
        deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/*"}  # fmt: skip
        document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
        await world.s3("PutBucketPolicy", Bucket="shop", Policy=document)
    elif setting == "versions":
        await world.s3("PutBucketVersioning", Bucket="shop", VersioningConfiguration={"Status": "Enabled"})  # fmt: skip
    elif setting == "encryption":
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        await world.s3("PutBucketEncryption", Bucket="shop", ServerSideEncryptionConfiguration={"Rules": [rule]})  # fmt: skip
    else:
        await world.s3("PutBucketOwnershipControls", Bucket="shop", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})  # fmt: skip
    got, expected = await world.read()
    assert got is None
    assert expected.status == (403 if setting == "policy" else 200)
    asked, body = world.lane.signed("PUT", "/shop/key", b"hello")
    assert await world.lane.by_lane(asked, body) is None


async def test_other_accounts_are_decided_the_ordinary_way(world):
    await world.warm()
    root = call_as_root(world.env, "222222222222")
    await S3(world.env, root)("CreateBucket", Bucket="theirs")
    await S3(world.env, root)("PutObject", Bucket="theirs", Key="key", Body=b"x")
    asked, _ = world.lane.signed("GET", "/theirs/key")
    assert await world.lane.by_lane(asked) is None
    assert (await world.lane.by_gateway(asked)).status == 403


WRITES = [
    {},
    {"content-type": "image/png", "cache-control": "max-age=1", "content-language": "it"},
    {"x-amz-meta-a": "b", "x-amz-meta-empty": ""},
    {"x-amz-checksum-crc32": CRC, "x-amz-sdk-checksum-algorithm": "CRC32"},
    {"x-amz-checksum-crc32": CRC},
    {"content-md5": "XUFAKrxLKna5cZ2REBfFkg=="},
    {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"},
]


@pytest.mark.parametrize("headers", WRITES)
async def test_writes_store_and_answer_as_the_gateway(world, headers):
    stored = []
    for key, way in (("one", world.lane.by_lane), ("two", world.lane.by_gateway)):
        asked, body = world.lane.signed("PUT", f"/shop/{key}", b"hello", headers)
        got = await way(asked, body)
        assert got is not None, key
        reader = world.env.store.reader
        bucket = await reader.row("SELECT id FROM s3_bucket WHERE name = 'shop'")
        item = await object_rows.select_object(reader, bucket[0], key)
        assert await world.env.bytes.read_all(item.blob) == b"hello"
        assert item.rank == -item.modified_us
        assert len(item.blob.zones) == 2
        plain = dataclasses.replace(item, key="", blob=None, rank=0, modified_us=0)
        stored.append((got, plain))
    assert stored[0] == stored[1]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-amz-checksum-crc32": CRC}, b"other"),
        ({"content-md5": "XUFAKrxLKna5cZ2REBfFkg=="}, b"other"),
        ({"x-amz-content-sha256": "0" * 64}, b"hello"),
        ({"x-amz-sdk-checksum-algorithm": "CRC32"}, b"hello"),
        ({"x-amz-checksum-crc32": "x"}, b"hello"),
        ({"if-none-match": "*"}, b"hello"),
        ({"x-amz-storage-class": "STANDARD_IA"}, b"hello"),
        ({"x-amz-acl": "public-read"}, b"hello"),
        ({"x-amz-tagging": "a=b"}, b"hello"),
        ({"x-amz-server-side-encryption": "AES256"}, b"hello"),
        ({"x-amz-meta-big": "x" * 3000}, b"hello"),
        ({}, b""),
        ({}, b"x" * 70_000),
    ],
)
async def test_other_writes_go_the_ordinary_way_and_change_nothing(world, headers, body):
    asked, _ = world.lane.signed("PUT", "/shop/fresh", body, headers)
    assert await world.lane.by_lane(asked, body) is None
    assert await world.s3.keys("shop") == ["key"]


STREAMS = {
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER": False,
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": True,
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": True,
}


def streamed(world, declared, path, body, trailer=CRC, size=8192):
    """A put whose body comes in frames, as SDKs send it."""
    trailing = declared.endswith("TRAILER")
    headers = {
        "x-amz-content-sha256": declared,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(body)),
    }
    if trailing:
        headers |= {
            "x-amz-trailer": "x-amz-checksum-crc32",
            "x-amz-sdk-checksum-algorithm": "CRC32",
        }
    pieces = [body[at : at + size] for at in range(0, len(body), size)] + [b""]

    def framed(seed):
        signer = Chain(world, seed) if STREAMS[declared] else None
        frames = b""
        for piece in pieces:
            name = b";chunk-signature=" + signer.chunk(piece) if signer else b""
            frames += b"%x%b\r\n%b%b" % (len(piece), name, piece, b"\r\n" if piece else b"")
        line = f"x-amz-checksum-crc32:{trailer}"
        if trailing:
            frames += line.encode() + b"\r\n"
            if signer:
                frames += b"x-amz-trailer-signature:" + signer.trailer(line) + b"\r\n"
        return frames + b"\r\n"

    size_bytes = len(framed("0" * 64))
    asked, _ = world.lane.signed("PUT", path, b"x" * size_bytes, headers)
    return asked, framed(asked.headers[b"authorization"].decode()[-64:])


class Chain:
    """Signatures of frames (Amazon S3 API reference, "Signature calculations: chunked upload")."""

    def __init__(self, world, seed):
        keys = world.lane.keys
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        region = world.env.region.name
        self.key = signing_key(keys.secret_key, now[:8], region, "s3")
        self.head = f"{now}\n{now[:8]}/{region}/s3/aws4_request\n"
        self.previous = seed

    def chunk(self, piece):
        empty = hashlib.sha256().hexdigest()
        return self._sign("PAYLOAD", f"{empty}\n{hashlib.sha256(piece).hexdigest()}")

    def trailer(self, line):
        return self._sign("TRAILER", hashlib.sha256(f"{line}\n".encode()).hexdigest())

    def _sign(self, kind, what):
        text = f"AWS4-HMAC-SHA256-{kind}\n{self.head}{self.previous}\n{what}"
        self.previous = hmac.new(self.key, text.encode(), "sha256").hexdigest()
        return self.previous.encode()


@pytest.mark.parametrize("declared", STREAMS)
async def test_streamed_writes_store_and_answer_as_the_gateway(world, declared):
    body = bytes(range(256)) * 100
    crc = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    answers = []
    for key, way in (("one", world.lane.by_lane), ("two", world.lane.by_gateway)):
        asked, frames = streamed(world, declared, f"/shop/{key}", body, crc)
        answers.append(await way(asked, frames))
        assert await world.s3.body("shop", key) == body
    assert answers[0] == answers[1]
    one, two = [await world.s3("HeadObject", Bucket="shop", Key=key) for key in ("one", "two")]
    assert {**one, "LastModified": 0} == {**two, "LastModified": 0}
    assert "ContentEncoding" not in one


@pytest.mark.parametrize("declared", STREAMS)
@pytest.mark.parametrize("harm", ["frame", "trailer", "short", "more", "length"])
async def test_broken_streams_go_the_ordinary_way_and_change_nothing(world, declared, harm):
    body = b"hello" * 4000
    crc = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    if harm == "trailer" and not declared.endswith("TRAILER"):
        return
    value = CRC if harm == "trailer" else crc
    asked, frames = streamed(world, declared, "/shop/fresh", body, value)
    if harm == "frame":
        frames = frames.replace(b"hello", b"hallo", 1)
    elif harm == "short":
        frames = frames[:-200]
    elif harm == "more":
        frames += b"more"
    elif harm == "length":
        asked.headers[b"x-amz-decoded-content-length"] = b"19999"
    assert await world.lane.by_lane(asked, frames) is None
    assert (await world.lane.by_gateway(asked, frames)).status in (400, 403)
    assert await world.s3.keys("shop") == ["key"]


async def test_many_writes_at_once_are_all_there_and_the_last_one_wins(world):
    events = world.env.store
    before = len(await events.read_outbox("", 1000))

    async def put(number):
        asked, body = world.lane.signed("PUT", f"/shop/many/{number % 150}.txt", b"%d" % number)
        assert (await world.lane.by_lane(asked, body)).status == 200

    await asyncio.gather(*(put(number) for number in range(300)))
    keys = await world.s3.keys("shop", Prefix="many/")
    assert len(keys) == 150
    for number in range(0, 150, 7):
        assert await world.s3.body("shop", f"many/{number}.txt") == b"%d" % (number + 150)
    assert len(await events.read_outbox("", 1000)) - before == 300
    garbage = await world.env.store.reader.row("SELECT count(*) FROM s3_garbage")
    assert garbage[0] == 150


async def test_puts_leave_what_is_known_of_buckets_alone(world):
    await world.warm()
    settings = world.env.store.watch(SETTING_TABLES)
    for key in ("one", "one", "two"):
        asked, body = world.lane.signed("PUT", f"/shop/{key}", b"hello")
        assert (await world.lane.by_lane(asked, body)).status == 200
    assert settings.changes == 0
    await world.s3(
        "PutBucketVersioning", Bucket="shop", VersioningConfiguration={"Status": "Enabled"}
    )
    assert settings.changes


async def test_an_event_that_nobody_wants_is_not_written(world):
    before = len(await world.env.store.read_outbox("", 1000))
    for key in ("table.parquet", "table.parquet", "text.md"):
        asked, body = world.lane.signed("PUT", f"/shop/{key}", b"hello")
        assert (await world.lane.by_lane(asked, body)).status == 200
    written = (await world.env.store.read_outbox("", 1000))[before:]
    assert [json.loads(payload)["key"] for _, _, payload in written] == ["text.md"]


async def test_a_failed_group_is_left_to_the_ordinary_way(world):
    asked, body = world.lane.signed("PUT", "/shop/fresh", b"hello")
    for zone in world.env.region.zones[1:]:
        world.env.bytes.fail_zone(zone)
    assert await world.lane.by_lane(asked, body) is None  # two copies or none
    assert (await world.lane.by_gateway(asked, body)).status == 200  # one copy is better


async def test_every_call_is_audited_and_metered(world):
    await world.warm()
    await world.env.journal.flush()
    hand_over_counts(world.env)
    for number in range(30):
        asked, _ = world.lane.signed("GET", "/shop/key")
        assert await world.lane.by_lane(asked) is not None
        asked, body = world.lane.signed("PUT", f"/shop/{number}", b"hello")
        assert await world.lane.by_lane(asked, body) is not None
    call = system_call(world.env, world.call.account)
    for action, resource in (("s3:GetObject", "key"), ("s3:PutObject", "29")):
        wanted = AuditFilter(action=action, resource=f"arn:aws:s3:::shop/{resource}")
        found, _ = await list_audit(world.env, call, wanted, limit=100)
        assert len(found) >= (30 if resource == "key" else 1)
        assert found[0].principal_id == found[-1].principal_id
        assert found[0].source_ip == "127.0.0.1"
        assert found[0].user_agent == ""
        assert found[0].status == 200
    counted = waiting_counts(world.env)
    bucket = (world.call.account, "shop")
    assert counted[*bucket, "s3.requests.read"] == 30
    assert counted[*bucket, "s3.requests.write"] == 30
    assert counted[*bucket, "s3.bytes.out"] == 150


async def test_the_last_use_of_a_key_is_known(world):
    await world.warm(world.bob)
    await reconcile_uses(world.env)
    used = await world.iam("GetAccessKeyLastUsed", AccessKeyId=world.bob_key)
    assert used["AccessKeyLastUsed"]["ServiceName"] == "s3"


async def test_where_others_may_write_the_database_nothing_is_remembered(postgres, tmp_path):
    url = await postgres.create_database_async()
    config = Config(data_dir=tmp_path / "other", store=url, runtime="process", log_level="warning")
    async with open_process(config) as process:
        admin = await identity.bootstrap(process.env)
        await S3(process.env, call_as_root(process.env, admin.account))(
            "CreateBucket", Bucket="shop"
        )
        client = LaneClient(process.env, admin)
        asked, body = client.signed("PUT", "/shop/key", b"hello")
        assert await client.by_lane(asked, body) is None
        assert (await client.by_gateway(asked, body)).status == 200
        asked, _ = client.signed("GET", "/shop/key")
        for _ in range(3):
            assert await client.by_lane(asked) is None
            assert (await client.by_gateway(asked)).body == b"hello"
