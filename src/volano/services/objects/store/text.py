"""How values that are not columns of their own are written as text."""

from __future__ import annotations

import msgspec

from volano.kernel.bytes import Blob
from volano.services.objects.model import (
    NO_RETENTION,
    Acl,
    Checksum,
    Description,
    Encryption,
    ObjectLock,
    Retention,
    sealed_size,
)

_encode = msgspec.json.Encoder().encode
_decode_tags = msgspec.json.Decoder(dict[str, str]).decode
_decode_lock = msgspec.json.Decoder(ObjectLock).decode


class _Headers(msgspec.Struct, omit_defaults=True):
    e: Encryption | None = None
    h: dict[str, str] = {}
    m: dict[str, str] = {}
    a: Acl | None = None
    r: int = 0


ENCRYPTED_PREFIX = '{"e":'
"""With what `headers` begins when the object is encrypted: `e` is its first member."""

_decode_headers = msgspec.json.Decoder(_Headers).decode
_PLAIN = _Headers()


def blob_to_text(blob: Blob | None) -> str:
    return "" if blob is None else f"{','.join(blob.zones)} {blob.id}"


def blob_from_text(text: str, size_bytes: int, *, sealed: bool = False) -> Blob | None:
    """The blob of `size_bytes` plain bytes; a sealed one is a little bigger."""
    if not text:
        return None
    zones, _, blob_id = text.partition(" ")
    if sealed:
        size_bytes = sealed_size(size_bytes)
    return Blob(id=blob_id, size_bytes=size_bytes, zones=tuple(zones.split(",")))


def checksum_to_text(checksum: Checksum | None) -> str:
    return "" if checksum is None else f"{checksum.algorithm} {checksum.kind} {checksum.value}"


def checksum_from_text(text: str) -> Checksum | None:
    if not text:
        return None
    algorithm, kind, value = text.split(" ", 2)
    return Checksum(algorithm=algorithm, kind=kind, value=value)


def headers_to_text(description: Description) -> str:
    headers = _Headers(
        e=description.encryption,
        h=description.headers,
        m=description.metadata,
        a=description.acl,
        r=description.restored_until_us,
    )
    return "" if headers == _PLAIN else _encode(headers).decode()


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
        encryption=decoded.e,
        restored_until_us=decoded.r,
    )


def retention_to_text(retention: Retention) -> str:
    if retention == NO_RETENTION:
        return ""
    hold = "ON" if retention.legal_hold else "OFF"
    return f"{retention.mode or '-'} {retention.until_us} {hold}"


def retention_from_text(text: str) -> Retention:
    if not text:
        return NO_RETENTION
    mode, until_us, hold = text.split(" ")
    return Retention(
        mode="" if mode == "-" else mode, until_us=int(until_us), legal_hold=hold == "ON"
    )


def object_lock_to_text(lock: ObjectLock | None) -> str:
    return "" if lock is None else _encode(lock).decode()


def object_lock_from_text(text: str) -> ObjectLock | None:
    return _decode_lock(text) if text else None
