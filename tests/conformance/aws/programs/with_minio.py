"""minio-py: buckets, parts, versions, lock, tags, policies, links, form posts and removals."""

import datetime
import io
import json
import os
import sys
import urllib.request

from minio import Minio
from minio.commonconfig import (
    ENABLED,
    GOVERNANCE,
    ComposeSource,
    CopySource,
    Filter,
    Tags,
)
from minio.datatypes import PostPolicy
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.retention import Retention
from minio.sseconfig import Rule as SSERule
from minio.sseconfig import SSEConfig
from minio.versioningconfig import VersioningConfig

bucket = sys.argv[1]
region = os.environ["AWS_DEFAULT_REGION"]
client = Minio(
    os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"),
    os.environ["AWS_ACCESS_KEY_ID"],
    os.environ["AWS_SECRET_ACCESS_KEY"],
    secure=False,
    region=region,
)
assert client.bucket_exists(bucket)
assert not client.bucket_exists(bucket + "-not")
client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
assert client.get_bucket_versioning(bucket).status == ENABLED

big = os.urandom(12 * 1024 * 1024)
made = client.put_object(bucket, "big", io.BytesIO(big), -1, part_size=5 * 1024 * 1024)
assert client.stat_object(bucket, "big").etag == made.etag
reply = client.get_object(bucket, "big", offset=5_000_000, length=300)
assert reply.read() == big[5_000_000:5_000_300]
reply.close()
reply.release_conn()
client.compose_object(bucket, "twice", [ComposeSource(bucket, "big")] * 2)
assert client.stat_object(bucket, "twice").size == 2 * len(big)

first = client.put_object(bucket, "v", io.BytesIO(b"1"), 1, metadata={"colour": "blue"})
client.put_object(bucket, "v", io.BytesIO(b"22"), 2)
client.copy_object(bucket, "v", CopySource(bucket, "v", version_id=first.version_id))
assert client.stat_object(bucket, "v").metadata["x-amz-meta-colour"] == "blue"
listed = list(client.list_objects(bucket, prefix="v", include_version=True))
assert [one.is_latest for one in listed] == ["true", "false", "false"]

tags = Tags.new_object_tags()
tags["team"] = "data"
client.set_object_tags(bucket, "v", tags)
assert client.get_object_tags(bucket, "v") == tags
policy = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:DeleteBucket",
            "Resource": f"arn:aws:s3:::{bucket}",
        }
    ],
}
client.set_bucket_policy(bucket, json.dumps(policy))
assert json.loads(client.get_bucket_policy(bucket)) == policy
client.delete_bucket_policy(bucket)
rule = Rule(ENABLED, rule_filter=Filter(prefix="logs/"), rule_id="a", expiration=Expiration(days=3))
client.set_bucket_lifecycle(bucket, LifecycleConfig([rule]))
assert client.get_bucket_lifecycle(bucket).rules[0].expiration.days == 3
client.set_bucket_encryption(bucket, SSEConfig(SSERule.new_sse_s3_rule()))
assert client.get_bucket_encryption(bucket).rule.sse_algorithm == "AES256"

put = client.presigned_put_object(bucket, "by link", datetime.timedelta(minutes=5))
urllib.request.urlopen(urllib.request.Request(put, data=b"linked", method="PUT"))
get = client.presigned_get_object(
    bucket, "by link", response_headers={"response-content-type": "a/b"}
)
with urllib.request.urlopen(get) as answer:
    assert (answer.read(), answer.headers["content-type"]) == (b"linked", "a/b")
form = PostPolicy(bucket, datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1))
form.add_starts_with_condition("key", "form/")
assert client.presigned_post_policy(form)["policy"]


def code_of(call, *arguments) -> str:
    """The error's code; empty when the call succeeds."""
    try:
        call(*arguments)
    except S3Error as error:
        return error.code
    return ""


assert code_of(client.get_object, bucket, "never") == "NoSuchKey"
everything = client.list_objects(bucket, recursive=True, include_version=True)
gone = [DeleteObject(one.object_name, one.version_id) for one in everything]
assert list(client.remove_objects(bucket, gone)) == []
assert list(client.list_objects(bucket, include_version=True)) == []

locked = bucket + "-lock"
client.make_bucket(locked, region, object_lock=True)
client.set_object_lock_config(locked, ObjectLockConfig(GOVERNANCE, 1, DAYS))
assert client.get_object_lock_config(locked).mode == GOVERNANCE
kept = client.put_object(locked, "kept", io.BytesIO(b"k"), 1)
assert code_of(client.remove_object, locked, "kept", kept.version_id) == "AccessDenied"
until = datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(days=2)
client.set_object_retention(locked, "kept", Retention(GOVERNANCE, until))
assert client.get_object_retention(locked, "kept").retain_until_date == until
client.enable_object_legal_hold(locked, "kept")
assert client.is_object_legal_hold_enabled(locked, "kept")
