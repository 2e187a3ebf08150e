"""Behind a proxy: policies, the trail and the fast path see the caller that the proxy names."""

from __future__ import annotations

import json
import urllib.request

import pytest
from botocore.exceptions import ClientError
from tests.conftest import start_volano


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    server = start_volano(tmp_path_factory.mktemp("behind"), trusted_proxies="127.0.0.0/8")
    yield server
    server.stop()


def client_from(server, service: str, address: str):
    """A boto3 client whose requests a proxy passed on for `address`."""
    made = server.client(service)

    def add(request, **_):
        request.headers["X-Forwarded-For"] = address
        request.headers["X-Forwarded-Proto"] = "https"

    made.meta.events.register("before-send", add)
    return made


def test_source_address_and_tls_of_policies_are_the_callers(behind):
    s3 = behind.client("s3")
    where = {"LocationConstraint": behind.credentials["AWS_DEFAULT_REGION"]}
    s3.create_bucket(Bucket="office", CreateBucketConfiguration=where)
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::office/*",
    }
    far = {**deny, "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
    plain = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    s3.put_bucket_policy(
        Bucket="office", Policy=json.dumps({"Version": "2012-10-17", "Statement": [far, plain]})
    )
    s3.put_object(Bucket="office", Key="a", Body=b"a")
    inside = client_from(behind, "s3", "203.0.113.7")
    for _ in range(3):  # the third request of a connection is where the fast path would begin
        assert inside.get_object(Bucket="office", Key="a")["Body"].read() == b"a"
    for outside in (s3, client_from(behind, "s3", "203.0.113.7, 198.51.100.1")):
        with pytest.raises(ClientError, match="AccessDenied"):
            outside.get_object(Bucket="office", Key="a")


def test_the_trail_and_the_page_know_the_caller(behind):
    client_from(behind, "iam", "203.0.113.99").create_user(UserName="far")
    status, found = behind.rest("GET", "/audit?action=iam:CreateUser")
    assert status == 200
    assert [each["source_ip"] for each in found["items"]] == ["203.0.113.99"]
    page = urllib.request.Request(
        behind.url, headers={"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    )
    with urllib.request.urlopen(page) as answer:
        assert answer.headers["strict-transport-security"]


def test_elsewhere_the_headers_are_just_headers(volano_sqlite):
    client_from(volano_sqlite, "iam", "203.0.113.98").create_user(UserName="near-proxies")
    status, found = volano_sqlite.rest("GET", "/audit?action=iam:CreateUser")
    assert status == 200
    assert "203.0.113.98" not in [each["source_ip"] for each in found["items"]]
