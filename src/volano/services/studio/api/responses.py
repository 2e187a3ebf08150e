"""OpenAI's /v1/responses.

Source of behaviour: the API reference's "Responses" and "Streaming events".
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.models import interface as models
from volano.services.studio.api.files import paging_of
from volano.services.studio.logic import prompts
from volano.services.studio.logic.responses import compacting, keeping
from volano.services.studio.model.responses import Asked, Reasoning, TextOptions
from volano.wire.action import RESOLVED, action
from volano.wire.openai.paging import Deleted, ListQuery, Page, page_of
from volano.wire.results import EventStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from volano.kernel.call import Call, Env

MODEL = "arn:aws:models:{region}:{account}:model/{model}"
RESPONSE = "arn:aws:studio:{region}:{account}:response/{response_id}"


async def _model_meant(env: Env, call: Call, request: Any) -> Mapping[str, str]:
    """The ARN of the model that a request means, by whatever name or by its prompt."""
    named = request.model
    if isinstance(request, Asked):
        named = await prompts.model_of(env, call, request)
    name = await models.resolve_name(env, call.account, named)
    return {RESOLVED: f"arn:aws:models:{call.region}:{call.account}:model/{name}"}


class ResponseName(msgspec.Struct):
    response_id: str


class GetResponse(msgspec.Struct, kw_only=True):
    response_id: str
    include: list[str] | None = None
    stream: bool = False
    starting_after: int | None = None
    include_obfuscation: bool | None = None


class ListInputItems(ListQuery, kw_only=True):
    response_id: str
    include: list[str] | None = None


class CountTokens(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    input: str | list[dict[str, Any]] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    conversation: str | dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    truncation: str | None = None
    personality: str | None = None


class Compact(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    model: str
    input: str | list[dict[str, Any]] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt_cache_retention: str | None = None
    service_tier: str | None = None
    image: dict[str, Any] | None = None


class TokenCount(msgspec.Struct, kw_only=True):
    object: str = "response.input_tokens"
    input_tokens: int


class Compaction(msgspec.Struct, kw_only=True):
    id: str
    object: str = "response.compaction"
    created_at: int
    output: list[dict[str, Any]]
    usage: dict[str, Any]


@action(
    "openai:createResponse",
    method="POST",
    path="/v1/responses",
    permission="models:InvokeModel",
    resource=MODEL,
    facts=_model_meant,
    read_only=False,
    timeout_s=None,
    partial="Tools are functions, file_search, code_interpreter, mcp and, where a search engine is "
    "configured, web_search; computer use, shells and images are refused by name.",
)
async def create_response(env: Env, call: Call, request: Asked) -> dict[str, Any] | EventStream:
    """An answer, whole, streamed or in the background, with what it follows."""
    if request.background:
        body = await keeping.begin_response(env, call, request)
        if not request.stream:
            return body
        return EventStream(
            keeping.follow_response(env, call, str(body["id"]), -1), done=False, named=True
        )
    if request.stream:
        stream = keeping.stream_response(env, call, request)
        return EventStream(stream, done=False, named=True)
    return await keeping.make_response(env, call, request)


@action(
    "openai:getResponse",
    method="GET",
    path="/v1/responses/{response_id}",
    permission="studio:GetResponse",
    resource=RESPONSE,
    timeout_s=None,
)
async def get_response(env: Env, call: Call, request: GetResponse) -> dict[str, Any] | EventStream:
    """A kept response, or its events after `starting_after`."""
    if request.stream:
        after = -1 if request.starting_after is None else request.starting_after
        followed = keeping.follow_response(env, call, request.response_id, after)
        return EventStream(_closing(followed), done=False, named=True)
    return (await keeping.get_response(env, call, request.response_id)).body


async def _closing(items: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    async with aclosing(items) as events:  # type: ignore[type-var]  # it is a generator
        async for event in events:
            yield event


@action(
    "openai:deleteResponse",
    method="DELETE",
    path="/v1/responses/{response_id}",
    permission="studio:DeleteResponse",
    resource=RESPONSE,
)
async def delete_response(env: Env, call: Call, request: ResponseName) -> Deleted:
    """Forget a kept response."""
    await keeping.delete_response(env, call, request.response_id)
    return Deleted(id=request.response_id, object="response")


@action(
    "openai:cancelResponse",
    method="POST",
    path="/v1/responses/{response_id}/cancel",
    permission="studio:CancelResponse",
    resource=RESPONSE,
)
async def cancel_response(env: Env, call: Call, request: ResponseName) -> dict[str, Any]:
    """Stop a response that is made in the background."""
    return await keeping.cancel_response(env, call, request.response_id)


@action(
    "openai:listInputItems",
    method="GET",
    path="/v1/responses/{response_id}/input_items",
    permission="studio:GetResponse",
    resource=RESPONSE,
)
async def list_input_items(env: Env, call: Call, request: ListInputItems) -> Page:
    """The items that a response was asked with."""
    found, has_more = await keeping.list_input_items(
        env, call, request.response_id, paging_of(request)
    )
    return page_of([str(item["id"]) for item in found], list(found), has_more=has_more)


@action(
    "openai:countInputTokens",
    method="POST",
    path="/v1/responses/input_tokens",
    permission="models:InvokeModel",
    resource=MODEL,
    facts=_model_meant,
    read_only=True,
)
async def count_input_tokens(env: Env, call: Call, request: CountTokens) -> TokenCount:
    """How many tokens a response with this input would read."""
    return TokenCount(input_tokens=await compacting.count_input_tokens(env, call, _asked(request)))


@action(
    "openai:compactResponse",
    method="POST",
    path="/v1/responses/compact",
    permission="models:InvokeModel",
    resource=MODEL,
    facts=_model_meant,
    read_only=False,
)
async def compact_response(env: Env, call: Call, request: Compact) -> Compaction:
    """A long input as the user's messages and one sealed item."""
    items, usage = await compacting.compact_input(env, call, _asked(request))
    return Compaction(
        id=f"resp_{env.ids.hex(48)}",
        created_at=env.clock.now_us() // 1_000_000,
        output=items,
        usage=usage,
    )


def _asked(request: CountTokens | Compact) -> Asked:
    """The same words as for a response; raises Invalid for those that are not offered here."""
    given = msgspec.structs.asdict(request)
    for name in ("personality", "prompt_cache_options", "image"):
        if given.get(name) is not None:
            raise models.unsupported(name, "it is not offered here")
    models.require_retention(
        request.prompt_cache_retention if isinstance(request, Compact) else None
    )
    known = {name: value for name, value in given.items() if name in Asked.__struct_fields__}
    return msgspec.convert(known, Asked, from_attributes=True)
