"""Listing with boto3's paginators."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture(scope="module")
def filled(volano):
    """A client and a bucket with 320 keys: 300 below ten folders, 20 on top."""
    s3 = volano.client("s3")
    bucket = f"listing-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    keys = [f"folder {n % 10}/+{n:03d}" for n in range(300)] + [f"top-{n:02d}" for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b""), keys))
    return s3, bucket, sorted(keys)


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2", "list_object_versions"])
def test_pages_give_every_key_once_in_order(filled, operation):
    s3, bucket, keys = filled
    pages = s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 37})
    member = "Versions" if operation == "list_object_versions" else "Contents"
    assert [item["Key"] for page in pages for item in page[member]] == keys


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_folders_are_rolled_up_over_pages(filled, operation):
    s3, bucket, keys = filled
    pages = s3.get_paginator(operation).paginate(
        Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 7}
    )
    folders, top = [], []
    for page in pages:
        folders += [each["Prefix"] for each in page.get("CommonPrefixes", [])]
        top += [each["Key"] for each in page.get("Contents", [])]
    assert folders == [f"folder {n}/" for n in range(10)]
    assert top == [key for key in keys if key.startswith("top-")]


def test_prefix_and_start_after(filled):
    s3, bucket, keys = filled
    inside = [key for key in keys if key.startswith("folder 3/")]
    listed = s3.list_objects_v2(
        Bucket=bucket, Prefix="folder 3/", StartAfter=inside[4], FetchOwner=True
    )
    assert [item["Key"] for item in listed["Contents"]] == inside[5:]
    assert all("ID" in item["Owner"] for item in listed["Contents"])
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["KeyCount"] == 0
