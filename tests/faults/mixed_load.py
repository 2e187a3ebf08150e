"""A mixed load through stock clients that notes what was acknowledged, and checks it afterwards.

What a thing holds follows from its name, so that a half one is known also when nobody was told
that it exists.
"""

import hashlib
import threading
import urllib.request
from dataclasses import dataclass, field

import slack_sdk.errors
from botocore.exceptions import BotoCoreError, ClientError

BUCKET = "faults"
CHANNEL = "faults"
KINDS = 5
GONE = (BotoCoreError, OSError, ConnectionError, slack_sdk.errors.SlackClientError)
"""What a client sees when its server is killed under it."""


def content(key: str) -> bytes:
    """1 byte to 200 KiB that only this key has."""
    seed = hashlib.sha256(key.encode()).digest()
    return seed * (1 + int.from_bytes(seed[:2], "big") % 6400)


@dataclass
class Load:
    """Writers that go on until the server is gone; `acknowledged` is (kind, name)."""

    cloud: object
    acknowledged: set = field(default_factory=set)
    tried: dict = field(default_factory=dict)
    refused: list = field(default_factory=list)
    round: int = 0

    def prepare(self) -> None:
        self.cloud.client("s3").create_bucket(Bucket=BUCKET)
        self.channel = self.cloud.slack().conversations_create(name=CHANNEL)["channel"]["id"]

    def start(self, number: int) -> list:
        self.round, self.stop = number, threading.Event()
        self.written, self.everyone = threading.Event(), threading.Event()
        writers = (
            self.put,
            self.put,
            self.multipart,
            self.user,
            self.post,
            self.key_pair,
            self.key,
        )
        threads = [
            threading.Thread(target=self.write, args=(index, one))
            for index, one in enumerate(writers)
        ]
        for thread in threads:
            thread.start()
        return threads

    def write(self, index: int, one) -> None:
        count = 0
        prepared = one()
        while not self.stop.is_set():
            name = f"r{self.round}w{index}n{count}"
            count += 1
            self.tried[one.__name__] = self.tried.get(one.__name__, 0) + 1
            try:
                kind, made = prepared(name)
            except GONE:
                return
            except (ClientError, slack_sdk.errors.SlackApiError) as error:
                self.refused.append((one.__name__, name, str(error)))
                return
            self.acknowledged.add((kind, made))
            self.written.set()
            if len({kind for kind, _ in set(self.acknowledged)}) == KINDS:
                self.everyone.set()

    def put(self):
        s3 = self.cloud.client("s3")

        def one(name):
            s3.put_object(Bucket=BUCKET, Key=name, Body=content(name))
            return "object", name

        return one

    def multipart(self):
        s3 = self.cloud.client("s3")

        def one(name):
            upload = s3.create_multipart_upload(Bucket=BUCKET, Key=name)["UploadId"]
            part = s3.upload_part(
                Bucket=BUCKET, Key=name, UploadId=upload, PartNumber=1, Body=content(name)
            )
            s3.complete_multipart_upload(
                Bucket=BUCKET,
                Key=name,
                UploadId=upload,
                MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
            )
            return "object", name

        return one

    def user(self):
        iam = self.cloud.client("iam")

        def one(name):
            iam.create_user(UserName=name, Tags=[{"Key": "name", "Value": name}])
            return "user", name

        return one

    def post(self):
        slack = self.cloud.slack(retry_handlers=[])

        def one(name):
            return "message", (slack.chat_postMessage(channel=self.channel, text=name)["ts"], name)

        return one

    def key_pair(self):
        ec2 = self.cloud.client("ec2")

        def one(name):
            return "key-pair", ec2.create_key_pair(KeyName=name)["KeyPairId"]

        return one

    def key(self):
        kms = self.cloud.client("kms")

        def one(name):
            key = kms.create_key(Description=name)["KeyMetadata"]["KeyId"]
            return "ciphertext", (
                kms.encrypt(KeyId=key, Plaintext=name.encode())["CiphertextBlob"],
                name.encode(),
            )

        return one

    def check(self) -> None:
        """Everything acknowledged is there, whole and once; nothing half is there."""
        assert not self.refused, self.refused
        names = {
            kind: {name for each, name in self.acknowledged if each == kind}
            for kind, _ in self.acknowledged
        }
        self._check_objects(names.get("object", set()))
        self._check_messages(names.get("message", set()))
        iam, ec2, kms = (self.cloud.client(name) for name in ("iam", "ec2", "kms"))
        users = {
            user["UserName"]
            for page in iam.get_paginator("list_users").paginate()
            for user in page["Users"]
        }
        assert names.get("user", set()) <= users
        for name in users:
            if name.startswith("r"):
                assert iam.get_user(UserName=name)["User"]["Tags"] == [
                    {"Key": "name", "Value": name}
                ]
        pairs = {pair["KeyPairId"] for pair in ec2.describe_key_pairs()["KeyPairs"]}
        assert names.get("key-pair", set()) <= pairs
        for sealed, plain in names.get("ciphertext", set()):
            self.tried["decrypt"] = self.tried.get("decrypt", 0) + 1
            assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == plain

    def _check_objects(self, acknowledged: set) -> None:
        s3 = self.cloud.client("s3")
        listed = {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            listed |= {item["Key"]: item["Size"] for item in page.get("Contents", [])}
        assert acknowledged <= set(listed), sorted(acknowledged - set(listed))
        for key in listed:
            assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == content(key), key

    def _check_messages(self, acknowledged: set) -> None:
        slack, found, cursor = self.cloud.slack(), [], None
        while cursor != "":
            page = slack.conversations_history(channel=self.channel, limit=200, cursor=cursor)
            found += [
                (message["ts"], message["text"])
                for message in page["messages"]
                if not message.get("subtype")
            ]
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        assert acknowledged <= set(found), sorted(acknowledged - set(found))
        texts = [text for _, text in found]
        assert len(texts) == len(set(texts)), "a message was written twice"


def kill_under_load(load: Load, number: int, pause_s: float) -> None:
    """Start the writers, and kill the server `pause_s` after the first acknowledgement.

    In the first round every kind of write is acknowledged first, so that each is checked.
    """
    threads = load.start(number)
    try:
        ready = load.everyone if number == 0 else load.written
        assert ready.wait(120), (load.refused, load.acknowledged)
        threading.Event().wait(pause_s)
        load.cloud.stop(kill=True)
    finally:
        load.stop.set()
        for thread in threads:
            thread.join(60)


def is_up(cloud) -> bool:
    with urllib.request.urlopen(f"{cloud.url}/readyz", timeout=30) as reply:
        return reply.status == 200
