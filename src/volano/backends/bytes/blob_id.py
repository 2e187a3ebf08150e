"""Blob ids of the disk backend: where a blob lies, so that no index in memory is needed.

`f1.<uid>` is a file of that name in each of the blob's zones. `s1.<uid>.<segment>-<offset>...`
is a record, with one place for each of the blob's zones, in their order. Numbers are hexadecimal.
The longest id, with six zones, has 153 characters.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from volano.backends.bytes.record import UID_BYTES
from volano.kernel.errors import Internal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from volano.kernel.ids import Ids


class Address(NamedTuple):
    """A parsed blob id; `places` is empty for a file."""

    uid: bytes
    places: tuple[tuple[int, int], ...]

    @property
    def is_file(self) -> bool:
        return not self.places


UIDS_AT_ONCE = 256


class Uids:
    """Random names of blobs, drawn many at a time: a call for entropy gives up the interpreter."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._drawn: list[bytes] = []

    def next(self) -> bytes:
        if not self._drawn:
            data = self._ids.bytes(UID_BYTES * UIDS_AT_ONCE)
            self._drawn = [data[at : at + UID_BYTES] for at in range(0, len(data), UID_BYTES)]
        return self._drawn.pop()


def file_id(uid: bytes) -> str:
    return "f1." + uid.hex()


def record_id(uid: bytes, places: Iterable[tuple[int, int]]) -> str:
    text = "s1." + uid.hex()
    for number, offset in places:
        text += f".{number:x}-{offset:x}"
    return text


@lru_cache(maxsize=16_384)
def parse_blob_id(text: str) -> Address:
    """Raises Internal when the id is not one of this backend's."""
    kind, _, rest = text.partition(".")
    uid, *places = rest.split(".")
    try:
        address = Address(bytes.fromhex(uid), tuple(_parse_place(place) for place in places))
    except ValueError:
        address = Address(b"", ())
    if len(address.uid) != UID_BYTES or kind != ("f1" if address.is_file else "s1"):
        raise Internal("A stored object cannot be found.", facts={"blob_id": text})
    return address


def _parse_place(text: str) -> tuple[int, int]:
    number, _, offset = text.partition("-")
    return int(number, 16), int(offset, 16)
