"""SigV4: the examples that AWS publishes, and everything that must be refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from volano.kernel.clock import ManualClock
from volano.kernel.errors import Invalid, VolanoError
from volano.kernel.identity import AccessKey
from volano.wire.action import action
from volano.wire.aws import sigv4
from volano.wire.aws.gateway import handle
from volano.wire.http import Request, Response, body_of

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.wire.action import Action

# The key, times and signatures of the S3 API reference, "Signature calculations for the
# Authorization header" (single and multiple chunks, with trailing headers).
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
STAMP = "20130524T000000Z"
SCOPE = "20130524/us-east-1/s3/aws4_request"
AT = int(dt.datetime(2013, 5, 24, tzinfo=dt.UTC).timestamp() * 1e6)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


@pytest.fixture
def env(aws_env: Env, clock: ManualClock) -> Env:
    known = aws_env.authority

    class Example:
        async def find_access_key(self, key_id: str, token: str | None) -> AccessKey | None:
            if key_id != KEY_ID:
                return await known.find_access_key(key_id, token)
            found = await known.find_access_key("AKIAVOLANOEXAMPLE001", None)
            assert found is not None
            return dataclasses.replace(found, access_key_id=key_id, secret_access_key=SECRET)

        async def authorize(self, *_: object) -> None:
            return

    return dataclasses.replace(aws_env, clock=clock, authority=cast("Any", Example()))


def make_request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Request:
    raw_path, _, raw_query = path.partition("?")
    return Request(
        method=method,
        raw_path=raw_path,
        raw_query=raw_query,
        headers=headers,
        header_list=list(headers.items()),
        body=body_of(body),
    )


def authorization(signed: str, signature: str) -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{SCOPE},SignedHeaders={signed},Signature={signature}"
    )


def verify(request: Request, secret: str = SECRET) -> None:
    claim = sigv4.find_claim(request)
    assert claim is not None
    key = AccessKey(access_key_id=KEY_ID, secret_access_key=secret, principal=cast("Any", None))
    sigv4.verify(request, claim, key, request.headers.get("x-amz-content-sha256", sigv4.UNSIGNED))


EXAMPLES = [
    (
        "GET",
        "/test.txt",
        {"range": "bytes=0-9", "x-amz-content-sha256": sigv4.EMPTY_SHA256},
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    (
        "PUT",
        "/test%24file.text",
        {
            "date": "Fri, 24 May 2013 00:00:00 GMT",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        },
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    (
        "GET",
        "/?lifecycle",
        {"x-amz-content-sha256": sigv4.EMPTY_SHA256},
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    (
        "GET",
        "/?max-keys=2&prefix=J",
        {"x-amz-content-sha256": sigv4.EMPTY_SHA256},
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
]


@pytest.mark.parametrize(("method", "path", "extra", "signed", "signature"), EXAMPLES)
def test_published_header_examples(
    method: str, path: str, extra: dict[str, str], signed: str, signature: str
) -> None:
    headers = {"host": "examplebucket.s3.amazonaws.com", "x-amz-date": STAMP, **extra}
    headers["authorization"] = authorization(signed, signature)
    verify(make_request(method, path, headers))
    with pytest.raises(sigv4.AuthFailure) as caught:
        verify(make_request(method, path, headers), secret="other")
    assert caught.value.wire_code == "SignatureDoesNotMatch"
    assert caught.value.fields["StringToSign"].startswith(f"AWS4-HMAC-SHA256\n{STAMP}\n{SCOPE}\n")


def test_published_query_example() -> None:
    path = (
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
        "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
        "&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    verify(make_request("GET", path, {"host": "examplebucket.s3.amazonaws.com"}))


def signed_by_botocore(
    url: str, *, service: str = "ec2", headers: dict[str, str] | None = None, body: bytes = b""
) -> Request:
    request = AWSRequest("POST", url, headers=headers or {}, data=body)
    SigV4Auth(Credentials(KEY_ID, SECRET), service, "us-east-1").add_auth(request)
    prepared = request.prepare()
    found = {
        k.lower(): v.decode("latin-1") if isinstance(v, bytes) else v
        for k, v in prepared.headers.items()
    }
    found["host"] = "host.example"
    return make_request("POST", prepared.url.removeprefix("http://host.example"), found, body)


@pytest.mark.parametrize(
    "url",
    [
        "http://host.example/",
        "http://host.example/a/b%20c/../d//e/./f",
        "http://host.example/2015/functions/arn%3Aaws%3Alambda%3Ax/y%2Fz/",
        "http://host.example/x?b=2&a=1&a=0&empty=&sp=%20%2B%2F&tilde=~",
        "http://host.example/%E2%98%83?q=%C3%BC",
    ],
)
def test_other_services_normalise_paths_and_encode_twice(url: str) -> None:
    request = signed_by_botocore(url, body=b"Action=X")
    claim = sigv4.find_claim(request)
    assert claim is not None
    key = AccessKey(access_key_id=KEY_ID, secret_access_key=SECRET, principal=cast("Any", None))
    sigv4.verify(request, claim, key, hashlib.sha256(b"Action=X").hexdigest())


def test_spaces_in_headers_are_collapsed_and_repeats_joined() -> None:
    request = signed_by_botocore(
        "http://host.example/", headers={"x-amz-meta": "  a   b  ", "x-amz-list": "1,2"}
    )
    request.headers["x-amz-meta"] = "a   b"
    request.headers["x-amz-list"] = "1,2"
    request.header_list = [(k, v) for k, v in request.headers.items() if k != "x-amz-list"] + [
        ("x-amz-list", "1"),
        ("x-amz-list", " 2 "),
    ]
    claim = sigv4.find_claim(request)
    assert claim is not None
    key = AccessKey(access_key_id=KEY_ID, secret_access_key=SECRET, principal=cast("Any", None))
    sigv4.verify(request, claim, key, sigv4.EMPTY_SHA256)


MALFORMED = [
    ("AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed"),
    ("AWS4-HMAC-SHA256 Credential=a", "AuthorizationHeaderMalformed"),
    (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/x/y,SignedHeaders=host,Signature=0",
        "AuthorizationHeaderMalformed",
    ),
    (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20130523/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=0",
        "AuthorizationHeaderMalformed",
    ),
    (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{SCOPE},SignedHeaders=range,Signature=0",
        "AccessDenied",
    ),
    (
        f"AWS4-ECDSA-P256-SHA256 Credential={KEY_ID}/{SCOPE},SignedHeaders=host,Signature=0",
        "InvalidRequest",
    ),
    ("AWS AKIAIOSFODNN7EXAMPLE:qgk2+6Sv9/oM7G3qLEjTH1a1l1g=", "SignatureDoesNotMatch"),
    ("AWS AKIAIOSFODNN7EXAMPLE", "InvalidArgument"),
    ("Bearer abc", "InvalidArgument"),
    ("", "InvalidArgument"),
]


@pytest.mark.parametrize(("header", "code"), MALFORMED)
async def test_malformed_authorization_is_refused(env: Env, header: str, code: str) -> None:
    headers = {"host": "localhost", "x-amz-date": STAMP, "authorization": header}
    response = await handle(env, make_request("GET", "/", headers))
    assert f"<Code>{code}</Code>".encode() in cast("bytes", response.body)
    assert response.status in (400, 403)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256", "AuthorizationQueryParametersError"),
        ("/b/k?X-Amz-Signature=0", "AuthorizationQueryParametersError"),
        ("/b/k?X-Amz-Algorithm=AWS4-X&X-Amz-Signature=0", "AuthorizationQueryParametersError"),
        ("/b/k?X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Signature=0", "InvalidRequest"),
        ("/b/k?AWSAccessKeyId=AK&Signature=x&Expires=", "AccessDenied"),
    ],
)
async def test_malformed_query_signatures_are_refused(env: Env, path: str, code: str) -> None:
    response = await handle(env, make_request("GET", path, {"host": "localhost"}))
    assert f"<Code>{code}</Code>".encode() in cast("bytes", response.body)


async def get(env: Env, path: str, **headers: str) -> Response:
    return await handle(env, make_request("GET", path, {"host": "localhost", **headers}))


def presigned(expires_s: int) -> str:
    request = AWSRequest("GET", "http://localhost/bkt/key")
    S3SigV4QueryAuth(Credentials(KEY_ID, SECRET), "s3", "us-east-1", expires=expires_s).add_auth(
        request
    )
    return str(request.url).removeprefix("http://localhost")


@pytest.fixture
def ok(actions: dict[str, Action]) -> None:
    @action("s3:GetObject", permission="s3:GetObject", resource="*")
    async def get_object(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {"Body": call.principal.name}


@pytest.mark.usefixtures("ok")
async def test_a_presigned_url_expires(env: Env, clock: ManualClock) -> None:
    clock.advance(dt.datetime.now(dt.UTC).timestamp() - AT / 1e6)
    path = presigned(3600)
    assert (await get(env, path)).body == b"anna"
    assert b"SignatureDoesNotMatch" in cast("bytes", (await get(env, path + "&extra=1")).body)
    clock.advance(3590)
    assert (await get(env, path)).body == b"anna"
    clock.advance(20)
    late = await get(env, path)
    assert late.status == 403
    assert b"<Code>AccessDenied</Code><Message>Request has expired" in cast("bytes", late.body)
    week = await get(env, presigned(8 * 86_400))
    assert b"less than a week" in cast("bytes", week.body)


@pytest.mark.usefixtures("ok")
async def test_skew_over_fifteen_minutes_is_refused(env: Env, clock: ManualClock) -> None:
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "x-amz-date": STAMP,
        **EXAMPLES[0][2],
        "authorization": authorization(EXAMPLES[0][3], EXAMPLES[0][4]),
    }
    request = make_request("GET", "/test.txt", headers)
    assert (await handle(env, request)).status == 200
    clock.advance(14 * 60)
    assert (await handle(env, request)).status == 200
    clock.advance(2 * 60)
    response = await handle(env, request)
    assert response.status == 403
    assert b"<Code>RequestTimeTooSkewed</Code>" in cast("bytes", response.body)
    assert b"<MaxAllowedSkewMilliseconds>900000<" in cast("bytes", response.body)


async def test_unsigned_amz_headers_are_refused(env: Env) -> None:
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "x-amz-date": STAMP,
        **EXAMPLES[0][2],
        "x-amz-acl": "public-read",
        "authorization": authorization(EXAMPLES[0][3], EXAMPLES[0][4]),
    }
    response = await handle(env, make_request("GET", "/test.txt", headers))
    assert response.status == 403
    assert b"<HeadersNotSigned>x-amz-acl</HeadersNotSigned>" in cast("bytes", response.body)


async def test_s3_needs_a_content_hash_that_can_be_checked(env: Env) -> None:
    base = {"host": "localhost", "x-amz-date": STAMP}
    base["authorization"] = authorization("host;x-amz-date", "0" * 64)
    missing = await handle(env, make_request("GET", "/b/k", base))
    assert b"x-amz-content-sha256" in cast("bytes", missing.body)
    wrong = await handle(env, make_request("GET", "/b/k", base | {"x-amz-content-sha256": "abc"}))
    assert b"<ArgumentName>x-amz-content-sha256<" in cast("bytes", wrong.body)


async def test_an_unsigned_request_is_anonymous_in_s3_and_refused_elsewhere(
    env: Env, actions: dict[str, Action]
) -> None:
    @action("s3:GetObject", permission="s3:GetObject", resource="*")
    async def get_object(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {"Body": call.principal.kind.value}

    @action("sts:GetCallerIdentity", permission="signed-in", resource="*")
    async def identity(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {}

    assert (await get(env, "/b/k")).body == b"anonymous"
    response = await get(env, "/?Action=GetCallerIdentity&Version=2011-06-15")
    assert response.status == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in cast("bytes", response.body)


def test_both_a_header_and_a_query_signature_are_one_too_many() -> None:
    request = make_request("GET", "/?X-Amz-Signature=0", {"authorization": "AWS4-HMAC-SHA256 x"})
    with pytest.raises(Invalid):
        sigv4.find_claim(request)


def test_times_that_no_calendar_has_are_refused() -> None:
    for stamp in ("20131324T000000Z", "20130532T000000Z", "20130524T250000Z", "20130500T000000Z"):
        claim = sigv4.Claim(
            KEY_ID, stamp[:8], "r", "s3", ("host",), "0", stamp, None, presigned=False
        )
        with pytest.raises(VolanoError):
            sigv4.check_time(claim, AT)


CHUNKS = (
    b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
    + b"a" * 65536
    + b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
    + b"a" * 1024
    + b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
)
CHUNKED_HEADERS = {
    "host": "s3.amazonaws.com",
    "x-amz-date": STAMP,
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
    "content-length": "66824",
    "authorization": authorization(
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
        "x-amz-decoded-content-length;x-amz-storage-class",
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    ),
}


@pytest.fixture
def stored(actions: dict[str, Action]) -> list[dict[str, Any]]:
    got: list[dict[str, Any]] = []

    @action("s3:PutObject", permission="s3:PutObject", resource="*")
    async def put_object(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        body = b"".join([chunk async for chunk in request["Body"]])
        got.append({**request, "Body": body})
        return {}

    return got


async def test_published_chunked_upload_through_the_door(
    env: Env, stored: list[dict[str, Any]]
) -> None:
    path = "/examplebucket/chunkObject.txt"
    response = await handle(env, make_request("PUT", path, CHUNKED_HEADERS, CHUNKS))
    assert response.status == 200, response.body
    assert stored[0]["Body"] == b"a" * 66_560
    assert stored[0]["ContentLength"] == 66_560
    assert "ContentEncoding" not in stored[0]
    broken = CHUNKS.replace(b"400;", b"3ff;")
    response = await handle(env, make_request("PUT", path, CHUNKED_HEADERS, broken))
    assert b"<Code>IncompleteBody</Code>" in cast("bytes", response.body)
    assert len(stored) == 1


async def test_chunked_uploads_that_cannot_be_checked_are_refused(
    env: Env, stored: list[dict[str, Any]]
) -> None:
    path = "/examplebucket/chunkObject.txt"
    anonymous = {k: v for k, v in CHUNKED_HEADERS.items() if k != "authorization"}
    cases = [
        (anonymous, "InvalidRequest"),
        ({k: v for k, v in anonymous.items() if "decoded" not in k}, "MissingContentLength"),
        (anonymous | {"x-amz-decoded-content-length": "-1"}, "MissingContentLength"),
        (
            anonymous | {"x-amz-content-sha256": "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"},
            "InvalidRequest",
        ),
    ]
    for headers, code in cases:
        response = await handle(env, make_request("PUT", path, headers, CHUNKS))
        assert f"<Code>{code}</Code>".encode() in cast("bytes", response.body)
    assert stored == []


async def test_the_date_header_may_stand_in_for_x_amz_date(env: Env) -> None:
    headers = {"host": "localhost", "authorization": authorization("host;date", "0" * 64)}
    for date in ({}, {"date": "someday"}):
        response = await handle(env, make_request("GET", "/b/k", headers | date))
        assert b"requires a valid Date" in cast("bytes", response.body)
    dated = headers | {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-content-sha256": "0" * 64}
    dated["authorization"] = authorization("host;date;x-amz-content-sha256", "0" * 64)
    response = await handle(env, make_request("GET", "/b/k", dated))
    assert b"<Code>SignatureDoesNotMatch</Code>" in cast("bytes", response.body)


async def test_a_scope_of_another_service_is_refused(env: Env, actions: dict[str, Action]) -> None:
    request = signed_by_botocore(
        "http://host.example/", service="logs", headers={"x-amz-target": "TrentService.Encrypt"}
    )
    clock = cast("ManualClock", env.clock)
    clock.advance(dt.datetime.now(dt.UTC).timestamp() - AT / 1e6)
    response = await handle(env, request)
    assert b"scoped to correct service: 'kms'" in cast("bytes", response.body)
