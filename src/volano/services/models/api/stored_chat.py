"""OpenAI's stored chat completions: list, get, change metadata, delete, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.models.logic import stored_chat
from volano.wire.action import action
from volano.wire.openai.paging import Deleted, ListQuery, Page, page_of

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.models.model import StoredChat

CHATS = "arn:aws:models:{region}:{account}:chat-completion/*"
CHAT = "arn:aws:models:{region}:{account}:chat-completion/{completion_id}"


class ListChats(ListQuery, kw_only=True):
    model: str = ""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)


class ChatName(msgspec.Struct):
    completion_id: str


class UpdateChat(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    completion_id: str
    metadata: dict[str, str] | None


class ListMessages(ListQuery, kw_only=True):
    completion_id: str


@action(
    "openai:listChatCompletions",
    method="GET",
    path="/v1/chat/completions",
    permission="models:ListChatCompletions",
    resource=CHATS,
)
async def list_chats(env: Env, call: Call, request: ListChats) -> Page:
    """Kept completions, of one model or with some metadata when that is given."""
    found, has_more = await stored_chat.list_chats(
        env,
        call,
        model=request.model,
        metadata=request.metadata,
        after=request.after,
        limit=request.limit,
        newest_first=request.order == "desc",
    )
    return page_of([chat.id for chat in found], [_object(c) for c in found], has_more=has_more)


@action(
    "openai:getChatCompletion",
    method="GET",
    path="/v1/chat/completions/{completion_id}",
    permission="models:GetChatCompletion",
    resource=CHAT,
)
async def get_chat(env: Env, call: Call, request: ChatName) -> dict[str, Any]:
    """A kept completion."""
    return _object(await stored_chat.get_chat(env, call, request.completion_id))


@action(
    "openai:updateChatCompletion",
    method="POST",
    path="/v1/chat/completions/{completion_id}",
    permission="models:UpdateChatCompletion",
    resource=CHAT,
)
async def update_chat(env: Env, call: Call, request: UpdateChat) -> dict[str, Any]:
    """Replace a kept completion's metadata."""
    return _object(
        await stored_chat.update_chat(env, call, request.completion_id, request.metadata or {})
    )


@action(
    "openai:deleteChatCompletion",
    method="DELETE",
    path="/v1/chat/completions/{completion_id}",
    permission="models:DeleteChatCompletion",
    resource=CHAT,
)
async def delete_chat(env: Env, call: Call, request: ChatName) -> Deleted:
    """Forget a kept completion."""
    await stored_chat.delete_chat(env, call, request.completion_id)
    return Deleted(id=request.completion_id, object="chat.completion.deleted")


@action(
    "openai:getChatCompletionMessages",
    method="GET",
    path="/v1/chat/completions/{completion_id}/messages",
    permission="models:GetChatCompletion",
    resource=CHAT,
)
async def list_messages(env: Env, call: Call, request: ListMessages) -> Page:
    """The messages that a kept completion answers."""
    chat = await stored_chat.get_chat(env, call, request.completion_id)
    messages = [_message(chat, at) for at in range(len(chat.messages))]
    if request.order == "desc":
        messages.reverse()
    ids = [message["id"] for message in messages]
    start = ids.index(request.after) + 1 if request.after in ids else 0
    window = messages[start : start + request.limit]
    return page_of(
        [message["id"] for message in window], window, has_more=start + request.limit < len(ids)
    )


def _message(chat: StoredChat, at: int) -> dict[str, Any]:
    message = chat.messages[at]
    content = message.get("content")
    parts = content if isinstance(content, list) else None
    return {
        **message,
        "id": f"{chat.id}-{at}",
        "content": content if isinstance(content, str) else None,
        "content_parts": parts,
        "refusal": message.get("refusal"),
    }


def _object(chat: StoredChat) -> dict[str, Any]:
    return {**chat.answer, "metadata": chat.metadata}
