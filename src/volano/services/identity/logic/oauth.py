"""OAuth 2.1 authorization server: programs that act for a person, with that person's approval.

A client registers itself, sends the person to the console's `/oauth/authorize`, and exchanges the
code that it gets back for an API key that lives an hour and a refresh token that works once. A code
or refresh token shown a second time ends the whole grant (RFC 9700 sections 2.1.1 and 4.14.2). The
key is one of the person's: it does what they may, within the scope that they chose.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from volano.kernel.errors import NotFound, QuotaExceeded
from volano.services.identity.logic.access import forget
from volano.services.identity.logic.challenges import count_beginning
from volano.services.identity.logic.proof import require_proven_person
from volano.services.identity.logic.tokens import add_token
from volano.services.identity.model.credentials import TokenKind
from volano.services.identity.model.oauth import (
    ACCESS_LIFE_S,
    CODE_LIFE_S,
    MAX_CLIENTS,
    MAX_GRANTS,
    MAX_REDIRECT_URIS,
    SCOPES,
    InvalidClient,
    InvalidGrant,
    InvalidRedirect,
    InvalidRequest,
    InvalidScope,
    OauthClient,
    OauthCode,
    OauthGrant,
    OauthTokens,
)
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import oauth as rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.store import Tx
    from volano.services.identity.model.principals import User

MAX_NAME_CHARACTERS = 80
MAX_URI_CHARACTERS = 2000
MAX_STATE_CHARACTERS = 2000
LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
_UNSAFE_SCHEMES = ("about", "blob", "data", "file", "javascript", "vbscript", "ws", "wss")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*\Z")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")


async def register_client(
    env: Env, call: Call, *, name: str, redirect_uris: Sequence[str]
) -> OauthClient:
    """A new public client (RFC 7591); anybody may register, so registrations are counted."""
    if not 1 <= len(redirect_uris) <= MAX_REDIRECT_URIS:
        raise InvalidRedirect(f"A client has 1 to {MAX_REDIRECT_URIS} redirect_uris.")
    for uri in redirect_uris:
        _require_redirect(uri)
    await count_beginning(env, call.source_ip)
    client = OauthClient(
        id="app_" + env.ids.hex(24),
        name=_shown_name(name) or urlsplit(redirect_uris[0]).netloc or "An unnamed program",
        redirect_uris=tuple(dict.fromkeys(redirect_uris)),
        created_us=env.clock.now_us(),
    )

    async def write(tx: Tx) -> None:
        await rows.insert_client(tx, client)
        await rows.delete_clients_beyond(tx, MAX_CLIENTS)

    await env.store.transact(write)
    return client


def _shown_name(name: str) -> str:
    """Without what could deceive on the page of consent."""
    return " ".join("".join(c for c in name if c.isprintable()).split())[:MAX_NAME_CHARACTERS]


def _require_redirect(uri: str) -> None:
    """HTTPS, HTTP to this machine, or a program's own scheme (RFC 8252); nothing a browser runs."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise InvalidRedirect(f"'{uri[:100]}' is no address.") from error
    if len(uri) > MAX_URI_CHARACTERS or parts.fragment or not _SCHEME.match(parts.scheme):
        raise InvalidRedirect(f"'{uri[:100]}' is no absolute address without a fragment.")
    if parts.scheme in _UNSAFE_SCHEMES or any(ord(c) < 33 for c in uri):
        raise InvalidRedirect(f"Addresses of {parts.scheme}: cannot be returned to.")
    if parts.scheme in ("http", "https") and not parts.hostname:
        raise InvalidRedirect(f"'{uri[:100]}' names no host.")
    if _hides_host(uri):
        raise InvalidRedirect(f"'{uri[:100]}' hides its host.")
    if parts.scheme == "http" and not _is_loopback(uri):
        raise InvalidRedirect("Return by https, or by http to this machine only.")


def _hides_host(uri: str) -> bool:
    r"""Whether a browser may go to another host than `urlsplit` and people read: to it `\` is `/`,
    so that `http://evil.example\@127.0.0.1/` is evil.example's.
    """
    return "\\" in uri or "@" in urlsplit(uri).netloc


def _is_loopback(uri: str) -> bool:
    if _hides_host(uri):
        return False
    host = urlsplit(uri).netloc
    return (host[: host.index("]") + 1] if "]" in host else host.partition(":")[0]) in LOOPBACK


def _is_registered(client: OauthClient, uri: str) -> bool:
    """Exactly; a program on this machine may choose its port each time (RFC 8252 section 7.3)."""
    if uri in client.redirect_uris:
        return True
    return _is_loopback(uri) and any(
        _is_loopback(known) and _portless(known) == _portless(uri)
        for known in client.redirect_uris
        if urlsplit(known).scheme == "http"
    )


def _portless(uri: str) -> tuple[str, str | None, str, str]:
    parts = urlsplit(uri)
    return parts.scheme, parts.hostname, parts.path, parts.query


async def require_client(env: Env, client_id: str, redirect_uri: str) -> OauthClient:
    """The client, when it may be returned to there; raises InvalidClient or InvalidRedirect."""
    client = await rows.find_client(env.store.reader, client_id)
    if client is None:
        raise InvalidClient("This program is not registered here; let it connect again.")
    if not _is_registered(client, redirect_uri):
        raise InvalidRedirect("The program asks to return to an address that it did not register.")
    return client


async def approve(
    env: Env,
    call: Call,
    *,
    client_id: str,
    redirect_uri: str,
    scope: str,
    challenge: str,
    state: str,
) -> str:
    """Let the client act for the caller; returns the address to send the browser to."""
    user = await require_proven_person(env, call)
    client = await require_client(env, client_id, redirect_uri)
    if scope not in SCOPES:
        raise InvalidScope(f"A scope is one of {', '.join(SCOPES)}.")
    if not _CHALLENGE.match(challenge):
        raise InvalidRequest("A code challenge by S256 is needed (RFC 7636).")
    if len(state) > MAX_STATE_CHARACTERS:
        raise InvalidRequest(f"state is over {MAX_STATE_CHARACTERS} characters.")
    plain = env.ids.token(32)
    code = OauthCode(
        user_id=user.id,
        client_id=client.id,
        redirect_uri=redirect_uri,
        scope=scope,
        challenge=challenge,
        grant_id="",
        expires_us=env.clock.now_us() + CODE_LIFE_S * 1_000_000,
    )

    async def write(tx: Tx) -> None:
        if len(await rows.select_grants(tx, user.id)) >= MAX_GRANTS:
            raise QuotaExceeded(f"At most {MAX_GRANTS} programs can act for you; end one first.")
        await rows.insert_code(tx, code, digest=env.secrets.digest(plain))
        await rows.update_client_used(tx, client.id, env.clock.now_us())

    await env.store.transact(write)
    return return_address(redirect_uri, {"code": plain, "state": state})


def return_address(redirect_uri: str, answer: dict[str, str]) -> str:
    """`redirect_uri` with the answer's fields; empty ones are left out."""
    fields = urlencode({name: value for name, value in answer.items() if value})
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{fields}"


async def exchange_code(
    env: Env, *, code: str, client_id: str, redirect_uri: str, verifier: str
) -> OauthTokens:
    """Tokens for a code; raises InvalidGrant. A code shown twice ends what it gave."""
    digest = env.secrets.digest(code)
    known = await rows.find_code(env.store.reader, digest)
    wrong = InvalidGrant("The code is not valid, was used, or is too old; let it connect again.")
    if known is None or known.client_id != client_id or known.redirect_uri != redirect_uri:
        raise wrong
    if known.grant_id:
        await _end(env, known.grant_id)
        raise wrong
    if known.expires_us <= env.clock.now_us() or not _proves(verifier, known.challenge):
        raise wrong
    client = await rows.find_client(env.store.reader, client_id)
    user = await user_rows.find_user(env.store.reader, known.user_id)
    if client is None or user is None or user.disabled:
        raise wrong
    grant_id = "grant_" + env.ids.hex(20)

    async def write(tx: Tx) -> OauthTokens:
        if not await rows.update_code_exchanged(tx, digest, grant_id):
            raise wrong
        token_id, access = await _add_access_token(tx, env, user, client.name, known.scope)
        refresh = _refresh_token(env)
        now_us = env.clock.now_us()
        grant = OauthGrant(
            id=grant_id,
            account=user.account,
            user_id=user.id,
            client_id=client.id,
            client_name=client.name,
            scope=known.scope,
            token_id=token_id,
            created_us=now_us,
            used_us=now_us,
        )
        await rows.insert_grant(tx, grant, refresh=env.secrets.digest(refresh))
        return OauthTokens(
            access_token=access, refresh_token=refresh, scope=known.scope, expires_s=ACCESS_LIFE_S
        )

    return await env.store.transact(write)


def _proves(verifier: str, challenge: str) -> bool:
    """PKCE by S256 (RFC 7636 section 4.6)."""
    if not _VERIFIER.match(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(made, challenge)


def _refresh_token(env: Env) -> str:
    return "rt-vol-" + env.ids.token(32)


async def _add_access_token(
    tx: Tx, env: Env, user: User, client_name: str, scope: str
) -> tuple[str, str]:
    token, plain = await add_token(
        tx,
        env,
        user,
        kind=TokenKind.API,
        name=client_name,
        scopes=SCOPES[scope],
        expires_us=env.clock.now_us() + ACCESS_LIFE_S * 1_000_000,
    )
    return token.id, plain


async def refresh(env: Env, *, refresh_token: str, client_id: str) -> OauthTokens:
    """The next pair of tokens; the one shown is void. Shown twice, it ends the grant."""
    shown = env.secrets.digest(refresh_token)
    wrong = InvalidGrant("The refresh token is not valid; let the program connect again.")
    grant = await rows.find_grant_by_refresh(env.store.reader, shown)
    if grant is None:
        copied = await rows.find_grant_by_previous(env.store.reader, shown)
        if copied is not None:
            await _end(env, copied.id)
        raise wrong
    user = await user_rows.find_user(env.store.reader, grant.user_id)
    if grant.client_id != client_id or user is None or user.disabled:
        raise wrong

    async def write(tx: Tx) -> OauthTokens:
        await key_rows.delete_token(tx, grant.token_id)
        token_id, access = await _add_access_token(tx, env, user, grant.client_name, grant.scope)
        plain = _refresh_token(env)
        taken = await rows.update_grant_tokens(
            tx,
            grant,
            shown=shown,
            refresh=env.secrets.digest(plain),
            token_id=token_id,
            used_us=env.clock.now_us(),
        )
        if not taken:
            raise wrong
        return OauthTokens(
            access_token=access, refresh_token=plain, scope=grant.scope, expires_s=ACCESS_LIFE_S
        )

    tokens = await env.store.transact(write)
    forget(env)
    return tokens


async def revoke(env: Env, *, token: str) -> None:
    """End the grant of an access or refresh token; an unknown one is over already (RFC 7009)."""
    digest = env.secrets.digest(token)
    grant = await rows.find_grant_by_refresh(env.store.reader, digest)
    if grant is None:
        known = await key_rows.find_token_by_digest(env.store.reader, digest)
        grant = await rows.find_grant_by_token(env.store.reader, known.id) if known else None
    if grant is not None:
        await _end(env, grant.id)


async def list_grants(env: Env, call: Call) -> list[OauthGrant]:
    """Of the caller."""
    return await rows.select_grants(env.store.reader, call.principal.id)


async def delete_grant(env: Env, call: Call, grant_id: str) -> None:
    """End one of the caller's grants at once; raises NotFound."""
    grant = await rows.find_grant(env.store.reader, grant_id)
    if grant is None or grant.user_id != call.principal.id:
        raise NotFound("There is no such grant of yours; it may have ended already.")
    await _end(env, grant_id)


async def _end(env: Env, grant_id: str) -> None:
    async def write(tx: Tx) -> None:
        grant = await rows.find_grant(tx, grant_id)
        if grant is not None:
            await key_rows.delete_token(tx, grant.token_id)
            await rows.delete_grant(tx, grant_id)

    await env.store.transact(write)
    forget(env)
