"""Files: described, stored, listed, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import TooLarge
from volano.services.models.interface import invalid
from volano.services.studio.logic import records
from volano.services.studio.logic.file_bytes import drop_bytes, put_bytes
from volano.services.studio.logic.vector_files import forget_file
from volano.services.studio.model.files import (
    BATCH_FILE_LIFE_US,
    BATCH_OUTPUT,
    FILE,
    LINES,
    MAX_BATCH_FILE_BYTES,
    MAX_FILE_BYTES,
    MAX_LIFE_S,
    MIN_LIFE_S,
    PURPOSES,
    File,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.model.records import Listed, Paging

MAX_NAME_CHARACTERS = 255


async def create_file(
    env: Env,
    call: Call,
    chunks: AsyncIterator[bytes],
    *,
    filename: str,
    purpose: str,
    size_bytes: int,
    content_type: str = "application/octet-stream",
    life_s: int = 0,
) -> File:
    """Store a file; raises Invalid for its name, purpose or life, TooLarge for its size."""
    require_description(filename, purpose, life_s)
    limit = MAX_BATCH_FILE_BYTES if purpose == "batch" else MAX_FILE_BYTES
    if size_bytes > limit:
        raise TooLarge(f"The file has {size_bytes} bytes; {limit} are allowed for '{purpose}'.")
    return await write_file(
        env,
        call,
        chunks,
        filename=filename,
        purpose=purpose,
        size_bytes=size_bytes,
        content_type=content_type,
        life_s=life_s,
    )


async def write_file(
    env: Env,
    call: Call,
    chunks: AsyncIterator[bytes] | bytes,
    *,
    filename: str,
    purpose: str,
    size_bytes: int,
    content_type: str,
    life_s: int,
) -> File:
    """As `create_file`, of what was checked or made here."""
    now_us = env.clock.now_us()
    life_us = life_s * 1_000_000
    if not life_us and purpose in ("batch", BATCH_OUTPUT):
        life_us = BATCH_FILE_LIFE_US
    file = File(
        id=f"file-{env.ids.hex(24)}",
        created_us=now_us,
        state=purpose,
        expires_us=now_us + life_us if life_us else 0,
        filename=filename,
        size_bytes=size_bytes,
        content_type=content_type,
        owner=call.principal.id,
    )
    await put_bytes(env, call.account, file.id, chunks)

    async def write(tx: Tx) -> None:
        await records.save(tx, FILE, call.account, file)

    await env.store.transact(write)
    return file


def require_description(filename: str, purpose: str, life_s: int) -> None:
    """Raises Invalid for a name, purpose or life that a file cannot have."""
    if purpose not in PURPOSES:
        raise invalid("purpose", f"'{purpose}' is not one of {', '.join(PURPOSES)}")
    if not 1 <= len(filename) <= MAX_NAME_CHARACTERS or "\x00" in filename:
        raise invalid("file", f"its name has 1 to {MAX_NAME_CHARACTERS} characters")
    if purpose in LINES and not filename.lower().endswith(".jsonl"):
        raise invalid("file", f"a file for '{purpose}' holds JSON lines and is named *.jsonl")
    if life_s and not MIN_LIFE_S <= life_s <= MAX_LIFE_S:
        raise invalid("expires_after[seconds]", f"it is {MIN_LIFE_S} to {MAX_LIFE_S}")


async def get_file(env: Env, call: Call, file_id: str) -> File:
    return await records.get(env.store.reader, FILE, call.account, file_id)


async def list_files(env: Env, call: Call, paging: Paging, *, purpose: str = "") -> Listed[File]:
    """Files, of one purpose when it is given."""
    return await records.page(env.store.reader, FILE, call.account, paging, state=purpose or None)


async def delete_file(env: Env, call: Call, file_id: str) -> File:
    """Delete a file, also from the vector stores that have it."""
    file = await get_file(env, call, file_id)
    await remove_file(env, call.account, file_id)
    return file


async def remove_file(env: Env, account: str, file_id: str) -> None:
    """Delete a file's row, its places in vector stores, then its bytes; may be repeated."""
    await forget_file(env, account, file_id)

    async def write(tx: Tx) -> None:
        await records.remove(tx, FILE, account, file_id)

    await env.store.transact(write)
    await drop_bytes(env, account, file_id)
