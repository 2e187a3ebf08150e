"""How values that are not columns of their own are written as text."""

from __future__ import annotations

import msgspec

from volano.kernel.bytes import Blob
from volano.services.objects.model import Acl, Checksum, Description

_encode = msgspec.json.Encoder().encode
_decode_tags = msgspec.json.Decoder(dict[str, str]).decode


class _Headers(msgspec.Struct, omit_defaults=True):
    h: dict[str, str] = {}
    m: dict[str, str] = {}
    a: Acl | None = None


_decode_headers = msgspec.json.Decoder(_Headers).decode


def blob_to_text(blob: Blob | None) -> str:
    return "" if blob is None else f"{','.join(blob.zones)} {blob.id}"


def blob_from_text(text: str, size_bytes: int) -> Blob | None:
    if not text:
        return None
    zones, _, blob_id = text.partition(" ")
    return Blob(id=blob_id, size_bytes=size_bytes, zones=tuple(zones.split(",")))


def checksum_to_text(checksum: Checksum | None) -> str:
    return "" if checksum is None else f"{checksum.algorithm} {checksum.kind} {checksum.value}"


def checksum_from_text(text: str) -> Checksum | None:
    if not text:
        return None
    algorithm, kind, value = text.split(" ", 2)
    return Checksum(algorithm=algorithm, kind=kind, value=value)


def headers_to_text(description: Description) -> str:
    if not description.headers and not description.metadata and description.acl is None:
        return ""
    headers = _Headers(h=description.headers, m=description.metadata, a=description.acl)
    return _encode(headers).decode()


def tags_to_text(tags: dict[str, str]) -> str:
    return _encode(tags).decode() if tags else ""


def tags_from_text(text: str) -> dict[str, str]:
    return _decode_tags(text) if text else {}


def description_from_text(headers: str, tags: str, storage_class: str) -> Description:
    decoded = _decode_headers(headers) if headers else _Headers()
    return Description(
        headers=decoded.h,
        metadata=decoded.m,
        tags=tags_from_text(tags),
        storage_class=storage_class,
        acl=decoded.a,
    )
