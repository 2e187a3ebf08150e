"""SCIM (`/scim/v1`, `/scim/v2`) and Slack's audit logs (`/audit/v1`), as slack_sdk's clients ask.

They are actions of the REST door with paths of their own; the caller is an administrator's token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from volano.services.chat.logic import groups, scim, slack_audit
from volano.services.chat.logic.scim import GUEST_SCHEMA, group_json, user_json
from volano.wire.action import action
from volano.wire.results import WithHeaders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.services.chat.model import Json

READ, GROUP = "chat:ListUsers", "chat:EditUserGroups"
PEOPLE = "arn:aws:chat:{region}:{account}:user/*"
USERS = "arn:aws:iam::{account}:user/*"
GROUPS = "arn:aws:chat:{region}:{account}:usergroup/*"
MAX_COUNT = 1000


class ListFields(msgspec.Struct, kw_only=True):
    version: str
    filter: str = ""
    count: int = 100
    start_index: int = msgspec.field(default=1, name="startIndex")


class OneFields(msgspec.Struct, kw_only=True):
    version: str
    id: str


class ResourceFields(msgspec.Struct, kw_only=True):
    """Attributes of users and groups; others are ignored."""

    version: str
    id: str = ""
    schemas: list[Any] = msgspec.field(default_factory=list)
    user_name: str = msgspec.field(default="", name="userName")
    display_name: str = msgspec.field(default="", name="displayName")
    name: dict[str, Any] | None = None
    emails: list[dict[str, Any]] = msgspec.field(default_factory=list)
    active: bool | None = None
    guest: dict[str, Any] | None = msgspec.field(default=None, name=GUEST_SCHEMA)
    members: list[dict[str, Any]] | None = None
    operations: list[dict[str, Any]] | None = msgspec.field(default=None, name="Operations")

    def given(self) -> Json:
        """What was sent, by SCIM's names."""
        sent: Json = msgspec.to_builtins(self)
        return {key: value for key, value in sent.items() if value not in (None, "", [])} | (
            {"members": []} if self.members == [] else {}
        )


def _listed(found: Sequence[Json], request: ListFields) -> Json:
    first = max(request.start_index, 1)
    page = found[first - 1 : first - 1 + min(max(request.count, 0), MAX_COUNT)]
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": len(found),
        "itemsPerPage": len(page),
        "startIndex": first,
        "Resources": list(page),
    }


@action(
    "volano:scimListUsers",
    method="GET",
    path="/scim/{version}/Users",
    permission=READ,
    resource=PEOPLE,
)
async def list_users(env: Env, call: Call, request: ListFields) -> Json:
    """People, filtered by one attribute (`userName eq "ann"`)."""
    found = await scim.list_people(env, call, request.filter)
    return _listed([user_json(user) for user in found], request)


@action(
    "volano:scimGetUser",
    method="GET",
    path="/scim/{version}/Users/{id}",
    permission=READ,
    resource=PEOPLE,
)
async def get_user(env: Env, call: Call, request: OneFields) -> Json:
    return user_json(await scim.get_person(env, call, request.id))


@action(
    "volano:scimCreateUser",
    method="POST",
    path="/scim/{version}/Users",
    permission="iam:CreateUser",
    resource=USERS,
)
async def create_user(env: Env, call: Call, request: ResourceFields) -> WithHeaders:
    """Make a user of the account, with the workplace's policy."""
    made = await scim.create_person(env, call, request.given())
    return WithHeaders(user_json(made), headers=[], status=201)


@action(
    "volano:scimReplaceUser",
    method="PUT",
    path="/scim/{version}/Users/{id}",
    permission="iam:UpdateUser",
    resource=USERS,
)
async def replace_user(env: Env, call: Call, request: ResourceFields) -> Json:
    return user_json(await scim.change_person(env, call, request.id, request.given()))


@action(
    "volano:scimPatchUser",
    method="PATCH",
    path="/scim/{version}/Users/{id}",
    permission="iam:UpdateUser",
    resource=USERS,
)
async def patch_user(env: Env, call: Call, request: ResourceFields) -> Json:
    changes = scim.patched(request.given())
    return user_json(await scim.change_person(env, call, request.id, changes))


@action(
    "volano:scimDeleteUser",
    method="DELETE",
    path="/scim/{version}/Users/{id}",
    permission="iam:UpdateUser",
    resource=USERS,
)
async def delete_user(env: Env, call: Call, request: OneFields) -> Json:
    """Switch the user off; what they wrote stays theirs. Slack answers 200 here, not 204."""
    return user_json(await scim.change_person(env, call, request.id, {"active": False}))


@action(
    "volano:scimListGroups",
    method="GET",
    path="/scim/{version}/Groups",
    permission=READ,
    resource=GROUPS,
)
async def list_groups(env: Env, call: Call, request: ListFields) -> Json:
    found = await scim.list_groups(env, call, request.filter)
    return _listed([group_json(group) for group in found], request)


@action(
    "volano:scimGetGroup",
    method="GET",
    path="/scim/{version}/Groups/{id}",
    permission=READ,
    resource=GROUPS,
)
async def get_group(env: Env, call: Call, request: OneFields) -> Json:
    return group_json(await groups.get_group(env, call, request.id))


@action(
    "volano:scimCreateGroup",
    method="POST",
    path="/scim/{version}/Groups",
    permission=GROUP,
    resource=GROUPS,
)
async def create_group(env: Env, call: Call, request: ResourceFields) -> WithHeaders:
    made = await scim.create_group(env, call, request.given())
    return WithHeaders(group_json(made), headers=[], status=201)


@action(
    "volano:scimReplaceGroup",
    method="PUT",
    path="/scim/{version}/Groups/{id}",
    permission=GROUP,
    resource=GROUPS,
)
async def replace_group(env: Env, call: Call, request: ResourceFields) -> Json:
    given = request.given()
    return group_json(await scim.change_group(env, call, request.id, given, replaces=True))


@action(
    "volano:scimPatchGroup",
    method="PATCH",
    path="/scim/{version}/Groups/{id}",
    permission=GROUP,
    resource=GROUPS,
)
async def patch_group(env: Env, call: Call, request: ResourceFields) -> None:
    changes = scim.patched(request.given())
    await scim.change_group(env, call, request.id, changes, replaces=False)


@action(
    "volano:scimDeleteGroup",
    method="DELETE",
    path="/scim/{version}/Groups/{id}",
    permission=GROUP,
    resource=GROUPS,
)
async def delete_group(env: Env, call: Call, request: OneFields) -> None:
    await groups.set_enabled(env, call, request.id, enabled=False)


class AuditFields(msgspec.Struct, kw_only=True):
    latest: int = 0
    oldest: int = 0
    limit: int = 100
    action: str = ""
    actor: str = ""
    entity: str = ""
    cursor: str = ""


class NoFields(msgspec.Struct):
    pass


@action(
    "volano:slackAuditLogs",
    method="GET",
    path="/audit/v1/logs",
    permission="cloudtrail:LookupEvents",
    resource="*",
)
async def audit_logs(env: Env, call: Call, request: AuditFields) -> Json:
    """What was done in this account, as Slack's audit logs tell it, the newest first.

    Without an action these are the ones that Slack has a name for; any other call of the trail is
    listed under its own (`slack:chat.postMessage`).
    """
    wanted = slack_audit.Wanted(
        action=request.action,
        actor=request.actor,
        entity=request.entity,
        oldest_us=request.oldest * 1_000_000,
        latest_us=request.latest * 1_000_000,
        limit=request.limit,
        cursor=request.cursor,
    )
    entries, cursor = await slack_audit.list_entries(env, call, wanted)
    return {"entries": entries, "response_metadata": {"next_cursor": cursor}}


@action(
    "volano:slackAuditSchemas",
    method="GET",
    path="/audit/v1/schemas",
    permission="cloudtrail:LookupEvents",
    resource="*",
)
async def audit_schemas(env: Env, call: Call, request: NoFields) -> Json:
    """The kinds of things that entries name."""
    return {"schemas": [{"type": kind, kind: fields} for kind, fields in _SCHEMAS.items()]}


_NAMED = {"id": "string", "name": "string"}
_SCHEMAS: dict[str, dict[str, str]] = {
    "workspace": {**_NAMED, "domain": "string"},
    "user": {**_NAMED, "email": "string", "team": "string"},
    "channel": {
        **_NAMED,
        "privacy": "string",
        "is_shared": "bool",
        "is_org_shared": "bool",
        "teams_shared_with": "Optional: vec<string>",
    },
    "file": {"id": "string"},
    "app": {"id": "string"},
    "usergroup": {"id": "string"},
    "canvas": {"id": "string"},
    "resource": {"id": "string"},
}


@action(
    "volano:slackAuditActions",
    method="GET",
    path="/audit/v1/actions",
    permission="cloudtrail:LookupEvents",
    resource="*",
)
async def audit_actions(env: Env, call: Call, request: NoFields) -> Json:
    """The names of actions by what they are about."""
    return {"actions": slack_audit.list_actions()}
