"""Buckets: names, owners, tags and policies."""

from __future__ import annotations

import json

import pytest

from volano.kernel.errors import Denied
from volano.services.identity.logic.quotas import set_quota
from volano.services.objects.logic.errors import (
    AccessDenied,
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    BucketNotEmpty,
    IllegalLocationConstraint,
    InvalidRequest,
    InvalidTag,
    MalformedPolicy,
    NoSuchBucket,
    NoSuchSetting,
    TooManyBuckets,
)
from volano.services.objects.logic.names import InvalidBucketName


async def test_bucket_can_be_made_listed_and_deleted(s3, env):
    await s3(
        "CreateBucket",
        Bucket="other",
        CreateBucketConfiguration={"LocationConstraint": env.region.name},
    )
    listed = await s3("ListBuckets")
    assert [bucket["Name"] for bucket in listed["Buckets"]] == ["other", "shop"]
    assert (await s3("GetBucketLocation", Bucket="shop"))["LocationConstraint"] == env.region.name
    await s3("DeleteBucket", Bucket="shop")
    with pytest.raises(NoSuchBucket) as caught:
        await s3("HeadBucket", Bucket="shop")
    assert caught.value.fields == {"BucketName": "shop"}


async def test_bucket_names_are_taken_once_in_the_region(s3, other_s3, env):
    await s3("CreateBucket", Bucket="shop")
    with pytest.raises(BucketAlreadyOwnedByYou):
        await s3(
            "CreateBucket",
            Bucket="shop",
            CreateBucketConfiguration={"LocationConstraint": env.region.name},
        )
    with pytest.raises(BucketAlreadyExists):
        await other_s3("CreateBucket", Bucket="shop")


async def test_create_bucket_refuses_what_it_cannot_keep(s3):
    with pytest.raises(InvalidBucketName):
        await s3("CreateBucket", Bucket="Bad_Name")
    with pytest.raises(IllegalLocationConstraint):
        await s3(
            "CreateBucket",
            Bucket="far-away",
            CreateBucketConfiguration={"LocationConstraint": "mars-1"},
        )
    with pytest.raises(InvalidRequest):
        await s3("CreateBucket", Bucket="open", ACL="public-read")
    assert [bucket["Name"] for bucket in (await s3("ListBuckets"))["Buckets"]] == ["shop"]


async def test_quota_of_buckets_is_kept(s3, env):
    await set_quota(env, s3.call.account, "s3.buckets", 2)
    await s3("CreateBucket", Bucket="second")
    with pytest.raises(TooManyBuckets):
        await s3("CreateBucket", Bucket="third")


async def test_bucket_with_an_object_is_not_deleted(s3):
    await s3("PutObject", Bucket="shop", Key="k", Body=b"x")
    with pytest.raises(BucketNotEmpty):
        await s3("DeleteBucket", Bucket="shop")
    await s3("DeleteObject", Bucket="shop", Key="k")
    await s3("DeleteBucket", Bucket="shop")


async def test_list_buckets_pages_by_prefix(s3):
    for name in ("aa-1", "aa-2", "aa-3", "bb-1"):
        await s3("CreateBucket", Bucket=name)
    page = await s3("ListBuckets", Prefix="aa-", MaxBuckets=2)
    assert [bucket["Name"] for bucket in page["Buckets"]] == ["aa-1", "aa-2"]
    rest = await s3(
        "ListBuckets", Prefix="aa-", MaxBuckets=2, ContinuationToken=page["ContinuationToken"]
    )
    assert [bucket["Name"] for bucket in rest["Buckets"]] == ["aa-3"]
    assert rest["ContinuationToken"] is None


async def test_other_account_sees_nothing_of_a_bucket(s3, other_s3):
    await s3("PutObject", Bucket="shop", Key="k", Body=b"secret")
    assert (await other_s3("ListBuckets"))["Buckets"] == []
    for operation, request in (
        ("HeadBucket", {}),
        ("DeleteBucket", {}),
        ("ListObjectsV2", {}),
        ("GetObject", {"Key": "k"}),
        ("HeadObject", {"Key": "k"}),
        ("PutObject", {"Key": "k", "Body": b"mine"}),
        ("DeleteObject", {"Key": "k"}),
        ("CreateMultipartUpload", {"Key": "k"}),
        ("GetBucketAcl", {}),
        ("PutBucketPolicy", {"Policy": "{}"}),
    ):
        with pytest.raises(Denied):
            await other_s3(operation, Bucket="shop", **request)
    await other_s3("CreateBucket", Bucket="elsewhere")
    with pytest.raises(Denied):
        await other_s3("CopyObject", Bucket="elsewhere", Key="k", CopySource="shop/k")
    outcome = await other_s3("DeleteObjects", Bucket="shop", Delete={"Objects": [{"Key": "k"}]})
    assert outcome["Errors"][0]["Code"] == "AccessDenied"
    assert await s3.body("shop", "k") == b"secret"


async def test_bucket_policy_lets_another_account_read(s3, other_s3):
    await s3("PutObject", Bucket="shop", Key="open/k", Body=b"shared")
    await s3("PutObject", Bucket="shop", Key="closed", Body=b"secret")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shop/open/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    await s3("PutBucketPolicy", Bucket="shop", Policy=policy)
    assert (await s3("GetBucketPolicy", Bucket="shop"))["Policy"] == policy
    assert await other_s3.body("shop", "open/k") == b"shared"
    for key in ("closed", "open/none"):
        with pytest.raises(Denied):
            await other_s3.body("shop", key)
    await s3("DeleteBucketPolicy", Bucket="shop")
    with pytest.raises(Denied):
        await other_s3.body("shop", "open/k")
    with pytest.raises(NoSuchSetting) as caught:
        await s3("GetBucketPolicy", Bucket="shop")
    assert caught.value.wire_code == "NoSuchBucketPolicy"


@pytest.mark.parametrize(
    "policy",
    [
        "not json",
        "{}",
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
        '"Action":"s3:GetObject","Resource":"arn:aws:s3:::elsewhere/*"}]}',
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotPrincipal":{"AWS":"*"},'
        '"Action":"s3:GetObject","Resource":"arn:aws:s3:::shop/*"}]}',
    ],
)
async def test_bucket_policy_that_makes_no_sense_is_refused(s3, policy):
    with pytest.raises(MalformedPolicy):
        await s3("PutBucketPolicy", Bucket="shop", Policy=policy)


async def test_bucket_tags(s3):
    with pytest.raises(NoSuchSetting):
        await s3("GetBucketTagging", Bucket="shop")
    tags = [{"Key": "team", "Value": "shop"}, {"Key": "cost", "Value": "42"}]
    await s3("PutBucketTagging", Bucket="shop", Tagging={"TagSet": tags})
    found = (await s3("GetBucketTagging", Bucket="shop"))["TagSet"]
    assert found == sorted(tags, key=lambda tag: tag["Key"])
    with pytest.raises(InvalidTag):
        await s3(
            "PutBucketTagging", Bucket="shop", Tagging={"TagSet": [{"Key": "aws:x", "Value": ""}]}
        )
    await s3("DeleteBucketTagging", Bucket="shop")
    with pytest.raises(NoSuchSetting):
        await s3("GetBucketTagging", Bucket="shop")


async def test_acl_is_always_the_owners(s3):
    acl = await s3("GetBucketAcl", Bucket="shop")
    assert acl["Grants"][0]["Grantee"]["ID"] == acl["Owner"]["ID"]
    assert acl["Grants"][0]["Permission"] == "FULL_CONTROL"
    with pytest.raises(InvalidRequest) as caught:
        await s3("PutBucketAcl", Bucket="shop", ACL="public-read")
    assert caught.value.wire_code == "AccessControlListNotSupported"


async def test_expected_bucket_owner_is_checked(s3):
    await s3("HeadBucket", Bucket="shop", ExpectedBucketOwner="111111111111")
    with pytest.raises(AccessDenied):
        await s3("HeadBucket", Bucket="shop", ExpectedBucketOwner="999999999999")
