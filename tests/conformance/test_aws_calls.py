"""AWS operations by plain JSON: the same answers, rights and errors as at the AWS door."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def call(volano, service, operation, given=None, **options):
    body = {"input": given or {}}
    return volano.rest("POST", f"/aws/{service}/{operation}", body, **options)


@pytest.fixture(scope="module")
def bucket(volano):
    where = {"LocationConstraint": volano.credentials["AWS_DEFAULT_REGION"]}
    volano.client("s3").create_bucket(Bucket="plain-json", CreateBucketConfiguration=where)
    return "plain-json"


def test_the_answer_is_the_one_of_boto3(volano, bucket):
    status, answer = call(volano, "s3", "ListBuckets")
    assert status == 200
    made = next(each for each in answer["output"]["Buckets"] if each["Name"] == bucket)
    wanted = next(b for b in volano.client("s3").list_buckets()["Buckets"] if b["Name"] == bucket)
    assert made["CreationDate"].startswith(wanted["CreationDate"].strftime("%Y-%m-%dT%H:%M:%S"))


def test_a_setting_is_written_and_read(volano, bucket):
    tags = {"TagSet": [{"Key": "team", "Value": "sales"}]}
    status, _ = call(volano, "s3", "PutBucketTagging", {"Bucket": bucket, "Tagging": tags})
    assert status == 200
    assert volano.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"] == tags["TagSet"]
    status, answer = call(volano, "s3", "GetBucketTagging", {"Bucket": bucket})
    assert answer["output"] == tags


def test_the_trail_tells_the_operation_and_not_that_json_asked_for_it(volano):
    """A page that only reads is no change; what an operation changes is one under its own name."""
    call(volano, "iam", "ListRoles")
    assert call(volano, "iam", "CreateGroup", {"GroupName": "asked-by-json"})[0] == 200
    _, told = volano.rest("GET", "/audit?changes=true&action=iam:CreateGroup")
    assert any("asked-by-json" in one["resource"] for one in told["items"])
    _, told = volano.rest("GET", "/audit?changes=true&action=volano:callAws")
    assert told["items"] == []


def test_blobs_are_base64(volano):
    status, answer = call(volano, "kms", "CreateKey")
    assert status == 200
    key = answer["output"]["KeyMetadata"]["KeyId"]
    status, sealed = call(volano, "kms", "Encrypt", {"KeyId": key, "Plaintext": "aGVsbG8="})
    assert status == 200
    given = {"CiphertextBlob": sealed["output"]["CiphertextBlob"]}
    status, opened = call(volano, "kms", "Decrypt", given)
    assert opened["output"]["Plaintext"] == "aGVsbG8="


@pytest.mark.parametrize(
    ("service", "operation", "given", "status", "says"),
    [
        ("s3", "NoSuchThing", {}, 404, "NoSuchThing"),
        ("nothing", "GetObject", {}, 404, "nothing"),
        ("s3", "GetObject", {"Bucket": "b", "Key": "k"}, 400, "stream"),
        ("s3", "PutObject", {"Bucket": "b", "Key": "k"}, 400, "stream"),
        ("ec2", "CreateFpgaImage", {}, 501, "CreateFpgaImage"),
        ("s3", "GetBucketTagging", {}, 400, "ucket"),
        ("s3", "GetBucketTagging", {"Bukket": "b"}, 400, "Bukket"),
        ("s3", "GetBucketTagging", {"Bucket": ["b"]}, 400, "string"),
        ("s3", "GetBucketTagging", {"Bucket": "no-such-bucket-at-all"}, 404, "bucket"),
    ],
)
def test_mistakes_are_told(volano, service, operation, given, status, says):
    code, answer = call(volano, service, operation, given)
    assert code == status, answer
    assert says in str(answer)


def test_rights_are_those_of_the_operation(volano, bucket):
    stranger = volano.add_account()
    status, answer = call(
        volano, "s3", "GetBucketTagging", {"Bucket": bucket}, token=stranger["OPENAI_API_KEY"]
    )
    assert status == 403, answer


def test_the_trail_names_the_operation(volano, bucket):
    call(volano, "s3", "GetBucketLocation", {"Bucket": bucket})
    _, found = volano.rest("GET", "/audit?action=s3:GetBucketLocation")
    assert found["items"], found


def test_the_command_line_runs_any_operation(volano, bucket):
    def run(*arguments, given=None):
        return subprocess.run(
            [sys.executable, "-m", "volano", "aws", *arguments, "--data", str(volano.data_dir)],
            capture_output=True,
            text=True,
            input=given,
            env=volano.environment,
            check=False,
        )

    said = run("s3", "GetBucketLocation", "-", given=json.dumps({"Bucket": bucket}))
    assert said.returncode == 0, said.stderr
    where = volano.credentials["AWS_DEFAULT_REGION"]
    assert json.loads(said.stdout) == {"LocationConstraint": where}
    assert run("s3", "GetBucketLocation", "{").returncode == 2
    missing = run("s3", "GetBucketLocation", '{"Bucket": "no-such-bucket-x"}')
    assert "The specified bucket does not exist" in missing.stderr
