"""Responses and conversations, as they are kept; items are OpenAI's JSON objects."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from volano.services.studio.model.askers import Asker
from volano.services.studio.model.records import Kind, Record

Json: TypeAlias = dict[str, object]

MAX_CHAIN = 200
"""Responses that may follow one another by `previous_response_id`."""
MAX_CONTEXT_ITEMS = 5000
MAX_ITEMS_AT_ONCE = 20
MAX_INPUT_ITEMS = 2000
MAX_TOOL_TURNS = 16
"""Times that the model may call our own tools for one answer, whatever it was told."""
KEPT_US = 30 * 86_400 * 1_000_000
"""How long a response is kept that belongs to no conversation, as at OpenAI."""
ENDED = ("completed", "failed", "cancelled", "incomplete")


class StreamOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    include_obfuscation: bool | None = None


class Reasoning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None
    context: str | None = None
    mode: str | None = None


class TextOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Json | None = None
    verbosity: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The request of a response; what is not offered is here to be refused by name. `model` may be
    left to the `prompt`."""

    model: str = ""
    input: str | list[Json] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    conversation: str | Json | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    background: bool | None = None
    store: bool | None = None
    include: list[str] | None = None
    tools: list[Json] | None = None
    tool_choice: str | Json | None = None
    parallel_tool_calls: bool | None = None
    max_tool_calls: int | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    truncation: str | None = None
    metadata: dict[str, str] | None = None
    user: str | None = None
    safety_identifier: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: Json | None = None
    service_tier: str | None = None
    prompt: Json | None = None
    moderation: Json | None = None
    context_management: list[Json] | None = None
    access_programs: Json | None = None
    background_options: Json | None = None
    image: Json | None = None


class StoredResponse(Record, frozen=True, kw_only=True):
    """A response: what was asked, the items of its input, and its object as the API shows it.

    `state` is its status. `asker` is who asked: work in the background acts as they do.
    """

    asked: Asked
    asker: Asker
    input_items: list[Json]
    body: Json
    conversation: str = ""


class ResponseEvents(Record, frozen=True, kw_only=True):
    """The events of a response that was made in the background, for streams that resume."""

    events: list[Json]


class ItemPlace(Record, frozen=True, kw_only=True):
    """In which response's output an item is, for references to it."""

    response_id: str


class Conversation(Record, frozen=True, kw_only=True):
    metadata: dict[str, str]


class ConversationItem(Record, frozen=True, kw_only=True):
    item: Json


RESPONSE = Kind("response", StoredResponse, "Response")
RESPONSE_EVENTS = Kind("response.events", ResponseEvents, "Response")
ITEM_PLACE = Kind("response.item", ItemPlace, "Item")
CONVERSATION = Kind("conversation", Conversation, "Conversation")
CONVERSATION_ITEM = Kind("conversation.item", ConversationItem, "Conversation item")
