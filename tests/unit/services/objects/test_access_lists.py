"""Access lists, ownership controls and public access blocks: what they open and what they refuse.

Sources: S3 user guide, "Access control list (ACL) overview", "Controlling ownership of objects",
"Blocking public access".
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from volano.kernel.call import anonymous
from volano.kernel.errors import Denied
from volano.services.objects.logic.acl import (
    ALL_USERS,
    AUTHENTICATED_USERS,
    canned_grants,
    opened_actions,
)
from volano.services.objects.logic.errors import (
    AccessDenied,
    AclNotSupported,
    InvalidArgument,
    InvalidRequest,
    MalformedAcl,
    NoSuchKey,
    NoSuchSetting,
    UnresolvableEmail,
)
from volano.services.objects.logic.public_policy import is_public_policy
from volano.services.objects.model import Grant

OFF = {
    "BlockPublicAcls": False,
    "IgnorePublicAcls": False,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": False,
}


@pytest.fixture
async def lists(s3):
    """The owner's S3 with a bucket `lists` that has access lists and blocks nothing."""
    await s3("CreateBucket", Bucket="lists", ObjectOwnership="ObjectWriter")
    await s3("DeletePublicAccessBlock", Bucket="lists")
    return s3


@pytest.fixture
def nobody(env, s3_for):
    client = s3_for(env, "")
    client.call = replace(client.call, principal=anonymous(), account="")
    return client


def permissions(acl) -> list[tuple[str, str]]:
    return [
        (grant["Grantee"].get("URI", "").rpartition("/")[2] or "owner", grant["Permission"])
        for grant in acl["Grants"]
    ]


async def test_new_bucket_has_no_lists_and_blocks_all_that_is_public(s3):
    controls = await s3("GetBucketOwnershipControls", Bucket="shop")
    assert controls["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    block = await s3("GetPublicAccessBlock", Bucket="shop")
    assert all(block["PublicAccessBlockConfiguration"].values())
    assert permissions(await s3("GetBucketAcl", Bucket="shop")) == [("owner", "FULL_CONTROL")]
    for name in ("public-read", "private"):
        with pytest.raises(AclNotSupported):
            await s3("PutBucketAcl", Bucket="shop", ACL=name)
    with pytest.raises(AclNotSupported):
        await s3("PutObject", Bucket="shop", Key="k", Body=b"", ACL="public-read")
    for name in ("private", "bucket-owner-full-control"):
        await s3("PutObject", Bucket="shop", Key="k", Body=b"", ACL=name)
    with pytest.raises(AclNotSupported):
        await s3("PutObjectAcl", Bucket="shop", Key="k", ACL="private")


async def test_lists_and_ownership_of_a_new_bucket_must_fit(s3):
    with pytest.raises(InvalidRequest) as caught:
        await s3("CreateBucket", Bucket="open", ACL="public-read")
    assert caught.value.wire_code == "InvalidBucketAclWithObjectOwnership"
    with pytest.raises(InvalidRequest) as caught:
        await s3("CreateBucket", Bucket="open", ACL="public-read", ObjectOwnership="ObjectWriter")
    assert caught.value.wire_code == "InvalidBucketAclWithBlockPublicAccessError"
    with pytest.raises(InvalidArgument):
        await s3("CreateBucket", Bucket="open", ObjectOwnership="Everyone")
    await s3("CreateBucket", Bucket="mine", ACL="private")
    await s3("CreateBucket", Bucket="mine", ACL="private")


async def test_canned_list_lets_everyone_read(lists, other_s3, nobody):
    await lists("PutBucketAcl", Bucket="lists", ACL="public-read")
    await lists("PutObject", Bucket="lists", Key="open", Body=b"o", ACL="public-read")
    await lists("PutObject", Bucket="lists", Key="shut", Body=b"s")
    for client in (other_s3, nobody):
        assert await client.keys("lists") == ["open", "shut"]
        assert await client.body("lists", "open") == b"o"
        with pytest.raises(Denied):
            await client("GetObject", Bucket="lists", Key="shut")
        with pytest.raises(Denied):
            await client("PutObject", Bucket="lists", Key="new", Body=b"")
        with pytest.raises(NoSuchKey):
            await client("GetObject", Bucket="lists", Key="missing")
    with pytest.raises(Denied):
        await other_s3("GetBucketAcl", Bucket="lists")


async def test_authenticated_users_are_those_who_sign(lists, other_s3, nobody):
    await lists("PutObject", Bucket="lists", Key="k", Body=b"k", ACL="authenticated-read")
    assert await other_s3.body("lists", "k") == b"k"
    with pytest.raises(Denied):
        await nobody("GetObject", Bucket="lists", Key="k")


async def test_object_belongs_to_its_writer_and_not_to_the_buckets_owner(lists, other_s3):
    await lists("PutBucketAcl", Bucket="lists", ACL="public-read-write")
    await other_s3("PutObject", Bucket="lists", Key="theirs", Body=b"t")
    acl = await other_s3("GetObjectAcl", Bucket="lists", Key="theirs")
    assert acl["Owner"]["DisplayName"] == "222222222222"
    with pytest.raises(Denied):
        await lists("GetObject", Bucket="lists", Key="theirs")
    everything = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::lists/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    await lists("PutBucketPolicy", Bucket="lists", Policy=policy)
    with pytest.raises(Denied):  # the policy opens only what is the bucket owner's
        await lists("GetObject", Bucket="lists", Key="theirs")
    await other_s3("PutObjectAcl", Bucket="lists", Key="theirs", ACL="bucket-owner-read")
    assert await lists.body("lists", "theirs") == b"t"
    await lists("DeleteObject", Bucket="lists", Key="theirs")


async def test_preferred_owner_takes_what_is_given_to_him(lists, other_s3):
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    await lists("PutBucketOwnershipControls", Bucket="lists", OwnershipControls=rules)
    await lists("PutBucketAcl", Bucket="lists", ACL="public-read-write")
    given = "bucket-owner-full-control"
    await other_s3("PutObject", Bucket="lists", Key="given", Body=b"g", ACL=given)
    await other_s3("PutObject", Bucket="lists", Key="kept", Body=b"k")
    acl = await lists("GetObjectAcl", Bucket="lists", Key="given")
    assert acl["Owner"]["DisplayName"] == "111111111111"
    with pytest.raises(Denied):
        await lists("GetObjectAcl", Bucket="lists", Key="kept")


async def test_lists_that_open_must_go_before_enforced_ownership_comes(lists):
    await lists("PutBucketAcl", Bucket="lists", ACL="public-read")
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    with pytest.raises(InvalidRequest) as caught:
        await lists("PutBucketOwnershipControls", Bucket="lists", OwnershipControls=rules)
    assert caught.value.wire_code == "InvalidBucketAclWithObjectOwnership"
    await lists("PutBucketAcl", Bucket="lists", ACL="private")
    await lists("PutBucketOwnershipControls", Bucket="lists", OwnershipControls=rules)
    await lists("DeleteBucketOwnershipControls", Bucket="lists")
    with pytest.raises(NoSuchSetting):
        await lists("GetBucketOwnershipControls", Bucket="lists")


async def test_block_ignores_and_refuses_public_lists(lists, other_s3):
    await lists("PutBucketAcl", Bucket="lists", ACL="public-read")
    assert (await lists("GetBucketPolicyStatus", Bucket="lists"))["PolicyStatus"]["IsPublic"]
    block = OFF | {"IgnorePublicAcls": True, "BlockPublicAcls": True}
    await lists("PutPublicAccessBlock", Bucket="lists", PublicAccessBlockConfiguration=block)
    with pytest.raises(Denied):
        await other_s3("ListObjectsV2", Bucket="lists")
    with pytest.raises(AccessDenied):
        await lists("PutBucketAcl", Bucket="lists", ACL="public-read")
    with pytest.raises(AccessDenied):
        await lists("PutObject", Bucket="lists", Key="k", Body=b"", ACL="public-read")
    assert not (await lists("GetBucketPolicyStatus", Bucket="lists"))["PolicyStatus"]["IsPublic"]


async def test_block_of_the_account_holds_for_its_buckets(lists, other_s3, env):
    from volano.services.objects.logic.public_access import put_account_block
    from volano.services.objects.model import PublicBlock

    await lists("PutBucketAcl", Bucket="lists", ACL="public-read")
    assert await other_s3.keys("lists") == []
    await put_account_block(env, lists.call.account, PublicBlock(ignore_acls=True))
    with pytest.raises(Denied):
        await other_s3("ListObjectsV2", Bucket="lists")
    await put_account_block(env, lists.call.account, None)
    assert await other_s3.keys("lists") == []


async def test_block_refuses_and_restricts_public_policies(s3, other_s3):
    public = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::shop",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": public})
    with pytest.raises(AccessDenied):
        await s3("PutBucketPolicy", Bucket="shop", Policy=policy)
    await s3("PutPublicAccessBlock", Bucket="shop", PublicAccessBlockConfiguration=OFF)
    await s3("PutBucketPolicy", Bucket="shop", Policy=policy)
    assert await other_s3.keys("shop") == []
    restrict = OFF | {"RestrictPublicBuckets": True}
    await s3("PutPublicAccessBlock", Bucket="shop", PublicAccessBlockConfiguration=restrict)
    with pytest.raises(Denied):
        await other_s3("ListObjectsV2", Bucket="shop")


@pytest.mark.parametrize(
    ("request_members", "error"),
    [
        ({}, InvalidRequest),
        ({"ACL": "public-ready"}, InvalidArgument),
        ({"ACL": "private", "GrantRead": 'uri="x"'}, InvalidRequest),
        ({"GrantRead": "who=me"}, InvalidArgument),
        ({"GrantRead": 'uri="http://example.com/group"'}, InvalidArgument),
        ({"GrantRead": 'id="_foo"'}, InvalidArgument),
        ({"GrantRead": 'emailAddress="nobody@example.com"'}, UnresolvableEmail),
        ({"AccessControlPolicy": {"Grants": []}}, MalformedAcl),
        ({"AccessControlPolicy": {"Owner": {"ID": "0" * 64}}}, AccessDenied),
    ],
)
async def test_lists_that_mean_nothing_are_refused(lists, request_members, error):
    with pytest.raises(error):
        await lists("PutBucketAcl", Bucket="lists", **request_members)
    assert permissions(await lists("GetBucketAcl", Bucket="lists")) == [("owner", "FULL_CONTROL")]


async def test_list_of_a_version_is_its_own(lists, other_s3):
    await lists(
        "PutBucketVersioning", Bucket="lists", VersioningConfiguration={"Status": "Enabled"}
    )
    first = await lists("PutObject", Bucket="lists", Key="k", Body=b"1", ACL="public-read")
    await lists("PutObject", Bucket="lists", Key="k", Body=b"2")
    old = {"Key": "k", "VersionId": first["VersionId"]}
    assert await other_s3.body("lists", **{"key": "k", "VersionId": first["VersionId"]}) == b"1"
    with pytest.raises(Denied):
        await other_s3("GetObject", Bucket="lists", Key="k")
    await lists("PutObjectAcl", Bucket="lists", ACL="private", **old)
    with pytest.raises(Denied):
        await other_s3("GetObject", Bucket="lists", **old)


async def test_copy_and_upload_have_lists_of_their_own(lists, other_s3):
    await lists("PutObject", Bucket="lists", Key="open", Body=b"o", ACL="public-read")
    await lists("CopyObject", Bucket="lists", Key="copy", CopySource="lists/open")
    with pytest.raises(Denied):
        await other_s3("GetObject", Bucket="lists", Key="copy")
    upload = await lists("CreateMultipartUpload", Bucket="lists", Key="up", ACL="public-read")
    named = {"Bucket": "lists", "Key": "up", "UploadId": upload["UploadId"]}
    part = await lists("UploadPart", **named, PartNumber=1, Body=b"p")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    await lists("CompleteMultipartUpload", **named, MultipartUpload=parts)
    assert await other_s3.body("lists", "up") == b"p"


async def test_requester_who_does_not_say_that_he_pays_is_refused(lists, other_s3):
    await lists("PutBucketAcl", Bucket="lists", ACL="public-read")
    paid = {"Payer": "Requester"}
    await lists("PutBucketRequestPayment", Bucket="lists", RequestPaymentConfiguration=paid)
    assert (await lists("GetBucketRequestPayment", Bucket="lists")) == paid
    with pytest.raises(AccessDenied):
        await other_s3("ListObjectsV2", Bucket="lists")
    assert await other_s3.keys("lists", RequestPayer="requester") == []
    assert await lists.keys("lists") == []


async def test_conditions_see_what_a_write_asks_for(s3, other_s3):
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": "222222222222"},
        "Action": ["s3:PutObject", "s3:GetObject"],
        "Resource": "arn:aws:s3:::shop/*",
        "Condition": {"StringEquals": {"s3:RequestObjectTag/team": "red"}},
    }
    read = allow | {
        "Action": "s3:GetObject",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/team": "red"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow, read]})
    await s3("PutBucketPolicy", Bucket="shop", Policy=policy)
    with pytest.raises(Denied):
        await other_s3("PutObject", Bucket="shop", Key="k", Body=b"", Tagging="team=blue")
    await other_s3("PutObject", Bucket="shop", Key="k", Body=b"r", Tagging="team=red")
    assert await other_s3.body("shop", "k") == b"r"
    blue = {"TagSet": [{"Key": "team", "Value": "blue"}]}
    await s3("PutObjectTagging", Bucket="shop", Key="k", Tagging=blue)
    with pytest.raises(Denied):
        await other_s3("GetObject", Bucket="shop", Key="k")


async def test_identity_policy_may_deny_by_a_tag_that_is_there(s3, s3_for, env):
    deny = {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": "*",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/secret": "yes"}},
    }
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]})
    limited = s3_for(env, "111111111111")
    who = replace(limited.call.principal, session_policy=policy)
    limited.call = replace(limited.call, principal=who)
    await s3("PutObject", Bucket="shop", Key="open", Body=b"o", Tagging="secret=no")
    await s3("PutObject", Bucket="shop", Key="shut", Body=b"s", Tagging="secret=yes")
    assert await limited.body("shop", "open") == b"o"
    with pytest.raises(Denied):
        await limited("GetObject", Bucket="shop", Key="shut")


def test_canned_lists_name_the_buckets_owner_where_they_should():
    assert canned_grants("bucket-owner-read", "2", "1") == (
        Grant("2", "FULL_CONTROL"),
        Grant("1", "READ"),
    )
    assert canned_grants("bucket-owner-full-control", "1", "1") == (Grant("1", "FULL_CONTROL"),)


def test_full_control_opens_all_and_groups_only_when_they_count():
    grants = (Grant(ALL_USERS, "READ"), Grant("2", "FULL_CONTROL"))
    anyone, account = opened_actions(grants, "2", of_bucket=False, public=True)
    assert "s3:GetObject" in anyone
    assert {"s3:GetObject", "s3:PutObjectAcl"} <= account
    assert opened_actions(grants, None, of_bucket=False, public=False) == (set(), set())
    signed = (Grant(AUTHENTICATED_USERS, "READ"),)
    assert opened_actions(signed, None, of_bucket=True, public=True) == (set(), set())


def statement(**members) -> str:
    one = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    return json.dumps({"Statement": [one | members]})


@pytest.mark.parametrize(
    ("policy", "public"),
    [
        ("", False),
        (statement(), True),
        (statement(Effect="Deny"), False),
        (statement(Principal={"AWS": "111111111111"}), False),
        (statement(Principal={"AWS": ["*"]}), True),
        (statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), False),
        (statement(Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}), True),
        (statement(Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), True),
        (statement(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}), False),
        (statement(Condition={"StringLike": {"aws:userid": "*"}}), True),
        (statement(Condition={"StringLike": {"aws:Referer": "https://example.com/*"}}), True),
        (statement(Condition={"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}), True),
    ],
)
def test_policy_is_public_unless_fixed_values_narrow_it(policy, public):
    assert is_public_policy(policy) is public
