"""fsspec's s3fs: files, folders, parts, globs, moves and old versions."""

import os
import sys

import fsspec
import s3fs

bucket = sys.argv[1]
s3 = s3fs.S3FileSystem(version_aware=True, use_listings_cache=False)
big = os.urandom(12 * 1024 * 1024)

with s3.open(f"{bucket}/raw/big.bin", "wb", block_size=5 * 1024 * 1024) as file:
    for start in range(0, len(big), 1_000_000):
        file.write(big[start : start + 1_000_000])
with s3.open(f"{bucket}/raw/big.bin", "rb", block_size=1_000_000) as file:
    file.seek(7_000_000)
    assert file.read(10) == big[7_000_000:7_000_010]
assert s3.cat_file(f"{bucket}/raw/big.bin", start=-5) == big[-5:]
assert s3.info(f"{bucket}/raw/big.bin")["ETag"].endswith('-3"')

s3.pipe({f"{bucket}/text/{name}.txt": name.encode() for name in ("a", "b", "größe", "x y+z")})
assert sorted(s3.glob(f"{bucket}/text/*.txt"))[0] == f"{bucket}/text/a.txt"
assert len(s3.find(bucket)) == 5
assert sorted(s3.ls(bucket)) == [f"{bucket}/raw", f"{bucket}/text"]
assert s3.du(f"{bucket}/text") == 1 + 1 + len("größe".encode()) + 5
assert [names for _, _, names in s3.walk(f"{bucket}/raw")] == [["big.bin"]]

s3.copy(f"{bucket}/raw/big.bin", f"{bucket}/raw/copy.bin")
s3.mv(f"{bucket}/text/a.txt", f"{bucket}/text/moved.txt")
assert s3.exists(f"{bucket}/text/moved.txt")
assert not s3.exists(f"{bucket}/text/a.txt")
assert s3.checksum(f"{bucket}/raw/copy.bin")
s3.merge(f"{bucket}/raw/both.bin", [f"{bucket}/raw/big.bin", f"{bucket}/raw/copy.bin"])
assert s3.size(f"{bucket}/raw/both.bin") == 2 * len(big)
s3.touch(f"{bucket}/empty")
with s3.open(f"{bucket}/text/moved.txt", "ab") as file:
    file.write(b"+more")
assert s3.cat(f"{bucket}/text/moved.txt") == b"a+more"

s3.make_bucket_versioned(bucket, True)
s3.pipe(f"{bucket}/kept", b"first")
s3.pipe(f"{bucket}/kept", b"second")
versions = s3.object_version_info(f"{bucket}/kept")
assert [version["IsLatest"] for version in versions] == [True, False]
assert s3.cat(f"{bucket}/kept", version_id=versions[1]["VersionId"]) == b"first"
s3.put_tags(f"{bucket}/kept", {"team": "data"})
assert s3.get_tags(f"{bucket}/kept") == {"team": "data"}
s3.setxattr(f"{bucket}/kept", colour="blue")
assert s3.getxattr(f"{bucket}/kept", "colour") == "blue"
link = s3.url(f"{bucket}/kept", expires=60)
with fsspec.open(link, "rb") as file:
    assert file.read() == b"second"

try:
    s3.cat(f"{bucket}/never")
except FileNotFoundError:
    pass
else:
    raise AssertionError("a missing key is FileNotFoundError")
s3.rm(f"{bucket}/raw", recursive=True)
s3.rm(f"{bucket}/kept")
assert not s3.exists(f"{bucket}/kept")
s3.rm(bucket, recursive=True)
assert not s3.exists(bucket)
