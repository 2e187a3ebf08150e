"""Volano's own API of the prompts that responses name (`prompt={"id": …, "variables": …}`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from volano.services.studio.logic import prompts
from volano.services.studio.model.records import Paging
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.studio.model.prompts import Prompt, PromptVersion

PROMPTS = "arn:aws:studio:{region}:{account}:prompt/*"
PROMPT = "arn:aws:studio:{region}:{account}:prompt/{prompt_id}"
PAGE = 50


class CreatePrompt(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`{{name}}` in the instructions is a variable; `model` serves requests that name none."""

    name: str
    instructions: str
    model: str = ""


class CreatePromptVersion(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    prompt_id: str
    instructions: str
    model: str = ""


class PromptName(msgspec.Struct):
    prompt_id: str


class GetPrompt(msgspec.Struct, kw_only=True):
    """Without `version` the latest."""

    prompt_id: str
    version: str = ""


class ListPrompts(msgspec.Struct, kw_only=True):
    cursor: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = PAGE


class ListPromptVersions(ListPrompts, kw_only=True):
    prompt_id: str


class PromptObject(msgspec.Struct, kw_only=True):
    """A prompt in one of its versions; `created` is when that was made, in Unix seconds."""

    id: str
    name: str
    version: str
    latest_version: str
    instructions: str
    model: str
    created: int


class PromptSummary(msgspec.Struct, kw_only=True):
    id: str
    name: str
    latest_version: str
    created: int


class PromptList(msgspec.Struct, kw_only=True):
    items: list[PromptSummary]
    next_cursor: str | None = None


class VersionObject(msgspec.Struct, kw_only=True):
    version: str
    instructions: str
    model: str
    created: int


class VersionList(msgspec.Struct, kw_only=True):
    items: list[VersionObject]
    next_cursor: str | None = None


@action(
    "volano:createPrompt",
    method="POST",
    path="/volano/v1/prompts",
    permission="studio:CreatePrompt",
    resource=PROMPTS,
)
async def create_prompt(env: Env, call: Call, request: CreatePrompt) -> PromptObject:
    """Keep instructions for responses that name them."""
    made = await prompts.create_prompt(
        env, call, name=request.name, instructions=request.instructions, model=request.model
    )
    return _object(*made)


@action(
    "volano:createPromptVersion",
    method="POST",
    path="/volano/v1/prompts/{prompt_id}/versions",
    permission="studio:UpdatePrompt",
    resource=PROMPT,
)
async def create_prompt_version(env: Env, call: Call, request: CreatePromptVersion) -> PromptObject:
    """Other instructions, for requests that name no version; older versions stay."""
    made = await prompts.add_version(
        env, call, request.prompt_id, instructions=request.instructions, model=request.model
    )
    return _object(*made)


@action(
    "volano:listPrompts",
    method="GET",
    path="/volano/v1/prompts",
    permission="studio:ListPrompts",
    resource=PROMPTS,
)
async def list_prompts(env: Env, call: Call, request: ListPrompts) -> PromptList:
    """The account's prompts, newest first."""
    paging = Paging(limit=request.limit, after=request.cursor)
    found = await prompts.list_prompts(env, call, paging)
    items = [
        PromptSummary(
            id=prompt.id,
            name=prompt.name,
            latest_version=str(prompt.latest),
            created=prompt.created_us // 1_000_000,
        )
        for prompt in found.items
    ]
    return PromptList(items=items, next_cursor=items[-1].id if found.has_more else None)


@action(
    "volano:getPrompt",
    method="GET",
    path="/volano/v1/prompts/{prompt_id}",
    permission="studio:GetPrompt",
    resource=PROMPT,
)
async def get_prompt(env: Env, call: Call, request: GetPrompt) -> PromptObject:
    """A prompt in a version of it."""
    return _object(*await prompts.get_prompt(env, call, request.prompt_id, request.version))


@action(
    "volano:listPromptVersions",
    method="GET",
    path="/volano/v1/prompts/{prompt_id}/versions",
    permission="studio:GetPrompt",
    resource=PROMPT,
)
async def list_prompt_versions(env: Env, call: Call, request: ListPromptVersions) -> VersionList:
    """What a prompt said, newest first."""
    paging = Paging(limit=request.limit, after=request.cursor)
    found = await prompts.list_versions(env, call, request.prompt_id, paging)
    items = [
        VersionObject(
            version=version.id,
            instructions=version.instructions,
            model=version.model,
            created=version.created_us // 1_000_000,
        )
        for version in found.items
    ]
    return VersionList(items=items, next_cursor=items[-1].version if found.has_more else None)


@action(
    "volano:deletePrompt",
    method="DELETE",
    path="/volano/v1/prompts/{prompt_id}",
    permission="studio:DeletePrompt",
    resource=PROMPT,
)
async def delete_prompt(env: Env, call: Call, request: PromptName) -> None:
    """Forget a prompt with all its versions."""
    await prompts.delete_prompt(env, call, request.prompt_id)


def _object(prompt: Prompt, version: PromptVersion) -> PromptObject:
    return PromptObject(
        id=prompt.id,
        name=prompt.name,
        version=version.id,
        latest_version=str(prompt.latest),
        instructions=version.instructions,
        model=version.model,
        created=version.created_us // 1_000_000,
    )
