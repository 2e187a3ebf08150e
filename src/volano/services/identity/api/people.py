"""People and service accounts over Volano's own API.

Permissions are IAM's, so that one policy speaks for both APIs.
"""

from __future__ import annotations

import msgspec

from volano.kernel.call import Call, Env
from volano.kernel.errors import Invalid
from volano.kernel.identity import PrincipalKind
from volano.services.identity.logic import login, passwords, people, users
from volano.services.identity.logic.attachments import Target, attach_policy, detach_policy
from volano.services.identity.logic.groups import add_user_to_group, remove_user_from_group
from volano.services.identity.logic.proof import require_proof
from volano.services.identity.model.credentials import LOGIN_LINK_MAX_S
from volano.services.identity.model.principals import User
from volano.wire.action import action

USER = "arn:aws:iam::{account}:user/{user}"
USERS = "arn:aws:iam::{account}:user/*"


class ListPeople(msgspec.Struct):
    """`kind` is user, service-account or empty for both."""

    kind: str = ""
    limit: int = 100
    cursor: str = ""


class UserName(msgspec.Struct):
    user: str


class NewPerson(msgspec.Struct, kw_only=True):
    """Without a password the answer has a one-time link for the person."""

    name: str
    kind: str = "user"
    display_name: str = ""
    email: str = ""
    password: str = ""
    policies: list[str] = []
    groups: list[str] = []


class PersonChange(msgspec.Struct, kw_only=True):
    user: str
    display_name: str | None = None
    email: str | None = None
    disabled: bool | None = None


class PersonPolicy(msgspec.Struct):
    user: str
    policy: str


class PersonGroup(msgspec.Struct):
    user: str
    group: str


class PersonPassword(msgspec.Struct):
    user: str
    password: str


class PersonView(msgspec.Struct, kw_only=True):
    """`policies` are ARNs of what is attached, `inline_policies` the names of what is written on
    the user itself."""

    id: str
    kind: str
    name: str
    arn: str
    display_name: str
    email: str
    disabled: bool
    has_password: bool
    groups: list[str]
    policies: list[str]
    inline_policies: list[str]
    created_us: int
    password_used_us: int | None


class CreatedPerson(PersonView, kw_only=True):
    login_url: str | None = None


class PersonList(msgspec.Struct):
    items: list[PersonView]
    next_cursor: str | None = None


class LoginLink(msgspec.Struct):
    login_url: str
    valid_s: int


async def _view(env: Env, user: User) -> PersonView:
    held = await people.holdings_of(env, user)
    return PersonView(
        id=user.id,
        kind=user.kind.value,
        name=user.name,
        arn=user.arn,
        display_name=user.display_name or user.name,
        email=user.email,
        disabled=user.disabled,
        has_password=held.has_password,
        groups=held.groups,
        policies=held.policy_arns,
        inline_policies=held.inline_policies,
        created_us=user.created_us,
        password_used_us=user.password_used_us,
    )


@action(
    "volano:listPeople",
    method="GET",
    path="/volano/v1/people",
    permission="iam:ListUsers",
    resource=USERS,
)
async def list_people(env: Env, call: Call, request: ListPeople) -> PersonList:
    """Users and service accounts, by name."""
    found, marker = await users.list_users(
        env, call, marker=request.cursor or None, max_items=request.limit
    )
    shown = [user for user in found if request.kind in ("", user.kind.value)]
    return PersonList([await _view(env, user) for user in shown], marker)


@action(
    "volano:getPerson",
    method="GET",
    path="/volano/v1/people/{user}",
    permission="iam:GetUser",
    resource=USER,
)
async def get_person(env: Env, call: Call, request: UserName) -> PersonView:
    """One user or service account."""
    return await _view(env, await users.get_user(env.store.reader, call.account, request.user))


@action(
    "volano:createPerson",
    method="POST",
    path="/volano/v1/people",
    permission="iam:CreateUser",
    resource="arn:aws:iam::{account}:user/{name}",
)
async def create_person(env: Env, call: Call, request: NewPerson) -> CreatedPerson:
    """A user with a password or one-time link, or a service account; with policies and groups."""
    await require_proof(env, call)
    kinds = {"user": PrincipalKind.USER, "service-account": PrincipalKind.SERVICE_ACCOUNT}
    kind = kinds.get(request.kind)
    if kind is None:
        raise Invalid("kind is user or service-account.", fields={"param": "kind"})
    made = users.make_user(
        env,
        call.account,
        request.name,
        kind=kind,
        display_name=request.display_name,
        email=request.email,
    )
    await _require_extras(env, call, request, made)
    if request.password:
        passwords.require_password(request.password)
    await users.create_user(env, call, made)
    for arn in request.policies:
        await attach_policy(env, call, Target("user", made.name), arn)
    for group in request.groups:
        await add_user_to_group(env, call, group, made.name)
    if request.password:
        await passwords.set_password(env, made, request.password, must_change=True)
    wants_link = kind is PrincipalKind.USER and not request.password
    link = await _login_url(env, call, made.name) if wants_link else None
    view = msgspec.structs.asdict(await _view(env, made))
    return msgspec.convert({**view, "login_url": link}, CreatedPerson)


async def _require_extras(env: Env, call: Call, request: NewPerson, made: User) -> None:
    """What the caller asks for beside the user needs its own permission, before all is made."""
    for arn in request.policies:
        await env.authority.authorize(
            call, "iam:AttachUserPolicy", made.arn, {"iam:PolicyARN": arn}
        )
    for group in request.groups:
        group_arn = f"arn:aws:iam::{call.account}:group/{group}"
        await env.authority.authorize(call, "iam:AddUserToGroup", group_arn, {})
    await people.require_known(env, call, request.policies, request.groups)
    if made.kind is PrincipalKind.USER:
        await env.authority.authorize(call, "iam:CreateLoginProfile", made.arn, {})


async def _login_url(env: Env, call: Call, name: str) -> str:
    token = await login.create_login_link(env, call.account, name, valid_s=LOGIN_LINK_MAX_S)
    return f"{env.config.console_url}/login?token={token}"


@action(
    "volano:updatePerson",
    method="PATCH",
    path="/volano/v1/people/{user}",
    permission="iam:UpdateUser",
    resource=USER,
)
async def update_person(env: Env, call: Call, request: PersonChange) -> PersonView:
    """Change what people see, or disable: keys, tokens and sessions then stop at once."""
    if request.disabled is not None:
        await users.set_user_disabled(env, call, request.user, disabled=request.disabled)
    changed = await users.describe_user(
        env, call, request.user, display_name=request.display_name, email=request.email
    )
    return await _view(env, changed)


@action(
    "volano:deletePerson",
    method="DELETE",
    path="/volano/v1/people/{user}",
    permission="iam:DeleteUser",
    resource=USER,
)
async def delete_person(env: Env, call: Call, request: UserName) -> None:
    """Delete a user with all keys, memberships and policies."""
    if request.user == call.principal.name:
        raise Invalid("You cannot delete yourself.")
    await users.delete_user(env, call, request.user, force=True)


@action(
    "volano:createLoginLink",
    method="POST",
    path="/volano/v1/people/{user}/login-link",
    permission="iam:UpdateLoginProfile",
    resource=USER,
)
async def create_login_link(env: Env, call: Call, request: UserName) -> LoginLink:
    """A link that signs the user in once."""
    await require_proof(env, call)
    await users.get_user(env.store.reader, call.account, request.user)
    return LoginLink(await _login_url(env, call, request.user), LOGIN_LINK_MAX_S)


@action(
    "volano:setPersonPassword",
    method="PUT",
    path="/volano/v1/people/{user}/password",
    permission="iam:UpdateLoginProfile",
    resource=USER,
)
async def set_person_password(env: Env, call: Call, request: PersonPassword) -> None:
    """A password that the user must change after signing in; open sessions end."""
    await require_proof(env, call)
    user = await users.get_user(env.store.reader, call.account, request.user)
    await passwords.replace_password(env, user, request.password)


@action(
    "volano:attachPersonPolicy",
    method="POST",
    path="/volano/v1/people/{user}/policies",
    permission="iam:AttachUserPolicy",
    resource=USER,
    condition=lambda call, request: {"iam:PolicyARN": request.policy},
)
async def attach_person_policy(env: Env, call: Call, request: PersonPolicy) -> PersonView:
    """Attach a policy by ARN."""
    await require_proof(env, call)
    await attach_policy(env, call, Target("user", request.user), request.policy)
    return await _view(env, await users.get_user(env.store.reader, call.account, request.user))


@action(
    "volano:detachPersonPolicy",
    method="DELETE",
    path="/volano/v1/people/{user}/policies",
    permission="iam:DetachUserPolicy",
    resource=USER,
    condition=lambda call, request: {"iam:PolicyARN": request.policy},
)
async def detach_person_policy(env: Env, call: Call, request: PersonPolicy) -> None:
    """Detach a policy; `policy` is its ARN, in the query."""
    await detach_policy(env, call, Target("user", request.user), request.policy)


@action(
    "volano:addPersonToGroup",
    method="PUT",
    path="/volano/v1/people/{user}/groups/{group}",
    permission="iam:AddUserToGroup",
    resource="arn:aws:iam::{account}:group/{group}",
)
async def add_person_to_group(env: Env, call: Call, request: PersonGroup) -> None:
    """Put a user into a group."""
    await require_proof(env, call)
    await add_user_to_group(env, call, request.group, request.user)


@action(
    "volano:removePersonFromGroup",
    method="DELETE",
    path="/volano/v1/people/{user}/groups/{group}",
    permission="iam:RemoveUserFromGroup",
    resource="arn:aws:iam::{account}:group/{group}",
)
async def remove_person_from_group(env: Env, call: Call, request: PersonGroup) -> None:
    """Take a user out of a group."""
    await remove_user_from_group(env, call, request.group, request.user)
