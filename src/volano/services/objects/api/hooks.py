"""Hooks over Volano's own REST API: webhooks that bucket notifications name like functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from volano.services.objects.logic import hooks as logic
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.objects.model import Hook

ONE = "arn:aws:lambda:{region}:{account}:function:{name}"
ALL = "arn:aws:lambda:{region}:{account}:function:*"


class HookFields(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str


class PutHookFields(HookFields):
    url: str


class HooksFields(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    cursor: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class HookView(msgspec.Struct, kw_only=True):
    """A hook; `arn` is what a notification rule names."""

    name: str
    arn: str
    url: str
    created_us: int


class NewHookView(HookView):
    """`secret` signs what the hook gets; it is not shown again."""

    secret: str


class HookPage(msgspec.Struct, kw_only=True):
    items: list[HookView]
    next_cursor: str | None = None


def _view(env: Env, hook: Hook) -> HookView:
    arn = logic.hook_arn(env, hook.account, hook.name)
    return HookView(name=hook.name, arn=arn, url=hook.url, created_us=hook.created_us)


@action(
    "volano:putHook",
    method="PUT",
    path="/volano/v1/hooks/{name}",
    permission="lambda:CreateFunction",
    resource=ONE,
)
async def put_hook(env: Env, call: Call, request: PutHookFields) -> NewHookView:
    """Make or replace a hook; its secret is new each time."""
    hook, secret = await logic.put_hook(env, call, request.name, request.url)
    view = _view(env, hook)
    return NewHookView(
        name=view.name, arn=view.arn, url=view.url, created_us=view.created_us, secret=secret
    )


@action(
    "volano:listHooks",
    method="GET",
    path="/volano/v1/hooks",
    permission="lambda:ListFunctions",
    resource=ALL,
)
async def list_hooks(env: Env, call: Call, request: HooksFields) -> HookPage:
    """Hooks of the account by name."""
    found, after = await logic.list_hooks(env, call, after=request.cursor, limit=request.limit)
    return HookPage(items=[_view(env, hook) for hook in found], next_cursor=after)


@action(
    "volano:deleteHook",
    method="DELETE",
    path="/volano/v1/hooks/{name}",
    permission="lambda:DeleteFunction",
    resource=ONE,
)
async def delete_hook(env: Env, call: Call, request: HookFields) -> None:
    """Delete a hook and what is on its way to it."""
    await logic.delete_hook(env, call, request.name)
