"""Slack's oauth.*, openid.connect.*, auth.revoke and auth.teams.list, and the page that asks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from volano.kernel.errors import VolanoError
from volano.services.chat.logic import installs
from volano.services.chat.logic.errors import refused
from volano.services.chat.logic.manifests import get_config
from volano.services.chat.logic.users import get_user
from volano.services.chat.logic.workspaces import enter
from volano.wire.action import PUBLIC, SIGNED_IN, action
from volano.wire.credential import call_of, cookie_of
from volano.wire.decode import read_body
from volano.wire.form import parse_urlencoded
from volano.wire.http import Response
from volano.wire.slack.raw import raw_route

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.services.chat.logic.installs import Asked, Granted, Installed
    from volano.services.chat.model import Json, Workspace
    from volano.wire.http import Request

AUTHORIZE = "/oauth/v2/authorize"
OPENID_AUTHORIZE = "/openid/connect/authorize"
MAX_FORM_BYTES = 16 * 1024
INSTALL = "chat:ManageApps"


class AccessArguments(msgspec.Struct, kw_only=True):
    client_id: str = ""
    client_secret: str = ""
    code: str = ""
    redirect_uri: str = ""
    grant_type: str = "authorization_code"
    refresh_token: str = ""


class RevokeArguments(msgspec.Struct, kw_only=True):
    token: str = ""
    test: bool = False


class TeamsArguments(msgspec.Struct, kw_only=True):
    cursor: str = ""
    limit: int = 0
    include_icon: bool = False


class NoArguments(msgspec.Struct):
    pass


@action("slack:oauth.v2.access", permission=PUBLIC, resource="*", read_only=False)
async def oauth_access(env: Env, call: Call, request: AccessArguments) -> Json:
    """Tokens for a code, or the next ones for a refresh token."""
    if request.grant_type == "refresh_token":
        return await _refreshed(env, request)
    if request.grant_type != "authorization_code":
        raise refused("invalid_grant_type", "grant_type is not one that is known.")
    made = await _exchanged(env, request)
    found: Json = {"app_id": made.app.id, "authed_user": {"id": made.user_id}}
    if made.user is not None:
        found["authed_user"] = {"id": made.user_id, **_token_json(env, made.user, "user")}
    if made.bot is not None:
        found |= _token_json(env, made.bot, "bot") | {"bot_user_id": made.app.user_id}
    return found | _team_json(made.workspace)


async def _exchanged(env: Env, request: AccessArguments) -> Installed:
    return await installs.exchange_code(
        env,
        client_id=request.client_id,
        client_secret=request.client_secret,
        code=request.code,
        redirect_uri=request.redirect_uri,
    )


def _token_json(env: Env, granted: Granted, kind: str) -> Json:
    found: Json = {
        "scope": ",".join(granted.scopes),
        "access_token": granted.token,
        "token_type": kind,
    }
    if granted.refresh:
        left_us = granted.expires_us - env.clock.now_us()
        found |= {"refresh_token": granted.refresh, "expires_in": left_us // 1_000_000}
    return found


def _team_json(workspace: Workspace) -> Json:
    return {
        "team": {"id": workspace.team_id, "name": workspace.name},
        "enterprise": None,
        "is_enterprise_install": False,
    }


async def _refreshed(env: Env, request: AccessArguments) -> Json:
    workspace, app, granted, is_bot, user_id = await installs.refresh_token(
        env,
        client_id=request.client_id,
        client_secret=request.client_secret,
        token=request.refresh_token,
    )
    found: Json = {"app_id": app.id} | _team_json(workspace)
    if is_bot:
        return found | _token_json(env, granted, "bot") | {"bot_user_id": user_id}
    return found | {"authed_user": {"id": user_id, **_token_json(env, granted, "user")}}


@action("slack:oauth.access", permission=PUBLIC, resource="*", read_only=False)
async def oauth_access_v1(env: Env, call: Call, request: AccessArguments) -> Json:
    """The first form of OAuth: a user token, and a bot token beside it."""
    made = await _exchanged(env, request)
    granted = made.user or made.bot
    assert granted is not None
    found: Json = {
        "access_token": granted.token,
        "scope": ",".join(granted.scopes),
        "user_id": made.user_id,
        "team_id": made.workspace.team_id,
        "team_name": made.workspace.name,
        "enterprise_id": None,
    }
    if made.bot is not None:
        found["bot"] = {
            "bot_user_id": made.app.user_id,
            "bot_access_token": made.bot.token,
        }
    return found


@action(
    "slack:openid.connect.token",
    permission=PUBLIC,
    resource="*",
    read_only=False,
    partial="The id_token is signed with the client secret (HS256), not with a published key.",
)
async def openid_token(env: Env, call: Call, request: AccessArguments) -> Json:
    """An access token and an id_token for a code ("Sign in with Slack")."""
    made = await _exchanged(env, request)
    if made.user is None:
        raise refused("invalid_code", "The code was not given for openid.")
    claims = await identity_claims(env, made)
    return {
        "access_token": made.user.token,
        "token_type": "Bearer",
        "id_token": sign_claims(claims, request.client_secret),
    }


async def identity_claims(env: Env, made: Installed) -> Json:
    """What an id_token says of the person."""
    user = await get_user(env.store.reader, made.workspace.account, made.user_id)
    now_s = env.clock.now_us() // 1_000_000
    config = await get_config(env.store.reader, made.workspace.account, made.app.id)
    return {
        "iss": env.config.console_url,
        "sub": user.id,
        "aud": config.client_id,
        "iat": now_s,
        "exp": now_s + 300,
        "https://slack.com/user_id": user.id,
        "https://slack.com/team_id": made.workspace.team_id,
        "https://slack.com/team_name": made.workspace.name,
        "email": user.email,
        "email_verified": bool(user.email),
        "name": user.real_name,
        "locale": "en-US",
    }


def sign_claims(claims: Json, secret: str) -> str:
    """A JSON Web Token (RFC 7519) under HMAC-SHA256."""
    head = _part({"alg": "HS256", "typ": "JWT"})
    signed = f"{head}.{_part(claims)}"
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _part(content: Json) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(content)).rstrip(b"=").decode()


@action("slack:auth.revoke", permission=SIGNED_IN, resource="*", read_only=False)
async def revoke(env: Env, call: Call, request: RevokeArguments) -> Json:
    """End the token with which this is asked."""
    if not request.test and request.token:
        await installs.revoke_token(env, call, request.token)
    return {"revoked": not request.test and bool(request.token)}


@action("slack:auth.teams.list", permission=SIGNED_IN, resource="*", read_only=True)
async def list_teams(env: Env, call: Call, request: TeamsArguments) -> Json:
    """The workspaces of the token: one."""
    here = await enter(env, call)
    team = {"id": here.workspace.team_id, "name": here.workspace.name}
    return {"teams": [team], "response_metadata": {"next_cursor": ""}}


@raw_route("GET", OPENID_AUTHORIZE)
@raw_route("GET", AUTHORIZE)
async def ask(env: Env, request: Request, params: dict[str, str]) -> Response:
    """The page on which a person agrees that an app is installed."""
    call = await _signed_in(env, request)
    if call is None:
        return _page("Sign in first", _SIGN_IN.format(url=html.escape(env.config.console_url)), 401)
    given = dict(request.query)
    scopes = _split(given.get("scope", ""))
    is_openid = request.path == OPENID_AUTHORIZE
    wanted = installs.Request(
        client_id=given.get("client_id", ""),
        scopes=() if is_openid else scopes,
        user_scopes=scopes if is_openid else _split(given.get("user_scope", "")),
        redirect_uri=given.get("redirect_uri", ""),
        state=given.get("state", ""),
    )
    try:
        await env.authority.authorize(call, INSTALL, _app_arn(call), {})
        asked = await installs.ask_consent(env, call, wanted)
    except VolanoError as error:
        return _page("This app cannot be installed", f"<p>{html.escape(error.message)}</p>", 400)
    return _page(f"Install {asked.config.manifest.display_information.name}", _question(asked), 200)


@raw_route("POST", AUTHORIZE)
async def decide(env: Env, request: Request, params: dict[str, str]) -> Response:
    """The person's answer; the secret of the page proves that it was given there."""
    call = await _signed_in(env, request)
    if call is None:
        return _page("Sign in first", _SIGN_IN.format(url=html.escape(env.config.console_url)), 401)
    form = dict(parse_urlencoded(await read_body(request, MAX_FORM_BYTES)))
    agreed = form.get("answer") == "allow"
    try:
        if agreed:
            await env.authority.authorize(call, INSTALL, _app_arn(call), {})
        target, answer = await installs.answer_consent(
            env, call, form.get("consent", ""), agreed=agreed
        )
    except VolanoError as error:
        return _page("This page is too old", f"<p>{html.escape(error.message)}</p>", 400)
    joint = "&" if "?" in target else "?"
    return Response(status=302, headers=[("location", f"{target}{joint}{urlencode(answer)}")])


def _app_arn(call: Call) -> str:
    return f"arn:aws:chat:{call.region}:{call.account}:app/*"


def _split(scopes: str) -> tuple[str, ...]:
    return tuple(part for part in scopes.replace(" ", ",").split(",") if part)


async def _signed_in(env: Env, request: Request) -> Call | None:
    """The call of the console's session. No CSRF header: the page's own secret stands for it."""
    cookie = cookie_of(request)
    if cookie is None:
        return None
    principal = await env.authority.find_session(cookie, None, safe=True)
    return None if principal is None else call_of(env, request, principal, door="slack")


_SIGN_IN = '<p>Sign in at <a href="{url}/">{url}</a>, then open this page again.</p>'
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;"
    "color:#1d1c1d}button{font:inherit;padding:.5rem 1.25rem;border-radius:.4rem;"
    "border:1px solid #bbb;background:#fff;margin-right:.5rem;cursor:pointer}"
    "button.yes{background:#0b6b3a;border-color:#0b6b3a;color:#fff}li code{font-size:.9em}"
)


def _page(title: str, content: str, status: int) -> Response:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<main><h1>{html.escape(title)}</h1>{content}</main></html>"
    )
    headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ]
    return Response(status=status, headers=headers, body=text.encode())


def _question(asked: Asked) -> str:
    """What the app may do, and two buttons."""
    request = asked.request
    app = html.escape(asked.config.manifest.display_information.name)
    workspace = html.escape(asked.here.workspace.name)
    lists = ""
    for heading, scopes in (("As itself", request.scopes), ("As you", request.user_scopes)):
        if scopes:
            items = "".join(f"<li><code>{html.escape(scope)}</code></li>" for scope in scopes)
            lists += f"<h2>{heading} it may</h2><ul>{items}</ul>"
    return (
        f"<p><b>{app}</b> asks to be installed in <b>{workspace}</b>.</p>{lists}"
        f'<form method="post" action="{AUTHORIZE}">'
        f'<input type="hidden" name="consent" value="{html.escape(asked.consent)}">'
        '<button class="yes" name="answer" value="allow">Allow</button>'
        '<button name="answer" value="deny">Cancel</button></form>'
        f"<p>You then go back to {html.escape(asked.redirect_uri)}.</p>"
    )
