"""KMS with unmodified boto3. Expectations are those of the AWS KMS API reference, per operation."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError


def code_of(caught) -> str:
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def kms(volano):
    return volano.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key(Description="orders")["KeyMetadata"]


def test_a_key_is_described_listed_disabled_and_enabled(kms, key):
    arn = key["Arn"]
    assert (key["KeyState"], key["Enabled"], key["KeySpec"]) == (
        "Enabled",
        True,
        "SYMMETRIC_DEFAULT",
    )
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["Description"] == "orders"
    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
    assert key["KeyId"] in [item["KeyId"] for page in pages for item in page["Keys"]]
    kms.disable_key(KeyId=key["KeyId"])
    with pytest.raises(ClientError) as caught:
        kms.encrypt(KeyId=arn, Plaintext=b"x")
    assert code_of(caught) == "DisabledException"
    kms.enable_key(KeyId=arn)
    kms.encrypt(KeyId=arn, Plaintext=b"x")


def test_what_is_not_built_is_refused_and_says_so(kms):
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]
    assert key["KeyId"].startswith("mrk-")
    assert key["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    for code, call in (
        ("NotImplementedException", lambda: kms.create_key(KeySpec="SM2", KeyUsage="SIGN_VERIFY")),
        ("NotImplementedException", lambda: kms.create_key(Origin="AWS_CLOUDHSM")),
        ("ValidationException", lambda: kms.create_key(KeySpec="RSA_2048")),
        (
            "ValidationException",
            lambda: kms.create_key(KeySpec="RSA_2048", KeyUsage="GENERATE_VERIFY_MAC"),
        ),
        (
            "UnsupportedOperationException",
            lambda: kms.replicate_key(KeyId=key["KeyId"], ReplicaRegion="eu-west-1"),
        ),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert code_of(caught) == code
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []


def test_what_was_encrypted_opens_only_with_the_same_context(kms, key):
    context = {"order": "17", "shop": "Zürich"}
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret", EncryptionContext=context)
    opened = kms.decrypt(
        CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=dict(reversed(context.items()))
    )
    assert (opened["Plaintext"], opened["KeyId"]) == (b"secret", key["Arn"])
    for wrong in ({}, {"order": "17"}, {**context, "order": "18"}):
        with pytest.raises(ClientError) as caught:
            kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=wrong)
        assert code_of(caught) == "InvalidCiphertextException"


def test_a_changed_or_foreign_ciphertext_does_not_open(kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret")["CiphertextBlob"]
    for index in (0, 1, 5, len(blob) - 30, len(blob) - 1):
        changed = bytearray(blob)
        changed[index] ^= 1
        with pytest.raises(ClientError) as caught:
            kms.decrypt(CiphertextBlob=bytes(changed))
        assert code_of(caught) in ("InvalidCiphertextException", "AccessDeniedException"), index
    with pytest.raises(ClientError) as caught:
        kms.decrypt(CiphertextBlob=b"nonsense")
    assert code_of(caught) == "InvalidCiphertextException"
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError) as caught:
        kms.decrypt(CiphertextBlob=blob, KeyId=other)
    assert code_of(caught) == "IncorrectKeyException"


def test_plaintext_over_4096_bytes_is_refused(kms, key):
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * 4096)
    with pytest.raises(ClientError) as caught:
        kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * 4097)
    assert code_of(caught) == "ValidationException"


def test_data_keys_open_and_re_encrypt_moves_them(kms, key):
    made = kms.generate_data_key(
        KeyId=key["KeyId"], KeySpec="AES_256", EncryptionContext={"a": "b"}
    )
    assert len(made["Plaintext"]) == 32
    without = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], NumberOfBytes=64)
    assert "Plaintext" not in without
    assert len(kms.decrypt(CiphertextBlob=without["CiphertextBlob"])["Plaintext"]) == 64
    other = kms.create_key()["KeyMetadata"]
    moved = kms.re_encrypt(
        CiphertextBlob=made["CiphertextBlob"],
        SourceEncryptionContext={"a": "b"},
        DestinationKeyId=other["KeyId"],
    )
    assert (moved["SourceKeyId"], moved["KeyId"]) == (key["Arn"], other["Arn"])
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])
    assert (opened["Plaintext"], opened["KeyId"]) == (made["Plaintext"], other["Arn"])
    assert len(kms.generate_random(NumberOfBytes=48)["Plaintext"]) == 48
    with pytest.raises(ClientError) as caught:
        kms.generate_data_key(KeyId=key["KeyId"])
    assert code_of(caught) == "ValidationException"


def test_rotation_keeps_old_ciphertexts_readable(kms, key):
    old = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"old")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    new = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"new")["CiphertextBlob"]
    assert [kms.decrypt(CiphertextBlob=blob)["Plaintext"] for blob in (old, new)] == [
        b"old",
        b"new",
    ]


def test_aliases_name_keys_and_can_be_moved(kms, key):
    name = f"alias/app/{uuid.uuid4().hex[:8]}"
    kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    blob = kms.encrypt(KeyId=name, Plaintext=b"x")
    assert blob["KeyId"] == key["Arn"]
    with pytest.raises(ClientError) as caught:
        kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    assert code_of(caught) == "AlreadyExistsException"
    other = kms.create_key()["KeyMetadata"]
    kms.update_alias(AliasName=name, TargetKeyId=other["KeyId"])
    assert kms.encrypt(KeyId=name, Plaintext=b"x")["KeyId"] == other["Arn"]
    assert [a["AliasName"] for a in kms.list_aliases(KeyId=other["KeyId"])["Aliases"]] == [name]
    kms.delete_alias(AliasName=name)
    with pytest.raises(ClientError) as caught:
        kms.describe_key(KeyId=name)
    assert code_of(caught) == "NotFoundException"
    for bad in ("plain", "alias/aws/s3", "alias/with space"):
        with pytest.raises(ClientError) as caught:
            kms.create_alias(AliasName=bad, TargetKeyId=key["KeyId"])
        assert code_of(caught) in ("NotAuthorizedException", "ValidationException"), bad


def test_names_that_services_keep_are_listed_and_made_when_described(volano):
    """KMS API reference, ListAliases (no TargetKeyId for a key not made yet) and DescribeKey."""
    fresh = volano.add_account()
    kms = volano.client(
        "kms",
        aws_access_key_id=fresh["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=fresh["AWS_SECRET_ACCESS_KEY"],
    )
    mine = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/zebra", TargetKeyId=mine)

    def listed():
        pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 1})
        return [
            (alias["AliasName"], "TargetKeyId" in alias)
            for page in pages
            for alias in page["Aliases"]
        ]

    names = ["alias/aws/s3", "alias/aws/secretsmanager", "alias/aws/sqs"]
    assert listed() == [*((name, False) for name in names), ("alias/zebra", True)]
    found = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert found["KeyManager"] == "AWS"
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"] == found["Arn"]
    assert listed()[:2] == [(names[0], True), (names[1], False)]
    with pytest.raises(ClientError) as caught:
        kms.describe_key(KeyId="alias/aws/other")
    assert code_of(caught) == "NotFoundException"


def test_a_key_waiting_for_deletion_can_do_nothing_and_can_be_rescued(kms, key):
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    answer = kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert answer["KeyState"] == "PendingDeletion"
    with pytest.raises(ClientError) as caught:
        kms.decrypt(CiphertextBlob=blob)
    assert code_of(caught) == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=key["KeyId"])
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    with pytest.raises(ClientError) as caught:
        kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=6)
    assert code_of(caught) == "ValidationException"


def test_tags_are_set_listed_and_removed(kms, key):
    kms.tag_resource(
        KeyId=key["KeyId"],
        Tags=[{"TagKey": "team", "TagValue": "shop"}, {"TagKey": "x", "TagValue": ""}],
    )
    kms.untag_resource(KeyId=key["KeyId"], TagKeys=["x"])
    assert kms.list_resource_tags(KeyId=key["KeyId"])["Tags"] == [
        {"TagKey": "team", "TagValue": "shop"}
    ]


def user_client(volano, policy):
    """KMS as a new user with one inline policy."""
    iam = volano.client("iam")
    name = f"u{uuid.uuid4().hex[:10]}"
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    iam.put_user_policy(
        UserName=name,
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": policy}),
    )
    made = iam.create_access_key(UserName=name)["AccessKey"]
    client = volano.client(
        "kms", aws_access_key_id=made["AccessKeyId"], aws_secret_access_key=made["SecretAccessKey"]
    )
    return client, arn


def test_identity_policies_decide_under_the_default_key_policy(volano, kms, key):
    client, _ = user_client(
        volano,
        [
            {
                "Effect": "Allow",
                "Action": "kms:Encrypt",
                "Resource": key["Arn"],
                "Condition": {"StringEquals": {"kms:EncryptionContext:app": "shop"}},
            }
        ],
    )
    name = f"alias/{uuid.uuid4().hex[:8]}"
    kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    blob = client.encrypt(KeyId=name, Plaintext=b"x", EncryptionContext={"app": "shop"})[
        "CiphertextBlob"
    ]
    for refused in (
        lambda: client.encrypt(KeyId=name, Plaintext=b"x"),
        lambda: client.decrypt(CiphertextBlob=blob, EncryptionContext={"app": "shop"}),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert code_of(caught) == "AccessDeniedException"


def test_a_policy_may_ask_for_a_keys_aliases(volano, kms, key):
    """KMS developer guide, "kms:ResourceAliases" and "kms:RequestAlias"."""
    name = f"alias/of-{uuid.uuid4().hex}"
    kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    weak, _ = user_client(
        volano,
        [
            {
                "Effect": "Allow",
                "Action": "kms:Encrypt",
                "Resource": "*",
                "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": name}},
            }
        ],
    )
    weak.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError) as caught:
        weak.encrypt(KeyId=other, Plaintext=b"x")
    assert code_of(caught) == "AccessDeniedException"


def test_a_key_policy_without_the_account_shuts_out_identity_policies(volano, kms, key):
    admin_arn = volano.client("sts").get_caller_identity()["Arn"]
    client, arn = user_client(volano, [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}])
    client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": admin_arn}, "Action": "kms:*", "Resource": "*"}
        ],
    }
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=json.dumps(policy))
    with pytest.raises(ClientError) as caught:
        client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    assert code_of(caught) == "AccessDeniedException"
    policy["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:Encrypt", "Resource": "*"}
    )
    kms.put_key_policy(KeyId=key["KeyId"], Policy=json.dumps(policy))
    client.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    assert (
        json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"]) == policy
    )


def test_a_policy_that_would_lock_out_its_author_is_refused(kms, key):
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Encrypt", "Resource": "*"}
        ],
    }
    for text in (json.dumps(policy), "{}", "not json"):
        with pytest.raises(ClientError) as caught:
            kms.put_key_policy(KeyId=key["KeyId"], Policy=text)
        assert code_of(caught) == "MalformedPolicyDocumentException"


def test_unknown_keys_and_bad_names_are_told_in_kms_words(kms):
    for name, code in (
        (str(uuid.uuid4()), "NotFoundException"),
        ("alias/none", "NotFoundException"),
        ("arn:aws:kms:eu-home-1:x", "InvalidArnException"),
        ("sp ace", "NotFoundException"),
        (f"arn:aws:kms:eu-home-1:999999999999:key/{uuid.uuid4()}", "AccessDeniedException"),
    ):
        with pytest.raises(ClientError) as caught:
            kms.describe_key(KeyId=name)
        assert code_of(caught) == code, name


def test_another_account_sees_a_key_only_where_both_sides_allow_it(volano, kms, key):
    made = volano.add_account()
    there = volano.client(
        "kms",
        aws_access_key_id=made["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=made["AWS_SECRET_ACCESS_KEY"],
    )
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    for refused, code in (
        (lambda: there.describe_key(KeyId=key["KeyId"]), "NotFoundException"),
        (lambda: there.describe_key(KeyId=key["Arn"]), "AccessDeniedException"),
        (lambda: there.encrypt(KeyId=key["Arn"], Plaintext=b"x"), "AccessDeniedException"),
        (lambda: there.decrypt(CiphertextBlob=blob), "AccessDeniedException"),
        (lambda: there.schedule_key_deletion(KeyId=key["Arn"]), "AccessDeniedException"),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert code_of(caught) == code
    assert there.list_keys()["Keys"] == []
    policy = json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])
    policy["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": made["ACCOUNT"]},
            "Action": "kms:Decrypt",
            "Resource": "*",
        }
    )
    kms.put_key_policy(KeyId=key["KeyId"], Policy=json.dumps(policy))
    assert there.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
