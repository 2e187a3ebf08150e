"""`Contents` of ListObjects and ListObjectsV2, written by hand because it is hot and long."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from volano.wire.aws.scalars import iso8601_millis
from volano.wire.aws.xml import escape, is_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    Append = Callable[[str], None]
    Writer = Callable[[Append, Any], None]

ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5", "XXHASH64",
              "XXHASH3", "XXHASH128")  # fmt: skip
KINDS = ("FULL_OBJECT", "COMPOSITE")
TELLING = 12
"""Of `ALGORITHM KIND VALUE`, these first characters say which algorithm and which kind."""
_USUAL = ("Key", "LastModified", "ETag", "Size", "StorageClass")


class ContentRows(Sequence[dict[str, Any]]):
    """`Contents` as rows of the store; entries with botocore's members are made when asked for.

    A row is key, size, ETag, time in microseconds, storage class and `ALGORITHM KIND VALUE` of a
    checksum (or ''); `keys` are the keys as they are shown.
    """

    def __init__(
        self, rows: Sequence[tuple[Any, ...]], keys: list[str], owner: dict[str, Any] | None
    ) -> None:
        self._rows = rows
        self._keys = keys
        self._owner = owner

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        _, size, etag, modified_us, storage, checksum = self._rows[index]
        entry = {
            "Key": self._keys[index],
            "LastModified": modified_us // 1_000_000,
            "ETag": f'"{etag}"',
            "Size": size,
            "StorageClass": storage,
        }
        if checksum:
            algorithm, kind, _ = checksum.split(" ", 2)
            entry |= {"ChecksumAlgorithm": [algorithm], "ChecksumType": kind}
        return entry if self._owner is None else entry | {"Owner": self._owner}

    def xml(self) -> str:
        """All elements."""
        keys = self._keys
        if not is_plain("".join(keys)):
            keys = [escape(key) for key in keys]
        owner = "" if self._owner is None else _extra({"Owner": self._owner}, usual=0) or ""
        seconds, extras = _Seconds(), _Extras(owner)
        kind = extras.get
        return "".join(
            [
                f"<Contents><Key>{key}</Key><LastModified>"
                f"{seconds[modified_us // 1_000_000]}"
                f'</LastModified><ETag>"{etag}"</ETag>'
                f"{kind(checksum[:TELLING]) or extras.of(checksum)}<Size>{size}</Size>"
                f"<StorageClass>{storage}</StorageClass></Contents>"
                for key, (_, size, etag, modified_us, storage, checksum) in zip(
                    keys, self._rows, strict=True
                )
            ]
        )


MARK = "\x01"
"""Stands between what is read from the text of the rows; no key that `is_plain` has it."""
_OPEN, _CLOSE = "<Contents><Key>", "</StorageClass></Contents>"
CONTENT_PIECES = (MARK, MARK, MARK, MARK, "</Size><StorageClass>", f"{_CLOSE}{_OPEN}{MARK}")
"""What stands behind key, second since 1970, ETag, the first `TELLING` characters of the checksum,
size and, where another row follows, storage class."""
_PARTED = 5
"""Parts of a row between marks: key, second, ETag, checksum, and what follows it."""
_KEYS, _SECONDS = slice(0, None, _PARTED), slice(1, None, _PARTED)
_CHECKSUMS = slice(3, None, _PARTED)


class JoinedContents:
    """`Contents` whose rows the database has joined with `CONTENT_PIECES`; those beyond `limit` are
    left out."""

    def __init__(self, text: str, number: int, limit: int) -> None:
        parts = text.split(MARK) if number else []
        self._is_whole = len(parts) == number * _PARTED
        if number > limit:
            del parts[limit * _PARTED :]
            parts[-1] = parts[-1].removesuffix(_CLOSE + _OPEN)
        self._parts = parts
        self.keys = parts[_KEYS]

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def is_known(self) -> bool:
        """Whether no key has a mark, and every checksum is one that S3 knows."""
        return self._is_whole and _AFTER_ETAG.keys() >= set(self._parts[_CHECKSUMS])

    def xml(self) -> str:
        """All elements."""
        if not self.keys:
            return ""
        parts, after_key = self._parts.copy(), _AfterKey()
        parts[_SECONDS] = map(after_key.__getitem__, parts[_SECONDS])
        parts[_CHECKSUMS] = map(_AFTER_ETAG.__getitem__, parts[_CHECKSUMS])
        return "".join([_OPEN, *parts, _CLOSE])


class _AfterKey(dict[str, str]):
    """What stands between key and ETag, by the digits of the second."""

    def __missing__(self, second: str) -> str:
        time = iso8601_millis(int(second))
        self[second] = text = f'</Key><LastModified>{time}</LastModified><ETag>"'
        return text


class _Extras(dict[str, str]):
    """The elements of owner and checksum by the first characters of the checksum."""

    def __init__(self, owner: str) -> None:
        super().__init__()
        self._owner = owner

    def of(self, checksum: str) -> str:
        """Those of a checksum of which there was none before."""
        if not checksum:
            return self._owner
        algorithm, kind, _ = checksum.split(" ", 2)
        self[checksum[:TELLING]] = text = self._owner + _kind(algorithm, kind)
        return text


def _kind(algorithm: str, kind: str) -> str:
    return f"<ChecksumAlgorithm>{algorithm}</ChecksumAlgorithm><ChecksumType>{kind}</ChecksumType>"


_AFTER_ETAG = {"": '"</ETag><Size>'} | {
    f"{algorithm} {kind} "[:TELLING]: f'"</ETag>{_kind(algorithm, kind)}<Size>'
    for algorithm in ALGORITHMS
    for kind in KINDS
}
"""What stands between ETag and size, by the first characters of the checksum."""


class _Seconds(dict[int, str]):
    """`2026-11-22T06:41:07.000Z` by seconds since 1970; S3 tells no fractions of them."""

    def __missing__(self, second: int) -> str:
        self[second] = text = iso8601_millis(second)
        return text


def contents_writer(generic: Writer) -> Writer:
    """A writer of `Contents` that is quick for entries with the usual members.

    `generic` writes a list of one, for entries with other members.
    """
    usual = itemgetter(*_USUAL)

    def write(append: Append, contents: Any) -> None:
        if isinstance(contents, ContentRows | JoinedContents):
            append(contents.xml())
            return
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


def _extra(item: dict[str, Any], usual: int = len(_USUAL)) -> str | None:
    """The elements of a checksum and an owner; None when the entry has other members too."""
    known, text = usual, ""
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
