"""OAuth's endpoints for programs, and a person's grants over Volano's own API."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from volano.kernel.call import Call, Env
from volano.services.identity.api.keys import NoFields
from volano.services.identity.logic import oauth
from volano.services.identity.logic.proof import require_person
from volano.services.identity.model.oauth import (
    ALL,
    SCOPES,
    InvalidRequest,
    OauthTokens,
    UnsupportedGrantType,
)
from volano.wire.action import PUBLIC, SIGNED_IN, action
from volano.wire.results import WithHeaders


class Registration(msgspec.Struct, kw_only=True):
    """RFC 7591's metadata, what of it matters here; other fields are ignored."""

    redirect_uris: list[str]
    client_name: str = ""


class Registered(msgspec.Struct, kw_only=True):
    client_id: str
    client_id_issued_at: int
    client_name: str
    redirect_uris: list[str]
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    response_types: tuple[str, ...] = ("code",)
    token_endpoint_auth_method: str = "none"  # noqa: S105 - public clients have no secret
    scope: str = " ".join(SCOPES)


class TokenRequest(msgspec.Struct, kw_only=True):
    grant_type: str
    client_id: str = ""
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""
    refresh_token: str = ""


class Tokens(msgspec.Struct, kw_only=True):
    access_token: str
    refresh_token: str
    expires_in: int
    scope: str
    token_type: str = "Bearer"  # noqa: S105 - the standard's word


class Revocation(msgspec.Struct):
    token: str


class AskedFor(msgspec.Struct, kw_only=True):
    """What a program put into the address of `/oauth/authorize`."""

    client_id: str
    redirect_uri: str


class Asking(msgspec.Struct, kw_only=True):
    """Who asks, and where the browser would go next."""

    client_name: str
    returns_to: str


class Approval(AskedFor, kw_only=True):
    """`scope` is all or read; `code_challenge` is by S256."""

    code_challenge: str
    scope: str = ALL
    state: str = ""


class Address(msgspec.Struct):
    redirect_to: str


class GrantView(msgspec.Struct, kw_only=True):
    id: str
    client_name: str
    scope: str
    created_us: int
    used_us: int


class GrantList(msgspec.Struct):
    items: list[GrantView]
    next_cursor: str | None = None


class GrantId(msgspec.Struct):
    id: str


@action("oauth:register", method="POST", path="/oauth/register", permission=PUBLIC, resource="*")
async def register(env: Env, call: Call, request: Registration) -> WithHeaders:
    """Register a program that will ask people to act for them (RFC 7591)."""
    client = await oauth.register_client(
        env, call, name=request.client_name, redirect_uris=request.redirect_uris
    )
    made = Registered(
        client_id=client.id,
        client_id_issued_at=client.created_us // 1_000_000,
        client_name=client.name,
        redirect_uris=list(client.redirect_uris),
    )
    return WithHeaders(made, status=201)


@action("oauth:token", method="POST", path="/oauth/token", permission=PUBLIC, resource="*")
async def token(env: Env, call: Call, request: TokenRequest) -> Tokens:
    """Tokens for a code or for a refresh token (RFC 6749 sections 4.1.3 and 6)."""
    if request.grant_type == "authorization_code":
        return _shown(
            await oauth.exchange_code(
                env,
                code=request.code,
                client_id=request.client_id,
                redirect_uri=request.redirect_uri,
                verifier=request.code_verifier,
            )
        )
    if request.grant_type == "refresh_token":
        return _shown(
            await oauth.refresh(
                env, refresh_token=request.refresh_token, client_id=request.client_id
            )
        )
    raise UnsupportedGrantType("grant_type is authorization_code or refresh_token.")


def _shown(tokens: OauthTokens) -> Tokens:
    return Tokens(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_in=tokens.expires_s,
        scope=tokens.scope,
    )


@action("oauth:revoke", method="POST", path="/oauth/revoke", permission=PUBLIC, resource="*")
async def revoke(env: Env, call: Call, request: Revocation) -> None:
    """End what a token belongs to (RFC 7009)."""
    await oauth.revoke(env, token=request.token)


@action(
    "volano:getOauthRequest",
    method="GET",
    path="/volano/v1/oauth/request",
    permission=SIGNED_IN,
    resource="*",
)
async def get_oauth_request(env: Env, call: Call, request: AskedFor) -> Asking:
    """Which program asks to act for the caller, before they approve."""
    client = await oauth.require_client(env, request.client_id, request.redirect_uri)
    parts = urlsplit(request.redirect_uri)
    return Asking(client_name=client.name, returns_to=parts.netloc or f"{parts.scheme}:")


@action(
    "volano:approveOauthRequest",
    method="POST",
    path="/volano/v1/oauth/grants",
    permission=SIGNED_IN,
    resource="*",
)
async def approve_oauth_request(env: Env, call: Call, request: Approval) -> Address:
    """Let a program act for the caller; the browser goes to the address next."""
    if not request.code_challenge:
        raise InvalidRequest("The program sent no code_challenge (RFC 7636).")
    return Address(
        await oauth.approve(
            env,
            call,
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            scope=request.scope,
            challenge=request.code_challenge,
            state=request.state,
        )
    )


@action(
    "volano:listOauthGrants",
    method="GET",
    path="/volano/v1/oauth/grants",
    permission=SIGNED_IN,
    resource="*",
)
async def list_oauth_grants(env: Env, call: Call, request: NoFields) -> GrantList:
    """The programs that act for the caller."""
    found = await oauth.list_grants(env, call)
    return GrantList([msgspec.convert(one, GrantView, from_attributes=True) for one in found])


@action(
    "volano:deleteOauthGrant",
    method="DELETE",
    path="/volano/v1/oauth/grants/{id}",
    permission=SIGNED_IN,
    resource="*",
)
async def delete_oauth_grant(env: Env, call: Call, request: GrantId) -> None:
    """End a program's access at once."""
    await require_person(env, call)
    await oauth.delete_grant(env, call, request.id)
