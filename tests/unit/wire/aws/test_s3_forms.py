"""Browser upload forms: fields, signatures of both versions, and every kind of policy condition.

Specified in the S3 API reference, "POST Object" and "POST Policy".
"""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from volano.wire.action import action
from volano.wire.aws.gateway import handle
from volano.wire.aws.s3_form_policy import parse_policy, require_policy
from volano.wire.aws.sigv4 import signing_key
from volano.wire.http import Request, Response, body_of

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.wire.action import Action

REGION = "eu-home-1"
ACCESS_KEY, SECRET = "AKIAVOLANOEXAMPLE001", "volano/secret+example/key"
LATE = "2100-01-01T00:00:00Z"
NOW_US = 1_700_000_000_000_000


def encode(*conditions: object, expiration: str = LATE, **more: object) -> str:
    document = {"expiration": expiration, "conditions": list(conditions)} | more
    return base64.b64encode(json.dumps(document).encode()).decode()


def form(fields: list[tuple[str, str]], data: bytes | None = b"bytes") -> bytes:
    parts = [
        f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    if data is not None:
        head = 'name="file"; filename="C:\\\\photos\\\\cat.png"'
        parts.append(
            f"--XX\r\nContent-Disposition: form-data; {head}\r\n"
            "Content-Type: image/png\r\n\r\n".encode()
            + data
            + b"\r\n"
        )
    return b"".join(parts) + b"--XX--\r\n"


async def post(env: Env, fields: list[tuple[str, str]], data: bytes | None = b"bytes") -> Response:
    body = form(fields, data)
    headers = {
        "host": "localhost:9000",
        "content-type": "multipart/form-data; boundary=XX",
        "content-length": str(len(body)),
    }
    request = Request(
        method="POST",
        raw_path="/bkt",
        raw_query="",
        headers=headers,
        header_list=list(headers.items()),
        body=body_of(body),
    )
    return await handle(env, request)


@pytest.fixture
def stored(actions: dict[str, Action]) -> list[dict[str, Any]]:
    """What PutObject was asked to do, its body read."""
    found: list[dict[str, Any]] = []

    @action("s3:PutObject", permission="s3:PutObject", resource="*")
    async def put_object(env: Env, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        data = b"".join([chunk async for chunk in request["Body"]])
        found.append({**request, "Body": data, "who": call.principal.name})
        return {"ETag": '"abc"'}

    return found


def version_4(policy: str) -> list[tuple[str, str]]:
    key = signing_key(SECRET, "20260101", REGION, "s3")
    return [
        ("policy", policy),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
        ("x-amz-credential", f"{ACCESS_KEY}/20260101/{REGION}/s3/aws4_request"),
        ("x-amz-date", "20260101T000000Z"),
        ("x-amz-signature", hmac.digest(key, policy.encode(), "sha256").hex()),
    ]


def version_2(policy: str) -> list[tuple[str, str]]:
    digest = hmac.digest(SECRET.encode(), policy.encode(), "sha1")
    return [
        ("AWSAccessKeyId", ACCESS_KEY),
        ("policy", policy),
        ("signature", base64.b64encode(digest).decode()),
    ]


ANY_SIGNER = [
    ["starts-with", "$x-amz-algorithm", ""],
    ["starts-with", "$x-amz-credential", ""],
    ["starts-with", "$x-amz-date", ""],
]


async def test_anonymous_form_stores_the_file_under_its_name(env: Env, stored: list[Any]) -> None:
    fields = [
        ("key", "up/${filename}"),
        ("Content-Type", "image/png"),
        ("acl", "public-read"),
        ("x-amz-meta-who", "me"),
        (
            "tagging",
            "<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>",
        ),
    ]
    response = await post(env, fields)
    assert response.status == 204
    assert response.header("ETag") == '"abc"'
    assert response.header("Location") == "http://localhost:9000/bkt/up/cat.png"
    (request,) = stored
    assert request["who"] == "anonymous"
    assert (request["Bucket"], request["Key"], request["Body"]) == ("bkt", "up/cat.png", b"bytes")
    assert (request["ACL"], request["ContentType"]) == ("public-read", "image/png")
    assert request["Metadata"] == {"who": "me"}
    assert request["Tagging"] == "a=b+c"


@pytest.mark.parametrize("sign", [version_4, version_2])
async def test_signed_form_is_its_signers(env: Env, stored: list[Any], sign: Any) -> None:
    policy = encode({"bucket": "bkt"}, ["starts-with", "$key", "up/"], *ANY_SIGNER)
    response = await post(env, [("key", "up/a"), *sign(policy)])
    assert response.status == 204
    assert stored[0]["who"] == "anna"


@pytest.mark.parametrize("sign", [version_4, version_2])
async def test_wrong_signature_is_refused(env: Env, stored: list[Any], sign: Any) -> None:
    policy = encode({"bucket": "bkt"}, ["starts-with", "$key", ""], *ANY_SIGNER)
    fields = [
        (name, value if "ignature" not in name else value[::-1]) for name, value in sign(policy)
    ]
    response = await post(env, [("key", "a"), *fields])
    assert (response.status, stored) == (403, [])
    assert b"SignatureDoesNotMatch" in cast("bytes", response.body)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([], "InvalidArgument"),
        ([("key", "a"), ("policy", encode())], "InvalidArgument"),
        ([("key", "a"), ("signature", "x")], "InvalidArgument"),
        ([("key", "a"), ("x", "y" * 30_000)], "MaxPostPreDataLengthExceededError"),
        ([("key", "a"), *version_2("bm90IGpzb24=")], "InvalidPolicyDocument"),
        ([("key", "a"), ("tagging", "<Tag")], "MalformedXML"),
    ],
)
async def test_forms_that_lack_something_are_refused(
    env: Env, stored: list[Any], fields: list[tuple[str, str]], code: str
) -> None:
    response = await post(env, fields)
    assert (response.status, stored) == (400, [])
    assert f"<Code>{code}</Code>".encode() in cast("bytes", response.body)


async def test_form_without_a_file_is_refused(env: Env, stored: list[Any]) -> None:
    response = await post(env, [("key", "a")], data=None)
    assert response.status == 400
    assert b"exactly one file upload" in cast("bytes", response.body)


@pytest.mark.parametrize(("size", "code"), [(4, "EntityTooSmall"), (11, "EntityTooLarge")])
async def test_file_outside_of_the_policys_sizes_is_refused(
    env: Env, stored: list[Any], size: int, code: str
) -> None:
    policy = encode({"bucket": "bkt"}, {"key": "a"}, ["content-length-range", 5, 10])
    response = await post(env, [("key", "a"), *version_2(policy)], data=b"x" * size)
    assert (response.status, stored) == (400, [])
    assert f"<Code>{code}</Code>".encode() in cast("bytes", response.body)


async def test_answers_are_as_the_form_wishes(env: Env, stored: list[Any]) -> None:
    response = await post(env, [("key", "a"), ("success_action_status", "201")])
    assert response.status == 201
    assert b'<Key>a</Key><ETag>"abc"</ETag>' in cast("bytes", response.body)
    response = await post(env, [("key", "a"), ("success_action_status", "200")])
    assert response.status == 200
    response = await post(env, [("key", "a"), ("success_action_status", "404")])
    assert response.status == 204
    response = await post(env, [("key", "a"), ("success_action_redirect", "https://x.example/?q")])
    assert response.status == 303
    location = "https://x.example/?q&bucket=bkt&key=a&etag=%22abc%22"
    assert [value for name, value in response.headers if name == "Location"] == [location]


FIELDS = {"bucket": "bkt", "key": "user/a.txt", "content-type": "text/plain", "policy": "p"}
FREE = ({"bucket": "bkt"}, ["starts-with", "$key", ""], ["starts-with", "$content-type", ""])


@pytest.mark.parametrize(
    ("conditions", "refused"),
    [
        (FREE, ""),
        (({"BUCKET": "bkt"}, ["StArTs-WiTh", "$KEY", "user/"], FREE[2]), ""),
        (({"bucket": "bkt"}, ["eq", "$key", "user/a.txt"], FREE[2]), ""),
        (({"bucket": "other"}, *FREE[1:]), "Policy Condition failed"),
        (({"bucket": "bkt"}, ["eq", "$key", "user/A.txt"], FREE[2]), "Policy Condition failed"),
        ((*FREE, ["starts-with", "$x-amz-meta-a", "b"]), "Policy Condition failed"),
        ((*FREE, ["starts-with", "$x-amz-meta-a", ""]), ""),
        ((*FREE, {"x-amz-meta-a": "b"}), "Policy Condition failed"),
        (FREE[1:], "Extra input fields: bucket"),
        (FREE[:2], "Extra input fields: content-type"),
    ],
)
def test_form_must_be_what_the_policy_says(conditions: Any, refused: str) -> None:
    policy = parse_policy(encode(*conditions))
    if not refused:
        require_policy(policy, FIELDS | {"x-ignore-it": "1"}, NOW_US)
        return
    with pytest.raises(Exception, match=refused):
        require_policy(policy, FIELDS, NOW_US)


def test_policy_that_is_over_is_refused() -> None:
    policy = parse_policy(encode(*FREE, expiration="2020-01-01T00:00:00.000Z"))
    with pytest.raises(Exception, match="Policy expired"):
        require_policy(policy, FIELDS, NOW_US)


def test_each_of_several_content_types_must_begin_as_is_said() -> None:
    policy = parse_policy(encode(*FREE[:2], ["starts-with", "$Content-Type", "image/"]))
    require_policy(policy, FIELDS | {"content-type": "image/png,image/gif"}, NOW_US)
    with pytest.raises(Exception, match="Condition failed"):
        require_policy(policy, FIELDS | {"content-type": "image/png,text/plain"}, NOW_US)


@pytest.mark.parametrize(
    "policy",
    [
        "not base64",
        encode({}),
        encode({"a": "b", "c": "d"}),
        encode({"a": 1}),
        encode(["content-length-range", 0]),
        encode(["content-length-range", -1, 0]),
        encode(["content-length-range", "a", "b"]),
        encode(["contains", "$key", "a"]),
        encode(["eq", "key", "a"]),
        encode(["eq", "$key"]),
        encode("key"),
        encode(expiration="tomorrow"),
        base64.b64encode(b'{"conditions": []}').decode(),
        base64.b64encode(b'{"expiration": "2100-01-01T00:00:00Z"}').decode(),
        base64.b64encode(b'{"expiration": "2100-01-01T00:00:00Z", "conditions": {}}').decode(),
        base64.b64encode(b"[]").decode(),
    ],
)
def test_documents_that_are_no_policy_are_refused(policy: str) -> None:
    with pytest.raises(Exception, match="Invalid Policy") as caught:
        parse_policy(policy)
    assert cast("Any", caught.value).wire_code == "InvalidPolicyDocument"
