"""Rows of s3_upload and s3_part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.objects.model import Part, Upload
from volano.services.objects.store.noted import note_content
from volano.services.objects.store.text import (
    blob_from_text,
    blob_to_text,
    checksum_from_text,
    checksum_to_text,
    description_from_text,
    headers_to_text,
    retention_from_text,
    retention_to_text,
    tags_to_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.bytes import Blob
    from volano.kernel.store import Reader, Row, Tx

_UPLOAD = (
    "bucket_id, key, id, created_us, storage_class, checksum_algorithm, checksum_type, headers, "
    "tags, initiator, retention"
)
_PART = (
    "content_id, number, start_bytes, size_bytes, etag, checksum, crc, blob, modified_us, seal, "
    "storage_class"
)
_CRC_SIGN = 1 << 63
"""SQL integers are signed: a CRC of 64 bits is stored less this."""


async def insert_upload(tx: Tx, upload: Upload) -> None:
    await tx.execute(
        f"INSERT INTO s3_upload ({_UPLOAD}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        upload.bucket_id,
        upload.key,
        upload.id,
        upload.created_us,
        upload.description.storage_class,
        upload.checksum_algorithm,
        upload.checksum_kind,
        headers_to_text(upload.description),
        tags_to_text(upload.description.tags),
        upload.initiator,
        retention_to_text(upload.retention),
    )


async def select_upload(reader: Reader, bucket_id: str, key: str, upload_id: str) -> Upload | None:
    row = await reader.row(
        f"SELECT {_UPLOAD} FROM s3_upload WHERE bucket_id = ? AND key = ? AND id = ?",
        bucket_id,
        key,
        upload_id,
    )
    return None if row is None else _upload(row)


async def select_uploads(
    reader: Reader, bucket_id: str, *, key: str, upload_id: str, end: str | None, limit: int
) -> list[Upload]:
    """Uploads in the order of (key, id), after the given pair and before key `end`."""
    below = "" if end is None else "AND key < ? "
    values = () if end is None else (end,)
    rows = await reader.rows(
        f"SELECT {_UPLOAD} FROM s3_upload WHERE bucket_id = ? AND (key, id) > (?, ?) {below}"
        "ORDER BY key, id LIMIT ?",
        bucket_id,
        key,
        upload_id,
        *values,
        limit,
    )
    return [_upload(row) for row in rows]


async def delete_upload(tx: Tx, upload: Upload) -> None:
    await tx.execute(
        "DELETE FROM s3_upload WHERE bucket_id = ? AND key = ? AND id = ?",
        upload.bucket_id,
        upload.key,
        upload.id,
    )


async def delete_uploads_of_bucket(tx: Tx, bucket_id: str) -> None:
    await tx.execute("DELETE FROM s3_upload WHERE bucket_id = ?", bucket_id)


async def upsert_part(tx: Tx, part: Part) -> None:
    await tx.execute(
        f"INSERT INTO s3_part ({_PART}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (content_id, number) DO UPDATE SET size_bytes = excluded.size_bytes, "
        "etag = excluded.etag, checksum = excluded.checksum, crc = excluded.crc, "
        "blob = excluded.blob, modified_us = excluded.modified_us, seal = excluded.seal, "
        "storage_class = excluded.storage_class",
        part.content_id,
        part.number,
        part.start_bytes,
        part.size_bytes,
        part.etag,
        checksum_to_text(part.checksum),
        part.crc - _CRC_SIGN,
        blob_to_text(part.blob),
        part.modified_us,
        part.seal,
        part.storage_class,
    )


async def select_part(reader: Reader, content_id: str, number: int) -> Part | None:
    row = await reader.row(
        f"SELECT {_PART} FROM s3_part WHERE content_id = ? AND number = ?", content_id, number
    )
    return None if row is None else _part(row)


async def select_parts(reader: Reader, content_id: str, *, after: int, limit: int) -> list[Part]:
    """Parts by number."""
    rows = await reader.rows(
        f"SELECT {_PART} FROM s3_part WHERE content_id = ? AND number > ? ORDER BY number LIMIT ?",
        content_id,
        after,
        limit,
    )
    return [_part(row) for row in rows]


async def select_parts_in_range(
    reader: Reader, content_id: str, *, first_byte: int, end_byte: int, limit: int
) -> list[Part]:
    """Parts of a completed object that hold any of the bytes from `first_byte` to `end_byte`."""
    rows = await reader.rows(
        f"SELECT {_PART} FROM s3_part WHERE content_id = ? AND start_bytes < ? "
        "AND start_bytes + size_bytes > ? ORDER BY number LIMIT ?",
        content_id,
        end_byte,
        first_byte,
        limit,
    )
    return [_part(row) for row in rows]


async def delete_part(tx: Tx, content_id: str, number: int) -> None:
    await tx.execute("DELETE FROM s3_part WHERE content_id = ? AND number = ?", content_id, number)


async def update_starts(tx: Tx, content_id: str, starts: Sequence[tuple[int, int]]) -> None:
    """Set where each part begins, from (start in bytes, number)."""
    await tx.execute_many(
        "UPDATE s3_part SET start_bytes = ? WHERE content_id = ? AND number = ?",
        [(start, content_id, number) for start, number in starts],
    )


async def update_part_blob(tx: Tx, part: Part, blob: Blob) -> int:
    """Name the copies of a part's blob anew, unless it was replaced meanwhile."""
    await note_content(tx, part.content_id)
    return await tx.execute(
        "UPDATE s3_part SET blob = ? WHERE content_id = ? AND number = ? AND blob = ?",
        blob_to_text(blob),
        part.content_id,
        part.number,
        blob_to_text(part.blob),
    )


async def select_parts_after(
    reader: Reader, content_id: str, number: int, *, limit: int
) -> list[Part]:
    """Parts of every content in the order of the primary key, for work."""
    rows = await reader.rows(
        f"SELECT {_PART} FROM s3_part WHERE (content_id, number) > (?, ?) "
        "ORDER BY content_id, number LIMIT ?",
        content_id,
        number,
        limit,
    )
    return [_part(row) for row in rows]


async def select_unfinished_bytes(reader: Reader, bucket_id: str) -> int:
    """Bytes in parts of uploads that are neither completed nor aborted."""
    row = await reader.row(
        "SELECT coalesce(sum(s3_part.size_bytes), 0) FROM s3_upload JOIN s3_part "
        "ON s3_part.content_id = s3_upload.id WHERE s3_upload.bucket_id = ?",
        bucket_id,
    )
    return int(row[0]) if row else 0


def _upload(row: Row) -> Upload:
    (
        bucket_id,
        key,
        upload_id,
        created_us,
        storage_class,
        algorithm,
        kind,
        headers,
        tags,
        who,
        retention,
    ) = row
    return Upload(
        bucket_id=bucket_id,
        key=key,
        id=upload_id,
        created_us=created_us,
        description=description_from_text(headers, tags, storage_class),
        checksum_algorithm=algorithm,
        checksum_kind=kind,
        initiator=who,
        retention=retention_from_text(retention),
    )


def _part(row: Row) -> Part:
    (
        content_id,
        number,
        start_bytes,
        size_bytes,
        etag,
        checksum,
        crc,
        blob,
        modified_us,
        seal,
        storage_class,
    ) = row
    return Part(
        content_id=content_id,
        number=number,
        start_bytes=start_bytes,
        size_bytes=size_bytes,
        etag=etag,
        checksum=checksum_from_text(checksum),
        crc=crc + _CRC_SIGN,
        blob=blob_from_text(blob, size_bytes, sealed=bool(seal)),
        modified_us=modified_us,
        seal=seal,
        storage_class=storage_class,
    )
