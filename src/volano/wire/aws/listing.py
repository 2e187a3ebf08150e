"""`Contents` of ListObjects and ListObjectsV2, written by hand because it is hot and long."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from volano.wire.aws.scalars import iso8601_millis
from volano.wire.aws.xml import escape, is_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    Append = Callable[[str], None]
    Writer = Callable[[Append, Any], None]

_USUAL = ("Key", "LastModified", "ETag", "Size", "StorageClass")


def contents_writer(generic: Writer) -> Writer:
    """A writer of `Contents` that is quick for entries with the usual members.

    `generic` writes a list of one, for entries with other members.
    """
    usual = itemgetter(*_USUAL)

    def write(append: Append, contents: Any) -> None:
        # One look over all keys is cheaper than a thousand: most need no escaping at all.
        safe = is_plain("".join([item.get("Key", "") + item.get("ETag", "") for item in contents]))
        for item in contents:
            try:
                key, modified, etag, size, storage = usual(item)
                extra = _extra(item) if len(item) > len(_USUAL) else ""
            except KeyError:
                generic(append, [item])
                continue
            if extra is None:
                generic(append, [item])
                continue
            append(
                f"<Contents><Key>{key if safe else escape(key)}</Key>"
                f"<LastModified>{iso8601_millis(modified)}</LastModified>"
                f"<ETag>{etag if safe else escape(etag)}</ETag>{extra}<Size>{size}</Size>"
                f"<StorageClass>{storage}</StorageClass></Contents>"
            )

    return write


def _extra(item: dict[str, Any]) -> str | None:
    """The elements of a checksum and an owner; None when the entry has other members too."""
    known, text = len(_USUAL), ""
    owner = item.get("Owner")
    if owner is not None:
        if owner.keys() - {"ID", "DisplayName"}:
            return None
        name = owner.get("DisplayName")
        shown = "" if name is None else f"<DisplayName>{escape(name)}</DisplayName>"
        text = f"<Owner><ID>{escape(owner['ID'])}</ID>{shown}</Owner>"
        known += 1
    if "ChecksumAlgorithm" in item and "ChecksumType" in item:
        algorithms = "".join(
            f"<ChecksumAlgorithm>{name}</ChecksumAlgorithm>" for name in item["ChecksumAlgorithm"]
        )
        text += f"{algorithms}<ChecksumType>{item['ChecksumType']}</ChecksumType>"
        known += 2
    return text if known == len(item) else None
