"""A day with the unmodified aws-cli: make a bucket, copy, sync, list, link, remove."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
import uuid
from pathlib import Path

import pytest


@pytest.fixture
def aws(volano, tmp_path):
    """Runs `aws` with the environment that Volano prints, and returns what it says."""
    program = Path(sys.executable).parent / "aws"
    environment = os.environ | {
        **volano.credentials,
        "AWS_ENDPOINT_URL": volano.aws_url,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def run(*arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, program, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_day_with_the_command_line(aws, tmp_path):
    bucket = f"cli-{uuid.uuid4().hex[:12]}"
    folder = tmp_path / "site"
    (folder / "sub dir").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>hello</h1>")
    (folder / "sub dir" / "big.bin").write_bytes(os.urandom(9 * 1024 * 1024))
    aws("s3", "mb", f"s3://{bucket}")
    aws("s3", "sync", folder, f"s3://{bucket}/site", "--no-progress")
    listed = aws("s3", "ls", f"s3://{bucket}/site/", "--recursive")
    assert "site/index.html" in listed
    assert "site/sub dir/big.bin" in listed
    assert aws("s3", "sync", folder, f"s3://{bucket}/site", "--no-progress") == ""
    aws("s3", "cp", f"s3://{bucket}/site/sub dir/big.bin", "back.bin", "--no-progress")
    assert (tmp_path / "back.bin").read_bytes() == (folder / "sub dir" / "big.bin").read_bytes()
    aws("s3", "mv", f"s3://{bucket}/site/index.html", f"s3://{bucket}/moved.html")
    link = aws("s3", "presign", f"s3://{bucket}/moved.html", "--expires-in", 60).strip()
    assert urllib.request.urlopen(link).read() == b"<h1>hello</h1>"
    head = aws("s3api", "head-object", "--bucket", bucket, "--key", "moved.html")
    assert '"ContentType": "text/html"' in head
    aws("s3", "rb", f"s3://{bucket}", "--force")
    assert bucket not in aws("s3", "ls")
