"""Accounts: alias and summary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from volano.services.identity.logic.bootstrap import (
    add_account,
    add_administrator,
    make_account_id,
)
from volano.services.identity.logic.certificates import (
    MAX_SERVER_CERTIFICATES,
    MAX_SIGNING_CERTIFICATES,
)
from volano.services.identity.logic.login import create_login_link
from volano.services.identity.logic.quotas import quota_value
from volano.services.identity.model.credentials import LOGIN_LINK_MAX_S
from volano.services.identity.model.errors import (
    EntityAlreadyExists,
    NoSuchEntity,
    ValidationError,
)
from volano.services.identity.model.items import ItemKind
from volano.services.identity.model.oidc import MAX_PROVIDERS
from volano.services.identity.model.policies import MAX_VERSIONS
from volano.services.identity.store import accounts as rows
from volano.services.identity.store import groups as group_rows
from volano.services.identity.store import items as item_rows
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import oidc as oidc_rows
from volano.services.identity.store import policies as policy_rows
from volano.services.identity.store import roles as role_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.store import Reader, Tx
    from volano.services.identity.model.principals import Account

MAX_ACCOUNTS = 10_000
MAX_NAME_CHARACTERS = 100
_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]\Z")


async def get_account(reader: Reader, account: str) -> Account:
    """Raises NoSuchEntity."""
    found = await rows.find_account(reader, account)
    if found is None:
        raise NoSuchEntity(f"There is no account {account[:20]}.")
    return found


async def list_accounts(env: Env) -> list[Account]:
    """The oldest first, at most MAX_ACCOUNTS."""
    return await rows.select_accounts(env.store.reader, limit=MAX_ACCOUNTS)


async def create_account(
    env: Env, *, name: str, alias: str, administrator: str
) -> tuple[Account, str]:
    """An account with an administrator; returns it and the token of a one-time link for them."""
    _require_alias(alias)
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS or "\x00" in name:
        raise ValidationError(f"An account's name has 1 to {MAX_NAME_CHARACTERS} characters.")

    async def write(tx: Tx) -> Account:
        account, _ = await add_account(tx, env, make_account_id(env), name=name, alias=alias)
        await add_administrator(tx, env, account.id, administrator)
        return account

    account = await env.store.transact(write)
    token = await create_login_link(env, account.id, administrator, valid_s=LOGIN_LINK_MAX_S)
    return account, token


async def set_alias(env: Env, call: Call, alias: str) -> None:
    """Give the account a name for signing in; it replaces the one before."""
    _require_alias(alias)

    async def write(tx: Tx) -> None:
        known = await rows.find_account_by_alias(tx, alias)
        if known is not None and known.id != call.account:
            raise EntityAlreadyExists(f"The account alias {alias} already exists.")
        await rows.update_alias(tx, call.account, alias)

    await env.store.transact(write)


def _require_alias(alias: str) -> None:
    if not _ALIAS.match(alias) or alias.isdigit():
        raise ValidationError(
            f"1 validation error detected: Value '{alias[:80]}' at 'accountAlias' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: "
            "^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$"
        )


async def delete_alias(env: Env, call: Call, alias: str) -> None:
    async def write(tx: Tx) -> None:
        known = await rows.find_account(tx, call.account)
        if known is None or known.alias != alias:
            raise NoSuchEntity(f"The Account Alias {alias[:80]} cannot be found.")
        await rows.update_alias(tx, call.account, None)

    await env.store.transact(write)


async def account_summary(env: Env, call: Call) -> dict[str, int]:
    """Counts and quotas, by IAM's names."""
    reader, account = env.store.reader, call.account
    attached = await policy_rows.select_attachment_counts(reader, account)
    root_keys = await key_rows.select_access_keys(reader, account)
    quotas = {
        "UsersQuota": "iam.users",
        "GroupsQuota": "iam.groups",
        "RolesQuota": "iam.roles",
        "PoliciesQuota": "iam.policies",
        "InstanceProfilesQuota": "iam.instance-profiles",
        "GroupsPerUserQuota": "iam.groups-per-user",
        "AccessKeysPerUserQuota": "iam.access-keys-per-user",
        "AttachedPoliciesPerUserQuota": "iam.attached-policies-per-target",
        "AttachedPoliciesPerGroupQuota": "iam.attached-policies-per-target",
        "AttachedPoliciesPerRoleQuota": "iam.attached-policies-per-target",
    }
    summary = {name: await quota_value(reader, account, quota) for name, quota in quotas.items()}
    return summary | {
        "Users": await user_rows.count_users(reader, account),
        "Groups": await group_rows.count_groups(reader, account),
        "Roles": await role_rows.count_roles(reader, account),
        "Policies": await policy_rows.count_policies(reader, account),
        "InstanceProfiles": await role_rows.count_instance_profiles(reader, account),
        "PolicyVersionsInUse": len(attached),
        "VersionsPerPolicyQuota": MAX_VERSIONS,
        "AccountAccessKeysPresent": int(bool(root_keys)),
        **await _summary_of_items(reader, account),
        "UserPolicySizeQuota": 2048,
        "GroupPolicySizeQuota": 5120,
        "AssumeRolePolicySizeQuota": 4096,
        "RolePolicySizeQuota": 10240,
        "PolicySizeQuota": 6144,
        "PolicyVersionsInUseQuota": 10000,
        "ServerCertificatesQuota": MAX_SERVER_CERTIFICATES,
        "SigningCertificatesPerUserQuota": MAX_SIGNING_CERTIFICATES,
        "GlobalEndpointTokenVersion": 2,
    }


async def _summary_of_items(reader: Reader, account: str) -> dict[str, int]:
    devices = await item_rows.select_items(reader, account, ItemKind.MFA_DEVICE)
    servers = await item_rows.select_items(reader, account, ItemKind.SERVER_CERTIFICATE)
    saml = await item_rows.select_items(reader, account, ItemKind.SAML_PROVIDER)
    oidc = await oidc_rows.select_providers(reader, account, limit=MAX_PROVIDERS)
    signing = await item_rows.has_items(reader, account, ItemKind.SIGNING_CERTIFICATE)
    return {
        "AccountMFAEnabled": int(any(one.owner == account for one in devices)),
        "AccountPasswordPresent": 0,
        "AccountSigningCertificatesPresent": int(signing),
        "MFADevices": len(devices),
        "MFADevicesInUse": sum(bool(one.owner) for one in devices),
        "Providers": len(saml) + len(oidc),
        "ServerCertificates": len(servers),
    }
