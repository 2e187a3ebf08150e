"""The own passkeys, authenticator app and recovery codes, and how an administrator resets them."""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.services.identity.api.session import NoFields, Origin, as_json
from volano.services.identity.logic import login, passkeys, proof, second_factor
from volano.services.identity.logic.users import get_user
from volano.services.identity.model.sign_in import Passkey
from volano.services.identity.store.sign_in import (
    count_recovery_codes,
    select_passkeys,
)
from volano.wire.action import SIGNED_IN, action
from volano.wire.results import Raw

USER = "arn:aws:iam::{account}:user/{user}"


class PasskeyView(msgspec.Struct, kw_only=True):
    """`site` is the host name where it works."""

    id: str
    name: str
    site: str
    backed_up: bool
    created_us: int
    used_us: int | None


class Security(msgspec.Struct, kw_only=True):
    """How the caller signs in. An MFA device of IAM makes `asks_code` true without an app."""

    passkeys: list[PasskeyView]
    has_authenticator: bool
    asks_code: bool
    recovery_codes_left: int


class NewPasskey(msgspec.Struct, kw_only=True):
    """What `navigator.credentials.create` gave, in base64url."""

    name: str
    challenge: str
    client_data: str
    attestation: str


class PasskeyName(msgspec.Struct):
    id: str
    name: str


class PasskeyId(msgspec.Struct):
    id: str


class Code(msgspec.Struct):
    code: str


class NewAuthenticator(msgspec.Struct):
    """`uri` is what a QR code shows; `secret` is the same to type."""

    uri: str
    secret: str


class RecoveryCodes(msgspec.Struct):
    """Shown this once; each signs in once."""

    codes: list[str]


class UserName(msgspec.Struct):
    user: str


def _view(passkey: Passkey) -> PasskeyView:
    return msgspec.convert(passkey, PasskeyView, from_attributes=True)


@action(
    "volano:getSecurity",
    method="GET",
    path="/volano/v1/security",
    permission=SIGNED_IN,
    resource="*",
)
async def get_security(env: Env, call: Call, request: NoFields) -> Security:
    """The own passkeys and second factor."""
    user = await proof.require_person(env, call)
    reader = env.store.reader
    return Security(
        passkeys=[_view(one) for one in await select_passkeys(reader, user.id)],
        has_authenticator=await second_factor.has_app(reader, user.id),
        asks_code=await second_factor.is_required(reader, user.id),
        recovery_codes_left=await count_recovery_codes(reader, user.id),
    )


@action(
    "volano:beginPasskey",
    method="POST",
    path="/volano/v1/security/passkeys/options",
    permission=SIGNED_IN,
    resource="*",
)
async def begin_passkey(env: Env, call: Call, request: Origin) -> Raw:
    """Options for `navigator.credentials.create`."""
    user = await proof.require_proven_person(env, call)
    return as_json(await passkeys.begin_registration(env, user, request.origin))


@action(
    "volano:createPasskey",
    method="POST",
    path="/volano/v1/security/passkeys",
    permission=SIGNED_IN,
    resource="*",
)
async def create_passkey(env: Env, call: Call, request: NewPasskey) -> PasskeyView:
    """Keep a passkey that the browser made."""
    user = await proof.require_proven_person(env, call)
    made = await passkeys.end_registration(
        env,
        user,
        challenge=request.challenge,
        client_data=request.client_data,
        attestation=request.attestation,
        name=request.name,
    )
    return _view(made)


@action(
    "volano:renamePasskey",
    method="PATCH",
    path="/volano/v1/security/passkeys/{id}",
    permission=SIGNED_IN,
    resource="*",
)
async def rename_passkey(env: Env, call: Call, request: PasskeyName) -> None:
    """Call a passkey something else."""
    user = await proof.require_person(env, call)
    await passkeys.rename_passkey(env, user, request.id, request.name)


@action(
    "volano:deletePasskey",
    method="DELETE",
    path="/volano/v1/security/passkeys/{id}",
    permission=SIGNED_IN,
    resource="*",
)
async def delete_passkey(env: Env, call: Call, request: PasskeyId) -> None:
    """Forget a passkey; it signs in no more."""
    user = await proof.require_proven_person(env, call)
    await passkeys.remove_passkey(env, user, request.id)


@action(
    "volano:beginAuthenticator",
    method="POST",
    path="/volano/v1/security/authenticator",
    permission=SIGNED_IN,
    resource="*",
)
async def begin_authenticator(env: Env, call: Call, request: NoFields) -> NewAuthenticator:
    """A secret for an authenticator app; it counts once a code of it was given."""
    user = await proof.require_proven_person(env, call)
    begun = await second_factor.begin_authenticator(env, user)
    return NewAuthenticator(uri=begun.uri, secret=begun.secret)


@action(
    "volano:confirmAuthenticator",
    method="POST",
    path="/volano/v1/security/authenticator/confirmation",
    permission=SIGNED_IN,
    resource="*",
)
async def confirm_authenticator(env: Env, call: Call, request: Code) -> RecoveryCodes:
    """Ask for codes of the app at every sign-in from now on."""
    user = await proof.require_proven_person(env, call)
    await proof.count_guess(env, call, user)
    return RecoveryCodes(await second_factor.confirm_authenticator(env, user, request.code))


@action(
    "volano:deleteAuthenticator",
    method="DELETE",
    path="/volano/v1/security/authenticator",
    permission=SIGNED_IN,
    resource="*",
)
async def delete_authenticator(env: Env, call: Call, request: NoFields) -> None:
    """Ask for no code any more; recovery codes end too."""
    user = await proof.require_proven_person(env, call)
    await second_factor.remove_authenticator(env, user)


@action(
    "volano:renewRecoveryCodes",
    method="POST",
    path="/volano/v1/security/recovery-codes",
    permission=SIGNED_IN,
    resource="*",
)
async def renew_recovery_codes(env: Env, call: Call, request: NoFields) -> RecoveryCodes:
    """Ten new recovery codes; older ones end."""
    user = await proof.require_proven_person(env, call)
    return RecoveryCodes(await second_factor.renew_recovery_codes(env, user))


@action(
    "volano:resetPersonSecurity",
    method="DELETE",
    path="/volano/v1/people/{user}/security",
    permission="iam:DeactivateMFADevice",
    resource=USER,
)
async def reset_person_security(env: Env, call: Call, request: UserName) -> None:
    """For a lost phone: remove a user's passkeys and authenticator app; their sessions end."""
    await proof.require_proof(env, call)
    user = await get_user(env.store.reader, call.account, request.user)
    await second_factor.reset(env, user)
    await login.end_sessions(env, user.id)


@action(
    "volano:endPersonSessions",
    method="DELETE",
    path="/volano/v1/people/{user}/sessions",
    permission="iam:UpdateLoginProfile",
    resource=USER,
)
async def end_person_sessions(env: Env, call: Call, request: UserName) -> None:
    """Sign a user out everywhere."""
    user = await get_user(env.store.reader, call.account, request.user)
    await login.end_sessions(env, user.id)
