"""Presigned links of version 2, which boto3 makes unasked for us-east-1, and hoisted headers.

Expectations: the S3 user guide, "Signing and authenticating REST requests" (query string
alternative); the links are made by the unmodified botocore.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.unit.wire.aws.conftest import (
    ACCESS_KEY,
    REGION,
    SECRET,
    SESSION_KEY,
    SESSION_TOKEN,
)

from volano.kernel.errors import VolanoError
from volano.wire.aws.caller import find_caller, open_payload
from volano.wire.aws.s3_routes import bucket_of_host
from volano.wire.aws.sigv4 import Claim, find_claim
from volano.wire.http import Body, Request

if TYPE_CHECKING:
    from volano.kernel.call import Env

HOST = "127.0.0.1:9000"


async def nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def request_to(url: str, method: str, host: str, **headers: str) -> Request:
    parts = urlsplit(url)
    given = {"host": host} | {name.replace("_", "-"): text for name, text in headers.items()}
    return Request(
        method=method,
        raw_path=parts.path,
        raw_query=parts.query,
        headers=given,
        header_list=list(given.items()),
        body=Body(nothing),
    )


def link(
    path: str = "/photos/a%20b",
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    expires_s: int = 60,
    session: bool = False,
    signed_path: str | None = None,
) -> str:
    key_id = SESSION_KEY if session else ACCESS_KEY
    credentials = Credentials(key_id, SECRET, SESSION_TOKEN if session else None)
    request = AWSRequest(method, f"http://{HOST}{path}", headers=headers or {})
    request.auth_path = signed_path
    HmacV1QueryAuth(credentials, expires=expires_s).add_auth(request)
    return str(request.url)


async def enter(
    env: Env, url: str, method: str = "GET", host: str = HOST, **headers: str
) -> tuple[Request, str]:
    request = request_to(url, method, host, **headers)
    caller = await find_caller(env, find_claim(request), "s3")
    open_payload(request, caller, bucket_of_host(host, ("localhost",)))
    return request, caller.principal.name


async def refusal(env: Env, url: str, method: str = "GET", host: str = HOST, **more: str) -> str:
    with pytest.raises(VolanoError) as caught:
        await enter(env, url, method, host, **more)
    return f"{caught.value.wire_code}: {caught.value}"


async def test_a_link_of_version_2_is_its_signers(env: Env) -> None:
    assert (await enter(env, link()))[1] == "anna"
    assert (await enter(env, link(session=True)))[1] == "anna"


async def test_a_changed_link_is_refused(env: Env) -> None:
    for changed in (link().replace("a%20b", "c"), link() + "&versionId=other"):
        assert (await refusal(env, changed)).startswith("SignatureDoesNotMatch")
    assert (await refusal(env, link(), "DELETE")).startswith("SignatureDoesNotMatch")
    later = link().replace("Expires=1", "Expires=2")
    assert (await refusal(env, later)).startswith("SignatureDoesNotMatch")


async def test_an_expired_or_odd_link_is_refused(env: Env) -> None:
    assert "Request has expired" in await refusal(env, link(expires_s=-5))
    url = link()
    assert "seconds since epoch" in await refusal(env, url.replace("Expires=", "Expires=x"))
    assert (await refusal(env, url.replace("Signature=", "Signature=&x="))).startswith("AccessD")
    unknown = url.replace(ACCESS_KEY, "AKIANOBODY")
    assert (await refusal(env, unknown)).startswith("InvalidAccessKeyId")


async def test_sub_resources_and_answers_are_signed(env: Env) -> None:
    url = link("/photos/a?response-content-type=text%2Fplain&uploadId=u%2B1&partNumber=2")
    assert (await enter(env, url))[1] == "anna"
    assert "SignatureDoesNotMatch" in await refusal(env, url.replace("plain", "html"))
    bucket = link("/photos?prefix=a", signed_path="/photos/")
    assert (await enter(env, bucket))[1] == "anna"


async def test_content_type_is_signed(env: Env) -> None:
    url = link(method="PUT", headers={"Content-Type": "image/png"})
    assert (await enter(env, url, "PUT", content_type="image/png"))[1] == "anna"
    assert "SignatureDoesNotMatch" in await refusal(env, url, "PUT", content_type="text/html")


async def test_a_bucket_in_the_host_is_part_of_the_resource(env: Env) -> None:
    """Otherwise a link to key b of bucket a would open key a/b of another bucket."""
    url = link("/b", signed_path="/photos/b")
    assert (await enter(env, url, host="photos.localhost:9000"))[1] == "anna"
    assert "SignatureDoesNotMatch" in await refusal(env, url, host="other.localhost:9000")
    path_style = link("/photos/b")
    assert "SignatureDoesNotMatch" in await refusal(env, path_style, host="other.localhost:9000")


async def test_amz_parameters_stand_for_headers(env: Env) -> None:
    url = link(method="PUT", headers={"x-amz-meta-venue": "Roma"})
    assert "x-amz-meta-venue=Roma" in url
    request, _ = await enter(env, url, "PUT")
    assert request.headers["x-amz-meta-venue"] == "Roma"
    assert "SignatureDoesNotMatch" in await refusal(env, url.replace("Roma", "Oslo"), "PUT")
    assert "SignatureDoesNotMatch" in await refusal(env, link(method="PUT"), "PUT", x_amz_acl="a")


async def test_amz_parameters_of_version_4_stand_for_headers_too(env: Env) -> None:
    """AWS's JavaScript SDK moves `x-amz-` headers into the query that it signs."""
    request = AWSRequest("PUT", f"http://{HOST}/photos/a", params={"x-amz-meta-venue": "Roma"})
    S3SigV4QueryAuth(Credentials(ACCESS_KEY, SECRET), "s3", REGION).add_auth(request)
    entered, _ = await enter(env, str(request.url), "PUT")
    assert entered.headers["x-amz-meta-venue"] == "Roma"
    assert not {"x-amz-signature", "x-amz-credential", "x-amz-date"} & entered.headers.keys()


async def test_checksums_in_a_link_are_passed_over_as_s3_does(env: Env) -> None:
    """The JavaScript SDK signs the checksum of an empty body into each link for PutObject."""
    params = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-sdk-checksum-algorithm": "CRC32"}
    request = AWSRequest("PUT", f"http://{HOST}/photos/a", params=params)
    S3SigV4QueryAuth(Credentials(ACCESS_KEY, SECRET), "s3", REGION).add_auth(request)
    entered, _ = await enter(env, str(request.url), "PUT")
    assert not params.keys() & entered.headers.keys()


async def test_test_mode_takes_any_region_and_frozen_clocks(env: Env) -> None:
    """Public suites sign for many regions and freeze the client's clock; S3's test skew."""
    lax = dataclasses.replace(env, config=dataclasses.replace(env.config, test_mode=True))
    claim = Claim(
        ACCESS_KEY, "20120101", "eu-west-9", "iam", ("host",), "0", "20120101T000000Z", None,
        presigned=False,
    )  # fmt: skip
    assert (await find_caller(lax, claim, "iam")).principal.name == "anna"
    old_s3 = dataclasses.replace(claim, service="s3")
    for refusing, wanted in ((env, claim), (lax, old_s3)):
        with pytest.raises(VolanoError, match="request time"):
            await find_caller(refusing, wanted, wanted.service)
