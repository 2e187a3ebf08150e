"""Browsers that want to be told of what calls their person (Web Push)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from volano.services.chat.api.desk import KEEP, Done, NoFields
from volano.services.chat.api.shapes import CHANNELS
from volano.services.chat.logic import web_push
from volano.wire.action import action

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env


class PushKey(msgspec.Struct, kw_only=True):
    """`key` is the applicationServerKey that a browser subscribes with."""

    key: str


@action(
    "volano:getPushKey",
    method="GET",
    path="/volano/v1/chat/push/key",
    permission=KEEP,
    resource=CHANNELS,
    read_only=True,
)
async def get_push_key(env: Env, call: Call, request: NoFields) -> PushKey:
    """The public key that names this cloud to push services."""
    return PushKey(key=await web_push.get_public_key(env))


class PushBrowser(msgspec.Struct, kw_only=True):
    """A browser's PushSubscription; the keys are base64url."""

    endpoint: str
    p256dh: str
    auth: str


@action(
    "volano:subscribePush",
    method="POST",
    path="/volano/v1/chat/push",
    permission=KEEP,
    resource=CHANNELS,
)
async def subscribe_push(env: Env, call: Call, request: PushBrowser) -> Done:
    """Tell this browser when something calls the caller."""
    await web_push.subscribe_browser(
        env, call, endpoint=request.endpoint, public_key=request.p256dh, auth=request.auth
    )
    return Done()


class PushEndpoint(msgspec.Struct, kw_only=True):
    endpoint: str


@action(
    "volano:unsubscribePush",
    method="POST",
    path="/volano/v1/chat/push/forget",
    permission=KEEP,
    resource=CHANNELS,
)
async def unsubscribe_push(env: Env, call: Call, request: PushEndpoint) -> Done:
    """Tell this browser no more."""
    await web_push.unsubscribe_browser(env, call, request.endpoint)
    return Done()
