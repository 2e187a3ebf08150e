"""Looking credentials up: access keys, temporary keys, bearer tokens, console sessions.

Rows are cached for a few seconds (`recent.py`). Unknown, inactive, disabled and deleted are all
the same answer: nobody. What was used is noted here and written down by `uses.py`.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from volano.kernel.identity import AccessKey, Principal, PrincipalKind
from volano.kernel.ids import PrincipalId
from volano.services.identity.logic.recent import Recent, watch_identity
from volano.services.identity.model.credentials import (
    SESSION_TAG,
    TOKEN_TAG,
    Session,
    TemporaryKey,
    Token,
)
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import roles as role_rows
from volano.services.identity.store import sessions as session_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call
    from volano.kernel.clock import Clock
    from volano.kernel.secrets import SecretBox
    from volano.kernel.store import Store
    from volano.services.identity.model.principals import User

MAX_CACHED = 20_000
MAX_NOTED_USES = 20_000
MAX_TOKEN_CHARACTERS = 512
MAX_SESSION_TOKEN_CHARACTERS = 4096
TOKEN_PREFIXES = ("sk-", "xoxb-", "xoxp-", "xapp-", "xoxe.", "xwfp-")
MFA = "aws:MultiFactorAuthPresent"
ACCESS_KEY_ID = "volano:access-key-id"
"""Call context: the key that signed, so that its last use can be told by service."""


@dataclass(frozen=True, slots=True)
class _Key:
    key: AccessKey
    token_digest: bytes | None


@dataclass(frozen=True, slots=True)
class _Bearer:
    token: Token
    principal: Principal


@dataclass(frozen=True, slots=True)
class _SignedIn:
    session: Session
    principal: Principal


@dataclass(slots=True)
class Uses:
    """When credentials were last used, not yet written down."""

    keys: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    services: dict[tuple[str, str], tuple[int, str, str]] = field(default_factory=dict)


class Credentials:
    """The look-ups of one process."""

    def __init__(
        self, *, store: Store, secrets: SecretBox, clock: Clock, any_token: bool = False
    ) -> None:
        """`any_token` takes bearer tokens of any form, as public suites seed them."""
        self._any_token = any_token
        self._store = store
        self._secrets = secrets
        self._clock = clock
        watch = watch_identity(store)
        self._keys: Recent[str, _Key] = Recent(clock, limit=MAX_CACHED, watch=watch)
        self._bearers: Recent[bytes, _Bearer] = Recent(clock, limit=MAX_CACHED, watch=watch)
        watch = watch_identity(store, sessions=True)
        self._sessions: Recent[bytes, _SignedIn] = Recent(clock, limit=MAX_CACHED, watch=watch)
        self._uses = Uses()

    def forget(self) -> None:
        for cache in (self._keys, self._bearers, self._sessions):
            cache.forget()

    def take_uses(self) -> Uses:
        """What was used since the last time; the caller writes it down."""
        taken, self._uses = self._uses, Uses()
        return taken

    async def find_access_key(
        self, access_key_id: str, session_token: str | None
    ) -> AccessKey | None:
        found = await self._keys.get(access_key_id, lambda: self._load_key(access_key_id))
        if found is None:
            return None
        if found.token_digest is None:
            if session_token is not None:
                return None
            if len(self._uses.keys) < MAX_NOTED_USES:
                known = self._uses.keys.get(access_key_id, (0, "", ""))
                self._uses.keys[access_key_id] = (self._clock.now_us(), *known[1:])
            return found.key
        if session_token is None or len(session_token) > MAX_SESSION_TOKEN_CHARACTERS:
            return None
        if not hmac.compare_digest(self._secrets.digest(session_token), found.token_digest):
            return None
        return found.key

    async def _load_key(self, key_id: str) -> _Key | None:
        if key_id.startswith("ASIA"):
            return await self._load_temporary_key(key_id)
        row = await key_rows.find_access_key(self._store.reader, key_id)
        if row is None or not row.active:
            return None
        user = await user_rows.find_user(self._store.reader, row.user_id)
        if user is None or user.disabled:
            return None
        secret = self._secrets.open(row.secret, context=row.id).decode()
        key = AccessKey(access_key_id=row.id, secret_access_key=secret, principal=user.principal())
        return _Key(key, None)

    async def _load_temporary_key(self, key_id: str) -> _Key | None:
        row = await key_rows.find_temporary_key(self._store.reader, key_id)
        if row is None:
            return None
        if row.principal_id.startswith("AROA"):
            role = await role_rows.find_role(self._store.reader, row.principal_id)
            if role is None:
                return None
            principal = role.principal(
                row.session_name,
                session_policy=row.policy,
                expires_us=row.expires_us,
                tags=row.tags,
                facts=row.facts,
            )
        else:
            user = await user_rows.find_user(self._store.reader, row.principal_id)
            if user is None or user.disabled:
                return None
            principal = _of_session(user, row)
        key = AccessKey(
            access_key_id=row.id,
            secret_access_key=self._secrets.open(row.secret, context=row.id).decode(),
            principal=principal,
            expires_us=row.expires_us,
        )
        return _Key(key, row.token_digest)

    async def find_token(self, token: str) -> Principal | None:
        known_form = self._any_token or token.startswith(TOKEN_PREFIXES)
        if not known_form or len(token) > MAX_TOKEN_CHARACTERS:
            return None
        digest = self._secrets.digest(token)
        found = await self._bearers.get(digest, lambda: self._load_bearer(digest))
        now_us = self._clock.now_us()
        if found is None or (found.token.expires_us or now_us + 1) <= now_us:
            return None
        if len(self._uses.tokens) < MAX_NOTED_USES:
            self._uses.tokens[found.token.id] = now_us
        return found.principal

    async def _load_bearer(self, digest: bytes) -> _Bearer | None:
        token = await key_rows.find_token_by_digest(self._store.reader, digest)
        if token is None:
            return None
        user = await user_rows.find_user(self._store.reader, token.user_id)
        if user is None or user.disabled:
            return None
        principal = user.principal(scopes=token.scopes)
        tags = {**principal.tags, TOKEN_TAG: token.id}
        return _Bearer(token, replace(principal, tags=tags))

    async def find_signed_in(self, cookie: str) -> tuple[Session, Principal] | None:
        """The session of a cookie and whose it is, while it is neither over nor idle."""
        if len(cookie) > MAX_TOKEN_CHARACTERS:
            return None
        digest = self._secrets.digest(cookie)
        found = await self._sessions.get(digest, lambda: self._load_session(digest))
        now_us = self._clock.now_us()
        if found is None or found.session.is_over(now_us):
            return None
        if len(self._uses.sessions) < MAX_NOTED_USES:
            self._uses.sessions[found.session.id] = now_us
        return found.session, found.principal

    def csrf_of(self, session_id: str) -> str:
        """The CSRF token that belongs to a session."""
        return self._secrets.digest("csrf:" + session_id).hex()[:40]

    async def _load_session(self, digest: bytes) -> _SignedIn | None:
        session = await session_rows.find_session(self._store.reader, digest)
        if session is None:
            return None
        user = await user_rows.find_user(self._store.reader, session.user_id)
        if user is None or user.disabled:
            return None
        principal = user.principal()
        tags = {**principal.tags, SESSION_TAG: session.id}
        facts = {**principal.facts, MFA: "true" if session.is_strong else "false"}
        return _SignedIn(session, replace(principal, tags=tags, facts=facts))

    def note_service(self, call: Call, permission: str) -> None:
        """Remember which service the caller used, and for which the key that signed was used."""
        who = call.principal
        if len(self._uses.services) < MAX_NOTED_USES:
            holder = who.holder or who.id.partition(":")[0]
            service = permission.partition(":")[0]
            self._uses.services[holder, service] = (
                self._clock.now_us(),
                who.account,
                call.region,
            )
        key_id = call.context.get(ACCESS_KEY_ID)
        if key_id in self._uses.keys:
            used_us = self._uses.keys[key_id][0]
            self._uses.keys[key_id] = (used_us, permission.partition(":")[0], call.region)


def _of_session(user: User, row: TemporaryKey) -> Principal:
    """The user by credentials of GetSessionToken, or somebody for whom GetFederationToken was
    called: a principal of their own, with the user's policies at most."""
    made = user.principal(session_policy=row.policy, session_expires_us=row.expires_us)
    if not row.session_name:
        return replace(made, facts=row.facts)
    name = row.session_name
    return replace(
        made,
        kind=PrincipalKind.USER if user.kind is not PrincipalKind.ROOT else PrincipalKind.ROOT,
        id=PrincipalId(f"{user.account}:{name}"),
        name=name,
        arn=f"arn:aws:sts::{user.account}:federated-user/{name}",
        tags=row.tags,
        facts=row.facts,
        holder=user.id,
        holder_arn=made.arn,
    )
