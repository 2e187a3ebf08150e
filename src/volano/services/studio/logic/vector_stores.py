"""Vector stores: made, listed, changed, deleted; what is in them is `vector_files`' matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.kernel.errors import Invalid
from volano.services.models.interface import require_metadata
from volano.services.studio.logic import records
from volano.services.studio.logic.vector_files import drop_chunks, store_prefix
from volano.services.studio.model.vector_stores import (
    DAY_US,
    FILE_BATCH,
    STORE_FILE,
    VECTOR_STORE,
    VectorStore,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.model.records import Listed, Paging

MAX_NAME_CHARACTERS = 256
MAX_DESCRIPTION_CHARACTERS = 512
MAX_LIFE_DAYS = 365
STATES = ("in_progress", "completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A store with how many of its files are in each state, and the bytes of its chunks."""

    store: VectorStore
    files: dict[str, int]
    usage_bytes: int

    @property
    def status(self) -> str:
        if self.store.state == "expired":
            return "expired"
        return "in_progress" if self.files["in_progress"] else "completed"


async def create_store(
    env: Env,
    call: Call,
    *,
    name: str = "",
    description: str = "",
    metadata: Mapping[str, str] | None = None,
    life_days: int = 0,
) -> VectorStore:
    """An empty store. Raises Invalid."""
    _require_texts(name, description)
    now_us = env.clock.now_us()
    store = VectorStore(
        id=f"vs_{env.ids.hex(24)}",
        created_us=now_us,
        name=name,
        description=description,
        metadata=require_metadata(metadata),
        life_days=_days(life_days),
        last_active_us=now_us,
        expires_us=now_us + life_days * DAY_US if life_days else 0,
    )
    await _save(env, call.account, store)
    return store


async def get_store(env: Env, call: Call, store_id: str) -> VectorStore:
    """Raises RecordNotFound."""
    return await records.get(
        env.store.reader, VECTOR_STORE, call.account, store_id, param="vector_store_id"
    )


async def list_stores(env: Env, call: Call, paging: Paging) -> Listed[VectorStore]:
    return await records.page(env.store.reader, VECTOR_STORE, call.account, paging)


async def update_store(
    env: Env,
    call: Call,
    store_id: str,
    *,
    name: str | None = None,
    metadata: Mapping[str, str] | None = None,
    life_days: int | None = None,
) -> VectorStore:
    """Change what is not None; `life_days` 0 means that it never expires."""
    store = await get_store(env, call, store_id)
    if name is not None:
        _require_texts(name, "")
        store = replace(store, name=name)
    if metadata is not None:
        store = replace(store, metadata=require_metadata(metadata))
    if life_days is not None:
        expires_us = store.last_active_us + life_days * DAY_US if life_days else 0
        store = replace(store, life_days=_days(life_days), expires_us=expires_us)
    await _save(env, call.account, store)
    return store


async def delete_store(env: Env, call: Call, store_id: str) -> None:
    """Delete a store and its chunks; the files stay."""
    await get_store(env, call, store_id)
    await _drop_contents(env, call.account, store_id)

    async def write(tx: Tx) -> None:
        await records.remove(tx, VECTOR_STORE, call.account, store_id)
        await records.remove_children(tx, STORE_FILE, call.account, store_id)
        await records.remove_children(tx, FILE_BATCH, call.account, store_id)

    await env.store.transact(write)


async def expire_store(env: Env, account: str, store: VectorStore) -> None:
    """Nobody used it for its days: its chunks go, its row says so."""
    await _drop_contents(env, account, store.id)

    async def write(tx: Tx) -> None:
        await records.remove_children(tx, STORE_FILE, account, store.id)
        gone = replace(store, state="expired", expires_us=0)
        await records.save(tx, VECTOR_STORE, account, gone)

    await env.store.transact(write)


async def _drop_contents(env: Env, account: str, store_id: str) -> None:
    """The index first: were it left behind, no later run would find it."""
    await env.vectors.forget(account, store_id)
    await drop_chunks(env, account, store_prefix(store_id))


async def touch_store(env: Env, account: str, store: VectorStore) -> None:
    """It was used: its days begin again (told at most once a minute)."""
    now_us = env.clock.now_us()
    if store.state == "expired" or now_us - store.last_active_us < 60_000_000:
        return
    expires_us = now_us + store.life_days * DAY_US if store.life_days else 0
    await _save(env, account, replace(store, last_active_us=now_us, expires_us=expires_us))


async def count_files(env: Env, account: str, store: VectorStore) -> Counted:
    found = await records.count_states(env.store.reader, STORE_FILE, account, parent=store.id)
    used = await records.sum_sizes(env.store.reader, STORE_FILE, account, parent=store.id)
    return Counted(
        store=store, files={state: found.get(state, 0) for state in STATES}, usage_bytes=used
    )


async def _save(env: Env, account: str, store: VectorStore) -> None:
    async def write(tx: Tx) -> None:
        await records.save(tx, VECTOR_STORE, account, store)

    await env.store.transact(write)


def _days(life_days: int) -> int:
    if not 0 <= life_days <= MAX_LIFE_DAYS:
        raise Invalid(
            f"Invalid value for 'expires_after.days': it is 1 to {MAX_LIFE_DAYS}.",
            code="invalid_value",
            fields={"param": "expires_after.days"},
        )
    return life_days


def _require_texts(name: str, description: str) -> None:
    for param, text, limit in (
        ("name", name, MAX_NAME_CHARACTERS),
        ("description", description, MAX_DESCRIPTION_CHARACTERS),
    ):
        if len(text) > limit or "\x00" in text:
            raise Invalid(
                f"Invalid value for '{param}': it has at most {limit} characters.",
                code="invalid_value",
                fields={"param": param},
            )
