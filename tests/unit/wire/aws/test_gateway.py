"""Raw requests that no client library would send: each gets the protocol's own refusal."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volano.kernel.errors import Invalid
from volano.wire.action import PUBLIC, action
from volano.wire.aws import cbor, s3_edges
from volano.wire.aws.gateway import handle
from volano.wire.http import Request, Response, body_of

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.wire.action import Action

Handled = dict[str, Any]
BOMB = b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><Tagging><TagSet>&c;</TagSet></Tagging>'
XXE = (
    b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Tagging><TagSet>&a;</TagSet></Tagging>'
)
TAGGING = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"


@pytest.fixture
def seen(actions: dict[str, Action]) -> list[Handled]:
    """What public test actions were given; nothing when a request was refused before."""
    got: list[Handled] = []
    names = [
        "s3:PutBucketTagging",
        "s3:GetObject",
        "s3:ListObjectsV2",
        "s3:ListObjects",
        "s3:PutObjectAcl",
        "ec2:DescribeInstances",
        "ec2:TerminateInstances",
        "iam:CreateUser",
        "sts:AssumeRoleWithWebIdentity",
        "kms:Encrypt",
        "lambda:CreateFunction",
        "cloudwatch:PutMetricData",
        "dynamodb:PutItem",
    ]
    for name in names:

        @action(name, permission=PUBLIC, resource="*")
        async def record(env: Env, call: Call, request: Handled) -> Handled:
            got.append(request)
            return {}

    @action("s3:HeadObject", permission=PUBLIC, resource="*")
    async def head(env: Env, call: Call, request: Handled) -> Handled:
        raise ZeroDivisionError

    @action("s3:GetBucketTagging", permission=PUBLIC, resource="*")
    async def misspelt(env: Env, call: Call, request: Handled) -> Handled:
        return {"TagSett": []}

    return got


async def send(env: Env, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
    raw_path, _, raw_query = path.partition("?")
    names = {"host": "localhost", "content-length": str(len(body))}
    names |= {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(
        method=method,
        raw_path=raw_path,
        raw_query=raw_query,
        headers=names,
        header_list=list(names.items()),
        body=body_of(body),
    )
    return await handle(env, request)


def text(response: Response) -> str:
    return cast("bytes", response.body).decode()


BAD_XML = {
    "entity bomb": BOMB,
    "external entity": XXE,
    "not xml": b"hello",
    "cut": TAGGING[:-5],
    "other root": TAGGING.replace(b"Tagging", b"Cors"),
    "missing member": b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>",
    "utf-16": TAGGING.decode().encode("utf-16"),
    "deep": b"<a>" * 20_000,
    "bad utf-8": TAGGING.replace(b">a<", b">\xff<"),
    "control character": TAGGING.replace(b">a<", b">\x01<"),
    "undeclared entity": TAGGING.replace(b">a<", b">&nbsp;<"),
}


@pytest.mark.parametrize("name", BAD_XML)
async def test_bad_xml_is_malformed_and_reaches_no_handler(
    env: Env, seen: list[Handled], name: str
) -> None:
    body = BAD_XML[name]
    response = await send(env, "PUT", "/bkt?tagging", body, content_md5=md5(body))
    assert response.status == 400
    assert "<Code>MalformedXML</Code>" in text(response)
    assert seen == []


def md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()


async def test_xml_bodies_have_a_limit_and_need_a_checksum(env: Env, seen: list[Handled]) -> None:
    big = await send(env, "PUT", "/bkt?tagging", b"x" * (4 * 1024 * 1024 + 1))
    assert "<Code>EntityTooLarge</Code>" in text(big)
    assert big.header("connection") == "close"
    bare = await send(env, "PUT", "/bkt?tagging", TAGGING)
    assert "Missing required header for this request: Content-MD5" in text(bare)
    wrong = await send(env, "PUT", "/bkt?tagging", TAGGING, content_md5=md5(b"other"))
    assert "<Code>BadDigest</Code>" in text(wrong)
    odd = await send(env, "PUT", "/bkt?tagging", TAGGING, content_md5="abc")
    assert "<Code>InvalidDigest</Code>" in text(odd)
    crc = await send(env, "PUT", "/bkt?tagging", TAGGING, x_amz_checksum_crc32="AAAAAA==")
    assert "<Code>BadDigest</Code>" in text(crc)
    assert seen == []
    right = await send(env, "PUT", "/bkt?tagging", TAGGING, content_md5=md5(TAGGING))
    assert right.status == 200
    assert seen == [
        {
            "Bucket": "bkt",
            "ContentMD5": md5(TAGGING),
            "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]},
        }
    ]


async def test_a_missing_body_is_told(env: Env, seen: list[Handled]) -> None:
    response = await send(env, "PUT", "/bkt?tagging", b"", content_md5=md5(b""))
    assert "<Code>MissingRequestBodyError</Code>" in text(response)
    assert seen == []


async def test_values_of_a_wrong_type_are_invalid(env: Env, seen: list[Handled]) -> None:
    number = await send(env, "GET", "/bkt?list-type=2&max-keys=many")
    assert "<Code>InvalidArgument</Code>" in text(number)
    date = await send(env, "GET", "/bkt/k?response-expires=someday")
    assert date.status == 400
    path = await send(env, "GET", "/bkt/%ff%fe")
    assert "<Code>InvalidURI</Code>" in text(path)
    boolean = await send(env, "POST", "/?Action=DescribeInstances&Version=2016-11-15&DryRun=maybe")
    assert "<Code>InvalidParameterValue</Code>" in text(boolean)
    index = await send(
        env, "POST", "/?Action=DescribeInstances&Version=2016-11-15&InstanceId.x.y=i"
    )
    assert index.status == 400
    assert seen == []


async def test_queries_that_cannot_be_read(env: Env, seen: list[Handled]) -> None:
    form = "application/x-www-form-urlencoded"
    cases = {
        b"Action=Nonsense&Version=2016-11-15": "InvalidAction",
        b"Version=2016-11-15": "InvalidAction",
        b"": "InvalidAction",
        b"Action=TerminateInstances&Version=2016-11-15": "InvalidParameterCombination",
        b"Action=DescribeInstances&Version=2016-11-15&X=%ff": "MalformedQueryString",
        b"Action=CreateUser&Version=2010-05-08": "ValidationError",
        b"Action=DescribeInstances&Version=2016-11-15&"
        + b"a.b" * 30
        + b"=1": "MalformedQueryString",
        b"&".join([b"a=1"] * 10_002): "MalformedQueryString",
    }
    for body, code in cases.items():
        response = await send(env, "POST", "/", body, content_type=form)
        assert f"<Code>{code}</Code>" in text(response), body[:80]
        assert 400 <= response.status < 500
    assert seen == []


async def test_an_unsigned_query_may_reach_a_public_action(env: Env, seen: list[Handled]) -> None:
    body = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=se&WebIdentityToken=eyJh"
    response = await send(env, "POST", "/", body, content_type="application/x-www-form-urlencoded")
    assert response.status == 200, text(response)
    assert seen[0]["RoleSessionName"] == "se"


BAD_JSON = [
    b"{",
    b"[]",
    b'"x"',
    b"[" * 5000,
    b'{"KeyId": 5, "Plaintext": "YQ=="}',
    b'{"KeyId": "k", "Plaintext": "%%%"}',
    b"\xff",
    b'{"KeyId": {"a": 1}}',
]


@pytest.mark.parametrize("body", BAD_JSON)
async def test_bad_json_is_a_serialization_error(
    env: Env, seen: list[Handled], body: bytes
) -> None:
    response = await send(
        env,
        "POST",
        "/",
        body,
        x_amz_target="TrentService.Encrypt",
        content_type="application/x-amz-json-1.1",
    )
    error = json.loads(text(response))
    assert (response.status, error["__type"]) == (400, "SerializationException")
    assert response.header("x-amzn-errortype") == "SerializationException"
    assert seen == []


async def test_recursive_shapes_may_not_nest_without_end(env: Env, seen: list[Handled]) -> None:
    value = b'{"S": "x"}'
    for _ in range(450):
        value = b'{"M": {"a": ' + value + b"}}"
    body = b'{"TableName": "tbl", "Item": {"k": ' + value + b"}}"
    response = await send(
        env,
        "POST",
        "/",
        body,
        x_amz_target="DynamoDB_20120810.PutItem",
        content_type="application/x-amz-json-1.0",
    )
    assert response.status == 400
    assert json.loads(text(response))["__type"] == "SerializationException"


async def test_unknown_json_and_cbor_operations(env: Env, seen: list[Handled]) -> None:
    for target in ("TrentService.Nothing", "Nowhere.Encrypt", "x", ""):
        response = await send(env, "POST", "/", b"{}", x_amz_target=target)
        assert json.loads(text(response))["__type"] == "UnknownOperationException", target
    for path in (
        "/service/GraniteServiceVersion20100801/operation/Nothing",
        "/service/X/operation/Y",
        "/service/x",
    ):
        response = await send(env, "POST", path, b"\xa0", smithy_protocol="rpc-v2-cbor")
        assert cbor.decode(cast("bytes", response.body))["__type"] == "UnknownOperationException"
        assert response.header("smithy-protocol") == "rpc-v2-cbor"


BAD_CBOR = [
    b"\xff",
    b"\x9f",
    b"\xa1",
    b"\xa1\x01\x02",
    b"\xbf\x61a",
    b"\xc2\x01",
    b"\x81" * 500,
    b"\x5b" + b"\xff" * 8,
    b"\xa0\x00",
    b"\x1c",
    b"\xf8\x20",
    b"\x62\xff\xfe",
    b"\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00",
]


@pytest.mark.parametrize("body", BAD_CBOR)
async def test_bad_cbor_is_a_serialization_error(
    env: Env, seen: list[Handled], body: bytes
) -> None:
    path = "/service/GraniteServiceVersion20100801/operation/PutMetricData"
    response = await send(env, "POST", path, body, smithy_protocol="rpc-v2-cbor")
    assert cbor.decode(cast("bytes", response.body))["__type"] == "SerializationException"
    assert seen == []


async def test_a_broken_handler_leaves_no_trace_in_the_answer(
    env: Env, seen: list[Handled]
) -> None:
    response = await send(env, "HEAD", "/bkt/key")
    assert (response.status, response.body) == (500, b"")
    response = await send(env, "GET", "/bkt?tagging")
    assert response.status == 500
    assert "<Code>InternalError</Code>" in text(response)
    assert "TagSett" not in text(response)


async def test_methods_that_mean_nothing_are_not_allowed(env: Env) -> None:
    for method, path in (("PATCH", "/bkt/key"), ("DELETE", "/"), ("POST", "/"), ("TRACE", "/bkt")):
        response = await send(env, method, path)
        assert response.status == 405, path
        assert "<Code>MethodNotAllowed</Code>" in text(response)


async def test_preflight_is_refused_while_a_bucket_has_no_cors(
    env: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_edges, "_EDGES", {})  # the service, where loaded, would ask for rows
    asked = {"origin": "https://a.example", "access_control_request_method": "GET"}
    response = await send(env, "OPTIONS", "/bkt/key", **asked)
    assert response.status == 403
    assert "<Code>AccessForbidden</Code>" in text(response)
    response = await send(env, "OPTIONS", "/bkt/key")
    assert response.status == 400
    assert "<Code>BadRequest</Code>" in text(response)


async def test_every_answer_has_a_request_id(env: Env) -> None:
    for path, headers in (("/", {}), ("/", {"x_amz_target": "TrentService.X"}), ("/?Action=X", {})):
        response = await send(env, "GET", path, **headers)
        assert response.header("x-amz-request-id")
    assert response.header("x-amzn-requestid")


async def test_a_named_subresource_without_what_it_needs_is_still_that(
    env: Env, actions: Any
) -> None:
    response = await send(env, "PUT", "/bkt?analytics")
    assert "s3:PutBucketAnalyticsConfiguration" in text(response)


async def test_response_headers_cannot_be_broken_out_of(env: Env, actions: Any) -> None:
    @action("s3:GetObject", permission=PUBLIC, resource="*")
    async def get_object(env: Env, call: Call, request: Handled) -> Handled:
        return {
            "Body": b"",
            "ContentDisposition": request["ResponseContentDisposition"],
            "Metadata": {"x": "a\r\nb"},
        }

    response = await send(env, "GET", "/b/k?response-content-disposition=a%0d%0aSet-Cookie:%20x")
    assert response.header("content-disposition") == "a  Set-Cookie: x"
    assert response.header("x-amz-meta-x") == "=?UTF-8?B?YQ0KYg==?="


async def test_an_error_may_set_headers_and_fields(env: Env, actions: Any) -> None:
    @action("s3:GetObject", permission=PUBLIC, resource="*")
    async def get_object(env: Env, call: Call, request: Handled) -> Handled:
        raise Invalid(
            "No <such> range.",
            code="InvalidRange",
            status=416,
            fields={"ActualObjectSize": "5", "header:content-range": "bytes */5"},
            retry_after_s=3,
        )

    response = await send(env, "GET", "/b/k")
    assert response.status == 416
    assert response.header("content-range") == "bytes */5"
    assert response.header("retry-after") == "3"
    assert "<Message>No &lt;such&gt; range.</Message><ActualObjectSize>5<" in text(response)


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE"]),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40),
    body=st.binary(max_size=80),
    kind=st.sampled_from(
        ["application/x-www-form-urlencoded", "application/xml", "application/json"]
    ),
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_request_gets_an_answer_that_is_not_a_server_error(
    env: Env, seen: list[Handled], method: str, path: str, body: bytes, kind: str
) -> None:
    response = asyncio.run(send(env, method, "/" + path, body, content_type=kind))
    assert response.status < 500 or response.status == 501 or method == "HEAD"
