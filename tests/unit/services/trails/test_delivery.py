"""Log files and digests by the clock, and what a process that dies between two steps leaves behind."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import hashlib
import json
import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from tests.unit.services.kms.test_deletion import ACCOUNT, clock_and_env
from tests.unit.services.objects.conftest import S3, call_as_root

from volano.app.build import open_process
from volano.kernel.clock import ManualClock
from volano.kernel.config import Config
from volano.kernel.journal import AuditRecord
from volano.services.trails.logic import delivery, digests, trails
from volano.services.trails.logic.signing import list_keys
from volano.services.trails.model import Trail
from volano.services.trails.store import files as rows
from volano.services.trails.work import deliver_trails

__all__ = ["clock_and_env"]

HOUR_S = 3600


class Died(BaseException):
    """Stands for a kill: nothing below catches it."""


class Stage:
    def __init__(self, clock, env):
        self.clock, self.env = clock, env
        self.call = call_as_root(env, ACCOUNT)
        self.s3 = S3(env, self.call)
        self.count = 0

    async def start(self, *, validation=True, name="trail"):
        if name == "trail":
            await self.s3("CreateBucket", Bucket="logs")
        trail = Trail(
            account=ACCOUNT,
            region=self.env.region.name,
            name=name,
            bucket="logs",
            created_us=self.clock.now_us(),
            validation=validation,
        )
        await trails.create_trail(self.env, self.call, trail)
        await trails.set_logging(self.env, self.call, name, logging=True)

    async def trail(self):
        return await trails.get_trail(self.env, self.env.store.reader, self.call, "trail")

    async def act(self, times=1):
        for _ in range(times):
            self.count += 1
            self.env.journal.audit(
                AuditRecord(
                    id=f"event-{self.count}",
                    time_us=self.clock.now_us(),
                    account=ACCOUNT,
                    principal_id=ACCOUNT,
                    principal_arn=f"arn:aws:iam::{ACCOUNT}:root",
                    door="aws",
                    action="iam:CreateUser",
                    resource=f"arn:aws:iam::{ACCOUNT}:user/u{self.count}",
                    source_ip="192.0.2.1",
                    user_agent="test",
                    request_id=f"event-{self.count}",
                    status=200,
                    read_only=False,
                )
            )
        await self.env.journal.flush()

    async def pass_hours(self, hours):
        for _ in range(hours * 2):
            self.clock.advance(HOUR_S / 2)
            await deliver_trails(self.env)

    async def documents(self, kind):
        keys = [key for key in await self.s3.keys("logs") if f"/{kind}/" in key]
        return [json.loads(gzip.decompress(await self.s3.body("logs", key))) for key in keys]

    async def ids(self):
        return sorted(
            record["eventID"]
            for file in await self.documents("CloudTrail")
            for record in file["Records"]
            if record["eventID"].startswith("event-")
        )


@pytest.fixture
def stage(clock_and_env):
    return Stage(*clock_and_env)


async def test_each_hour_has_a_digest_that_anyone_can_check(stage):
    await stage.start()
    for hour in range(3):
        await stage.act(hour)
        await stage.pass_hours(1)
    found = await stage.documents("CloudTrail-Digest")
    assert len(found) == 3
    keys = await list_keys(stage.env, from_us=0, until_us=stage.clock.now_us())
    public = load_der_public_key(_to_spki(keys[0].public))
    assert isinstance(public, rsa.RSAPublicKey)
    for before, digest in zip([None, *found[:-1]], found, strict=True):
        head = await stage.s3("HeadObject", Bucket="logs", Key=digest["digestS3Object"])
        text = gzip.decompress(await stage.s3.body("logs", digest["digestS3Object"]))
        previous = digest["previousDigestSignature"] or "null"
        signed = "\n".join(
            (
                digest["digestEndTime"],
                f"logs/{digest['digestS3Object']}",
                hashlib.sha256(text).hexdigest(),
                previous,
            )
        )
        public.verify(
            bytes.fromhex(head["Metadata"]["signature"]),
            signed.encode(),
            padding.PKCS1v15(),
            SHA256(),
        )
        assert digest["digestPublicKeyFingerprint"] == keys[0].fingerprint
        assert digest["previousDigestS3Object"] == (before and before["digestS3Object"])
        assert before is None or digest["digestStartTime"] == before["digestEndTime"]
        for file in digest["logFiles"]:
            text = gzip.decompress(await stage.s3.body("logs", file["s3Object"]))
            assert hashlib.sha256(text).hexdigest() == file["hashValue"]
    named = [file["s3Object"] for digest in found for file in digest["logFiles"]]
    assert len(named) == len(await stage.documents("CloudTrail"))
    assert len(await stage.ids()) == 3


def _to_spki(pkcs1: bytes) -> bytes:
    """The same key as SubjectPublicKeyInfo (RFC 8017 inside RFC 5280)."""

    def der(tag, content):
        size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
        length = size if len(content) < 128 else bytes([0x80 | len(size)]) + size
        return bytes([tag]) + length + content

    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return der(0x30, algorithm + der(0x03, b"\0" + pkcs1))


@pytest.mark.parametrize("step", ["before the bucket", "after the bucket"])
async def test_a_death_while_delivering_loses_and_doubles_nothing(stage, step, monkeypatch):
    await stage.start()
    await stage.act(5)
    stage.clock.advance(120)
    put, calls = delivery.put, []

    async def die(env, trail, key, data, metadata):
        calls.append((key, data))
        if step == "after the bucket":
            await put(env, trail, key, data, metadata)
        raise Died

    monkeypatch.setattr(delivery, "put", die)
    for _ in range(2):
        with pytest.raises(Died):
            await deliver_trails(stage.env)
    monkeypatch.setattr(delivery, "put", put)
    assert calls[0] == calls[1], "the same bytes under the same name"
    await stage.act(2)
    stage.clock.advance(120)
    await deliver_trails(stage.env)
    assert await stage.ids() == sorted(f"event-{n}" for n in range(1, 8))
    assert await stage.env.store.reader.rows("SELECT id FROM trails_pending") == []


async def test_a_death_while_signing_leaves_one_digest(stage, monkeypatch):
    await stage.start()
    await stage.act(1)
    await stage.pass_hours(1)
    put, made = digests.put, []

    async def die(env, trail, key, data, metadata):
        made.append((key, data, metadata))
        raise Died

    monkeypatch.setattr(digests, "put", die)
    stage.clock.advance(HOUR_S)
    for _ in range(2):
        with pytest.raises(Died):
            await deliver_trails(stage.env)
    monkeypatch.setattr(digests, "put", put)
    assert made[0] == made[1]
    await deliver_trails(stage.env)
    found = await stage.documents("CloudTrail-Digest")
    assert [digest["previousDigestS3Object"] for digest in found] == [
        None,
        found[0]["digestS3Object"],
    ]


async def test_a_bucket_that_is_away_is_tried_again_and_said(stage):
    await stage.start()
    await stage.act(3)
    await stage.s3("DeleteBucket", Bucket="logs")
    stage.clock.advance(120)
    await deliver_trails(stage.env)
    assert (await stage.trail()).delivery_error == "S3BucketDoesNotExistException"
    await S3(stage.env, call_as_root(stage.env, "222222222222"))("CreateBucket", Bucket="logs")
    stage.clock.advance(120)
    await deliver_trails(stage.env)
    assert (await stage.trail()).delivery_error == "InsufficientS3BucketPolicyException"
    await S3(stage.env, call_as_root(stage.env, "222222222222"))("DeleteBucket", Bucket="logs")
    await stage.s3("CreateBucket", Bucket="logs")
    stage.clock.advance(120)
    await deliver_trails(stage.env)
    assert len(await stage.ids()) == 3
    assert (await stage.trail()).delivery_error == ""


async def test_a_chain_begins_anew_after_a_long_silence_and_goes_on_after_a_short_one(stage):
    await stage.start()
    await stage.pass_hours(1)
    for pause_h in (0, 5):
        await trails.set_logging(stage.env, stage.call, "trail", logging=False)
        await deliver_trails(stage.env)
        stage.clock.advance(pause_h * HOUR_S + 60)
        await trails.set_logging(stage.env, stage.call, "trail", logging=True)
        await stage.pass_hours(1)
    found = await stage.documents("CloudTrail-Digest")
    linked = [digest["previousDigestS3Object"] is not None for digest in found]
    assert linked == [False, True, True, True, False]


async def test_records_of_other_accounts_and_of_silence_are_not_delivered(stage):
    await stage.start(validation=False)
    await stage.act(1)
    await trails.set_logging(stage.env, stage.call, "trail", logging=False)
    await stage.act(1)
    stage.clock.advance(120)
    await deliver_trails(stage.env)
    assert await stage.ids() == ["event-1"]
    assert await stage.documents("CloudTrail-Digest") == []
    trail = await stage.trail()
    assert await rows.select_files(stage.env.store.reader, trail, delivered=True, limit=10) == []


async def test_young_records_wait_for_company(stage):
    await stage.start()
    await stage.act(1)
    await deliver_trails(stage.env)
    assert await stage.ids() == []
    stage.clock.advance(61)
    await deliver_trails(stage.env)
    assert await stage.ids() == ["event-1"]


async def test_two_processes_deliver_every_record_once(tmp_path, postgres):
    """Both cut, put and sign at the same time; the lease and the rows keep them apart."""
    url = await postgres.create_database_async()
    clock = ManualClock()
    config = Config(data_dir=tmp_path / "a", store=url, runtime="process", log_level="warning")
    async with open_process(config, clock=clock) as first:
        (tmp_path / "b").mkdir()
        shutil.copy(tmp_path / "a" / "root.key", tmp_path / "b" / "root.key")
        shutil.copytree(tmp_path / "a" / "zones", tmp_path / "b" / "zones", dirs_exist_ok=True)
        beside = dataclasses.replace(config, data_dir=tmp_path / "b")
        async with open_process(beside, clock=clock) as second:
            one, other = Stage(clock, first.env), Stage(clock, second.env)
            # One byte store for both, as an S3 store would be.
            other.env = dataclasses.replace(second.env, bytes=first.env.bytes)
            await one.start()
            for round_ in range(6):
                other.count = one.count = round_ * 10
                await one.act(5)
                other.count = one.count
                await other.act(5)
                clock.advance(HOUR_S / 2)
                await asyncio.gather(
                    deliver_trails(one.env), deliver_trails(other.env), deliver_trails(other.env)
                )
            clock.advance(120)
            await deliver_trails(other.env)
            assert await one.ids() == sorted(f"event-{n}" for n in range(1, 61))
            found = await one.documents("CloudTrail-Digest")
            assert len(found) == 3
            assert [bool(digest["previousDigestS3Object"]) for digest in found] == [
                False,
                True,
                True,
            ]
