"""Refused credentials leave a record of the door, the action and, where known, the account."""

from __future__ import annotations

import contextlib

import openai
import slack_sdk.errors
from botocore.exceptions import ClientError


def _refused(volano, wanted):
    status, page = volano.rest("GET", "/audit?limit=1000")
    assert status == 200, page
    return [item for item in page["items"] if item["error_code"] == wanted]


def test_a_wrong_signature_is_in_the_trail_of_the_keys_account(volano):
    s3 = volano.client("s3", aws_secret_access_key="wrong" * 8)
    with contextlib.suppress(ClientError):
        s3.put_object(Bucket="refused-bucket", Key="k", Body=b"x")
    found = _refused(volano, "SignatureDoesNotMatch")
    assert [item["action"] for item in found[:1]] == ["s3:PutObject"]
    assert found[0]["status"] == 403


def test_strangers_with_bad_keys_disturb_nothing(volano):
    with contextlib.suppress(openai.AuthenticationError):
        volano.openai(api_key="sk-vol-nobody").models.list()
    with contextlib.suppress(slack_sdk.errors.SlackApiError):
        volano.slack("xoxb-nobody").auth_test()
    assert volano.rest("GET", "/bill", token="sk-vol-nobody")[0] == 401
    with contextlib.suppress(ClientError):
        volano.client("sts", aws_access_key_id="AKIAAAAAAAAAAAAAAAAA").get_caller_identity()
    text = _metrics(volano)
    assert "volano_refusals_unrecorded_total" not in text
    assert volano.rest("GET", "/audit?limit=10")[0] == 200


def _metrics(volano):
    import urllib.request

    with urllib.request.urlopen(f"{volano.url}/metrics", timeout=30) as reply:
        return reply.read().decode()


def test_a_key_with_characters_that_databases_refuse_harms_nobody(volano):
    s3 = volano.client("s3")
    s3.create_bucket(Bucket="nul-bucket")
    for key in ("nul\0key", "line\u2028", "a" * 1024, "\U0010ffff"):
        with contextlib.suppress(ClientError):
            s3.get_object(Bucket="nul-bucket", Key=key)
    _, page = volano.rest("GET", "/audit?limit=100")
    assert sum("nul-bucket" in item["resource"] for item in page["items"]) >= 5
