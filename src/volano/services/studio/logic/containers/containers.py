"""Containers: made, listed, used, expired, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.kernel.errors import NotFound, QuotaExceeded
from volano.services.models.interface import invalid, unsupported
from volano.services.studio.logic import records
from volano.services.studio.logic.containers.sandbox import close_sandbox
from volano.services.studio.logic.file_bytes import drop_bytes
from volano.services.studio.model.containers import (
    CONTAINER,
    CONTAINER_FILE,
    DEFAULT_MINUTES,
    DEFAULT_SIZE,
    EXPIRED,
    KEPT_US,
    MAX_CONTAINERS,
    MAX_FILES,
    MAX_MINUTES,
    MAX_NAME_CHARACTERS,
    RUNNING,
    SIZES,
    Container,
)
from volano.services.studio.model.records import Paging

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.model.records import Listed

MINUTE_US = 60 * 1_000_000


class ContainerExpired(NotFound):
    """It was not used for too long: its files are gone."""

    code = "container_expired"
    status = 400


async def create_container(
    env: Env,
    call: Call,
    *,
    name: str,
    size: str | None = None,
    minutes: int | None = None,
    made_here: bool = False,
) -> Container:
    """An empty container. Raises Invalid by the parameter's name."""
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS:
        raise invalid("name", f"it has 1 to {MAX_NAME_CHARACTERS} characters")
    size = size or DEFAULT_SIZE
    if size not in SIZES:
        raise unsupported("memory_limit", f"there are {', '.join(SIZES)}")
    minutes = DEFAULT_MINUTES if minutes is None else minutes
    if not 1 <= minutes <= MAX_MINUTES:
        raise invalid("expires_after.minutes", f"it is 1 to {MAX_MINUTES}")
    now_us = env.clock.now_us()
    container = Container(
        id=f"cntr_{env.ids.hex(48)}",
        created_us=now_us,
        state=RUNNING,
        expires_us=now_us + minutes * MINUTE_US,
        name=name,
        size=size,
        minutes=minutes,
        last_active_us=now_us,
        made_here=made_here,
    )

    async def write(tx: Tx) -> None:
        counts = await records.count_states(tx, CONTAINER, call.account)
        if counts.get(RUNNING, 0) >= MAX_CONTAINERS:
            raise QuotaExceeded(f"An account has at most {MAX_CONTAINERS} running containers.")
        await records.save(tx, CONTAINER, call.account, container)

    await env.store.transact(write)
    return container


async def get_container(env: Env, call: Call, id: str) -> Container:
    """Raises RecordNotFound."""
    return await records.get(env.store.reader, CONTAINER, call.account, id, param="container_id")


async def list_containers(env: Env, call: Call, paging: Paging) -> Listed[Container]:
    """The account's containers, expired ones too."""
    return await records.page(env.store.reader, CONTAINER, call.account, paging)


async def use_container(env: Env, call: Call, id: str) -> Container:
    """The container, whose end is now later. Raises RecordNotFound and ContainerExpired."""

    async def write(tx: Tx) -> Container:
        found = await records.get(tx, CONTAINER, call.account, id, param="container_id")
        now_us = env.clock.now_us()
        if found.state != RUNNING or found.expires_us <= now_us:
            raise ContainerExpired(
                f"Container '{id[:100]}' is expired.", fields={"param": "container_id"}
            )
        used = replace(found, last_active_us=now_us, expires_us=now_us + found.minutes * MINUTE_US)
        await records.save(tx, CONTAINER, call.account, used)
        return used

    return await env.store.transact(write)


async def delete_container(env: Env, call: Call, id: str) -> None:
    """End a container and forget it with its files."""
    await get_container(env, call, id)
    await _empty(env, call.account, id)

    async def write(tx: Tx) -> None:
        await records.remove(tx, CONTAINER, call.account, id)

    await env.store.transact(write)


async def expire_container(env: Env, account: str, container: Container) -> None:
    """Let a container end that was not used; one that ended long ago is forgotten."""
    await _empty(env, account, container.id)
    ended = replace(container, state=EXPIRED, expires_us=container.expires_us + KEPT_US)

    async def write(tx: Tx) -> None:
        if container.state == EXPIRED:
            await records.remove(tx, CONTAINER, account, container.id)
        else:
            await records.save(tx, CONTAINER, account, ended)

    await env.store.transact(write)


async def _empty(env: Env, account: str, id: str) -> None:
    """End what runs and drop the files; may be repeated."""
    await close_sandbox(account, id)
    files = await records.page(
        env.store.reader, CONTAINER_FILE, account, Paging(limit=MAX_FILES), parent=id
    )
    for file in files.items:
        await drop_bytes(env, account, file.id)

    async def write(tx: Tx) -> None:
        await records.remove_children(tx, CONTAINER_FILE, account, id)

    await env.store.transact(write)
