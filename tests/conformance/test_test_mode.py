"""Test mode as public conformance suites use it: seeded accounts, reset, short lifecycle days."""

import http.client
import subprocess
import sys
import time

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROOT, free_port, start_volano

MAIN, OTHER = "111111111111", "222222222222"
SEED = f"""
[[account]]
id = "{MAIN}"
name = "Main"
root_key = [{{ access_key_id = "0555b35654ad1656d804", secret_access_key = "main/secret==" }}]
kms_key = [{{ id = "testkey-1" }}, {{ id = "testkey-2", description = "second" }}]
  [[account.user]]
  name = "tester"
  api_key = "sk-test-seeded-key"
  key = [{{ access_key_id = "AKIATESTER", secret_access_key = "tester-secret" }}]
  [[account.user]]
  name = "reader"
  administrator = false
  policies = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
  key = [{{ access_key_id = "AKIAREADER", secret_access_key = "reader-secret" }}]
[[account]]
id = "{OTHER}"
root_key = [{{ access_key_id = "NOPQRSTUVWXYZABCDEFG", secret_access_key = "other-secret" }}]
"""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def cloud(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("test-mode")
    (folder / "seed.toml").write_text(SEED)
    store = "sqlite"
    if request.param == "postgres":
        store = request.getfixturevalue("postgres").create_database()
    server = start_volano(folder, store=store, test_mode="1", test_file=str(folder / "seed.toml"),
                          lifecycle_day_s="1")
    yield server
    server.stop()


def client(cloud, service, key="0555b35654ad1656d804", secret="main/secret=="):
    return cloud.client(service, aws_access_key_id=key, aws_secret_access_key=secret)


def reset(cloud) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.aws_port, timeout=30)
    connection.request("POST", "/moto-api/reset")
    return connection.getresponse().status


def test_root_principals_of_several_accounts_sign(cloud):
    for key, secret, account in (
        ("0555b35654ad1656d804", "main/secret==", MAIN),
        ("NOPQRSTUVWXYZABCDEFG", "other-secret", OTHER),
    ):
        who = client(cloud, "sts", key, secret).get_caller_identity()
        assert (who["Account"], who["Arn"]) == (account, f"arn:aws:iam::{account}:root")


def test_users_have_the_keys_and_permissions_of_the_file(cloud):
    tester = client(cloud, "s3", "AKIATESTER", "tester-secret")
    tester.create_bucket(Bucket="seed-tester")
    reader = client(cloud, "s3", "AKIAREADER", "reader-secret")
    assert "seed-tester" in [b["Name"] for b in reader.list_buckets()["Buckets"]]
    with pytest.raises(ClientError):
        reader.put_object(Bucket="seed-tester", Key="k", Body=b"x")
    assert cloud.openai(api_key="sk-test-seeded-key").models.list().data


def test_seeded_keys_encrypt(cloud):
    kms = client(cloud, "kms")
    blob = kms.encrypt(KeyId="testkey-1", Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["KeyId"].endswith(f":{MAIN}:key/testkey-1")
    assert kms.describe_key(KeyId="testkey-2")["KeyMetadata"]["Description"] == "second"


def test_every_account_has_a_default_vpc_with_a_subnet_per_zone(cloud):
    ec2 = client(cloud, "ec2")
    vpcs = ec2.describe_vpcs()["Vpcs"]
    assert [vpc["IsDefault"] for vpc in vpcs] == [True]
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    assert sorted(subnet["AvailabilityZone"] for subnet in ec2.describe_subnets()["Subnets"]) == zones


def test_reset_returns_every_service_to_its_first_state(cloud):
    assert reset(cloud) == 200
    s3, iam, kms, ec2 = (client(cloud, name) for name in ("s3", "iam", "kms", "ec2"))
    first_vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    general = cloud.slack().conversations_list()["channels"]
    for _ in range(2):
        s3.create_bucket(Bucket="before")
        s3.put_object(Bucket="before", Key="k", Body=b"x" * 5000)
        upload = s3.create_multipart_upload(Bucket="before", Key="m")["UploadId"]
        s3.upload_part(Bucket="before", Key="m", UploadId=upload, PartNumber=1, Body=b"y" * 5000)
        iam.create_user(UserName="before")
        made = iam.create_access_key(UserName="before")["AccessKey"]
        kms.create_key()
        kms.disable_key(KeyId="testkey-1")
        cloud.slack().conversations_create(name="before")
        assert reset(cloud) == 200
        assert s3.list_buckets()["Buckets"] == []
        assert {user["UserName"] for user in iam.list_users()["Users"]} == {"tester", "reader"}
        assert sorted(key["KeyId"] for key in kms.list_keys()["Keys"]) == ["testkey-1", "testkey-2"]
        kms.encrypt(KeyId="testkey-1", Plaintext=b"x")
        assert [channel["id"] for channel in cloud.slack().conversations_list()["channels"]] == [c["id"] for c in general]
        assert ec2.describe_vpcs()["Vpcs"][0]["VpcId"] == first_vpc
        with pytest.raises(ClientError) as caught:
            client(cloud, "sts", made["AccessKeyId"], made["SecretAccessKey"]).get_caller_identity()
        assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_a_lifecycle_day_lasts_as_long_as_the_setting_says(cloud):
    s3 = client(cloud, "s3")
    s3.create_bucket(Bucket="short-days")
    for key in ("old/a", "new/a"):
        s3.put_object(Bucket="short-days", Key=key, Body=b"x")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket="short-days", LifecycleConfiguration={"Rules": [rule]})
    deadline = time.monotonic() + 60
    while len(found := s3.list_objects_v2(Bucket="short-days")["Contents"]) == 2:
        assert time.monotonic() < deadline, "nothing expired"
        time.sleep(0.1)
    assert [item["Key"] for item in found] == ["new/a"]


def test_only_reset_is_there(cloud):
    for method, path in (("GET", "/moto-api/reset"), ("POST", "/moto-api/data.json")):
        connection = http.client.HTTPConnection("127.0.0.1", cloud.aws_port, timeout=30)
        connection.request(method, path)
        assert connection.getresponse().status == 404


def test_without_test_mode_there_is_no_reset(volano_sqlite):
    volano_sqlite.client("s3").create_bucket(Bucket="not-reset")
    assert reset(volano_sqlite) >= 400
    volano_sqlite.client("s3").head_bucket(Bucket="not-reset")


@pytest.mark.parametrize("listen", ["0.0.0.0", "::", "192.0.2.1"])
def test_test_mode_is_refused_off_loopback(tmp_path, listen):
    done = subprocess.run(
        [sys.executable, "-m", "volano", "up", "--data", str(tmp_path / "d"), "--port", str(free_port()), "--aws-port", str(free_port())],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src"), "VOLANO_TEST_MODE": "1", "VOLANO_LISTEN": listen},
        capture_output=True, text=True, timeout=60, check=False,
    )
    assert done.returncode != 0
    assert "loopback" in done.stderr
    assert not (tmp_path / "d").exists()


def test_a_bad_test_file_is_said_and_nothing_starts(tmp_path):
    (tmp_path / "seed.toml").write_text('[[account]]\nid = "12"\n')
    done = subprocess.run(
        [sys.executable, "-m", "volano", "up", "--data", str(tmp_path / "d"), "--port", str(free_port()), "--aws-port", str(free_port())],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src"), "VOLANO_TEST_MODE": "1", "VOLANO_TEST_FILE": str(tmp_path / "seed.toml")},
        capture_output=True, text=True, timeout=60, check=False,
    )
    assert done.returncode != 0
    assert "seed.toml" in done.stderr
