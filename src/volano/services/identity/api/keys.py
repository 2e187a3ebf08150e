"""Keys over Volano's own API: AWS access keys, API keys and Slack tokens in one list.

`/keys` is about the caller, `/people/{user}/keys` about somebody else, with permission.
"""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.services.identity.logic import keys
from volano.services.identity.logic.proof import require_proof
from volano.services.identity.logic.users import get_user
from volano.services.identity.model.principals import User
from volano.wire.action import SIGNED_IN, action

USER = "arn:aws:iam::{account}:user/{user}"


class NoFields(msgspec.Struct):
    """The request of an action that takes nothing."""


class UserName(msgspec.Struct):
    user: str


class KeyId(msgspec.Struct):
    id: str


class UserKeyId(msgspec.Struct):
    user: str
    id: str


class NewKey(msgspec.Struct, kw_only=True):
    """`kind` is access-key, api or slack-user. `scopes` are permission patterns (`models:*`)."""

    kind: str
    name: str = "Key"
    scopes: list[str] | None = None
    expires_days: int | None = None


class NewUserKey(NewKey, kw_only=True):
    user: str


class KeyView(msgspec.Struct, kw_only=True):
    """A key without its secret; `hint` is how it ends."""

    id: str
    kind: str
    name: str
    hint: str
    active: bool
    scopes: list[str] | None
    created_us: int
    expires_us: int | None
    last_used_us: int | None


class CreatedKey(KeyView, kw_only=True):
    """The only time that `secret` is shown; for an access key it belongs to the id."""

    secret: str


class KeyList(msgspec.Struct):
    items: list[KeyView]
    next_cursor: str | None = None


def _view(key: keys.Key) -> KeyView:
    return msgspec.convert(key, KeyView, from_attributes=True)


async def _list(env: Env, user: User) -> KeyList:
    return KeyList([_view(key) for key in await keys.list_keys(env, user)])


async def _create(env: Env, user: User, request: NewKey) -> CreatedKey:
    wanted = keys.WantedKey(
        kind=request.kind,
        name=request.name,
        scopes=request.scopes,
        expires_days=request.expires_days,
    )
    key, secret = await keys.create_key(env, user, wanted)
    return msgspec.convert({**msgspec.structs.asdict(_view(key)), "secret": secret}, CreatedKey)


@action("volano:listKeys", method="GET", path="/volano/v1/keys", permission=SIGNED_IN, resource="*")
async def list_keys(env: Env, call: Call, request: NoFields) -> KeyList:
    """The own keys."""
    return await _list(env, await keys.require_own(env, call))


@action(
    "volano:createKey", method="POST", path="/volano/v1/keys", permission=SIGNED_IN, resource="*"
)
async def create_key(env: Env, call: Call, request: NewKey) -> CreatedKey:
    """A key for the caller; its secret is shown once."""
    await require_proof(env, call)
    return await _create(env, await keys.require_own(env, call), request)


@action(
    "volano:deleteKey",
    method="DELETE",
    path="/volano/v1/keys/{id}",
    permission=SIGNED_IN,
    resource="*",
)
async def delete_key(env: Env, call: Call, request: KeyId) -> None:
    """Revoke one of the own keys at once."""
    await keys.delete_key(env, await keys.require_own(env, call), request.id)


@action(
    "volano:listPersonKeys",
    method="GET",
    path="/volano/v1/people/{user}/keys",
    permission="iam:ListAccessKeys",
    resource=USER,
)
async def list_person_keys(env: Env, call: Call, request: UserName) -> KeyList:
    """A user's keys."""
    return await _list(env, await get_user(env.store.reader, call.account, request.user))


@action(
    "volano:createPersonKey",
    method="POST",
    path="/volano/v1/people/{user}/keys",
    permission="iam:CreateAccessKey",
    resource=USER,
)
async def create_person_key(env: Env, call: Call, request: NewUserKey) -> CreatedKey:
    """A key for another user or service account; its secret is shown once."""
    await require_proof(env, call)
    user = await get_user(env.store.reader, call.account, request.user)
    return await _create(env, user, request)


@action(
    "volano:deletePersonKey",
    method="DELETE",
    path="/volano/v1/people/{user}/keys/{id}",
    permission="iam:DeleteAccessKey",
    resource=USER,
)
async def delete_person_key(env: Env, call: Call, request: UserKeyId) -> None:
    """Revoke a user's key at once."""
    user = await get_user(env.store.reader, call.account, request.user)
    await keys.delete_key(env, user, request.id)
