"""Uploads a file with stock boto3 and prints a link to it that works for an hour.

Run `volano up`, paste the variables that it prints (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION) into your shell, then:

    pip install boto3
    python examples/boto3_upload.py README.md
"""

import sys
from pathlib import Path

import boto3
from botocore.config import Config

path = Path(sys.argv[1])
account = boto3.client("sts").get_caller_identity()["Account"]
bucket = f"uploads-{account}"

s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
if bucket not in {item["Name"] for item in s3.list_buckets()["Buckets"]}:
    region = s3.meta.region_name
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))

s3.upload_file(str(path), bucket, path.name)
print(f"s3://{bucket}/{path.name}, {path.stat().st_size} bytes")
where = {"Bucket": bucket, "Key": path.name}
print(s3.generate_presigned_url("get_object", Params=where, ExpiresIn=3600))
