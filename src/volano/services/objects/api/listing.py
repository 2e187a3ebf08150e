"""S3: ListObjects, ListObjectsV2 and ListObjectVersions."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from volano.services.objects.api.facts import facts_of_bucket
from volano.services.objects.api.members import (
    encoding_of,
    page_size,
    quoted,
    seconds,
)
from volano.services.objects.api.owners import owner_of
from volano.services.objects.logic.access import open_bucket
from volano.services.objects.logic.errors import InvalidArgument
from volano.services.objects.logic.listing import Listing, list_joined, list_keys
from volano.services.objects.logic.metering import READ, count_request
from volano.services.objects.logic.names import require_text
from volano.services.objects.logic.version_listing import list_versions
from volano.wire.action import action
from volano.wire.aws.listing import CONTENT_PIECES, ContentRows, JoinedContents
from volano.wire.aws.xml import is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.objects.api.members import Request, Result
    from volano.services.objects.model import Bucket, ListedRow, ListedVersion

BUCKET = "arn:aws:s3:::{Bucket}"


@action("s3:ListObjects", permission="s3:ListBucket", resource=BUCKET, facts=facts_of_bucket)
async def list_objects(env: Env, call: Call, request: Request) -> Result:
    marker = request.get("Marker") or ""
    bucket, listing, result = await _list(env, request, after=marker)
    encode = _encoder(request)
    result["Marker"] = encode(marker)
    prefix = request.get("Prefix") or ""
    if not any(map(_is_control, prefix)):
        result["Prefix"] = prefix  # stock clients do not decode it in the first version
    if listing.is_truncated and request.get("Delimiter"):
        result["NextMarker"] = encode(listing.last)
    owner = await owner_of(env, bucket.account)
    result["Contents"] = _contents(listing.rows, request, owner)
    return result


@action("s3:ListObjectsV2", permission="s3:ListBucket", resource=BUCKET, facts=facts_of_bucket)
async def list_objects_v2(env: Env, call: Call, request: Request) -> Result:
    bucket, listing, result = await _list(env, request, after=_after(request))
    owner = await owner_of(env, bucket.account) if request.get("FetchOwner") else None
    result["Contents"] = _contents(listing.rows, request, owner)
    result["KeyCount"] = len(listing.rows) + len(listing.prefixes)
    return _finish_v2(request, result, listing.last)


async def list_text_v2(env: Env, request: Request) -> Result | None:
    """As `list_objects_v2`, with `Contents` that can only be written; None where only that can
    answer: common prefixes, owners, keys that are written in another way than they are stored.
    """
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    limit = page_size(request, "MaxKeys")
    if request.get("Delimiter") or request.get("FetchOwner") or not limit:
        return None
    joined = await list_joined(
        env.store.reader,
        bucket.id,
        CONTENT_PIECES,
        prefix=require_text(request.get("Prefix") or "", "prefix"),
        after=require_text(_after(request), "marker"),
        limit=limit,
    )
    contents = JoinedContents(joined.text, joined.number, limit)
    is_shown = _PLAIN_KEYS if encoding_of(request) else is_plain
    if not contents.is_known or not is_shown("".join(contents.keys)):
        return None
    last = contents.keys[-1] if contents.keys else ""
    listing = Listing(rows=[], prefixes=[], is_truncated=joined.number > limit, last=last)
    result = _result(env, bucket, request, listing)
    result |= {"Contents": contents, "KeyCount": len(contents)}
    return _finish_v2(request, result, last)


def _after(request: Request) -> str:
    """Behind which key a page of the second version begins."""
    token = request.get("ContinuationToken")
    return (request.get("StartAfter") or "") if token is None else parse_token(token)


def _finish_v2(request: Request, result: Result, last: str) -> Result:
    token = request.get("ContinuationToken")
    start_after = request.get("StartAfter") or ""
    if token is not None:
        result["ContinuationToken"] = token
    elif start_after:
        result["StartAfter"] = _encoder(request)(start_after)
    if result["IsTruncated"]:
        result["NextContinuationToken"] = to_token(last)
    return result


@action(
    "s3:ListObjectVersions",
    permission="s3:ListBucketVersions",
    resource=BUCKET,
    facts=facts_of_bucket,
)
async def list_object_versions(env: Env, call: Call, request: Request) -> Result:
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    count_request(env, bucket, READ)
    prefix = require_text(request.get("Prefix") or "", "prefix")
    delimiter = require_text(request.get("Delimiter") or "", "delimiter")
    key_marker = require_text(request.get("KeyMarker") or "", "key-marker")
    id_marker = require_text(request.get("VersionIdMarker") or "", "version-id-marker")
    if id_marker and not key_marker:
        raise InvalidArgument(
            "A version-id marker cannot be specified without a key marker.",
            fields={"ArgumentName": "version-id-marker", "ArgumentValue": id_marker},
        )
    limit = page_size(request, "MaxKeys")
    listing = await list_versions(
        env.store.reader,
        bucket.id,
        prefix=prefix,
        delimiter=delimiter,
        key_marker=key_marker,
        id_marker=id_marker,
        limit=limit,
    )
    encode = _encoder(request)
    owner = await owner_of(env, bucket.account)
    truncated = listing.is_truncated
    return {
        "Name": bucket.name,
        "Prefix": encode(prefix),
        "KeyMarker": encode(key_marker),
        "VersionIdMarker": id_marker,
        "NextKeyMarker": encode(listing.last_key) if truncated else None,
        "NextVersionIdMarker": listing.last_id or None if truncated else None,
        "MaxKeys": limit,
        "Delimiter": encode(delimiter) if delimiter else None,
        "IsTruncated": truncated,
        "EncodingType": "url" if encoding_of(request) else None,
        "Versions": [
            _entry(item, encode(item.key), owner)
            | {"VersionId": item.version_id, "IsLatest": item.is_latest}
            for item in listing.versions
            if not item.is_marker
        ],
        "DeleteMarkers": [
            _marker(item, encode(item.key), owner) for item in listing.versions if item.is_marker
        ],
        "CommonPrefixes": [{"Prefix": encode(each)} for each in listing.prefixes],
    }


def _marker(item: ListedVersion, key: str, owner: Result) -> Result:
    return {
        "Key": key,
        "VersionId": item.version_id,
        "IsLatest": item.is_latest,
        "LastModified": seconds(item.modified_us),
        "Owner": owner,
    }


async def _list(env: Env, request: Request, *, after: str) -> tuple[Bucket, Listing, Result]:
    """The page, and the members that both versions have."""
    bucket = await open_bucket(env, request["Bucket"], request.get("ExpectedBucketOwner"))
    prefix = require_text(request.get("Prefix") or "", "prefix")
    delimiter = require_text(request.get("Delimiter") or "", "delimiter")
    limit = page_size(request, "MaxKeys")
    listing = await list_keys(
        env.store.reader,
        bucket.id,
        prefix=prefix,
        delimiter=delimiter,
        after=require_text(after, "marker"),
        limit=limit,
    )
    return bucket, listing, _result(env, bucket, request, listing)


def _result(env: Env, bucket: Bucket, request: Request, listing: Listing) -> Result:
    """The members that both versions have; the page is counted as one request."""
    encode = _encoder(request)
    result: Result = {
        "Name": bucket.name,
        "Prefix": encode(request.get("Prefix") or ""),
        "MaxKeys": page_size(request, "MaxKeys"),
        "IsTruncated": listing.is_truncated,
        "CommonPrefixes": [{"Prefix": encode(each)} for each in listing.prefixes],
        "_headers": {"x-amz-bucket-region": bucket.region},
    }
    if request.get("Delimiter"):
        result["Delimiter"] = encode(request["Delimiter"])
    if encoding_of(request):
        result["EncodingType"] = "url"
    count_request(env, bucket, READ)
    return result


def _contents(rows: Sequence[ListedRow], request: Request, owner: Result | None) -> ContentRows:
    keys = [row[0] for row in rows]
    if encoding_of(request) and not _PLAIN_KEYS("".join(keys)):
        keys = [_url(key) for key in keys]
    return ContentRows(rows, keys, owner)


_PLAIN_KEYS = re.compile(r"[A-Za-z0-9_.\-~/]*").fullmatch
"""What `_url` leaves as it is."""


def _entry(item: ListedVersion, key: str, owner: Result | None) -> Result:
    entry: Result = {
        "Key": key,
        "LastModified": seconds(item.modified_us),
        "ETag": quoted(item.etag),
        "Size": item.size_bytes,
        "StorageClass": item.storage_class,
    }
    if item.checksum is not None:
        entry["ChecksumAlgorithm"] = [item.checksum.algorithm]
        entry["ChecksumType"] = item.checksum.kind
    if owner is not None:
        entry["Owner"] = owner
    return entry


def _is_control(character: str) -> bool:
    """Whether XML cannot hold the character."""
    return character < " " and character not in "\t\n\r"


def _as_is(text: str) -> str:
    return text


def _url(text: str) -> str:
    return quote(text, safe="/")


def _encoder(request: Request) -> Callable[[str], str]:
    return _url if encoding_of(request) else _as_is


def to_token(last: str) -> str:
    """An opaque continuation token."""
    return base64.urlsafe_b64encode(b"1" + last.encode()).decode()


def parse_token(token: str) -> str:
    """The key or common prefix in a token; raises InvalidArgument."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
        if raw[:1] != b"1":
            raise ValueError(token)
        return raw[1:].decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument(
            "The continuation token provided is incorrect",
            fields={"ArgumentName": "continuation-token"},
        ) from error
