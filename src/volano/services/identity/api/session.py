"""Signing in to the console, and out."""

from __future__ import annotations

from typing import Any

import msgspec

from volano.kernel.call import Call, Env
from volano.kernel.errors import Invalid, NotFound
from volano.services.identity.logic import login, passkeys, passwords, proof
from volano.services.identity.logic.access import is_operator, stored_authority
from volano.services.identity.logic.accounts import get_account
from volano.services.identity.logic.challenges import count_beginning
from volano.services.identity.model.credentials import SESSION_LIFE_S, SESSION_TAG
from volano.services.identity.store.users import find_login, find_user
from volano.wire.action import PUBLIC, SIGNED_IN, action
from volano.wire.credential import session_cookie
from volano.wire.results import Raw, WithHeaders

MAX_PERMISSIONS_ASKED = 50


class NoFields(msgspec.Struct):
    """The request of an action that takes nothing."""


class SignIn(msgspec.Struct):
    """`account` is an id or alias; empty means the first account of this cloud."""

    user: str
    password: str
    account: str = ""


class SignInByLink(msgspec.Struct):
    token: str


class ChangePassword(msgspec.Struct):
    """`old` is not needed for a first password, in a session opened by a one-time link."""

    new: str
    old: str = ""


class SignInByCode(msgspec.Struct):
    """`code` is six digits of the authenticator app, or a recovery code."""

    challenge: str
    code: str


class CodeNeeded(msgspec.Struct):
    """Answered with 202 where the second factor is still to come."""

    challenge: str


class PasskeyAnswer(msgspec.Struct, kw_only=True):
    """What `navigator.credentials.get` gave, in base64url."""

    id: str
    challenge: str
    client_data: str
    authenticator_data: str
    signature: str


class Proof(msgspec.Struct, kw_only=True):
    """One of the three."""

    password: str = ""
    code: str = ""
    passkey: PasskeyAnswer | None = None


class Origin(msgspec.Struct):
    """`origin` is the page that asks (`location.origin`)."""

    origin: str


class SessionView(msgspec.Struct, kw_only=True):
    """Who is signed in. `csrf` goes into the header `X-Volano-CSRF` of every change.

    `aws_url` is where AWS clients go.
    """

    account: str
    account_alias: str | None
    account_name: str
    region: str
    principal_id: str
    kind: str
    name: str
    display_name: str
    email: str
    arn: str
    csrf: str
    has_password: bool
    must_change_password: bool
    is_operator: bool
    aws_url: str


class Permissions(msgspec.Struct):
    """Names such as `s3:GetObject`."""

    permissions: list[str]


class OpenSession(msgspec.Struct):
    id: str
    created_us: int
    seen_us: int
    expires_us: int
    source_ip: str
    user_agent: str
    method: str
    is_current: bool


class SessionList(msgspec.Struct):
    items: list[OpenSession]
    next_cursor: str | None = None


class SessionId(msgspec.Struct):
    id: str


@action(
    "volano:signIn",
    method="POST",
    path="/volano/v1/session",
    permission=PUBLIC,
    resource="*",
)
async def sign_in(env: Env, call: Call, request: SignIn) -> WithHeaders:
    """Open a session by password; the answer sets its cookie."""
    entered = await login.sign_in(
        env, call, account=request.account, user_name=request.user, password=request.password
    )
    return await opened(env, call, entered)


@action(
    "volano:signInByLink",
    method="POST",
    path="/volano/v1/session/link",
    permission=PUBLIC,
    resource="*",
)
async def sign_in_by_link(env: Env, call: Call, request: SignInByLink) -> WithHeaders:
    """Open a session by one-time link; the link is used up."""
    return await opened(env, call, await login.sign_in_by_link(env, call, request.token))


@action(
    "volano:signInByCode",
    method="POST",
    path="/volano/v1/session/code",
    permission=PUBLIC,
    resource="*",
)
async def sign_in_by_code(env: Env, call: Call, request: SignInByCode) -> WithHeaders:
    """Open a session whose first factor was right, by a code of the second."""
    entered = await login.sign_in_by_code(env, call, request.challenge, request.code)
    return await opened(env, call, entered)


@action(
    "volano:beginPasskeySignIn",
    method="POST",
    path="/volano/v1/session/passkey/options",
    permission=PUBLIC,
    resource="*",
)
async def begin_passkey_sign_in(env: Env, call: Call, request: Origin) -> Raw:
    """Options for `navigator.credentials.get`."""
    await count_beginning(env, call.source_ip)
    return as_json(await passkeys.begin_assertion(env, request.origin))


@action(
    "volano:signInByPasskey",
    method="POST",
    path="/volano/v1/session/passkey",
    permission=PUBLIC,
    resource="*",
)
async def sign_in_by_passkey(env: Env, call: Call, request: PasskeyAnswer) -> WithHeaders:
    """Open a session by passkey; no name, password or code is needed."""
    return await opened(env, call, await login.sign_in_by_passkey(env, call, assertion_of(request)))


@action(
    "volano:proveSession",
    method="POST",
    path="/volano/v1/session/proof",
    permission=SIGNED_IN,
    resource="*",
)
async def prove_session(env: Env, call: Call, request: Proof) -> WithHeaders:
    """Confirm who one is, before making keys, passkeys or codes; it counts for half an hour."""
    answer = assertion_of(request.passkey) if request.passkey else None
    cookie = await proof.prove(
        env, call, password=request.password, code=request.code, passkey=answer
    )
    renewed = _cookie(call, cookie, max_age_s=SESSION_LIFE_S)
    return WithHeaders(None, headers=[("set-cookie", renewed)])


def assertion_of(answer: PasskeyAnswer) -> passkeys.Assertion:
    return passkeys.Assertion(
        id=answer.id,
        challenge=answer.challenge,
        client_data=answer.client_data,
        authenticator_data=answer.authenticator_data,
        signature=answer.signature,
    )


def as_json(options: dict[str, Any]) -> Raw:
    """Options in the words of WebAuthn, which no struct of ours has."""
    return Raw("application/json", msgspec.json.encode(options))


async def opened(env: Env, call: Call, entered: login.Entered) -> WithHeaders:
    """The answer to whoever came in, with the session's cookie; or the question for a code."""
    if isinstance(entered, login.CodeNeeded):
        return WithHeaders(CodeNeeded(entered.challenge), status=202)
    view = await _view(env, entered.user.id, csrf=entered.csrf)
    cookie = _cookie(call, entered.cookie, max_age_s=SESSION_LIFE_S)
    return WithHeaders(view, headers=[("set-cookie", cookie)])


def _cookie(call: Call, value: str, *, max_age_s: int) -> str:
    secure = call.context.get("aws:SecureTransport") == "true"  # here, or at a trusted proxy
    name = session_cookie(secure=secure)
    flags = "HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")
    return f"{name}={value}; Path=/; Max-Age={max_age_s}; {flags}"


@action(
    "volano:getSession",
    method="GET",
    path="/volano/v1/session",
    permission=SIGNED_IN,
    resource="*",
)
async def get_session(env: Env, call: Call, request: NoFields) -> SessionView:
    """Who am I?"""
    session_id = call.principal.tags.get(SESSION_TAG)
    csrf = stored_authority(env).credentials.csrf_of(session_id) if session_id else ""
    return await _view(env, call.principal.id, csrf=csrf)


async def _view(env: Env, user_id: str, *, csrf: str) -> SessionView:
    reader = env.store.reader
    user = await find_user(reader, user_id)
    if user is None:
        raise NotFound("These credentials stand for no user.")
    account = await get_account(reader, user.account)
    found = await find_login(reader, user.id)
    return SessionView(
        account=account.id,
        account_alias=account.alias,
        account_name=account.name,
        region=env.region.name,
        principal_id=user.id,
        kind=user.kind.value,
        name=user.name,
        display_name=user.display_name or user.name,
        email=user.email,
        arn=user.arn,
        csrf=csrf,
        has_password=found is not None,
        must_change_password=found is not None and found.must_change,
        is_operator=await is_operator(env, user.account),
        aws_url=env.config.aws_url,
    )


@action(
    "volano:listUsable",
    method="POST",
    path="/volano/v1/session/usable",
    permission=SIGNED_IN,
    resource="*",
    read_only=True,
)
async def list_usable(env: Env, call: Call, request: Permissions) -> Permissions:
    """Those of the named permissions that a policy of the caller gives for anything at all.

    A page shows by it what there is to go to; each call is decided on its own.
    """
    if len(request.permissions) > MAX_PERMISSIONS_ASKED:
        raise Invalid(f"Ask for at most {MAX_PERMISSIONS_ASKED} permissions at once.")
    authority = stored_authority(env)
    found = [
        name for name in request.permissions if await authority.may_anywhere(call.principal, name)
    ]
    return Permissions(found)


@action(
    "volano:signOut",
    method="DELETE",
    path="/volano/v1/session",
    permission=SIGNED_IN,
    resource="*",
)
async def sign_out(env: Env, call: Call, request: NoFields) -> WithHeaders:
    """End this session."""
    await login.sign_out(env, call)
    return WithHeaders({}, headers=[("set-cookie", _cookie(call, "", max_age_s=0))])


@action(
    "volano:changePassword",
    method="POST",
    path="/volano/v1/session/password",
    permission=SIGNED_IN,
    resource="*",
)
async def change_password(env: Env, call: Call, request: ChangePassword) -> None:
    """Change the own password; other sessions end."""
    await passwords.change_own_password(env, call, request.old, request.new)


@action(
    "volano:listSessions",
    method="GET",
    path="/volano/v1/sessions",
    permission=SIGNED_IN,
    resource="*",
)
async def list_sessions(env: Env, call: Call, request: NoFields) -> SessionList:
    """The own open sessions."""
    current = call.principal.tags.get(SESSION_TAG)
    found = await login.list_sessions(env, call.principal.id)
    return SessionList(
        [
            OpenSession(
                id=session.id,
                created_us=session.created_us,
                seen_us=session.seen_us,
                expires_us=session.expires_us,
                source_ip=session.source_ip,
                user_agent=session.user_agent,
                method=session.method,
                is_current=session.id == current,
            )
            for session in found
        ]
    )


@action(
    "volano:endSession",
    method="DELETE",
    path="/volano/v1/sessions/{id}",
    permission=SIGNED_IN,
    resource="*",
)
async def end_session(env: Env, call: Call, request: SessionId) -> None:
    """End one of the own sessions."""
    await proof.require_proof(env, call)
    if not await login.end_session(env, call.principal.id, request.id):
        raise NotFound(f"There is no session {request.id[:80]}.")


@action(
    "volano:endOtherSessions",
    method="DELETE",
    path="/volano/v1/sessions",
    permission=SIGNED_IN,
    resource="*",
)
async def end_other_sessions(env: Env, call: Call, request: NoFields) -> None:
    """Sign out everywhere but here."""
    await proof.require_proven_person(env, call)
    current = call.principal.tags.get(SESSION_TAG, "")
    await login.end_sessions(env, call.principal.id, keep=current)
