"""Programs that bring an environment of their own: s3fs, minio, Django, the SDK for JavaScript."""

from __future__ import annotations

import os
import subprocess
import uuid

import pytest
from tests.conformance.aws import stock


@pytest.fixture(scope="module")
def python():
    return stock.python_environment()


@pytest.fixture
def bucket(volano_sqlite):
    name = f"p{uuid.uuid4().hex[:16]}"
    where = {"LocationConstraint": volano_sqlite.credentials["AWS_DEFAULT_REGION"]}
    volano_sqlite.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    return name


@pytest.fixture
def run(volano_sqlite, tmp_path):
    """Runs a program as the administrator, with only what a user would set."""

    def start(*command: object) -> str:
        environment = {
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": volano_sqlite.aws_url,
            "AWS_REGION": volano_sqlite.credentials["AWS_DEFAULT_REGION"],
            "AWS_MAX_ATTEMPTS": "1",
        }
        done = subprocess.run(
            [str(part) for part in command],
            env=environment | volano_sqlite.credentials,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return start


@pytest.mark.parametrize("program", sorted(path.name for path in stock.PROGRAMS.glob("*.py")))
def test_python_program(python, run, bucket, program):
    run(python, stock.PROGRAMS / program, bucket)


@pytest.mark.parametrize("program", sorted(path.name for path in stock.PROGRAMS.glob("*.mjs")))
def test_javascript_program(run, bucket, program):
    run("node", stock.javascript_folder() / program, bucket)


def test_s4cmd_syncs_lists_and_removes(python, volano_sqlite, run, bucket, tmp_path):
    s4cmd = (
        python, python.parent / "s4cmd.py", "--endpoint-url", volano_sqlite.aws_url,
        "--access-key", volano_sqlite.credentials["AWS_ACCESS_KEY_ID"],
        "--secret-key", volano_sqlite.credentials["AWS_SECRET_ACCESS_KEY"],
        "--max-singlepart-upload-size", 8 * 1024 * 1024, "--multipart-split-size", 5 * 1024 * 1024,
    )  # fmt: skip
    (tmp_path / "up" / "deep").mkdir(parents=True)
    (tmp_path / "up" / "deep" / "big").write_bytes(os.urandom(12 * 1024 * 1024))
    (tmp_path / "up" / "a b.txt").write_bytes(b"a")
    run(*s4cmd, "dsync", "up", f"s3://{bucket}/tree")
    assert len(run(*s4cmd, "ls", "-r", f"s3://{bucket}/").splitlines()) == 2
    run(*s4cmd, "cp", f"s3://{bucket}/tree/deep/big", f"s3://{bucket}/copy")
    run(*s4cmd, "get", f"s3://{bucket}/copy", "down")
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up" / "deep" / "big").read_bytes()
    run(*s4cmd, "del", "-r", f"s3://{bucket}/")
    assert run(*s4cmd, "ls", "-r", f"s3://{bucket}/") == ""
