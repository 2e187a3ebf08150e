"""A user, group or role named by its ARN, and who it would be in a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.identity import Principal, PrincipalKind
from volano.kernel.ids import PrincipalId, parse_arn
from volano.services.identity.model.errors import InvalidInput, NoSuchEntity
from volano.services.identity.store import groups as group_rows
from volano.services.identity.store import roles as role_rows
from volano.services.identity.store import users as user_rows

if TYPE_CHECKING:
    from volano.kernel.call import Env
    from volano.kernel.ids import AccountId
    from volano.services.identity.model.principals import Group, Role, User

SIMULATED_SESSION = "simulation"
"""Session name of a role that nobody has assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`kind` is root, user, group or role; `id` is what policies hang on."""

    kind: str
    id: str
    name: str
    arn: str
    principal: Principal


async def find_subject(env: Env, account: str, arn: str) -> Subject:
    """Of the account only; raises InvalidInput for another thing and NoSuchEntity."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.service not in ("iam", "sts"):
        raise InvalidInput(f"Invalid Entity Arn: {arn[:200]}")
    kind, _, path = parsed.resource.partition("/")
    name = path.rpartition("/")[2]
    if parsed.account != account:
        raise _no_entity(arn)
    reader = env.store.reader
    if kind == "root":
        user = await user_rows.find_user(reader, account)
        found = None if user is None else subject_of_user(user)
    elif kind == "user":
        user = await user_rows.find_user_by_name(reader, account, name)
        found = None if user is None else subject_of_user(user)
    elif kind == "group":
        group = await group_rows.find_group_by_name(reader, account, name)
        found = None if group is None else _subject_of_group(group)
    elif kind in ("role", "assumed-role"):
        name = path.partition("/")[0] if kind == "assumed-role" else name
        role = await role_rows.find_role_by_name(reader, account, name)
        found = None if role is None else subject_of_role(role)
    else:
        raise InvalidInput(f"Invalid Entity Arn: {arn[:200]}")
    if found is None or (kind in ("user", "group", "role") and found.arn != arn):
        raise _no_entity(arn)
    return found


def _no_entity(arn: str) -> NoSuchEntity:
    return NoSuchEntity(f"The entity {arn[:200]} cannot be found.")


def subject_of_user(user: User) -> Subject:
    kind = "root" if user.kind is PrincipalKind.ROOT else "user"
    return Subject(kind=kind, id=user.id, name=user.name, arn=user.arn, principal=user.principal())


def subject_of_role(role: Role) -> Subject:
    principal = role.principal(SIMULATED_SESSION, session_policy=None, expires_us=0, tags={})
    return Subject(kind="role", id=role.id, name=role.name, arn=role.arn, principal=principal)


def _subject_of_group(group: Group) -> Subject:
    """Somebody in it, without a name."""
    account: AccountId = group.account
    return Subject(
        kind="group",
        id=group.id,
        name=group.name,
        arn=group.arn,
        principal=Principal(
            kind=PrincipalKind.USER,
            account=account,
            id=PrincipalId(group.id),
            name="",
            arn=f"arn:aws:iam::{account}:user/",
        ),
    )
