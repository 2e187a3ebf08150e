"""What a response follows: earlier responses, or a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import NotFound
from volano.services.models.interface import invalid, require_fields
from volano.services.studio.logic import records
from volano.services.studio.model.records import Paging
from volano.services.studio.model.responses import (
    CONVERSATION,
    CONVERSATION_ITEM,
    ITEM_PLACE,
    MAX_CHAIN,
    MAX_CONTEXT_ITEMS,
    RESPONSE,
    Asked,
    Json,
)

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


class PreviousResponseNotFound(NotFound):
    """The response that this one follows is not kept (any more)."""

    code = "previous_response_not_found"
    status = 400


async def context_of(env: Env, call: Call, asked: Asked) -> tuple[list[Json], str]:
    """The items before the input, oldest first, and the conversation's id or ''."""
    conversation = asked.conversation
    if conversation is not None and asked.previous_response_id is not None:
        raise invalid("previous_response_id", "it cannot be used together with `conversation`")
    if conversation is not None:
        if isinstance(conversation, dict):
            require_fields("conversation", conversation, ("id",))
        id = conversation if isinstance(conversation, str) else conversation.get("id")
        if not isinstance(id, str):
            raise invalid("conversation", "it is an id, or an object with one")
        return await _conversation_items(env, call, id), id
    return await _chain(env, call, asked.previous_response_id), ""


async def _conversation_items(env: Env, call: Call, id: str) -> list[Json]:
    await records.get(env.store.reader, CONVERSATION, call.account, id, param="conversation")
    found = await records.page(
        env.store.reader,
        CONVERSATION_ITEM,
        call.account,
        Paging(limit=MAX_CONTEXT_ITEMS, newest_first=False),
        parent=id,
    )
    if found.has_more:
        raise invalid(
            "conversation", f"it has over {MAX_CONTEXT_ITEMS} items; compact it or begin another"
        )
    return [item.item for item in found.items]


async def _chain(env: Env, call: Call, previous: str | None) -> list[Json]:
    turns: list[list[Json]] = []
    while previous:
        found = await records.find(env.store.reader, RESPONSE, call.account, previous)
        if found is None:
            raise PreviousResponseNotFound(
                f"Previous response with id '{previous[:100]}' not found.",
                fields={"param": "previous_response_id"},
            )
        output = found.body["output"]
        assert isinstance(output, list)
        turns.append([*found.input_items, *output])
        previous = found.asked.previous_response_id
        if len(turns) > MAX_CHAIN or (found.conversation and not previous):
            break
    if len(turns) > MAX_CHAIN:
        raise invalid(
            "previous_response_id", f"over {MAX_CHAIN} responses follow one another; compact them"
        )
    return [item for turn in reversed(turns) for item in turn]


async def resolve_references(
    env: Env, call: Call, items: list[Json], context: list[Json], conversation: str
) -> list[Json]:
    """Items with references replaced by what they name; raises Invalid for one that is not kept."""
    held = {item.get("id"): item for item in context}
    found: list[Json] = []
    for at, item in enumerate(items):
        if item["type"] != "item_reference":
            found.append(item)
            continue
        kept = held.get(item["id"]) or await _find_item(env, call, str(item["id"]), conversation)
        if kept is None:
            raise invalid(f"input[{at}].id", f"no item '{str(item['id'])[:100]}' is kept")
        found.append(kept)
    return found


async def _find_item(env: Env, call: Call, id: str, conversation: str) -> Json | None:
    if conversation:
        held = await records.find(
            env.store.reader, CONVERSATION_ITEM, call.account, id, parent=conversation
        )
        if held is not None:
            return held.item
    place = await records.find(env.store.reader, ITEM_PLACE, call.account, id)
    if place is None:
        return None
    response = await records.find(env.store.reader, RESPONSE, call.account, place.response_id)
    output = response.body["output"] if response else []
    assert isinstance(output, list)
    return next((item for item in output if item["id"] == id), None)
