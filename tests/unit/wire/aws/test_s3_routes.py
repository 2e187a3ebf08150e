"""Which S3 operation, bucket and key a request names."""

from __future__ import annotations

import pytest

from volano.wire.aws.catalog import load_service
from volano.wire.aws.s3_routes import S3Routes, S3Target, bucket_of_host
from volano.wire.http import Request, body_of

BASES = ("cloud.example", "localhost")
ROUTES = S3Routes(load_service("s3").model)


def match(method: str, path: str, host: str = "localhost:9000", **headers: str) -> S3Target:
    raw_path, _, raw_query = path.partition("?")
    names = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = Request(
        method=method,
        raw_path=raw_path,
        raw_query=raw_query,
        headers=names,
        header_list=[],
        body=body_of(b""),
    )
    return ROUTES.match(request, BASES)


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("localhost", ""),
        ("localhost:9000", ""),
        ("127.0.0.1:9000", ""),
        ("[::1]:9000", ""),
        ("bkt.localhost:9000", "bkt"),
        ("my.dotted.bkt.localhost", "my.dotted.bkt"),
        ("s3.localhost", ""),
        ("bkt.s3.localhost", "bkt"),
        ("s3.eu-home-1.cloud.example", ""),
        ("bkt.s3.eu-home-1.cloud.example", "bkt"),
        ("bkt.s3.amazonaws.com", "bkt"),
        ("bkt.s3-eu-west-1.amazonaws.com", "bkt"),
        ("a.s3.b.s3.amazonaws.com", "a.s3.b"),
        ("cloud.example", ""),
        ("bkt.cloud.example", "bkt"),
        ("elsewhere.example", ""),
        ("", ""),
    ],
)
def test_bucket_of_host(host: str, bucket: str) -> None:
    assert bucket_of_host(host, BASES) == bucket


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", ("ListBuckets", "", "")),
        ("GET", "/?x-id=ListDirectoryBuckets", ("ListDirectoryBuckets", "", "")),
        ("GET", "/bkt", ("ListObjects", "bkt", "")),
        ("GET", "/bkt/", ("ListObjects", "bkt", "")),
        ("GET", "/bkt?list-type=2&prefix=a", ("ListObjectsV2", "bkt", "")),
        ("GET", "/bkt?list-type=3", ("ListObjects", "bkt", "")),
        ("GET", "/bkt?versions", ("ListObjectVersions", "bkt", "")),
        ("GET", "/bkt?uploads=", ("ListMultipartUploads", "bkt", "")),
        ("GET", "/bkt?location", ("GetBucketLocation", "bkt", "")),
        ("GET", "/bkt?lifecycle", ("GetBucketLifecycleConfiguration", "bkt", "")),
        ("GET", "/bkt?analytics", ("ListBucketAnalyticsConfigurations", "bkt", "")),
        ("GET", "/bkt?analytics&id=x", ("GetBucketAnalyticsConfiguration", "bkt", "")),
        ("GET", "/bkt/k", ("GetObject", "bkt", "k")),
        ("GET", "/bkt/k?partNumber=1", ("GetObject", "bkt", "k")),
        ("GET", "/bkt/k?uploadId=u", ("ListParts", "bkt", "k")),
        ("GET", "/bkt/k?acl", ("GetObjectAcl", "bkt", "k")),
        ("GET", "/bkt/k?tagging&versionId=v", ("GetObjectTagging", "bkt", "k")),
        ("GET", "/bkt/k?x-id=GetObject", ("GetObject", "bkt", "k")),
        ("GET", "/bkt//a//b/", ("GetObject", "bkt", "/a//b/")),
        ("GET", "/bkt/../x", ("GetObject", "bkt", "../x")),
        ("GET", "/bkt/%2F%252F", ("GetObject", "bkt", "%2F%252F")),
        ("HEAD", "/bkt", ("HeadBucket", "bkt", "")),
        ("HEAD", "/bkt/k", ("HeadObject", "bkt", "k")),
        ("PUT", "/bkt", ("CreateBucket", "bkt", "")),
        ("PUT", "/bkt/", ("CreateBucket", "bkt", "")),
        ("PUT", "/bkt/k", ("PutObject", "bkt", "k")),
        ("PUT", "/bkt/k?x-id=PutObject", ("PutObject", "bkt", "k")),
        ("PUT", "/bkt/k?partNumber=1&uploadId=u", ("UploadPart", "bkt", "k")),
        ("PUT", "/bkt?policy", ("PutBucketPolicy", "bkt", "")),
        ("PUT", "/bkt?analytics", ("PutBucketAnalyticsConfiguration", "bkt", "")),
        ("POST", "/bkt/k?uploads", ("CreateMultipartUpload", "bkt", "k")),
        ("POST", "/bkt/k?uploadId=u", ("CompleteMultipartUpload", "bkt", "k")),
        ("POST", "/bkt?delete", ("DeleteObjects", "bkt", "")),
        ("POST", "/bkt/k?select&select-type=2", ("SelectObjectContent", "bkt", "k")),
        ("DELETE", "/bkt/k", ("DeleteObject", "bkt", "k")),
        ("DELETE", "/bkt/k?uploadId=u", ("AbortMultipartUpload", "bkt", "k")),
        ("DELETE", "/bkt?tagging", ("DeleteBucketTagging", "bkt", "")),
        ("DELETE", "/bkt", ("DeleteBucket", "bkt", "")),
        ("PATCH", "/bkt/k", (None, "bkt", "k")),
    ],
)
def test_match(method: str, path: str, expected: tuple[str | None, str, str]) -> None:
    assert match(method, path) == expected


def test_copies_are_told_by_their_header() -> None:
    assert match("PUT", "/bkt/k", x_amz_copy_source="a/b").operation == "CopyObject"
    part = match("PUT", "/bkt/k?partNumber=1&uploadId=u", x_amz_copy_source="a/b")
    assert part.operation == "UploadPartCopy"


def test_virtual_host_style() -> None:
    assert match("GET", "/", "bkt.localhost") == ("ListObjects", "bkt", "")
    assert match("GET", "/a/b", "bkt.localhost:9000") == ("GetObject", "bkt", "a/b")
    assert match("PUT", "//a", "bkt.s3.cloud.example") == ("PutObject", "bkt", "/a")


def test_presigned_parameters_change_nothing() -> None:
    query = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x&X-Amz-Signature=0"
    assert match("PUT", "/bkt/k" + query).operation == "PutObject"
    assert match("GET", "/bkt" + query + "&list-type=2").operation == "ListObjectsV2"
