"""The answers to ListObjects and ListObjectsV2, written by hand because they are hot and long.

Also the `encoding-type=url` of every S3 listing: names are percent-encoded on the way out, so that
handlers deal in plain keys. (S3 API reference, ListObjectsV2, "EncodingType".)
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from volano.wire.aws.scalars import iso8601_millis
from volano.wire.aws.xml import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    Append = Callable[[str], None]
    Writer = Callable[[Append, Any], None]

_USUAL = ("Key", "LastModified", "ETag", "Size", "StorageClass")
_ENCODED = (
    *("Delimiter", "Marker", "NextMarker", "Prefix", "StartAfter"),
    *("KeyMarker", "NextKeyMarker"),
)
_LISTS = ("Contents", "Versions", "DeleteMarkers", "Uploads")
_SAFE = "/-_.~*"


def contents_writer(generic: Writer) -> Writer:
    """A writer of `Contents` that is quick for entries with the usual members.

    `generic` writes a list of one, for entries with more (owners, checksums).
    """

    usual = itemgetter(*_USUAL)

    def write(append: Append, contents: Any) -> None:
        for item in contents:
            if len(item) != len(_USUAL):
                generic(append, [item])
                continue
            try:
                key, modified, etag, size, storage = usual(item)
            except KeyError:
                generic(append, [item])
                continue
            append(
                f"<Contents><Key>{escape(key)}</Key>"
                f"<LastModified>{iso8601_millis(modified)}</LastModified><ETag>{etag}</ETag>"
                f"<Size>{size}</Size><StorageClass>{storage}</StorageClass></Contents>"
            )

    return write


def url_encoded(result: dict[str, Any]) -> dict[str, Any]:
    """A listing with its names percent-encoded (`/` stays)."""
    out = dict(result)
    for key in _ENCODED:
        if out.get(key):
            out[key] = quote(out[key], safe=_SAFE)
    for key in _LISTS:
        if out.get(key):
            out[key] = [{**item, "Key": quote(item["Key"], safe=_SAFE)} for item in out[key]]
    if out.get("CommonPrefixes"):
        out["CommonPrefixes"] = [
            {"Prefix": quote(item["Prefix"], safe=_SAFE)} for item in out["CommonPrefixes"]
        ]
    return out
