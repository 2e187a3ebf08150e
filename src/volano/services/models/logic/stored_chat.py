"""Chat completions that are kept because the request said `store`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.services.models.logic.parameters import invalid
from volano.services.models.model import StoredChat
from volano.services.models.store import registry as store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx

MAX_METADATA_PAIRS = 16
MAX_METADATA_KEY = 64
MAX_METADATA_VALUE = 512
LIST_BATCH = 100
MAX_LIST_BATCHES = 50
"""A list by metadata looks at so many kept completions, then ends."""


class ChatNotFound(NotFound):
    """No completion of that id was kept in this account."""

    code = "not_found"


async def keep_chat(
    env: Env, call: Call, answer: Mapping[str, object], messages: Sequence[dict[str, object]]
) -> None:
    """Keep an answer with what it answers."""
    metadata = answer.get("metadata")
    chat = StoredChat(
        account=call.account,
        id=str(answer["id"]),
        model=str(answer["model"]),
        created_us=env.clock.now_us(),
        metadata=require_metadata(metadata if isinstance(metadata, dict) else {}),
        answer=dict(answer),
        messages=list(messages),
    )
    await _save(env, chat)


async def get_chat(env: Env, call: Call, id: str) -> StoredChat:
    """Raises ChatNotFound."""
    found = await store.select_chat(env.store.reader, call.account, id)
    if found is None:
        raise ChatNotFound(
            f"No chat completion {id[:100]} was stored; send `store: true` to keep one.",
            fields={"param": "completion_id"},
        )
    return found


async def list_chats(
    env: Env,
    call: Call,
    *,
    model: str = "",
    metadata: Mapping[str, str],
    after: str = "",
    limit: int,
    newest_first: bool,
) -> tuple[list[StoredChat], bool]:
    """Kept completions of a model and with all of the metadata, and whether there are more."""
    start = await get_chat(env, call, after) if after else None
    place = (start.created_us, start.id) if start else None
    found: list[StoredChat] = []
    for _ in range(MAX_LIST_BATCHES):
        batch = await store.select_chats(
            env.store.reader, call.account, place, LIST_BATCH, newest_first=newest_first
        )
        found += [
            chat
            for chat in batch
            if model in ("", chat.model) and metadata.items() <= chat.metadata.items()
        ]
        if len(batch) < LIST_BATCH or len(found) > limit:
            break
        place = (batch[-1].created_us, batch[-1].id)
    return found[:limit], len(found) > limit


async def update_chat(env: Env, call: Call, id: str, metadata: Mapping[str, str]) -> StoredChat:
    """Replace a kept completion's metadata."""
    chat = await get_chat(env, call, id)
    pairs = require_metadata(metadata)
    changed = replace(chat, metadata=pairs, answer={**chat.answer, "metadata": pairs})
    await _save(env, changed)
    return changed


async def delete_chat(env: Env, call: Call, id: str) -> None:
    """Raises ChatNotFound."""
    await get_chat(env, call, id)

    async def write(tx: Tx) -> None:
        await store.delete_chat(tx, call.account, id)

    await env.store.transact(write)


def require_metadata(given: Mapping[str, str] | None) -> dict[str, str]:
    """Metadata within OpenAI's limits: 16 pairs, keys of 64 and values of 512 characters."""
    pairs = dict(given or {})
    if len(pairs) > MAX_METADATA_PAIRS:
        raise invalid("metadata", f"it has {len(pairs)} pairs; {MAX_METADATA_PAIRS} are allowed")
    for key, value in pairs.items():
        if not key or len(key) > MAX_METADATA_KEY or len(value) > MAX_METADATA_VALUE:
            raise invalid(
                "metadata",
                f"keys have up to {MAX_METADATA_KEY} characters, values {MAX_METADATA_VALUE}",
            )
        if "\x00" in key + value:
            raise invalid("metadata", "it holds a NUL")
    return pairs


async def _save(env: Env, chat: StoredChat) -> None:
    async def write(tx: Tx) -> None:
        await store.upsert_chat(tx, chat)

    await env.store.transact(write)
