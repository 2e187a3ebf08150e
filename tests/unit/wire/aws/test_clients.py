"""Unmodified boto3 against the AWS door, over HTTP and HTTPS, in all six protocols."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import socket
import ssl
import threading
import urllib.request
import zlib
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from volano.kernel.errors import Conflict, Denied, NotFound, PreconditionFailed, Throttled
from volano.wire import action as registry
from volano.wire.action import SIGNED_IN, action
from volano.wire.aws.gateway import handle
from volano.wire.http import request_of, send_response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from volano.kernel.call import Call, Env

NOW = dt.datetime(2026, 11, 22, 6, 41, 18, tzinfo=dt.UTC)
SEEN: dict[str, Any] = {}
OBJECTS: dict[str, bytes] = {}
SESSION = boto3.session.Session()


def register_actions() -> None:
    """Small handlers under real names; they record what they were given."""

    def act(name: str, **more: Any) -> Any:
        return action(name, permission=name, resource="*", **more)

    @act("s3:PutObject")
    async def put_object(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        body = b"".join([chunk async for chunk in request["Body"]])
        OBJECTS[request["Key"]] = body
        SEEN["put"] = {
            **request,
            "trailers": request["Body"].trailers,
            "length": request["Body"].length,
        }
        return {"ETag": f'"{hashlib.md5(body).hexdigest()}"'}

    @act("s3:GetObject")
    async def get_object(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        if request["Key"] not in OBJECTS:
            raise NotFound(
                "The specified key does not exist.",
                code="NoSuchKey",
                fields={"Key": request["Key"]},
            )
        SEEN["get"] = request
        body = OBJECTS[request["Key"]]
        result = {
            "Body": body,
            "ContentLength": len(body),
            "LastModified": NOW,
            "Metadata": {"tone": "héllo"},
        }
        if "Range" in request:
            result |= {
                "ContentRange": f"bytes 0-1/{len(body)}",
                "Body": body[:2],
                "ContentLength": 2,
            }
        return result

    @act("s3:HeadObject")
    async def head_object(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        if request["Key"] == "changed":
            raise PreconditionFailed("Not Modified", code="NotModified", status=304)
        if request["Key"] not in OBJECTS:
            raise NotFound(
                "The specified key does not exist.",
                code="NoSuchKey",
                fields={"header:x-amz-delete-marker": "true"},
            )
        return {"ContentLength": len(OBJECTS[request["Key"]]), "LastModified": NOW}

    @act("s3:DeleteObjects")
    async def delete_objects(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {"Deleted": [{"Key": item["Key"]} for item in request["Delete"]["Objects"]]}

    @act("s3:ListBuckets")
    async def list_buckets(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {"Buckets": [{"Name": "b", "CreationDate": NOW}], "Owner": {"ID": call.account}}

    @act("s3:GetBucketLocation")
    async def location(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {"LocationConstraint": "eu-home-1"}

    @act("s3:GetBucketAcl")
    async def acl(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        grantee = {"Type": "CanonicalUser", "ID": call.account}
        return {
            "Owner": {"ID": call.account},
            "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}],
        }

    @act("ec2:DescribeInstances")
    async def describe(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        SEEN["describe"] = request
        return {
            "Reservations": [{"Instances": [{"InstanceId": "i-1", "LaunchTime": NOW, "Tags": []}]}]
        }

    @act("ec2:TerminateInstances")
    async def terminate(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        raise Denied("You are not authorized to perform this operation.")

    @act("iam:CreateUser")
    async def create_user(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        if request["UserName"] == "taken":
            raise Conflict("User with name taken already exists.", code="EntityAlreadyExists")
        return {
            "User": {
                "UserName": request["UserName"],
                "Path": "/",
                "UserId": "U",
                "Arn": "arn:aws:iam::1:user/x",
                "CreateDate": NOW,
            }
        }

    @action("sts:GetCallerIdentity", permission=SIGNED_IN, resource="*")
    async def identity(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {"Account": call.account, "Arn": call.principal.arn, "UserId": call.principal.id}

    @act("kms:Encrypt")
    async def encrypt(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        if request["KeyId"] == "busy":
            raise Throttled("Slow down.", retry_after_s=2)
        return {"CiphertextBlob": request["Plaintext"][::-1], "KeyId": request["KeyId"]}

    @act("sqs:SendMessage")
    async def send(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        raise NotFound("The specified queue does not exist.", code="QueueDoesNotExist")

    @act("lambda:GetFunction")
    async def get_function(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {"Configuration": {"FunctionName": request["FunctionName"], "Timeout": 3}}

    @act("cloudwatch:GetMetricStatistics")
    async def statistics(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        SEEN["statistics"] = request
        return {"Label": request["MetricName"], "Datapoints": [{"Timestamp": NOW, "Sum": 1.5}]}


class Door:
    """The AWS door on a free port, plain or with TLS."""

    def __init__(self, env: Env, certificate: Path | None = None, key: Path | None = None) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            request = request_of(scope, receive)
            await send_response(
                await handle(env, request), receive, send, head=request.method == "HEAD"
            )

        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.certificate = certificate
        self._server = uvicorn.Server(
            uvicorn.Config(
                app, lifespan="off", log_level="error", ssl_certfile=certificate, ssl_keyfile=key
            )
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
        self._thread.start()
        self._listener = listener

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def client(self, name: str, **more: Any) -> Any:
        settings = {"retries": {"max_attempts": 0}, **more.pop("config", {})}
        given = {
            "aws_access_key_id": "AKIAVOLANOEXAMPLE001",
            "aws_secret_access_key": "volano/secret+example/key",
            "region_name": "eu-home-1",
            **more,
        }
        scheme = "https" if self.certificate else "http"
        verify = str(self.certificate) if self.certificate else None
        return SESSION.client(
            name,
            endpoint_url=f"{scheme}://localhost:{self.port}",
            config=Config(**settings),
            verify=verify,
            **given,
        )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.DNSName("*.localhost")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    assert ssl.create_default_context(cafile=folder / "cert.pem")
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def doors(certificate: tuple[Path, Path], aws_env: Env) -> Iterator[dict[str, Door]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_ACTIONS", {})
        register_actions()
        made = {"http": Door(aws_env), "https": Door(aws_env, *certificate)}
        yield made
        for door in made.values():
            door.stop()


@pytest.fixture
def door(doors: dict[str, Door]) -> Door:
    OBJECTS.clear()
    SEEN.clear()
    return doors["http"]


def refused(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response: dict[str, Any] = caught.value.response
    assert response["ResponseMetadata"]["RequestId"]
    return {**response["Error"], "status": response["ResponseMetadata"]["HTTPStatusCode"]}


KEYS = [
    "plain",
    "a//b",
    "trailing/",
    "/leading",
    "sp ace+plus%2F",
    "ünï☃",
    "a&b<c>\"'",
    "..",
    "q?x=1#f",
    "~*()!",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_s3_keys_arrive_as_they_are(
    door: Door, key: str, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more)
    )
    s3 = door.client("s3", config={"s3": {"addressing_style": style}})
    s3.put_object(Bucket="some-bucket", Key=key, Body=b"hello", Metadata={"a": "b"})
    assert SEEN["put"]["Bucket"] == "some-bucket"
    assert SEEN["put"]["Key"] == key
    assert SEEN["put"]["Metadata"] == {"a": "b"}
    assert s3.get_object(Bucket="some-bucket", Key=key)["Body"].read() == b"hello"


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("size", [0, 10, 3 * 1024 * 1024 + 7])
def test_put_object_with_every_checksum(
    doors: dict[str, Door], scheme: str, algorithm: str, size: int
) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    s3 = doors[scheme].client("s3")
    s3.put_object(
        Bucket="bkt", Key=algorithm, Body=body, ChecksumAlgorithm=algorithm, ContentEncoding="gzip"
    )
    assert OBJECTS[algorithm] == body
    seen = SEEN["put"]
    assert seen["length"] == size
    assert seen["ContentEncoding"].rstrip(",") == "gzip"
    name = f"x-amz-checksum-{algorithm.lower()}"
    found = seen["trailers"].get(name) or seen[f"Checksum{algorithm}"]
    if algorithm == "CRC32":
        assert base64.b64decode(found) == zlib.crc32(body).to_bytes(4, "big")
    if scheme == "https":
        assert name in seen["trailers"]


def test_a_stream_without_a_known_checksum_is_signed_by_chunks_over_http(door: Door) -> None:
    s3 = door.client("s3", config={"request_checksum_calculation": "when_required"})
    s3.put_object(Bucket="bkt", Key="k", Body=b"z" * 100_000)
    assert OBJECTS["k"] == b"z" * 100_000


def test_get_object_range_metadata_and_errors(door: Door) -> None:
    s3 = door.client("s3")
    OBJECTS["k"] = b"hello"
    answer = s3.get_object(Bucket="bkt", Key="k", Range="bytes=0-1")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["Body"].read() == b"he"
    assert answer["LastModified"] == NOW
    error = refused(s3.get_object, Bucket="bkt", Key="absent")
    assert (error["Code"], error["Key"], error["status"]) == ("NoSuchKey", "absent", 404)
    error = refused(s3.head_object, Bucket="bkt", Key="absent")
    assert (error["Code"], error["status"]) == ("404", 404)
    assert refused(s3.head_object, Bucket="bkt", Key="changed")["status"] == 304
    assert s3.head_object(Bucket="bkt", Key="k")["ContentLength"] == 5


def test_presigned_urls_work_and_expire(door: Door) -> None:
    OBJECTS["k e y"] = b"hello"
    s3 = door.client("s3", config={"signature_version": "s3v4"})
    url = s3.generate_presigned_url(
        "get_object", {"Bucket": "bkt", "Key": "k e y", "ResponseContentType": "text/x"}, 60
    )
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello"
    assert SEEN["get"]["ResponseContentType"] == "text/x"


def test_s3_answers_of_special_shape(door: Door) -> None:
    s3 = door.client("s3")
    assert s3.get_bucket_location(Bucket="bkt")["LocationConstraint"] == "eu-home-1"
    assert s3.list_buckets()["Buckets"] == [{"Name": "b", "CreationDate": NOW}]
    assert s3.get_bucket_acl(Bucket="bkt")["Grants"][0]["Grantee"]["Type"] == "CanonicalUser"
    keys = ["a&b", "ü", "new\nline"]
    deleted = s3.delete_objects(Bucket="bkt", Delete={"Objects": [{"Key": key} for key in keys]})
    assert [item["Key"] for item in deleted["Deleted"]] == keys


def test_modelled_but_unbuilt_operations_say_so_in_each_protocol(door: Door) -> None:
    cases = {
        "s3": ("get_bucket_website", {"Bucket": "bkt"}, "NotImplemented"),
        "ec2": ("describe_hosts", {}, "NotImplemented"),
        "iam": ("list_users", {}, "NotImplemented"),
        "kms": ("list_keys", {}, "NotImplementedException"),
        "lambda": ("list_functions", {}, "NotImplementedException"),
        "cloudwatch": ("list_metrics", {}, "NotImplementedException"),
        "route53": ("list_hosted_zones", {}, "NotImplemented"),
        "dynamodb": ("list_tables", {}, "NotImplementedException"),
    }
    for service, (method, arguments, code) in cases.items():
        error = refused(getattr(door.client(service), method), **arguments)
        assert (error["Code"], error["status"]) == (code, 501), service


def test_ec2_reads_filters_and_writes_reservations(door: Door) -> None:
    ec2 = door.client("ec2")
    answer = ec2.describe_instances(
        InstanceIds=["i-1"], Filters=[{"Name": "tag:Name", "Values": ["a b", "ü"]}]
    )
    assert SEEN["describe"] == {
        "InstanceIds": ["i-1"],
        "Filters": [{"Name": "tag:Name", "Values": ["a b", "ü"]}],
    }
    assert answer["Reservations"][0]["Instances"] == [
        {"InstanceId": "i-1", "LaunchTime": NOW, "Tags": []}
    ]
    error = refused(ec2.terminate_instances, InstanceIds=["i-1"])
    assert (error["Code"], error["status"]) == ("UnauthorizedOperation", 403)


def test_query_and_json_services(door: Door) -> None:
    iam = door.client("iam")
    assert iam.create_user(UserName="bob")["User"]["CreateDate"] == NOW
    assert refused(iam.create_user, UserName="taken")["Code"] == "EntityAlreadyExists"
    error = refused(iam.create_user, UserName="b ob")
    assert error["Code"] == "ValidationError"
    assert "Member must satisfy regular expression pattern" in error["Message"]
    sts = door.client("sts").get_caller_identity()
    assert sts["Arn"].endswith("user/anna")
    kms = door.client("kms")
    assert kms.encrypt(KeyId="k", Plaintext=b"abc")["CiphertextBlob"] == b"cba"
    assert refused(kms.encrypt, KeyId="busy", Plaintext=b"a")["Code"] == "ThrottlingException"
    function = door.client("lambda").get_function(FunctionName="f")["Configuration"]
    assert function == {"FunctionName": "f", "Timeout": 3}
    sqs = door.client("sqs")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as caught:
        sqs.send_message(QueueUrl="http://q/1", MessageBody="x")
    assert caught.value.response["Error"]["QueryErrorCode"] == "QueueDoesNotExist"


def test_cbor_service(door: Door) -> None:
    cloudwatch = door.client("cloudwatch")
    answer = cloudwatch.get_metric_statistics(
        Namespace="n", MetricName="m", StartTime=NOW, EndTime=NOW, Period=60, Statistics=["Sum"]
    )
    assert SEEN["statistics"]["StartTime"] == NOW
    assert answer["Datapoints"] == [{"Timestamp": NOW, "Sum": 1.5}]


CREDENTIAL_ERRORS = [
    ({"aws_access_key_id": "AKIANOBODY"}, "s3", "list_buckets", "InvalidAccessKeyId"),
    ({"aws_access_key_id": "AKIANOBODY"}, "iam", "list_users", "InvalidClientTokenId"),
    ({"aws_access_key_id": "AKIANOBODY"}, "ec2", "describe_instances", "AuthFailure"),
    ({"aws_access_key_id": "AKIANOBODY"}, "kms", "list_keys", "UnrecognizedClientException"),
    (
        {"aws_access_key_id": "AKIANOBODY"},
        "cloudwatch",
        "list_metrics",
        "UnrecognizedClientException",
    ),
    ({"aws_secret_access_key": "wrong"}, "s3", "list_buckets", "SignatureDoesNotMatch"),
    ({"aws_secret_access_key": "wrong"}, "iam", "list_users", "SignatureDoesNotMatch"),
    ({"aws_secret_access_key": "wrong"}, "ec2", "describe_instances", "AuthFailure"),
    ({"aws_secret_access_key": "wrong"}, "kms", "list_keys", "InvalidSignatureException"),
    ({"aws_secret_access_key": "wrong"}, "lambda", "list_functions", "InvalidSignatureException"),
    ({"region_name": "eu-west-9"}, "s3", "list_buckets", "AuthorizationHeaderMalformed"),
    (
        {"aws_access_key_id": "ASIAVOLANOEXAMPLE001", "aws_session_token": "wrong"},
        "s3",
        "list_buckets",
        "InvalidToken",
    ),
    (
        {
            "aws_access_key_id": "ASIAVOLANOEXAMPLE002",
            "aws_session_token": "session/token+of=example",
        },
        "s3",
        "list_buckets",
        "ExpiredToken",
    ),
    (
        {
            "aws_access_key_id": "ASIAVOLANOEXAMPLE002",
            "aws_session_token": "session/token+of=example",
        },
        "kms",
        "list_keys",
        "ExpiredTokenException",
    ),
]


@pytest.mark.parametrize(("given", "service", "method", "code"), CREDENTIAL_ERRORS)
def test_bad_credentials_are_told_in_the_services_words(
    door: Door, given: dict[str, str], service: str, method: str, code: str
) -> None:
    assert refused(getattr(door.client(service, **given), method))["Code"] == code


def test_session_credentials_and_the_default_region_are_taken(door: Door) -> None:
    session = {
        "aws_access_key_id": "ASIAVOLANOEXAMPLE001",
        "aws_session_token": "session/token+of=example",
        "region_name": "us-east-1",
    }
    assert door.client("s3", **session).list_buckets()["Buckets"]
    assert door.client("sts", **session).get_caller_identity()["Account"] == "123456789012"
