"""The door of identity for the services above it and for app/ and console/.

Functions that take `tx` do their part in the caller's transaction. A caller that changes policies,
keys or users through one calls `forget_caches(env)` after its commit (creating needs no call).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.services.identity.logic.access import (
    RESOURCE_ACCOUNT,
    RESOURCE_DECIDES,
    RESOURCE_GRANT,
    RESOURCE_GRANT_ANYONE,
    RESOURCE_ONLY_DENIES,
    RESOURCE_POLICY,
    StoredAuthority,
    always_allows,
    mentions_key,
    note_use,
)
from volano.services.identity.logic.access import forget as forget_caches
from volano.services.identity.logic.accounts import list_accounts
from volano.services.identity.logic.audit import insert_audit, list_audit
from volano.services.identity.logic.bootstrap import FirstAccount, bootstrap
from volano.services.identity.logic.credentials import ACCESS_KEY_ID
from volano.services.identity.logic.instance_profiles import get_instance_profile
from volano.services.identity.logic.login import (
    create_login_link,
    end_session,
    end_sessions,
    list_sessions,
)
from volano.services.identity.logic.people import (
    add_person,
    create_person,
    create_service_account,
    create_slack_token,
    delete_expired_tokens,
    delete_slack_token,
    delete_slack_tokens,
    exchange_policy,
    expire_slack_token,
    find_account_by_email,
    find_principal,
    find_slack_token,
    get_person,
    list_principals,
)
from volano.services.identity.logic.policy import PolicyKind, is_placeholder, require_policy
from volano.services.identity.logic.proof import require_proof
from volano.services.identity.logic.quotas import declare_quota, quota_value, require_quota
from volano.services.identity.logic.resource_policies import declare_resource_policy
from volano.services.identity.logic.roles import get_role
from volano.services.identity.logic.seed import SeedKmsKey, seed
from volano.services.identity.logic.service_access import service_may, service_session
from volano.services.identity.logic.session_tokens import get_session_token
from volano.services.identity.logic.sts import assume_role_for_instance, require_pass_role
from volano.services.identity.logic.users import describe_user, set_user_disabled, update_user
from volano.services.identity.model.credentials import (
    TOKEN_TAG,
    Session,
    TemporaryCredentials,
    Token,
    TokenKind,
)
from volano.services.identity.model.events import (
    PrincipalChanged,
    PrincipalCreated,
    PrincipalDeleted,
)
from volano.services.identity.model.principals import Account, InstanceProfile, Role, User
from volano.services.identity.store.audit import AuditFilter

if TYPE_CHECKING:
    from volano.kernel.clock import Clock
    from volano.kernel.ids import Ids
    from volano.kernel.log import Log
    from volano.kernel.place import Region
    from volano.kernel.secrets import SecretBox
    from volano.kernel.store import Store

__all__ = [
    "ACCESS_KEY_ID",
    "RESOURCE_ACCOUNT",
    "RESOURCE_DECIDES",
    "RESOURCE_GRANT",
    "RESOURCE_GRANT_ANYONE",
    "RESOURCE_ONLY_DENIES",
    "RESOURCE_POLICY",
    "TOKEN_TAG",
    "Account",
    "AuditFilter",
    "FirstAccount",
    "InstanceProfile",
    "PolicyKind",
    "PrincipalChanged",
    "PrincipalCreated",
    "PrincipalDeleted",
    "Role",
    "SeedKmsKey",
    "Session",
    "StoredAuthority",
    "TemporaryCredentials",
    "Token",
    "TokenKind",
    "User",
    "add_person",
    "always_allows",
    "assume_role_for_instance",
    "bootstrap",
    "create_login_link",
    "create_person",
    "create_service_account",
    "create_slack_token",
    "declare_quota",
    "declare_resource_policy",
    "delete_expired_tokens",
    "delete_slack_token",
    "delete_slack_tokens",
    "describe_user",
    "end_session",
    "end_sessions",
    "exchange_policy",
    "expire_slack_token",
    "find_account_by_email",
    "find_principal",
    "find_slack_token",
    "forget_caches",
    "get_instance_profile",
    "get_person",
    "get_role",
    "get_session_token",
    "insert_audit",
    "is_placeholder",
    "list_accounts",
    "list_audit",
    "list_principals",
    "list_sessions",
    "mentions_key",
    "note_use",
    "open_authority",
    "quota_value",
    "require_pass_role",
    "require_policy",
    "require_proof",
    "require_quota",
    "seed",
    "service_may",
    "service_session",
    "set_user_disabled",
    "update_user",
]


def open_authority(
    *,
    store: Store,
    secrets: SecretBox,
    clock: Clock,
    region: Region,
    log: Log,
    ids: Ids,
    any_token: bool = False,
) -> StoredAuthority:
    """The process's Authority over the identity tables.

    `any_token` (test mode) takes bearer tokens of any form: public suites seed their own.
    """
    del ids, region  # deciding needs neither; app/ gives every port the same
    return StoredAuthority(store=store, secrets=secrets, clock=clock, log=log, any_token=any_token)
