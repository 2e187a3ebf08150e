"""Conversations and their items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.services.models.interface import invalid, require_metadata
from volano.services.studio.logic import records
from volano.services.studio.logic.responses.items import take_items
from volano.services.studio.logic.responses.keeping import append_items
from volano.services.studio.model.responses import (
    CONVERSATION,
    CONVERSATION_ITEM,
    MAX_ITEMS_AT_ONCE,
    Conversation,
    ConversationItem,
    Json,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.studio.model.records import Listed, Paging


async def create_conversation(
    env: Env, call: Call, items: Sequence[Json], metadata: Mapping[str, str] | None
) -> Conversation:
    """A conversation, with up to 20 items to begin with."""
    made = _checked(env, items)
    conversation = Conversation(
        id=f"conv_{env.ids.hex(48)}",
        created_us=env.clock.now_us(),
        metadata=require_metadata(metadata),
    )
    await _save(env, call.account, conversation)
    if made:
        await append_items(env, call.account, conversation.id, made)
    return conversation


async def get_conversation(env: Env, call: Call, id: str) -> Conversation:
    """Raises RecordNotFound."""
    return await records.get(
        env.store.reader, CONVERSATION, call.account, id, param="conversation_id"
    )


async def update_conversation(
    env: Env, call: Call, id: str, metadata: Mapping[str, str] | None
) -> Conversation:
    """Replace its metadata."""
    conversation = replace(
        await get_conversation(env, call, id), metadata=require_metadata(metadata)
    )
    await _save(env, call.account, conversation)
    return conversation


async def delete_conversation(env: Env, call: Call, id: str) -> None:
    """Delete a conversation and its items."""
    await get_conversation(env, call, id)

    async def write(tx: Tx) -> None:
        await records.remove(tx, CONVERSATION, call.account, id)
        await records.remove_children(tx, CONVERSATION_ITEM, call.account, id)

    await env.store.transact(write)


async def add_items(env: Env, call: Call, id: str, items: Sequence[Json]) -> list[ConversationItem]:
    """Add up to 20 items at its end."""
    await get_conversation(env, call, id)
    return await append_items(env, call.account, id, _checked(env, items))


async def list_items(env: Env, call: Call, id: str, paging: Paging) -> Listed[ConversationItem]:
    await get_conversation(env, call, id)
    return await records.page(env.store.reader, CONVERSATION_ITEM, call.account, paging, parent=id)


async def get_item(env: Env, call: Call, id: str, item_id: str) -> ConversationItem:
    """Raises RecordNotFound."""
    return await records.get(
        env.store.reader, CONVERSATION_ITEM, call.account, item_id, parent=id, param="item_id"
    )


async def delete_item(env: Env, call: Call, id: str, item_id: str) -> Conversation:
    """Delete an item; returns its conversation."""
    conversation = await get_conversation(env, call, id)
    await get_item(env, call, id, item_id)

    async def write(tx: Tx) -> None:
        await records.remove(tx, CONVERSATION_ITEM, call.account, item_id, parent=id)

    await env.store.transact(write)
    return conversation


def _checked(env: Env, items: Sequence[Json]) -> list[Json]:
    if len(items) > MAX_ITEMS_AT_ONCE:
        raise invalid("items", f"at most {MAX_ITEMS_AT_ONCE} are added at a time")
    taken = take_items(env, items, "items")
    for at, item in enumerate(taken):
        if item["type"] == "item_reference":
            raise invalid(f"items[{at}].type", "a conversation keeps items, not references")
    return taken


async def _save(env: Env, account: str, conversation: Conversation) -> None:
    async def write(tx: Tx) -> None:
        await records.save(tx, CONVERSATION, account, conversation)

    await env.store.transact(write)
