"""What the notes in the log of the bytes say: groups of small puts, images of rows, whole tellings.

Notes are ordered by `Order`: the number of the newest group of puts that they know of, then their
own number. For each key the newest note is true.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from volano.services.objects.model import Put


class Order(NamedTuple):
    """Of a group of puts: its number and 0. Of the others: the newest group's that their rows
    have, and their own."""

    group: int
    number: int


class Group(msgspec.Struct, array_like=True, tag="puts"):
    number: int
    puts: list[Put]

    @property
    def order(self) -> Order:
        return Order(self.number, 0)


class Image(msgspec.Struct, array_like=True):
    """All rows of a key, of a bucket (key '') or of a content (bucket ''), by table."""

    bucket_id: str
    key: str
    rows: dict[str, list[list[Any]]]


class Images(msgspec.Struct, array_like=True, tag="images"):
    order: Order
    columns: dict[str, str]
    """By table, as SQL has them."""
    images: list[Image]


class Whole(msgspec.Struct, array_like=True, tag="whole"):
    """Everything was told once more since `order`: what older notes say does not count."""

    order: Order


Told = Group | Images | Whole

encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Told] = msgspec.msgpack.Decoder(Told)
decode = _decoder.decode
