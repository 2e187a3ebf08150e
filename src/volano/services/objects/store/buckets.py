"""Rows of s3_bucket and s3_bucket_setting."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from volano.services.objects.model import Access, Bucket, ObjectLock
from volano.services.objects.store.noted import note_bucket
from volano.services.objects.store.text import object_lock_from_text, object_lock_to_text

if TYPE_CHECKING:
    from volano.kernel.ids import AccountId
    from volano.kernel.store import Reader, Row, Tx

_COLUMNS = (
    "id, name, account, region, created_us, policy, access, encryption, versioning, object_lock"
)

MAX_REMEMBERED = 4096
"""Different access documents kept decoded; most buckets share a few."""


async def select_bucket(reader: Reader, name: str) -> Bucket | None:
    row = await reader.row(f"SELECT {_COLUMNS} FROM s3_bucket WHERE name = ?", name)
    return None if row is None else _bucket(row)


async def select_bucket_by_id(reader: Reader, bucket_id: str) -> Bucket | None:
    row = await reader.row(f"SELECT {_COLUMNS} FROM s3_bucket WHERE id = ?", bucket_id)
    return None if row is None else _bucket(row)


async def select_buckets(
    reader: Reader, account: AccountId, *, prefix: str, after: str, limit: int
) -> list[Bucket]:
    """Buckets of an account by name."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM s3_bucket WHERE account = ? AND name > ? "
        "AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
        account,
        after,
        len(prefix),
        prefix,
        limit,
    )
    return [_bucket(row) for row in rows]


async def count_buckets(reader: Reader, account: AccountId) -> int:
    row = await reader.row("SELECT count(*) FROM s3_bucket WHERE account = ?", account)
    return int(row[0]) if row else 0


async def insert_bucket(tx: Tx, bucket: Bucket) -> None:
    await tx.execute(
        f"INSERT INTO s3_bucket ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        bucket.id,
        bucket.name,
        bucket.account,
        bucket.region,
        bucket.created_us,
        bucket.policy,
        _access_to_text(bucket.access),
        bucket.encryption,
        bucket.versioning,
        object_lock_to_text(bucket.object_lock),
    )
    await note_bucket(tx, bucket.id)


async def delete_bucket(tx: Tx, bucket_id: str) -> None:
    await tx.execute("DELETE FROM s3_bucket_setting WHERE bucket_id = ?", bucket_id)
    await tx.execute("DELETE FROM s3_bucket WHERE id = ?", bucket_id)
    await note_bucket(tx, bucket_id)


async def update_policy(tx: Tx, bucket_id: str, policy: str) -> int:
    await note_bucket(tx, bucket_id)
    return await tx.execute("UPDATE s3_bucket SET policy = ? WHERE id = ?", policy, bucket_id)


async def update_access(tx: Tx, bucket_id: str, access: Access) -> int:
    text = _access_to_text(access)
    await note_bucket(tx, bucket_id)
    return await tx.execute("UPDATE s3_bucket SET access = ? WHERE id = ?", text, bucket_id)


async def update_encryption(tx: Tx, bucket_id: str, encryption: str) -> int:
    await note_bucket(tx, bucket_id)
    return await tx.execute(
        "UPDATE s3_bucket SET encryption = ? WHERE id = ?", encryption, bucket_id
    )


async def update_versioning(tx: Tx, bucket_id: str, versioning: str) -> int:
    await note_bucket(tx, bucket_id)
    return await tx.execute(
        "UPDATE s3_bucket SET versioning = ? WHERE id = ?", versioning, bucket_id
    )


async def update_object_lock(tx: Tx, bucket_id: str, lock: ObjectLock) -> int:
    text = object_lock_to_text(lock)
    await note_bucket(tx, bucket_id)
    return await tx.execute("UPDATE s3_bucket SET object_lock = ? WHERE id = ?", text, bucket_id)


async def select_setting(reader: Reader, bucket_id: str, kind: str) -> str | None:
    row = await reader.row(
        "SELECT document FROM s3_bucket_setting WHERE bucket_id = ? AND kind = ?", bucket_id, kind
    )
    return None if row is None else str(row[0])


async def upsert_setting(tx: Tx, bucket_id: str, kind: str, document: str) -> None:
    await tx.execute(
        "INSERT INTO s3_bucket_setting (bucket_id, kind, document) VALUES (?, ?, ?) "
        "ON CONFLICT (bucket_id, kind) DO UPDATE SET document = excluded.document",
        bucket_id,
        kind,
        document,
    )
    await note_bucket(tx, bucket_id)


async def delete_setting(tx: Tx, bucket_id: str, kind: str) -> None:
    await tx.execute(
        "DELETE FROM s3_bucket_setting WHERE bucket_id = ? AND kind = ?", bucket_id, kind
    )
    await note_bucket(tx, bucket_id)


async def select_all_buckets(reader: Reader, *, after: str, limit: int) -> list[Bucket]:
    """Buckets of every account by id, for work."""
    rows = await reader.rows(
        f"SELECT {_COLUMNS} FROM s3_bucket WHERE id > ? ORDER BY id LIMIT ?", after, limit
    )
    return [_bucket(row) for row in rows]


def _bucket(row: Row) -> Bucket:
    bucket_id, name, account, region, created_us, policy, access, encryption, versioning, lock = row
    return Bucket(
        id=bucket_id,
        name=name,
        account=account,
        region=region,
        created_us=created_us,
        policy=policy,
        access=_access_from_text(access),
        versioning=versioning,
        object_lock=object_lock_from_text(lock),
        encryption=encryption,
    )


def _access_to_text(access: Access) -> str:
    return "" if access == Access() else msgspec.json.encode(access).decode()


@lru_cache(maxsize=MAX_REMEMBERED)
def _access_from_text(text: str) -> Access:
    return msgspec.json.decode(text, type=Access) if text else Access()
