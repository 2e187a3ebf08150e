"""Files of containers: those of the user and those that code made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import QuotaExceeded, TooLarge
from volano.services.models.interface import invalid
from volano.services.studio.logic import records
from volano.services.studio.logic.containers.sandbox import find_sandbox
from volano.services.studio.logic.file_bytes import drop_bytes, put_bytes, read_file
from volano.services.studio.model.containers import (
    CONTAINER_FILE,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_NAME_CHARACTERS,
    SIZES,
    ContainerFile,
)
from volano.services.studio.model.files import FILE
from volano.services.studio.model.records import Paging

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.logic.containers.sandbox import Sandbox
    from volano.services.studio.model.containers import Container
    from volano.services.studio.model.records import Listed

MAX_KEPT = 50
"""Files of one run."""
USER = "user"
ASSISTANT = "assistant"
_FORBIDDEN = frozenset("/\\\x00")


async def add_file(
    env: Env, call: Call, container: Container, *, filename: str, data: bytes
) -> ContainerFile:
    """A file of the user; one of the same name is replaced. Raises Invalid, TooLarge."""
    file = await _keep(env, call.account, container, filename, data, source=USER, stamp="")
    sandbox = find_sandbox(call.account, container.id)
    if sandbox is not None:
        async with sandbox.lock:
            await sandbox.put(filename, data)
    return file


async def copy_file(env: Env, call: Call, container: Container, file_id: str) -> ContainerFile:
    """A copy of a file of /v1/files, as far as the caller may read it."""
    arn = f"arn:aws:studio:{call.region}:{call.account}:file/{file_id}"
    await env.authority.authorize(call, "studio:GetFileContent", arn, {})
    file = await records.get(env.store.reader, FILE, call.account, file_id, param="file_id")
    data = await read_file(env, call.account, file.id, limit_bytes=MAX_FILE_BYTES)
    return await add_file(env, call, container, filename=file.filename, data=data)


async def get_file(env: Env, call: Call, container_id: str, file_id: str) -> ContainerFile:
    """Raises RecordNotFound."""
    return await records.get(
        env.store.reader,
        CONTAINER_FILE,
        call.account,
        file_id,
        parent=container_id,
        param="file_id",
    )


async def list_files(
    env: Env, call: Call, container_id: str, paging: Paging
) -> Listed[ContainerFile]:
    """A page of a container's files."""
    return await records.page(
        env.store.reader, CONTAINER_FILE, call.account, paging, parent=container_id
    )


async def delete_file(env: Env, call: Call, container_id: str, file_id: str) -> None:
    """Delete a file, also where the container runs."""
    file = await get_file(env, call, container_id, file_id)
    await _drop(env, call.account, container_id, file)
    sandbox = find_sandbox(call.account, container_id)
    if sandbox is not None:
        async with sandbox.lock:
            await sandbox.remove(file.filename)


async def put_files(env: Env, account: str, container_id: str, sandbox: Sandbox) -> None:
    """Put the files into a workload that it does not have yet. Call it holding the lock."""
    for file in await _all(env, account, container_id):
        if file.filename not in sandbox.present:
            data = await read_file(env, account, file.id, limit_bytes=MAX_FILE_BYTES)
            await sandbox.put(file.filename, data)


async def keep_changed(
    env: Env,
    account: str,
    container: Container,
    sandbox: Sandbox,
    found: list[tuple[str, int, str]],
) -> tuple[list[ContainerFile], list[str]]:
    """Keep what code made or changed; returns it, and the names of what could not be kept."""
    kept: list[ContainerFile] = []
    lost: list[str] = []
    for name, size, stamp in found:
        if sandbox.present.get(name) == stamp:
            continue
        keepable = _is_name(name) and size <= MAX_FILE_BYTES and len(kept) < MAX_KEPT
        data = await sandbox.get(name, MAX_FILE_BYTES) if keepable else None
        if data is None:
            lost.append(name)
            continue
        try:
            kept.append(
                await _keep(env, account, container, name, data, source=ASSISTANT, stamp=stamp)
            )
        except QuotaExceeded:
            lost.append(name)
        sandbox.present[name] = stamp
    return kept, lost


async def _keep(
    env: Env,
    account: str,
    container: Container,
    filename: str,
    data: bytes,
    *,
    source: str,
    stamp: str,
) -> ContainerFile:
    if not _is_name(filename):
        raise invalid("file", "its name is no plain file name")
    if len(data) > MAX_FILE_BYTES:
        raise TooLarge(f"A file of a container has at most {MAX_FILE_BYTES} bytes.")
    held = await _all(env, account, container.id)
    same = [file for file in held if file.filename == filename]
    if len(held) - len(same) >= MAX_FILES:
        raise QuotaExceeded(f"A container has at most {MAX_FILES} files.")
    most_bytes = SIZES[container.size].kept_bytes
    if sum(file.size_bytes for file in held if file not in same) + len(data) > most_bytes:
        raise QuotaExceeded(
            f"The files of this container have together at most {most_bytes} bytes."
        )
    file = ContainerFile(
        id=f"cfile_{env.ids.hex(48)}",
        created_us=env.clock.now_us(),
        filename=filename,
        size_bytes=len(data),
        source=source,
        stamp=stamp,
    )
    await put_bytes(env, account, file.id, data)

    async def write(tx: Tx) -> None:
        await records.save(tx, CONTAINER_FILE, account, file, parent=container.id)

    await env.store.transact(write)
    for old in same:
        await _drop(env, account, container.id, old)
    return file


def _is_name(filename: str) -> bool:
    usual = 1 <= len(filename) <= MAX_NAME_CHARACTERS and filename.isprintable()
    return usual and filename not in (".", "..") and not _FORBIDDEN & set(filename)


async def _drop(env: Env, account: str, container_id: str, file: ContainerFile) -> None:
    async def write(tx: Tx) -> None:
        await records.remove(tx, CONTAINER_FILE, account, file.id, parent=container_id)

    await env.store.transact(write)
    await drop_bytes(env, account, file.id)


async def _all(env: Env, account: str, container_id: str) -> list[ContainerFile]:
    found = await records.page(
        env.store.reader, CONTAINER_FILE, account, Paging(limit=MAX_FILES), parent=container_id
    )
    return found.items
