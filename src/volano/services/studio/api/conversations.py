"""OpenAI's /v1/conversations and their items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.studio.api.files import paging_of
from volano.services.studio.logic import conversations
from volano.wire.action import action
from volano.wire.openai.paging import Deleted, ListQuery, Page, page_of

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.studio.model.responses import Conversation

CONVERSATIONS = "arn:aws:studio:{region}:{account}:conversation/*"
CONVERSATION = "arn:aws:studio:{region}:{account}:conversation/{conversation_id}"


class CreateConversation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    items: list[dict[str, Any]] | None = None
    metadata: dict[str, str] | None = None


class ConversationName(msgspec.Struct):
    conversation_id: str


class UpdateConversation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    conversation_id: str
    metadata: dict[str, str] | None


class AddItems(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    conversation_id: str
    items: list[dict[str, Any]]
    include: list[str] | None = None


class ListItems(ListQuery, kw_only=True):
    conversation_id: str
    include: list[str] | None = None


class ItemName(msgspec.Struct, kw_only=True):
    conversation_id: str
    item_id: str
    include: list[str] | None = None


class ConversationObject(msgspec.Struct, kw_only=True):
    id: str
    object: str = "conversation"
    created_at: int
    metadata: dict[str, str]


@action(
    "openai:createConversation",
    method="POST",
    path="/v1/conversations",
    permission="studio:CreateConversation",
    resource=CONVERSATIONS,
)
async def create_conversation(
    env: Env, call: Call, request: CreateConversation
) -> ConversationObject:
    """A conversation that responses can go on with."""
    made = await conversations.create_conversation(env, call, request.items or (), request.metadata)
    return _object(made)


@action(
    "openai:getConversation",
    method="GET",
    path="/v1/conversations/{conversation_id}",
    permission="studio:GetConversation",
    resource=CONVERSATION,
)
async def get_conversation(env: Env, call: Call, request: ConversationName) -> ConversationObject:
    """A conversation's metadata."""
    return _object(await conversations.get_conversation(env, call, request.conversation_id))


@action(
    "openai:updateConversation",
    method="POST",
    path="/v1/conversations/{conversation_id}",
    permission="studio:UpdateConversation",
    resource=CONVERSATION,
)
async def update_conversation(
    env: Env, call: Call, request: UpdateConversation
) -> ConversationObject:
    """Replace a conversation's metadata."""
    changed = await conversations.update_conversation(
        env, call, request.conversation_id, request.metadata
    )
    return _object(changed)


@action(
    "openai:deleteConversation",
    method="DELETE",
    path="/v1/conversations/{conversation_id}",
    permission="studio:DeleteConversation",
    resource=CONVERSATION,
)
async def delete_conversation(env: Env, call: Call, request: ConversationName) -> Deleted:
    """Delete a conversation and its items."""
    await conversations.delete_conversation(env, call, request.conversation_id)
    return Deleted(id=request.conversation_id, object="conversation.deleted")


@action(
    "openai:createConversationItems",
    method="POST",
    path="/v1/conversations/{conversation_id}/items",
    permission="studio:UpdateConversation",
    resource=CONVERSATION,
)
async def create_items(env: Env, call: Call, request: AddItems) -> Page:
    """Add items to a conversation."""
    made = await conversations.add_items(env, call, request.conversation_id, request.items)
    return page_of([item.id for item in made], [item.item for item in made], has_more=False)


@action(
    "openai:listConversationItems",
    method="GET",
    path="/v1/conversations/{conversation_id}/items",
    permission="studio:GetConversation",
    resource=CONVERSATION,
)
async def list_items(env: Env, call: Call, request: ListItems) -> Page:
    """The items of a conversation."""
    found = await conversations.list_items(env, call, request.conversation_id, paging_of(request))
    return page_of(
        [item.id for item in found.items],
        [item.item for item in found.items],
        has_more=found.has_more,
    )


@action(
    "openai:getConversationItem",
    method="GET",
    path="/v1/conversations/{conversation_id}/items/{item_id}",
    permission="studio:GetConversation",
    resource=CONVERSATION,
)
async def get_item(env: Env, call: Call, request: ItemName) -> dict[str, Any]:
    """One item of a conversation."""
    found = await conversations.get_item(env, call, request.conversation_id, request.item_id)
    return found.item


@action(
    "openai:deleteConversationItem",
    method="DELETE",
    path="/v1/conversations/{conversation_id}/items/{item_id}",
    permission="studio:UpdateConversation",
    resource=CONVERSATION,
)
async def delete_item(env: Env, call: Call, request: ItemName) -> ConversationObject:
    """Take an item out of a conversation."""
    left = await conversations.delete_item(env, call, request.conversation_id, request.item_id)
    return _object(left)


def _object(conversation: Conversation) -> ConversationObject:
    return ConversationObject(
        id=conversation.id,
        created_at=conversation.created_us // 1_000_000,
        metadata=conversation.metadata,
    )
