"""A model uploaded by boto3 is pulled from its bucket and answers the openai client."""

from __future__ import annotations

import time

import openai
import pytest

from volano.ml.models.tiny import make_tiny_model

BUCKET = "models-to-pull"


@pytest.fixture(scope="module")
def bucket(volano, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    make_tiny_model(folder)
    s3 = volano.client("s3")
    where = {"LocationConstraint": volano.credentials["AWS_DEFAULT_REGION"]}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            s3.upload_file(str(path), BUCKET, f"acme/tiny/{path.relative_to(folder)}")
    return BUCKET


def finished(volano, job):
    deadline = time.monotonic() + 120
    while job["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
        _, job = volano.rest("GET", f"/jobs/{job['id']}")
    return job


def test_a_model_of_a_bucket_answers(volano, bucket):
    body = {"name": "acme/tiny", "source": f"s3://{bucket}/acme/tiny"}
    status, job = volano.rest("POST", "/models/pull", body)
    assert status == 200, job
    assert finished(volano, job)["state"] == "done"
    client = volano.openai()
    listed = {model.id: model for model in client.models.list()}
    assert listed["acme/tiny"].description == f"Pulled from s3://{bucket}/acme/tiny/."
    answer = client.chat.completions.create(
        model="acme/tiny", messages=[{"role": "user", "content": "hello"}], max_tokens=4
    )
    assert answer.usage.completion_tokens > 0
    assert client.models.delete("acme/tiny").deleted


def test_a_folder_without_a_model_and_a_missing_bucket_are_refused(volano, bucket):
    for source, code in ((f"s3://{bucket}/nothing", 404), ("s3://no-such-bucket-here/x", 404)):
        body = {"name": "acme/none", "source": source}
        status, answer = volano.rest("POST", "/models/pull", body)
        assert status == code, answer
    status, answer = volano.rest("POST", "/models/pull", {"name": "acme/none", "source": "s3:///x"})
    assert status == 400, answer


def test_another_account_cannot_pull_from_the_bucket(volano, bucket):
    stranger = volano.add_account()
    body = {"name": "acme/stolen", "source": f"s3://{bucket}/acme/tiny"}
    status, answer = volano.rest("POST", "/models/pull", body, token=stranger["OPENAI_API_KEY"])
    assert status == 403, answer
    with pytest.raises(openai.NotFoundError):
        volano.openai(api_key=stranger["OPENAI_API_KEY"]).models.retrieve("acme/stolen")
