"""Accounts of an organization: made, invited, closed, taken out; delegated administrators.

An account that is made has a role by which the management account administers it. An invitation is
accepted by the invited account; one of the account that runs this cloud is accepted at once, so
that an operator can put every account under the policies of the organization.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from volano.services.identity.logic.access import forget, is_operator
from volano.services.identity.logic.bootstrap import add_account, make_account_id
from volano.services.identity.logic.names import require_name
from volano.services.identity.logic.organizations import (
    MAX_MEMBERS,
    add_member,
    get_member,
    managed,
    my_organization,
    org_id,
)
from volano.services.identity.logic.quotas import declare_quota, quota_value
from volano.services.identity.logic.roles import add_role, make_role
from volano.services.identity.model.managed import managed_arn
from volano.services.identity.model.org_errors import (
    AccountAlreadyClosed,
    AccountAlreadyRegistered,
    AccountNotFound,
    AccountNotRegistered,
    CannotLeave,
    HandshakeInState,
    HandshakeNotFound,
    InvalidOrgInput,
    OrgConstraint,
    RequestNotFound,
)
from volano.services.identity.model.organizations import Member, Organization, OrgRequest
from volano.services.identity.store import accounts as account_rows
from volano.services.identity.store import keys as key_rows
from volano.services.identity.store import org_policies as rows
from volano.services.identity.store import organizations as org_rows
from volano.services.identity.store import policies as policy_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Call, Env
    from volano.kernel.ids import AccountId
    from volano.kernel.store import Reader, Tx

QUOTA = "organizations.accounts"
DEFAULT_ACCOUNTS = 10
"""AWS Organizations quotas, "Default maximum number of accounts"; the operator may change it."""
TEST_ACCOUNTS = 1000
ADMIN_ROLE = "OrganizationAccountAccessRole"
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]+\.[^\s@]{2,}\Z")
MAX_REQUESTS = 1000
INVITATION_US = 15 * 24 * 3600 * 1_000_000

declare_quota(QUOTA, DEFAULT_ACCOUNTS)


async def create_account(
    env: Env, call: Call, name: str, email: str, role_name: str, tags: Mapping[str, str]
) -> OrgRequest:
    """A new member account; raises InvalidOrgInput and OrgConstraint."""
    role_name = role_name or ADMIN_ROLE
    require_name(role_name, field="roleName")
    if not 1 <= len(name) <= 50 or not (_EMAIL.match(email) or env.config.test_mode):
        raise InvalidOrgInput
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> OrgRequest:
        org = await managed(tx, call)
        await _require_room(env, tx, org)
        account, _ = await add_account(tx, env, make_account_id(env), name=name, alias=None)
        member = await add_member(tx, org, account.id, name, email, now_us, method="CREATED")
        await org_rows.update_member(tx, replace(member, tags=dict(tags)))
        await _add_admin_role(tx, env, org, account.id, role_name)
        request = OrgRequest(
            id=org_id(env, "car-", 32),
            org=org.id,
            kind="create",
            account=account.id,
            state="SUCCEEDED",
            body={"name": name},
            created_us=now_us,
            ended_us=now_us,
        )
        await rows.insert_request(tx, request)
        return request

    return await env.store.transact(write)


async def _require_room(env: Env, tx: Tx, org: Organization) -> None:
    limit = await quota_value(tx, org.management, QUOTA)
    limit = max(limit, TEST_ACCOUNTS) if env.config.test_mode else limit
    if len(await org_rows.select_members(tx, org.id, limit=MAX_MEMBERS)) >= limit:
        raise OrgConstraint(f"You have reached the limit of {limit} accounts of the organization.")


async def _add_admin_role(
    tx: Tx, env: Env, org: Organization, account: AccountId, name: str
) -> None:
    principal = {"AWS": f"arn:aws:iam::{org.management}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = make_role(env, account, name, trust)
    await add_role(tx, role)
    await policy_rows.insert_attachment(
        tx,
        role.id,
        managed_arn("AdministratorAccess"),
        account=account,
        created_us=env.clock.now_us(),
    )


async def get_request(reader: Reader, org: Organization, request_id: str) -> OrgRequest:
    found = await rows.find_request(reader, request_id)
    if found is None or found.org != org.id or found.kind != "create":
        raise RequestNotFound
    return found


async def list_requests(reader: Reader, org: Organization) -> list[OrgRequest]:
    return await rows.select_requests(reader, "create", org_id=org.id, limit=MAX_REQUESTS)


async def close_account(env: Env, call: Call, account: str) -> None:
    """Nobody of the account gets in any more: users are disabled, temporary keys end."""

    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        member = await get_member(tx, org, account)
        if account == org.management:
            raise OrgConstraint("You can't close the management account of an organization.")
        if member.state == "SUSPENDED":
            raise AccountAlreadyClosed
        await org_rows.update_member(tx, replace(member, state="SUSPENDED"))
        await user_rows.disable_users(tx, account)
        await key_rows.delete_temporary_keys_of_account(tx, account)

    await env.store.transact(write)
    forget(env)


async def remove_account(env: Env, call: Call, account: str) -> None:
    """By the management account; the account itself goes on."""

    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        await get_member(tx, org, account)
        if account == org.management:
            raise CannotLeave
        await org_rows.delete_member(tx, account)

    await env.store.transact(write)
    forget(env)


async def leave(env: Env, call: Call) -> None:
    """By the member itself."""

    async def write(tx: Tx) -> None:
        org = await my_organization(tx, call.account)
        if org.management == call.account:
            raise CannotLeave
        await org_rows.delete_member(tx, call.account)

    await env.store.transact(write)
    forget(env)


# --- invitations ----------------------------------------------------------------------------------


async def invite(env: Env, call: Call, account: str, notes: str) -> tuple[Organization, OrgRequest]:
    """Raises AccountNotFound; the operator's invitation is accepted at once."""
    now_us = env.clock.now_us()
    at_once = await is_operator(env, call.account)

    async def write(tx: Tx) -> tuple[Organization, OrgRequest]:
        org = await managed(tx, call)
        await _require_room(env, tx, org)
        found = await account_rows.find_account(tx, account)
        if found is None:
            raise AccountNotFound
        request = OrgRequest(
            id=org_id(env, "h-", 16),
            org=org.id,
            kind="invite",
            account=account,
            state="ACCEPTED" if at_once else "OPEN",
            body={"notes": notes},
            created_us=now_us,
            ended_us=now_us if at_once else None,
        )
        await rows.insert_request(tx, request)
        if at_once:
            await _join(tx, org, found.id, found.name, now_us)
        return org, request

    made = await env.store.transact(write)
    forget(env)
    return made


async def _join(tx: Tx, org: Organization, account: str, name: str, now_us: int) -> Member:
    email = f"{account}@accounts.invalid"
    return await add_member(tx, org, account, name, email, now_us, method="INVITED")


async def answer_invitation(
    env: Env, call: Call, handshake: str, state: str
) -> tuple[Organization, OrgRequest]:
    """`state` is ACCEPTED or DECLINED (the invited account), or CANCELED (the inviting one)."""
    now_us = env.clock.now_us()

    async def write(tx: Tx) -> tuple[Organization, OrgRequest]:
        request = await _invitation(tx, handshake)
        org = await org_rows.find_org(tx, request.org)
        if org is None:
            raise HandshakeNotFound
        asked = org.management if state == "CANCELED" else request.account
        if call.account != asked:
            raise HandshakeNotFound
        if request.state != "OPEN" or now_us > request.created_us + INVITATION_US:
            raise HandshakeInState
        if state == "ACCEPTED":
            found = await account_rows.find_account(tx, call.account)
            await _join(tx, org, call.account, found.name if found else "", now_us)
        await rows.update_request(tx, request.id, state, now_us)
        return org, replace(request, state=state, ended_us=now_us)

    answered = await env.store.transact(write)
    forget(env)
    return answered


async def _invitation(reader: Reader, handshake: str) -> OrgRequest:
    request = await rows.find_request(reader, handshake)
    if request is None or request.kind != "invite":
        raise HandshakeNotFound
    return request


async def get_invitation(env: Env, call: Call, handshake: str) -> tuple[Organization, OrgRequest]:
    """For the two accounts that it concerns."""
    request = await _invitation(env.store.reader, handshake)
    org = await org_rows.find_org(env.store.reader, request.org)
    if org is None or call.account not in (org.management, request.account):
        raise HandshakeNotFound
    return org, request


async def list_invitations(
    env: Env, call: Call, *, mine: bool
) -> list[tuple[Organization, OrgRequest]]:
    """Those that the account got (`mine`), or those of the organization it manages."""
    reader = env.store.reader
    if mine:
        found = await rows.select_requests(
            reader, "invite", account=call.account, limit=MAX_REQUESTS
        )
    else:
        org = await managed(reader, call)
        found = await rows.select_requests(reader, "invite", org_id=org.id, limit=MAX_REQUESTS)
    pairs = []
    for request in found:
        inviting = await org_rows.find_org(reader, request.org)
        if inviting is not None:
            pairs.append((inviting, request))
    return pairs


# --- services and delegated administrators --------------------------------------------------------


async def switch_service(env: Env, call: Call, service: str, *, on: bool) -> None:
    """Let a service see the organization, or not. Kept and told; no service of Volano asks."""
    if not service.endswith(".amazonaws.com"):
        raise InvalidOrgInput("You specified an unrecognized service principal.")

    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        services = {name: since for name, since in org.services.items() if name != service}
        if on:
            services[service] = env.clock.now_us()
        await org_rows.update_org(tx, replace(org, services=services))

    await env.store.transact(write)


async def register_delegate(env: Env, call: Call, account: str, service: str) -> None:
    if not service.endswith(".amazonaws.com"):
        raise InvalidOrgInput("You specified an unrecognized service principal.")

    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        if account == org.management:
            raise OrgConstraint(
                "You cannot register master account/yourself as delegated administrator for your "
                "organization."
            )
        await get_member(tx, org, account)
        known = await rows.select_delegates(tx, org.id)
        if any((who, what) == (account, service) for who, what, _ in known):
            raise AccountAlreadyRegistered
        await rows.insert_delegate(tx, org.id, account, service, env.clock.now_us())

    await env.store.transact(write)


async def deregister_delegate(env: Env, call: Call, account: str, service: str) -> None:
    async def write(tx: Tx) -> None:
        org = await managed(tx, call)
        if account == org.management:
            raise OrgConstraint(
                "You cannot register master account/yourself as delegated administrator for your "
                "organization."
            )
        await get_member(tx, org, account)
        known = await rows.select_delegates(tx, org.id)
        if not any(who == account for who, _, _ in known):
            raise AccountNotRegistered
        if not await rows.delete_delegate(tx, org.id, account, service):
            raise InvalidOrgInput("You specified an unrecognized service principal.")

    await env.store.transact(write)


async def list_delegates(
    env: Env, call: Call, *, service: str | None = None, account: str | None = None
) -> list[tuple[Member, str, int]]:
    """(member, service, since when), of one service or one account where given."""
    reader = env.store.reader
    org = await managed(reader, call)
    if account is not None:
        await get_member(reader, org, account)
    found = []
    for who, what, since in await rows.select_delegates(reader, org.id):
        if service in (None, what) and account in (None, who):
            found.append((await get_member(reader, org, who), what, since))
    if account is not None and not found:
        raise AccountNotRegistered
    return found
