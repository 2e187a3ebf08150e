"""Who may reach a bucket, and how browsers do: boto3 for the settings, raw HTTP for the browser.

Expectations follow the S3 user guide (access lists, CORS, static websites, server access logging)
and the S3 API reference (POST Object, presigned requests).
"""

from __future__ import annotations

import http.client
import json
import time
import uuid
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
NOTHING_BLOCKED = {
    "BlockPublicAcls": False,
    "IgnorePublicAcls": False,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": False,
}
DELIVERY_TIMEOUT_S = 120


@pytest.fixture(scope="module")
def s3(volano):
    return volano.client("s3")


@pytest.fixture(scope="module")
def other(volano):
    """Another account's S3, and its name in access lists."""
    keys = volano.add_account()
    client = volano.client(
        "s3",
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )
    return client, client.list_buckets()["Owner"]["ID"]


@pytest.fixture
def open_bucket(s3):
    """A bucket with access lists that blocks nothing."""
    name = f"access-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(
        Bucket=name,
        ObjectOwnership="ObjectWriter",
        CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name},
    )
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=NOTHING_BLOCKED)
    return name


def error_of(call, **arguments) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def fetch(volano, method: str, path: str, body: bytes | None = None, **headers: str):
    """What a browser sends: no signature; header names with `_` for `-`."""
    connection = http.client.HTTPConnection("127.0.0.1", volano.aws_port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    return reply.status, {name.lower(): value for name, value in reply.getheaders()}, text


def test_grants_name_accounts_by_canonical_id(s3, other, open_bucket):
    theirs, their_id = other
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"k", GrantRead=f'id="{their_id}"')
    assert theirs.get_object(Bucket=open_bucket, Key="k")["Body"].read() == b"k"
    grants = s3.get_object_acl(Bucket=open_bucket, Key="k")["Grants"]
    assert [(g["Grantee"]["ID"], g["Permission"]) for g in grants] == [(their_id, "READ")]
    assert error_of(theirs.put_object_acl, Bucket=open_bucket, Key="k", ACL="private") == (
        "AccessDenied",
        403,
    )


def test_list_is_read_and_written_as_xml(s3, other, open_bucket):
    theirs, their_id = other
    acl = s3.get_bucket_acl(Bucket=open_bucket)
    grants = [
        *acl["Grants"],
        {"Grantee": {"Type": "Group", "URI": ALL_USERS}, "Permission": "READ"},
        {"Grantee": {"Type": "CanonicalUser", "ID": their_id}, "Permission": "READ_ACP"},
    ]
    policy = {"Owner": acl["Owner"], "Grants": grants}
    s3.put_bucket_acl(Bucket=open_bucket, AccessControlPolicy=policy)
    assert len(theirs.get_bucket_acl(Bucket=open_bucket)["Grants"]) == 3
    assert s3.get_bucket_policy_status(Bucket=open_bucket)["PolicyStatus"]["IsPublic"]
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert error_of(
        s3.put_bucket_ownership_controls, Bucket=open_bucket, OwnershipControls=rules
    ) == ("InvalidBucketAclWithObjectOwnership", 400)


def test_anonymous_read_what_is_public_and_nothing_else(volano, s3, open_bucket):
    s3.put_object(Bucket=open_bucket, Key="open", Body=b"o", ACL="public-read")
    s3.put_object(Bucket=open_bucket, Key="shut", Body=b"s")
    assert fetch(volano, "GET", f"/{open_bucket}/open")[::2] == (200, b"o")
    status, _, text = fetch(volano, "GET", f"/{open_bucket}/shut")
    assert (status, b"<Code>AccessDenied</Code>" in text) == (403, True)
    assert fetch(volano, "GET", f"/{open_bucket}/missing")[0] == 403
    status, _, text = fetch(volano, "GET", f"/{open_bucket}/open?response-content-type=a/b")
    assert (status, b"<Code>InvalidRequest</Code>" in text) == (400, True)
    assert fetch(volano, "PUT", f"/{open_bucket}/new", b"x")[0] == 403


def test_block_of_the_account_is_set_through_s3_control(volano, s3, open_bucket):
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read")
    assert fetch(volano, "GET", f"/{open_bucket}")[0] == 200
    account = volano.client("sts").get_caller_identity()["Account"]
    block = "<IgnorePublicAcls>true</IgnorePublicAcls>"
    assert control(volano, account, "PUT", block)[0] in (200, 201)
    assert fetch(volano, "GET", f"/{open_bucket}")[0] == 403
    assert b"<IgnorePublicAcls>true" in control(volano, account, "GET")[1]
    assert control(volano, account, "DELETE")[0] == 204
    assert fetch(volano, "GET", f"/{open_bucket}")[0] == 200
    assert control(volano, account, "GET")[0] == 404


def control(volano, account: str, method: str, members: str = "") -> tuple[int, bytes]:
    """S3 Control with a stock signature; boto3 would need a name for each account's host."""
    name = "PublicAccessBlockConfiguration"
    space = "http://awss3control.amazonaws.com/doc/2018-08-20/"
    body = f'<{name} xmlns="{space}">{members}</{name}>' if members else ""
    url = f"{volano.aws_url}/v20180820/configuration/publicAccessBlock"
    request = AWSRequest(method, url, data=body, headers={"x-amz-account-id": account})
    keys = volano.credentials
    credentials = Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
    S3SigV4Auth(credentials, "s3", keys["AWS_DEFAULT_REGION"]).add_auth(request)
    status, _, text = fetch(
        volano, method, urlsplit(url).path, body.encode(), **dict(request.headers.items())
    )
    return status, text


CORS = {
    "CORSRules": [
        {
            "AllowedMethods": ["GET", "PUT"],
            "AllowedOrigins": ["https://*.example.com"],
            "AllowedHeaders": ["x-amz-*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 600,
        }
    ]
}


def test_preflight_tells_what_a_page_may_send(volano, s3, open_bucket):
    path = f"/{open_bucket}/k"
    ask = {"Origin": "https://a.example.com", "Access_Control_Request_Method": "PUT"}
    assert fetch(volano, "OPTIONS", path, **ask)[0] == 403
    s3.put_bucket_cors(Bucket=open_bucket, CORSConfiguration=CORS)
    status, headers, text = fetch(
        volano, "OPTIONS", path, **ask, Access_Control_Request_Headers="X-Amz-Acl"
    )
    assert (status, text) == (200, b"")
    assert headers["access-control-allow-origin"] == "https://a.example.com"
    assert headers["access-control-allow-methods"] == "GET, PUT"
    assert headers["access-control-allow-headers"] == "x-amz-acl"
    assert headers["access-control-max-age"] == "600"
    assert headers["access-control-allow-credentials"] == "true"
    assert "Origin" in headers["vary"]
    refused = ask | {"Origin": "https://evil.org"}
    status, headers, text = fetch(volano, "OPTIONS", path, **refused)
    assert (status, "access-control-allow-origin" in headers) == (403, False)
    assert b"<Code>AccessForbidden</Code>" in text
    assert fetch(volano, "OPTIONS", path, Origin="https://a.example.com")[0] == 400


def test_answers_tell_pages_whether_they_may_read_also_refusals(volano, s3, open_bucket):
    s3.put_bucket_cors(Bucket=open_bucket, CORSConfiguration=CORS)
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"k", ACL="public-read")
    page = {"Origin": "https://a.example.com"}
    for key, status in (("k", 200), ("shut", 403)):
        got, headers, _ = fetch(volano, "GET", f"/{open_bucket}/{key}", **page)
        assert got == status
        assert headers["access-control-allow-origin"] == "https://a.example.com"
        assert headers["access-control-expose-headers"] == "ETag"
    _, headers, _ = fetch(volano, "GET", f"/{open_bucket}/k", Origin="https://evil.org")
    assert "access-control-allow-origin" not in headers


def to_form(post: dict, data: bytes, **more: str) -> tuple[bytes, str]:
    boundary = uuid.uuid4().hex
    lines = []
    for name, value in {**post["fields"], **more}.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        lines.append(f"{head}{value}\r\n".encode())
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n'
    lines.append(head.encode() + data + f"\r\n--{boundary}--\r\n".encode())
    return b"".join(lines), f"multipart/form-data; boundary={boundary}"


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_boto3s_upload_form_is_taken(volano, open_bucket, version):
    config = Config(signature_version=version, s3={"addressing_style": "path"})
    s3 = volano.client("s3", config=config)
    conditions = [
        ["content-length-range", 1, 2_000_000],
        ["starts-with", "$Content-Type", "text/"],
        {"x-amz-meta-by": "form"},
    ]
    post = s3.generate_presigned_post(
        open_bucket, "up/${filename}", {"x-amz-meta-by": "form"}, conditions
    )
    data = b"form " * 200_000
    body, media = to_form(post, data, **{"Content-Type": "text/plain"})
    status, headers, _ = fetch(volano, "POST", f"/{open_bucket}", body, Content_Type=media)
    assert status == 204
    found = s3.get_object(Bucket=open_bucket, Key="up/f.txt")
    assert found["ETag"] == headers["etag"]
    assert (found["ContentType"], found["Metadata"]) == ("text/plain", {"by": "form"})
    assert found["Body"].read() == data
    for changed, wanted in (
        ({"Content-Type": "image/png"}, b"Policy Condition failed"),
        ({"Content-Type": "text/plain", "acl": "public-read"}, b"Extra input fields: acl"),
    ):
        body, media = to_form(post, b"x", **changed)
        status, _, text = fetch(volano, "POST", f"/{open_bucket}", body, Content_Type=media)
        assert (status, wanted in text) == (403, True)


def test_form_may_hold_any_text(volano, s3, open_bucket):
    named = 'attachment; filename="€ ü.txt"'
    fields = {"Content-Disposition": named, "x-amz-meta-by": "Zoë €"}
    conditions = [{name: value} for name, value in fields.items()]
    body, media = to_form(s3.generate_presigned_post(open_bucket, "€", fields, conditions), b"x")
    assert fetch(volano, "POST", f"/{open_bucket}", body, Content_Type=media)[0] == 204
    found = s3.head_object(Bucket=open_bucket, Key="€")
    assert found["Metadata"] == {"by": "=?UTF-8?Q?Zo=C3=AB_=E2=82=AC?="}
    assert found["ContentDisposition"].encode("latin-1").decode() == named
    s3.put_object(Bucket=open_bucket, Key="again", Metadata=found["Metadata"])
    s3.put_object(Bucket=open_bucket, Key="again", Metadata=found["Metadata"] | {"a": "b"})
    again = s3.get_object(Bucket=open_bucket, Key="again")["Metadata"]
    assert again == found["Metadata"] | {"a": "b"}


def test_form_of_many_megabytes_over_its_limit_leaves_nothing(volano, s3, open_bucket):
    post = s3.generate_presigned_post(open_bucket, "big", {}, [["content-length-range", 0, 100]])
    body, media = to_form(post, b"x" * 3_000_000)
    status, _, text = fetch(volano, "POST", f"/{open_bucket}", body, Content_Type=media)
    assert (status, b"<Code>EntityTooLarge</Code>" in text) == (400, True)
    assert error_of(s3.head_object, Bucket=open_bucket, Key="big") == ("404", 404)


def test_website_has_a_host_of_its_own(volano, s3, open_bucket):
    host = f"{open_bucket}.s3-website.localhost:{volano.aws_port}"
    status, _, text = fetch(volano, "GET", "/", Host=host)
    assert (status, b"NoSuchWebsiteConfiguration" in text) == (404, True)
    website = {
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "error.html"},
        "RoutingRules": [
            {
                "Condition": {"KeyPrefixEquals": "old/"},
                "Redirect": {"ReplaceKeyPrefixWith": "docs/", "HttpRedirectCode": "302"},
            }
        ],
    }
    s3.put_bucket_website(Bucket=open_bucket, WebsiteConfiguration=website)
    assert s3.get_bucket_website(Bucket=open_bucket)["RoutingRules"] == website["RoutingRules"]
    for key in ("index.html", "docs/index.html", "error.html"):
        s3.put_object(
            Bucket=open_bucket,
            Key=key,
            Body=key.encode(),
            ContentType="text/html",
            ACL="public-read",
        )
    s3.put_object(Bucket=open_bucket, Key="shut", Body=b"secret")
    assert fetch(volano, "GET", "/", Host=host)[2] == b"index.html"
    assert fetch(volano, "GET", "/docs/", Host=host)[2] == b"docs/index.html"
    status, headers, _ = fetch(volano, "GET", "/docs", Host=host)
    assert (status, headers["location"]) == (302, "/docs/")
    status, headers, _ = fetch(volano, "GET", "/old/a", Host=host)
    assert (status, headers["location"]) == (302, f"http://{host}/docs/a")
    for path in ("/shut", "/missing"):
        status, _, text = fetch(volano, "GET", path, Host=host)
        assert (status, text) == (403, b"error.html")
    assert fetch(volano, "HEAD", "/", Host=host)[::2] == (200, b"")
    assert fetch(volano, "POST", "/", b"", Host=host)[0] == 405


def test_a_page_of_a_bucket_is_nobodys_on_the_consoles_host(volano, s3, open_bucket):
    """Browsers share cookies between ports; three times, since the lane learns its answers."""
    for key, kind in (("page", "text/html"), ("drawing", "image/svg+xml"), ("odd", "x")):
        s3.put_object(Bucket=open_bucket, Key=key, Body=b"<b>", ContentType=kind, ACL="public-read")
        for _ in range(3):
            headers = fetch(volano, "GET", f"/{open_bucket}/{key}")[1]
            assert headers["content-security-policy"].startswith("sandbox"), kind
            assert "same-origin" not in headers["content-security-policy"]
    s3.put_object(
        Bucket=open_bucket, Key="text", Body=b"<b>", ContentType="text/plain", ACL="public-read"
    )
    for _ in range(3):
        assert "content-security-policy" not in fetch(volano, "GET", f"/{open_bucket}/text")[1]
    website = {"IndexDocument": {"Suffix": "page"}}
    s3.put_bucket_website(Bucket=open_bucket, WebsiteConfiguration=website)
    host = f"{open_bucket}.s3-website.localhost:{volano.aws_port}"
    status, headers, _ = fetch(volano, "GET", "/", Host=host)
    assert (status, "content-security-policy" in headers) == (200, False)


def test_access_log_arrives_in_its_bucket(volano, s3, open_bucket):
    target = f"{open_bucket}-log"
    s3.create_bucket(
        Bucket=target, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )
    status = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "l/"}}
    assert error_of(s3.put_bucket_logging, Bucket=open_bucket, BucketLoggingStatus=status) == (
        "InvalidTargetBucketForLogging",
        400,
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{target}/l/*",
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{open_bucket}"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=target, Policy=policy)
    s3.put_bucket_logging(Bucket=open_bucket, BucketLoggingStatus=status)
    s3.put_object(Bucket=open_bucket, Key="a b", Body=b"12345")
    fetch(volano, "GET", f"/{open_bucket}/none", Referer='https://a.example/"x')
    lines = wait_for_log(s3, target, 2)
    by_operation = {line.split()[7]: line for line in lines}
    put = by_operation["REST.PUT.OBJECT"].split()
    assert put[1] == open_bucket
    assert put[8] == "a%20b"
    assert " 200 - " in by_operation["REST.PUT.OBJECT"]
    refused = by_operation["REST.GET.OBJECT"]
    assert " 403 AccessDenied " in refused
    assert '"https://a.example/%22x"' in refused


def wait_for_log(s3, bucket: str, count: int) -> list[str]:
    """The lines of all log objects, once there are so many of objects."""
    deadline = time.monotonic() + DELIVERY_TIMEOUT_S
    while True:
        lines: list[str] = []
        for item in s3.list_objects_v2(Bucket=bucket, Prefix="l/").get("Contents", []):
            text = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
            lines += [line for line in text.splitlines() if ".OBJECT " in line]
        if len(lines) >= count:
            return lines
        assert time.monotonic() < deadline, lines
        time.sleep(0.5)


def test_presigned_link_does_only_what_was_signed(volano, s3, open_bucket):
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"k")
    named = {"Bucket": open_bucket, "Key": "k", "ResponseContentType": "text/x"}
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    link = volano.client("s3", config=config).generate_presigned_url("get_object", named)
    path = link.partition(str(volano.aws_port))[2]
    status, headers, text = fetch(volano, "GET", path)
    assert (status, headers["content-type"], text) == (200, "text/x", b"k")
    assert fetch(volano, "GET", path.replace("text%2Fx", "text%2Fy"))[0] == 403
    assert fetch(volano, "PUT", path, b"")[0] == 403
    assert fetch(volano, "GET", path + "&extra=1")[0] == 403


def test_old_programs_sign_by_version_2(volano, s3, open_bucket):
    config = Config(signature_version="s3", s3={"addressing_style": "path"})
    old = volano.client("s3", config=config)
    old.put_object(Bucket=open_bucket, Key="a b/ü", Body=b"old", Metadata={"m": "v"})
    assert old.get_object(Bucket=open_bucket, Key="a b/ü")["Body"].read() == b"old"
    assert [o["Key"] for o in old.list_objects(Bucket=open_bucket)["Contents"]] == ["a b/ü"]
    assert len(old.get_bucket_acl(Bucket=open_bucket)["Grants"]) == 1
    named = {"Bucket": open_bucket, "Key": "a b/ü", "ResponseContentDisposition": "inline; ü"}
    path = old.generate_presigned_url("get_object", named).partition(str(volano.aws_port))[2]
    assert fetch(volano, "GET", path)[::2] == (200, b"old")
    wrong = volano.client("s3", config=config, aws_secret_access_key="wrong")
    assert error_of(wrong.list_objects, Bucket=open_bucket) == ("SignatureDoesNotMatch", 403)


def test_policy_may_refuse_links_that_are_old(volano, s3, open_bucket):
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"k")
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    named = {"Bucket": open_bucket, "Key": "k"}
    link = volano.client("s3", config=config).generate_presigned_url("get_object", named)
    path = link.partition(str(volano.aws_port))[2]
    for limit_ms, status in ((3_600_000, 200), (-1, 403)):
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{open_bucket}/*",
            "Condition": {"NumericGreaterThan": {"s3:signatureAge": limit_ms}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        s3.put_bucket_policy(Bucket=open_bucket, Policy=policy)
        assert fetch(volano, "GET", path)[0] == status
    assert s3.get_object(Bucket=open_bucket, Key="k")["Body"].read() == b"k"


def test_requester_is_told_that_he_pays(s3, other, open_bucket):
    theirs, their_id = other
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"k", GrantRead=f'id="{their_id}"')
    paid = {"Payer": "Requester"}
    s3.put_bucket_request_payment(Bucket=open_bucket, RequestPaymentConfiguration=paid)
    assert error_of(theirs.get_object, Bucket=open_bucket, Key="k") == ("AccessDenied", 403)
    got = theirs.get_object(Bucket=open_bucket, Key="k", RequestPayer="requester")
    assert got["RequestCharged"] == "requester"
    assert "RequestCharged" not in s3.get_object(Bucket=open_bucket, Key="k")
