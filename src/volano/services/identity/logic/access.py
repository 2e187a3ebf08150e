"""StoredAuthority: who holds a credential, and may they do this? (kernel port `Authority`)

Every door asks here before any handler runs. Rows are cached for a few seconds (`recent.py`) and
forgotten at once when this process changes identity; policies are compiled once (`policy/`), and
credentials are looked up in `credentials.py`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from volano.kernel.errors import Denied
from volano.kernel.identity import AccessKey, Principal, PrincipalKind
from volano.services.identity.logic.credentials import MAX_CACHED, Credentials
from volano.services.identity.logic.messages import encode_message
from volano.services.identity.logic.policy import (
    CallFacts,
    Policies,
    PolicyKind,
    PolicySet,
    Question,
    Verdict,
    decide,
)
from volano.services.identity.logic.policy.decide import account_of
from volano.services.identity.logic.policy.patterns import compile_glob
from volano.services.identity.logic.policy.principals import Named
from volano.services.identity.logic.policy.spans import is_allowed_under
from volano.services.identity.logic.recent import Recent, watch_identity
from volano.services.identity.logic.sources import NO_ORG, OrgFacts, PolicySources, policies_of
from volano.services.identity.store import accounts as account_rows
from volano.services.identity.store import groups as group_rows
from volano.services.identity.store import roles as role_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.clock import Clock
    from volano.kernel.log import Log
    from volano.kernel.secrets import SecretBox
    from volano.kernel.store import Store

OPERATOR = "operator:"
"""Permissions about the cloud itself (zone drills, prices, models of all): only principals of the
first account can have them, whatever another account's policies say."""
RESOURCE_POLICY = "volano:resource-policy"
"""Context key: the resource's own policy, as JSON text (bucket policies)."""
RESOURCE_ACCOUNT = "volano:resource-account"
"""Context key: the account that owns the resource, for ARNs that do not say it (S3)."""
RESOURCE_DECIDES = "volano:resource-decides"
"""Context key: there when no policy but the resource's own opens it, as for keys (KMS)."""
RESOURCE_GRANT = "volano:resource-grant"
"""Context key: what the resource's access list opens to the asker's account (S3 ACLs): permissions
with a space between them."""
RESOURCE_GRANT_ANYONE = "volano:resource-grant-anyone"
"""Context key: what that list opens to everyone."""
RESOURCE_ONLY_DENIES = "volano:resource-only-denies"
"""Context key: there when the resource's policy can refuse but not allow (S3 objects that do not
belong to the bucket's owner)."""


class StoredAuthority:
    """The Authority over the identity tables."""

    def __init__(
        self,
        *,
        store: Store,
        secrets: SecretBox,
        clock: Clock,
        log: Log,
        any_token: bool = False,
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self.credentials = Credentials(
            store=store, secrets=secrets, clock=clock, any_token=any_token
        )
        self.sources = PolicySources(store, log)
        watch = watch_identity(store)
        self._policies: Recent[str, Policies] = Recent(clock, limit=MAX_CACHED, watch=watch)
        self._orgs: Recent[str, OrgFacts] = Recent(clock, limit=MAX_CACHED, watch=watch)
        self._paths: Recent[tuple[str, str, str], str] = Recent(
            clock, limit=MAX_CACHED, watch=watch
        )
        self._home: Recent[str, str] = Recent(clock, limit=1, watch=watch)

    def forget(self) -> None:
        """Drop everything cached: identity was changed."""
        self.credentials.forget()
        for cache in (self._policies, self._orgs, self._paths, self._home):
            cache.forget()

    async def find_access_key(
        self, access_key_id: str, session_token: str | None
    ) -> AccessKey | None:
        return await self.credentials.find_access_key(access_key_id, session_token)

    async def find_token(self, token: str) -> Principal | None:
        return await self.credentials.find_token(token)

    async def find_session(self, cookie: str, csrf: str | None, *, safe: bool) -> Principal | None:
        found = await self.credentials.find_signed_in(cookie)
        if found is None:
            return None
        session, principal = found
        sent = (csrf or "").encode()
        if not safe and not hmac.compare_digest(
            self.credentials.csrf_of(session.id).encode(), sent
        ):
            return None
        return principal

    async def authorize(
        self, call: Call, permission: str, resource: str, context: Mapping[str, str]
    ) -> None:
        who = call.principal
        if who.kind is PrincipalKind.SYSTEM:
            return
        self.credentials.note_service(call, permission)
        if not _scopes_allow(call, permission):
            raise Denied(
                f"This token's restrictions do not include {permission}.",
                facts={"scopes": sorted(who.scopes or ())},
            )
        if permission.startswith(OPERATOR):
            await self._require_operator(call, permission)
        if permission.startswith(("iam:", "sts:")):
            _require_session_may(call, permission)
        if resource.startswith("arn:aws:iam::"):
            resource = await self._with_path(resource)
        verdict = await self.verdict(call, permission, resource, context)
        if not verdict.allowed:
            encoded = ""
            if permission.startswith("ec2:") and who.kind is not PrincipalKind.ANONYMOUS:
                encoded = encode_message(
                    self._secrets, call, permission, resource, verdict, context
                )
            raise _denied(call, permission, resource, verdict, encoded)

    async def verdict(
        self,
        call: Call,
        permission: str,
        resource: str,
        context: Mapping[str, str],
        *,
        resource_must_allow: bool = False,
    ) -> Verdict:
        """The decision itself, for `authorize` and simulation.

        `resource_must_allow` is for roles: the resource's policy is then a trust policy.
        """
        who = call.principal
        owner = context.get(RESOURCE_ACCOUNT) or account_of(resource)
        mine = NO_ORG if who.kind in _NO_PERSON else await self.org_of(who.account)
        theirs = mine if owner in ("", who.account) else await self.org_of(owner)
        if mine.id or theirs.id:
            context = {**context, **mine.keys("aws:Principal"), **theirs.keys("aws:Resource")}
        question = Question(
            who=who,
            permission=permission,
            resource=resource,
            same_account=owner in ("", who.account),
            facts=CallFacts(
                call, context, now_us=self._clock.now_us(), resource_account=owner or who.account
            ),
            resource_must_allow=resource_must_allow or RESOURCE_DECIDES in context,
            resource_only_denies=RESOURCE_ONLY_DENIES in context,
            listed=_listed(who, permission, context),
        )
        held = await self._policies_of(who)
        text = context.get(RESOURCE_POLICY)
        kind = PolicyKind.TRUST if resource_must_allow else PolicyKind.RESOURCE
        policies = Policies(
            identity=held.identity,
            boundary=held.boundary,
            session=None
            if who.session_policy is None
            else self.sources.compiled(who.session_policy, PolicyKind.IDENTITY),
            resource=self.sources.compiled(text, kind) if text else None,
            service_control=mine.policies.service_control,
            resource_control=() if _is_service(who) else theirs.policies.resource_control,
        )
        return decide(question, policies)

    async def always_allows(self, who: Principal, permission: str, prefix: str) -> bool:
        """Whether `verdict` allows every resource of `who`'s account that begins with `prefix` and
        has no policy of its own, whatever a request carries; False where that cannot be told."""
        if who.kind in _NO_PERSON or who.scopes is not None or permission.startswith(OPERATOR):
            return False
        mine = await self.org_of(who.account)
        held = await self._policies_of(who)
        session = who.session_policy
        policies = Policies(
            identity=held.identity,
            boundary=held.boundary,
            session=None if session is None else self._session(session),
            service_control=mine.policies.service_control,
            resource_control=mine.policies.resource_control,
        )
        is_root = who.kind is PrincipalKind.ROOT
        return is_allowed_under(policies, permission, prefix, is_root=is_root)

    async def may_anywhere(self, who: Principal, permission: str) -> bool:
        """Whether some policy lets `who` do it to something; what limits that is not looked at."""
        if who.kind in _NO_PERSON:
            return False
        if who.kind is PrincipalKind.ROOT:
            return True
        held = await self._policies_of(who)
        found = held.identity.for_action(permission) if held.identity else ()
        return any(not statement.deny for statement in found)

    async def mentions(self, who: Principal, prefix: str) -> bool:
        """Whether a policy that limits or lets `who` has a condition on a key that begins so."""
        if who.kind in _NO_PERSON:
            return False
        mine = await self.org_of(who.account)
        held = await self._policies_of(who)
        session = None if who.session_policy is None else self._session(who.session_policy)
        sets = (held.identity, held.boundary, session, *mine.policies.service_control)
        return any(key.startswith(prefix) for one in sets if one is not None for key in one.keys)

    def _session(self, document: str) -> PolicySet:
        return self.sources.compiled(document, PolicyKind.IDENTITY)

    async def _policies_of(self, who: Principal) -> Policies:
        if who.kind in _NO_PERSON or who.kind is PrincipalKind.ROOT:
            return _NOTHING
        holder = who.holder or who.id.partition(":")[0]
        return await self._policies.get(holder, lambda: self._load_policies(holder)) or _NOTHING

    async def _load_policies(self, holder: str) -> Policies:
        return policies_of(await self.sources.of_holder(holder))

    async def org_of(self, account: str) -> OrgFacts:
        """The organization of an account, and what limits the account there."""
        if not account:
            return NO_ORG
        load = partial(self.sources.of_organization, account)
        return await self._orgs.get(account, load) or NO_ORG

    async def _with_path(self, resource: str) -> str:
        """The resource's ARN with its path: requests name users, groups and roles without it."""
        account, _, rest = resource[len("arn:aws:iam::") :].partition(":")
        kind, _, name = rest.partition("/")
        if kind not in ("user", "group", "role", "instance-profile") or "/" in name:
            return resource
        key = (account, kind, name)
        return await self._paths.get(key, lambda: self._load_arn(*key)) or resource

    async def _load_arn(self, account: str, kind: str, name: str) -> str | None:
        reader = self._store.reader
        if kind == "user":
            user = await user_rows.find_user_by_name(reader, account, name)
            return user.arn if user else None
        if kind == "group":
            group = await group_rows.find_group_by_name(reader, account, name)
            return group.arn if group else None
        if kind == "role":
            role = await role_rows.find_role_by_name(reader, account, name)
            return role.arn if role else None
        profile = await role_rows.find_instance_profile(reader, account, name)
        return profile.arn if profile else None

    async def _require_operator(self, call: Call, permission: str) -> None:
        if call.account != await self._home.get("", self._load_home):
            raise Denied(
                f"{permission} is for the account that runs this cloud; ask your operator.",
                facts={"account": call.account},
            )

    async def _load_home(self) -> str | None:
        first = await account_rows.select_accounts(self._store.reader, limit=1)
        return first[0].id if first else None


_NOTHING = Policies()
_NO_PERSON = (PrincipalKind.ANONYMOUS, PrincipalKind.SYSTEM)
"""Askers whom no service control policy limits."""


def _is_service(who: Principal) -> bool:
    """Whether a service asks, which no resource control policy limits; people of a federated
    provider come with the provider's ARN."""
    return who.kind is PrincipalKind.SYSTEM and not who.name.startswith("arn:")


def _listed(who: Principal, permission: str, context: Mapping[str, str]) -> Named:
    """How the resource's access list opens the permission to the asker, if it does."""
    if permission in context.get(RESOURCE_GRANT_ANYONE, "").split():
        return Named.ANYONE
    if permission in context.get(RESOURCE_GRANT, "").split():
        return Named.EXACT if who.kind is PrincipalKind.ROOT else Named.ACCOUNT
    return Named.NOT


def _scopes_allow(call: Call, permission: str) -> bool:
    """Whether the token's restrictions let this through.

    Slack's scopes are checked by the Slack gateway, method by method; at any other door the scopes
    are permission patterns, so a Slack token with scopes opens nothing else.
    """
    scopes = call.principal.scopes
    if scopes is None or call.door == "slack":
        return True
    lower = permission.lower()
    return any(compile_glob(scope.lower())(lower) for scope in scopes)


def _require_session_may(call: Call, permission: str) -> None:
    """Refuse what sessions of users may not do (IAM user guide, "Comparing STS API operations"):
    IAM without a second factor, and STS but for who they are."""
    who = call.principal
    if who.session_expires_us is None or who.kind is PrincipalKind.ROLE_SESSION:
        return
    federated = ":federated-user/" in who.arn
    shown = who.facts.get("aws:MultiFactorAuthPresent") == "true" and not federated
    if permission.startswith("iam:") and call.door == "aws" and not shown:
        raise Denied(
            f"User: {who.arn} is not authorized to perform: {permission} with session credentials "
            "that were opened without MFA"
        )
    if permission.startswith("sts:") and permission not in _STS_OF_SESSIONS:
        raise Denied(f"Cannot call {permission.partition(':')[2]} with session credentials")


_STS_OF_SESSIONS = ("sts:GetAccessKeyInfo", "sts:DecodeAuthorizationMessage")


def _denied(
    call: Call, permission: str, resource: str, verdict: Verdict, encoded: str = ""
) -> Denied:
    who = call.principal
    if who.kind is PrincipalKind.ANONYMOUS:
        return Denied("Access Denied")
    shown = f'"{resource}"' if permission.startswith("s3:") else resource
    told = (
        f"User: {who.arn} is not authorized to perform: {permission} on resource: {shown} "
        f"{verdict.reason}"
    )
    if encoded:
        told = (
            f"You are not authorized to perform this operation. {told}. "
            f"Encoded authorization failure message: {encoded}"
        )
    return Denied(told, facts={"permission": permission, "resource": resource})


def forget(env: Env) -> None:
    """Tell this process's authority that identity was changed; called after the commit."""
    authority = env.authority
    if isinstance(authority, StoredAuthority):
        authority.forget()


def note_use(env: Env, call: Call, permission: str) -> None:
    """Remember what `authorize` remembers, for who decides by `always_allows`."""
    stored_authority(env).credentials.note_service(call, permission)


async def always_allows(env: Env, who: Principal, permission: str, prefix: str) -> bool:
    """As `StoredAuthority.always_allows`; what it says holds until a row of identity changes."""
    authority = env.authority
    if not isinstance(authority, StoredAuthority):
        return False
    return await authority.always_allows(who, permission, prefix)


async def is_operator(env: Env, account: str) -> bool:
    """Whether the account runs this cloud."""
    first = await account_rows.select_accounts(env.store.reader, limit=1)
    return bool(first) and first[0].id == account


def stored_authority(env: Env) -> StoredAuthority:
    """The authority that app/ opened."""
    authority = env.authority
    assert isinstance(authority, StoredAuthority)
    return authority


async def mentions_key(env: Env, who: Principal, prefix: str) -> bool:
    """As `StoredAuthority.mentions`: whether facts of that key must be read for `who`."""
    authority = env.authority
    return isinstance(authority, StoredAuthority) and await authority.mentions(who, prefix)
