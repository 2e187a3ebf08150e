"""Rules of bucket names and keys."""

from __future__ import annotations

import pytest

from volano.services.objects.logic.errors import (
    InvalidArgument,
    InvalidBucketName,
    InvalidUri,
    KeyTooLong,
)
from volano.services.objects.logic.names import require_bucket_name, require_key


@pytest.mark.parametrize("name", ["abc", "a-b-c", "my.bucket.name", "0abc9", "a" * 63])
def test_bucket_names_that_are_allowed(name):
    require_bucket_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 64,
        "Upper",
        "under_score",
        "-begins",
        "ends-",
        "two..dots",
        "dot.-hyphen",
        "hyphen-.dot",
        "192.168.1.1",
        "xn--puny",
        "name-s3alias",
        "späce",
        "a b",
    ],
)
def test_bucket_names_that_are_refused(name):
    with pytest.raises(InvalidBucketName) as caught:
        require_bucket_name(name)
    assert caught.value.fields["BucketName"] == name


def test_key_may_have_1024_bytes_but_not_more():
    require_key("k" * 1024)
    require_key("é" * 512)
    with pytest.raises(KeyTooLong):
        require_key("k" * 1025)
    with pytest.raises(KeyTooLong):
        require_key("é" * 513)


def test_key_must_be_text():
    with pytest.raises(InvalidArgument):
        require_key("")
    with pytest.raises(InvalidArgument):
        require_key("nul\x00")
    with pytest.raises(InvalidUri):
        require_key("\udcff")
