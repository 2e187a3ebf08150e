"""smart_open and cloudpathlib: a bucket as if it were files."""

import gzip
import os
import sys
from pathlib import Path

import boto3
from cloudpathlib import S3Client, S3Path
from smart_open import open as smart_open
from smart_open.s3 import iter_bucket

bucket = sys.argv[1]
boto = boto3.client("s3")
lines = [f"line {n} of many\n" for n in range(400_000)]

with smart_open(f"s3://{bucket}/lines.txt.gz", "wt", transport_params={"client": boto}) as file:
    file.writelines(lines)
with smart_open(f"s3://{bucket}/lines.txt.gz", "rt", transport_params={"client": boto}) as file:
    assert sum(1 for _ in file) == len(lines)
parts = {"client": boto, "min_part_size": 5 * 1024 * 1024}
with smart_open(f"s3://{bucket}/lines.txt", "w", transport_params=parts) as file:
    file.writelines(lines)
with smart_open(f"s3://{bucket}/lines.txt", "rb", transport_params={"client": boto}) as file:
    file.seek(-len(lines[-1]), os.SEEK_END)
    assert file.read().decode() == lines[-1]
    file.seek(0)
    assert file.readline().decode() == lines[0]
found = dict(iter_bucket(bucket, workers=2))
assert gzip.decompress(found["lines.txt.gz"]) == found["lines.txt"]

root = S3Path(f"s3://{bucket}/tree", client=S3Client(endpoint_url=os.environ["AWS_ENDPOINT_URL"]))
(root / "a" / "b.txt").write_text("b")
(root / "a" / "größe +&.txt").write_text("c")
assert sorted(path.name for path in root.rglob("*.txt")) == ["b.txt", "größe +&.txt"]
assert [path.name for path in root.iterdir()] == ["a"]
(root / "a" / "b.txt").rename(root / "moved.txt")
assert not (root / "a" / "b.txt").exists()
assert (root / "moved.txt").stat().st_size == 1
down = Path("down")
root.copytree(down)
assert (down / "a" / "größe +&.txt").read_text() == "c"
(root / "up").upload_from(down)
assert len(list((root / "up").rglob("*.txt"))) == 2
root.rmtree()
assert not root.exists()
