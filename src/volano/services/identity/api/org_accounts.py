"""AWS Organizations: member accounts, invitations and delegated administrators."""

from __future__ import annotations

from volano.kernel.call import Call, Env
from volano.services.identity.api.org_shapes import (
    handshake_shape,
    member_shape,
    org_page,
    request_shape,
)
from volano.services.identity.api.shapes import Shape, seconds, tag_condition, tags_of
from volano.services.identity.logic import org_accounts as logic
from volano.services.identity.logic import organizations as tree
from volano.services.identity.model.org_errors import InvalidOrgInput
from volano.services.identity.model.organizations import Organization, OrgRequest
from volano.services.identity.store.organizations import select_members
from volano.wire.action import action

ACCOUNTS = "arn:aws:organizations::{account}:account/*"


@action(
    "organizations:CreateAccount",
    permission="organizations:CreateAccount",
    resource=ACCOUNTS,
    condition=tag_condition,
    partial="IamUserAccessToBilling is not read.",
)
async def create_account(env: Env, call: Call, request: Shape) -> Shape:
    made = await logic.create_account(
        env,
        call,
        request["AccountName"],
        request["Email"],
        request.get("RoleName") or "",
        tags_of(request),
    )
    return {"CreateAccountStatus": request_shape(made)}


@action(
    "organizations:DescribeCreateAccountStatus",
    permission="organizations:DescribeCreateAccountStatus",
    resource=ACCOUNTS,
)
async def describe_create_account_status(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await tree.read_organization(reader, call)
    found = await logic.get_request(reader, org, request["CreateAccountRequestId"])
    return {"CreateAccountStatus": request_shape(found)}


@action(
    "organizations:ListCreateAccountStatus",
    permission="organizations:ListCreateAccountStatus",
    resource=ACCOUNTS,
)
async def list_create_account_status(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await tree.read_organization(reader, call)
    wanted = request.get("States") or ()
    shapes = [
        request_shape(one)
        for one in await logic.list_requests(reader, org)
        if not wanted or one.state in wanted
    ]
    return org_page("CreateAccountStatuses", shapes, request)


@action("organizations:DescribeAccount", permission="organizations:DescribeAccount",
        resource=ACCOUNTS)  # fmt: skip
async def describe_account(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await tree.read_organization(reader, call)
    return {"Account": member_shape(org, await tree.get_member(reader, org, request["AccountId"]))}


@action("organizations:ListAccounts", permission="organizations:ListAccounts", resource=ACCOUNTS)
async def list_accounts(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await tree.read_organization(reader, call)
    members = await select_members(reader, org.id, limit=tree.MAX_MEMBERS)
    return org_page("Accounts", [member_shape(org, one) for one in members], request)


@action(
    "organizations:ListAccountsForParent",
    permission="organizations:ListAccountsForParent",
    resource=ACCOUNTS,
)
async def list_accounts_for_parent(env: Env, call: Call, request: Shape) -> Shape:
    reader = env.store.reader
    org = await tree.read_organization(reader, call)
    _, members = await tree.children(reader, org, request["ParentId"])
    return org_page("Accounts", [member_shape(org, one) for one in members], request)


@action("organizations:MoveAccount", permission="organizations:MoveAccount", resource=ACCOUNTS)
async def move_account(env: Env, call: Call, request: Shape) -> None:
    await tree.move_account(
        env, call, request["AccountId"], request["SourceParentId"], request["DestinationParentId"]
    )


@action("organizations:CloseAccount", permission="organizations:CloseAccount", resource=ACCOUNTS)
async def close_account(env: Env, call: Call, request: Shape) -> None:
    await logic.close_account(env, call, request["AccountId"])


@action(
    "organizations:RemoveAccountFromOrganization",
    permission="organizations:RemoveAccountFromOrganization",
    resource=ACCOUNTS,
)
async def remove_account(env: Env, call: Call, request: Shape) -> None:
    await logic.remove_account(env, call, request["AccountId"])


@action(
    "organizations:LeaveOrganization", permission="organizations:LeaveOrganization",
    resource=ACCOUNTS,
)  # fmt: skip
async def leave_organization(env: Env, call: Call, request: Shape) -> None:
    await logic.leave(env, call)


# --- invitations ----------------------------------------------------------------------------------


def _handshake(pair: tuple[Organization, OrgRequest]) -> Shape:
    return handshake_shape(*pair, logic.INVITATION_US)


@action(
    "organizations:InviteAccountToOrganization",
    permission="organizations:InviteAccountToOrganization",
    resource=ACCOUNTS,
    partial="By account id; the invitation of the account that runs the cloud is accepted at once.",
)
async def invite_account(env: Env, call: Call, request: Shape) -> Shape:
    target = request["Target"]
    if target.get("Type") != "ACCOUNT":
        raise InvalidOrgInput("Invite an account by its id: Target is of Type ACCOUNT.")
    pair = await logic.invite(env, call, target["Id"], request.get("Notes") or "")
    return {"Handshake": _handshake(pair)}


def _register_answers() -> None:
    for verb, state in (("Accept", "ACCEPTED"), ("Decline", "DECLINED"), ("Cancel", "CANCELED")):
        name = f"organizations:{verb}Handshake"

        @action(name, permission=name, resource=ACCOUNTS)
        async def answer(env: Env, call: Call, request: Shape, state: str = state) -> Shape:
            pair = await logic.answer_invitation(env, call, request["HandshakeId"], state)
            return {"Handshake": _handshake(pair)}


_register_answers()


@action(
    "organizations:DescribeHandshake",
    permission="organizations:DescribeHandshake",
    resource=ACCOUNTS,
)
async def describe_handshake(env: Env, call: Call, request: Shape) -> Shape:
    pair = await logic.get_invitation(env, call, request["HandshakeId"])
    return {"Handshake": _handshake(pair)}


@action(
    "organizations:ListHandshakesForAccount",
    permission="organizations:ListHandshakesForAccount",
    resource=ACCOUNTS,
)
async def list_handshakes_for_account(env: Env, call: Call, request: Shape) -> Shape:
    found = await logic.list_invitations(env, call, mine=True)
    return org_page("Handshakes", [_handshake(one) for one in found], request)


@action(
    "organizations:ListHandshakesForOrganization",
    permission="organizations:ListHandshakesForOrganization",
    resource=ACCOUNTS,
)
async def list_handshakes_for_organization(env: Env, call: Call, request: Shape) -> Shape:
    found = await logic.list_invitations(env, call, mine=False)
    return org_page("Handshakes", [_handshake(one) for one in found], request)


# --- delegated administrators ---------------------------------------------------------------------


@action(
    "organizations:RegisterDelegatedAdministrator",
    permission="organizations:RegisterDelegatedAdministrator",
    resource=ACCOUNTS,
)
async def register_delegated_administrator(env: Env, call: Call, request: Shape) -> None:
    await logic.register_delegate(env, call, request["AccountId"], request["ServicePrincipal"])


@action(
    "organizations:DeregisterDelegatedAdministrator",
    permission="organizations:DeregisterDelegatedAdministrator",
    resource=ACCOUNTS,
)
async def deregister_delegated_administrator(env: Env, call: Call, request: Shape) -> None:
    await logic.deregister_delegate(env, call, request["AccountId"], request["ServicePrincipal"])


@action(
    "organizations:ListDelegatedAdministrators",
    permission="organizations:ListDelegatedAdministrators",
    resource=ACCOUNTS,
)
async def list_delegated_administrators(env: Env, call: Call, request: Shape) -> Shape:
    org = await tree.managed(env.store.reader, call)
    shapes: dict[str, Shape] = {}
    for member, _, since in await logic.list_delegates(
        env, call, service=request.get("ServicePrincipal")
    ):
        shape = member_shape(org, member) | {"DelegationEnabledDate": seconds(since)}
        shapes.setdefault(member.account, shape)
    return org_page("DelegatedAdministrators", list(shapes.values()), request)


@action(
    "organizations:ListDelegatedServicesForAccount",
    permission="organizations:ListDelegatedServicesForAccount",
    resource=ACCOUNTS,
)
async def list_delegated_services(env: Env, call: Call, request: Shape) -> Shape:
    found = await logic.list_delegates(env, call, account=request["AccountId"])
    shapes = [
        {"ServicePrincipal": service, "DelegationEnabledDate": seconds(since)}
        for _, service, since in found
    ]
    return org_page("DelegatedServices", shapes, request)
