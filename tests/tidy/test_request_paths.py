"""How many files of the project four typical requests go through: a newcomer must be able to follow.

Counted by `sys.setprofile` in the thread that answers (Python 3.11 has no `sys.monitoring`), so SQL
run by the writer thread is not seen. The caps are what was measured, rounded up by two; raising one
needs a decision record (docs/decisions/0003-request-paths.md, 0008-put-object-path.md).
"""

import json
import sys
from pathlib import Path

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from volano.services.chat import interface as chat
from volano.services.compute import interface as compute
from volano.services.identity import interface as identity
from volano.services.models import interface as models
from volano.wire.aws import gateway as aws
from volano.wire.http import Request, body_of
from volano.wire.openai import gateway as openai
from volano.wire.slack import gateway as slack

SOURCE = Path(__file__).parents[2] / "src" / "volano"
CAPS = {"put_object": 56, "run_instances": 45, "post_message": 38, "list_models": 26}


def request(method, url, headers, body=b""):
    path, _, query = url.partition("//")[2].partition("/")[2].partition("?")
    lower = {name.lower(): value for name, value in headers.items()}
    return Request(
        method=method,
        raw_path="/" + path,
        raw_query=query,
        headers=lower,
        header_list=list(lower.items()),
        body=body_of(body),
        port=9000,
    )


def signed(admin, service, method, url, body=b"", headers=None):
    made = AWSRequest(method=method, url=url, data=body, headers=headers or {})
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    keys = Credentials(admin.access_key_id, admin.secret_access_key)
    made.headers["host"] = "localhost:9000"
    made.headers["content-length"] = str(len(body))
    signer(keys, service, "eu-home-1").add_auth(made)
    return request(method, url, dict(made.headers.items()), body)


async def entered(work):
    """The answer of `work` and the project's files in which a function was called meanwhile."""
    files = set()

    def watch(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(str(SOURCE)):
            files.add(frame.f_code.co_filename.removeprefix(str(SOURCE) + "/"))

    sys.setprofile(watch)
    try:
        return await work, files
    finally:
        sys.setprofile(None)


@pytest.fixture
def store_kind():
    return "sqlite"


@pytest.fixture
async def cloud(process):
    env = process.env
    admin = await identity.bootstrap(env)
    await models.bootstrap(env)
    tokens = await chat.bootstrap(env, admin.account)
    fleet = compute.open_fleet(env)
    for zone in env.region.zones:
        await fleet.heartbeat(f"node:{zone}", zone, cpu_millis=8000, memory_bytes=2**36)
    return env, admin, tokens["user"]


async def measure(env, admin, slack_token, name):
    if name == "put_object":
        bucket = signed(admin, "s3", "PUT", "http://localhost:9000/bucket")
        assert (await aws.handle(env, bucket)).status == 200
        again = signed(admin, "s3", "PUT", "http://localhost:9000/bucket/key", b"hello")
        return await entered(aws.handle(env, again))
    if name == "run_instances":
        form = (
            b"Action=RunInstances&Version=2016-11-15&ImageId=ami-00000000000005057"
            b"&InstanceType=u1.nano&MinCount=1&MaxCount=1"
        )
        kind = {"content-type": "application/x-www-form-urlencoded"}
        launch = signed(admin, "ec2", "POST", "http://localhost:9000/", form, kind)
        return await entered(aws.handle(env, launch))
    bearer = {"authorization": f"Bearer {admin.api_key}", "content-type": "application/json"}
    if name == "list_models":
        return await entered(openai.handle(env, request("GET", "http://x/v1/models", bearer)))
    body = json.dumps({"channel": "#general", "text": "hello"}).encode()
    bearer["authorization"] = f"Bearer {slack_token}"
    post = request("POST", "http://x/api/chat.postMessage", bearer, body)
    return await entered(slack.handle(env, post))


@pytest.mark.parametrize("name", sorted(CAPS))
async def test_a_request_goes_through_few_files(cloud, name):
    env, admin, token = cloud
    await measure(env, admin, token, name)  # the first one loads models and compiles codecs
    if name == "put_object":
        again = signed(admin, "s3", "PUT", "http://localhost:9000/bucket/key2", b"hello")
        answer, files = await entered(aws.handle(env, again))
    else:
        answer, files = await measure(env, admin, token, name)
    assert answer.status == 200, answer.body
    assert len(files) <= CAPS[name], sorted(files)
