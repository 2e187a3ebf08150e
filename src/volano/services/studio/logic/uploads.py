"""Uploads: files in parts, sent in any order and joined in the order that is named at the end."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.kernel.errors import Conflict, Invalid, TooLarge
from volano.services.models.interface import invalid
from volano.services.studio.logic import files, records
from volano.services.studio.logic.file_bytes import drop_bytes, open_file, put_bytes
from volano.services.studio.model.files import (
    MAX_PART_BYTES,
    MAX_PARTS,
    MAX_UPLOAD_BYTES,
    PART,
    UPLOAD,
    UPLOAD_LIFE_US,
    File,
    Part,
    Upload,
)
from volano.services.studio.model.records import Paging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

_ALL_PARTS = Paging(limit=MAX_PARTS, newest_first=False)


async def create_upload(
    env: Env,
    call: Call,
    *,
    filename: str,
    purpose: str,
    size_bytes: int,
    content_type: str,
    life_s: int = 0,
) -> Upload:
    """Announce a file of up to 8 GiB; it expires an hour later unless it is completed."""
    files.require_description(filename, purpose, life_s)
    if not 1 <= size_bytes <= MAX_UPLOAD_BYTES:
        raise invalid("bytes", f"it is 1 to {MAX_UPLOAD_BYTES}")
    now_us = env.clock.now_us()
    upload = Upload(
        id=f"upload_{env.ids.hex(24)}",
        created_us=now_us,
        state="pending",
        expires_us=now_us + UPLOAD_LIFE_US,
        filename=filename,
        size_bytes=size_bytes,
        purpose=purpose,
        content_type=content_type,
        file_life_s=life_s,
        owner=call.principal.id,
    )
    await _save(env, call.account, upload)
    return upload


async def add_part(
    env: Env, call: Call, upload_id: str, chunks: AsyncIterator[bytes], size_bytes: int
) -> Part:
    """Store one part of at most 64 MiB."""
    await _pending(env, call, upload_id)
    if not 1 <= size_bytes <= MAX_PART_BYTES:
        raise TooLarge(f"A part has 1 to {MAX_PART_BYTES} bytes, not {size_bytes}.")
    held = await records.page(env.store.reader, PART, call.account, _ALL_PARTS, parent=upload_id)
    if len(held.items) >= MAX_PARTS:
        raise Invalid(f"An upload has at most {MAX_PARTS} parts.", fields={"param": "data"})
    part = Part(id=f"part_{env.ids.hex(24)}", created_us=env.clock.now_us(), size_bytes=size_bytes)
    await put_bytes(env, call.account, part.id, chunks)

    async def write(tx: Tx) -> None:
        await records.save(tx, PART, call.account, part, parent=upload_id)

    await env.store.transact(write)
    return part


async def complete_upload(
    env: Env, call: Call, upload_id: str, part_ids: Sequence[str], *, md5: str = ""
) -> tuple[Upload, File]:
    """Join the parts into a file; raises Invalid for a wrong size or checksum, changing nothing."""
    upload = await _pending(env, call, upload_id)
    if not part_ids or len(set(part_ids)) != len(part_ids):
        raise invalid("part_ids", "name every part once, in the order of the file")
    parts = [
        await records.get(
            env.store.reader, PART, call.account, id, parent=upload_id, param="part_ids"
        )
        for id in part_ids
    ]
    total = sum(part.size_bytes for part in parts)
    if total != upload.size_bytes:
        raise invalid("part_ids", f"they have {total} bytes, not {upload.size_bytes}")
    if md5 and await _md5(env, call, parts) != md5.lower():
        raise invalid("md5", "the parts have another checksum")
    file = await files.write_file(
        env,
        call,
        _joined(env, call, parts),
        filename=upload.filename,
        purpose=upload.purpose,
        size_bytes=total,
        content_type=upload.content_type,
        life_s=upload.file_life_s,
    )
    done = replace(upload, state="completed", file_id=file.id, expires_us=0)
    await _save(env, call.account, done)
    await drop_parts(env, call.account, upload_id)
    return done, file


async def cancel_upload(env: Env, call: Call, upload_id: str) -> Upload:
    """Give an upload up; its parts are deleted."""
    upload = await _pending(env, call, upload_id)
    cancelled = replace(upload, state="cancelled", expires_us=0)
    await _save(env, call.account, cancelled)
    await drop_parts(env, call.account, upload_id)
    return cancelled


async def expire_upload(env: Env, account: str, upload: Upload) -> None:
    """Its hour is over: it stays as expired, its parts go."""
    if upload.state == "pending":
        await drop_parts(env, account, upload.id)
    await _save(env, account, replace(upload, state="expired", expires_us=0))


async def drop_parts(env: Env, account: str, upload_id: str) -> None:
    held = await records.page(env.store.reader, PART, account, _ALL_PARTS, parent=upload_id)
    for part in held.items:
        await drop_bytes(env, account, part.id)

    async def write(tx: Tx) -> None:
        await records.remove_children(tx, PART, account, upload_id)

    await env.store.transact(write)


async def _pending(env: Env, call: Call, upload_id: str) -> Upload:
    upload = await records.get(env.store.reader, UPLOAD, call.account, upload_id, param="upload_id")
    if upload.state == "pending" and upload.expires_us <= env.clock.now_us():
        upload = replace(upload, state="expired")
    if upload.state != "pending":
        raise Conflict(
            f"The upload {upload_id} is {upload.state}; only a pending one can be changed.",
            code="invalid_upload_state",
            status=400,
        )
    return upload


async def _save(env: Env, account: str, upload: Upload) -> None:
    async def write(tx: Tx) -> None:
        await records.save(tx, UPLOAD, account, upload)

    await env.store.transact(write)


async def _joined(env: Env, call: Call, parts: Sequence[Part]) -> AsyncIterator[bytes]:
    for part in parts:
        async for chunk in await open_file(env, call.account, part.id):
            yield chunk


async def _md5(env: Env, call: Call, parts: Sequence[Part]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    async for chunk in _joined(env, call, parts):
        digest.update(chunk)
    return digest.hexdigest()
